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
    raise NotImplementedError("pick_lr")
