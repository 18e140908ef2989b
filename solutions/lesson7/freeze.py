"""Lesson 7, part 3: which groups learn."""

from torch import nn


def freeze_to(groups: list[nn.Module], n: int) -> None:
    """Freeze the groups before number `n` (counted from 0); the others learn. Changes the groups, returns nothing.

    `freeze_to(groups, 0)`: all learn. `freeze_to(groups, 1)`: all but the first learn. A negative `n` counts from the
    end, as in a list: `freeze_to(groups, -1)` leaves only the last one learning.
    In a frozen group no parameter learns, except those of its BatchNorm layers (nn.BatchNorm1d, 2d, 3d), however deep
    inside they are. Where a group learns, all of it learns, whatever was frozen before.
    Raises ValueError, and changes nothing, for an `n` below -len(groups), or above len(groups) - 1: no group would learn.
    """
    ### BEGIN SOLUTION
    if not -len(groups) <= n < len(groups):
        raise ValueError(f"there are {len(groups)} groups; none would learn, or there is no group {n}")
    first = n % len(groups)
    for place, group in enumerate(groups):
        group.requires_grad_(place >= first)
        for layer in group.modules():
            if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
                layer.requires_grad_(True)
    ### END SOLUTION
