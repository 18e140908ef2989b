"""What became of each submission: its points, and for each task what the checks said.

Grading writes it into the graded notebook (`autograded/STUDENT/lesson3/lesson3.ipynb`), as plain data, where nothing of the
student's remains:

    cell.metadata.petkata          of each graded cell: task, state, points, of, checks
    notebook.metadata.petkata      needs_a_look: sentences for the instructor
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

# From best to worst to know: the first four are those of the board in the terminal.
STATES = ("passed", "failing", "waiting", "not started", "crashed", "timed out", "not judged")


@dataclass
class Check:
    """One check of a task: its name (`test_is_flat_at_both_ends`), whether it `passed`, `failed` or was `not started`, and
    why, in the words that the student reads."""

    check: str
    state: str
    why: str = ""


@dataclass
class TaskResult:
    """What became of a task; `state` is one of STATES. Written into the metadata of its graded cell."""

    task: str
    state: str
    points: float
    of: float
    checks: list[Check] = field(default_factory=list)


@dataclass
class SubmissionResult:
    """What became of a submission. `needs_a_look` holds a sentence for each thing that an instructor should see: a kernel that
    crashed, a notebook that could not be read, signs of tampering."""

    student: str
    lesson: str
    tasks: list[TaskResult]
    needs_a_look: list[str] = field(default_factory=list)


def of_notebook(path: Path) -> tuple[list[TaskResult], list[str]]:
    """What became of each task in a graded notebook, and what needs a look.

    Raises OSError where the file is not there, ValueError where it is no notebook.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    graded = [cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]
    return [of_cell(cell) for cell in graded], notebook["metadata"].get("petkata", {}).get("needs_a_look", [])


def of_cell(cell: dict) -> TaskResult:
    """What grading wrote into a graded cell; without that, what its output tells."""
    told = cell["metadata"].get("petkata")
    if told:
        return TaskResult(**{**told, "checks": [Check(**check) for check in told["checks"]]})
    marks, outputs = cell["metadata"]["nbgrader"], cell.get("outputs", ())
    ended = {"KernelEnded": "crashed", "CellTimeoutError": "timed out"}
    errors = [output["ename"] for output in outputs if output["output_type"] == "error"]
    state = ended.get(errors[-1], "failing") if errors else "passed"
    points = marks["points"] if state == "passed" else 0
    return TaskResult(marks["grade_id"].removeprefix("check_"), state, points, marks["points"])
