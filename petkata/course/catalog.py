"""The lessons and their tasks, as each `lessons/lessonN/lesson.toml` lists them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
HIDDEN_SEED = 2027  # of the inputs that hidden checks use


class CatalogError(Exception):
    """A `lesson.toml` that cannot be used; the message says what to mend."""


@dataclass(frozen=True)
class Task:
    """One function that a learner writes. `file` is its module inside the lesson, such as `anneal.py`."""

    name: str
    file: str
    points: int
    hints: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """One lesson: `name` is its folder, such as `lesson3`; `tasks` stand in the order to be done."""

    name: str
    title: str
    idea: str
    tasks: tuple[Task, ...]

    @property
    def files(self) -> list[str]:
        """The files of the lesson, in the order of their first task."""
        return list(dict.fromkeys(task.file for task in self.tasks))

    def tasks_in(self, file: str) -> list[Task]:
        return [task for task in self.tasks if task.file == file]

    def task(self, name: str) -> Task:
        """The task of that name. Raises ValueError where the lesson has none."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise ValueError(f"{self.name} has no task {name!r}, but {', '.join(task.name for task in self.tasks)}")

    @property
    def points(self) -> int:
        return sum(task.points for task in self.tasks)


@lru_cache(maxsize=None)
def lesson(name: str, root: Path = ROOT) -> Lesson:
    """The lesson of that folder name. Raises CatalogError when its `lesson.toml` is missing or wrong."""
    path = root / "lessons" / name / "lesson.toml"
    where = path.relative_to(root)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CatalogError(f"{where} is missing: {name} has no list of tasks.") from None
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(f"{where} is not valid TOML: {error}") from None
    try:
        tasks = tuple(
            Task(entry["name"], entry["file"], entry["points"], tuple(entry["hints"])) for entry in data["tasks"]
        )
        return Lesson(name, data["title"], data["idea"], tasks)
    except KeyError as error:
        raise CatalogError(f"{where} lacks {error}: a lesson has title, idea and tasks; "
                           "a task has name, file, points and hints.") from None


def lesson_names(root: Path = ROOT) -> list[str]:
    """Folder names of all lessons, in order: lesson1, lesson2, ..."""
    folders = (root / "lessons").glob("lesson[0-9]*/lesson.toml")
    return sorted((path.parent.name for path in folders), key=lambda name: int(name.removeprefix("lesson")))
