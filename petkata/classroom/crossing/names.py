"""What may be named in what a student's process sends, and what may be called with it."""

from __future__ import annotations

import inspect
import random
import re
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from functools import partial
from pathlib import Path, PosixPath, PurePosixPath

import numpy as np
import torch
from fastcore.basics import fastuple, noop
from fastcore.foundation import L
from fasttransform import Pipeline, Transform
from PIL.Image import Image

PLAIN = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
# What may be named is a list: whatever is not in it stays with the student's process, and a stand-in for it crosses. First the
# modules whose functions may be named, and whose classes: what networks and their training are made of.
FUNCTIONS_OF = ("torch.nn", "torch._C._nn", "torch.functional", "fastai.losses", "fastai.metrics", "fastai.optimizer",
                "fastai.layers", "fastai.torch_core", "fastai.vision.learner", "fastai.callback.schedule", "torchvision.models",
                "petkata.nets")
# Then the modules of which only the classes may be named: what learners and their data are made of.
CLASSES_OF = (*FUNCTIONS_OF, "torch.optim", "torch.utils.hooks", "fastai.learner", "fastai.callback", "fastai.data",
              "fastai.vision", "fastai.interpret")
ERRORS_OF = ("builtins", "torch", "torchvision", "fastai", "fastcore", "fasttransform", "plum", "numpy", "PIL")
# Classes of other modules. All classes so far are made without being called.
MADE = {torch.Tensor, torch.dtype, L, fastuple, Transform, Pipeline, Image, re.Pattern, types.SimpleNamespace}
# Last, what a pickle from a student may call as well, with what it brings along.
HARMLESS = {*PLAIN, OrderedDict, defaultdict, deque, Counter, PosixPath, PurePosixPath, Path, slice, range, partial,
            random.Random, torch.Size, torch.device, np.dtype, np._core.multiarray.scalar, re._compile, inspect.Parameter,
            inspect.Signature, noop}
# What loads or writes files, runs programs or changes what it is told to, by the names that its code uses: a function that does
# may not be named, wherever it is from, nor may a method of such a name. A loaded file can run anything.
NOT_JUST_COMPUTING = {"load", "save", "export", "load_learner", "load_model", "save_model", "load_state_dict_from_url", "dump",
                      "tofile", "import_module", "__import__", "exec", "compile", "setattr", "delattr", "urlopen", "system",
                      "Popen"}
# The classes of which a pickle makes nothing, and whose objects it does not change.
NEVER_MADE = (type, types.CodeType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType,
              types.FrameType, property, staticmethod, classmethod, super)


def both_know(thing) -> bool:
    """Whether a class or function may be named, and is what its name says: found there."""
    return may_be_named(thing) and named(thing.__module__, getattr(thing, "__qualname__", "")) is thing


def may_be_named(thing) -> bool:
    """Whether what a student's process sends may name this dtype, class or function. The others stay there."""
    module = getattr(thing, "__module__", None)
    if isinstance(thing, torch.dtype) or among(thing, HARMLESS | MADE):
        return True
    if isinstance(thing, type):
        modules = ERRORS_OF if issubclass(thing, BaseException) else CLASSES_OF
        return issubclass(thing, (np.generic, np.dtype)) or is_below(module, modules)
    return isinstance(thing, (types.FunctionType, types.BuiltinFunctionType)) and is_below(module, FUNCTIONS_OF) \
        and just_computes(thing)


def just_computes(function) -> bool:
    """Whether a function of a library neither loads nor runs anything, as far as its own code says."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    does = {function.__name__, *(code.co_names if code else ())}
    return function.__module__ == "torch.nn.functional" or not NOT_JUST_COMPUTING & does


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
