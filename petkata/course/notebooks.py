"""The lessons as notebooks for nbgrader, made from the lesson's text, its solutions and its list of tasks.

    lessons/source/lesson3/lesson3.ipynb     the instructor's, with the solutions and the hidden checks
    lessons/release/lesson3/lesson3.ipynb    the learner's: what `nbgrader generate_assignment` makes of it

In the text, the line `pytest exercises/lesson3/anneal.py` is where the learner turns to that file. There, the notebook has
the file as a cell, and below it a cell for each of its tasks that checks it and gives its points.

    python -m petkata.course.notebooks       make them all again
"""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from petkata.course import catalog

SCHEMA = 3  # of nbgrader's metadata
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}

TURN = re.compile(r"^    pytest exercises/(\w+)/(\w+\.py)\n", re.MULTILINE)  # from the text to a file
HEADING = re.compile(r"^(## Part .*) in `\w+\.py`$", re.MULTILINE)
PICTURE = re.compile(r"!\[([^\]]*)\]\(([\w.]+)\)")
LINK = re.compile(r"\]\(\.\./(lesson\d+)/README\.md\)")
IMPORT = re.compile(r"^    from exercises\.\S+ import .*\n", re.MULTILINE)  # in a notebook all is there already
HOW_TO_RUN = re.compile(r"^Run the lesson with `pytest exercises/\w+`\. The parts below follow its files\.$", re.MULTILINE)
HOW_TO_RUN_HERE = ("First of all, run the cell below this text. Each part then has a cell for your functions: write them, and "
                   "run it. The cells under it check what you wrote.")


def notebook_of(lesson: catalog.Lesson, root: Path = catalog.ROOT) -> nbformat.NotebookNode:
    """The instructor's notebook of a lesson."""
    text = (root / "lessons" / lesson.name / "README.md").read_text(encoding="utf-8")
    for pattern, instead in ((HOW_TO_RUN, HOW_TO_RUN_HERE), (HEADING, r"\1"), (IMPORT, ""), (LINK, r"](../\1/\1.ipynb)")):
        text = pattern.sub(instead, text)
    before, *parts = TURN.split(text)
    pictures = root / "lessons" / lesson.name
    title, begin, rest = before.partition("\n## ")
    cells = [*text_cells(title, pictures), start_cell(lesson), *text_cells(begin + rest, pictures)]
    for name, file, after in zip(parts[::3], parts[1::3], parts[2::3]):
        solution = (root / "solutions" / name / file).read_text(encoding="utf-8")
        cells += [answer_cell(file, solution), *map(check_cell, lesson.tasks_in(file)), *text_cells(after, pictures)]
    for number, cell in enumerate(cells):
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id", f"text-{number}").replace("_", "-")
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})


def text_cells(text: str, pictures: Path) -> list[nbformat.NotebookNode]:
    """A cell for each part of the text that has a heading of its own, with its pictures inside."""
    cells = []
    for part in re.split(r"^(?=## )", text, flags=re.MULTILINE):
        if part.strip():
            cell = new_markdown_cell(PICTURE.sub(r"![\1](attachment:\2)", part.strip()))
            if names := [name for _, name in PICTURE.findall(part)]:
                cell.attachments = {name: attachment(pictures / name) for name in names}
            cells.append(cell)
    return cells


def attachment(picture: Path) -> dict[str, str]:
    kind = {".png": "image/png", ".jpg": "image/jpeg"}[picture.suffix]
    return {kind: base64.b64encode(picture.read_bytes()).decode()}


def start_cell(lesson: catalog.Lesson) -> nbformat.NotebookNode:
    source = f'from petkata.checking.notebook import checks_of\n\ncheck = checks_of("{lesson.name}")'
    return graded_by_nbgrader("start", source, locked=True)


def answer_cell(file: str, solution: str) -> nbformat.NotebookNode:
    """A solution's file as a cell in which the learner answers."""
    return graded_by_nbgrader(file.removesuffix(".py"), solution.strip(), solution=True)


def check_cell(task: catalog.Task) -> nbformat.NotebookNode:
    """The checks of a task, with the usual inputs; the line that makes others is hidden, and stays with the instructor."""
    source = f'### BEGIN HIDDEN TESTS\ncheck.seed = {catalog.HIDDEN_SEED}\n### END HIDDEN TESTS\ncheck("{task.name}")'
    return graded_by_nbgrader(f"check_{task.name}", source, locked=True, grade=True, points=task.points)


def graded_by_nbgrader(grade_id: str, source: str, **marks) -> nbformat.NotebookNode:
    marks = {"grade": False, "solution": False, "locked": False, "task": False, **marks}
    return new_code_cell(source, metadata={"nbgrader": {"grade_id": grade_id, "schema_version": SCHEMA, **marks}})


def text_of(notebook: nbformat.NotebookNode) -> str:
    """A notebook as its file has it."""
    return nbformat.writes(notebook) + "\n"


def make(names: list[str], course: Path) -> None:
    """Write the two notebooks of these lessons into nbgrader's folders `source` and `release` of a course folder."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    for name in names:
        path = course / "source" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(notebook_of(catalog.lesson(name))), encoding="utf-8")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic by its name
    with tempfile.TemporaryDirectory() as elsewhere:  # the instructor's gradebook is not for us to touch
        api = NbGraderAPI(config=Config({"CourseDirectory": {
            "root": str(course), "course_id": "petkata", "db_url": f"sqlite:///{elsewhere}/gradebook.db"}}))
        for name in names:
            done = api.generate_assignment(name, force=True, create=True)
            if not done["success"]:
                raise SystemExit(f"nbgrader could not make {name}:\n{done['log']}")


if __name__ == "__main__":
    make(catalog.lesson_names(), catalog.ROOT / "lessons")
