"""Lesson 8, part 4: a scale that finds itself. It grows while all goes well, and backs off when it was too large."""

from typing import Iterable

import torch


def next_scale(scale: float, good_steps: int, finite: bool, growth_interval: int = 2000) -> tuple[float, int]:
    """The scale for the next step, and how many good steps in a row stand behind it.

    `good_steps` counts those before this step, since the scale last changed; `finite` says whether this step was good:
    all its gradients were finite. After a bad step the scale is halved and the count starts at 0. A good step adds one to
    the count; when that makes `growth_interval` of them, the scale is doubled and the count starts at 0.
    `next_scale(1024.0, 7, True)` is (1024.0, 8); `next_scale(1024.0, 7, False)` is (512.0, 0).
    Raises ValueError unless the scale is above 0, `growth_interval` at least 1, and `good_steps` from 0 to below it.
    """
    raise NotImplementedError("next_scale")


def unscale(parameters: Iterable[torch.nn.Parameter], scale: float) -> bool:
    """Divide the gradient of each parameter by `scale`, so that `.grad` holds the quotient. True when all are finite.

    `parameters` is what `model.parameters()` gives: it can be gone through once. A parameter whose `.grad` is None took no
    part; it stays as it is. False when a single number of a gradient is inf, -inf or nan: such gradients are worth
    nothing, and what they hold after the call does not matter.
    After `loss_times_1024.backward()`, `unscale(model.parameters(), 1024.0)` leaves the gradients of the loss itself.
    """
    raise NotImplementedError("unscale")
