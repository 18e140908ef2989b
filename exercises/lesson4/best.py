"""Lesson 4, part 3: the best epoch is not always the last."""

from fastai.vision.all import Learner


def keep_best(
    learn: Learner, n_epochs: int, lr_max: float = 1e-3, monitor: str = "valid_loss", name: str = "best"
) -> float:
    """Train for `n_epochs` in one cycle that peaks at `lr_max`; end with the weights of the best epoch. Returns how good it was.

    `monitor` says what is compared after each epoch: "valid_loss" or the name of one of the metrics of `learn`. Less is
    better where the name has "loss" or "error" in it, more is better anywhere else; nan is never best. When every epoch is
    nan, it ends in an error of any kind, and an older stage `name` is still in its file.
    An epoch that is the best so far is written at once to the stage `name`, from where fastai's `learn.load(name)` reads it:
    should a later epoch be interrupted, it is safe. Callbacks that you add are gone afterward.
    `keep_best(learn, 4)` may give 0.31, the least validation loss of four epochs.
    Raises ValueError, before any training, for any other `monitor`, such as "train_loss" or a name that is misspelled.
    """
    raise NotImplementedError("keep_best")
