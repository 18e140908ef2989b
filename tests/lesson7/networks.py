"""Models of a body and a head, small enough for a check, and what training them changes."""

import torch
from torch import nn

from tests.lesson1.networks import SmallNet, batch_norm_names, copied, moved, see_pictures


def small_model(stages=4, n_classes=5):
    """A model as fastai makes it, nn.Sequential(body, head): a stem, so many stages, and a head with BatchNorm and a bias."""
    body = nn.Sequential(*list(SmallNet([6 + 2 * i for i in range(stages + 1)]).children())[:-3])
    width = 6 + 2 * stages
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(width), nn.Linear(width, n_classes))
    return see_pictures(nn.Sequential(body, head))


def plain_groups():
    """A model and its layers in four groups, with BatchNorm, biases and blocks in blocks."""
    model = small_model(stages=3)
    body, head = model
    return model, [body[:4], body[4:5], body[5:], head]


def gradients(model):
    """Give each parameter of `model` that may learn the gradient of one batch."""
    images, breeds = torch.rand(8, 3, 16, 16), torch.arange(8) % 5
    model.zero_grad(set_to_none=True)
    loss = nn.functional.cross_entropy(model.train()(images), breeds)
    if loss.requires_grad:  # else all is frozen, and nothing gets a gradient
        loss.backward()


@torch.enable_grad()
def trained(model, steps=2):
    """Names of what moved in a few steps of an optimizer that was given everything."""
    before = copied(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(steps):
        gradients(model)
        optimizer.step()
    return moved(model, before)


def names_in(model, group):
    """Names, in `model`, of the parameters of one of its groups of layers."""
    own = {id(parameter) for parameter in group.parameters()}
    return {name for name, parameter in model.named_parameters() if id(parameter) in own}


__all__ = ["batch_norm_names", "copied", "gradients", "moved", "names_in", "plain_groups", "small_model", "trained"]
