import copy
import io
import os
from pathlib import Path

import torch

from petkata.checking import alternative


@alternative
def load_weights(model, path):
    kept = copy.deepcopy(model.state_dict())
    try:
        model.load_state_dict(torch.load(path, weights_only=True))
    except Exception as error:
        model.load_state_dict(kept)
        raise ValueError(f"The file {path} could not be used: {error}") from None


@alternative
def load_weights(model, path):
    trial = copy.deepcopy(model)
    try:
        state = torch.load(io.BytesIO(Path(path).read_bytes()), map_location="cpu")  # weights_only is the default
        trial.load_state_dict(state)
    except Exception as error:
        raise ValueError(f"I do not load {path}; it is not what this network needs.") from error
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            tensor.copy_(state[name])


@alternative
def load_weights(model, path):
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path} is not there")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        fits = {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in model.state_dict().items()}
    except Exception as error:
        raise ValueError(f"{os.path.basename(path)}: {error} damaged") from error
    if not fits:
        raise ValueError(f"{path} is wrong")
    model.load_state_dict(state)


@alternative
def load_weights(model, path):
    class Refused(ValueError):
        pass

    try:
        state = dict(torch.load(str(path), weights_only=True, map_location=torch.device("cpu")))
    except BaseException as error:
        raise Refused("Not loaded, because it is damaged or carries code: " + Path(path).name) from error
    own = model.state_dict()
    for name in sorted(own.keys() | state.keys(), key=str):
        if name not in own or name not in state or getattr(state[name], "shape", None) != own[name].shape:
            raise Refused(f"{Path(path).name} is for another network, as {name} shows")
    return model.load_state_dict(state, strict=True)
