"""Lesson 5, part 3: the pictures that cost most."""

import math


def top_losses(losses: list[float], k: int) -> list[int]:
    """Where the `k` largest losses stand in `losses`, counted from 0: the largest first.

    `losses` holds one loss a picture, 0 or more (a list or a NumPy array); infinity is the
    largest. Of equal losses the one that stands earlier comes first. The losses are left as they are.
    `top_losses([0.1, 2.5, 0.7], 2)` is [1, 2]: picture 1 cost most, then picture 2.
    Raises ValueError unless k is from 1 to the number of losses, and when a loss is nan: nan is neither above nor below
    any number, nor equal to itself, so there is no order.
    """
    raise NotImplementedError("top_losses")
