"""Lesson 1, part 1: keep the part of a pretrained network that sees, and leave its classifier behind."""

from torch import nn


def cut_body(model: nn.Module) -> nn.Module:
    """The layers of `model`, in order, up to its last pooling layer, which is left out with all that follows.

    `model.children()` are the layers in the order in which they are used: first those that see, with pooling
    layers among them or not, then the last pooling layer, then the classifier. Pooling layers are PyTorch's
    nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveMaxPool2d and nn.AdaptiveAvgPool2d.
    The body takes pictures (N, 3, H, W) and gives a feature map (N, C, h, w). It has the weights that `model`
    has, and `model` itself stays as it is. Raises ValueError where no layer of `model` is a pooling layer.
    Example: `cut_body(petnet10())` makes (8, 128, 2, 2) of pictures (8, 3, 64, 64).
    """
    raise NotImplementedError("cut_body")
