import random

import numpy as np

from petkata.checking import alternative


@alternative
def train_valid_split(n, valid_fraction, seed):
    if valid_fraction <= 0 or valid_fraction >= 1:
        raise ValueError("a fraction lies between 0 and 1")
    permutation = np.random.default_rng(seed).permutation(n)
    valid, train = np.split(permutation, [int(np.floor(n * valid_fraction))])
    if len(valid) == 0 or len(train) == 0:
        raise ValueError("an empty list")
    return train, valid


@alternative
def train_valid_split(n, valid_fraction, seed):
    import torch

    n_valid = int(valid_fraction * n)
    if not (0 < valid_fraction < 1 and 0 < n_valid < n):
        raise ValueError("nothing to split")
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    return order[n_valid:], order[:n_valid]


@alternative
def train_valid_split(n, valid_fraction, seed):
    if not 0 < valid_fraction < 1:
        raise ValueError("fraction")
    if n * valid_fraction < 1:
        raise ValueError("too few")
    valid = set(random.Random(f"split {seed}").sample(range(n), k=int(n * valid_fraction)))
    return [i for i in range(n) if i not in valid], [i for i in range(n) if i in valid]
