"""Lesson 6, part 1: the learning rates to try."""


def sweep(lr_start: float, lr_end: float, n_steps: int) -> list[float]:
    """Learning rates from `lr_start` to `lr_end`, both included: `n_steps` of them, each the same number of times the last.

    `sweep(0.001, 10.0, 5)` is [0.001, 0.01, 0.1, 1.0, 10.0].
    Raises ValueError unless 0 < lr_start < lr_end and n_steps is 2 or more.
    """
    ### BEGIN SOLUTION
    if not 0 < lr_start < lr_end or n_steps < 2:
        raise ValueError(f"a sweep rises from above 0 in two steps or more, not from {lr_start} to {lr_end} in {n_steps}")
    ratio = lr_end / lr_start
    return [lr_start * ratio ** (step / (n_steps - 1)) for step in range(n_steps)]
    ### END SOLUTION
