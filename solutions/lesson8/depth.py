"""Lesson 8, part 1: what the 34 in resnet34 counts."""

from torch import nn


def depth(model: nn.Module) -> int:
    """How many layers with weights a picture passes on the main path through `model`.

    What counts: each convolution (nn.Conv1d, nn.Conv2d or nn.Conv3d) and each nn.Linear. Nothing else does: BatchNorm, by
    custom, belongs to the convolution before it. What does not count either: the layers of a shortcut. A shortcut is a module
    named exactly `downsample` or `shortcut`, itself such a layer or with such layers inside, at any depth.
    `depth(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()))` is 1. A model without such layers has depth 0.
    """
    ### BEGIN SOLUTION
    counted = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
    return sum(
        isinstance(layer, counted) and not {"downsample", "shortcut"} & set(name.split("."))
        for name, layer in model.named_modules()
    )
    ### END SOLUTION
