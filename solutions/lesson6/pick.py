"""Lesson 6, part 5: the real thing, on the pets."""

from fastai.callback.schedule import minimum, steep
from fastai.vision.all import Learner


def pick_lr(
    learn: Learner, lr_start: float = 1e-7, lr_end: float = 10.0, n_steps: int = 100
) -> tuple[float, float]:
    """Two learning rates for `learn`, as floats: `(lr_min, lr_steep)`, those that fastai's `minimum` and `steep` suggest.

    Calls `lr_find` once, for `n_steps` rates from `lr_start` to `lr_end`, and draws no plot. `lr_min, lr_steep = pick_lr(learn)`.
    Afterward, even if `lr_find` raises an error (it goes on up), the learner is as it was, in all that `range_test` puts
    back; so are `learn.path` and `learn.model_dir`. `lr_find` needs a folder for a moment, which it makes as
    `learn.path / learn.model_dir`. Here that must not matter: it works where no such folder can be made, and makes none there.
    """
    ### BEGIN SOLUTION
    import copy
    from tempfile import TemporaryDirectory

    from fastai.torch_core import get_random_states, set_random_states

    opt, model_dir, loader = learn.opt, learn.model_dir, learn.dls.train
    learn.opt = None  # lr_find makes one of its own
    values = copy.deepcopy(learn.model.state_dict())  # where an error stops it, lr_find does not put them back
    modes = [(layer, layer.training) for layer in learn.model.modules()]
    random_states, shuffling = get_random_states(), loader.rng.getstate()
    with TemporaryDirectory() as folder:
        try:
            learn.model_dir = folder
            lr_min, lr_steep = learn.lr_find(lr_start, lr_end, n_steps, show_plot=False, suggest_funcs=(minimum, steep))
        finally:
            learn.opt, learn.model_dir = opt, model_dir
            learn.model.load_state_dict(values)
            learn.model.zero_grad()
            for layer, training in modes:
                layer.training = training
            set_random_states(**random_states)
            loader.rng.setstate(shuffling)
    return float(lr_min), float(lr_steep)
    ### END SOLUTION
