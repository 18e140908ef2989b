"""Lesson 7, part 4: an optimizer that treats each group in its own way."""

import torch
from torch import nn


def make_optimizer(groups: list[nn.Module], lrs: list[float]) -> torch.optim.Optimizer:
    """An Adam optimizer (`torch.optim.Adam`) with one parameter group for each of `groups`, at its own learning rate.

    `lrs` holds one rate a group, in the same order: `make_optimizer(groups, lrs).param_groups[0]["lr"]` is `lrs[0]`. Each
    parameter group holds all parameters of its group of layers. Frozen ones are in it too: without a gradient they do
    not move, and they may learn later.
    Raises ValueError unless there are as many rates as groups.
    """
    raise NotImplementedError("make_optimizer")
