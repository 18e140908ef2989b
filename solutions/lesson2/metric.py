"""Lesson 2, part 5: how many were wrong, for people to read."""

from torch import Tensor


def error_rate(logits: Tensor, targets: Tensor) -> float:
    """Share of the pictures for which another class than the right one has the largest logit: 0.0 to 1.0.

    `logits` are float (N, C), `targets` int64 (N,), 0 to C - 1. One wrong out of four is 0.25.
    `error_rate(tensor([[0.1, 2.0], [3.0, 1.0]]), tensor([1, 1]))` is 0.5: the second is wrong.
    Raises ValueError unless both have the same number of rows, at least one.
    """
    ### BEGIN SOLUTION
    if len(logits) != len(targets) or len(targets) == 0:
        raise ValueError(f"{len(logits)} rows of logits do not fit {len(targets)} targets: need as many, at least one")
    return (logits.argmax(dim=1) != targets).float().mean().item()
    ### END SOLUTION
