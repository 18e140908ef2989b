"""Small learners for the checks of lesson 6, on which everything is known, and all of a learner that a range test could
change. What the answer does to them is noted outside of them, so that it shows on a copy as well."""

from __future__ import annotations

import copy
import math
import random
from types import SimpleNamespace

import numpy as np
import torch
from fastai.callback.progress import ProgressCallback
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.optimizer import SGD, Adam
from fastcore.basics import noop
from torch import nn

from petkata.checking.limits import seed_everything
from petkata.checking.watching import goes_along, weights


class Stumble(Exception):
    """What stops a training in the middle."""


def noting_rates(opt_func, rates):
    """An `opt_func` whose optimizers append to `rates`, at each step, the rate of each of their groups."""

    def make(params, **options):
        optimizer = opt_func(params, **options)

        class Noting(type(optimizer)):
            def step(self, *args, **kwargs):
                rates.append([float(group["lr"]) for group in self.hypers])
                return super().step(*args, **kwargs)

        optimizer.__class__ = Noting
        return optimizer

    return make


def silent(dls, model, loss_func, opt_func):
    learn = Learner(dls, model, loss_func=loss_func, opt_func=opt_func, path=".", model_dir="stages")
    learn.remove_cb(ProgressCallback)
    learn.logger = noop
    return learn


def loaders_of(items, valid_items, batch_size, **options):
    shuffled = DataLoader(items, bs=batch_size, shuffle=True, drop_last=True, num_workers=0, **options)
    return DataLoaders(shuffled, DataLoader(valid_items, bs=batch_size, num_workers=0), device="cpu")


class Ball(nn.Module):
    """A ball on a line: one weight, its place. Of the picture that it is given, nothing matters."""

    def __init__(self):
        super().__init__()
        self.place = nn.Parameter(torch.tensor(3.0))

    def forward(self, picture):
        return self.place + 0 * picture


def ball(landscape, n_batches=7, opt_func=SGD):
    """A learner whose loss is `landscape(places, targets)`, with `n_batches` batches of 4 targets; and notes of it.

    The notes are lists, one entry a batch: `modes` (whether the model was in training mode), `targets`, `losses`, and
    `rates`, one entry a step. What an answer does to a copy of the learner is noted as well. `to_train` is the set of all
    targets of the training set; those of the validation set are others.
    """
    notes = SimpleNamespace(modes=[], targets=[], losses=[], rates=[], to_train=set())

    def loss_func(places, targets):
        loss = landscape(places, targets)
        notes.targets.append(targets.detach().tolist())
        notes.losses.append(float(loss.detach()))
        return loss

    dice = random.Random(5)
    items = [(torch.tensor(1.0), torch.tensor(dice.gauss(0, 0.2))) for _ in range(8 * n_batches)]
    items, valid_items = items[:4 * n_batches], items[4 * n_batches:]
    notes.to_train.update(float(target) for _, target in items)
    learn = silent(loaders_of(items, valid_items, 4), Ball(), loss_func, noting_rates(opt_func, notes.rates))
    learn.model.register_forward_pre_hook(lambda model, inputs: notes.modes.append(model.training))
    return learn, notes


def bowl(places, targets):
    """Half the squared distance from the targets, plus 0.5. A step at rate r changes the place by r times the mean distance,
    so above a rate of 2 the ball climbs higher with each step."""
    return ((places - targets) ** 2).mean() / 2 + 0.5


def scripted(heights):
    """A landscape that is the same everywhere, but changes with time: one height a batch, the last one for all that follow."""
    seen = []

    def landscape(places, targets):
        height = heights[min(len(seen), len(heights) - 1)]
        seen.append(height)
        return height + places.mean() - places.mean().detach()

    return landscape


def cliff_and_plain(cliff, wall):
    """A landscape that looks different to each way of reading it. The gradient is 1 everywhere, so the ball has come as far as
    the rates so far add up to. The loss falls off a cliff where that is `cliff`, then slowly, and rises again near `wall`."""

    def landscape(places, targets):
        gone = 3.0 - places.mean()
        way = max(float(gone.detach()), 1e-9)
        height = 6 - 3 / (1 + (cliff / way) ** 2.6) - 0.25 * math.log10(way / 1e-7) + (way / wall) ** 2
        return height - gone + gone.detach()

    return landscape


def blobs(loss_func=None, opt_func=Adam):
    """A learner with all that training and chance can change: momentum, BatchNorm, dropout, shuffled batches that are
    augmented with Python's and NumPy's random numbers. Five batches of 8."""
    dice = torch.Generator().manual_seed(11)
    points, classes = torch.randn(40, 4, generator=dice), torch.arange(40) % 3
    points[:, 0] += classes  # so that there is something to learn
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
    items = list(zip(points, classes))
    return silent(loaders_of(items, items, 8, after_item=augmented), model, loss_func or CrossEntropyLossFlat(), opt_func)


def after_a_stumble(trial):
    """A trained learner after `trial(learn)`, in which the training stops with an error in its fourth batch: names of what
    is no longer as it was, and whether the error went on up."""
    usual, batches_to_go = CrossEntropyLossFlat(), [100]

    def fails(logits, targets):
        batches_to_go[0] -= 1
        if batches_to_go[0] < 0:
            raise Stumble("the training stops here")
        return usual(logits, targets)

    learn = blobs(fails)
    learn.fit(1, 1e-2)
    before, went_up = as_it_is(learn), False
    batches_to_go[0] = 3
    try:
        trial(learn)
    except Stumble:
        went_up = True
    return changed(before, as_it_is(learn)), went_up


def trained_otherwise(trial, epochs_before):
    """Names of the weights and statistics that another epoch leaves different if `trial(learn)` comes before it. There should
    be none. Before the trial the learner has been trained for `epochs_before` epochs."""
    ends = []
    for tried in (False, True):
        seed_everything(3)
        learn = blobs()
        if epochs_before:
            learn.fit(epochs_before, 1e-2)
        if tried:
            trial(learn)
        learn.fit(1, 1e-2)
        ends.append(weights(learn.model))
    return changed(*ends)


@goes_along
def augmented(item):
    point, label = item
    return point + random.gauss(0, 0.1) + 0.1 * float(np.random.normal()), label


def as_it_is(learn) -> dict[str, object]:
    """All of a learner, and of the program around it, that must be the same after a range test; copied, by name."""
    parameters = dict(learn.model.named_parameters())
    values = weights(learn.model)
    return {
        "weights": {name: value for name, value in values.items() if name in parameters},
        "statistics": {name: value for name, value in values.items() if name not in parameters},
        "requires_grad": {name: value.requires_grad for name, value in parameters.items()},
        "mode": {name: layer.training for name, layer in learn.model.named_modules()},
        "gradients": [name for name, value in parameters.items() if value.grad is not None and bool((value.grad != 0).any())],
        "identity": [id(learn.model), id(learn.dls), id(learn.loss_func), [id(value) for value in parameters.values()]],
        "no optimizer": learn.opt is None,
        "optimizer": None if learn.opt is None else copy.deepcopy(dict(learn.opt.state_dict())),
        "parameters of the optimizer": None if learn.opt is None else [id(held) for held, *_ in learn.opt.all_params()],
        "callbacks": sorted(type(callback).__name__ for callback in learn.cbs),
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.get_rng_state(),
        "shuffling": learn.dls.train.rng.getstate(),
        "place": [str(learn.path), str(learn.model_dir)],
    }


def same(one, other) -> bool:
    """Whether two pieces of plain data are equal, tensors to the last bit."""
    if isinstance(one, torch.Tensor) or isinstance(other, torch.Tensor):
        return isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor) and one.cpu().equal(other.cpu())
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return isinstance(other, (list, tuple)) and len(one) == len(other) and all(map(same, one, other))
    return one == other


def changed(before: dict, after: dict) -> list[str]:
    """Names of what is no longer as it was."""
    return [name for name in before if not same(before[name], after[name])]
