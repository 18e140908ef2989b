"""Lesson 6, part 2: a curve that can be read."""


def smooth(losses: list[float], beta: float = 0.98) -> list[float]:
    """For each loss, a weighted average of it and of those before it: a list as long as `losses`.

    The newest loss has weight 1, the one before it `beta`, the one before that `beta` squared, and so on, divided by the sum
    of these weights. `smooth([4.0, 1.0], 0.5)` is [4.0, 2.0]: (1.0 + 0.5 * 4.0) / (1 + 0.5) is 2.0.
    With `beta` 0 nothing is smoothed. No losses give an empty list. `losses` itself is not changed.
    Raises ValueError unless 0 <= beta < 1.
    """
    ### BEGIN SOLUTION
    if not 0 <= beta < 1:
        raise ValueError(f"beta must be at least 0 and below 1, not {beta}")
    average, smoothed = 0.0, []
    for n, loss in enumerate(losses, start=1):
        average = beta * average + (1 - beta) * loss
        smoothed.append(average / (1 - beta**n))
    return smoothed
    ### END SOLUTION
