import numpy as np
import torch

from petkata.checking import alternative


@alternative
def normalize(images, mean, std):
    """Channel by channel."""
    if len(images.shape) != 4 or images.shape[1] != 3:
        raise ValueError("shape")
    if images.dtype not in (torch.float16, torch.float32, torch.float64):
        raise ValueError("type")
    if len(mean) != 3 or len(std) != 3 or any(s <= 0 for s in std):
        raise ValueError("statistics")
    result = images.clone()
    for channel in range(3):
        result[:, channel] = result[:, channel].sub(float(mean[channel])).div(float(std[channel]))
    return result


@alternative
def normalize(images, mean, std):
    """NumPy, with the channels last for a moment."""
    pixels, mean, std = images.numpy(), np.asarray(mean), np.asarray(std)
    if pixels.ndim != 4 or pixels.shape[1] != 3 or pixels.dtype.kind != "f":
        raise ValueError(f"no pictures: {pixels.shape} of {pixels.dtype}")
    if mean.shape != (3,) or std.shape != (3,) or (std <= 0).any():
        raise ValueError(f"no statistics: {mean}, {std}")
    return torch.from_numpy((((pixels.transpose(0, 2, 3, 1) - mean) / std).transpose(0, 3, 1,
                                                                                     2)).astype(pixels.dtype))


@alternative
def normalize(images, mean, std):
    """torchvision's."""
    from torchvision.transforms import functional

    import petkata.torchvision_guard  # noqa: F401

    if images.ndim != 4 or images.size(1) != 3 or not torch.is_floating_point(images):
        raise ValueError("pictures (N, 3, H, W) from 0 to 1")
    mean, std = [float(m) for m in mean], [float(s) for s in std]
    if not len(mean) == len(std) == 3 or not min(std) > 0:
        raise ValueError("three means, three stds above 0")
    return functional.normalize(images, mean, std)
