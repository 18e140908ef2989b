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
    raise NotImplementedError("transfer_model")
