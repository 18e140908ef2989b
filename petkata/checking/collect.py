"""What pytest collects: a lesson's files with the checks of their tasks, and the known answers that prove the checks.

    exercises/lesson3/anneal.py              the checks of tests/lesson3/anneal/checks.py, on the learner's functions
    solutions/lesson3/anneal.py              the same checks, on the solutions
    tests/lesson3/anneal/checks.py           on stubs: none may pass
    tests/lesson3/anneal/mistakes.py         on each mistake, up to the check that must catch it
    tests/lesson3/anneal/alternatives.py     on each alternative: all must pass

    exercises/lesson3, solutions/lesson3     with -m gpu or --rehearse: tests/lesson3/full_run.py as well
    lessons/lesson3                          inside a notebook only: the functions that its cells define
"""

from __future__ import annotations

import importlib
import importlib.util
import re
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Callable

import pytest

from petkata.checking import answers
from petkata.checking.answers import KnownAnswer
from petkata.course import catalog


def collector_for(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The collector of a folder or file that the course owns; None for anything else."""
    parts = path.relative_to(catalog.ROOT).parts if path.is_relative_to(catalog.ROOT) else ()
    sides = ["exercises", "solutions"] + ["lessons"] * parent.config.pluginmanager.has_plugin(NotebookCells.DEFINED)
    if len(parts) == 2 and parts[0] in sides and parts[1] in catalog.lesson_names():
        return LessonFolder.from_parent(parent, path=path)
    if len(parts) == 4 and parts[0] == "tests" and parts[1].startswith("lesson") and path.suffix == ".py":
        kind = {"checks.py": StubFile, "mistakes.py": KnownAnswersFile, "alternatives.py": KnownAnswersFile}.get(parts[3])
        return kind.from_parent(parent, path=path) if kind else None
    return None


class LessonFolder(pytest.Directory):
    """A lesson's folder under `exercises/` or `solutions/`: one collector a file of the catalog, missing ones too.
    Under `lessons/` it stands for the lesson's notebook, where cells take the places of the files."""

    def collect(self):
        lesson = catalog.lesson(self.path.name)
        if defined := self.config.pluginmanager.get_plugin(NotebookCells.DEFINED):
            for file in [defined.file] if defined.file else lesson.files:
                yield NotebookCells.from_parent(self, path=self.path / file, lesson=lesson, file=file)
            return
        for file in lesson.files:
            yield AnswerFile.from_parent(self, path=self.path / file, lesson=lesson, file=file)
        if "gpu" in self.config.option.markexpr:
            yield FullRunFile.from_parent(self, path=self.path / FullRunFile.NAME, lesson=lesson, file=FullRunFile.NAME)


class Checks(pytest.Module):
    """The checks of one file's tasks, with each task's function as a session-scoped fixture of its name.

    Every collector has its own copy of the module of checks: no answer can leave a trace in it for the next.
    """

    shrink = False  # whether Hypothesis looks for the simplest input that fails: only a reader needs that

    def __init__(self, *, lesson: catalog.Lesson, file: str, **kwargs):
        super().__init__(**kwargs)
        self.lesson, self.file = lesson, file
        self.tasks = {task.name: None for task in lesson.tasks_in(file)}  # filled with answers.Task when first used
        self.endless: set[str] = set()  # tasks that ran past their time limit

    def function(self, name: str) -> Callable:
        """The function to judge. Raises AnswerError where there is none."""
        raise NotImplementedError

    @property
    def answer_place(self) -> Path:
        """The file or folder of the answer's own code: the frames that its author may see."""
        return self.path

    not_started: frozenset[str] = frozenset()  # the tasks known to be untouched stubs, without running them

    @property
    def checks_name(self) -> str:
        """Which module of tests/lessonN holds the checks."""
        return f"{Path(self.file).stem}.checks"

    def file_of(self, task: str) -> str:
        """The file in which a task's function stands."""
        return self.file

    def _getobj(self):
        name = f"tests.{self.lesson.name}.{self.checks_name}"
        spec = importlib.util.find_spec(name)
        if spec is None:
            raise self.CollectError(f"{self.file} of {self.lesson.name} has no checks: {name} is missing")
        module = importlib.util.module_from_spec(spec)
        with inputs(seed=self.config.getoption("--seed"), shrink=self.shrink):
            spec.loader.exec_module(module)
        for task in self.tasks:
            setattr(module, task, self._fixture(task))
        return module

    def _fixture(self, name: str):
        @pytest.fixture(scope="session", name=name)
        def task():
            self.tasks[name] = answers.Task(name, self.function(name))
            return self.tasks[name]

        return task

    @cached_property
    def libraries(self) -> list[str]:
        """Of the libraries that take seconds to import, those that the answer or its checks ask for. They are
        imported before any time limit begins: that is not the learner's time."""
        sources = [path.read_text(encoding="utf-8", errors="replace") for path in (self.path, Path(self.obj.__file__))
                   if path.exists()]
        return [name for name in ("torch", "fastai")
                if any(re.search(rf"^\s*(from|import) {name}\b", source, re.MULTILINE) for source in sources)]

    def task_of(self, item: pytest.Item) -> str:
        """The task that a check judges: the first that it asks for."""
        for name in item.fixturenames:
            if name in self.tasks:
                return name
        raise self.CollectError(f"{item.name} asks for none of the tasks of {self.file}")


class AnswerFile(Checks):
    """A learner's file, or a solution."""

    shrink = True

    @property
    def answer_place(self):
        return self.path.parent  # an answer may call one in the next file

    def function(self, name):
        return answers.function(self.path, catalog.ROOT, name)

    @cached_property
    def not_started(self):
        return answers.untouched(self.path)


class NotebookCells(Checks):
    """The cell of a notebook that takes the place of one file, with the functions that are defined by now, here or elsewhere."""

    DEFINED = "petkata-notebook"  # the plugin that knows the `cells`, and the one `file` that is judged, if it is one
    shrink = True

    @property
    def cells(self):
        return self.config.pluginmanager.get_plugin(self.DEFINED).cells

    def function(self, name):
        function = self.cells.function(name)
        if function is None:
            raise answers.AnswerError(f"{name} is not defined. Run the cell in which you write it, then this one again.")
        return function

    @property
    def answer_place(self):
        return self.cells.place(self.tasks) or self.path

    @cached_property
    def not_started(self):
        return frozenset(name for name in self.tasks if self.cells.is_untouched(name))


class FullRunFile(Checks):
    """The full run of a lesson: `tests/lesson3/full_run.py`, with the functions of all files of a learner or a solution."""

    NAME = "full_run.py"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.tasks = {task.name: None for task in self.lesson.tasks}
        if not self.config.getoption("--rehearse"):
            import torch

            if not torch.cuda.is_available():
                self.add_marker(pytest.mark.skip("there is no CUDA device here; pytest --rehearse runs a miniature on the CPU"))

    checks_name = "full_run"
    libraries = ["torch", "fastai"]

    @property
    def answer_place(self):
        return self.path.parent

    def function(self, name):
        return answers.function(self.path.with_name(self.file_of(name)), catalog.ROOT, name)

    def file_of(self, task):
        return next(other.file for other in self.lesson.tasks if other.name == task)

    @cached_property
    def not_started(self):
        return frozenset().union(*(answers.untouched(self.path.with_name(file)) for file in self.lesson.files))


class KnownAnswersFile(pytest.File):
    """`mistakes.py` or `alternatives.py`: one collector a known answer."""

    def collect(self):
        lesson, file = _lesson_file(self.path)
        module = importlib.import_module(".".join(self.path.relative_to(catalog.ROOT).with_suffix("").parts))
        count: dict[str, int] = {}
        for answer in answers.known_answers(module):
            count[answer.task] = count.get(answer.task, 0) + 1
            name = f"{answer.task}-{count[answer.task]}"
            yield KnownAnswerChecks.from_parent(
                self, path=self.path, nodeid=f"{self.nodeid}::{name}", name=name, lesson=lesson, file=file, answer=answer
            )


class KnownAnswerChecks(Checks):
    """One known answer; the other tasks of its file come from the solutions."""

    def __init__(self, *, answer: KnownAnswer, **kwargs):
        super().__init__(**kwargs)
        self.answer = answer

    def function(self, name):
        if name == self.answer.task:
            return self.answer.function
        return _solution(self.lesson, self.file, name)

    def collect(self):
        """The checks of the task; for a mistake, those up to the one that must catch it."""
        items = [item for item in super().collect() if self.task_of(item) == self.answer.task]
        if self.answer.caught_by is None:
            return items
        names = [item.name.partition("[")[0] for item in items]
        if self.answer.caught_by not in names:
            raise self.CollectError(f"no check of {self.answer.task} is called {self.answer.caught_by}: {names}")
        last = len(names) - names[::-1].index(self.answer.caught_by)
        return items[:last]


class StubFile(pytest.File):
    """`checks.py`: its checks on stubs, which raise NotImplementedError as a learner's untouched file does."""

    def collect(self):
        lesson, file = _lesson_file(self.path)
        yield StubChecks.from_parent(
            self, path=self.path, nodeid=f"{self.nodeid}::stub", name="stub", lesson=lesson, file=file
        )


class StubChecks(Checks):
    def function(self, name):
        def stub(*args, **kwargs):
            raise NotImplementedError(name)

        return stub


@contextmanager
def inputs(seed: int | None, shrink: bool):
    """How Hypothesis makes inputs for the checks that are defined inside.

    The same answer gets the same verdict each time, unless another seed is asked for.
    """
    from hypothesis import HealthCheck, Phase, settings

    phases = (Phase.explicit, Phase.generate, Phase.shrink) if shrink else (Phase.explicit, Phase.generate)
    before = settings.get_current_profile_name()
    settings.register_profile("petkata", deadline=None, database=None, derandomize=seed is None, max_examples=50,
                              phases=phases, print_blob=False, suppress_health_check=list(HealthCheck))
    settings.load_profile("petkata")
    try:
        yield
    finally:
        settings.load_profile(before)


def _lesson_file(path: Path) -> tuple[catalog.Lesson, str]:
    return catalog.lesson(path.parents[1].name), f"{path.parent.name}.py"


def _solution(lesson: catalog.Lesson, file: str, name: str) -> Callable:
    return getattr(importlib.import_module(f"solutions.{lesson.name}.{Path(file).stem}"), name)
