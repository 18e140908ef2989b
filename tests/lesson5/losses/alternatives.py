import heapq

import numpy as np

from petkata.checking import alternative


@alternative
def top_losses(losses, k):
    """NumPy's stable sort of the negative losses."""
    losses = np.asarray(losses, dtype=float)
    if np.isnan(losses).any() or k < 1 or k > losses.size:
        raise ValueError("these do not fit")
    return (-losses).argsort(kind="stable")[:k]


@alternative
def top_losses(losses, k):
    """The k largest pairs of a loss and its place, the place turned round so that the earlier one is larger."""
    if k <= 0 or len(losses) < k:
        raise ValueError(f"k is {k}, with {len(losses)} losses")
    if any(loss != loss for loss in losses):
        raise ValueError("nan")
    return [-minus_place for _, minus_place in heapq.nlargest(k, [(loss, -place) for place, loss in enumerate(losses)])]


@alternative
def top_losses(losses, k):
    """torch, with its stable sort."""
    import torch

    losses = torch.as_tensor(losses, dtype=torch.float64)
    if losses.isnan().any() or not 0 < k <= len(losses):
        raise ValueError("these do not fit")
    return losses.sort(descending=True, stable=True).indices[:k].tolist()
