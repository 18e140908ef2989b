"""Files that carry code: what stands in them when they are loaded by an unpickler that runs what it is told."""

import pickle
from collections import OrderedDict

import torch


class Planted:
    """Unpickling this makes the file `marker`: a harmless stand-in for anything else that code can do."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return open, (self.marker, "w")


def attempt(load, *args):
    """Call `load`, and let any error go but that of a task not yet written: the check looks at what happened beside it."""
    try:
        load(*args)
    except NotImplementedError:
        raise
    except Exception:
        pass


def files_with_code(folder, state, marker):
    """Files in `folder` with the tensors of `state` and code that makes `marker`, hidden here and there.

    Pairs of what it is, in words, and the file.
    """
    code = Planted(marker)
    tagged = OrderedDict(state)
    tagged._metadata = OrderedDict(version=code)
    contents = {
        "code beside the weights": {**state, "note": code},
        "code in a list in a dict in a tuple": {**state, "history": ({"losses": [0.5, [code]]},)},
        "code in the place of a weight": {**state, next(iter(state)): code},
        "code in the attributes of the dict": tagged,
        "code and nothing else": code,
    }
    for number, (words, content) in enumerate(contents.items()):
        file = folder / f"code-{number}.pth"
        torch.save(content, file)
        yield words, file
    file = folder / "old-form.pth"
    torch.save({**state, "note": code}, file, _use_new_zipfile_serialization=False)
    yield "code beside the weights, in torch's old file form", file
    file = folder / "plain-pickle.pth"
    file.write_bytes(pickle.dumps({**{name: value.tolist() for name, value in state.items()}, "note": code}))
    yield "code in a pickle that torch did not make", file
