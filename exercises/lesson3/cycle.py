"""Lesson 3, part 2: one cycle. The learning rate goes up, then down; momentum goes the other way round."""


def one_cycle_lr(
    position: float, lr_max: float, div: float = 25.0, div_final: float = 1e5, pct_start: float = 0.25
) -> float:
    """Learning rate at `position` of a run: 0 is its first moment, 1 its end.

    It rises from `lr_max / div` to `lr_max` during the first `pct_start` of the run, then falls to
    `lr_max / div_final` during the rest. Both parts are half cosines.
    `one_cycle_lr(0.25, 0.01)` is 0.01, the top. Raises ValueError for a position outside 0 to 1.
    """
    raise NotImplementedError("one_cycle_lr")


def one_cycle_momentum(
    position: float, high: float = 0.95, low: float = 0.85, pct_start: float = 0.25
) -> float:
    """Momentum at `position` (0 to 1) of a run: the mirror of the learning rate.

    It falls from `high` to `low` while the learning rate rises, and rises back to `high` while that falls.
    `one_cycle_momentum(0.0)` is 0.95. Raises ValueError for a position outside 0 to 1.
    """
    raise NotImplementedError("one_cycle_momentum")
