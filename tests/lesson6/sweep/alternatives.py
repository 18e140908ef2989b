import math

import numpy as np

from petkata.checking import alternative


@alternative
def sweep(lr_start, lr_end, n_steps):
    if n_steps < 2:
        raise ValueError("two steps or more")
    if not (lr_start > 0 and lr_end > lr_start):
        raise ValueError("0 < lr_start < lr_end")
    return np.geomspace(lr_start, lr_end, n_steps)


@alternative
def sweep(lr_start, lr_end, n_steps):
    if lr_start <= 0 or lr_end <= lr_start or n_steps <= 1:
        raise ValueError((lr_start, lr_end, n_steps))
    step = (math.log(lr_end) - math.log(lr_start)) / (n_steps - 1)
    return [math.exp(math.log(lr_start) + i * step) for i in range(n_steps)]


@alternative
def sweep(lr_start, lr_end, n_steps):
    import torch

    if not 0 < lr_start < lr_end or n_steps < 2:
        raise ValueError("no sweep")
    return torch.logspace(math.log10(lr_start), math.log10(lr_end), n_steps, dtype=torch.float64)


@alternative
def sweep(lr_start, lr_end, n_steps):
    if not 0 < lr_start < lr_end or n_steps < 2:
        raise ValueError("no sweep")
    ratio = (lr_end / lr_start) ** (1 / (n_steps - 1))
    rates = [lr_start]
    while len(rates) < n_steps:
        rates.append(rates[-1] * ratio)
    return tuple(rates)
