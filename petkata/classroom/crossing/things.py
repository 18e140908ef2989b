"""Things that cross, as they are at one end: what of them can change, and whether it has changed."""

from __future__ import annotations

import io
import random
import re
import socket
import threading
import types
from collections import deque
from dataclasses import dataclass
from functools import cached_property
from pathlib import PosixPath, PurePosixPath

import numpy as np
import torch
from matplotlib.axes import Axes
from PIL.Image import Image
from torch import nn

plain_tensors = torch._C.DisableTorchFunctionSubclass  # within: fastai's do more than is needed here, and take their time
OF_NUMPY = {torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.float32,
            torch.float64, torch.complex64, torch.complex128}  # and neither bfloat16 nor the smaller ones
OF_NUMBERS = "biufcSU"  # the kinds of NumPy's types that are numbers or texts
SCALARS = {bool, int, float, complex, str, bytes, type(None)}
NO_IDENTITY = (str, bytes, int, float, complex, bool, type(None), tuple, frozenset, PosixPath, PurePosixPath, slice, range,
               torch.dtype, torch.Size, torch.device, np.dtype, types.CellType)
KNOWN_BY_NO_KEY = set(NO_IDENTITY)
OPAQUE = (types.GeneratorType, type(threading.Lock()), type(threading.RLock()), io.IOBase, socket.socket)
HOOKS = re.compile("_(forward|backward|state_dict|load_state_dict|is_full).*")  # what a network keeps them under
# The dicts in which a network keeps weights, layers and hooks, by their names. They are a part of it: a network that crosses is
# one thing, and not the twenty that these would be.
PARTS = {name: type(value) for name, value in vars(nn.Module()).items() if isinstance(value, dict)}
STATELESS = (Image, Axes, type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, *OPAQUE)


WITH_ITEMS = dict, list, deque, set  # a state of which is of two parts: what else it has of its own, and what stands in it


@dataclass
class Noted:
    """A thing as it was: its state, and what tells at a glance that it is still so."""

    glance: object
    state: object

    @cached_property
    def held(self) -> list:
        """What the thing holds, but for numbers, texts and the like."""
        held, todo = {}, [self.state]
        while todo:
            one = todo.pop()
            if type(one) is tuple:
                todo += one
            elif type(one) not in KNOWN_BY_NO_KEY:
                held[id(one)] = one
        return list(held.values())

    def still_so(self, thing) -> bool:
        if type(self.glance) is Numbers:
            return self.glance.of(thing)
        return self.glance is not None and self.glance == glance(thing)


def own_of(thing, state: tuple) -> dict:
    """The attributes of a thing, by their names, in a state of it (`Crossing.state_of`)."""
    return dict(zip(*(state[0] if isinstance(thing, WITH_ITEMS) else state)))


def changes_of(thing, state: tuple) -> set[str]:
    """The attributes in which a thing differs from a state."""
    now, new = vars(thing), own_of(thing, state)
    return {name for name in now.keys() | new.keys()
            if name not in now or name not in new or not as_it_was(new[name], now[name])}


def is_plain(thing) -> bool:
    """Whether it is a number, a text or the like, which nobody can change, or a few of those in a tuple."""
    kind = type(thing)
    return kind in SCALARS or kind is tuple and len(thing) < 100 and all(map(is_plain, thing))


def is_of_parts(thing) -> bool:
    """Whether it is a network that pickles as networks do, and whose state is all there is of it."""
    kind = type(thing)
    return isinstance(thing, nn.Module) and not waits_for_a_shape(thing) and \
        (kind.__reduce_ex__, kind.__getstate__) == (nn.Module.__reduce_ex__, nn.Module.__getstate__)


def waits_for_a_shape(network) -> bool:
    """Whether a lazy layer has not seen a picture yet. Until then it holds a handle to one of its own dicts."""
    return "_initialize_hook" in vars(network)


def is_lazy(thing) -> bool:
    """Whether a weight waits for the first pictures to have a shape."""
    return isinstance(thing, nn.parameter.UninitializedTensorMixin)


def numbers_of(thing) -> tuple:
    """Type, shape and numbers of a tensor or an array, as plain data."""
    if isinstance(thing, np.ndarray):
        return thing.dtype.str, thing.shape, thing.tobytes()
    if thing.is_meta:  # has a shape and no numbers
        return thing.dtype, tuple(thing.shape), None
    with plain_tensors():
        flat = thing.detach().cpu().contiguous().reshape(-1)
        return thing.dtype, tuple(thing.shape), flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


class Numbers:
    """What of a tensor tells at a glance that nothing of it has changed. It looks at the same memory as the tensor."""

    def __init__(self, tensor: torch.Tensor):
        self.memory = tensor.detach().numpy()
        self.numbers = self.memory.tobytes()
        self.rest = self._rest_of(tensor)

    def of(self, tensor: torch.Tensor) -> bool:
        """Whether they are still this tensor's."""
        return self.rest == self._rest_of(tensor) and self.memory.tobytes() == self.numbers

    @staticmethod
    def _rest_of(tensor) -> tuple:
        hooks = tensor._backward_hooks
        return (tensor.data_ptr(), tensor.shape, tensor.requires_grad, id(tensor.grad) if tensor.is_leaf else 0,
                tuple(map(id, hooks.values())) if hooks else ())


def glance(thing):
    """What is quick to compare, for there are thousands of things and each message asks: as long as it is equal, so is the state
    of the thing. Of most it is the ids of what they hold. None where nothing is as quick."""
    if isinstance(thing, torch.Tensor):
        return Numbers(thing) if thing.is_cpu and thing.dtype in OF_NUMPY and not is_lazy(thing) else None
    if isinstance(thing, np.ndarray):
        return thing.dtype, thing.shape, thing.tobytes()
    if isinstance(thing, random.Random):
        return random_state(thing)
    own = getattr(thing, "__dict__", None) or {}
    ids = [*map(id, own), *map(id, own.values())]
    if isinstance(thing, nn.Module):
        for name in PARTS:
            if part := own.get(name):
                ids += [name, *map(id, part), *map(id, part.values())]
    elif isinstance(thing, dict):
        ids += [0, *map(id, thing), *map(id, thing.values())]
    elif isinstance(thing, (list, deque, set)):
        ids += [0, *map(id, thing)]
    return ids


def as_it_was(now, before) -> bool:
    """Whether two states hold the same things: the same objects, or equal numbers and texts."""
    if now is before:
        return True
    kind = type(now)
    if kind is not type(before):
        return False
    if kind is dict:
        return now.keys() == before.keys() and all(as_it_was(value, before[name]) for name, value in now.items())
    if kind is tuple:
        return len(now) == len(before) and all(map(as_it_was, now, before))
    return kind in NO_IDENTITY and now == before


def random_state(source=random) -> tuple:
    """The state of Python's random numbers, in a few words and not in 625."""
    version, words, rest = source.getstate()
    return version, np.array(words, np.uint32).tobytes(), rest


def set_random_state(state, source=random) -> None:
    version, words, rest = state
    source.setstate((version, tuple(np.frombuffer(words, np.uint32).tolist()), rest))


def tensor_of(dtype, shape, numbers) -> torch.Tensor:
    if not numbers:
        return torch.zeros(shape, dtype=dtype, device="meta" if numbers is None else "cpu")
    return torch.frombuffer(bytearray(numbers), dtype=dtype).reshape(shape).clone()  # not a view
