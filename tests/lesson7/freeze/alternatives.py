from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from petkata.checking import alternative


@alternative
def freeze_to(groups, n):
    """Slices, and BatchNorm told parameter by parameter."""
    if n >= len(groups) or n < -len(groups):
        raise ValueError(f"no group {n}")
    for group in groups[:n]:
        for layer in group.modules():
            for parameter in layer.parameters(recurse=False):
                parameter.requires_grad = isinstance(layer, _BatchNorm)
    for group in groups[n:]:
        for parameter in group.parameters():
            parameter.requires_grad = True


@alternative
def freeze_to(groups, n):
    """First say who learns, then tell them."""
    if n not in range(-len(groups), len(groups)):
        raise ValueError("n")
    learning = set()
    for i, group in enumerate(groups):
        if i >= n + (len(groups) if n < 0 else 0):
            learning |= {id(parameter) for parameter in group.parameters()}
        for layer in group.modules():
            if type(layer).__name__.startswith("BatchNorm"):
                learning |= {id(parameter) for parameter in layer.parameters()}
    for group in groups:
        for parameter in group.parameters():
            parameter.requires_grad_(id(parameter) in learning)
    return groups


@alternative
def freeze_to(groups, n):
    """As a fastai optimizer does it, with `force_train` for BatchNorm."""
    from fastai.vision.all import SGD

    if not (0 <= n < len(groups) or -len(groups) <= n < 0):
        raise ValueError("there is no such group")
    optimizer = SGD([list(group.parameters()) for group in groups], lr=0.1)
    for group in groups:
        for layer in group.modules():
            if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
                for parameter in layer.parameters():
                    optimizer.state[parameter]["force_train"] = True
    if n % len(groups) == 0:
        optimizer.unfreeze()
    else:
        optimizer.freeze_to(n)
