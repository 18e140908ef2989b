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
    ### BEGIN SOLUTION
    if min(n_in, n_mid, n_out, stride) < 1:
        raise ValueError(f"channels and stride are 1 or more, not {n_in}, {n_mid}, {n_out} and {stride}")

    def layer(n_in, n_out, size, stride=1):
        return nn.Conv2d(n_in, n_out, size, stride, padding=size // 2, bias=False), nn.BatchNorm2d(n_out)

    class Bottleneck(nn.Module):
        def __init__(self):
            super().__init__()
            self.path = nn.Sequential(
                *layer(n_in, n_mid, 1), nn.ReLU(), *layer(n_mid, n_mid, 3, stride), nn.ReLU(), *layer(n_mid, n_out, 1)
            )
            same = stride == 1 and n_in == n_out
            self.shortcut = nn.Identity() if same else nn.Sequential(*layer(n_in, n_out, 1, stride))
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(self.path(x) + self.shortcut(x))

    return Bottleneck()
    ### END SOLUTION
