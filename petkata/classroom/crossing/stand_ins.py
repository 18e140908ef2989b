"""What stands at one end for something at the other."""

from __future__ import annotations

import inspect

import torch
from torch import nn

from petkata.classroom.crossing.wire import CannotCross


class Remote:
    """Stands for something at the other end. It can be called and handed back; that is all."""

    def __init__(self, name: str, parameters: tuple = (), order: float = 0):
        self.order = order if type(order) in (int, float) else 0  # by which fastai sorts callbacks and transforms
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

    def __deepcopy__(self, memo):
        """The copy is made at the other end. Raises CannotCross where it is none."""
        copied = memo[id(self)] = self._crossing.call("copied", "", (self,), {})
        if not isinstance(copied, RemoteModule) or copied is self or copied.state_dict().keys() != self.state_dict().keys() \
                or not all(map(is_a_copy, copied.state_dict().values(), self.state_dict().values())):
            raise CannotCross("A copy of the answer's network is not like the network.")
        for weight, of_the_copy in zip(self.parameters(), copied.parameters()):
            memo[id(weight)] = of_the_copy
        return copied


def is_a_copy(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether it has the same numbers, elsewhere in memory."""
    return one.dtype == other.dtype and torch.equal(one, other) and (one.data_ptr() != other.data_ptr() or not one.numel())


def remote_callback(name: str, order: int, events: tuple[str, ...], looks: dict):
    """A callback of fastai's whose events happen at the other end. Of an event in `looks` only what it looks at is told."""
    from fastai.callback.core import Callback

    def at(event):
        if event in looks:
            return lambda self: self._crossing.tell(self, event, looks[event](self.learn))
        return lambda self: self._crossing.call(self, event, (self.learn,), {})

    own = {"order": order, "is_remote": True, "_crossing": None}
    return type(name, (Callback,), {**own, **{event: at(event) for event in events}})()


class Across(torch.autograd.Function):
    """A tensor that was computed at the other end, from `sources`, which are known there."""

    @staticmethod
    def forward(ctx, crossing, number, data, *sources):
        ctx.crossing, ctx.number, ctx.keys = crossing, number, [crossing.keys[id(source)] for source in sources]
        return data.clone()

    @staticmethod
    def backward(ctx, gradient):
        return None, None, None, *ctx.crossing.gradients(ctx.number, gradient, ctx.keys)
