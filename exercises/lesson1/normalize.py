"""Lesson 1, part 5: show the network pictures with the brightness and contrast that it was trained on."""

from collections.abc import Sequence

import torch


def normalize(images: torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Pictures as the pretrained network expects them: each channel less its mean, divided by its std.

    `images` is (N, 3, H, W), any H and W, floating point from 0 to 1. `mean` and `std` are three numbers
    each (in a list, a tuple, an array or a tensor), for red, green and blue: those of the pretraining, not of these
    pictures. The result is a new tensor
    of the same shape and type; `images` stays as it is. With mean 0.5 and std 0.25 a red of 0.75 becomes 1.0.
    Raises ValueError for another shape, for whole numbers (0 to 255), unless there are three means and three
    stds, and for an std that is not above 0.
    """
    raise NotImplementedError("normalize")
