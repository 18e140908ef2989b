"""Lesson 2, part 2: pictures to learn from, and pictures to be asked about."""


def train_valid_split(n: int, valid_fraction: float, seed: int) -> tuple[list[int], list[int]]:
    """Deal the numbers 0 to n - 1 by chance into two lists: for training, and for validation.

    The second list has n * valid_fraction of them, rounded down: `train_valid_split(740, 0.2, seed=42)` returns 592
    and 148 numbers. The same seed gives the same split, in every run; another seed gives another one. Nothing else
    that is random may change: who draws random numbers before and after a call must not notice it.
    Raises ValueError unless 0 < valid_fraction < 1, and when a list would be empty.
    """
    ### BEGIN SOLUTION
    import random

    n_valid = int(n * valid_fraction)
    if not 0 < valid_fraction < 1 or n_valid < 1:
        raise ValueError(f"a share of {valid_fraction} cannot be dealt from {n} pictures: one list would be empty")
    order = list(range(n))
    random.Random(seed).shuffle(order)  # a generator of its own: the global one is not touched
    return order[n_valid:], order[:n_valid]
    ### END SOLUTION
