import math

import numpy as np

from petkata.checking import alternative


def positive(*rates):
    for rate in rates:
        if rate is None or not math.isfinite(rate) or rate <= 0:
            raise ValueError(f"{rate} is no learning rate")


@alternative
def spread(lr, n_groups):
    """NumPy's own: numbers in equal ratios."""
    if n_groups <= 0:
        raise ValueError("no groups")
    if not isinstance(lr, slice):
        positive(lr)
        return np.full(n_groups, lr)
    if lr.start is None:
        positive(lr.stop)
        return np.array([lr.stop / 10] * (n_groups - 1) + [lr.stop])
    positive(lr.start, lr.stop)
    return np.geomspace(lr.start, lr.stop, n_groups) if n_groups > 1 else np.array([lr.stop])


@alternative
def spread(lr, n_groups):
    """A walk: multiply by the same number again and again."""
    if n_groups < 1:
        raise ValueError("at least one group")
    if isinstance(lr, slice):
        positive(lr.stop)
        if lr.start is not None:
            positive(lr.start)
            if n_groups == 1:
                return (lr.stop,)
            rates, step = [lr.start], math.exp((math.log(lr.stop) - math.log(lr.start)) / (n_groups - 1))
            while len(rates) < n_groups:
                rates.append(rates[-1] * step)
            return tuple(rates)
        return (*[0.1 * lr.stop for _ in range(n_groups - 1)], lr.stop)
    positive(lr)
    return tuple(lr for _ in range(n_groups))


@alternative
def spread(lr, n_groups):
    """From the last group to the first."""
    first, last = {True: lambda: (lr.start, lr.stop), False: lambda: (lr, lr)}[type(lr) is slice]()
    positive(last)
    if first is not None:
        positive(first)
    if int(n_groups) < 1:
        raise ValueError("groups")
    rates = []
    for below in range(n_groups):  # how far this group stands before the last one
        if first is None:
            rates.insert(0, last if below == 0 else last / 10)
        else:
            rates.insert(0, last * (first / last) ** (below / max(1, n_groups - 1)))
    return rates
