"""Lesson 4, part 5: weights from somebody else."""

from pathlib import Path

import torch
from torch import nn


def load_weights(model: nn.Module, path: str | Path) -> None:
    """Put the weights in the file `path` into `model`, in place. Whatever the file carries, no code of it runs.

    The file is one that `torch.save(other.state_dict(), path)` wrote, where `other` has tensors of the same names and shapes.
    `load_weights(model, "stage-1.pth")` gives nothing back.
    Raises ValueError that names the file and says what is wrong when it is damaged, when it holds anything but tensors by
    name, and when they are not those of `model`: one is missing, one is too many, or one has another shape. Where there is
    no file at all, FileNotFoundError is as good. In all of these cases `model` stays as it was.
    """
    raise NotImplementedError("load_weights")
