"""Lesson 7, part 6: the recipe, on the pets."""

from fastai.vision.all import Learner
from matplotlib.axes import Axes


def train_discriminatively(
    learn: Learner,
    frozen_epochs: int = 3,
    lr: float = 3e-3,
    epochs: int = 12,
    lr_max: float | slice = slice(1e-6, 1e-4),
) -> Axes:
    """Train the head of a frozen `learn`, then all of it, each part at its own rate; plot the losses.

    First `frozen_epochs` in one cycle that peaks at `lr`, as `learn` comes: frozen. Then unfreeze, and `epochs` in
    another cycle that peaks at `lr_max`: a slice for a rate of each group, or a number for one rate for all.
    Everything else is as `fit_one_cycle` has it.
    Returns the axes with the losses of the second cycle, as `learn.recorder.plot_loss` draws them.
    `train_discriminatively(learn, 1, 3e-3, 2, slice(1e-5, 1e-3))` trains one epoch and then two.
    """
    raise NotImplementedError("train_discriminatively")
