"""Lesson 6, part 1: the learning rates to try."""


def sweep(lr_start: float, lr_end: float, n_steps: int) -> list[float]:
    """Learning rates from `lr_start` to `lr_end`, both included: `n_steps` of them, each the same number of times the last.

    `sweep(0.001, 10.0, 5)` is [0.001, 0.01, 0.1, 1.0, 10.0].
    Raises ValueError unless 0 < lr_start < lr_end and n_steps is 2 or more.
    """
    raise NotImplementedError("sweep")
