import copy
import pickle
from pathlib import Path

import torch

from petkata.checking import mistake


def fitting(model, state, path):
    """The rest of a right answer: whether a state is for this model."""
    expected = {name: value.shape for name, value in model.state_dict().items()}
    if not isinstance(state, dict) or {name: getattr(value, "shape", None) for name, value in state.items()} != expected:
        raise ValueError(f"The weights in {path} are for another network.")
    return state


def read(path):
    """The first half of a right answer."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(f"{path} is no file of weights, or damaged.") from error


@mistake("weights_only=False lets the file say what is run while it is loaded. Checking what came out is too late.",
         caught_by="test_runs_no_code")
def load_weights(model, path):
    try:
        state = torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:
        raise ValueError(f"{path} is damaged.") from error
    model.load_state_dict(fitting(model, state, path))


@mistake("The file is refused by weights_only, and then loaded without it. So it runs after all.", caught_by="test_runs_no_code")
def load_weights(model, path):
    try:
        state = torch.load(path, weights_only=True)
    except Exception:
        try:
            state = torch.load(path, weights_only=False)
        except Exception as error:
            raise ValueError(f"{path} is damaged.") from error
    model.load_state_dict(fitting(model, state, path))


@mistake("What weights_only does not know is put on the list of trusted things. The file decides what is on that list.",
         caught_by="test_runs_no_code")
def load_weights(model, path):
    try:
        wanted = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        with torch.serialization.safe_globals([open] if wanted else []):
            state = torch.load(path, weights_only=True)
    except Exception as error:
        raise ValueError(f"{path} is damaged.") from error
    model.load_state_dict(fitting(model, state, path))


@mistake("The pickle is searched for the names of dangerous functions. There are always others: trust a list of what is safe.",
         caught_by="test_runs_no_code")
def load_weights(model, path):
    if any(word in Path(path).read_bytes() for word in (b"os\n", b"system", b"subprocess", b"eval", b"exec")):
        raise ValueError(f"{path} carries code and is not loaded.")
    try:
        state = torch.load(path, weights_only=False)
    except Exception as error:
        raise ValueError(f"{path} is damaged.") from error
    model.load_state_dict(fitting(model, state, path))


@mistake("torch's UnpicklingError comes through as it is. A ValueError in words of your own is asked for.",
         caught_by="test_refuses_a_file_with_code")
def load_weights(model, path):
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(fitting(model, state, path))


@mistake("Only UnpicklingError is caught. A damaged file ends in another error, which depends on where it was cut.",
         caught_by="test_refuses_a_truncated_file")
def load_weights(model, path):
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(f"{path} carries code and is not loaded.") from error
    model.load_state_dict(fitting(model, state, path))


@mistake("A file that lacks its last bytes ends in an OSError, and that is not caught.",
         caught_by="test_refuses_a_truncated_file")
def load_weights(model, path):
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        raise ValueError(f"{path} is no file of weights, or damaged.") from error
    model.load_state_dict(fitting(model, state, path))


@mistake("The error does not say which file. Who loads ten of them wants to know.", caught_by="test_refuses_a_file_with_code")
def load_weights(model, path):
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:
        raise ValueError("bad file") from None
    model.load_state_dict(fitting(model, state, path))


@mistake("The error is the file's name and nothing else. What is wrong with it?", caught_by="test_refuses_a_file_with_code")
def load_weights(model, path):
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:
        raise ValueError(f"{path}") from None
    model.load_state_dict(fitting(model, state, path))


@mistake("A file that is not there is passed over in silence. Who misspelled its name goes on with the old weights.",
         caught_by="test_says_when_there_is_no_file")
def load_weights(model, path):
    if Path(path).exists():
        model.load_state_dict(fitting(model, read(path), path))


@mistake("A file that cannot be loaded is passed over in silence. The network then goes on with whatever it has.",
         caught_by="test_refuses_a_file_with_code")
def load_weights(model, path):
    try:
        model.load_state_dict(fitting(model, read(path), path))
    except ValueError as error:
        print(error)


@mistake("load_state_dict puts in what fits before it complains about the rest. Compare first, then load.",
         caught_by="test_refuses_weights_for_another_head")
def load_weights(model, path):
    state = read(path)
    try:
        model.load_state_dict(state)
    except Exception as error:
        raise ValueError(f"The weights in {path} are for another network.") from error


@mistake("What load_state_dict says of another head comes through as RuntimeError. A ValueError is asked for.",
         caught_by="test_refuses_weights_for_another_head")
def load_weights(model, path):
    state = read(path)
    before = copy.deepcopy(model.state_dict())
    try:
        model.load_state_dict(state)
    except Exception:
        model.load_state_dict(before)
        raise


@mistake("Weights whose shape does not fit are left out, and the rest is loaded: half of this network, half of that one.",
         caught_by="test_refuses_weights_for_another_head")
def load_weights(model, path):
    state, own = read(path), model.state_dict()
    if not isinstance(state, dict):
        raise ValueError(f"{path} holds no tensors by name.")
    fits = {name: value for name, value in state.items() if name in own and getattr(value, "shape", 0) == own[name].shape}
    model.load_state_dict(fits, strict=False)


@mistake("strict=False says nothing about a weight that is missing or one too many: the rest of the network stays random.",
         caught_by="test_refuses_weights_of_another_network")
def load_weights(model, path):
    state, own = read(path), model.state_dict()
    is_dict = isinstance(state, dict) and bool(state.keys() & own.keys())
    if not is_dict and isinstance(state, dict) and all(str(name).startswith("module.") for name in state):
        is_dict = True
    if not is_dict or any(getattr(value, "shape", 0) != own[name].shape for name, value in state.items() if name in own):
        raise ValueError(f"The weights in {path} are for another network.")
    model.load_state_dict(state, strict=False)


@mistake("Only the names are compared. The shapes of a head for 37 breeds are others, and its names are the same.",
         caught_by="test_refuses_weights_for_another_head")
def load_weights(model, path):
    state = read(path)
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ValueError(f"{path} holds no tensors by name.")
    if state.keys() != model.state_dict().keys():
        raise ValueError(f"The weights in {path} are for another network.")
    model.load_state_dict(state)


@mistake("Only the parameters are loaded. BatchNorm's running statistics are buffers, and belong to the weights.",
         caught_by="test_loads_every_tensor")
def load_weights(model, path):
    state = fitting(model, read(path), path)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(state[name])


@mistake("assign=True gives the network new parameters. An optimizer that was made before goes on with the old ones.",
         caught_by="test_changes_the_network_in_place")
def load_weights(model, path):
    model.load_state_dict(fitting(model, read(path), path), assign=True)


@mistake("A copy of the network gets the weights. The one that was given must change.", caught_by="test_loads_every_tensor")
def load_weights(model, path):
    other = copy.deepcopy(model)
    other.load_state_dict(fitting(model, read(path), path))
    return other
