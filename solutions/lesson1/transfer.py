"""Lesson 1, part 6: the whole of transfer learning, put together."""

from collections.abc import Callable

from torch import nn


def transfer_model(arch: Callable[..., nn.Module], n_classes: int) -> nn.Module:
    """A network for `n_classes` on the pretrained body of `arch`: (N, 3, H, W) to logits (N, n_classes).

    `arch(weights="DEFAULT")` makes the pretrained network, such as petnet10 or torchvision's resnet34: one
    that `cut_body` can cut. Its body comes over as it was, weights and BatchNorm's running statistics, and is
    frozen, except that BatchNorm goes on learning. The head is new, random, as wide as the body's features
    ask, and learns, all of it.
    `transfer_model(petnet10, 37)` is ready to be trained on the 37 breeds.
    """
    ### BEGIN SOLUTION
    import torch

    from .body import cut_body
    from .freeze import freeze
    from .head import new_head

    body = cut_body(arch(weights="DEFAULT"))
    freeze(body)
    with torch.no_grad():  # an empty picture tells how many features come out; eval(): no statistics of it
        n_features = body.eval()(torch.zeros(1, 3, 64, 64)).shape[1]
    return nn.Sequential(body, new_head(n_features, n_classes)).train()
    ### END SOLUTION
