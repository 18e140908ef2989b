import copy
from pathlib import Path

import torch

from petkata.checking import mistake


@mistake("The name is fixed, so each stage overwrites the one before.", caught_by="test_each_stage_has_a_file_of_its_own")
def save_stage(learn, name):
    return learn.save("stage-1")


@mistake("Only the weights are saved. The optimizer's state belongs to a stage as well.",
         caught_by="test_the_file_has_the_optimizers_state")
def save_stage(learn, name):
    return learn.save(name, with_opt=False)


@mistake("Only the parameters are saved. BatchNorm's running statistics are buffers, and the predictions need them.",
         caught_by="test_the_file_has_every_weight")
def save_stage(learn, name):
    file = learn.path / learn.model_dir / f"{name}.pth"
    file.parent.mkdir(exist_ok=True)
    torch.save({"model": dict(learn.model.named_parameters()), "opt": learn.opt.state_dict()}, file)
    return file


@mistake("The weights are saved with 16 bits each, to save room. Then they are not the same any more.",
         caught_by="test_the_file_has_every_weight")
def save_stage(learn, name):
    file = learn.path / learn.model_dir / f"{name}.pth"
    file.parent.mkdir(exist_ok=True)
    half = {key: value.half() for key, value in learn.model.state_dict().items()}
    torch.save({"model": half, "opt": learn.opt.state_dict()}, file)
    return file


@mistake("The file is written into the current folder. The learner has a folder of its own for its stages.",
         caught_by="test_the_file_is_where_fastai_looks")
def save_stage(learn, name):
    file = Path(f"{name}.pth").absolute()
    torch.save({"model": learn.model.state_dict(), "opt": learn.opt.state_dict()}, file)
    return file


@mistake("The folder's name is fixed. Each learner has its own: learn.model_dir.",
         caught_by="test_the_file_is_where_fastai_looks")
def save_stage(learn, name):
    file = learn.path / "models" / f"{name}.pth"
    file.parent.mkdir(exist_ok=True)
    torch.save({"model": learn.model.state_dict(), "opt": learn.opt.state_dict()}, file)
    return file


@mistake("The file's name comes back. The whole path is asked for, so that the file can be found from anywhere.",
         caught_by="test_the_file_is_where_fastai_looks")
def save_stage(learn, name):
    return learn.save(name).name


@mistake("Nothing comes back. The file's path is asked for.", caught_by="test_the_file_is_where_fastai_looks")
def save_stage(learn, name):
    learn.save(name)


@mistake("The learner is unfrozen for saving, and left so.", caught_by="test_saving_changes_nothing")
def save_stage(learn, name):
    learn.unfreeze()
    return learn.save(name)


@mistake("The learner's optimizer is thrown away with the saving.", caught_by="test_saving_changes_nothing")
def save_stage(learn, name):
    path = learn.save(name)
    learn.opt = None
    return path


@mistake("The optimizer's state is not loaded: its memory of earlier steps is lost.",
         caught_by="test_the_optimizer_goes_on_where_it_stopped")
def load_stage(learn, name):
    learn.load(name, with_opt=False)


@mistake("A new optimizer is made after loading, so its state is lost again.",
         caught_by="test_the_optimizer_goes_on_where_it_stopped")
def load_stage(learn, name):
    learn.load(name)
    learn.create_opt()


@mistake("Only the parameters come back. BatchNorm's running statistics are buffers, and the predictions need them.",
         caught_by="test_predicts_the_same_to_the_last_bit")
def load_stage(learn, name):
    from fastai.learner import load_model

    model = copy.deepcopy(learn.model)
    load_model(learn.path / learn.model_dir / f"{name}.pth", model, learn.opt)
    for weight, kept in zip(learn.model.parameters(), model.parameters()):
        weight.data.copy_(kept.data)


@mistake("A copy of the learner is loaded. The one that was given must change.",
         caught_by="test_predicts_the_same_to_the_last_bit")
def load_stage(learn, name):
    other = copy.copy(learn)
    other.model = copy.deepcopy(learn.model)
    other.create_opt()
    return other.load(name)


@mistake("The name is fixed. The stage that was asked for is another one.",
         caught_by="test_takes_the_stage_that_was_asked_for")
def load_stage(learn, name):
    learn.load("stage-1")


@mistake("The newest file is loaded, whatever was asked for.", caught_by="test_predicts_the_same_to_the_last_bit")
def load_stage(learn, name):
    newest = max((learn.path / learn.model_dir).glob("*.pth"), key=lambda file: file.stat().st_mtime_ns)
    learn.load(newest.stem)


@mistake("The learner is frozen after loading. Which weights learn is not for load_stage to say.",
         caught_by="test_undoes_a_bad_run")
def load_stage(learn, name):
    learn.load(name)
    learn.freeze()


@mistake("The learner is unfrozen before loading. Which weights learn is not for load_stage to say.",
         caught_by="test_what_was_frozen_stays_frozen")
def load_stage(learn, name):
    learn.unfreeze()
    learn.load(name)


@mistake("Where there is no such stage, nothing happens and nothing is said. The training then goes on from anywhere.",
         caught_by="test_says_when_there_is_no_such_stage")
def load_stage(learn, name):
    if (learn.path / learn.model_dir / f"{name}.pth").exists():
        learn.load(name)


@mistake("weights_only=False lets the file say what is run while it is loaded. Leave that option as it is.",
         caught_by="test_runs_no_code_that_a_file_carries")
def load_stage(learn, name):
    learn.load(name, weights_only=False)
