"""Lesson 8, part 3: what half precision rounds to zero, and what a scale saves."""

import torch


def underflows(values: torch.Tensor, dtype: torch.dtype, scale: float = 1.0) -> float:
    """Share, from 0 to 1, of the numbers in `values` that `dtype` rounds to zero.

    `values` is a tensor of any shape, usually float32; `dtype` is a type of floating-point number, such as torch.float16
    or torch.bfloat16. Each value is multiplied by `scale` in the precision that it has, and only then stored as `dtype`.
    A value that is zero already has nothing to lose: it counts neither as lost nor as one of the numbers. Without any
    number other than zero the share is 0.0.
    `underflows(torch.tensor([1.0, 1e-9, -1e-9, 0.0]), torch.float16)` is 2/3, and with `scale=1024.0` it is 0.0.
    Raises ValueError unless the scale is above 0.
    """
    ### BEGIN SOLUTION
    if not scale > 0:
        raise ValueError(f"a scale is above 0, not {scale}")
    numbers = values[values != 0]
    if len(numbers) == 0:
        return 0.0
    lost = (numbers * scale).to(dtype) == 0
    return lost.float().mean().item()
    ### END SOLUTION
