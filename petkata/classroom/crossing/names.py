"""What may be named in what a student's process sends, and what may be called with it."""

from __future__ import annotations

import inspect
import random
import re
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from enum import EnumType
from functools import partial
from pathlib import Path, PosixPath, PurePosixPath

import torch
from fastai.learner import Learner
from fastai.metrics import accuracy, error_rate, top_k_accuracy
from fastai.torch_core import trainable_params
from fastcore.basics import GetAttr, Stateful, fastuple, noop
from fastcore.foundation import L
from fasttransform import Pipeline, Transform
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.modules.module import _WrappedHook
from torch.utils.hooks import RemovableHandle

PLAIN = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
# What may be named is a list: whatever is not in it stays with the student's process, and a stand-in for it crosses. First the
# functions, which only compute: by their modules, and by their names.
FUNCTIONS_OF = ("torch.nn.functional", "torch._C._nn", "fastai.optimizer", "petkata.nets.petnet",
                "petkata.nets.fastai_meta")
FUNCTIONS = {error_rate, accuracy, top_k_accuracy, trainable_params, noop}
# Then the modules of which classes may be named: what networks, learners and their data are made of. They are made without being
# called, and of the enums of libraries only fastai's: a member of others can load weights.
CLASSES_OF = ("torch.nn.modules", "torch.nn.parameter", "torch.optim", "torch.utils.hooks", "torchvision.models.resnet",
              "petkata.nets", "fastai.layers", "fastai.losses", "fastai.metrics", "fastai.optimizer", "fastai.learner",
              "fastai.torch_core", "fastai.interpret", "fastai.callback", "fastai.data", "fastai.vision")
MADE = {torch.Tensor, L, fastuple, Transform, Pipeline}  # classes of other modules
ERRORS_OF = ("builtins", "torch", "torchvision", "fastai", "fastcore", "fasttransform", "plum", "numpy", "PIL")
# Last, what a pickle from a student may call, with arguments that have no methods of their own (EXACT).
HARMLESS = {*PLAIN, OrderedDict, defaultdict, deque, Counter, PosixPath, PurePosixPath, Path, slice, range, partial,
            random.Random, torch.Size, torch.device, re._compile, inspect.Parameter, inspect.Signature, types.SimpleNamespace}
EXACT = {*PLAIN, type(None), OrderedDict, inspect._ParameterKind}
# Their pickles set more than the things that they hold. All other things get those, and nothing of theirs is called.
SET_THEMSELVES = (partial, random.Random, RemovableHandle, nn.Module, torch.optim.Optimizer, Learner, GetAttr, Stateful,
                  Pipeline, _WrappedHook, inspect.Parameter, inspect.Signature)
# The methods that may be handed over: of lazy layers, which hook them to themselves, and of patterns.
OF_LAZY_LAYERS = ("_infer_parameters", "_lazy_load_hook")
OF_PATTERNS = ("match", "search", "fullmatch", "findall", "split", "sub")
# What fastcore keeps in a thing itself, though its name looks like Python's own.
OWN = {"__annotations__", "__doc__", "__module__", "__name__", "__qualname__", "__signature__", "__wrapped__"}
# The classes of which a pickle makes nothing, and whose objects it does not change.
NEVER_MADE = (type, types.CodeType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType,
              types.FrameType, property, staticmethod, classmethod, super)


def both_know(thing) -> bool:
    """Whether a class or function may be named, and is what its name says: found there."""
    return may_be_named(thing) and named(thing.__module__, getattr(thing, "__qualname__", "")) is thing


def may_be_named(thing) -> bool:
    """Whether what a student's process sends may name this dtype, class or function. The others stay there."""
    module = getattr(thing, "__module__", None)
    if isinstance(thing, torch.dtype) or thing is torch.dtype or among(thing, HARMLESS | MADE | FUNCTIONS):
        return True
    if isinstance(thing, EnumType):
        return is_below(module, ("fastai",))
    if isinstance(thing, type):
        return is_below(module, ERRORS_OF if issubclass(thing, BaseException) else CLASSES_OF)
    return isinstance(thing, (types.FunctionType, types.BuiltinFunctionType)) and is_below(module, FUNCTIONS_OF)


def may_be_called(function, args: tuple) -> bool:
    """Whether a pickle from a student may call this, with these arguments: none of them does anything when it is looked into."""
    if isinstance(function, EnumType):
        return len(args) == 1 and type(args[0]) in EXACT  # with more it would make a class
    if not among(function, HARMLESS):
        return False
    if function is partial:
        return len(args) == 1 and callable(args[0])
    if function is defaultdict:
        return len(args) == 1 and (args[0] is None or among(args[0], set(PLAIN)))
    if function in (dict, Counter):
        return all(type(arg) is dict for arg in args)
    return function is slice or all(type(arg) in EXACT for arg in args)


def may_be_bound(thing, name: str) -> bool:
    """Whether a student's process may hand over this method of a thing."""
    if isinstance(thing, re.Pattern):
        return name in OF_PATTERNS
    return isinstance(thing, LazyModuleMixin) and both_know(type(thing)) and name in OF_LAZY_LAYERS


def takes_the_place_of_a_method(kind: type, name: str, value) -> bool:
    """Whether a thing of this kind, with this of its own, would no longer do as its class says. A loader has steps of its own."""
    method = callable(value) and callable(getattr(kind, name, None)) and name not in getattr(kind, "_methods", ())
    return name not in OWN and (method or name.startswith("__"))


def is_below(module: str | None, roots: tuple[str, ...]) -> bool:
    return isinstance(module, str) and any(module == root or module.startswith(root + ".") for root in roots)


def named(module: str, qualname: str):
    """What has this name in a module that is loaded already, or None: nothing is imported because a student's pickle says so."""
    found = sys.modules.get(module)
    for part in qualname.split("."):
        if found is None or part.startswith("__") or not isinstance(found, (types.ModuleType, type)):
            return None
        found = vars(found).get(part) if isinstance(found, types.ModuleType) else getattr(found, part, None)
    return found


def among(thing, some: set) -> bool:
    try:
        return thing in some
    except TypeError:
        return False


def is_the_courses(kind) -> bool:
    return (kind.__module__ or "").startswith(("tests.", "petkata.checking."))


def stays(function) -> bool:
    """Whether a function is one of a check's that is called from afar."""
    return is_the_courses(function) and not _is_in_a_class(function) and not hasattr(function, "goes_along")


def _is_in_a_class(function) -> bool:
    """Whether a function stands in the body of a class."""
    around = function.__qualname__.rpartition(".")[0]
    return around != "" and not around.endswith("<locals>")


def name_of(thing) -> str:
    return str(getattr(thing, "__name__", type(thing).__name__))
