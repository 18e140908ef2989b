import math

import numpy as np
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from petkata.checking import alternative


@alternative
def freeze(body):
    """All off, then BatchNorm on."""
    body.requires_grad_(False)
    for layer in body.modules():
        if isinstance(layer, _BatchNorm):
            layer.requires_grad_(True)
    return body


@alternative
def freeze(body):
    """By name, from the layers' types; BatchNorm is left as it is."""
    norms = {name for name, layer in body.named_modules() if type(layer).__name__.startswith("BatchNorm")}
    for name, weights in body.named_parameters():
        if name.rpartition(".")[0] not in norms:
            weights.requires_grad = False


@alternative
def freeze(body):
    """Block by block, from the outside in."""
    if not isinstance(body, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
        for weights in body.parameters(recurse=False):
            weights.requires_grad = False
        for part in body.children():
            freeze(part)


@alternative
def count_trainable(model):
    total = 0
    for name, weights in model.named_parameters():
        if weights.requires_grad:
            total += math.prod(weights.shape)
    return total


@alternative
def count_trainable(model):
    learning = {id(weights): weights for layer in model.modules() for weights in layer.parameters()
                if weights.requires_grad}
    return int(np.sum([np.prod(weights.detach().numpy().shape) for weights in learning.values()]))
