"""Lesson 3, part 4: the real thing, on the pets."""

from fastai.vision.all import Learner


def train(learn: Learner, n_epochs: int, lr_max: float) -> list[dict[str, float]]:
    """Train `learn` for `n_epochs` in one cycle that peaks at `lr_max`; return what fastai's recorder noted.

    One row an epoch. Each row is a dict with the keys "epoch" (from 0), "train_loss" and "valid_loss", and one key for
    each metric under the metric's name, such as "error_rate" (a fraction from 0 to 1).
    `train(learn, 2, 3e-3)[-1]["error_rate"]` is the error after the last epoch.
    What was frozen stays frozen.
    """
    raise NotImplementedError("train")
