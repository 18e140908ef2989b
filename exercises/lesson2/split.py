"""Lesson 2, part 2: pictures to learn from, and pictures to be asked about."""


def train_valid_split(n: int, valid_fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Deal the numbers 0 to n - 1 by chance into two lists: for training, and for validation.

    The second list has n * valid_fraction of them, rounded down: `train_valid_split(740, 0.2, seed=42)` returns 592
    and 148 numbers. The same seed gives the same split, in every run; another seed gives another one. Nothing else
    that is random may change: who draws random numbers before and after a call must not notice it.
    Raises ValueError unless 0 < valid_fraction < 1, and when a list would be empty.
    """
    raise NotImplementedError("train_valid_split")
