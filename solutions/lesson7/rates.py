"""Lesson 7, part 2: a learning rate for each group."""


def spread(lr: float | slice, n_groups: int) -> list[float]:
    """Learning rates of `n_groups` groups of layers, the first group's first, as fastai means `lr`.

    - a number: each group has it;
    - `slice(last)`: the last group has `last`, every other group a tenth of it;
    - `slice(first, last)`: from `first` to `last` in equal ratios. A single group has `last`.
    `spread(slice(1e-6, 1e-4), 3)` is [1e-6, 1e-5, 1e-4].
    Raises ValueError for fewer than one group, for a rate that is not above 0, and for a slice without its last rate.
    """
    ### BEGIN SOLUTION
    if n_groups < 1:
        raise ValueError(f"at least one group is needed, not {n_groups}")
    first, last = (lr.start, lr.stop) if isinstance(lr, slice) else (lr, lr)
    if last is None or not last > 0 or (first is not None and not first > 0):
        raise ValueError(f"a learning rate must be above 0, and a slice must have its last one; this is {lr}")
    if first is None:
        return [last / 10] * (n_groups - 1) + [last]
    if n_groups == 1:
        return [last]
    ratio = (last / first) ** (1 / (n_groups - 1))
    return [first * ratio**i for i in range(n_groups)]
    ### END SOLUTION
