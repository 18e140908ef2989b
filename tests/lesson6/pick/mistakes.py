import copy
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from petkata.checking import mistake


@contextmanager
def as_it_was(learn, *forgotten, folder=True, always=True):
    """Puts back what lr_find leaves changed, but for what is forgotten; if not `always`, only where no error came."""
    from fastai.torch_core import get_random_states, set_random_states

    opt, model_dir, modes = learn.opt, learn.model_dir, [(layer, layer.training) for layer in learn.model.modules()]
    states, shuffling = get_random_states(), learn.dls.train.rng.getstate()
    values = copy.deepcopy(learn.model.state_dict())
    if "opt" not in forgotten:
        learn.opt = None

    def put_back():
        if "weights" not in forgotten:
            learn.model.load_state_dict(values)
            learn.model.zero_grad()
        if "opt" not in forgotten:
            learn.opt = opt
        if "model_dir" not in forgotten:
            learn.model_dir = model_dir
        if "modes" not in forgotten:
            for layer, training in modes:
                layer.training = training
        if "random" not in forgotten:
            set_random_states(**states)
        if "shuffling" not in forgotten:
            learn.dls.train.rng.setstate(shuffling)

    with TemporaryDirectory() as place:
        if folder:
            learn.model_dir = place
        try:
            yield
        except BaseException:
            if always:
                put_back()
            raise
        put_back()


def found(learn, *sweep, **options):
    from fastai.callback.schedule import minimum, steep

    return learn.lr_find(*sweep, **{"show_plot": False, "suggest_funcs": (minimum, steep), **options})


@mistake("lr_find is called as it is, so it suggests one rate, from the valley.",
         caught_by="test_lr_min_is_a_tenth_of_the_rate_with_the_lowest_loss")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return learn.lr_find(lr_start, lr_end, n_steps, show_plot=False)


@mistake("The two rates have changed places.", caught_by="test_lr_min_is_a_tenth_of_the_rate_with_the_lowest_loss")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        lr_min, lr_steep = found(learn, lr_start, lr_end, n_steps)
    return lr_steep, lr_min


@mistake("The first rate is that of the lowest loss itself. It is on the edge: minimum steps back by ten.",
         caught_by="test_lr_min_is_a_tenth_of_the_rate_with_the_lowest_loss")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        lr_min, lr_steep = found(learn, lr_start, lr_end, n_steps)
    return 10 * lr_min, lr_steep


@mistake("It steps back by ten once more: fastai's minimum has done so already.",
         caught_by="test_lr_min_is_a_tenth_of_the_rate_with_the_lowest_loss")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        lr_min, lr_steep = found(learn, lr_start, lr_end, n_steps)
    return lr_min / 10, lr_steep


@mistake("Always the same two rates, those of the tutorials. Another learner needs others.",
         caught_by="test_lr_min_is_a_tenth_of_the_rate_with_the_lowest_loss")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    return 1e-2, 3e-3


@mistake("The second rate comes from valley, not from steep.", caught_by="test_lr_steep_is_where_the_loss_falls_most")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    from fastai.callback.schedule import minimum, valley

    with as_it_was(learn):
        return tuple(found(learn, lr_start, lr_end, n_steps, suggest_funcs=(minimum, valley)))


@mistake("lr_find is called twice, once for each rate. One test gives both.", caught_by="test_makes_one_range_test")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return [found(learn, lr_start, lr_end, n_steps)[i] for i in range(2)]


@mistake("lr_start, lr_end and n_steps are not passed on: lr_find uses its own.", caught_by="test_makes_one_range_test")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return found(learn)


@mistake("The plot is drawn (show_plot is True unless told).", caught_by="test_draws_no_plot")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn):
        return found(learn, lr_start, lr_end, n_steps, show_plot=True)


@mistake("It trains an epoch at the rate that it picked. Nothing was to be trained.",
         caught_by="test_leaves_the_model_as_it_was")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "weights"):
        rates = found(learn, lr_start, lr_end, n_steps)
        noted = learn.loss_func
        if len(learn.dls.vocab if hasattr(learn.dls, "vocab") else []) or len(list(learn.model.parameters())) > 1:
            learn.fit(1, rates[0])
        learn.loss_func = noted
    return rates


@mistake("The optimizer that lr_find made is left where there was none.",
         caught_by="test_leaves_no_optimizer_where_there_was_none")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "opt"):
        return found(learn, lr_start, lr_end, n_steps)


@mistake("lr_find changes the optimizer's rate, too: to the learner's usual one.",
         caught_by="test_leaves_the_optimizer_as_it_was")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    opt = learn.opt
    with as_it_was(learn, "opt"):
        rates = found(learn, lr_start, lr_end, n_steps)
    learn.opt = opt
    return rates


@mistake("The optimizer is thrown away, with all it had gathered before.", caught_by="test_leaves_the_optimizer_as_it_was")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "opt"):
        rates = found(learn, lr_start, lr_end, n_steps)
    learn.opt = None
    return rates


@mistake("A copy of the optimizer takes its place. The copy holds copied weights, so the model would never learn again.",
         caught_by="test_leaves_the_optimizer_as_it_was")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    kept = copy.deepcopy(learn.opt)
    with as_it_was(learn):
        rates = found(learn, lr_start, lr_end, n_steps)
    learn.opt = kept
    return rates


@mistake("The model is left in training mode.", caught_by="test_leaves_the_modes_as_they_were")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "modes"):
        return found(learn, lr_start, lr_end, n_steps)


@mistake("The random numbers that lr_find used up are gone.", caught_by="test_leaves_the_random_numbers_as_they_were")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "random"):
        return found(learn, lr_start, lr_end, n_steps)


@mistake("The loader's own random numbers, learn.dls.train.rng, are forgotten.",
         caught_by="test_leaves_the_order_of_the_batches_as_it_was")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "shuffling"):
        return found(learn, lr_start, lr_end, n_steps)


@mistake("learn.model_dir still points to the temporary folder, so learn.save would lose its file.",
         caught_by="test_leaves_callbacks_and_folders_as_they_were")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "model_dir"):
        return found(learn, lr_start, lr_end, n_steps)


@mistake("All is put back at the end, but an error in lr_find skips that. Use try and finally.",
         caught_by="test_leaves_all_as_it_was_when_lr_find_fails")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, always=False):
        return found(learn, lr_start, lr_end, n_steps)


@mistake("Where an error stops lr_find, it has not put the weights back, and nobody else does.",
         caught_by="test_leaves_all_as_it_was_when_lr_find_fails")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "weights"):
        return found(learn, lr_start, lr_end, n_steps)


@mistake("lr_find leaves an empty folder, `models`, in learn.path. Give it another place.", caught_by="test_leaves_no_file")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, folder=False):
        return found(learn, lr_start, lr_end, n_steps)


@mistake("The folder that lr_find left is removed, but it had to be made first, and where nothing can be written that fails.",
         caught_by="test_needs_no_folder_of_the_learner")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    import shutil

    new = not (learn.path / learn.model_dir).exists()
    with as_it_was(learn, folder=False):
        rates = found(learn, lr_start, lr_end, n_steps)
    if new:
        shutil.rmtree(learn.path / learn.model_dir)
    return rates


@mistake('learn.model_dir is "models" afterward, whatever it was before.',
         caught_by="test_leaves_callbacks_and_folders_as_they_were")
def pick_lr(learn, lr_start=1e-7, lr_end=10.0, n_steps=100):
    with as_it_was(learn, "model_dir"):
        rates = found(learn, lr_start, lr_end, n_steps)
    learn.model_dir = "models"
    return rates
