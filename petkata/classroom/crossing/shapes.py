"""What the things may hold that a student's process hands over, or has changed.

A Learner calls its callbacks, a layer its hooks, and fastcore evaluates what it takes for an annotation: in the wrong place, the
right thing does what a student wishes. So things hold data. What else they hold is named here, by the class of who holds it and
by attribute: a network, a function that only computes, or what stands for something that stays with the student's process.
"""

from __future__ import annotations

import random
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial

import numpy as np
import torch
from fastai.callback.core import Callback
from fastai.callback.schedule import _Annealer
from fastai.data.core import DataLoaders, FilteredBase
from fastai.data.load import DataLoader, _FakeLoader
from fastai.learner import Learner, Metric, Recorder, _ConstantFunc
from fastai.losses import BaseLoss
from fastai.optimizer import Lookahead, Optimizer, OptimWrapper, _BaseOptimizer
from fastcore.basics import fastuple
from fastcore.foundation import CollBase, L
from fasttransform import Pipeline, Transform
from matplotlib.axes import Axes
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.modules.module import _WrappedHook
from torch.utils.hooks import RemovableHandle

from petkata.classroom.crossing.names import PLAIN, both_know, is_pythons_own
from petkata.classroom.crossing.stand_ins import Opaque, Remote
from petkata.classroom.crossing.things import HOOKS, NO_IDENTITY, OPAQUE, WITH_ITEMS

# What a pickle names, and does not make.
NAMED = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodDescriptorType,
         types.WrapperDescriptorType, types.MethodWrapperType, types.ClassMethodDescriptorType, types.GetSetDescriptorType,
         types.MemberDescriptorType, property, staticmethod, classmethod, types.CodeType, types.CellType, np.ufunc)
SEQUENCES = (list, tuple, set, frozenset, deque, fastuple, torch.Size)
TABLES = (dict, OrderedDict, defaultdict, Counter)
HOLDERS = {*SEQUENCES, *TABLES, L}
OF_DATA_SETS = FilteredBase, CollBase, Pipeline, Transform, np.ndarray
DATA = (*NO_IDENTITY, bytearray, torch.Tensor, np.ndarray, np.generic, random.Random, Enum, Opaque, Remote,
        *OPAQUE)  # no student's process makes these last


def inside(thing) -> Iterator:
    """What stands in lists, tables and the like, however deep, and these themselves."""
    todo, seen = [thing], set()
    while todo:
        one = todo.pop()
        yield one
        kind = type(one)
        if kind in HOLDERS and id(one) not in seen:  # it may hold itself
            seen.add(id(one))
            todo += [*one, *one.values()] if kind in TABLES else [vars(one).get("items")] if kind is L else one


def leaves(thing) -> Iterator:
    """What stands in lists, tables and the like, however deep."""
    return (one for one in inside(thing) if type(one) not in HOLDERS)


def of_pictures(data_sets: list) -> set[int]:
    """The ids of all that these data sets are made of: lists of files and breeds, transforms, and how a breed becomes a
    number."""
    todo, found = list(data_sets), set()
    while todo:
        one = todo.pop()
        if id(one) in found or type(one) not in HOLDERS and not isinstance(one, OF_DATA_SETS):
            continue
        found.add(id(one))
        todo += [*one, *one.values()] if type(one) in TABLES else one if type(one) in SEQUENCES else []
        todo += getattr(one, "__dict__", {}).values()
    return found


def is_data(thing) -> bool:
    return isinstance(thing, DATA) or isinstance(thing, type) and (thing in PLAIN or issubclass(thing, torch.Tensor))


def is_function(thing) -> bool:
    """Whether it is a function that only computes, or a part of one, or runs in the student's process."""
    if type(thing) is partial:
        return not vars(thing) and is_function(thing.func) and all(map(is_data, leaves((thing.args, thing.keywords))))
    return isinstance(thing, Remote) or isinstance(thing, (types.FunctionType, types.BuiltinFunctionType)) and both_know(thing)


def is_hook(thing) -> bool:
    return is_function(thing) or type(thing) is _WrappedHook or \
        isinstance(thing, types.MethodType) and isinstance(thing.__self__, LazyModuleMixin)


def one_of(*kinds: type) -> Callable[[object], bool]:
    return lambda thing: isinstance(thing, kinds)


# By the class of who holds it: for each attribute what may be there besides data. "" is for all others.
HOLDS: dict[type, dict[str, tuple[Callable[[object], bool], ...]]] = {
    nn.Module: {"_modules": (one_of(nn.Module),), "": (one_of(nn.Module, RemovableHandle), is_function)},
    torch.optim.Optimizer: {},
    _WrappedHook: {"hook": (is_hook,), "module": (one_of(nn.Module),)},
    Optimizer: {"cbs": (is_function,)},
    OptimWrapper: {"opt": (one_of(torch.optim.Optimizer),)},
    Lookahead: {"opt": (one_of(Optimizer),)},
    Metric: {"func": (is_function,)},
    BaseLoss: {"func": (one_of(nn.Module), is_function)},
    Callback: {"learn": (one_of(Learner),), "scheds": (one_of(_Annealer), is_function), "comp": (is_function,)},
    Recorder: {"": (one_of(Metric),)},
    _Annealer: {"f": (is_function,)},
    Learner: {"model": (one_of(nn.Module),), "opt": (one_of(_BaseOptimizer, torch.optim.Optimizer),),
              "dls": (one_of(DataLoaders),), "dl": (one_of(DataLoader),),
              "loss_func": (one_of(nn.Module, BaseLoss), is_function), "_metrics": (one_of(Metric),),
              "": (one_of(Callback, nn.Module), is_function)},
    DataLoader: {"dataset": (one_of(FilteredBase),), "": (one_of(Pipeline, Transform, _FakeLoader, _ConstantFunc), is_function)},
    _FakeLoader: {"": (one_of(DataLoader, _FakeLoader), is_function)},
    Pipeline: {"": (one_of(Transform), is_function)},
    Transform: {"": (one_of(Transform), is_function)},
}


def misplaced(thing, is_ours: Callable[[object], bool], before: dict) -> list[str]:
    """The names of the attributes in which a thing of the student's, or one that they have changed, holds what it may not. What
    the judge had before, and `is_ours`, may be anywhere; any function or class may be where it was `before`."""
    if type(thing) is L:
        return [name for name, value in vars(thing).items() if name != "items"
                or type(value) not in (list, tuple, range, np.ndarray)]
    if type(thing) is partial:
        return [] if is_function(thing) else ["func"]
    if isinstance(thing, (Axes, Enum, Remote, RemovableHandle, torch.Tensor)) or not hasattr(thing, "__dict__"):
        return []
    held = [holds for kind, holds in HOLDS.items() if isinstance(thing, kind)]

    def belongs(name, one):
        if isinstance(thing, nn.Module) and HOOKS.match(name):
            kinds = [is_hook]
        else:
            kinds = [kind for holds in held for kind in holds.get(name, holds.get("", ()))]
        return is_data(one) or any(kind(one) for kind in kinds) or is_ours(one)

    return [name for name, value in vars(thing).items()
            if not is_pythons_own(name) and not (isinstance(value, NAMED) and value is before.get(name))
            and not all(belongs(name, one) for one in leaves(value))]


def is_a_state(state, thing) -> bool:
    """Whether it is made as `Crossing.state_of` makes the state of such a thing: of tuples, which are what they say."""
    if type(state) is not tuple:
        return False
    if isinstance(thing, torch.Tensor):
        numbers, _, gradient, hooks = state if len(state) == 4 else (0, 0, 0, 0)
        right = numbers is None or type(numbers) is tuple and len(numbers) == 3 and all(map(is_data, leaves(numbers)))
        return right and (gradient is None or isinstance(gradient, torch.Tensor)) and hooks == ()
    if isinstance(thing, (np.ndarray, random.Random)):
        return all(map(is_data, leaves(state)))
    own = state
    if isinstance(thing, WITH_ITEMS):
        own, items = state if len(state) == 2 else (state, None)
        if type(items) is not tuple or type(own) is not tuple:
            return False
    return [type(part) for part in own] == [tuple, tuple] and all(type(name) is str for name in own[0])
