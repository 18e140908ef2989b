"""Lesson 3, part 5: what the two losses say."""

import math


def reading_the_losses(train: list[float], valid: list[float]) -> str:
    """What happened in a run, from its training and validation losses, one of each an epoch.

    Returns the first of these words that fits:
    - "diverging": a loss is nan or infinite, or the training loss ends 10% or more above where it began;
    - "overfitting": the validation loss ends 10% or more above its best, while the training loss ends at its lowest;
    - "underfitting": the training loss ends above three quarters of where it began: hardly anything was learned;
    - "learning": anything else.
    `reading_the_losses([2.0, 1.0, 0.5], [2.1, 1.4, 1.2])` is "learning".
    Raises ValueError unless both have the same number of epochs, at least two.
    """
    ### BEGIN SOLUTION
    if len(train) != len(valid) or len(train) < 2:
        raise ValueError(f"need two losses an epoch for two epochs or more, not {len(train)} and {len(valid)}")
    if not all(map(math.isfinite, [*train, *valid])) or train[-1] >= 1.1 * train[0]:
        return "diverging"
    if valid[-1] >= 1.1 * min(valid) and train[-1] == min(train):
        return "overfitting"
    if train[-1] > 0.75 * train[0]:
        return "underfitting"
    return "learning"
    ### END SOLUTION
