from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from petkata.checking.watching import moved, weights
from tests.lesson4.errors import in_one_line
from tests.lesson4.planted import Planted, attempt

MODEL_DIR = "stages"


@pytest.fixture(scope="session")
def new_learner(learner_on, few_loaders, tmp_path_factory):
    """`new_learner()`: a pretrained learner with a folder of its own, where stages are kept in `stages`."""
    return lambda: learner_on(few_loaders, path=tmp_path_factory.mktemp("learner"), model_dir=MODEL_DIR)


@pytest.fixture(scope="session")
def batch(few_loaders):
    return few_loaders.train.one_batch()


@pytest.fixture(scope="session")
def trained(new_learner):
    """`trained()`: a learner after its first epoch of a longer run, so that its optimizer is on its way."""
    before = new_learner()
    before.fit(1, 3e-3)
    stage = before.save("after-an-epoch")

    def trained():
        learn = new_learner()
        learn.load(stage.with_suffix(""))
        return learn

    return trained


def predictions(learn):
    with torch.no_grad():
        logits = [learn.model.eval()(pictures) for pictures, _ in learn.dls.valid]
    return torch.cat(logits).as_subclass(torch.Tensor)


def two_steps(learn, batch):
    """Two steps of training on a batch, as the optimizer of `learn` makes them; the head's last weights then."""
    torch.manual_seed(5)
    pictures, breeds = batch
    for _ in range(2):
        learn.opt.zero_grad()
        learn.loss_func(learn.model.train()(pictures), breeds).backward()
        learn.opt.step()
    return list(learn.model.parameters())[-1].detach().clone()


def opened(learn, stage):
    """Load a stage with fastai into `learn`; assert that it can be."""
    try:
        learn.load(Path(stage).with_suffix(""))
    except Exception as error:
        raise AssertionError(f"fastai's learn.load cannot read the file of the stage: {in_one_line(error)}") from None
    return learn


def kept(folder, name):
    """The file in which a stage of a learner with this folder must be; assert that it is there."""
    file = folder / MODEL_DIR / f"{name}.pth"
    found = sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())
    assert file.exists(), f"of this learner the stage {name!r} belongs in {MODEL_DIR}/{name}.pth; in its folder are {found}"
    return file


def test_the_file_is_where_fastai_looks(save_stage, trained):
    learn = trained()
    folder = learn.path
    path = save_stage(learn, "stage-1")
    file = kept(folder, "stage-1")
    assert isinstance(path, (str, Path)), f"the file's path is to come back, not {type(path).__name__}"
    assert Path(path).resolve() == file.resolve(), f"the stage is in {file}, and the path that came back is {path}"


def test_the_file_has_every_weight(save_stage, trained, new_learner):
    learn, other = trained(), new_learner()
    folder = learn.path
    before = weights(learn.model)
    save_stage(learn, "stage-1")
    opened(other, kept(folder, "stage-1"))
    different = moved(other.model, before)
    assert not different, (
        f"loaded into a new learner, {len(different)} of {len(before)} tensors are not what they were in the learner that was "
        f"saved, such as {min(different, default='')}"
    )


def test_saving_changes_nothing(save_stage, trained, batch):
    learn, twin = trained(), trained()
    before, learns = weights(learn.model), [p.requires_grad for p in learn.model.parameters()]
    save_stage(learn, "stage-1")
    assert not moved(learn.model, before), f"saving changed {len(moved(learn.model, before))} tensors of the network"
    assert [p.requires_grad for p in learn.model.parameters()] == learns, "saving changed which weights learn"
    assert learn.opt is not None, "after saving, the learner has no optimizer any more"
    off = (two_steps(learn, batch) - two_steps(twin, batch)).abs().max()
    assert off < 1e-6, f"after saving, the learner trains on otherwise: after two steps it is {off:.1e} away from its twin"


def test_the_file_has_the_optimizers_state(save_stage, trained, new_learner, batch):
    learn, other = trained(), new_learner()
    folder = learn.path
    save_stage(learn, "stage-1")
    opened(other, kept(folder, "stage-1"))
    off = (two_steps(other, batch) - two_steps(learn, batch)).abs().max()
    assert off < 1e-6, (
        f"after two more steps of training, a learner that was loaded from the stage is {off:.1e} away from the one that was "
        "saved and went on: the optimizer has lost its learning rate, or what it remembers of earlier steps"
    )


def test_each_stage_has_a_file_of_its_own(save_stage, trained, new_learner, batch):
    learn = trained()
    folder = learn.path
    first = predictions(learn)
    save_stage(learn, "stage-1")
    two_steps(learn, batch)
    save_stage(learn, "after the holidays")
    kept(folder, "after the holidays")
    other = opened(new_learner(), kept(folder, "stage-1"))
    assert predictions(other).equal(first), "another stage was saved later, and the first one is no longer what it was"


@pytest.fixture(scope="session")
def stage(trained, batch):
    """A stage as fastai saved it, its predictions, and where two more steps of training lead from there."""
    learn = trained()
    learn.save("stage-1")
    was = SimpleNamespace(folder=learn.path, predictions=predictions(learn), weights=weights(learn.model))
    was.later = two_steps(learn, batch)
    learn.save("stage-2")  # a later one, in the same folder
    return was


@pytest.fixture
def beginner(new_learner, stage):
    """A new learner, which finds the stages."""
    learn = new_learner()
    learn.path = stage.folder
    return learn


def test_predicts_the_same_to_the_last_bit(load_stage, beginner, stage):
    load_stage(beginner, "stage-1")
    off = (predictions(beginner) - stage.predictions).abs().max()
    assert off == 0, f"after loading, a prediction differs from those at the time of saving by {off:.2g}; nothing may be lost"


def test_brings_every_tensor_back(load_stage, beginner, stage):
    load_stage(beginner, "stage-1")
    different = moved(beginner.model, stage.weights)
    assert not different, (
        f"{len(different)} of the network's {len(stage.weights)} tensors are not as they were saved, such as "
        f"{min(different, default='')}"
    )


def test_takes_the_stage_that_was_asked_for(load_stage, beginner, stage):
    load_stage(beginner, "stage-2")
    assert not predictions(beginner).equal(stage.predictions), "asked for stage-2, load_stage loaded stage-1"


def test_undoes_a_bad_run(load_stage, beginner, stage):
    learn = beginner
    load_stage(learn, "stage-1")
    learn.unfreeze()
    learn.fit(1, 0.5)
    assert moved(learn.model, stage.weights), "a fit after load_stage must still reach the learner's weights"
    load_stage(learn, "stage-1")
    assert predictions(learn).equal(stage.predictions), "after a bad run, load_stage must bring back what was saved"
    assert all(p.requires_grad for p in learn.model.parameters()), (
        "the learner had been unfrozen, and load_stage froze some of it: what may learn is not its affair"
    )


def test_what_was_frozen_stays_frozen(load_stage, beginner):
    before = [p.requires_grad for p in beginner.model.parameters()]
    load_stage(beginner, "stage-1")
    assert [p.requires_grad for p in beginner.model.parameters()] == before, "load_stage changed which weights learn"


def test_the_optimizer_goes_on_where_it_stopped(load_stage, beginner, stage, batch):
    load_stage(beginner, "stage-1")
    off = (two_steps(beginner, batch) - stage.later).abs().max()
    assert off < 1e-6, (
        f"after two more steps of training it is {off:.1e} away from where the learner went that was never stopped: the "
        "optimizer has lost its learning rate, or what it remembers of earlier steps"
    )


def test_says_when_there_is_no_such_stage(load_stage, beginner):
    try:
        load_stage(beginner, "stage-3")
    except FileNotFoundError:
        told = True
    else:
        told = False
    assert told, "there is no stage-3, and load_stage said nothing: raise FileNotFoundError, or let it through"


def test_runs_no_code_that_a_file_carries(load_stage, new_learner, tmp_path):
    learn = new_learner()
    learn.path = tmp_path
    (tmp_path / "stages").mkdir()
    planted = {"model": learn.model.state_dict(), "opt": {**learn.opt.state_dict(), "note": Planted(tmp_path / "marker")}}
    torch.save(planted, tmp_path / "stages" / "stage-1.pth")
    attempt(load_stage, learn, "stage-1")  # it is right to complain, and right to leave the note unread
    assert not (tmp_path / "marker").exists(), "the file carried code, and it ran while the stage was loaded"
