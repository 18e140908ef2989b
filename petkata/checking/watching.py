"""Seeing what training really does to a fastai Learner, batch by batch. Importing this imports fastai."""

from __future__ import annotations

from fastai.callback.core import Callback


class Watch(Callback):
    """Notes, for each training batch, the hyperparameters that the optimizer really used; for each epoch, the
    recorder's row.

    `rates` and `momenta` hold one list a batch, with one number a parameter group; `rows` one list an epoch:
    training loss, validation loss, metrics.
    """

    order = 90  # after the schedulers (60) and the recorder (50)

    def __init__(self):
        self.rates, self.momenta, self.rows = [], [], []

    def before_step(self):
        self.rates.append([float(group["lr"]) for group in self.learn.opt.hypers])
        self.momenta.append([float(group["mom"]) for group in self.learn.opt.hypers])

    def after_epoch(self):
        self.rows.append([float(value) for value in self.learn.recorder.values[-1]])


def weights(model) -> dict:
    """A copy of every parameter and buffer of a model, by name."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def moved(model, before: dict) -> set[str]:
    """Names of the parameters and buffers that are no longer as in `before`."""
    return {name for name, value in model.state_dict().items() if not value.equal(before[name])}
