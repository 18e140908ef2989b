"""Lesson 3, part 1: a change that starts slowly and ends slowly."""

import math


def cosine_anneal(start: float, end: float, position: float) -> float:
    """Value at `position` (0 to 1) on the half cosine from `start` to `end`.

    Slow at both ends, fastest in the middle: `cosine_anneal(1.0, 0.0, 0.5)` is 0.5.
    Raises ValueError for a position outside 0 to 1.
    """
    raise NotImplementedError("cosine_anneal")
