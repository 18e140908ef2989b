"""Small real networks whose gradients are what half precision makes them: right, rounded to zero, or infinite."""

import torch
from torch import nn
from torch.nn import functional as F


class Teller(nn.Module):
    """Tells apart 5 kinds of pictures: (N, 3, 16, 16) to logits (N, 5). Without BatchNorm, so a picture's part of the
    gradient does not depend on the others in its batch."""

    loss_func = staticmethod(F.cross_entropy)

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 12, 3, padding=1, stride=2)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        return self.head(x.mean(dim=(2, 3)))


class Denoiser(nn.Module):
    """Tells the noise in a picture: (N, 3, 64, 64) to the same shape.

    Its loss is a mean over all the pixels, of small numbers: each pixel's part of the gradient is about 1e-8.
    """

    loss_func = staticmethod(F.mse_loss)

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 3, 3, padding=1)
        nn.init.normal_(self.conv2.weight, std=1e-4)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x):
        return self.conv2(F.relu(self.conv1(x)))


def pictures_and_kinds(n=12, size=16):
    return torch.randn(n, 3, size, size), torch.arange(n) % 5


def noisy_and_noise(n=4, size=64):
    noise = torch.randn(n, 3, size, size) * 5e-4
    return torch.rand(n, 3, size, size) + noise, noise


def gradients(model, batch):
    """Oracle: the gradients in 32 bits, by name. Leaves none in the model."""
    inputs, targets = batch
    loss = model.loss_func(model(inputs), targets)
    return dict(zip(dict(model.named_parameters()), torch.autograd.grad(loss, list(model.parameters())))), loss.item()


def off(found, expected):
    """By what share of its length a tensor is off another; tensors of numbers that are not finite are wholly off."""
    share = ((found - expected).norm() / expected.norm()).item()
    return share if share == share else float("inf")


def in_words(share):
    """How far something is off, as one says it."""
    if share == float("inf"):
        return "infinitely far off"
    return f"{share:.0%} off" if share < 10 else f"off by {share:.2g} times its size"
