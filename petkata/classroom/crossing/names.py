"""What may be named in what a student's process sends, and what may be called with it."""

from __future__ import annotations

import random
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from enum import EnumType
from functools import partial
from pathlib import Path, PosixPath, PurePosixPath

import torch
from fastai import optimizer
from fastai.callback.core import Callback, TrainEvalCallback
from fastai.callback.fp16 import MixedPrecision, ModelToHalf, NonNativeMixedPrecision
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import LRFinder, ParamScheduler, _Annealer
from fastai.callback.tracker import EarlyStoppingCallback, SaveModelCallback
from fastai.data.core import DataLoaders, FilteredBase, TfmdDL
from fastai.data.load import DataLoader, _FakeLoader
from fastai.data.transforms import Normalize
from fastai.layers import (
    AdaptiveConcatPool1d,
    AdaptiveConcatPool2d,
    BatchNorm1dFlat,
    ConvLayer,
    Embedding,
    Flatten,
    Identity,
    LinBnDrop,
    PoolFlatten,
    SigmoidRange,
)
from fastai.learner import CastToTensor, Learner, Metric, Recorder, _ConstantFunc
from fastai.losses import BaseLoss
from fastai.metrics import accuracy, error_rate, top_k_accuracy
from fastai.optimizer import Lookahead, Optimizer, OptimWrapper
from fastai.torch_core import trainable_params
from fastai.vision.learner import _resnet_split, default_split
from fastcore.basics import GetAttr, Stateful, fastuple, noop
from fastcore.foundation import L
from fasttransform import Pipeline, Transform
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.modules.module import _IncompatibleKeys, _WrappedHook
from torch.utils.hooks import RemovableHandle

from petkata.classroom.crossing.stand_ins import Remote
from petkata.nets.fastai_meta import body_halves_and_head
from petkata.nets.petnet import channels_last, petnet10, petnet18, petnet26

PLAIN = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
# What may be named is a list: whatever is not in it stays with the student's process, and a stand-in for it crosses. First the
# functions, which only compute: by their modules, and by their names.
FUNCTIONS_OF = ("torch.nn.functional", "torch._C._nn")
STEPS = ("sgd_step", "weight_decay", "l2_reg", "average_grad", "average_sqr_grad", "momentum_step", "SGD", "rms_prop_step",
         "RMSProp", "step_stat", "adam_step", "Adam", "radam_step", "RAdam", "qhadam_step", "QHAdam", "larc_layer_lr",
         "larc_step", "Larc", "lamb_step", "Lamb", "ranger")
FUNCTIONS = {error_rate, accuracy, top_k_accuracy, trainable_params, noop, default_split, _resnet_split, print, petnet10,
             petnet18, petnet26, channels_last, body_halves_and_head, *(getattr(optimizer, name) for name in STEPS)}
# Then the classes: of some kinds, those that the libraries have in these modules. They are made without being called.
CLASSES_OF = {nn.Module: ("torch.nn.modules", "torchvision.models.resnet", "petkata.nets", "fastai.losses"),
              torch.optim.Optimizer: ("torch.optim",), torch.Tensor: ("torch.nn.parameter", "fastai"),
              BaseLoss: ("fastai.losses",), Metric: ("fastai.learner", "fastai.metrics")}
# Any other class is named here by itself. What its things hold is told in shapes.py. A layer, a callback or a transform that is
# not here stays with the student's process, which does its work: one of fastai's layers begins a debugger.
MADE = {torch.Tensor, L, fastuple, Pipeline, Normalize, Optimizer, OptimWrapper, Lookahead, Learner, Recorder, Callback,
        TrainEvalCallback, CastToTensor, ProgressCallback, ParamScheduler, LRFinder, MixedPrecision, NonNativeMixedPrecision,
        ModelToHalf, SaveModelCallback, EarlyStoppingCallback, _Annealer, _ConstantFunc, TfmdDL, DataLoader, _FakeLoader,
        RemovableHandle, _WrappedHook, _IncompatibleKeys, AdaptiveConcatPool1d, AdaptiveConcatPool2d, BatchNorm1dFlat,
        ConvLayer, Embedding, Flatten, Identity, LinBnDrop, PoolFlatten, SigmoidRange}
ERRORS_OF = ("builtins", "_pickle", "torch", "torchvision", "fastai", "fastcore", "fasttransform", "plum", "numpy", "PIL")
# Last, what a pickle from a student may call, with arguments that have no methods of their own (EXACT).
HARMLESS = {*PLAIN, OrderedDict, defaultdict, deque, Counter, PosixPath, PurePosixPath, Path, slice, range, partial,
            random.Random, torch.Size, torch.device}
EXACT = {*PLAIN, type(None), OrderedDict}
# Their pickles set more than the things that they hold. All other things get those, and nothing of theirs is called.
SET_THEMSELVES = (partial, random.Random, RemovableHandle, nn.Module, torch.optim.Optimizer, Learner, GetAttr, Stateful,
                  Pipeline, _WrappedHook)
# The methods that may be handed over: of lazy layers, which hook them to themselves.
OF_LAZY_LAYERS = ("_infer_parameters", "_lazy_load_hook")
CALLED_INSTEAD = "_compiled_call_impl"  # of a network: what torch calls in its place
LOOKED_INTO = ("_default", "_xtra", "_crossing")  # where fastcore looks for what a thing lacks; and a stand-in for its other side
OF_A_LOADER = {"rng", "it", "_DataLoader__idxs", "_device", "_n_inp", "_types"}  # what training changes of a loader
STAY = FilteredBase, DataLoaders, BaseLoss  # as they are
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
        return is_below(module, ("fastai",))  # a member of others can load weights
    if isinstance(thing, type):
        return is_below(module, ERRORS_OF) if issubclass(thing, BaseException) else \
            any(issubclass(thing, kind) and is_below(module, modules) for kind, modules in CLASSES_OF.items())
    is_of_a_class = isinstance(thing, types.FunctionType) and "." in thing.__qualname__
    return isinstance(thing, (types.FunctionType, types.BuiltinFunctionType)) and is_below(module, FUNCTIONS_OF) \
        and not is_of_a_class


def may_be_called(function, args: tuple) -> bool:
    """Whether a pickle from a student may call this, with these arguments: none of them does anything when it is looked into."""
    if isinstance(function, EnumType):
        return len(args) == 1 and type(args[0]) in EXACT  # with more it would make a class
    if not among(function, HARMLESS):
        return False
    if function is partial:
        return len(args) == 1 and isinstance(args[0], (Remote, types.FunctionType, types.BuiltinFunctionType))
    if function is defaultdict:
        return len(args) == 1 and (args[0] is None or among(args[0], set(PLAIN)))
    if function in (dict, Counter):
        return all(type(arg) is dict for arg in args)
    return function is slice or all(type(arg) in EXACT for arg in args)


def may_be_changed(thing, names: Callable[[], set[str]], of_pictures: Callable[[], bool]) -> bool:
    """Whether a student's process may change something that the judge had before. `names` gives the attributes that change, and
    `of_pictures` whether a data set holds it. Training changes much, but not what pictures are loaded, and how."""
    if isinstance(thing, DataLoader):
        return all(name in OF_A_LOADER or is_pythons_own(name) for name in names())
    if isinstance(thing, DataLoaders):
        return names() <= {"_device", "device"}
    if isinstance(thing, STAY) or is_below(type(thing).__module__, ("plum",)):  # which says what a transform does with what
        return False
    if isinstance(thing, (nn.Module, torch.Tensor)) or not of_pictures():
        return True
    return isinstance(thing, (Pipeline, Transform)) and all(name == "split_idx" or is_pythons_own(name) for name in names())


def may_be_bound(thing, name: str) -> bool:
    """Whether a student's process may hand over this method of a thing."""
    return isinstance(thing, LazyModuleMixin) and both_know(type(thing)) and name in OF_LAZY_LAYERS


def takes_the_place_of_a_method(kind: type, name: str, value) -> bool:
    """Whether a thing of this kind, with this of its own, would no longer do as its class says. A loader has steps of its own."""
    method = callable(value) and callable(getattr(kind, name, None)) and name not in getattr(kind, "_methods", ())
    return method or is_pythons_own(name) or name == CALLED_INSTEAD and value is not None


def is_pythons_own(name: str) -> bool:
    """Whether Python, fastcore or a stand-in means something by an attribute of this name. Such ones do not cross."""
    return name.startswith("__") or name in LOOKED_INTO


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
    return str(getattr(kind, "__module__", "")).startswith(("tests.", "petkata.checking."))


def is_callback(thing) -> bool:
    """Whether it is a callback of a check's, which stays with the judge."""
    return isinstance(thing, Callback) and is_the_courses(type(thing)) and not hasattr(type(thing), "goes_along")


def stays(function) -> bool:
    """Whether a function is one of a check's that is called from afar."""
    return is_the_courses(function) and not _is_in_a_class(function) and not hasattr(function, "goes_along")


def _is_in_a_class(function) -> bool:
    """Whether a function stands in the body of a class."""
    around = function.__qualname__.rpartition(".")[0]
    return around != "" and not around.endswith("<locals>")


def name_of(thing) -> str:
    return str(getattr(thing, "__name__", type(thing).__name__))
