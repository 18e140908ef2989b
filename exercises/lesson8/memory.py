"""Lesson 8, part 7: the largest batch that fits in memory."""

from typing import Callable

import torch


def largest_batch(attempt: Callable[[int], object], low: int, high: int) -> int:
    """The largest batch size from `low` to `high` that there is room for.

    `attempt(n)` tries a batch of n. It returns (whatever it likes) where there was room for n and raises where there was
    not; if n fits, so does every smaller batch. What means "out of memory" is a torch.OutOfMemoryError, which is a GPU's,
    or a RuntimeError whose message names the `DefaultCPUAllocator`, which is how torch on the CPU says it. Any other
    error is a bug in `attempt`: it goes on up to the caller.
    It asks for sizes from `low` to `high` only, at most 2 log2(high) + 4 of them. When an attempt begins, nothing that the
    earlier ones made is still held: not what they returned, nor what they had made when they failed.
    `largest_batch(attempt, 1, 1024)` is 100 where 100 fits and 101 does not.
    Raises ValueError unless 1 <= low <= high, and where not even `low` fits.
    """
    raise NotImplementedError("largest_batch")
