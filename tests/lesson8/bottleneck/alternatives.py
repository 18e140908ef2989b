import torch
from torch import nn

from petkata.checking import alternative


@alternative
def bottleneck(n_in, n_mid, n_out, stride=1):
    if any(n < 1 for n in (n_in, n_mid, n_out, stride)):
        raise ValueError("1 or more")
    return Written(n_in, n_mid, n_out, stride)


class Written(nn.Module):
    def __init__(self, n_in, n_mid, n_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_mid, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_mid)
        self.conv2 = nn.Conv2d(n_mid, n_mid, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_mid)
        self.conv3 = nn.Conv2d(n_mid, n_out, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(n_out)
        self.downsample = None
        if stride != 1 or n_in != n_out:
            self.downsample = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x):
        identity = x
        out = torch.relu(self.bn1(self.conv1(x)))
        out = nn.functional.relu(self.bn2(self.conv2(out)), inplace=True)
        out = self.bn3(self.conv3(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return out.clamp(min=0)


@alternative
def bottleneck(n_in, n_mid, n_out, stride=1):
    from torchvision.models.resnet import Bottleneck

    if min(n_in, n_mid, n_out, stride) <= 0:
        raise ValueError("positive numbers, please")
    around = None
    if not (stride == 1 and n_in == n_out):
        around = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))
    block = Bottleneck(n_in, n_mid, stride, around)
    block.conv3, block.bn3 = nn.Conv2d(n_mid, n_out, 1, bias=False), nn.BatchNorm2d(n_out)
    return block


@alternative
def bottleneck(n_in, n_mid, n_out, stride=1):
    if n_in < 1 or n_mid < 1 or n_out < 1 or stride < 1:
        raise ValueError("too small")
    layers = [nn.LazyConv2d(n_mid, 1, bias=False), nn.BatchNorm2d(n_mid), nn.ReLU(inplace=True),
              nn.LazyConv2d(n_mid, 3, stride, 1, bias=False), nn.BatchNorm2d(n_mid), nn.ReLU(inplace=True),
              nn.LazyConv2d(n_out, 1, bias=False), nn.BatchNorm2d(n_out)]
    nn.Sequential(*layers)(torch.rand(2, n_in, 4, 4))
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
    return Sum(nn.Sequential(*layers), n_in, n_out, stride)


class Sum(nn.ModuleList):
    def __init__(self, path, n_in, n_out, stride):
        super().__init__([path])
        if (n_in, 1) != (n_out, stride):
            self.append(nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)))

    def forward(self, x):
        return torch.relu(sum([layer(x) for layer in self] + [x] * (len(self) == 1)))
