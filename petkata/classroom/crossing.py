"""Calling a function of a process that is not trusted, as if it were here.

Two processes hold the ends of a socket: the judge, which runs the checks, and the student's, which runs the answer. Values
cross as pickles. What the judge takes names nothing but what the libraries define, and only a few harmless callables are ever
called for it: no code of a student's runs there. What cannot cross so is *remote*: a stand-in, whose calls go back.

    a student's function, class, network of an own class   ->   remote in the judge
    a check's function, callback                           ->   remote in the student's process

An object that has crossed is known at both ends. With each message crosses the state of those that have changed: a list, network,
optimizer or Learner that the answer has changed is changed here, too, and is still the same object. So are the random
numbers and the files of a check's folder. Gradients cross as well: `backward()` of a tensor that came over asks the other end.
"""

from __future__ import annotations

import copyreg
import gc
import importlib
import inspect
import io
import os
import pickle
import random
import re
import shutil
import signal
import socket
import struct
import sys
import threading
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from functools import partial
from pathlib import Path, PosixPath, PurePosixPath
from typing import NamedTuple

import cloudpickle
import numpy as np
import torch
from fastcore.basics import noop
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL.Image import Image
from torch import nn

from petkata.classroom.answering import SHARED

HEAD = struct.Struct(">?QQ")  # of a message: whether it is plain; bytes of it, and of the files that cross with it
MANY = 100  # things that have crossed since it was last looked which of them are still needed: then it pays to look
LARGEST = 2**30  # bytes of one message; a quarter of it for the files that cross with it
# The modules whose functions may be named. Those of other modules can run programs or load files.
FUNCTIONS_OF = ("torch.nn", "torch._C._nn", "torch.functional", "fastai.losses", "fastai.metrics", "fastai.optimizer",
                "fastai.layers", "fastai.torch_core", "fastai.vision", "fastai.callback", "fastai.data", "fastai.learner",
                "torchvision.models", "petkata.nets")
# The modules whose classes may be named.
LIBRARIES = ("torch", "fastai", "fastcore", "fasttransform", "plum", "torchvision", "numpy", "PIL", "pathlib", "collections",
             "builtins", "functools", "re", "types", "typing", "random", "petkata.nets", "petkata.pets",
             "petkata.torchvision_guard")
# What a pickle from a student may call, with what it brings along. Classes are made without being called.
HARMLESS = {OrderedDict, defaultdict, deque, PosixPath, PurePosixPath, Path, slice, range, complex, set, frozenset, bytearray,
            partial, random.Random, torch.Size, torch.device, np.dtype, np._core.multiarray.scalar, re._compile,
            inspect.Parameter, inspect.Signature, noop}
plain_tensors = torch._C.DisableTorchFunctionSubclass  # within: fastai's do more than is needed here, and take their time
OF_NUMPY = {torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.float32,
            torch.float64, torch.complex64, torch.complex128}  # and neither bfloat16 nor the smaller ones
SCALARS = {bool, int, float, complex, str, bytes, type(None)}
PLAIN = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
NO_IDENTITY = (str, bytes, int, float, complex, bool, type(None), tuple, frozenset, PosixPath, PurePosixPath, slice, range,
               torch.dtype, torch.Size, torch.device, np.dtype, types.CellType)
OPAQUE = (types.GeneratorType, type(threading.Lock()), type(threading.RLock()), io.IOBase, socket.socket)
HOOKS = re.compile("_(forward|backward|state_dict|load_state_dict|is_full).*")  # what a network keeps them under
# The dicts in which a network keeps weights, layers and hooks, by their names. They are a part of it: a network that crosses is
# one thing, and not the twenty that these would be.
PARTS = {name: type(value) for name, value in vars(nn.Module()).items() if isinstance(value, dict)}
STATELESS = (Image, Axes, type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType, *OPAQUE)


class CannotCross(Exception):
    """Something that this end cannot send, or does not take; the message is a sentence."""


class Ended(Exception):
    """The process at the other end is gone."""


# --- stand-ins ---


class Remote:
    """Stands for something at the other end. It can be called and handed back; that is all."""

    def __init__(self, name: str, parameters: tuple = ()):
        self.__name__ = self.__qualname__ = name
        self.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name, kind in parameters])

    def __call__(self, *args, **kwargs):
        return self._crossing.call(self, "", args, kwargs)

    def __repr__(self):
        return self.__name__

    def __reduce__(self):
        raise TypeError(f"{self.__name__} cannot be pickled")

    def __deepcopy__(self, memo):
        return self


class Opaque(Remote):
    """Stands for something that only its own process can use, such as a lock."""

    def __call__(self, *args, **kwargs):
        raise TypeError(f"a {self.__name__} cannot be called")


class RemoteModule(nn.Module):
    """A network of the student's own class: its weights are here as well, its forward pass is at the other end."""

    def forward(self, *args, **kwargs):
        return self._crossing.call(self, "", args, kwargs)


def remote_callback(name: str, order: int, events: tuple[str, ...], looks: dict):
    """A callback of fastai's whose events happen at the other end. Of an event in `looks` only what it looks at is told."""
    from fastai.callback.core import Callback

    def at(event):
        if event in looks:
            return lambda self: self._crossing.tell(self, event, looks[event](self.learn))
        return lambda self: self._crossing.call(self, event, (self.learn,), {})

    own = {"order": order, "is_remote": True, "_crossing": None}
    return type(name, (Callback,), {**own, **{event: at(event) for event in events}})()


class _Across(torch.autograd.Function):
    """A tensor that was computed at the other end, from `sources`, which are known there."""

    @staticmethod
    def forward(ctx, crossing, number, data, *sources):
        ctx.crossing, ctx.number, ctx.keys = crossing, number, [crossing.keys[id(source)] for source in sources]
        return data.clone()

    @staticmethod
    def backward(ctx, gradient):
        return None, None, None, *ctx.crossing.gradients(ctx.number, gradient, ctx.keys)


# --- what may be named ---


def of_a_library(thing) -> bool:
    """Whether a class or function is what its name says: defined by a library, and found there."""
    module = getattr(thing, "__module__", None)
    return _in_libraries(module) and named(module, getattr(thing, "__qualname__", "")) is thing


def _in_libraries(module: str | None) -> bool:
    return _is_below(module, LIBRARIES)


def _is_below(module: str | None, roots: tuple[str, ...]) -> bool:
    return isinstance(module, str) and any(module == root or module.startswith(root + ".") for root in roots)


def named(module: str, qualname: str):
    """What has this name in a module that is loaded already, or None: nothing is imported because a student's pickle says so."""
    found = sys.modules.get(module)
    for part in qualname.split("."):
        if found is None or part.startswith("__") or not isinstance(found, (types.ModuleType, type)):
            return None
        found = vars(found).get(part) if isinstance(found, types.ModuleType) else getattr(found, part, None)
    return found


# The names that pickles use for what a Crossing does.
def set_state(thing, state): ...
def make_tensor(kind, dtype, shape, numbers, learns, is_parameter, number): ...
def make_lazy(learns): ...
def make_array(dtype, shape, numbers): ...
def make_remote(name, parameters=(), arch=None): ...
def make_opaque(name): ...
def make_module(name): ...
def make_callback(name, order, events, looks): ...
def make_axes(words, lines): ...
def bound(thing, name): ...


SPECIAL = {function.__name__: function for function in
           (set_state, make_tensor, make_lazy, make_array, make_remote, make_opaque, make_module, make_callback, make_axes,
            bound)}


class _Pickler(cloudpickle.Pickler):
    def __init__(self, crossing, file):
        super().__init__(file, protocol=5)
        self.crossing = crossing

    def persistent_id(self, thing):
        return None if type(thing) in NO_IDENTITY else self.crossing.keys.get(id(thing))

    def reducer_override(self, thing):
        crossing, kind = self.crossing, type(thing)
        if crossing._is_special(thing):
            return NotImplemented  # by its name
        if isinstance(thing, torch.Tensor):
            return crossing.tensor(thing)
        if kind is np.ndarray:
            if thing.dtype.kind not in "biufcSU":
                raise CannotCross("An array of objects cannot be judged; numbers or texts are expected.")
            return make_array, (thing.dtype.str, thing.shape, thing.tobytes())
        if isinstance(thing, OPAQUE):
            return make_opaque, (kind.__name__,)
        is_recorder = kind.__name__ == "Recorder" and kind is sys.modules["fastai.learner"].Recorder
        if is_recorder or is_of_parts(thing) and (crossing.is_judge or crossing.knows(kind)):  # pickled, a Recorder forgets
            return copyreg.__newobj__, (kind,), crossing.state_of(thing), None, None, set_state
        return (self._of_the_judge if crossing.is_judge else self._of_the_student)(thing, kind)

    def _of_the_judge(self, thing, kind):
        """What a check hands over: its functions and callbacks stay here, all else is given to the student."""
        crossing = self.crossing
        if crossing.lends:
            return super().reducer_override(thing)
        if kind is types.FunctionType and _stays(thing) or kind is types.MethodType and _is_the_courses(type(thing.__self__)):
            crossing.open.add(id(thing))
            parameters = inspect.signature(thing).parameters.values()
            arch = sys.modules["fastai.vision.learner"].model_meta.get(thing) if "fastai.vision.learner" in sys.modules else None
            parameters = tuple((parameter.name, int(parameter.kind)) for parameter in parameters)
            return make_remote, (thing.__name__, parameters, arch)
        if "fastai.callback.core" in sys.modules and isinstance(thing, sys.modules["fastai.callback.core"].Callback) \
                and _is_the_courses(kind):
            events = tuple(event for event in vars(sys.modules["fastai.callback.core"].event)
                           if event in vars(kind) and not event.startswith("_"))
            own = ("learn",), (getattr(thing, "learn", None),)
            looks = {event: look.__name__ for event, look in getattr(kind, "looks", {}).items()}
            return make_callback, (kind.__name__, kind.order, events, looks), own, None, None, set_state
        return super().reducer_override(thing)

    def _of_the_student(self, thing, kind):
        """What an answer gives back: what only libraries define crosses, all else stays here."""
        crossing = self.crossing
        if isinstance(thing, Axes):
            lines = [(*(np.asarray(line.get_data()[xy], dtype=float) for xy in (0, 1)), line.get_label()) for line in thing.lines]
            return make_axes, ((thing.get_title(), thing.get_xlabel(), thing.get_ylabel()), lines)
        if kind in (types.FunctionType, types.BuiltinFunctionType) or isinstance(thing, type):
            may_be_named = isinstance(thing, type) or _is_below(thing.__module__, FUNCTIONS_OF)
            if of_a_library(thing) and may_be_named or thing in HARMLESS:
                return NotImplemented
            if kind is types.BuiltinFunctionType and isinstance(thing.__self__, re.Pattern):
                return bound, (thing.__self__, thing.__name__)
            return make_remote, (_name(thing),)
        if kind is types.MethodType and (of_a_library(type(thing.__self__)) or id(thing.__self__) in crossing.keys):
            return bound, (thing.__self__, thing.__func__.__name__)
        if crossing.knows(kind):
            try:
                return thing.__reduce_ex__(4)
            except TypeError:
                return make_opaque, (kind.__name__,)
        if isinstance(thing, nn.Module):
            return make_module, (kind.__name__,), crossing.state_of(thing), None, None, set_state
        for plain in PLAIN:
            if isinstance(thing, plain):
                return plain, (plain(thing),)
        return (make_remote if callable(thing) else make_opaque), (kind.__name__,)


def _is_the_courses(kind) -> bool:
    return (kind.__module__ or "").startswith(("tests.", "petkata.checking."))


def _stays(function) -> bool:
    """Whether a function is one of a check's that is called from afar."""
    return _is_the_courses(function) and not _is_in_a_class(function) and not hasattr(function, "goes_along")


def _is_in_a_class(function) -> bool:
    """Whether a function stands in the body of a class."""
    around = function.__qualname__.rpartition(".")[0]
    return around != "" and not around.endswith("<locals>")


def _name(thing) -> str:
    return str(getattr(thing, "__name__", type(thing).__name__))


class _TrustingUnpickler(pickle.Unpickler):
    """Of the student's process, which has no reason to mistrust the judge."""

    def __init__(self, crossing, file):
        super().__init__(file)
        self.crossing = crossing

    def find_class(self, module, name):
        return getattr(self.crossing, name) if module == __name__ and name in SPECIAL else super().find_class(module, name)

    def persistent_load(self, key):
        return self.crossing.known(key)

    def things(self) -> dict:
        return dict(self.memo.copy())


class _PlainUnpickler(pickle.Unpickler):
    """Of numbers, texts and what is made of them: names nothing."""

    def find_class(self, module, name):
        raise CannotCross(f"it names {module}.{name}")


class _StrictUnpickler(pickle._Unpickler):
    """Of the judge: in Python, since each step is looked at."""

    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, crossing, file):
        super().__init__(file)
        self.crossing = crossing

    def find_class(self, module, name):
        if module == __name__ and name in SPECIAL:
            return _Special(getattr(self.crossing, name))
        found = named(module, name) if _in_libraries(module) else None
        if not (isinstance(found, torch.dtype) or isinstance(found, type) and _in_libraries(found.__module__)
                or _among(found, HARMLESS) or isinstance(found, (types.FunctionType, types.BuiltinFunctionType))
                and _is_below(found.__module__, FUNCTIONS_OF)):
            raise CannotCross(f"What came back names {module}.{name}, which no answer may hand over.")
        return found

    def persistent_load(self, key):
        return self.crossing.known(key)

    def load_reduce(self):
        args, function = self.stack.pop(), self.stack[-1]
        if isinstance(function, _Special):
            self.stack[-1] = function.does(*args)
        elif isinstance(function, type) and issubclass(function, (BaseException, Enum)) or _among(function, HARMLESS) \
                or function in PLAIN:
            self.stack[-1] = function(*args)
        else:
            raise CannotCross(f"What came back calls {_name(function)}, which no answer may do.")

    dispatch[pickle.REDUCE[0]] = load_reduce

    def load_newobj(self):
        args, kind = self.stack.pop(), self.stack.pop()
        self.append(self._made(kind, args, {}))

    dispatch[pickle.NEWOBJ[0]] = load_newobj

    def load_newobj_ex(self):
        kwargs, args, kind = self.stack.pop(), self.stack.pop(), self.stack.pop()
        self.append(self._made(kind, args, kwargs))

    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex

    def load_build(self):
        if id(self.stack[-2]) in self.crossing.keys:
            raise CannotCross("What came back changes something of the judge's.")
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build

    def _made(self, kind, args, kwargs):
        if not isinstance(kind, type):
            raise CannotCross("What came back is made of something that is no class.")
        return kind.__new__(kind, *args, **kwargs)

    def _refuse(self):
        raise CannotCross("What came back is a pickle of an old kind.")

    for old in (pickle.OBJ, pickle.INST, pickle.EXT1, pickle.EXT2, pickle.EXT4):
        dispatch[old[0]] = _refuse
    del old

    def things(self) -> dict:
        return dict(self.memo)


class _Special:
    """Something that a Crossing does, in a pickle."""

    def __init__(self, does):
        self.does = does


def _among(thing, some: set) -> bool:
    try:
        return thing in some
    except TypeError:
        return False


class Noted(NamedTuple):
    """A thing as it was: its state, and what tells at a glance that it is still so."""

    glance: object
    state: object

    def still_so(self, thing) -> bool:
        if type(self.glance) is Numbers:
            return self.glance.of(thing)
        return self.glance is not None and self.glance == glance(thing)


class Crossing:
    """One end of the socket. `services` are the functions that the other end may call by name. Of the files in `folder` cross
    those that all share, and those in the folder of this judge's `own`."""

    def __init__(self, connection: socket.socket, is_judge: bool, folder: str | None, own: str = "", services: dict | None = None,
                 printed=None):
        self.socket, self.is_judge, self.services, self.folder, self.own = connection, is_judge, services or {}, folder, own
        self.printed = printed  # a function that gives what this end has printed since it was last asked
        self.objects: dict[tuple, object] = {}  # what both ends know, by key
        self.keys: dict[int, tuple] = {}  # the key, by id()
        self.was: dict[tuple, Noted] = {}  # what can change, as it was when it crossed last
        self.graphs: list[torch.Tensor] = []  # tensors computed here, whose gradients may be asked for
        self.open: set[int] = set()  # ids of the functions of this end that may be called
        self.across: set[int] = set()  # ids of tensors computed at the other end
        self.lends = False  # whether functions of the checks that cross now run at the other end
        self.gives = False  # whether it is a result that crosses now: the other end may ask for its gradients
        self.messages = 0
        self.handed: list[torch.Tensor] = []  # tensors in the last call
        self.loose: list[tuple] = []  # keys of what nobody on the judge's side can reach any more
        self.reachable = 0  # how many things were known when that was looked for last, and could be reached
        self.surroundings: dict = {}  # as they were when the last message crossed
        self.files: dict[str, tuple] = {}  # in the folder, as they were when they crossed last
        self.with_files = False  # whether the folder is spoken of
        if folder is not None:
            for name in (SHARED, own):
                os.makedirs(f"{folder}/{name}", exist_ok=True)
            self._new_files()  # there at both ends

    # --- calls ---

    def call(self, thing, method: str, args: tuple, kwargs: dict):
        """Call something at the other end: a stand-in, or a service by its name. What it raises there, it raises here."""
        if self.is_judge:  # what an iterator gives can cross; it itself cannot
            args = tuple(iter(list(arg)) if isinstance(arg, Iterator) else arg for arg in args)
        self.handed = []
        if self.is_judge and isinstance(thing, str) and len(self.objects) > self.reachable + MANY:  # earlier calls left much
            self.loose = self._unreachable()
            self.reachable = len(self.objects) - len(self.loose)
        self.handed = [thing for thing in _inside((args, kwargs)) if isinstance(thing, torch.Tensor)]
        self.send("call", thing, method, args, tuple(kwargs.items()))
        return self.answer()

    @contextmanager
    def all_goes_along(self):
        """What a check hands over in here stays nowhere: its functions, and all that they use, run at the other end."""
        self.lends = True
        try:
            yield
        finally:
            self.lends = False

    def tell(self, callback, event: str, seen) -> None:
        """Tell a callback at the other end what it would see. It gives no answer, and nothing else crosses."""
        self.send("saw", callback, event, seen, with_changes=False)

    def answer(self):
        """Wait for the other end's answer, and do what it asks for in the meantime."""
        while True:
            verb, *what = self.receive()
            if verb == "gave":
                return what[0]
            if verb == "raised":
                raise self._error(*what)
            self.serve(verb, what)

    def serve(self, verb: str, what: list) -> None:
        """Do what the other end asks for, and answer."""
        if verb == "gradients":
            return self.send("gave", self._gradients(*what))
        if verb == "saw":
            callback, event, seen = what
            if event not in getattr(type(callback), "looks", ()) or not _is_callback(callback):
                raise CannotCross("The student's process tells of what was not handed to it.")
            return callback.saw(event, seen)
        if verb != "call":
            raise CannotCross("The student's process said something that is no answer.")
        thing, method, args, kwargs = what
        try:
            result = self._called(thing, method)(*args, **dict(kwargs))
        except Ended:
            raise
        except BaseException as error:
            if self.is_judge and not isinstance(error, Exception):
                raise  # the time is up, or a person interrupts: not for the student to swallow
            self.send("raised", *self._told(error))
            return
        try:
            self.gives = True
            self.send("gave", result)
        except CannotCross as error:
            self.send("raised", TypeError, (str(error),), [])
        finally:
            self.gives = False

    def _called(self, thing, method: str):
        if isinstance(thing, str):
            return self.services[thing]
        if isinstance(thing, (Remote, RemoteModule)) or id(thing) not in self.keys:
            raise CannotCross("The student's process calls what was not handed to it.")
        if not method:
            if self.is_judge and id(thing) not in self.open:
                raise CannotCross("The student's process calls what was not handed to it.")
            return thing
        if self.is_judge and not _is_the_courses(type(thing)) or method.startswith("_"):
            raise CannotCross("The student's process calls what was not handed to it.")
        bound_method = getattr(thing, method)
        return lambda learn: bound_method()

    def _told(self, error: BaseException) -> tuple:
        """An error as it crosses: itself where it is known, else its class, or the nearest that libraries have, and its words."""
        frames = [] if self.is_judge else frames_of(error)
        if id(error) in self.keys or self.is_judge:
            return error, (), frames
        if isinstance(error, OSError) and error.filename is not None and of_a_library(type(error)):
            return type(error), (error.errno, error.strerror, str(error.filename)), frames
        kind = next(kind for kind in type(error).__mro__ if of_a_library(kind) or id(kind) in self.keys)
        args = tuple(arg if isinstance(arg, (str, int, float, bool, type(None))) else str(arg) for arg in error.args)
        return kind, args, frames

    def _error(self, kind, args, frames) -> BaseException:
        if isinstance(kind, type) and issubclass(kind, BaseException):
            error = kind.__new__(kind, *args)
            if not isinstance(error, OSError):
                error.args = args
        elif isinstance(kind, BaseException):
            error = kind
        else:
            raise CannotCross("The student's process raised what is no error.")
        if self.is_judge:
            error.frames_of_the_answer = [(str(file), int(line), str(name), str(text)) for file, line, name, text in frames]
        return error

    # --- gradients ---

    def gradients(self, number: int, gradient: torch.Tensor, keys: list) -> list:
        self.send("gradients", number, gradient, keys)
        return self.answer()

    def _gradients(self, number, gradient, keys):
        sources = [self.known(key) for key in keys]
        learn = [source for source in sources if source.requires_grad]
        found = iter(torch.autograd.grad(self.graphs[number], learn, gradient, retain_graph=True, allow_unused=True))
        return [next(found) if source.requires_grad else None for source in sources]

    def sources(self) -> list[torch.Tensor]:
        """What a tensor that is computed at the other end can depend on: what was handed over, and weights known there; but what
        the judge computes depends on the weights of a student's network only through what was handed over."""
        if not self.is_judge:
            return [thing for thing in self.handed if thing.requires_grad]
        weights = [thing for thing in self.objects.values() if isinstance(thing, torch.Tensor) and thing.is_leaf]
        others = [thing for thing in self.handed if not thing.is_leaf and id(thing) not in self.across]
        return [thing for thing in weights + others if thing.requires_grad]

    # --- messages ---

    def send(self, *message, with_changes: bool = True) -> None:
        before = self.surroundings, dict(self.was)
        self.messages += 1
        try:
            about = (self._surroundings(), self._forgotten(), self._changes()) if with_changes else ({}, [], [])
            if not any(about) and not self.with_files and all(map(is_plain, message)):
                return self._write(pickle.dumps(message), b"", plain=True)
            file = io.BytesIO()
            pickler = _Pickler(self, file)
            pickler.dump((*about, *message))
        except Ended:
            raise
        except Exception as error:  # as if nothing had been said
            self.surroundings, self.was = before
            self.messages -= 1
            raise CannotCross(f"This cannot be judged, because it cannot leave the process that made it ({error}).") from error
        self._keep({place: thing for place, thing in pickler.memo.copy().values()}, about)
        payload = file.getvalue()
        if self.is_judge:
            self.with_files = self.folder is not None and (self.with_files or Path(self.folder).name.encode() in payload)
        self._write(payload, pickle.dumps(self._new_files() if self.with_files and with_changes else None))

    def receive(self) -> list:
        self.messages += 1
        plain, payload, files = self._read()
        file = io.BytesIO(payload)
        if plain:
            try:
                return list(_PlainUnpickler(file).load())
            except Exception as error:
                raise CannotCross(f"What came back is not what it says ({type(error).__name__}: {error}).") from error
        unpickler = (_StrictUnpickler if self.is_judge else _TrustingUnpickler)(self, file)
        try:
            self._take_files(files)
            surroundings, forgotten, changes, *message = unpickler.load()
            if not self.is_judge:
                self._forget(forgotten)
            self._keep(unpickler.things(), (surroundings, forgotten, changes))
            for key, state in changes:
                self.set_state(self.known(key), state)
                self.was[key] = self.noted(self.objects[key])
            self._surround(surroundings)
        except CannotCross:
            raise
        except Exception as error:
            if not self.is_judge:
                raise
            raise CannotCross(f"What came back cannot be taken apart ({type(error).__name__}: {error}).") from error
        return message

    def _keep(self, things: dict[int, object], about: tuple) -> None:
        """Know from now on what has crossed, but for what is `about` the message: that is gone with it."""
        for place, thing in things.items():
            key = (self.messages, place)
            if isinstance(thing, NO_IDENTITY) or self._is_special(thing) or any(thing is part for part in about):
                continue
            self.objects[key] = thing
            if self.keys.setdefault(id(thing), key) != key:
                continue  # it has come under another key before
            if isinstance(thing, (Remote, RemoteModule)) or hasattr(type(thing), "is_remote"):
                vars(thing)["_crossing"] = self
            if self.has_state(thing):
                self.was[key] = self.noted(thing)

    def _is_special(self, thing) -> bool:
        return isinstance(thing, _Special) or isinstance(thing, types.FunctionType) and SPECIAL.get(thing.__name__) is thing \
            or isinstance(thing, types.MethodType) and thing.__self__ is self

    def _write(self, payload: bytes, files: bytes, plain: bool = False) -> None:
        try:
            self.socket.sendall(HEAD.pack(plain, len(payload), len(files)) + payload + files)
        except OSError as error:
            raise Ended from error

    def _read(self) -> tuple[bool, bytes, bytes]:
        plain, size, of_files = HEAD.unpack(self._exactly(HEAD.size))
        if size + of_files > LARGEST:
            raise CannotCross(f"What came back is too large: {size + of_files:,} bytes.")
        both = self._exactly(size + of_files)
        return plain, both[:size], both[size:]

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = self.socket.recv(min(size, 2**20))
            except OSError as error:
                raise Ended from error
            if not part:
                raise Ended
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    # --- state ---

    def has_state(self, thing) -> bool:
        if isinstance(thing, (Remote, *STATELESS)) or hasattr(type(thing), "is_remote"):
            return False
        return not (self.is_judge and _is_callback(thing))

    def knows(self, kind: type) -> bool:
        """Whether the other end has this class as well."""
        return of_a_library(kind) or id(kind) in self.keys

    def noted(self, thing) -> Noted:
        with plain_tensors():
            return Noted(glance(thing), self.state_of(thing))

    def state_of(self, thing):
        """What of a thing can change, as far as it is its own: what it holds is not looked into."""
        if isinstance(thing, torch.Tensor):
            hooks = tuple((thing._backward_hooks or {}).values()) if self.is_judge else ()
            return None if is_lazy(thing) else _numbers(thing), thing.requires_grad, thing.grad if thing.is_leaf else None, hooks
        if isinstance(thing, np.ndarray):
            return _numbers(thing)
        if isinstance(thing, random.Random):
            return thing.getstate()
        own = dict(getattr(thing, "__dict__", ()))
        own.pop("_crossing", None)
        if isinstance(thing, RemoteModule) or isinstance(thing, nn.Module) and not self.is_judge and not self.knows(type(thing)):
            own = {name: value for name, value in own.items() if not HOOKS.match(name)}
        if isinstance(thing, nn.Module) and not waits_for_a_shape(thing):
            own.update({name: tuple(own[name].items()) for name in PARTS if name in own})
        own = tuple(own), tuple(own.values())  # tuples: what is known by itself is the thing, not its state
        if isinstance(thing, dict):
            return own, tuple(thing.items())
        if isinstance(thing, (list, deque, set)):
            return own, tuple(thing)
        return own

    def _changes(self) -> list[tuple]:
        """Keys and states of all that is known at both ends and is no longer as it crossed last."""
        changes, anew = [], {}
        with plain_tensors():
            for key, before in self.was.items():
                thing = self.objects[key]
                if not before.still_so(thing):
                    now = anew[key] = self.noted(thing)
                    if not _as_it_was(now.state, before.state):
                        changes.append((key, now.state))
        self.was.update(anew)
        return changes

    def _forgotten(self) -> list[tuple]:
        """The keys of what nobody holds any more on the judge's side. Forget them here, too."""
        if not self.is_judge:
            return []
        self._forget(self.loose)
        loose, self.loose = self.loose, []
        for key in list(self.objects):
            thing = self.objects[key]
            if sys.getrefcount(thing) == 3:  # this dict, `thing`, and the call
                loose.append(key)
        self._forget(loose)
        self.reachable = min(self.reachable, len(self.objects))
        return loose

    def _unreachable(self) -> list[tuple]:
        """The keys of what only this Crossing still holds, or what hangs together only with such things, as a Learner does with
        its callbacks. The garbage collector finds it: for a moment nobody holds what the Crossing does, and it keeps what it
        finds."""
        gc.collect()  # what nobody holds at all
        waits = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})  # a time limit, for as long as nothing is held here
        held = [self.objects, self.was]
        held.append(held)
        places, place_of_held = {key: id(thing) for key, thing in self.objects.items()}, id(held)
        self.objects = self.was = held = None
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        gc.set_debug(0)
        found = {id(thing): thing for thing in gc.garbage}
        self.objects, self.was, _ = found[place_of_held]
        signal.pthread_sigmask(signal.SIG_SETMASK, waits)
        loose = [key for key, place in places.items() if place in found]
        found.pop(place_of_held).clear()
        gc.garbage.clear()
        return loose

    def _forget(self, keys) -> None:
        for key in keys:
            thing = self.objects.pop(key, None)
            if self.keys.get(id(thing)) == key:
                del self.keys[id(thing)]
            self.was.pop(key, None)

    def set_state(self, thing, state):
        if isinstance(thing, torch.Tensor):
            numbers, learns, grad, hooks = state
            if numbers is not None and is_lazy(thing):
                thing.materialize(numbers[1], dtype=numbers[0])
            if numbers is not None and numbers != _numbers(thing):
                new = _tensor(*numbers)
                if new.shape == thing.shape and new.dtype == thing.dtype:
                    thing.data.copy_(new)
                else:
                    thing.data = new
            if thing.is_leaf:
                if thing.requires_grad != learns:
                    thing.requires_grad_(bool(learns))
                thing.grad = grad
            here = vars(thing).setdefault("_hooks_of_the_checks", [])
            for hook in () if self.is_judge else hooks:
                if not any(hook is other for other in here):
                    here.append(hook)
                    thing.register_hook(hook)
            return
        if isinstance(thing, np.ndarray):
            new = self.make_array(*state)
            if new.shape != thing.shape or new.dtype != thing.dtype:
                raise CannotCross("An array changed its shape in place.")
            thing[...] = new
            return
        if isinstance(thing, random.Random):
            return thing.setstate(state)
        own, items = state if isinstance(thing, (dict, list, deque, set)) else (state, None)
        self._set_own(thing, dict(zip(*own)))
        if items is not None:
            thing.clear()
            (thing.extend if isinstance(thing, (list, deque)) else thing.update)(items)

    def _set_own(self, thing, own: dict) -> None:
        if not hasattr(thing, "__dict__"):
            return
        now = vars(thing)
        if self.is_judge:
            for name, value in own.items():
                method = callable(getattr(type(thing), name, None)) and not isinstance(thing, RemoteModule)
                if name not in now and callable(value) and method:
                    raise CannotCross(f"The answer has put something of its own in the place of {type(thing).__name__}.{name}.")
        kept = {name: now[name] for name in now if name == "_crossing" or isinstance(thing, nn.Module) and HOOKS.match(name)}
        own = {name: now[name] if isinstance(value, Opaque) and name in now else value for name, value in own.items()}
        for name in PARTS.keys() & own.keys() if isinstance(thing, nn.Module) else ():
            if isinstance(items := own[name], tuple):
                own[name] = now.get(name, PARTS[name]())
                own[name].clear()
                own[name].update(items)
        now.clear()
        now.update({**kept, **own})

    def known(self, key):
        try:
            return self.objects[key]
        except KeyError:
            raise CannotCross("What came back speaks of something that was never handed over.") from None

    # --- what is made at this end ---

    def tensor(self, thing: torch.Tensor):
        """How a tensor that is new to the other end crosses."""
        if is_lazy(thing):
            return make_lazy, (thing.requires_grad,)
        number, kind = None, type(thing)
        if not of_a_library(kind):
            kind = torch.Tensor
        if thing.grad_fn is not None and (self.gives or not self.is_judge):
            number = len(self.graphs)
            self.graphs.append(thing)
        parts = kind, *_numbers(thing), thing.requires_grad, isinstance(thing, nn.Parameter), number
        _, learns, grad, hooks = self.state_of(thing)
        return (make_tensor, parts, (None, learns, grad, hooks), None, None, set_state) if grad is not None or hooks else \
            (make_tensor, parts)

    def make_tensor(self, kind, dtype, shape, numbers, learns, is_parameter, number):
        data = _tensor(dtype, shape, numbers)
        if is_parameter:
            return nn.Parameter(data, requires_grad=learns)
        if not (isinstance(kind, type) and issubclass(kind, torch.Tensor)):
            raise CannotCross("What came back is no tensor.")
        if number is not None:
            sources = self.sources()
            with torch.enable_grad():
                data = _Across.apply(self, number, data, *sources)
            self.across.add(id(data))
        elif learns:
            data.requires_grad_()
        return data if kind is torch.Tensor else data.as_subclass(kind)

    def make_lazy(self, learns):
        return nn.UninitializedParameter(requires_grad=bool(learns))

    def make_array(self, dtype, shape, numbers):
        return np.frombuffer(bytearray(numbers), dtype).reshape(shape)

    def make_remote(self, name, parameters=(), arch=None):
        """`arch` is what fastai knows of a function that makes networks."""
        remote = Remote(str(name), tuple((name, list(inspect._ParameterKind)[kind]) for name, kind in parameters))
        if arch is not None and not self.is_judge:
            sys.modules["fastai.vision.learner"].model_meta[remote] = arch
        return remote

    def make_opaque(self, name):
        return Opaque(str(name))

    def make_module(self, name):
        return type(str(name), (RemoteModule,), {})()

    def make_callback(self, name, order, events, looks):
        if self.is_judge:
            raise CannotCross("What came back names a callback that is not there.")
        watching = importlib.import_module("petkata.checking.watching")
        return remote_callback(name, order, events, {event: getattr(watching, look) for event, look in looks.items()})

    def make_axes(self, words, lines):
        """Axes with these lines, each of (x, y, label), as if drawn here; `words` are the title and the labels."""
        axes = Figure().add_subplot()
        axes.set(**dict(zip(("title", "xlabel", "ylabel"), map(str, words))))
        for x, y, label in lines:
            axes.plot(x, y, label=str(label))
        return axes

    def bound(self, thing, name):
        if str(name).startswith("__") or not (of_a_library(type(thing)) or id(thing) in self.keys):
            raise CannotCross("What came back names a method that no answer may hand over.")
        return getattr(thing, name)

    # --- random numbers, and whether gradients are computed ---

    def _surroundings(self) -> dict:
        """What has changed of them since the last message."""
        kind, numbers, *rest = np.random.get_state()
        now = {"python": random.getstate(), "numpy": (kind, numbers.tobytes(), *rest),
               "torch": torch.get_rng_state().numpy().tobytes(),
               "gradients": torch.is_grad_enabled(), "dtype": torch.get_default_dtype(), "place": self._place()}
        changed = {name: value for name, value in now.items() if value != self.surroundings.get(name)}
        self.surroundings = now
        if self.printed and (printed := self.printed()):
            changed["printed"] = printed
        return changed

    def _place(self) -> str:
        """The current folder; from the folder of the checks' files, if it is in there."""
        try:
            place = os.getcwd()
        except FileNotFoundError:  # it has been removed
            place = self.surroundings.get("place", "/")
        return place.removeprefix(f"{self.folder}/") if self.folder else place

    def _surround(self, changed: dict) -> None:
        if "python" in changed:
            random.setstate(changed["python"])
        if "numpy" in changed:
            kind, numbers, *rest = changed["numpy"]
            np.random.set_state((kind, np.frombuffer(numbers, np.uint32), *rest))
        if "torch" in changed:
            torch.set_rng_state(torch.frombuffer(bytearray(changed["torch"]), dtype=torch.uint8))
        if "gradients" in changed:
            torch.set_grad_enabled(bool(changed["gradients"]))
        if "dtype" in changed:
            torch.set_default_dtype(changed["dtype"])
        if self.is_judge:
            sys.stdout.write(str(changed.pop("printed", "")))
        elif "place" in changed:
            place = os.path.join(self.folder or "/", changed["place"])
            os.makedirs(place, exist_ok=True)
            os.chdir(place)
        self.surroundings = {**self.surroundings, **changed}

    # --- files ---

    def _new_files(self) -> dict[str, bytes | None | str]:
        """What in the folder is not as it was when it crossed last: contents, None for a folder, "" for what is gone."""
        changed, now, size, folders = {}, {}, 0, [f"{name}/" for name in (SHARED, self.own)]
        while folders:
            below = folders.pop()
            for entry in os.scandir(os.path.join(self.folder, below)):
                inside = f"{below}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    now[inside] = (None,)
                    folders.append(f"{inside}/")
                elif entry.is_file(follow_symlinks=False):
                    stat = entry.stat(follow_symlinks=False)
                    now[inside] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
                else:
                    continue
                if now[inside] != self.files.get(inside):
                    size += 0 if len(now[inside]) == 1 else now[inside][1]
                    if size > LARGEST // 4:
                        raise CannotCross("Too much was written.")
                    changed[inside] = None if len(now[inside]) == 1 else Path(entry.path).read_bytes()
        changed.update({inside: "" for inside in self.files if inside not in now})
        self.files = now
        return changed

    def _take_files(self, packed: bytes) -> None:
        files = _StrictUnpickler(self, io.BytesIO(packed)).load()
        self.with_files = files is not None or self.is_judge and self.with_files
        if files is None:
            return
        for inside, content in sorted(files.items(), key=lambda pair: (pair[1] is not None, pair[0])):
            parts = Path(inside).parts
            if not parts or os.path.isabs(inside) or ".." in parts:
                raise CannotCross("What came back writes outside its folder.")
            path = os.path.join(self.folder, inside)
            if content is None:
                os.makedirs(path, exist_ok=True)
                self.files[inside] = (None,)
            elif content == "":
                _remove(path)
                self.files.pop(inside, None)
            else:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                beside = f"{path}.crossing"
                Path(beside).write_bytes(content)
                os.replace(beside, path)
                stat = os.lstat(path)
                self.files[inside] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)


def _remove(path: str) -> None:
    shutil.rmtree(path) if os.path.isdir(path) else Path(path).unlink(missing_ok=True)


def _is_callback(thing) -> bool:
    core = sys.modules.get("fastai.callback.core")
    return core is not None and isinstance(thing, core.Callback) and _is_the_courses(type(thing))


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


def _numbers(thing) -> tuple:
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
        return thing.getstate()
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


def _as_it_was(now, before) -> bool:
    """Whether two states hold the same things: the same objects, or equal numbers and texts."""
    if now is before:
        return True
    kind = type(now)
    if kind is not type(before):
        return False
    if kind is dict:
        return now.keys() == before.keys() and all(_as_it_was(value, before[name]) for name, value in now.items())
    if kind is tuple:
        return len(now) == len(before) and all(map(_as_it_was, now, before))
    return kind in NO_IDENTITY and now == before


def _inside(value):
    """All that stands in lists, tuples and dicts, however deep."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _inside(one)
    else:
        yield value


def _tensor(dtype, shape, numbers) -> torch.Tensor:
    if not numbers:
        return torch.empty(shape, dtype=dtype, device="meta" if numbers is None else "cpu")
    return torch.frombuffer(bytearray(numbers), dtype=dtype).reshape(shape).clone()  # not a view


def frames_of(error: BaseException) -> list[tuple[str, int, str, str]]:
    """Where an error went through the answer's own cells: file, line, function, and the text of the line."""
    import linecache

    frames, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "ipykernel_" in code.co_filename or code.co_filename.startswith("<cell"):
            frames.append((code.co_filename, trace.tb_lineno, code.co_name, linecache.getline(code.co_filename, trace.tb_lineno)))
        trace = trace.tb_next
    return frames[-20:]
