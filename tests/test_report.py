"""The class report: what it reads from a course folder and its gradebook, and what it says of it."""

import csv
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader itself needs Python 3.11")

TASKS = {"cosine_anneal": 1, "one_cycle_lr": 2, "schedule": 3}  # in the order of the notebook, which is not the alphabet's
FLAT = {"check": "test_is_flat_at_both_ends", "state": "failed",
        "why": "a cosine starts slowly; a straight line does not\n    last call: cosine_anneal(0.0, 1000.0, 0.99) gave 990.0"}
BEGINS = {"check": "test_begins_and_ends_where_told", "state": "passed", "why": ""}


@dataclass
class Student:
    """A student of a made class: `states` and the `checks` of each task; `marks` by hand."""

    id: str
    states: tuple = ("passed", "passed", "passed")
    checks: dict = field(default_factory=dict)
    marks: dict = field(default_factory=dict)
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    look: tuple = ()


def graded_notebook(student, tasks=TASKS):
    """As grading leaves it, as far as the report looks at it."""
    cells = [{"cell_type": "code", "source": "", "outputs": [], "execution_count": None, "metadata": {
        "nbgrader": {"grade_id": f"check_{task}", "grade": True},
        "petkata": {"task": task, "state": state, "points": of if state == "passed" else 0, "of": of,
                    "checks": student.checks.get(task, [])}}}
        for (task, of), state in zip(tasks.items(), student.states)]
    return {"cells": cells, "metadata": {"petkata": {"needs_a_look": list(student.look)}}, "nbformat": 4, "nbformat_minor": 5}


def written(path, notebook):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook) if isinstance(notebook, dict) else notebook, encoding="utf-8")
    return path


def make_course(folder, students, lesson="lesson3", tasks=TASKS):
    """A course folder in which these students have handed in a lesson and were graded."""
    from nbgrader.api import Gradebook

    folder.mkdir(exist_ok=True)
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'made'\n")
    written(folder / "source" / lesson / f"{lesson}.ipynb", graded_notebook(Student(".", ("not started",) * len(tasks)), tasks))
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment(lesson)
        gradebook.update_or_create_notebook(lesson, lesson)
        for task, of in tasks.items():
            gradebook.update_or_create_grade_cell(f"check_{task}", lesson, lesson, max_score=of, cell_type="code")
        for student in students:
            gradebook.update_or_create_student(student.id, first_name=student.first_name, last_name=student.last_name,
                                               email=student.email)
            gradebook.update_or_create_submission(lesson, student.id)
            for (task, of), state in zip(tasks.items(), student.states):
                grade = gradebook.find_grade(f"check_{task}", lesson, lesson, student.id)
                grade.auto_score, grade.needs_manual_grade = of if state == "passed" else 0.0, False
                grade.manual_score = student.marks.get(task)
            gradebook.db.commit()
            written(graded(folder, student.id, lesson), graded_notebook(student, tasks))
    return folder


def graded(folder, student, lesson="lesson3"):
    return folder / "autograded" / student / lesson / f"{lesson}.ipynb"


def enrol(folder, student, **details):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        gradebook.update_or_create_student(student, **details)
        gradebook.db.commit()


def class_of(size):
    """Students s00, s01, ...: some have everything, some are stuck, some have hardly begun."""
    kinds = [(("passed", "passed", "passed"), {}), (("passed", "passed", "failing"), {}), (("passed", "failing", "waiting"), {}),
             (("failing", "waiting", "not started"), {"cosine_anneal": [BEGINS, FLAT]}),
             (("passed", "not started", "not started"), {"cosine_anneal": [BEGINS, {**FLAT, "state": "passed", "why": ""}]})]
    return [Student(f"s{number:02}", *kinds[number % len(kinds)]) for number in range(size)]


@pytest.fixture(autouse=True)
def alembic_is_found(monkeypatch):
    """nbgrader calls it by its name, also where the environment is not activated."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def read(tmp_path):
    """`read(course)`: its results of lesson3, by student."""
    from petkata.classroom.results import results

    return lambda course: {result.student: result for result in results(course, "lesson3")}
