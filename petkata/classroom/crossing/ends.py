"""The two ends of the socket: the judge's and the student's."""

from __future__ import annotations

import gc
import importlib
import inspect
import io
import pickle
import random
import signal
import socket
import sys
import types
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import torch
from fastai.data.core import FilteredBase
from matplotlib.figure import Figure
from torch import nn

from petkata.classroom.crossing.names import (
    both_know,
    is_callback,
    is_pythons_own,
    is_the_courses,
    may_be_bound,
    may_be_changed,
    name_of,
    takes_the_place_of_a_method,
)
from petkata.classroom.crossing.pickles import (
    SPECIAL,
    Pickler,
    PlainUnpickler,
    Special,
    StrictUnpickler,
    TrustingUnpickler,
    make_lazy,
    make_tensor,
    set_state,
)
from petkata.classroom.crossing.shapes import (
    HOLDERS,
    NAMED,
    inside,
    is_a_state,
    is_data,
    is_function,
    leaves,
    misplaced,
    of_pictures,
)
from petkata.classroom.crossing.stand_ins import Across, Opaque, Remote, RemoteModule, remote_callback
from petkata.classroom.crossing.surroundings import Files, Surroundings
from petkata.classroom.crossing.things import (
    HOOKS,
    NO_IDENTITY,
    OF_NUMBERS,
    PARTS,
    SCALARS,
    STATELESS,
    WITH_ITEMS,
    Noted,
    as_it_was,
    changes_of,
    glance,
    is_lazy,
    is_plain,
    numbers_of,
    own_of,
    plain_tensors,
    random_state,
    set_random_state,
    tensor_of,
    waits_for_a_shape,
)
from petkata.classroom.crossing.wire import CannotCross, Ended, Wire

ARGUMENTS = list, dict, set, np.ndarray, torch.Tensor
MANY = 100  # things that have crossed since it was last looked which of them are still needed: then it pays to look


class Crossing:
    """One end of the socket. `services` are the functions that the other end may call by name. Of the files in `folder` cross
    those that all share, and those in the folder of this judge's `own`."""

    def __init__(self, connection: socket.socket, is_judge: bool, folder: str | None, own: str = "", services: dict | None = None,
                 printed=None):
        self.wire, self.is_judge, self.services = Wire(connection), is_judge, services or {}
        self.printed = printed  # a function that gives what this end has printed since it was last asked
        self.objects: dict[int, object] = {}  # what both ends know, by key
        self.keys: dict[int, int] = {}  # the key, by id()
        self.was: dict[int, Noted] = {}  # what can change, as it was when it crossed last
        self.near: dict[int, None] | None = None  # keys of what the call under way can reach; None while there is none
        self.graphs: list[torch.Tensor] = []  # tensors computed here, whose gradients may be asked for
        self.arguments: set[int] = set()  # keys of lists, arrays and the like that calls were given
        self.named: set[int] = set()  # those of them that are near only because the answer has named them
        self.open: set[int] = set()  # ids of the functions of this end that may be called
        self.across: set[int] = set()  # ids of tensors computed at the other end
        self.theirs: set[int] = set()  # ids of what the student's process has made, in the judge
        self.data_sets: dict[int, None] = {}  # the keys of the data sets among them
        self.pictures: set[int] | None = None  # ids of what those are made of
        self.lends = False  # whether functions of the checks that cross now run at the other end
        self.gives = False  # whether it is a result that crosses now: the other end may ask for its gradients
        self.lost = False  # whether a message could not be understood: the ends may no longer mean the same by a key
        self.crossed = 0  # things that have crossed, in either direction: the next keys
        self.handed: list[torch.Tensor] = []  # tensors in the last call
        self.loose: list[int] = []  # keys of what nobody on the judge's side can reach any more
        self.reachable = 0  # how many things were known when that was looked for last, and could be reached
        self.surroundings = Surroundings(folder)
        self.files = Files(folder, own) if folder is not None else None
        self.with_files = False  # whether they are spoken of

    # --- calls ---

    def call(self, thing, method: str, args: tuple, kwargs: dict, lends: bool = False):
        """Call something at the other end: a stand-in, or a service by its name. What it raises there, it raises here. `lends`:
        functions of the checks that are handed over, and all that they use, run at the other end."""
        if self.is_judge:  # what an iterator gives can cross; it itself cannot
            args = tuple(iter(list(arg)) if isinstance(arg, Iterator) else arg for arg in args)
        self.handed = []
        if self.is_judge and isinstance(thing, str) and len(self.objects) > self.reachable + MANY:  # earlier calls left much
            self.loose = self._unreachable()
            self.reachable = len(self.objects) - len(self.loose)
        self.handed = [thing for thing in inside((args, kwargs)) if isinstance(thing, torch.Tensor)]
        self.lends = lends
        try:
            self.send("call", thing, method, args, tuple(kwargs.items()))
        finally:
            self.lends = False
        if self.is_judge:
            given = {self.keys[id(one)] for one in inside((args, kwargs)) if id(one) in self.keys
                     and isinstance(one, ARGUMENTS) and not isinstance(one, nn.Parameter)}
            self.arguments |= given
            self.named -= given
        with self._under_way(thing, args, kwargs):
            return self.answer()

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
            if event not in getattr(type(callback), "looks", ()) or not is_callback(callback):
                raise CannotCross("The student's process tells of what was not handed to it.")
            return callback.saw(event, seen)
        if verb != "call":
            raise CannotCross("The student's process said something that is no answer.")
        thing, method, args, kwargs = what
        try:
            with self._under_way(thing, args, kwargs):
                result = self._called(thing, method)(*args, **dict(kwargs))
        except Ended:
            raise
        except BaseException as error:
            if self.is_judge and not isinstance(error, Exception):
                raise  # the time is up, or a person interrupts: not for the student to swallow
            return self._raise_there(*self._told(error))
        try:
            self.gives = True
            self.send("gave", result)
        except CannotCross as error:
            self._raise_there(TypeError, (str(error),), [])
        finally:
            self.gives = False

    def _raise_there(self, kind, args: tuple, frames: list) -> None:
        try:
            self.send("raised", kind, args, frames)
        except CannotCross as error:  # nor can what the call has changed
            self.send("raised", TypeError, (str(error),), [], with_changes=False)

    @contextmanager
    def _under_way(self, *handed):
        """While a call is under way, which was `handed` this, each message looks only for changes in what it can reach: a check
        may hold hundreds of things more. Before and after, all are looked at."""
        outermost = self.near is None
        try:
            if outermost:
                self.near = {}
                self._draw_near(handed)
            held = list(map(self.known, self.near)) if outermost else []  # should the answer take out a thing for a moment
            yield held
        finally:
            if outermost:
                self.near = None
                self.named.clear()

    def _draw_near(self, *things) -> list[int]:
        """The call under way can reach these things, and what they hold. Gives back the keys of those that are new to it."""
        return [] if self.near is None else self._reach(things, self.near)

    def _reach(self, things, reached: dict[int, None]) -> list[int]:
        """Add to `reached` the keys of these things, and of what they hold. Gives back those that are new there."""
        todo, new, seen = list(things), [], set()
        while todo:
            thing = todo.pop()
            if type(thing) in SCALARS:  # most of a state, and known by no key
                continue
            key = self.keys.get(id(thing))
            if key is None and isinstance(thing, (tuple, list, dict)):
                if id(thing) not in seen:  # it may hold itself
                    seen.add(id(thing))
                    todo += thing.values() if isinstance(thing, dict) else thing
            elif isinstance(thing, (type, types.FunctionType)):
                if id(thing) not in seen and is_the_courses(thing):
                    seen.add(id(thing))
                    todo += enclosed(thing)
            elif key in self.was and key not in reached:
                reached[key] = None
                new.append(key)
                todo += type(thing), *self.was[key].held
        return new

    def _called(self, thing, method: str):
        if isinstance(thing, str):
            return self.services[thing]
        if isinstance(thing, (Remote, RemoteModule)) or id(thing) not in self.keys:
            raise CannotCross("The student's process calls what was not handed to it.")
        if not method:
            if self.is_judge and id(thing) not in self.open:
                raise CannotCross("The student's process calls what was not handed to it.")
            return thing
        events = vars(sys.modules["fastai.callback.core"].event) if is_callback(thing) else ()
        happens = inspect.getattr_static(type(thing), method, None) if method in events and not method.startswith("_") else None
        if not isinstance(happens, types.FunctionType):  # of its class: what is in the callback itself can have been sent
            raise CannotCross("The student's process calls what was not handed to it.")
        return lambda learn: happens(thing)

    def _told(self, error: BaseException) -> tuple:
        """An error as it crosses: itself where it is known, else its class, or the nearest that libraries have, and its words."""
        frames = [] if self.is_judge else frames_of(error)
        if id(error) in self.keys or self.is_judge:
            return error, (), frames
        if isinstance(error, OSError) and error.filename is not None and both_know(type(error)):
            return type(error), (error.errno, error.strerror, str(error.filename)), frames
        kind = next(kind for kind in type(error).__mro__ if both_know(kind) or id(kind) in self.keys)
        args = tuple(arg if isinstance(arg, (str, int, float, bool, type(None))) else str(arg) for arg in error.args)
        if kind is Exception and type(error) is not kind:  # nothing else would say what it is
            args = (f"{name_of(type(error))}: {error}",)
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
        if self.lost:
            raise CannotCross("This cannot be judged, because something before it could not be understood.")
        surroundings, was, forgotten = self.surroundings.were, dict(self.was), []
        try:
            about = {}, forgotten, []
            if with_changes:
                around, forgotten = self._around(), self._forgotten()
                self._draw_near(message)
                about = around, forgotten, self._changes()
            if not any(about) and not self.with_files and all(map(is_plain, message)):
                return self.wire.write(pickle.dumps(message), b"", plain=True)
            file = io.BytesIO()
            pickler = Pickler(self, file)
            pickler.dump((*about, *message))
            payload = file.getvalue()
            if self.is_judge:
                self.with_files = self.files is not None and (self.with_files or Path(self.files.folder).name.encode() in payload)
            files = pickle.dumps(self.files.changed() if self.with_files and with_changes else None)
        except Ended:
            raise
        except Exception as error:  # as if nothing had been said, but for what is forgotten here: that is told the next time
            self.surroundings.were = surroundings
            self.was = {key: noted for key, noted in was.items() if key in self.objects}
            self.loose += forgotten
            raise CannotCross(f"This cannot be judged, because it cannot leave the process that made it ({error}).") from error
        things, first = {place: thing for place, thing in pickler.memo.copy().values()}, self.crossed
        self._keep(things, about)
        if self.is_judge and any(isinstance(thing, (type, types.FunctionType)) and is_the_courses(thing)
                                 for thing in things.values()):
            self._keep_constants(first, (message, about))
        self.wire.write(payload, files)

    def receive(self) -> list:
        plain, payload, files = self.wire.read()
        file = io.BytesIO(payload)
        if plain:
            try:
                return list(PlainUnpickler(file).load())
            except Exception as error:
                raise CannotCross(f"What came back is not what it says ({type(error).__name__}: {error}).") from error
        unpickler, near = (StrictUnpickler if self.is_judge else TrustingUnpickler)(self, file), set(self.near or ())
        try:
            files = StrictUnpickler(self, io.BytesIO(files)).load()
            if files is not None:
                self.files.take(files)
            self.with_files = files is not None or self.is_judge and self.with_files
            surroundings, forgotten, changes, *message = loaded = unpickler.load()
            if self.is_judge and (type(loaded) is not tuple or [type(part) for part in loaded[:3]] != [dict, list, list]):
                raise CannotCross("What came back is no message.")
            if not self.is_judge:
                self._forget(forgotten)
            self.pictures = None
            self._keep(unpickler.things(), (surroundings, forgotten, changes))
            changed = [self._change(key, state) for key, state in changes if not self.is_judge or self._may_change(key, state)]
            if self.is_judge:
                self._look_over(message, unpickler.made, changed)
            self._draw_near(message)
            if self.is_judge:
                self.named.update(key for key in self.near or () if key in self.arguments and key not in near)
                sys.stdout.write(str(surroundings.pop("printed", "")))
            self.surroundings.be(surroundings, trusts=not self.is_judge)
        except CannotCross:
            self.lost = True
            raise
        except Exception as error:
            self.lost = True
            if not self.is_judge:
                raise
            raise CannotCross(f"What came back cannot be taken apart ({type(error).__name__}: {error}).") from error
        return message

    def _change(self, key: int, state) -> tuple:
        """Let a thing be as the other end says. Gives back the thing, and the attributes that it had."""
        thing = self.known(key)
        before = dict(getattr(thing, "__dict__", {}))
        self.set_state(thing, state)
        self._note(key)
        return thing, before

    def _may_change(self, key: int, state) -> bool:
        """Whether the thing of this key has a state here, as a callback of a check's has not, nor what stands for something of
        the student's. Raises CannotCross where it is not for the student's process to change."""
        thing = self.known(key)
        if key not in self.was:
            return False
        if id(thing) not in self.theirs and not may_be_changed(thing, lambda: changes_of(thing, state),
                                                               lambda: id(thing) in self._of_pictures()):
            raise CannotCross(f"The answer has changed the judge's {type(thing).__name__}, which no answer needs to.")
        if key in self.arguments and (key in self.named or key not in (self.near or ())):
            raise CannotCross("The answer has changed what an earlier call was given.")
        return True

    def _of_pictures(self) -> set[int]:
        """The ids of what the judge's data sets are made of; looked for once for each message."""
        if self.pictures is None:
            data_sets = [self.objects[key] for key in self.data_sets]
            self.pictures = of_pictures([one for one in data_sets if id(one) not in self.theirs])
        return self.pictures

    def _look_over(self, message: list, made: dict[int, object], changed: list[tuple]) -> None:
        """What is handed over is no class but that of an error, and no function but one that only computes, or a check's own.
        Nothing that the student's process has made or changed holds what it may not, nor does what holds a list that was
        changed; but a network of the student's own class may hold what it likes, over there."""
        for one in leaves(message):
            if isinstance(one, NAMED) and not (is_data(one) or is_function(one) or self._is_ours(one)
                                               or isinstance(one, type) and issubclass(one, BaseException)):
                raise CannotCross(f"The answer hands over {name_of(one)}, and no check asks for it.")
        self.theirs.update(made.keys() & self.keys.keys())  # the others are gone soon, and their ids are others'
        lists = {id(thing) for thing, _ in changed if type(thing) in HOLDERS and not all(map(is_data, leaves(thing)))}
        if lists:
            changed += [(thing, vars(thing)) for key, thing in self.objects.items() if key in self.was
                        and hasattr(thing, "__dict__") and any(id(one) in lists for one in inside(vars(thing)))]
        for thing, before in (*((thing, {}) for thing in made.values()), *changed):
            for name in misplaced(thing, self._is_ours, before):
                if not isinstance(thing, RemoteModule) or hasattr(nn.Module, name):
                    kind = type(thing).__name__
                    raise CannotCross(f"The answer has put something into {kind}.{name} that does not belong there.")
                vars(thing)[name] = Opaque(name)  # only the student's process needs it
                if id(thing) in self.keys:
                    self._note(self.keys[id(thing)])

    def _is_ours(self, thing) -> bool:
        """Whether the judge had it before. What a message of the judge's has only named, as pickles name functions, is none of
        it: a check's own is."""
        return id(thing) in self.keys and id(thing) not in self.theirs and (is_the_courses(thing) or not isinstance(thing, NAMED))

    def has_handed_over(self, kind) -> bool:
        """Whether the judge has handed over a thing of this class, so that the student's process may make another."""
        return isinstance(kind, type) and any(type(thing) is kind and id(thing) not in self.theirs
                                              for thing in self.objects.values())

    def _around(self) -> dict:
        """What has changed of the surroundings since the last message, and what was printed."""
        changed = self.surroundings.changed()
        if self.printed and (printed := self.printed()):
            changed["printed"] = printed
        return changed

    def _keep(self, things: dict[int, object], about: tuple) -> None:
        """Know from now on what has crossed, but for what is `about` the message: that is gone with it."""
        first = self.crossed
        self.crossed += len(things)
        parts = {id(vars(thing)) for thing in things.values() if hasattr(thing, "__dict__")}  # pickles speak of them as of things
        if max(things, default=-1) >= len(things):
            raise CannotCross("What came back is not numbered as pickles are.")
        for place, thing in things.items():
            key = first + place
            if isinstance(thing, NO_IDENTITY) or self._is_special(thing) or id(thing) in parts \
                    or any(thing is part for part in about):
                continue
            self.objects[key] = thing
            if self.keys.setdefault(id(thing), key) != key:
                continue  # it has come under another key before
            if isinstance(thing, (Remote, RemoteModule)) or hasattr(type(thing), "is_remote"):
                vars(thing)["_crossing"] = self
            if isinstance(thing, FilteredBase):
                self.data_sets[key] = None
            if self.has_state(thing):
                self._note(key)

    def _keep_constants(self, first: int, message: tuple) -> None:
        """Of what has crossed under the keys from `first` on, let nobody change what only a function or a class of the checks'
        led to, such as the constants of its module."""
        self._reach(message, reached := {})
        for key in range(first, self.crossed):
            if key in self.was and key not in reached:
                del self.was[key]
                if self.near is not None:
                    self.near.pop(key, None)

    def _is_special(self, thing) -> bool:
        return isinstance(thing, Special) or isinstance(thing, types.FunctionType) and SPECIAL.get(thing.__name__) is thing \
            or isinstance(thing, types.MethodType) and thing.__self__ is self

    # --- state ---

    def has_state(self, thing) -> bool:
        if isinstance(thing, (Remote, *STATELESS)) or hasattr(type(thing), "is_remote"):
            return False
        return not (self.is_judge and is_callback(thing))

    def knows(self, kind: type) -> bool:
        """Whether the other end has this class as well."""
        return both_know(kind) or id(kind) in self.keys

    def _note(self, key: int) -> list[int]:
        """Note how a thing is now. Gives back the keys of what it has brought near the call under way."""
        thing = self.objects[key]
        with plain_tensors():
            self.was[key] = Noted(glance(thing), self.state_of(thing))
        if self.near is not None:
            self.near[key] = None
        return self._draw_near(self.was[key].state)

    def state_of(self, thing):
        """What of a thing can change, as far as it is its own: what it holds is not looked into."""
        if isinstance(thing, torch.Tensor):
            hooks = tuple((thing._backward_hooks or {}).values()) if self.is_judge else ()
            numbers, grad = None if is_lazy(thing) else numbers_of(thing), thing.grad if thing.is_leaf else None
            return numbers, thing.requires_grad, grad, hooks
        if isinstance(thing, np.ndarray):
            return numbers_of(thing)
        if isinstance(thing, random.Random):
            return random_state(thing)
        own = {name: value for name, value in getattr(thing, "__dict__", {}).items()
               if not is_pythons_own(name)}
        if isinstance(thing, RemoteModule) or isinstance(thing, nn.Module) and not self.is_judge and not self.knows(type(thing)):
            own = {name: value for name, value in own.items() if not HOOKS.match(name)}
        if isinstance(thing, nn.Module) and not waits_for_a_shape(thing):
            own.update({name: tuple(own[name].items()) for name in PARTS if name in own})
        own = tuple(own), tuple(own.values())  # tuples: what is known by itself is the thing, not its state
        if isinstance(thing, WITH_ITEMS):
            return own, tuple(thing.items() if isinstance(thing, dict) else thing)
        return own

    def _changes(self) -> list[tuple]:
        """Keys and states of all that is known at both ends and is no longer as it crossed last. While a call is under way, of
        all that it can reach."""
        changes = []
        with plain_tensors():
            for key in (keys := list(self.was if self.near is None else self.near)):
                before = self.was.get(key)
                if before is not None and not before.still_so(self.objects[key]):
                    keys += self._note(key)
                    if not as_it_was(now := self.was[key].state, before.state):
                        changes.append((key, now))
        return changes

    def _forgotten(self) -> list[int]:
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

    def _unreachable(self) -> list[int]:
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
                self.across.discard(id(thing))
                self.theirs.discard(id(thing))
                self.open.discard(id(thing))
            self.was.pop(key, None)
            self.data_sets.pop(key, None)
            self.arguments.discard(key)
            self.named.discard(key)
            if self.near is not None:
                self.near.pop(key, None)

    def set_state(self, thing, state):
        if self.is_judge and not (self.has_state(thing) and is_a_state(state, thing)):
            raise CannotCross("What came back is no state of anything.")
        if isinstance(thing, torch.Tensor):
            numbers, learns, grad, hooks = state
            if numbers is not None and is_lazy(thing):
                thing.materialize(numbers[1], dtype=numbers[0])
            if numbers is not None and numbers != numbers_of(thing):
                new = tensor_of(*numbers)
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
            return set_random_state(state, thing)
        self._set_own(thing, own_of(thing, state))
        if isinstance(thing, WITH_ITEMS):
            _, items = state
            thing.clear()
            (thing.extend if isinstance(thing, (list, deque)) else thing.update)(items)

    def _set_own(self, thing, own: dict) -> None:
        if not hasattr(thing, "__dict__"):
            return
        now = vars(thing)
        if self.is_judge:
            for name, value in own.items():
                if name not in now and takes_the_place_of_a_method(type(thing), name, value) \
                        and not (name == "forward" and isinstance(thing, RemoteModule)):
                    raise CannotCross(f"The answer has put something of its own in the place of {type(thing).__name__}.{name}.")
        own = {name: value for name, value in own.items() if not is_pythons_own(name)}
        kept = {name: now[name] for name in now if is_pythons_own(name)
                or isinstance(thing, nn.Module) and HOOKS.match(name)}
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
        if not both_know(kind):
            kind = torch.Tensor
        if thing.grad_fn is not None and (self.gives or not self.is_judge):
            number = len(self.graphs)
            self.graphs.append(thing)
        parts = kind, *numbers_of(thing), thing.requires_grad, isinstance(thing, nn.Parameter), number
        _, learns, grad, hooks = self.state_of(thing)
        return (make_tensor, parts, (None, learns, grad, hooks), None, None, set_state) if grad is not None or hooks else \
            (make_tensor, parts)

    def make_tensor(self, kind, dtype, shape, numbers, learns, is_parameter, number):
        data = tensor_of(dtype, shape, numbers)
        if is_parameter:
            return nn.Parameter(data, requires_grad=learns)
        if not (isinstance(kind, type) and issubclass(kind, torch.Tensor)):
            raise CannotCross("What came back is no tensor.")
        if number is not None:
            sources = self.sources()
            with torch.enable_grad():
                data = Across.apply(self, number, data, *sources)
        elif learns:
            data.requires_grad_()
        data = data if kind is torch.Tensor else data.as_subclass(kind)
        if number is not None:
            self.across.add(id(data))
        return data

    def make_lazy(self, learns):
        return nn.UninitializedParameter(requires_grad=bool(learns))

    def make_array(self, dtype, shape, numbers):
        return np.frombuffer(bytearray(numbers), self.make_dtype(dtype)).reshape(shape)

    def make_scalar(self, dtype, numbers):
        return np.frombuffer(bytes(numbers), self.make_dtype(dtype), count=1)[0]

    def make_dtype(self, name):
        if type(name) is not str or (dtype := np.dtype(name)).kind not in OF_NUMBERS:
            raise CannotCross("What came back is an array of something else than numbers or texts.")
        return dtype

    def make_remote(self, name, parameters=(), arch=None, order=0):
        """`arch` is what fastai knows of a function that makes networks; `order`, where it sorts a callback."""
        remote = Remote(str(name), tuple((name, list(inspect._ParameterKind)[kind]) for name, kind in parameters), order)
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
        if not may_be_bound(thing, name):
            raise CannotCross("What came back names a method that no answer may hand over.")
        return getattr(thing, name)


def enclosed(thing: type | types.FunctionType) -> list:
    """What the names mean that a function takes from the function around it; the functions of a class."""
    if isinstance(thing, type):
        return [part for part in vars(thing).values() if isinstance(part, types.FunctionType)]
    found = []
    for cell in thing.__closure__ or ():
        with suppress(ValueError):  # it means nothing yet
            found.append(cell.cell_contents)
    return found


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
