"""Lesson 6, part 3: raise the learning rate until it breaks, and leave no trace."""

from fastai.vision.all import Learner


def range_test(
    learn: Learner, lr_start: float = 1e-7, lr_end: float = 10.0, n_steps: int = 100
) -> tuple[list[float], list[float]]:
    """Train on one batch at each rate of `sweep(lr_start, lr_end, n_steps)`, and put everything back as it was.

    Returns `(rates, losses)`, two lists of floats, equally long: each batch's rate, in all groups of the optimizer, and
    its loss, as it was before that batch's step, not smoothed. `rates, losses = range_test(learn)`.
    The batches are those of `learn.dls.train`, one after the other, and from the beginning again when they run out.
    Stops before the sweep ends
    - after a batch whose smoothed loss is more than 4 times the lowest smoothed loss so far (`smooth` with `beta` 0.98);
    - at a batch whose loss is nan or infinite. Such a batch is left out of both lists.
    Afterward, even if training raises an error (it goes on up), these are as they were: the values in `learn.model`,
    BatchNorm's statistics included, and what of it is frozen or in training mode; `learn.opt`, its state and hyperparameters,
    or None; `learn.cbs`; the random numbers of Python, NumPy and torch, and `learn.dls.train.rng`. No gradients are left from
    the test (None or zeros). Raises ValueError for a sweep that `sweep` refuses, and changes nothing.
    """
    raise NotImplementedError("range_test")
