"""The judge: a process that runs the checks of a task, and calls the student's functions in another process.

It is forked, for one task, from a process that has collected all checks, so that it finds what they share as it was made, and not
as another task has left it. A socket leads to the kernel (`petkata.classroom.answering`).
"""

from __future__ import annotations

import gc
import importlib
import os
import socket
import tempfile
from dataclasses import asdict, dataclass
from functools import partial

import cloudpickle
from fastai.data import load

from petkata.checking import answers, limits
from petkata.checking.notebook import CollectedChecks, Judged, judged
from petkata.classroom.crossing import CannotCross, Crossing, Ended
from petkata.classroom.guarding import Guard
from petkata.course import catalog, stubs

PATIENCE = 15  # seconds for what takes none, until a kernel is taken for dead
ENDED = ("The process ended while this ran. Something here ends the program (exit), crashes it, or takes more memory than "
         "there is.")


@dataclass(frozen=True)
class AnswerElsewhere:
    """A function of cells elsewhere. To call it is to call it there."""

    cells: CellsElsewhere
    name: str

    def __call__(self, /, *args, **kwargs):
        return self.cells.asked("call", (self.name, *args), kwargs)

    def where_it_runs(self, look, *args):
        """See `petkata.checking.answers.Task.where_it_runs`."""
        return self.cells.asked("look", (look, self.name, *args), lends=True)


class CellsElsewhere:
    """The functions of a notebook whose kernel is at the other end of a socket."""

    def __init__(self, connection: socket.socket, files: str | None, own: str):
        self.crossing = Crossing(connection, is_judge=True, folder=files, own=own)
        load._loaders = (load._loaders[True],) * 2  # fastai's loaders load here: a worker would speak over the same socket
        self.sources: dict[str, str | None] = {}
        self.stopped = ""  # why nothing can be asked any more: "crashed", "timed out" or "not judged"
        self.why = "Not tried again: an earlier check of this task did not come to an end."

    def function(self, name: str):
        """A function by its name; None where no cell has defined it."""
        return None if self._source(name) is None else AnswerElsewhere(self, name)

    def is_untouched(self, name: str) -> bool:
        return bool(stubs.untouched(self._source(name) or ""))

    def place(self, names) -> None:
        return None  # an error brings along where it was

    def _source(self, name: str) -> str | None:
        if name not in self.sources:
            self.crossing.wire.socket.settimeout(PATIENCE)
            source = self.asked("known", (name,))
            self.crossing.wire.socket.settimeout(None)
            if not isinstance(source, (str, type(None))):
                raise answers.AnswerError(f"{name} cannot be found.")
            self.sources[name] = source
        return self.sources[name]

    def asked(self, service: str, args: tuple, kwargs: dict | None = None, lends: bool = False):
        """What a service of the other end gives (`petkata.classroom.answering`)."""
        if self.stopped:
            raise answers.AnswerError(self.why)
        try:
            return self.crossing.call(service, "", args, kwargs or {}, lends)
        except limits.TimeUp:
            self.stopped = "timed out"
            raise
        except Ended:
            self.stopped, self.why = "crashed", ENDED
            raise answers.AnswerError(self.why) from None
        except CannotCross as error:
            self.stopped, self.why = "not judged", str(error)  # the two ends may no longer agree on what was said
            raise answers.AnswerError(self.why) from None

    def done(self) -> None:
        """Tell the other end that it may end."""
        if not self.stopped:
            try:
                self.crossing.send("end")
            except Ended:
                self.stopped = "crashed"
            except CannotCross:
                pass  # it ends with this process


def verdict(checks: CollectedChecks, lesson: str, task: str, seed: int | None, cells: CellsElsewhere, guard: Guard) -> Judged:
    """Judge a task, with a check among the others that must fail."""
    judge = checks.judged if seed == checks.seed else partial(judged, seed=seed)  # other inputs: collected anew
    told = judge(catalog.lesson(lesson), task, cells, with_one_that_must_fail=True)
    if stopped := cells.stopped or ("not judged" if guard.refused or cells.crossing.lost else ""):
        told.text = told.text.replace(f"{task}: {told.state}, {told.points} of", f"{task}: {stopped}, 0 of")
        told.state, told.points = stopped, 0
    return told


def answered(checks: CollectedChecks, lesson: str, task: str, seed: int | None, connection: socket.socket, files: str | None,
             own: str) -> dict:
    """What is said of a task, with the functions at the other end of `connection`.

    `files` is, in both processes, the folder of the checks' files: what changes in it crosses with the calls. None where the two
    processes see the same files anyway. `own` is the name of this judge's own folder in there.
    """
    cloudpickle.register_pickle_by_value(importlib.import_module("tests"))  # which students' processes do not have
    gc.disable()  # this process does not live long
    cells = CellsElsewhere(connection, files, own)
    guard = Guard()
    if files is not None:
        tempfile.tempdir = os.path.join(files, own)
        checks.keep_files_in(tempfile.tempdir)
    try:
        told = verdict(checks, lesson, task, seed, cells, guard)
        cells.done()
        return asdict(told)
    except Exception as error:
        return {"trouble": cells.stopped or f"{type(error).__name__}: {error}"}
