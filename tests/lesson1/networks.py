"""Networks small enough for a check, with all that a real one has: blocks in blocks, shortcuts, BatchNorm
that has seen pictures, biases, and a pooling layer early on. What the layers are called, and how many there
are, varies on purpose."""

import torch
from torch import nn


class Block(nn.Module):
    """A convolution and a shortcut around it: (N, n_in, H, W) to (N, n_out, H, W)."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.norm = nn.BatchNorm2d(n_out)
        self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x):
        return torch.relu(self.norm(self.conv(x)) + self.shortcut(x))


class SmallNet(nn.Module):
    """Pictures (N, 3, H, W) to logits (N, n_classes). `widths`: channels of the stem and of each block after
    it."""

    def __init__(self, widths=(6, 10), pool=None, n_classes=5, early_pool=True):
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 3, padding=1)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        self.stem_relu = nn.ReLU()
        if early_pool:
            self.shrink = nn.MaxPool2d(2)
        for i, (n_in, n_out) in enumerate(zip(widths, widths[1:])):
            setattr(self, f"stage{i}", nn.Sequential(Block(n_in, n_out), nn.Conv2d(n_out, n_out, 1),
                                                     nn.ReLU()))
        self.pool = pool or nn.AdaptiveAvgPool2d(1)
        self.drop = nn.Dropout(0.1)
        self.classifier = nn.LazyLinear(n_classes)
        see_pictures(self)

    def forward(self, x):
        layers = list(self.children())
        for layer in layers[:-2]:
            x = layer(x)
        return self.classifier(self.drop(x.flatten(1)))


def see_pictures(model, size=16):
    """Give BatchNorm the weights and statistics of a network that has been trained: none of them 0 or 1."""
    for layer in model.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            for values, low, high in [(layer.weight, 0.5, 1.5), (layer.bias, -0.5, 0.5),
                                      (layer.running_mean, -0.5, 0.5), (layer.running_var, 0.5, 2.0)]:
                nn.init.uniform_(values, low, high)
    with torch.no_grad():
        model.eval()(torch.rand(2, 3, size, size))
    return model.train()


def copied(model):
    """A copy of every parameter and buffer, by name."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def moved(model, before):
    """Names of the parameters and buffers that are no longer as in `before`."""
    return {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}


def batch_norm_names(model):
    """Two sets: names of BatchNorm's weights and biases, names of its running means and variances."""
    names = [name for name, layer in model.named_modules()
             if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d))]
    return tuple({f"{name}.{part}" for name in names for part in parts}
                 for parts in (("weight", "bias"), ("running_mean", "running_var")))
