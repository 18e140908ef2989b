"""Points for the same answer: by pytest, in the notebook, and by nbgrader.

    python -m benchmarks.parity                    all lessons
    python -m benchmarks.parity lesson3            one; its line of benchmarks/parity.md is made anew

Every known answer is judged in all three ways: the solution, the untouched stub, each alternative and each mistake of each
task. The first submission of a lesson has the solutions, the second the stubs, and each later one the next known answer of
every task, or the solution where a task has no more. An alternative that calls the answer of another task has a submission for
itself, with solutions all around. The notebook is run as a learner runs it, with the checks in its kernel. nbgrader is the stock
one, `nbgrader autograde`, with the configuration in `lessons/`.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import nbformat

from benchmarks.judging import ROOT, course_with_stubs
from petkata.checking.answers import KnownAnswer, known_answers
from petkata.classroom.folder import CONFIG, GUARD
from petkata.course import catalog, stubs
from petkata.pets.made import write_atomically

WAYS = ("pytest", "notebook", "nbgrader")


@dataclass(frozen=True)
class Answer:
    """One way to answer a task: its kind, the text that takes the place of the function in its file, and of a mistake the check
    that catches it."""

    kind: str
    task: catalog.Task
    source: str
    caught_by: str | None = None

    @property
    def needs_others(self) -> bool:
        """Whether it is right only where the answers to other tasks are."""
        return self.kind == "alternative" and "from ." in self.source

    @property
    def points(self) -> int:
        return self.task.points if self.kind in ("solution", "alternative") else 0


# --- what is handed in ---


def submissions(lesson: catalog.Lesson) -> list[list[Answer]]:
    """Of each submission the answers to all tasks, in order."""
    right, untouched = ([answer_in(lesson, task, kind) for task in lesson.tasks] for kind in ("solution", "stub"))
    answers = [known(lesson, task) for task in lesson.tasks]
    others = zip_longest(*([answer for answer in own if not answer.needs_others] for own in answers))
    for_itself = [[one if one.task == answer.task else answer for answer in right]
                  for own in answers for one in own if one.needs_others]
    return [right, untouched, *([other or answer for other, answer in zip(row, right)] for row in others), *for_itself]


def answer_in(lesson: catalog.Lesson, task: catalog.Task, kind: str) -> Answer:
    text = (ROOT / "solutions" / lesson.name / task.file).read_text(encoding="utf-8")
    return Answer(kind, task, function_in(stubs.stub_of(text) if kind == "stub" else text, task.name))


def known(lesson: catalog.Lesson, task: catalog.Task) -> list[Answer]:
    """The alternatives and the mistakes of a task."""
    found = []
    for kind in ("alternatives", "mistakes"):
        module = importlib.import_module(f"tests.{lesson.name}.{Path(task.file).stem}.{kind}")
        for answer in known_answers(module):
            if answer.task == task.name:
                source = without_solutions(helpers(module) + without_mark(answer), lesson, task)
                found.append(Answer(kind[:-1], task, source, answer.caught_by))
    return found


def helpers(module) -> str:
    """What the known answers of a module use: all of it but the answers themselves."""
    source = Path(module.__file__).read_text(encoding="utf-8")
    kept = [node for node in ast.parse(source).body  # an answer may stand in an `if`
            if not any(map(is_an_answer, ast.walk(node))) and getattr(node, "module", "") != "petkata.checking"]
    lines = source.splitlines(keepends=True)
    begins = [min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))]) - 1 for node in kept]
    return "".join("".join(lines[begin:node.end_lineno]) + "\n" for begin, node in zip(begins, kept))


def is_an_answer(node: ast.AST) -> bool:
    """Whether this is a function marked as a mistake or an alternative."""
    marks = (mark.func if isinstance(mark, ast.Call) else mark for mark in getattr(node, "decorator_list", ()))
    return any(isinstance(mark, ast.Name) and mark.id in ("mistake", "alternative") for mark in marks)


def without_solutions(source: str, lesson: catalog.Lesson, task: catalog.Task) -> str:
    """The same answer where no solutions are to be had: it calls the submission's own functions, and brings along the solution of
    its own task, if it is made of that."""
    own = re.compile(rf"from solutions\.{lesson.name}\.{Path(task.file).stem} import (\w+)(?: as (\w+))?")
    text = (ROOT / "solutions" / lesson.name / task.file).read_text(encoding="utf-8")
    brought = f"def of_the_solution(name):\n{textwrap.indent(text, '    ')}\n    return locals()[name]\n\n\n"
    source, n = own.subn(lambda found: f'{found[2] or found[1]} = of_the_solution("{found[1]}")', source)
    return (brought if n else "") + re.sub(r"from solutions\.lesson\d+\.", "from .", source)


def without_mark(answer: KnownAnswer) -> str:
    [function] = ast.parse(textwrap.dedent(inspect.getsource(answer.function))).body
    function.decorator_list.clear()
    return ast.unparse(function) + "\n"


def function_in(text: str, name: str) -> str:
    node = next(node for node in ast.parse(text).body if getattr(node, "name", None) == name)
    return "".join(text.splitlines(keepends=True)[node.lineno - 1:node.end_lineno])  # whole lines, with what stands behind


def file_with(lesson: catalog.Lesson, file: str, answers: list[Answer]) -> str:
    """A solution's file with these answers in the place of its functions."""
    text = (ROOT / "solutions" / lesson.name / file).read_text(encoding="utf-8")
    for answer in answers:
        if answer.task.file == file:
            before = function_in(text, answer.task.name)
            assert before in text
            text = text.replace(before, answer.source)
    return text


# --- judged by pytest ---


def by_pytest(lesson: catalog.Lesson, handed_in: list[list[Answer]], folder: Path) -> list[dict[str, int]]:
    """Points of each task, for each submission, as the board of `pytest exercises/lessonN` tells them."""
    course, told = course_with_stubs(folder), []
    environment = environment_of(course)
    for answers in handed_in:
        for file in lesson.files:
            (course / "exercises" / lesson.name / file).write_text(file_with(lesson, file, answers), encoding="utf-8")
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"exercises/{lesson.name}"],
                              cwd=course, env=environment, capture_output=True, text=True)
        rows = re.findall(r"^  (\w+) +\w+\.py +[a-z ]+? +(\d+) of \d+$", done.stdout, re.MULTILINE)
        told.append({name: int(points) for name, points in rows})
        if set(told[-1]) != {task.name for task in lesson.tasks}:
            raise SystemExit(done.stdout + done.stderr)
    return told


def environment_of(course: Path) -> dict[str, str]:
    return {**{key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}, "PYTHONPATH": str(course)}


# --- judged in a notebook, and by nbgrader ---


def by_notebook(lesson: catalog.Lesson, handed_in: list[list[Answer]], folder: Path) -> list[dict[str, int]]:
    """Points of each task, for each submission, by the checks that a learner runs in the notebook."""
    paths = [write_submission(lesson, answers, folder, student(number)) for number, answers in enumerate(handed_in)]
    called("benchmarks.notebooks", *map(str, paths), folder=ROOT)
    told = []
    for path in paths:
        seen = {cell.metadata.nbgrader.grade_id: shown(cell) for cell in nbformat.read(path, 4).cells
                if cell.metadata.get("nbgrader", {}).get("grade")}
        told.append({task.name: task.points if f"{task.name}: passed, " in seen[f"check_{task.name}"] else 0
                     for task in lesson.tasks})
    return told


def configure(folder: Path) -> None:
    """Give a class's folder the course's configuration."""
    for name in (CONFIG, GUARD):
        shutil.copy(ROOT / "lessons" / name, folder)


def by_nbgrader(lesson: catalog.Lesson, handed_in: list[list[Answer]], folder: Path) -> list[dict[str, float]]:
    """Points of each task, for each submission, in the gradebook of a class."""
    shutil.copytree(ROOT / "lessons" / "source" / lesson.name, folder / "source" / lesson.name)
    configure(folder)
    for number, answers in enumerate(handed_in):
        write_submission(lesson, answers, folder, student(number))
    for command in ("generate_assignment", "autograde"):
        called("nbgrader", command, lesson.name, folder=folder)
    graded = graded_points(folder / "gradebook.db", lesson.name)
    return [{task.name: graded[student(number), f"check_{task.name}"] for task in lesson.tasks}
            for number in range(len(handed_in))]


def called(module: str, *words: str, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-m", module, *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def write_submission(lesson: catalog.Lesson, answers: list[Answer], course: Path, student: str) -> Path:
    """Put a notebook with these answers where nbgrader looks for what a student has submitted."""
    place = course / "submitted" / student / lesson.name
    place.mkdir(parents=True)
    notebook = nbformat.read(ROOT / "lessons" / "release" / lesson.name / f"{lesson.name}.ipynb", 4)
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution"):
            cell.source = file_with(lesson, f"{marks['grade_id']}.py", answers)
    nbformat.write(notebook, path := place / f"{lesson.name}.ipynb")
    return path


def student(number: int) -> str:
    return f"s{number:02}"


def shown(cell) -> str:
    """What the cell of a check printed."""
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def graded_points(gradebook: Path, assignment: str) -> dict[tuple[str, str], float]:
    """Points by student and name of the graded cell."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{gradebook}") as book:
        return {(submission.student_id, grade.name): grade.score
                for submission in book.assignment_submissions(assignment)
                for notebook in submission.notebooks for grade in notebook.grades}


# --- side by side ---


def compared(name: str, handed_in: list[list[Answer]] | None = None) -> list[tuple[str, Answer, tuple]]:
    """For each answer of a lesson: the lesson's name, the answer, and its points in the three ways."""
    lesson = catalog.lesson(name)
    handed_in = handed_in or submissions(lesson)
    with tempfile.TemporaryDirectory() as folder:
        one = by_pytest(lesson, handed_in, Path(folder, "course"))
        two = by_notebook(lesson, handed_in, Path(folder, "learners"))
        three = by_nbgrader(lesson, handed_in, Path(folder, "class"))
    rows = {}
    for answers, *told in zip(handed_in, one, two, three):
        for answer in answers:
            points = tuple(points[answer.task.name] for points in told)
            rows.setdefault((answer.task.name, answer.source), (name, answer, points))
    equal = sum(set(points) == {answer.points} for _, answer, points in rows.values())
    print(f"{name}: {equal} of {len(rows)} answers in {len(handed_in)} submissions", file=sys.stderr, flush=True)
    return list(rows.values())


HEAD = """# The same points in three ways

Made by `python -m benchmarks.parity`: each known answer of each task, judged by pytest, in the notebook and by
nbgrader. *Equal*: all three give the same points, and a mistake or a stub gets 0, all others get all.

| lesson | solutions | stubs | alternatives | mistakes | equal | on |
|---|---|---|---|---|---|---|
"""
TABLE = ROOT / "benchmarks" / "parity.md"


def row(name: str, rows: list[tuple[str, Answer, tuple]]) -> str:
    """A lesson's line of the table."""
    counts = [sum(answer.kind == kind for _, answer, _ in rows) for kind in ("solution", "stub", "alternative", "mistake")]
    equal = sum(set(points) == {answer.points} for _, answer, points in rows)
    return f"| {name[-1]} | {' | '.join(map(str, counts))} | {equal} of {len(rows)} | {datetime.date.today()} |\n"


def not_equal(rows: list[tuple[str, Answer, tuple]]) -> list[str]:
    """What is wrong, for each answer whose points are not the same, and right, in all three ways."""
    return [f"{name}, {answer.task.name}, {answer.kind}: " + ", ".join(f"{way} {p:g}" for way, p in zip(WAYS, points))
            + f", expected {answer.points}\n\n{textwrap.indent(answer.source, '    ')}"
            for name, answer, points in rows if set(points) != {answer.points}]


def write_down(name: str, rows: list[tuple[str, Answer, tuple]]) -> None:
    """Put a lesson's line into the table. Those of other lessons stay as they are."""
    lines = {line[2]: line for line in TABLE.read_text(encoding="utf-8").splitlines(keepends=True)
             if re.match(r"\| \d", line)} if TABLE.exists() else {}
    lines[name[-1]] = row(name, rows)
    text = HEAD + "".join(lines[number] for number in sorted(lines))
    write_atomically(TABLE, lambda beside: beside.write_text(text, encoding="utf-8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="all, where none is named")
    parser.add_argument("--jobs", type=int, default=2, help="lessons at once; %(default)s")
    options = parser.parse_args()
    names, wrong = options.lessons or catalog.lesson_names(), []
    with ThreadPoolExecutor(options.jobs) as pool:
        for name, rows in zip(names, pool.map(compared, names)):
            write_down(name, rows)
            wrong += not_equal(rows)
    print("\n\n".join(wrong) or "All are equal.")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
