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
MAY = {"compile": IMPORTS | WRITES | {"ast", "typing"}, "exec": IMPORTS | WRITES, "marshal.loads": IMPORTS,
       "code.__new__": {"hypothesis.internal.reflection"}}
# What begins a program, calls the system, or unpacks one, and what no check does.
NEVER = ("builtins.breakpoint", "builtins.input", "code.", "cpython.", "ctypes.", "exec", "function.__new__", "marshal.",
         "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "pdb.", "pickle.find_class", "pty.",
         "socket.", "subprocess.", "sys.setprofile", "webbrowser.")


class Refused(Exception):
    """Something that a judge does not do."""


class Guard:
    """What this process refuses, from the time that the guard stands. `refused` tells what that was."""

    def __init__(self):
        self.refused: list[str] = []
        self.harmless: set[str] = set()  # events that nobody need ask about: some come a hundred thousand times
        self.roots = tuple(os.path.join(os.path.realpath(root), "") for root in (sys.prefix, sys.base_prefix, catalog.ROOT))
        load_weights_only()
        call_events_only()
        harmless = self.harmless

        def heard(event, what):  # in few steps
            if event not in harmless:
                self._audit(event, what)

        sys.addaudithook(heard)

    def _audit(self, event: str, what: tuple) -> None:
        if event in MAY:
            asks = sys._getframe(2).f_globals.get("__name__")
            if asks in MAY[event] and not (event == "exec" and asks in IMPORTS and not self._is_in_a_file_of_ours(what[0])):
                return
        elif not event.startswith(NEVER):
            self.harmless.add(event)
            return
        self.refused.append(event)
        raise Refused(f"A judge was asked for something that it never does ({event}).")

    def _is_in_a_file_of_ours(self, code) -> bool:
        return code.co_filename.startswith("<frozen ") or os.path.realpath(code.co_filename).startswith(self.roots)


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
