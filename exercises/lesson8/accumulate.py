"""Lesson 8, part 6: the gradient of a big batch, from small ones."""

from typing import Callable

import torch


def accumulate(
    model: torch.nn.Module, batches: list[tuple[torch.Tensor, torch.Tensor]], loss_func: Callable
) -> float:
    """Leave in `model` the gradient that all the batches would give as one, and return their loss as one.

    `batches` holds (inputs, targets) pairs; each may have another number of items, as the last one often has.
    `loss_func(model(inputs), targets)` is the mean over the items of a batch. The big batch's loss is the mean over all
    items of all batches, and its gradient is to stand in the parameters' `.grad`, with nothing left of what stood there.
    One small batch at a time is in memory: forward and backward through it, before the next one goes forward.
    The weights do not change: that is the optimizer's work. A model in training mode computes in it and stays in it.
    `accumulate(model, [(pictures[:32], breeds[:32]), (pictures[32:], breeds[32:])], F.cross_entropy)` is a number like 3.2.
    Raises ValueError without any batch.
    """
    raise NotImplementedError("accumulate")
