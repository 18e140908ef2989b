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
    ### BEGIN SOLUTION
    import pickle

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except pickle.UnpicklingError as error:
        raise ValueError(f"{path} holds more than weights, perhaps code. It was not loaded.") from error
    except Exception as error:
        raise ValueError(f"{path} is damaged or is no file of weights, and was not loaded: {error}") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ValueError(f"{path} does not hold tensors by name. It was not loaded.")
    expected, found = ({name: tuple(value.shape) for name, value in one.items()} for one in (model.state_dict(), state))
    if found != expected:
        other = sorted(str(name) for name, _ in set(found.items()) ^ set(expected.items()))
        raise ValueError(f"The weights in {path} are for another network: {other[0]} differs. They were not loaded.")
    model.load_state_dict(state)
    ### END SOLUTION
