"""Lesson 1, part 2: from a map of features to one list of numbers a picture."""

import torch


def adaptive_concat_pool(features: torch.Tensor) -> torch.Tensor:
    """The maximum and the average of each channel, side by side: (N, C, H, W) to (N, 2C), any H and W.

    First the C maxima, then the C averages, both in the channels' order, as in fastai's AdaptiveConcatPool2d.
    A channel of 2 x 2 that holds 1, 2, 3 and 6 gives the maximum 6 and the average 3.
    The result has the type of `features`, and training goes through it: gradients reach `features`.
    Raises ValueError unless `features` has four dimensions.
    """
    raise NotImplementedError("adaptive_concat_pool")
