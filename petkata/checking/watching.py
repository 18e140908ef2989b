"""Seeing what training really does to a fastai Learner, batch by batch. Importing this imports fastai."""

from __future__ import annotations

from fastai.callback.core import Callback


def hyperparameters(learn) -> list[list[float]]:
    """Learning rates and momenta that the optimizer uses now, one a parameter group."""
    return [[float(group[name]) for group in learn.opt.hypers] for name in ("lr", "mom")]


def row(learn) -> list[float]:
    """What the recorder noted of the last epoch: training loss, validation loss, metrics."""
    return [float(value) for value in learn.recorder.values[-1]]


class Watch(Callback):
    """Notes, for each training batch, the hyperparameters that the optimizer really used; for each epoch, the
    recorder's row.

    `rates` and `momenta` hold one list a batch, with one number a parameter group; `rows` one list an epoch:
    training loss, validation loss, metrics.
    """

    order = 90  # after the schedulers (60) and the recorder (50)
    looks = {"before_step": hyperparameters, "after_epoch": row}  # what it sees at an event, so that it can be told from afar

    def __init__(self):
        self.rates, self.momenta, self.rows = [], [], []

    def before_step(self):
        self.saw("before_step", hyperparameters(self.learn))

    def after_epoch(self):
        self.saw("after_epoch", row(self.learn))

    def saw(self, event: str, seen: list) -> None:
        """Note what was seen at an event."""
        if event == "after_epoch":
            self.rows.append([float(value) for value in seen])
        else:
            rates, momenta = seen
            self.rates.append([float(rate) for rate in rates])
            self.momenta.append([float(momentum) for momentum in momenta])


def goes_along(function):
    """Marks a function of a check, or a class of callbacks, that learners call often, such as one that augments a picture: where
    the answer runs in another process, it runs there as well. No verdict may rest on what it tells or keeps."""
    function.goes_along = True
    return function


def weights(model) -> dict:
    """A copy of every parameter and buffer of a model, by name."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def moved(model, before: dict) -> set[str]:
    """Names of the parameters and buffers that are no longer as in `before`."""
    return {name for name, value in model.state_dict().items() if not value.equal(before[name])}
