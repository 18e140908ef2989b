"""How things are written into a message, and read out of it: by the student's process, which trusts the judge, and by the judge,
which trusts nobody."""

from __future__ import annotations

import copy
import copyreg
import inspect
import pickle
import random
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from enum import Enum, EnumType
from fractions import Fraction
from functools import partial

import cloudpickle
import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.data.core import FilteredBase
from fastai.data.load import DataLoader
from matplotlib.axes import Axes
from PIL.Image import Image
from torch import nn
from torch.utils.hooks import RemovableHandle

from petkata.classroom.crossing.names import (
    EXACT,
    NEVER_MADE,
    PLAIN,
    SET_THEMSELVES,
    both_know,
    is_callback,
    is_pythons_own,
    is_the_courses,
    may_be_bound,
    may_be_called,
    may_be_named,
    name_of,
    named,
    stays,
    takes_the_place_of_a_method,
)
from petkata.classroom.crossing.shapes import NAMED, is_data, leaves
from petkata.classroom.crossing.stand_ins import Opaque
from petkata.classroom.crossing.things import NO_IDENTITY, OF_NUMBERS, OPAQUE, is_of_parts
from petkata.classroom.crossing.wire import CannotCross


# The names that pickles use for what a Crossing does.
def set_state(thing, state): ...
def make_tensor(kind, dtype, shape, numbers, learns, is_parameter, number): ...
def make_lazy(learns): ...
def make_array(dtype, shape, numbers): ...
def make_scalar(dtype, numbers): ...
def make_dtype(name): ...
def make_remote(name, parameters=(), arch=None, order=0): ...
def make_opaque(name): ...
def make_module(name): ...
def make_callback(name, order, events, looks): ...
def make_axes(words, lines): ...
def bound(thing, name): ...


VIEWS = type({}.keys()), type({}.values()), type({}.items())
FUNCTIONS = types.FunctionType, types.BuiltinFunctionType
SPECIAL = {function.__name__: function for function in
           (set_state, make_tensor, make_lazy, make_array, make_scalar, make_dtype, make_remote, make_opaque, make_module,
            make_callback, make_axes, bound)}


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
        if isinstance(thing, np.ndarray):
            return self._array(thing)
        if isinstance(thing, np.generic) and thing.dtype.kind in OF_NUMBERS:
            return make_scalar, (thing.dtype.str, thing.tobytes())
        if isinstance(thing, np.dtype) and thing.kind in OF_NUMBERS:
            return make_dtype, (thing.str,)
        if isinstance(thing, (Opaque, *OPAQUE)):
            return make_opaque, (name_of(thing),)
        is_recorder = kind.__name__ == "Recorder" and kind is sys.modules["fastai.learner"].Recorder
        if is_recorder or is_of_parts(thing) and (crossing.is_judge or crossing.knows(kind)):  # pickled, a Recorder forgets
            return copyreg.__newobj__, (kind,), crossing.state_of(thing), None, None, set_state
        return (self._of_the_judge if crossing.is_judge else self._of_the_student)(thing, kind)

    def _array(self, thing: np.ndarray):
        if thing.dtype.kind in OF_NUMBERS:
            return make_array, (thing.dtype.str, thing.shape, thing.tobytes())
        if self.crossing.is_judge:
            raise CannotCross("An array of objects cannot be judged; numbers or texts are expected.")
        return make_opaque, ("array of objects",)

    def _of_the_judge(self, thing, kind):
        """What a check hands over: its functions and callbacks stay here, all else is given to the student."""
        crossing = self.crossing
        if crossing.lends:
            return super().reducer_override(thing)
        if kind is types.FunctionType and stays(thing) or kind is types.MethodType and is_the_courses(type(thing.__self__)):
            crossing.open.add(id(thing))
            parameters = inspect.signature(thing).parameters.values()
            known = sys.modules["fastai.vision.learner"].model_meta if "fastai.vision.learner" in sys.modules else {}
            arch = copy.deepcopy(known.get(thing))  # the check compares with its lists
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
        if kind in (types.MethodType, types.BuiltinFunctionType) and may_be_bound(thing.__self__, thing.__name__):
            return bound, (thing.__self__, thing.__name__)
        if kind in FUNCTIONS or isinstance(thing, type):
            return NotImplemented if both_know(thing) else (make_remote, (name_of(thing),))
        if kind is types.MethodType or kind is partial and not isinstance(thing.func, FUNCTIONS):
            return make_remote, (name_of(thing),)
        data = thing.dataset if isinstance(thing, DataLoader) else thing
        if isinstance(data, FilteredBase) and id(data) not in crossing.keys:
            return make_opaque, (kind.__name__,)  # pictures of the student's own, or a loader of them: the checks have theirs
        if kind is defaultdict and thing.default_factory not in (None, *PLAIN):
            return dict, (dict(thing),)
        if crossing.knows(kind) and not isinstance(thing, Image):
            try:
                parts = thing.__reduce_ex__(4)
            except TypeError:
                return make_opaque, (kind.__name__,)
            if type(parts) is tuple and len(parts) > 2 and type(parts[2]) is dict:
                own = {name: value for name, value in parts[2].items()
                       if not is_pythons_own(name) and not (type(value) is types.MethodType and value.__self__ is thing)}
                parts = *parts[:2], own, *parts[3:]
            return parts
        if isinstance(thing, nn.Module):
            return make_module, (kind.__name__,), crossing.state_of(thing), None, None, set_state
        for plain in PLAIN:
            if isinstance(thing, plain):
                return plain, (str.__str__(thing) if plain is str else plain(thing),)  # of an Enum, str() gives the name
        if isinstance(thing, (Fraction, Decimal)):
            return float, (float(thing),)
        if isinstance(thing, VIEWS):
            return list, (list(thing),)
        if hasattr(kind, "__array__"):  # such as the tables of pandas
            return self._array(np.asarray(thing))
        if isinstance(thing, Callback):
            return make_remote, (kind.__name__, (), None, thing.order)
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


SETS_BY_TUPLE = partial, random.Random, RemovableHandle
FILLED = list, deque, dict, OrderedDict, defaultdict, Counter, set


class StrictUnpickler(pickle._Unpickler):
    """Of the judge: in Python, since each step is looked at."""

    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, crossing, file):
        super().__init__(file)
        self.crossing = crossing
        self.made: dict[int, object] = {}  # by this pickle, by id()
        self.whole: set[int] = set()  # ids of those that have all that they get

    def find_class(self, module, name):
        if module == __name__ and name in SPECIAL:
            return Special(name, getattr(self.crossing, name))
        found = named(module, name)
        if not may_be_named(found):
            raise CannotCross(f"What came back names {module}.{name}, which no answer may hand over.")
        return found

    def persistent_load(self, key):
        """What both ends know by this key. The judge's own messages have named many functions and classes; such a one stays where
        it stands, and is nothing that could be put elsewhere."""
        known = self.crossing.known(key)
        taken = not isinstance(known, NAMED) or isinstance(known, EnumType) or may_be_named(known) or is_the_courses(known)
        return known if taken or self.crossing.has_handed_over(known) else Opaque(name_of(known))

    def load_reduce(self):
        args, function = self.stack.pop(), self.stack[-1]
        self._must_be_a_tuple(args)
        if isinstance(function, Special):
            if function.name == "set_state":
                self._must_be_made_here(args[0])
            elif function.name != "bound" and not all(is_data(one) or isinstance(one, type) for one in leaves(args)):
                raise CannotCross("What came back is made of something that may not be made.")
            made = function.does(*args)
            self.whole.add(id(made))
        elif isinstance(function, type) and issubclass(function, BaseException):
            made = function.__new__(function, *args)
        elif may_be_called(function, args):
            made = function(*args)
        else:
            raise CannotCross(f"What came back calls {name_of(function)}, which no answer may do.")
        self.stack[-1] = self.made[id(made)] = made

    dispatch[pickle.REDUCE[0]] = load_reduce

    def load_newobj(self):
        args, kind = self.stack.pop(), self.stack.pop()
        self.append(self._made(kind, args))

    dispatch[pickle.NEWOBJ[0]] = load_newobj

    def load_build(self):
        state, thing = self.stack.pop(), self.stack[-1]
        self._must_be_made_here(thing)
        if id(thing) in self.whole or isinstance(thing, torch.Tensor) \
                or isinstance(thing, torch.optim.Optimizer) and not all(map(is_data, leaves(state))):
            raise CannotCross("What came back is made of something that may not be made.")
        sets_itself = inspect.getattr_static(type(thing), "__setstate__", None)
        if type(state) is dict:
            for name, value in state.items():
                if type(name) is not str or takes_the_place_of_a_method(type(thing), name, value):
                    raise CannotCross(f"The answer has put something of its own in the place of {type(thing).__name__}.{name}.")
        elif not isinstance(thing, SETS_BY_TUPLE) or type(state) is not tuple \
                or isinstance(thing, RemovableHandle) and [type(part) for part in state] != [OrderedDict, int, tuple]:
            raise CannotCross("What came back is made of something that may not be made.")
        if sets_itself is None:
            vars(thing).update(state)
        elif isinstance(thing, SET_THEMSELVES):
            sets_itself(thing, state)
        else:
            raise CannotCross("What came back is made of something that may not be made.")

    dispatch[pickle.BUILD[0]] = load_build

    def _must_be_made_here(self, thing):
        """Nothing that was here before is changed: a thing must be made by this very pickle."""
        if id(thing) not in self.made or id(thing) in self.crossing.keys or isinstance(thing, (*NEVER_MADE, Enum, Special)):
            raise CannotCross("What came back changes something of the judge's.")

    def _must_be_a_tuple(self, args):
        """And nothing that gives something else each time it is asked."""
        if type(args) is not tuple:
            raise CannotCross("What came back is a pickle that no pickler makes.")

    def _made(self, kind, args):
        self._must_be_a_tuple(args)
        if not isinstance(kind, type) or issubclass(kind, NEVER_MADE) or not all(type(arg) in EXACT for arg in args) \
                or not may_be_named(kind) and id(kind) not in self.crossing.keys:
            raise CannotCross("What came back is made of something that may not be made.")
        made = kind.__new__(kind, *args)
        self.made[id(made)] = made
        return made

    def _into(self, thing, kinds):
        """What is filled: only what Python itself fills, and nothing that was here before."""
        if type(thing) not in kinds or id(thing) in self.crossing.keys:
            raise CannotCross("What came back changes something of the judge's.")

    def load_append(self):
        self._into(self.stack[-2], FILLED)
        super().load_append()

    def load_appends(self):
        self._into(self.metastack[-1][-1], FILLED)
        super().load_appends()

    def load_setitem(self):
        self._into(self.stack[-3], FILLED)
        super().load_setitem()

    def load_setitems(self):
        self._into(self.metastack[-1][-1], FILLED)
        super().load_setitems()

    def load_additems(self):
        self._into(self.metastack[-1][-1], FILLED)
        super().load_additems()

    dispatch.update({pickle.APPEND[0]: load_append, pickle.APPENDS[0]: load_appends, pickle.SETITEM[0]: load_setitem,
                     pickle.SETITEMS[0]: load_setitems, pickle.ADDITEMS[0]: load_additems})

    def _refuse(self):
        raise CannotCross("What came back is a pickle of an old kind.")

    for old in (pickle.NEWOBJ_EX, pickle.OBJ, pickle.INST, pickle.EXT1, pickle.EXT2, pickle.EXT4):
        dispatch[old[0]] = _refuse
    del old

    def things(self) -> dict:
        return dict(self.memo)


class Special:
    """Something that a Crossing does, in a pickle."""

    def __init__(self, name, does):
        self.name, self.does = name, does
