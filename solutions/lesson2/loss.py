"""Lesson 2, part 4: how wrong, as one number that can be made smaller."""

from torch import Tensor


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over a batch of minus the logarithm of the probability that the right class was given.

    `logits` are the network's outputs, float (N, C), any numbers, not probabilities; `targets` are the numbers of the
    right classes, int64 (N,), 0 to C - 1. Returns one number, a tensor of shape (), through which gradients flow.
    Logits of 1000 must do no harm, though exp(1000) is infinite. The two inputs stay as they are.
    Three equal logits give log(3): `cross_entropy(tensor([[5., 5., 5.]]), tensor([1]))` is 1.0986.
    Raises ValueError unless both have the same number of rows, at least one.
    """
    ### BEGIN SOLUTION
    if len(logits) != len(targets) or len(targets) == 0:
        raise ValueError(f"{len(logits)} rows of logits do not fit {len(targets)} targets: need as many, at least one")
    shifted = logits - logits.max(dim=1, keepdim=True).values  # the largest is 0 now, so exp cannot overflow
    log_probabilities = shifted - shifted.exp().sum(dim=1, keepdim=True).log()
    return -log_probabilities.gather(1, targets[:, None]).mean()
    ### END SOLUTION
