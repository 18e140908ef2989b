"""How things are written into a message, and read out of it: by the student's process, which trusts the judge, and by the judge,
which trusts nobody."""

from __future__ import annotations

import copyreg
import inspect
import pickle
import re
import sys
import types
from enum import EnumType

import cloudpickle
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import nn

from petkata.classroom.crossing.names import (
    HARMLESS,
    NEVER_MADE,
    PLAIN,
    among,
    both_know,
    is_the_courses,
    may_be_named,
    name_of,
    named,
    stays,
)
from petkata.classroom.crossing.stand_ins import is_callback
from petkata.classroom.crossing.things import NO_IDENTITY, OPAQUE, is_of_parts
from petkata.classroom.crossing.wire import CannotCross


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


class Pickler(cloudpickle.Pickler):
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
        if kind is types.FunctionType and stays(thing) or kind is types.MethodType and is_the_courses(type(thing.__self__)):
            crossing.open.add(id(thing))
            parameters = inspect.signature(thing).parameters.values()
            arch = sys.modules["fastai.vision.learner"].model_meta.get(thing) if "fastai.vision.learner" in sys.modules else None
            parameters = tuple((parameter.name, int(parameter.kind)) for parameter in parameters)
            return make_remote, (thing.__name__, parameters, arch)
        if is_callback(thing):
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
            if both_know(thing):
                return NotImplemented
            if kind is types.BuiltinFunctionType and isinstance(thing.__self__, re.Pattern):
                return bound, (thing.__self__, thing.__name__)
            return make_remote, (name_of(thing),)
        if kind is types.MethodType and (both_know(type(thing.__self__)) or id(thing.__self__) in crossing.keys):
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


class TrustingUnpickler(pickle.Unpickler):
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


class PlainUnpickler(pickle.Unpickler):
    """Of numbers, texts and what is made of them: names nothing."""

    def find_class(self, module, name):
        raise CannotCross(f"it names {module}.{name}")


class StrictUnpickler(pickle._Unpickler):
    """Of the judge: in Python, since each step is looked at."""

    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, crossing, file):
        super().__init__(file)
        self.crossing = crossing

    def find_class(self, module, name):
        if module == __name__ and name in SPECIAL:
            return Special(getattr(self.crossing, name))
        found = named(module, name)
        if not may_be_named(found):
            raise CannotCross(f"What came back names {module}.{name}, which no answer may hand over.")
        return found

    def persistent_load(self, key):
        return self.crossing.known(key)

    def load_reduce(self):
        args, function = self.stack.pop(), self.stack[-1]
        if isinstance(function, Special):
            self.stack[-1] = function.does(*args)
        elif isinstance(function, type) and issubclass(function, BaseException):
            self.stack[-1] = function.__new__(function, *args)
        elif among(function, HARMLESS) or isinstance(function, EnumType) and len(args) == 1:  # with more it would make a class
            self.stack[-1] = function(*args)
        else:
            raise CannotCross(f"What came back calls {name_of(function)}, which no answer may do.")

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
        if id(self.stack[-2]) in self.crossing.keys or isinstance(self.stack[-2], (*NEVER_MADE, Special)):
            raise CannotCross("What came back changes something of the judge's.")
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build

    def _made(self, kind, args, kwargs):
        if not isinstance(kind, type) or issubclass(kind, NEVER_MADE):
            raise CannotCross("What came back is made of something that may not be made.")
        return kind.__new__(kind, *args, **kwargs)

    def _refuse(self):
        raise CannotCross("What came back is a pickle of an old kind.")

    for old in (pickle.OBJ, pickle.INST, pickle.EXT1, pickle.EXT2, pickle.EXT4):
        dispatch[old[0]] = _refuse
    del old

    def things(self) -> dict:
        return dict(self.memo)


class Special:
    """Something that a Crossing does, in a pickle."""

    def __init__(self, does):
        self.does = does
