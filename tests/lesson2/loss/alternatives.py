import torch
from torch import nn
from torch.nn import functional as F

from petkata.checking import alternative


@alternative
def cross_entropy(logits, targets):
    if len(targets) == 0:
        raise ValueError("an empty batch")
    return F.cross_entropy(input=logits, target=targets)


@alternative
def cross_entropy(logits, targets):
    if logits.size(0) != targets.size(0) or not targets.numel():
        raise ValueError("rows")
    return nn.NLLLoss()(nn.LogSoftmax(dim=-1)(logits), targets)


@alternative
def cross_entropy(logits, targets):
    if not 0 < len(logits) == len(targets):
        raise ValueError("rows")
    one_hot = torch.eye(logits.shape[1], dtype=logits.dtype)[targets]
    return (torch.logsumexp(logits, dim=1) - torch.einsum("nc,nc->n", logits, one_hot)).mean()


@alternative
def cross_entropy(logits, targets):
    if not len(logits) or len(logits) != len(targets):
        raise ValueError("rows")
    total = 0.0
    for row, target in zip(logits, targets):
        row = row - row.max().detach()
        total = total + row.exp().sum().log() - row[target]
    return total / len(targets)
