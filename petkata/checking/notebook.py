"""The checks inside a notebook: the same as in the terminal, on the functions that its cells define.

    from petkata.checking.notebook import checks_of

    check = checks_of("lesson3")
    check("cosine_anneal")

A check cell that does not end in an error has passed: that is how nbgrader gives points.
"""

from __future__ import annotations

import importlib
import os
import secrets
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Callable

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers, lists, sampled_from

from petkata.checking import answers, fixtures
from petkata.checking.board import state_of, tell_hint, tell_task
from petkata.checking.collect import NotebookCells
from petkata.course import catalog

# What checks import only when they run, and each fork would import anew.
MODULES_OF_CHECKS = ("safetensors.torch", "petkata.pets.imaginary", "tests.lesson6.learners", "tests.lesson7.learners",
                     "tests.lesson7.phases")
ELSEWHERE = "PETKATA_JUDGED_ELSEWHERE"  # set in a kernel that has no checks in it


def checks_of(lesson: str):
    """The function `check(task)` of a lesson, for the notebook that calls this."""
    functions = sys._getframe(1).f_globals
    imports_find_cells(catalog.lesson(lesson), functions)

    def check(task: str) -> None:
        """Judge a task by its name, with the usual inputs, or with those of another seed where `check.seed` is one. Raises
        NotPassed, which shows what to put right."""
        if os.environ.get(ELSEWHERE):
            raise NotPassed(f"{task} is judged in another process.")  # for whoever asks here, it has not passed
        told = judged(catalog.lesson(lesson), task, Cells(functions), check.seed)
        if not told.passed:
            raise NotPassed(told.text)
        print(told.text)

    check.seed = None
    return check


class NotPassed(Exception):
    """A task that has not passed; the message is the report. In a notebook it is shown alone, without a traceback."""

    def _render_traceback_(self):
        return str(self).splitlines()


class Cells:
    """The functions that a notebook's cells define, in this process."""

    def __init__(self, functions: dict):
        self.functions = functions

    def function(self, name: str):
        """A function by its name; None where no cell has defined it."""
        function = self.functions.get(name)
        return function if callable(function) else None

    def is_untouched(self, name: str) -> bool:
        """Whether a function is still a stub."""
        return answers.is_untouched(self.functions.get(name))

    def place(self, names) -> Path | None:
        """The folder of the cells' code, as tracebacks name it."""
        return next((Path(function.__code__.co_filename).parent for name in names
                     if hasattr(function := self.functions.get(name), "__code__")), None)


def judged(lesson: catalog.Lesson, name: str, cells, seed: int | None = None, with_one_that_must_fail: bool = False) -> Judged:
    """Judge a task of a lesson in a run of pytest of its own; the arguments are those of `CollectedChecks.judged`."""
    told = []
    with_checks([lesson], lambda checks: told.append(checks.judged(lesson, name, cells, with_one_that_must_fail)),
                file=lesson.task(name).file, seed=seed)
    return told[0]


def with_checks(lessons: list[catalog.Lesson], do: Callable[[CollectedChecks], None], file: str | None = None,
                seed: int | None = None, folder: str | None = None) -> None:
    """Collect the checks of these lessons, or of one file of theirs, in a run of pytest inside this process, and `do` something
    with them there. What the checks share is kept in `folder`.

    Raises RuntimeError, with what pytest said, where they cannot be collected."""
    checks = CollectedChecks(do, file, seed)
    root = catalog.ROOT
    arguments = [*(f"{root}/lessons/{lesson.name}" for lesson in lessons), f"--rootdir={root}",
                 f"--config-file={root}/pyproject.toml", "--capture=sys",  # a fork shares no file that one would write to
                 "--disable-plugin-autoload", "-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider",
                 "-p", "no:unraisableexception",  # which collects garbage for a tenth of a second
                 "-p", "no:logging"]
    if seed is not None:
        arguments.append(f"--seed={seed}")
    if folder is not None:
        arguments.append(f"--basetemp={folder}")
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = pytest.main(arguments, plugins=[checks])
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if checks.trouble:
        raise checks.trouble
    if not checks.items:
        raise RuntimeError(f"The checks could not be collected:\n{said.getvalue()}")


@dataclass
class Judged:
    """The report on a task as a learner reads it, its state, its points of so many, and the verdict of each check."""

    text: str
    state: str
    points: int
    of: int
    verdicts: list[dict] = field(default_factory=list)
    tampered: bool = False  # whether a check passed that must fail

    @property
    def passed(self) -> bool:
        return self.state == "passed"


class CollectedChecks:
    """As a plugin of pytest: the checks of lessons, which judge the functions of a notebook's cells when they are asked to."""

    __name__ = NotebookCells.DEFINED  # by which pytest knows it

    def __init__(self, do: Callable[[CollectedChecks], None], file: str | None, seed: int | None):
        self.do, self.file, self.seed = do, file, seed
        self.cells = None  # those that are judged now
        self.items: list[pytest.Item] = []
        self.trouble: Exception | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        self.items = [] if session.testsfailed else session.items
        if self.items:
            try:
                self.do(self)
            except Exception as error:  # not pytest's to tell
                self.trouble = error
        return True

    def share(self) -> None:
        """Make now what all answers are given and none makes, so that whoever is forked from here has it already."""

        @given(lists(integers() | floats() | sampled_from("abc"), min_size=20, max_size=20))
        @settings(max_examples=30, database=None)
        def hypothesis_itself(values):  # at one draw in twenty it looks whether there are modules that it has not seen
            pass

        def shared(request):
            for name in fixtures.MADE_ONCE:
                request.getfixturevalue(name)
            for library in MODULES_OF_CHECKS:
                importlib.import_module(library)

        session = self.items[0].session
        first, last, never = (pytest.Function.from_parent(session, name=function.__name__, callobj=function)
                              for function in (shared, hypothesis_itself, hypothesis_itself))
        for item, following in ((first, last), (last, never)):  # always another, so that the session's fixtures stay
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)

    def keep_files_in(self, folder: str) -> None:
        """Let new folders of the checks be made in here."""
        self.items[0].config._tmp_path_factory._basetemp = Path(folder)  # pytest knows no other way once it has begun

    def judged(self, lesson: catalog.Lesson, name: str, cells, with_one_that_must_fail: bool = False) -> Judged:
        """Judge a task. `cells` gives its function, as `Cells` does. `with_one_that_must_fail`: so that who has made the checks
        pass that should not is found. What checks share is made once, so a second task finds it as the first has left it.

        Raises RuntimeError where no check gave a verdict."""
        self.cells, self.verdicts, self.must_fail, self.tampered = cells, [], None, False
        task = lesson.task(name)
        items = [item for item in self.items if (item.judged["lesson"], item.judged["task"]) == (lesson.name, name)]
        if cells.function(name) is None:
            text = f"{name} is not defined. Run the cell in which you write it, then this one again."
            return Judged(text, "not started", 0, task.points)
        if with_one_that_must_fail:
            self.must_fail = f"test_{secrets.token_hex(8)}"
            place = secrets.randbelow(len(items)) + 1  # after one that has called the answer
            items.insert(place, self._one_that_must_fail(items[0]))
        for item, following in zip(items, [*items[1:], None]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if not self.verdicts:
            raise RuntimeError(f"The checks of {name} could not be run.")
        page, state = Page(), state_of(self.verdicts)
        tell_task(page, name, self.verdicts, show_printed=True)
        if state == "failing":
            tell_hint(page, task, self.verdicts)
        points = task.points if state == "passed" else 0
        inputs = "" if self.seed is None else "with other inputs, "
        page.write_line(f"{inputs}{name}: {state}, {points} of {task.points} points")
        return Judged("\n".join(page.lines), state, points, task.points, self.verdicts, self.tampered)

    def _one_that_must_fail(self, other):
        """A check beside another one that asks for a result which no answer can give, another each time."""
        secret, task = secrets.token_hex(8), other.judged["task"]

        def check():
            call = other.parent.tasks[task] and other.parent.tasks[task].last_call
            result = call.result if call else None
            assert result == secret and secret != secret[::-1] + "-", secret

        item = pytest.Function.from_parent(other.parent, name=self.must_fail, callobj=check)
        item.judged, item.repr_failure = dict(other.judged), other.repr_failure
        return item

    def pytest_runtest_logreport(self, report):
        if not hasattr(report, "verdict"):
            return
        if report.verdict["check"] != self.must_fail:
            self.verdicts.append(report.verdict)
        elif report.verdict["state"] == "passed":
            self.tampered = True


class Page:
    """Lines of a report, written as to pytest's terminal reporter."""

    def __init__(self):
        self.lines: list[str] = []

    def section(self, title: str, sep: str, **markup):
        self.lines.append(f" {title} ".center(80, sep))

    def write_line(self, line: str, **markup):
        self.lines += line.splitlines()


def imports_find_cells(lesson: catalog.Lesson, functions: dict) -> None:
    """Let `from .smooth import smooth` find the function of an earlier cell, as it finds that of another file."""
    package = functions["__package__"] = f"notebook_of_{lesson.name}"
    sys.modules[package] = ModuleType(package)
    sys.modules[package].__path__ = []
    for file in lesson.files:
        cell = ModuleType(f"{package}.{file.removesuffix('.py')}")
        cell.__getattr__ = lambda name: _known(functions, name)
        sys.modules[cell.__name__] = cell


def _known(functions: dict, name: str):
    if name in functions:
        return functions[name]
    raise AttributeError(f"no cell has defined {name} yet")
