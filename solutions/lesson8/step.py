"""Lesson 8, part 5: one step of training in mixed precision."""

from typing import Callable

import torch


def mixed_precision_step(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: tuple[torch.Tensor, torch.Tensor],
    loss_func: Callable,
    scale: float,
    dtype: torch.dtype = torch.float16,
) -> tuple[float, bool]:
    """Train `model` on one batch: half precision where it saves, 32 bits where it matters.

    `batch` is (inputs, targets), on the device of the model, and the loss is `loss_func(model(inputs), targets)`. Both the
    model's output and the loss are computed under torch's autocast, in `dtype`. The gradients are those of `scale` times
    the loss; before the optimizer sees them they are divided by `scale`, and none of the batch before is left in them.
    The weights stay in 32 bits.
    Returns the loss (not scaled) and whether the optimizer made its step. Where a gradient is not finite it makes none:
    the weights and the optimizer's state stay as they were, to the last bit.
    `mixed_precision_step(model, optimizer, (pictures, breeds), F.cross_entropy, 1024.0)` may give (3.2, True).
    """
    ### BEGIN SOLUTION
    from .scaler import unscale

    inputs, targets = batch
    optimizer.zero_grad()
    with torch.autocast(inputs.device.type, dtype=dtype):
        loss = loss_func(model(inputs), targets)
    (loss * scale).backward()
    finite = unscale(model.parameters(), scale)
    if finite:
        optimizer.step()
    return loss.item(), finite
    ### END SOLUTION
