"""The points of a class as a table, with a word on each submission whose points alone would mislead.

    c.ExportApp.plugin_class = "petkata.classroom.exporting.WhatHappened"      in nbgrader_config.py
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import ExportPlugin

from petkata.classroom import intake, results
from petkata.pets.made import write_atomically

# The columns of nbgrader's own table, and one more.
COLUMNS = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
           "late_submission_penalty", "score", "max_score", "what_happened")
AGAIN = "not graded to the end: call nbgrader autograde again"


class WhatHappened(ExportPlugin):
    """nbgrader's table of all points, `grades.csv`, with a column `what_happened`."""

    def export(self, gradebook: Gradebook) -> None:
        page = io.StringIO()
        table = csv.DictWriter(page, COLUMNS, lineterminator="\n")
        table.writeheader()
        course = getattr(self.parent, "coursedir", None) or CourseDirectory(parent=self)
        for assignment in gradebook.assignments:
            handed_in = results.submitted(course, assignment.name)
            for student in gradebook.students:
                if self.wants(self.assignment, assignment.name) and self.wants(self.student, student.id):
                    table.writerow(self.row(gradebook, course, assignment, student, handed_in))
        target = Path(self.to or "grades.csv")
        self.log.info("Exporting grades to %s", target)
        write_atomically(target, lambda beside: beside.write_text(page.getvalue(), encoding="utf-8"))

    def wants(self, chosen: list, name: str) -> bool:
        return not chosen or name in map(str, chosen)

    def row(self, gradebook: Gradebook, course: CourseDirectory, assignment, student, handed_in: set[str]) -> dict:
        row = {"assignment": assignment.name, "duedate": assignment.duedate, "max_score": assignment.max_score,
               "student_id": plain(student.id), "email": plain(student.email), "last_name": plain(student.last_name),
               "first_name": plain(student.first_name)}
        try:
            submission = gradebook.find_submission(assignment.name, student.id)
        except MissingEntry:
            nothing = {"raw_score": 0.0, "late_submission_penalty": 0.0, "score": 0.0}
            return {**row, **nothing, "what_happened": AGAIN if student.id in handed_in else "nothing submitted"}
        folder = Path(course.format_path(course.autograded_directory, student.id, assignment.name))
        told = [what_happened(folder / f"{notebook.name}.ipynb") for notebook in assignment.notebooks]
        if results.not_graded_to_the_end(course, student.id, assignment.name) and intake.NOT_GRADED.lower() not in told:
            told.insert(0, AGAIN)
        penalty = submission.late_submission_penalty
        return {**row, "timestamp": submission.timestamp, "raw_score": submission.score, "late_submission_penalty": penalty,
                "score": max(0.0, submission.score - penalty), "what_happened": "; ".join(filter(None, dict.fromkeys(told)))}


def plain(text: str | None) -> str:
    """A text that no spreadsheet takes for a formula, which it would run."""
    return f"'{text}" if text and text.strip().startswith(("=", "+", "-", "@", "\uff1d")) else text or ""


def what_happened(notebook: Path) -> str:
    """A few words on a graded notebook, such as `crashed: schedule, train; timed out: curves`. Nothing where all went well."""
    try:
        tasks, needs_a_look = results.of_notebook(notebook)
    except (OSError, ValueError):
        return AGAIN
    if needs_a_look and all(task.state == "not judged" for task in tasks):
        for begins in (intake.NOT_READ, intake.NOT_GRADED):
            if needs_a_look[0].startswith(f"{begins}: "):
                return begins.lower()
    return "; ".join([*results.bad_ends(tasks), *(["needs a look"] if needs_a_look else [])])
