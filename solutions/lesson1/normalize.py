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
    ### BEGIN SOLUTION
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"expected pictures of shape (N, 3, H, W), not {tuple(images.shape)}")
    if not images.is_floating_point():
        raise ValueError(f"expected numbers from 0 to 1, not {images.dtype}: divide by 255 first")
    if len(mean) != 3 or len(std) != 3 or not all(value > 0 for value in std):
        raise ValueError(f"expected three means and three stds above 0, not {mean} and {std}")
    mean, std = (torch.as_tensor(values, dtype=images.dtype).view(1, 3, 1, 1) for values in (mean, std))
    return (images - mean) / std
    ### END SOLUTION
