import torch

from petkata.checking import alternative


@alternative
def underflows(values, dtype, scale=1.0):
    if scale <= 0:
        raise ValueError("scale must be positive")
    before = torch.count_nonzero(values)
    after = torch.count_nonzero((values * scale).type(dtype))
    return (before - after) / before if before else torch.tensor(0.0)


@alternative
def underflows(values, dtype, scale=1.0):
    if not 0 < scale:
        raise ValueError(scale)
    all_of_them = lost = 0
    for value in values.flatten():
        if value.item() != 0:
            all_of_them += 1
            lost += (value * scale).to(dtype).item() == 0
    return lost / all_of_them if all_of_them else 0


@alternative
def underflows(values, dtype, scale=1.0):
    import numpy as np

    if scale <= 0:
        raise ValueError("no scale")
    info = torch.finfo(dtype)
    numbers = np.abs(values.double().numpy().ravel()[values.numpy().ravel() != 0]) * scale
    # exactly half of the smallest number is rounded to zero: zero is the even one of the two
    return np.mean(numbers <= info.smallest_normal * info.eps / 2) if numbers.size else np.float64(0)
