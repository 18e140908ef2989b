"""The checks inside a notebook: the same as in the terminal, on the functions that its cells define.

    from petkata.checking.notebook import checks_of

    check = checks_of("lesson3")
    check("cosine_anneal")

A check cell that does not end in an error has passed: that is how nbgrader gives points.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from types import ModuleType

import pytest

from petkata.checking.board import state_of, tell_hint, tell_task
from petkata.checking.collect import NotebookCells
from petkata.course import catalog


def checks_of(lesson: str):
    """The function `check(task)` of a lesson, for the notebook that calls this."""
    functions = sys._getframe(1).f_globals
    imports_find_cells(catalog.lesson(lesson), functions)

    def check(task: str, seed: int | None = None) -> None:
        """Judge a task by its name, with the usual inputs, or with those of another `seed`. Raises NotPassed, which shows
        what to put right."""
        text, passed = judged(catalog.lesson(lesson), task, functions, seed)
        if not passed:
            raise NotPassed(text)
        print(text)

    return check


class NotPassed(Exception):
    """A task that has not passed; the message is the report. In a notebook it is shown alone, without a traceback."""

    def _render_traceback_(self):
        return str(self).splitlines()


def judged(lesson: catalog.Lesson, name: str, functions: dict, seed: int | None = None) -> tuple[str, bool]:
    """The report on a task, and whether it has passed."""
    task = next((task for task in lesson.tasks if task.name == name), None)
    if task is None:
        raise ValueError(f"{lesson.name} has no task {name!r}, but {', '.join(task.name for task in lesson.tasks)}")
    if not callable(functions.get(name)):
        return f"{name} is not defined. Run the cell in which you write it, then this one again.", False
    run = Run(task, functions)
    root = catalog.ROOT
    arguments = [f"{root}/lessons/{lesson.name}", f"--rootdir={root}", f"--config-file={root}/pyproject.toml",
                 "-p", "no:cacheprovider", "--disable-plugin-autoload", "-p", "_hypothesis_pytestplugin"]
    if seed is not None:
        arguments.append(f"--seed={seed}")
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = pytest.main(arguments, plugins=[run])
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if not run.verdicts:
        raise RuntimeError(f"The checks of {name} could not be run:\n{said.getvalue()}")
    page, state = Page(), state_of(run.verdicts)
    tell_task(page, name, run.verdicts, show_printed=True)
    if state == "failing":
        tell_hint(page, task, run.verdicts)
    inputs = "" if seed is None else "with other inputs, "
    page.write_line(f"{inputs}{name}: {state}, {task.points if state == 'passed' else 0} of {task.points} points")
    return "\n".join(page.lines), state == "passed"


class Run:
    """As a plugin of pytest: gives the functions of a notebook to judge one task, and keeps the verdicts."""

    __name__ = NotebookCells.DEFINED  # by which pytest knows it

    def __init__(self, task: catalog.Task, functions: dict):
        self.task, self.file, self.functions, self.verdicts = task.name, task.file, functions, []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.judged["task"] == self.task]

    def pytest_runtest_logreport(self, report):
        if hasattr(report, "verdict"):
            self.verdicts.append(report.verdict)


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
