"""petnet: residual networks small enough to train on one core.

The children have the names and the order of torchvision's resnets, so what cuts, splits or counts a
resnet does the same to a petnet. They are made for pictures of 64 pixels; any size from 32 up works.
"""
from pathlib import Path

import torch
from torch import nn

WEIGHTS = Path(__file__).parent / "weights"
STEM = 32  # channels after the first convolution
N_ANIMALS = 500  # classes of the classifier: the imaginary animals of the pretraining

# Mean and standard deviation of the pretraining pictures: red, green, blue; 0 to 1.
STATS = ([0.483, 0.4755, 0.4379], [0.187, 0.1922, 0.2122])


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut around them.

    Takes (N, n_in, H, W) to (N, n_out, H / stride, W / stride).
    """

    def __init__(self, n_in: int, n_out: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample = shortcut(n_in, n_out, stride)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """A 1x1 convolution to a quarter of the channels, a 3x3 there, a 1x1 back, and a shortcut around them.

    Shapes as in BasicBlock. The 3x3 has the stride, as in torchvision's resnets.
    """

    def __init__(self, n_in: int, n_out: int, stride: int = 1):
        super().__init__()
        n_mid = n_out // 4
        self.conv1 = nn.Conv2d(n_in, n_mid, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_mid)
        self.conv2 = nn.Conv2d(n_mid, n_mid, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_mid)
        self.conv3 = nn.Conv2d(n_mid, n_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut(n_in, n_out, stride)

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


def shortcut(n_in: int, n_out: int, stride: int) -> nn.Sequential | None:
    """What the shortcut needs where the block changes the shape; None where it does not."""
    if stride == 1 and n_in == n_out:
        return None
    return nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))


def channels_last(module, inputs):
    """Hand the first convolution its pictures in channels_last order: the same values in a quarter less time.

    A hook on the first layer, not a line in `forward`, so that it stays when the network is cut. The weights
    keep their usual order, so that a learner may call `view` on them.
    """
    return (inputs[0].contiguous(memory_format=torch.channels_last),)


class PetNet(nn.Module):
    """A residual network: pictures (N, 3, H, W), normalized with `STATS`, to logits (N, n_classes)."""

    def __init__(self, block: type[nn.Module], widths: list[int], blocks: int, n_classes: int = N_ANIMALS):
        super().__init__()
        self.conv1 = nn.Conv2d(3, STEM, 5, stride=2, padding=2, bias=False)
        self.conv1.register_forward_pre_hook(channels_last)
        self.bn1 = nn.BatchNorm2d(STEM)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        n_in = STEM
        for i, n_out in enumerate(widths, start=1):
            first = block(n_in, n_out, stride=1 if i == 1 else 2)
            more = [block(n_out, n_out) for _ in range(blocks - 1)]
            setattr(self, f"layer{i}", nn.Sequential(first, *more))
            n_in = n_out
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(n_in, n_classes)
        for conv in self.modules():
            if isinstance(conv, nn.Conv2d):
                nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def petnet10(weights: str | None = None) -> PetNet:
    """The shallow one: 10 layers.

    `weights`: "DEFAULT" for the pretrained ones, None for random ones; ValueError for anything else.
    """
    return built("petnet10", weights, BasicBlock, [32, 64, 96, 128], blocks=1)


def petnet18(weights: str | None = None) -> PetNet:
    """The deeper one: 18 layers.

    `weights`: "DEFAULT" for the pretrained ones, None for random ones; ValueError for anything else.
    """
    return built("petnet18", weights, BasicBlock, [32, 48, 64, 96], blocks=2)


def petnet26(weights: str | None = None) -> PetNet:
    """The one of bottlenecks: 26 layers.

    `weights`: "DEFAULT" for the pretrained ones, None for random ones; ValueError for anything else.
    """
    return built("petnet26", weights, Bottleneck, [64, 96, 128, 192], blocks=2)


def built(name: str, weights: str | None, block: type[nn.Module], widths: list[int], blocks: int) -> PetNet:
    if weights not in ("DEFAULT", None):
        raise ValueError(f'{name} takes weights="DEFAULT" (pretrained) or None (random), not {weights!r}.')
    net = PetNet(block, widths, blocks)
    if weights is not None:
        load(net, WEIGHTS / f"{name}.safetensors")
    return net


def load(net: PetNet, path: Path) -> None:
    """Put the weights of a safetensors file into `net`, in 32 bits whatever the file holds.

    Such a file holds numbers only, so nothing in it can run. Raises RuntimeError, naming the file, where it
    is missing, damaged, or made for another network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        net.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise RuntimeError(
            f"The pretrained weights {path} cannot be used: {reason} "
            "Install petkata again, or make them anew with `python -m petkata.nets.pretrain`."
        ) from error
