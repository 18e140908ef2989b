import torch
from torch import nn
from torch.nn import functional as F

from petkata.checking import alternative


@alternative
def new_head(n_features, n_classes, dropout=0.5):
    """A class of its own, which pools by itself; a small hidden layer and no BatchNorm."""
    class Head(nn.Module):
        def __init__(self, p):
            super().__init__()
            self.hidden = nn.Linear(in_features=n_features * 2, out_features=64)
            self.out = nn.Linear(in_features=64, out_features=n_classes)
            self.p = p

        def forward(self, features):
            places = features.reshape(features.size(0), n_features, -1)
            hidden = self.hidden(torch.cat((places.mean(-1), places.max(-1)[0]), 1)).relu()
            return self.out(F.dropout(hidden, self.p, training=self.training))

    if not (n_classes > 1 and 0 <= dropout < 1):
        raise ValueError("n_classes or dropout")
    return Head(dropout)


@alternative
def new_head(n_features, n_classes, dropout=0.5):
    """As fastai does it, with a Dropout before each linear layer."""
    from fastai.vision.learner import create_head

    import petkata.torchvision_guard  # noqa: F401

    if n_classes < 2:
        raise ValueError("two classes or more")
    if dropout < 0 or dropout >= 1:
        raise ValueError("dropout")
    return create_head(n_features, n_classes, ps=dropout)


@alternative
def new_head(n_features, n_classes, dropout=0.5):
    """Layers that find out their sizes by themselves, and two hidden ones; 1 x 1 convolutions for linear
    layers."""
    from solutions.lesson1.head import ConcatPool

    if n_classes <= 1 or dropout != min(max(dropout, 0), 0.999):
        raise ValueError("no head for that")
    layers = [ConcatPool(), nn.Unflatten(1, (2 * n_features, 1, 1)), nn.BatchNorm2d(2 * n_features)]
    layers += [nn.LazyConv2d(200, 1), nn.ReLU(inplace=True), nn.Conv2d(200, 100, 1), nn.GELU()]
    layers += [nn.Flatten(), nn.Dropout(p=dropout), nn.LazyLinear(n_classes)]
    return nn.Sequential(*layers)
