"""What became of each submission: its points, and for each task what the checks said.

Grading writes it into the graded notebook (`autograded/STUDENT/lesson3/lesson3.ipynb`), as plain data, where nothing of the
student's remains:

    cell.metadata.petkata          of each graded cell: task, state, points, of, checks
    notebook.metadata.petkata      needs_a_look: sentences for the instructor

`note` writes it, `results` reads it again. The points come from the gradebook, where marks given by hand, in formgrader, come
first.
"""

from __future__ import annotations

import contextlib
import glob
import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from petkata.classroom.folder import INSIDE, class_around

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from nbgrader.api import Assignment, Gradebook
    from nbgrader.coursedir import CourseDirectory

# From best to worst to know: the first four are those of the board in the terminal.
STATES = ("passed", "failing", "waiting", "not started", "crashed", "timed out", "not judged")
BAD_ENDS = ("crashed", "timed out", "not judged")
UNFINISHED = ".unfinished"  # the folder in autograded/ where submissions are while they are graded (petkata.classroom.resuming)
BEGUN = ".begun"  # and how the name of the file ends that is there meanwhile


@dataclass
class Check:
    """One check of a task: its name (`test_is_flat_at_both_ends`), whether it `passed`, `failed` or was `not started`, and
    why, in the words that the student reads."""

    check: str
    state: str
    why: str = ""


@dataclass
class TaskResult:
    """What became of a task; `state` is one of STATES. Written into the metadata of its graded cell.

    `by_hand`: the points were given by a person, and may differ from what the state says.
    """

    task: str
    state: str
    points: float
    of: float
    checks: list[Check] = field(default_factory=list)
    by_hand: bool = False

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: object) -> TaskResult:
        """The task that `to_dict` wrote. Raises ValueError, saying what is wrong, for anything else."""
        if not isinstance(data, dict):
            raise ValueError(f"a table of task, state, points, of and checks is wanted, not {type(data).__name__}")
        if missing := [name for name in ("task", "state", "points", "of") if name not in data]:
            raise ValueError(f"{', '.join(missing)} is missing")
        if data["state"] not in STATES:
            raise ValueError(f"the state is one of {', '.join(STATES)}, not {data['state']!r:.40}")
        for name in ("points", "of"):
            if type(data[name]) not in (int, float) or not math.isfinite(data[name]):
                raise ValueError(f"{name} is a number, not {data[name]!r:.40}")
        checks = data.get("checks", [])
        if not isinstance(checks, list) or not all(isinstance(one, dict) and {"check", "state"} <= one.keys() for one in checks):
            raise ValueError("checks is a list of tables of check, state and why")
        return cls(str(data["task"]), data["state"], data["points"], data["of"],
                   [Check(str(check["check"]), str(check["state"]), str(check.get("why") or "")) for check in checks],
                   data.get("by_hand") is True)


@dataclass
class SubmissionResult:
    """What became of a submission. `needs_a_look` holds a sentence for each thing that an instructor should see: a kernel that
    crashed, a notebook that could not be read, signs of tampering.

    `name` and `email` are empty where the gradebook has none. Not `handed_in`: all tasks are there, with no points.
    `late_penalty` is what nbgrader takes off for being late.
    """

    student: str
    lesson: str
    tasks: list[TaskResult]
    needs_a_look: list[str] = field(default_factory=list)
    name: str = ""
    email: str = ""
    handed_in: bool = True
    late_penalty: float = 0.0

    @property
    def points(self) -> float:
        """As nbgrader exports them."""
        return max(0.0, sum(task.points for task in self.tasks) - self.late_penalty)

    @property
    def of(self) -> float:
        return sum(task.of for task in self.tasks)

    @property
    def looks(self) -> list[str]:
        """A sentence for each thing that an instructor should see, tasks that ended badly included."""
        ended_badly = [task for task in self.tasks if task.state in ("crashed", "timed out")]
        return self.needs_a_look + [f"{task.task}: {task.state}." for task in ended_badly]

    @property
    def graded(self) -> bool:
        """Whether there is anything to say about its tasks."""
        return self.handed_in and any(task.state != "not judged" or task.by_hand for task in self.tasks)

    def to_dict(self) -> dict:
        return {**asdict(self), "points": self.points, "of": self.of, "graded": self.graded}


# --- writing them ---


def note(cell: NotebookNode, result: TaskResult, text: str) -> None:
    """Write into a graded cell what became of its task; one with code shows this text, as an error unless the task has passed."""
    from nbformat.v4 import new_output

    cell.metadata["petkata"] = result.to_dict()
    if cell.cell_type == "code":
        kind = "NotJudged" if result.state == "not judged" else "NotPassed"
        cell.outputs = [new_output("stream", name="stdout", text=text + "\n") if result.state == "passed" else
                        new_output("error", ename=kind, evalue=f"{result.task}: {result.state}", traceback=text.splitlines())]


# --- reading them ---


def of_notebook(path: Path) -> tuple[list[TaskResult], list[str]]:
    """What became of each task in a graded notebook, and what needs a look.

    Raises OSError where the file is not there, ValueError where it is no notebook.
    """
    notebook = read(path)
    graded = [cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]
    return [of_cell(cell) for cell in graded], notebook.get("metadata", {}).get("petkata", {}).get("needs_a_look", [])


def bad_ends(tasks: list[TaskResult]) -> list[str]:
    """The tasks that were not judged to the end, such as `crashed: schedule, train`."""
    ended = {state: [task.task for task in tasks if task.state == state] for state in BAD_ENDS}
    return [f"{state}: {', '.join(names)}" for state, names in ended.items() if names]


def needs_a_look(folder: Path) -> list[str]:
    """What an instructor should know of a graded submission, which lies in this folder."""
    found = []
    for path in sorted(folder.glob("*.ipynb")):
        tasks, sentences = of_notebook(path)
        none_judged = sentences and all(task.state == "not judged" for task in tasks)  # the sentences say why
        found += sentences + [f"{end}." for end in bad_ends(tasks) if not none_judged]
    return found


def of_cell(cell: dict) -> TaskResult:
    """What grading wrote into a graded cell; without that, what its output tells."""
    told = cell["metadata"].get("petkata")
    if told:
        return TaskResult.from_dict(told)
    marks, outputs = cell["metadata"]["nbgrader"], cell.get("outputs", ())
    ended = {"KernelEnded": "crashed", "CellTimeoutError": "timed out"}
    errors = [output["ename"] for output in outputs if output["output_type"] == "error"]
    state = ended.get(errors[-1], "failing") if errors else "passed"
    points = marks["points"] if state == "passed" else 0
    return TaskResult(marks["grade_id"].removeprefix("check_"), state, points, marks["points"])


class NoResults(Exception):
    """Why there are no results to be had, and what to do, in a sentence."""


def lessons_handed_in(course: Path) -> list[str]:
    """The lessons of a course folder for which anybody has handed in. Raises NoResults."""
    with opened(course) as (coursedir, gradebook):
        found = [assignment.name for assignment in gradebook.assignments
                 if assignment.submissions or submitted(coursedir, assignment.name)]
    return sorted(found, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])


def results(course: Path, lesson: str) -> list[SubmissionResult]:
    """What became of a lesson for each student: all in the gradebook, and all who have handed in; by their ids.

    A task of which grading has noted nothing (stock nbgrader did it) has no checks, and is `passed` with all its points,
    else `failing`. Raises NoResults.
    """
    with opened(course) as (coursedir, gradebook):
        assignment = assignment_of(gradebook, lesson)
        places = graded_cells(coursedir, assignment)
        grades, penalties = grades_of(gradebook, lesson)
        students = {student.id: student for student in gradebook.students}
        handed_in = penalties.keys() | submitted(coursedir, lesson)
        found = []
        for student in sorted(students.keys() | handed_in):
            who = students.get(student)
            notes, look = noted(coursedir, student, lesson, places) if student in handed_in else ({}, [])
            result = SubmissionResult(student, lesson, [], look, handed_in=student in handed_in)
            if who:
                result.name = " ".join(filter(None, (who.first_name, who.last_name)))
                result.email = who.email or ""
            result.late_penalty = penalties.get(student, 0.0)
            by_hand = []  # tasks whose mark a person has still to give
            for place, of in places.items():
                grade = grades.get((student, *place))
                task = task_result(place, of, grade, notes, look)
                result.tasks.append(task)
                if grade and grade.needs_manual_grade and notes is not None and result.handed_in:
                    by_hand.append(task.task)
            if by_hand:
                look.append(f"A mark is still to be given, or looked at again, by hand in formgrader: {', '.join(by_hand)}.")
            found.append(result)
    return found


@contextlib.contextmanager
def opened(course: Path) -> Iterator[tuple[CourseDirectory, Gradebook]]:
    """The course folder as its own nbgrader_config.py has it, and its gradebook. Raises NoResults."""
    try:
        from nbgrader.api import Gradebook
        from nbgrader.apps import NbGrader
        from sqlalchemy import create_engine, inspect, make_url
        from sqlalchemy.exc import ArgumentError, SQLAlchemyError
    except ImportError as error:
        raise NoResults(f"nbgrader is not installed ({error}). It needs Python 3.11 or later.") from None
    config = Path(course, "nbgrader_config.py").resolve()
    if not config.is_file():
        raise NoResults(f"{config.parent} is no course folder: it has no nbgrader_config.py. Call this in a course folder, or "
                        "name one: --course ~/class")
    if around := class_around(config.parent):
        raise NoResults(INSIDE.format(config.parent, around))
    with contextlib.chdir(config.parent):  # as if nbgrader were called there: paths in the configuration may begin there
        app = NbGrader(log_level="ERROR")
        app.raise_config_file_errors = True  # else nbgrader goes on with another gradebook
        try:
            app.initialize([], root=str(config.parent))
            url = make_url(app.coursedir.db_url)
        except ArgumentError:
            raise NoResults(f"{config}: c.CourseDirectory.db_url is no address of a database. One is "
                            "\"sqlite:////home/me/gradebook.db\".") from None
        except Exception as error:
            raise NoResults(f"{config} stopped with {type(error).__name__}: {error}") from error
        shown = url.render_as_string(hide_password=True)
        try:  # Gradebook would make what is not there
            if url.get_backend_name() == "sqlite" and not os.path.exists(url.database or "") or not inspect(
                    create_engine(url)).has_table("assignment"):
                raise NoResults(f"There is no gradebook yet ({shown}). nbgrader generate_assignment makes it, and grading "
                                "fills it.")
            with Gradebook(app.coursedir.db_url, app.coursedir.course_id) as gradebook:
                yield app.coursedir, gradebook
        except (SQLAlchemyError, ImportError) as error:
            raise NoResults(f"The gradebook {shown} cannot be read: {str(error).splitlines()[0]}. Is its server running, and was "
                            "it made by this version of nbgrader (nbgrader db upgrade)?") from error


def assignment_of(gradebook: Gradebook, lesson: str) -> Assignment:
    from nbgrader.api import MissingEntry

    try:
        return gradebook.find_assignment(lesson)
    except MissingEntry:
        known = ", ".join(sorted(assignment.name for assignment in gradebook.assignments)) or "none"
        raise NoResults(f"The gradebook has no {lesson}. The lessons in it: {known}.") from None


def submitted(coursedir: CourseDirectory, lesson: str) -> set[str]:
    """Who has a folder with a submission: collected, though perhaps not graded."""
    return {student for student, _ in submissions(coursedir, "*", glob.escape(lesson))}


def submissions(coursedir: CourseDirectory, students: str, lessons: str) -> list[tuple[str, str]]:
    """The student and the lesson of each folder with a submission that these patterns, of glob's, are for. Where a student's
    folder cannot be opened, nobody knows what is in it: then it counts."""
    step = coursedir.submitted_directory
    wanted = coursedir.format_path(glob.escape(step), students, lessons)
    closed = [folder for folder in glob.glob(os.path.dirname(wanted)) if os.path.isdir(folder) and not os.access(folder, os.X_OK)]
    pattern = re.compile(coursedir.format_path(step, "(?P<student>[^/]+)", "(?P<lesson>[^/]+)", escape=True))
    paths = [*glob.glob(wanted), *(os.path.join(folder, os.path.basename(wanted)) for folder in closed)]
    return [(match["student"], match["lesson"]) for match in map(pattern.fullmatch, paths) if match]


def not_graded_to_the_end(coursedir: CourseDirectory, student: str, lesson: str) -> bool:
    """Whether grading has begun with a submission, and has not come to its end: what is there was graded before, or in part."""
    folder = os.path.join(coursedir.autograded_directory, UNFINISHED)
    return os.path.exists(coursedir.format_path(folder, student, lesson) + BEGUN)


def graded_cells(coursedir: CourseDirectory, assignment: Assignment) -> dict[tuple[str, str], float]:
    """How many points each graded cell is worth, by notebook and cell, in the order of the instructor's notebook."""
    found = {}
    for notebook in sorted(assignment.notebooks, key=lambda notebook: notebook.name):
        worth = {cell.name: cell.max_score for cell in (*notebook.grade_cells, *notebook.task_cells)}
        try:
            path = Path(coursedir.format_path(coursedir.source_directory, ".", assignment.name), f"{notebook.name}.ipynb")
            order = list(cells_of(read(path)))
        except (OSError, ValueError):
            order = []
        for cell in sorted(worth, key=lambda name: (order.index(name) if name in order else len(order), name)):
            found[notebook.name, cell] = worth[cell]
    return found


def grades_of(gradebook: Gradebook, lesson: str) -> tuple[dict, dict[str, float]]:
    """The gradebook's grades, by student, notebook and cell; and by student what is taken off for being late."""
    from nbgrader.api import Assignment, BaseCell, Grade, Notebook, SubmittedAssignment, SubmittedNotebook
    from sqlalchemy.orm import undefer

    submissions = gradebook.db.query(SubmittedAssignment).options(undefer(SubmittedAssignment.late_submission_penalty)).join(
        Assignment).filter(Assignment.name == lesson)
    penalties = {submission.student_id: submission.late_submission_penalty or 0.0 for submission in submissions}
    rows = (gradebook.db.query(SubmittedAssignment.student_id, Notebook.name, BaseCell.name, Grade)
            .select_from(Grade).join(BaseCell, Grade.cell_id == BaseCell.id)
            .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
            .join(Notebook, SubmittedNotebook.notebook_id == Notebook.id)
            .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id).filter(Assignment.name == lesson))
    return {(student, notebook, cell): grade for student, notebook, cell, grade in rows}, penalties


def noted(coursedir: CourseDirectory, student: str, lesson: str,
          places: dict[tuple[str, str], float]) -> tuple[dict[tuple[str, str], object] | None, list[str]]:
    """What grading has noted of each graded cell, by notebook and cell, and the sentences for the instructor. None: not
    graded."""
    folder = Path(coursedir.format_path(coursedir.autograded_directory, student, lesson))
    found, look, graded = {}, [], False
    for notebook in dict.fromkeys(notebook for notebook, _ in places):
        path = folder / f"{notebook}.ipynb"
        try:
            content = read(path)
            found |= {(notebook, cell): note for cell, note in cells_of(content).items()}
            said = (content.get("metadata") or {}).get("petkata", {}).get("needs_a_look", [])
            look += [str(sentence) for sentence in said] if isinstance(said, list) else [str(said)]
            graded = True
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError) as error:
            look.append(f"The graded notebook {path.relative_to(coursedir.root)} cannot be read ({error!s:.100}): its points are "
                        "here, what its checks said is not.")
            graded = True
    if not graded:
        look.append(f"Handed in, but not graded. To grade it: kata class grade {lesson}")
    elif not_graded_to_the_end(coursedir, student, lesson):
        look.append(f"Not graded to the end: the points may be those of an earlier time. To go on: kata class grade {lesson}")
    return found if graded else None, look


def read(path: Path) -> dict:
    """A notebook's file. Raises OSError or ValueError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise ValueError("it is no notebook")
    return content


def cells_of(notebook: dict) -> dict[str, object]:
    """What grading has noted of each cell that has a name in nbgrader, in their order; None where it has noted nothing."""
    metadata = [cell.get("metadata") for cell in notebook["cells"] if isinstance(cell, dict)]
    marked = [one for one in metadata if isinstance(one, dict) and isinstance(one.get("nbgrader"), dict)]
    return {str(one["nbgrader"].get("grade_id")): one.get("petkata") for one in marked}


def task_result(place: tuple[str, str], of: float, grade, notes: dict[tuple[str, str], object] | None,
                look: list[str]) -> TaskResult:
    """A task: its checks as grading has noted them, its points as the gradebook has them. `look` is added to."""
    points = grade.score if grade else 0.0
    by_hand = bool(grade) and (grade.manual_score is not None or bool(grade.extra_credit))
    judged = notes is not None and grade is not None and grade.auto_score is not None
    state = "not judged" if not judged else "passed" if grade.auto_score >= of else "failing"
    task = TaskResult(place[1].removeprefix("check_"), state, points, of)
    note = (notes or {}).get(place)
    if note is not None:
        try:
            task = TaskResult.from_dict(note)
        except ValueError as error:
            look.append(f"What grading has noted of {task.task} cannot be read ({error}): its points are here, what its checks "
                        "said is not.")
    task.points, task.of, task.by_hand = points, of, by_hand
    return task
