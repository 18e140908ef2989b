"""Lesson 3, part 3: a learning rate for each batch of a run."""


def schedule(n_epochs: int, batches_per_epoch: int, lr_max: float) -> list[float]:
    """Learning rates of one cycle, one for each batch of the whole run, in order.

    Of N batches in all, the first stands at position 0 and batch i (counted from 0) at position i / N.
    `len(schedule(4, 10, 0.01))` is 40. `div`, `div_final` and `pct_start` are 25, 1e5 and 0.25, as in part 2.
    Raises ValueError when `n_epochs` or `batches_per_epoch` is below 1: such a run has no batch.
    """
    ### BEGIN SOLUTION
    from .cycle import one_cycle_lr

    n_batches = n_epochs * batches_per_epoch
    if n_epochs < 1 or batches_per_epoch < 1:
        raise ValueError(f"a run needs at least one batch; {n_epochs} epochs of {batches_per_epoch} batches have none")
    return [one_cycle_lr(i / n_batches, lr_max) for i in range(n_batches)]
    ### END SOLUTION
