"""What a judge never does, whoever asks for it.

What a student's process sends is data, and `petkata.classroom.crossing` sees to that. This is the second wall, for what may get
through the first: in a judge no program begins that is not in a file of Python's or of the course's. Python tells of whatever
could begin one (PEP 578, audit hooks), and a hook cannot be taken away.
"""

from __future__ import annotations

import os
import sys
from functools import wraps

from fastai.callback.core import Callback

from petkata.course import catalog

# Who may turn text into a program, and what for: Python imports files; the others write functions out of names, or read a line of
# a check for its report. By the module whose code does it.
IMPORTS = {"importlib._bootstrap", "importlib._bootstrap_external", "_pytest.assertion.rewrite"}
WRITES = {"collections", "dataclasses", "beartype._util.func.utilfuncmake", "hypothesis.internal.reflection"}
MAY = {"compile": IMPORTS | WRITES | {"ast", "typing"}, "exec": IMPORTS | WRITES, "marshal.load": IMPORTS,
       "marshal.loads": IMPORTS, "code.__new__": {"hypothesis.internal.reflection"}}
# What begins a program, calls the system, or unpacks one, and what no check does.
NEVER = ("builtins.breakpoint", "builtins.input", "code.", "cpython.", "ctypes.", "exec", "function.__new__", "marshal.load",
         "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "pdb.", "pickle.find_class", "pty.",
         "socket.", "subprocess.", "sys.setprofile", "webbrowser.")


class Refused(Exception):
    """Something that a judge does not do."""


class Guard:
    """What this process refuses, from the time that the guard stands. `refused` tells what that was."""

    def __init__(self):
        self.refused: list[str] = []
        load_weights_only()
        call_events_only()
        sys.addaudithook(hook(self.refused))


def hook(refused: list[str]):
    """What hears of each event, and refuses some. All that it goes by is its own: no other name leads there."""
    roots = tuple(os.path.join(os.path.realpath(root), "") for root in (sys.prefix, sys.base_prefix, catalog.ROOT))
    may, never, imports, error = {event: frozenset(who) for event, who in MAY.items()}, NEVER, frozenset(IMPORTS), Refused
    real, caller, harmless = os.path.realpath, sys._getframe, set()

    def heard(event, what):
        if event in harmless:  # of some there are a hundred thousand
            return
        if event in may:
            asks = caller(1).f_globals.get("__name__")
            if asks in may[event]:
                file = what[0].co_filename if event == "exec" and asks in imports else "<frozen "
                if file.startswith("<frozen ") or real(file).startswith(roots):
                    return
        elif not event.startswith(never):
            harmless.add(event)
            return
        refused.append(event)
        raise error(f"A judge was asked for something that it never does ({event}).")

    return heard


def load_weights_only() -> None:
    """Let torch load weights and no programs, whatever fastai asks it for."""
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"


def call_events_only() -> None:
    """Let a callback call its events, and no other method of which it is told the name."""
    called = Callback.__call__

    @wraps(called)
    def call(self, event_name):
        if type(event_name) is not str or event_name not in Callback._methods:
            raise TypeError("A callback was called by something that is no event.")
        return called(self, event_name)

    Callback.__call__ = call
