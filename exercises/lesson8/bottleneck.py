"""Lesson 8, part 2: the block that makes 50 layers affordable."""

from torch import nn


def bottleneck(n_in: int, n_mid: int, n_out: int, stride: int = 1) -> nn.Module:
    """A residual block that takes pictures (N, n_in, H, W) to (N, n_out, H / stride, W / stride), rounded up.

    The main path: a 1x1 convolution to `n_mid` channels, a 3x3 convolution there (it has the stride, and a padding of 1),
    a 1x1 convolution to `n_out` channels. Each is followed by an nn.BatchNorm2d; a ReLU follows the first two of these.
    The shortcut: the input as it is where stride is 1 and n_in equals n_out, else a 1x1 convolution with the stride and an
    nn.BatchNorm2d. Both are added up, and a ReLU follows. No convolution has a bias.
    `bottleneck(64, 16, 128, stride=2)(torch.rand(4, 64, 8, 8)).shape` is (4, 128, 4, 4).
    Raises ValueError when a number is below 1.
    """
    raise NotImplementedError("bottleneck")
