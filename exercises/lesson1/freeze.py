"""Lesson 1, part 4: what may learn, and how many numbers that is."""

from torch import nn


def freeze(body: nn.Module) -> None:
    """Freeze `body`, in place: nothing in it learns any more, except in its BatchNorm layers.

    The weight and the bias of each BatchNorm layer (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d), however
    deep inside, go on learning; its running mean and variance go on following the pictures. So does fastai.
    After `freeze(body)` a step of training leaves every convolution of `body` exactly as it was.
    """
    raise NotImplementedError("freeze")


def count_trainable(model: nn.Module) -> int:
    """How many single numbers of `model` will learn: those in the parameters that are not frozen.

    A weight that two layers share counts once. BatchNorm's running mean and variance are no parameters.
    `count_trainable(nn.Linear(5, 3))` is 18: 15 weights and 3 biases; when it is frozen, 0.
    """
    raise NotImplementedError("count_trainable")
