import numpy as np

from petkata.checking import alternative


@alternative
def schedule(n_epochs, batches_per_epoch, lr_max):
    if min(n_epochs, batches_per_epoch) <= 0:
        raise ValueError("no batch")
    position = np.arange(n_epochs * batches_per_epoch) / (n_epochs * batches_per_epoch)
    up = lr_max / 25 + (lr_max - lr_max / 25) * (1 - np.cos(np.pi * position / 0.25)) / 2
    down = lr_max + (lr_max / 1e5 - lr_max) * (1 - np.cos(np.pi * (position - 0.25) / 0.75)) / 2
    return np.where(position < 0.25, up, down)


@alternative
def schedule(n_epochs, batches_per_epoch, lr_max):
    from solutions.lesson3.cycle import one_cycle_lr

    if n_epochs < 1 or batches_per_epoch < 1:
        raise ValueError("a run has at least one epoch and one batch")
    rates = []
    for epoch in range(n_epochs):
        for batch in range(batches_per_epoch):
            rates.append(one_cycle_lr((epoch + batch / batches_per_epoch) / n_epochs, lr_max))
    return rates
