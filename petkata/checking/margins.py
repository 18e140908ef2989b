"""Limits that chance decides, and how far from them right and wrong answers stand."""

from __future__ import annotations

import math


class Measured:
    """Compares numbers with their limits and keeps both: `noted` holds (what, value, side, limit) in order."""

    def __init__(self):
        self.noted: list[tuple[str, float, str, float]] = []

    def __call__(self, what: str, value: float, *, below: float | None = None, above: float | None = None) -> bool:
        """Whether `value` is below `below`, or above `above`. Exactly one of the two is given; nan is neither."""
        if (below is None) == (above is None):
            raise TypeError("a limit is either below or above")
        side, limit = ("below", below) if above is None else ("above", above)
        value = float(value)
        self.noted.append((what, value, side, float(limit)))
        return not math.isnan(value) and (value < limit if side == "below" else value > limit)
