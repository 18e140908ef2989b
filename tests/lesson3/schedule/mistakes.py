from petkata.checking import mistake
from solutions.lesson3.cycle import one_cycle_lr


def some(n_epochs, batches_per_epoch):
    if n_epochs < 1 or batches_per_epoch < 1:
        raise ValueError("no batch")


@mistake("Each epoch has a cycle of its own. One cycle spans the whole run.",
         caught_by="test_is_one_cycle_for_the_whole_run")
def schedule(n_epochs, batches_per_epoch, lr_max):
    some(n_epochs, batches_per_epoch)
    return [one_cycle_lr(i / batches_per_epoch, lr_max) for _ in range(n_epochs) for i in range(batches_per_epoch)]


@mistake("There is one rate an epoch. The learning rate changes after every batch.",
         caught_by="test_has_one_rate_a_batch")
def schedule(n_epochs, batches_per_epoch, lr_max):
    some(n_epochs, batches_per_epoch)
    return [one_cycle_lr(i / n_epochs, lr_max) for i in range(n_epochs)]


@mistake("All batches of an epoch share one rate. The learning rate changes after every batch.",
         caught_by="test_is_one_cycle_for_the_whole_run")
def schedule(n_epochs, batches_per_epoch, lr_max):
    some(n_epochs, batches_per_epoch)
    return [one_cycle_lr(e / n_epochs, lr_max) for e in range(n_epochs) for _ in range(batches_per_epoch)]


@mistake("The batches are counted from 1: each has the rate of the next.", caught_by="test_is_one_cycle_for_the_whole_run")
def schedule(n_epochs, batches_per_epoch, lr_max):
    some(n_epochs, batches_per_epoch)
    n = n_epochs * batches_per_epoch
    return [one_cycle_lr(i / n, lr_max) for i in range(1, n + 1)]


@mistake("The last batch stands at position 1. That is the end of the run, after the last batch.",
         caught_by="test_stops_one_batch_before_the_end")
def schedule(n_epochs, batches_per_epoch, lr_max):
    some(n_epochs, batches_per_epoch)
    n = n_epochs * batches_per_epoch
    return [one_cycle_lr(i / max(n - 1, 1), lr_max) for i in range(n)]


@mistake("A run without batches gets an empty list. It must get a ValueError.",
         caught_by="test_refuses_a_run_without_batches")
def schedule(n_epochs, batches_per_epoch, lr_max):
    n = n_epochs * batches_per_epoch
    return [one_cycle_lr(i / n, lr_max) for i in range(n)]
