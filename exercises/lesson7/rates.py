"""Lesson 7, part 2: a learning rate for each group."""


def spread(lr: float | slice, n_groups: int) -> list[float]:
    """Learning rates of `n_groups` groups of layers, the first group's first, as fastai means `lr`.

    - a number: each group has it;
    - `slice(last)`: the last group has `last`, every other group a tenth of it;
    - `slice(first, last)`: from `first` to `last` in equal ratios. A single group has `last`.
    `spread(slice(1e-6, 1e-4), 3)` is [1e-6, 1e-5, 1e-4].
    Raises ValueError for fewer than one group, for a rate that is not above 0, and for a slice without its last rate.
    """
    raise NotImplementedError("spread")
