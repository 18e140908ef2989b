"""Lesson 1, part 3: the new part, which knows nothing yet."""

from torch import nn


class ConcatPool(nn.Module):
    """`adaptive_concat_pool` as a layer, ready to stand in an nn.Sequential: (N, C, H, W) to (N, 2C)."""

    def forward(self, features):
        from .pooling import adaptive_concat_pool

        return adaptive_concat_pool(features)


def new_head(n_features: int, n_classes: int, dropout: float = 0.5) -> nn.Module:
    """A new, random head: feature maps (N, n_features, H, W), any H and W, to logits (N, n_classes).

    It pools to maxima and averages, has a hidden linear layer (32 to 1024 numbers, often 512) with a ReLU,
    and ends with a linear layer. Logits are any numbers: no softmax. BatchNorm is welcome where it helps.
    `dropout` (from 0 up to below 1) is the share of the hidden numbers that is dropped at random before the
    last layer, while training only: in `eval()` mode the same features always give the same logits.
    Everything in the head can learn.
    So `nn.Sequential(body, new_head(128, 37))` tells 37 breeds apart, once it has been trained.
    Raises ValueError for fewer than two classes and for a dropout outside its range.
    """
    ### BEGIN SOLUTION
    if n_classes < 2:
        raise ValueError(f"to tell classes apart takes two or more, not {n_classes}")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be from 0 up to below 1, not {dropout}")
    return nn.Sequential(
        ConcatPool(),
        nn.BatchNorm1d(2 * n_features),
        nn.Linear(2 * n_features, 512),
        nn.ReLU(),
        nn.BatchNorm1d(512),
        nn.Dropout(dropout),
        nn.Linear(512, n_classes),
    )
    ### END SOLUTION
