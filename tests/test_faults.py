"""Nothing is lost: whatever is handed in gets its marks and its feedback, and grading that was stopped goes on where it was."""

import csv
import ctypes
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from types import SimpleNamespace

import pytest

from petkata.course.catalog import ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux") or sys.version_info < (3, 11),
                                reason="nbgrader needs Python 3.11, and these faults are Linux's")

# --- a small assignment: two tasks, of 1 and 2 points ---

START = "def check(name):\n    assert globals()[name]() == name, f'{name} is wrong'"
ANSWER = "def {0}():\n    ### BEGIN SOLUTION\n    return '{0}'\n    ### END SOLUTION"
CHECK = "check('{0}')\n### BEGIN HIDDEN TESTS\nassert {0}() * 2 == '{0}{0}'\n### END HIDDEN TESTS"


def cell(grade_id, source, **marks):
    marks = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, **marks}
    return {"cell_type": "code", "execution_count": None, "id": grade_id.replace("_", "-"), "outputs": [], "source": source,
            "metadata": {"nbgrader": {"grade_id": grade_id, **marks}}}


def assignment():
    cells = [{"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Small"}, cell("start", START, locked=True)]
    for name, points in (("one", 1), ("two", 2)):
        cells.append(cell(name, ANSWER.format(name), solution=True))
        cells.append(cell(f"check_{name}", CHECK.format(name), grade=True, locked=True, points=points))
    return {"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4, "nbformat_minor": 5}


# The course's own configuration, but for its kernels, which take seconds to load fastai. Cells run where nbgrader runs.
HERE = '''
from nbformat.v4 import new_output
from nbgrader.preprocessors import *
from nbgrader.preprocessors import NbGraderPreprocessor
from pathlib import Path
import time

class RunHere(NbGraderPreprocessor):
    def preprocess(self, nb, resources):
        with open(here / "runs", "a") as runs:
            print(resources["nbgrader"]["student"], file=runs)
        own = {}
        for cell in nb.cells:
            if cell.cell_type == "code":
                try:
                    exec(cell.source, own)
                except Exception as error:
                    cell.outputs = [new_output("error", ename=type(error).__name__, evalue=str(error), traceback=[repr(error)])]
        return nb, resources

c.Autograde.autograde_preprocessors = [RunHere, IgnorePattern, LimitOutput, SaveAutoGrades, AssignLatePenalties, CheckCellMetadata]
'''
OURS = ("lose_nothing()", "c.ExportApp", "c.Autograde.autograde_preprocessors = PREPROCESSORS")  # without these: stock nbgrader


class Course:
    """A course folder with the small assignment, released."""

    def __init__(self, folder, more=HERE, stock=False):
        self.folder = folder
        config = (ROOT / "lessons" / "nbgrader_config.py").read_text(encoding="utf-8").replace("use_forked_kernels()\n", "")
        lines = [line for line in config.splitlines() if not (stock and line.startswith(OURS))]
        self.write("nbgrader_config.py", "\n".join(lines) + more)
        self.write("source/small/small.ipynb", json.dumps(assignment()))
        self.nbgrader("generate_assignment", "small")
        self.released = json.loads((folder / "release" / "small" / "small.ipynb").read_text(encoding="utf-8"))

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def start(self, *words, **options):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        return subprocess.Popen([sys.executable, "-m", "nbgrader", *words], cwd=self.folder, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **options)

    def nbgrader(self, *words, code=0, **options):
        process = self.start(*words, **options)
        said, _ = process.communicate()
        assert code is None or process.returncode == code, said
        return said

    def solved(self):
        """A notebook as a student hands it in, with right answers."""
        given = json.loads(json.dumps(self.released))
        for cell in given["cells"]:
            if (marks := cell["metadata"].get("nbgrader", {})).get("solution"):
                cell["source"] = f"def {marks['grade_id']}():\n    return '{marks['grade_id']}'"
        return given

    def submit(self, student, given=None, name="small.ipynb"):
        return self.write(f"submitted/{student}/small/{name}", json.dumps(given or self.solved()))

    def graded(self, student):
        return json.loads((self.folder / "autograded" / student / "small" / "small.ipynb").read_text(encoding="utf-8"))

    def marks(self):
        """Of each student the marks of each check, as the gradebook has them."""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.folder}/gradebook.db") as gradebook:
            return {submission.student.id: {grade.name.removeprefix("check_"): grade.auto_score
                                            for notebook in submission.notebooks for grade in notebook.grades}
                    for submission in gradebook.assignment_submissions("small")}

    def exported(self):
        self.nbgrader("export")
        with open(self.folder / "grades.csv", encoding="utf-8", newline="") as file:
            return {row["student_id"]: row for row in csv.DictReader(file)}

    def runs(self):
        return (self.folder / "runs").read_text().split() if (self.folder / "runs").exists() else []


# --- what students hand in: each puts a submission there; what it gets, and words of what is told ---

BOTH, ONLY_ONE, NOTHING = {"one": 1.0, "two": 2.0}, {"one": 1.0, "two": 0.0}, {"one": 0.0, "two": 0.0}
FAULTS = {}


def fault(gets, told, export=""):
    def kept(put):
        FAULTS[put.__name__] = SimpleNamespace(put=put, gets=gets, told=told, export=export)
        return put
    return kept


def of(given, grade_id):
    return next(cell for cell in given["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


UNREAD = "could not be read"


@fault(BOTH, None)
def no_fault(course, student):
    course.submit(student)


@fault(NOTHING, "there is no small.ipynb", UNREAD)
def an_empty_folder(course, student):
    (course.folder / "submitted" / student / "small").mkdir(parents=True)


@fault(NOTHING, "there is no small.ipynb", UNREAD)
def no_notebook_in_the_folder(course, student):
    course.submit(student, name="answers.txt")


@fault(NOTHING, "small.ipynb is empty", UNREAD)
def an_empty_file(course, student):
    course.submit(student).write_bytes(b"")


@fault(NOTHING, "small.ipynb is no valid JSON", UNREAD)
def half_a_file(course, student):
    path = course.submit(student)
    path.write_bytes(path.read_bytes()[:1000])


@fault(NOTHING, "small.ipynb is no valid JSON", UNREAD)
def a_zip_archive(course, student):
    with zipfile.ZipFile(course.submit(student), "w") as archive:
        archive.writestr("small.ipynb", "{}")


@fault(NOTHING, "is JSON, but no notebook", UNREAD)
def json_that_is_no_notebook(course, student):
    course.submit(student, [1, 2, 3])


@fault(NOTHING, "is nested too deeply", UNREAD)
def json_without_an_end(course, student):
    course.submit(student).write_text("[" * 100_000)


@fault(NOTHING, "small.ipynb is a folder, not a file", UNREAD)
def a_folder_of_that_name(course, student):
    (course.folder / "submitted" / student / "small" / "small.ipynb").mkdir(parents=True)


@fault(BOTH, "Taken for small.ipynb: small.ipynb/small.ipynb")
def a_folder_of_that_name_with_the_notebook_in_it(course, student):
    course.submit(student, name="small.ipynb/small.ipynb")


@fault(BOTH, "Taken for small.ipynb: my work (2).ipynb")
def a_wrong_file_name(course, student):
    course.submit(student, name="my work (2).ipynb")


@fault(BOTH, "Taken for small.ipynb: small.ipynb.txt")
def an_ending_too_many(course, student):
    course.submit(student, name="small.ipynb.txt")


@fault(NOTHING, "It is not clear which is meant: a.ipynb, b.ipynb", UNREAD)
def two_notebooks_with_wrong_names(course, student):
    course.submit(student, name="a.ipynb")
    course.submit(student, name="b.ipynb")


@fault(BOTH, "Taken for small.ipynb")
def a_file_in_the_place_of_the_folder(course, student):
    course.write(f"submitted/{student}/small", json.dumps(course.solved()))


@fault(NOTHING, "small.ipynb is a link that leads out of the submission", UNREAD)
def a_link_to_the_solutions(course, student):
    folder = course.folder / "submitted" / student / "small"
    folder.mkdir(parents=True)
    (folder / "small.ipynb").symlink_to(course.folder / "source" / "small" / "small.ipynb")


@fault(NOTHING, "a link that leads out of the submission", UNREAD)
def a_folder_that_is_a_link_to_the_solutions(course, student):
    folder = course.folder / "submitted" / student
    folder.mkdir(parents=True)
    (folder / "small").symlink_to(course.folder / "source" / "small")


@fault(BOTH, "Left out: key is a link that leads out of the submission")
def links_beside_the_notebook(course, student):
    folder = course.submit(student).parent
    (folder / "key").symlink_to("/etc/hostname")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")


@fault(NOTHING, "small.ipynb is no file that can be read", UNREAD)
def a_pipe_that_nobody_writes_to(course, student):
    folder = course.folder / "submitted" / student / "small"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "small.ipynb")


@fault(NOTHING, "small.ipynb cannot be opened (Permission denied)", UNREAD)
def a_file_without_permissions(course, student):
    course.submit(student).chmod(0)


@fault(NOTHING, "cannot be opened (Permission denied)", UNREAD)
def a_folder_without_permissions(course, student):
    course.submit(student).parent.chmod(0)


@fault(NOTHING, "cannot be opened (Permission denied)", UNREAD)
def a_student_without_permissions(course, student):
    course.submit(student).parent.parent.chmod(0)


@fault(BOTH, "small.ipynb is not in UTF-8")
def not_utf_8(course, student):
    given = course.solved()
    of(given, "one")["source"] += "  # für später"
    course.submit(student).write_bytes(json.dumps(given, ensure_ascii=False).encode("latin-1"))


@fault(BOTH, None)
def utf_16(course, student):
    course.submit(student).write_bytes(json.dumps(course.solved()).encode("utf-16"))


@fault(BOTH, None)
def half_a_letter(course, student):
    given = course.solved()
    of(given, "one")["source"] += "  # \ud83d \x00"[:-1]
    course.submit(student, given)


@fault(BOTH, None)
def an_unknown_kernel(course, student):
    given = course.solved()
    given["metadata"]["kernelspec"] = {"name": "my-fastai-2", "display_name": "My fastai", "language": "python"}
    course.submit(student, given)


@fault(NOTHING, "written in R")
def another_language(course, student):
    given = course.solved()
    given["metadata"] = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}, "language_info": {"name": "R"}}
    for name in ("one", "two"):
        of(given, name)["source"] = f"{name} <- function() {{ '{name}' }}"
    course.submit(student, given)


@fault(BOTH, None)
def an_old_schema_of_nbgrader(course, student):
    given = course.solved()
    for cell in given["cells"]:
        cell["metadata"].get("nbgrader", {}).pop("schema_version", None)
    course.submit(student, given)


@fault(BOTH, None)
def a_schema_of_the_future(course, student):
    given = course.solved()
    for cell in given["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"]["schema_version"] = 9
    course.submit(student, given)


@fault(BOTH, "old notebook format 3")
def an_old_notebook_format(course, student):
    cells = [{**cell, "input": cell.pop("source"), "language": "python"} if cell["cell_type"] == "code" else cell
             for cell in course.solved()["cells"]]
    course.submit(student, {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]})


@fault(BOTH, "Missing, and put back: start, check_one, check_two")
def checks_deleted(course, student):
    given = course.solved()
    for grade_id in ("start", "check_one", "check_two"):
        given["cells"].remove(of(given, grade_id))
    course.submit(student, given)


@fault({"one": 0.0, "two": 2.0}, "Missing: the cell for answers one")
def an_answer_deleted(course, student):
    given = course.solved()
    given["cells"].remove(of(given, "one"))
    course.submit(student, given)


@fault(BOTH, "Missing, and put back: start, check_one, check_two")
def all_marks_of_nbgrader_lost(course, student):
    given = course.solved()
    for cell in given["cells"]:
        cell["metadata"] = {}
    course.submit(student, given)


@fault(BOTH, "More than once in the notebook: one, check_one. The last one counts.")
def cells_duplicated(course, student):
    given = course.solved()
    given["cells"][2:2] = json.loads(json.dumps([of(given, "one"), of(given, "check_one")]))
    course.submit(student, given)


@fault(BOTH, "Not of this assignment, so not graded: mine, check_mine")
def grade_ids_changed(course, student):
    given = course.solved()
    of(given, "two")["metadata"]["nbgrader"]["grade_id"] = "mine"
    of(given, "check_two")["metadata"]["nbgrader"]["grade_id"] = "check_mine"
    course.submit(student, given)


@fault({"one": 0.0, "two": 2.0}, "The cell check_one was changed")
def a_check_weakened(course, student):
    given = course.solved()
    of(given, "one")["source"] = "def one():\n    return 'wrong'"
    of(given, "check_one")["source"] = "assert True"
    of(given, "check_one")["metadata"]["nbgrader"]["points"] = 100
    course.submit(student, given)


@fault(BOTH, "was turned from code to markdown, and back")
def kinds_of_cells_changed(course, student):
    given = course.solved()
    for grade_id in ("one", "check_one"):
        cell = of(given, grade_id)
        cell["cell_type"] = "markdown"
        del cell["outputs"], cell["execution_count"]
    course.submit(student, given)


@fault(BOTH, "was changed")
def marks_that_make_no_sense(course, student):
    given = course.solved()
    of(given, "check_one")["metadata"]["nbgrader"] = {"grade_id": "check_one", "points": "many", "grade": "yes", "checksum": []}
    of(given, "two")["metadata"]["nbgrader"]["locked"] = None
    course.submit(student, given)


@fault(BOTH, "is no cell, and was left out")
def cells_that_are_none(course, student):
    given = course.solved()
    given["metadata"] = []
    given["cells"] += [None, "text", {"cell_type": "code"}, {"cell_type": "heading", "source": 7, "metadata": 3},
                       {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [{"output_type": "no such"}]}]
    course.submit(student, given)


@fault(BOTH, "shows 51 MB. That was left out.")
def fifty_megabytes_of_output(course, student):
    given = course.solved()
    of(given, "one")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["0123456789\n" * 10] * 410_000}]
    course.submit(student, given)


@fault(ONLY_ONE, "and was emptied")
def a_cell_of_millions_of_letters(course, student):
    given = course.solved()
    of(given, "two")["source"] += "\n# " + "x" * 3_000_000
    course.submit(student, given)


@fault(BOTH, "Left out: timestamp.txt holds no time")
def a_time_that_is_none(course, student):
    course.submit(student)
    course.write(f"submitted/{student}/small/timestamp.txt", "yesterday")


def without_rights():
    """In a child: even root is told `Permission denied`."""
    if os.getuid() == 0:
        for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            ctypes.CDLL(None).prctl(24, right, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The course with one student for each fault, graded at once; feedback is there, and the table of points."""
    course = Course(tmp_path_factory.mktemp("class"))
    for name, one in FAULTS.items():
        one.put(course, name)
    before = files(course.folder / "submitted")
    log = course.nbgrader("autograde", "small", preexec_fn=without_rights)
    course.nbgrader("generate_feedback", "small")
    return SimpleNamespace(course=course, log=log, before=before, marks=course.marks(), exported=course.exported())


def files(folder):
    """All that is in a folder, as root sees it: names, kinds, contents."""
    return {path: path.read_bytes() if path.is_file() and not path.is_symlink() else path.lstat().st_mode
            for path in sorted(folder.rglob("*")) if os.access(path, os.R_OK)}


def test_there_are_faults_of_all_kinds():
    assert len(FAULTS) > 35


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_no_more_than_it_must(graded, name):
    told = FAULTS[name].told
    assert graded.marks[name] == FAULTS[name].gets
    looked_at = graded.course.graded(name)["metadata"]["petkata"]["needs_a_look"]
    row = graded.exported[name]
    assert float(row["score"]) == sum(FAULTS[name].gets.values())
    [page] = (graded.course.folder / "feedback" / name / "small").glob("small.html")
    if told is None:
        assert looked_at == [] and row["what_happened"] == ""
        return
    assert told in " ".join(looked_at)
    [line] = [line for line in graded.log.splitlines() if f"] {name}, small: " in line]
    assert told in line
    assert row["what_happened"] == (FAULTS[name].export or "needs a look")
    shown = page.read_text(encoding="utf-8")
    assert "About this submission" in shown and told.split(":")[0] in shown
