"""Two cycles of training, one after the other: the rates that each group should have had, and what moved in which."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from fastai.callback.core import Callback

from petkata.checking.watching import Watch, moved, weights

GROUPS = ("early", "late", "head")


def one_cycle(n_batches: int, top: float, pct_start: float, div: float) -> list[float]:
    """Oracle: the rate of each batch in a cycle that rises from top / div to top and falls to top / 100,000."""
    rates = []
    for batch in range(n_batches):
        position = batch / n_batches
        if position <= pct_start:
            start, end, share = top / div, top, position / pct_start
        else:
            start, end, share = top, top / 1e5, (position - pct_start) / (1 - pct_start)
        rates.append(end + (start - end) * (math.cos(math.pi * share) + 1) / 2)
    return rates


class Weights(Callback):
    """Copies the weights before the first batch and after `epochs` epochs of training."""

    def __init__(self, epochs: int):
        self.epochs_left, self.before, self.between = epochs, None, None

    def before_train(self):
        if self.before is None:
            self.before = weights(self.learn.model)

    def after_train(self):
        self.epochs_left -= 1
        if self.epochs_left == 0:
            self.between = weights(self.learn.model)


@dataclass
class Run:
    """What was seen of an answer that trained `learn` in two cycles, of so many epochs."""

    learn: object
    epochs: tuple[int, int]
    watch: Watch
    kept: Weights
    returned: object

    @property
    def batches(self) -> tuple[int, int]:
        """Batches of the first cycle and of the second."""
        return tuple(epochs * len(self.learn.dls.train) for epochs in self.epochs)

    def rates(self, cycle: int, group: int) -> list[float]:
        """The rates of a group (0 early, 1 late, 2 head) in the first cycle (0) or in the second (1)."""
        first = self.batches[0]
        rows = self.watch.rates[first:] if cycle else self.watch.rates[:first]
        return [row[group] for row in rows]

    def names(self, group: int) -> set[str]:
        """Names of the parameters of a group, without those of BatchNorm."""
        own = {id(parameter) for parameter in self.learn.splitter(self.learn.model)[group]}
        return {name for name, parameter in self.learn.model.named_parameters() if id(parameter) in own} - self.norms

    @property
    def norms(self) -> set[str]:
        """Names of the weights and biases of the body's BatchNorm layers."""
        from torch import nn

        return {f"0.{name}.{part}" for name, layer in self.learn.model[0].named_modules()
                if isinstance(layer, nn.BatchNorm2d) for part in ("weight", "bias")}

    @property
    def moved_first(self) -> set[str]:
        """Names of the parameters that changed in the first cycle."""
        return {name for name, value in self.kept.between.items() if not value.equal(self.kept.before[name])}

    @property
    def moved_second(self) -> set[str]:
        return moved(self.learn.model, self.kept.between)

    def distance(self, group: int) -> float:
        """How far a number of this group moved in the second cycle, on average."""
        now, names = self.learn.model.state_dict(), self.names(group)
        total = sum(float((now[name] - self.kept.between[name]).abs().sum()) for name in names)
        return total / sum(now[name].numel() for name in names)


def watched(learn, epochs: tuple[int, int], train) -> Run:
    """Call `train()`, which trains `learn` for these epochs in two cycles, and note what happens."""
    watch, kept = Watch(), Weights(epochs[0])
    learn.add_cbs([watch, kept])
    returned = train()
    learn.remove_cbs([kept, watch])
    run = Run(learn, epochs, watch, kept, returned)
    seen = len(watch.rates)
    assert seen == sum(run.batches), (
        f"{epochs[0]} frozen epochs and {epochs[1]} more, of {len(learn.dls.train)} batches each, are {sum(run.batches)} "
        f"batches; the learner was trained on {seen}")
    return run


def astray(run: Run, cycle: int, tops: list[float], pct_start: float, div: float) -> str:
    """Where the rates of a cycle are not those of one cycle up to `tops`, one for each group; "" where all are."""
    which, n_batches = ("first", "second")[cycle], run.batches[cycle]
    for group, (name, top) in enumerate(zip(GROUPS, tops)):
        found, expected = run.rates(cycle, group), one_cycle(n_batches, top, pct_start, div)
        if not 0.9 * max(expected) < max(found) < 1.1 * max(expected):
            return (f"in the {which} cycle the {name} group's rate must go up to about {top:.3g}; the highest that the "
                    f"optimizer saw is {max(found):.3g}")
        if found[0] != pytest.approx(expected[0], rel=1e-3):
            return (f"in the {which} cycle the {name} group's rate begins at {expected[0]:.3g} and goes up to {top:.3g}; the "
                    f"optimizer saw it begin at {found[0]:.3g}")
        peak, place = found.index(max(found)), expected.index(max(expected))
        if peak != place:
            return (f"in the {which} cycle, of {n_batches} batches, the rate goes up until batch {place} (counted from 0) and "
                    f"then down; the optimizer saw it highest in batch {peak}")
        if found != pytest.approx(expected, rel=1e-3):
            return f"in the {which} cycle the {name} group's rates do not follow one cycle, batch by batch"
    return ""
