from itertools import accumulate

import numpy as np

from petkata.checking import alternative


@alternative
def smooth(losses, beta=0.98):
    if beta < 0 or beta >= 1:
        raise ValueError("beta")
    losses = np.array(losses, dtype=float)
    ages = np.arange(len(losses))[:, None] - np.arange(len(losses))[None, :]
    weights = np.where(ages >= 0, beta ** np.maximum(ages, 0).astype(float), 0.0)
    return weights @ losses / weights.sum(axis=1)


@alternative
def smooth(losses, beta=0.98):
    if not 0.0 <= beta < 1.0:
        raise ValueError("beta must be in [0, 1)")
    totals = accumulate(losses, lambda total, loss: total * beta + loss)
    weights = accumulate([1.0] * len(losses), lambda total, one: total * beta + one)
    return [total / weight for total, weight in zip(totals, weights)]


@alternative
def smooth(losses, beta=0.98):
    import torch

    if not 0 <= beta < 1:
        raise ValueError(beta)
    average, power, smoothed = torch.zeros((), dtype=torch.float64), 1.0, []
    for loss in losses:
        average = torch.lerp(torch.tensor(float(loss), dtype=torch.float64), average, beta)
        power *= beta
        smoothed.append(average / (1 - power))
    return smoothed
