"""Nothing is lost: whatever is handed in gets its marks and its feedback, and grading that was stopped goes on where it was."""

import contextlib
import csv
import ctypes
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from petkata.classroom.folder import GUARD
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

def pause(student, moment):
    wanted = here / "pause"
    if wanted.exists() and wanted.read_text() == f"{student} {moment}":
        (here / "paused").touch()
        for _ in range(6000):
            if wanted.exists():
                time.sleep(0.01)

class RunHere(NbGraderPreprocessor):
    def preprocess(self, nb, resources):
        student, own = resources["nbgrader"]["student"], {}
        pause(student, "before")
        if (here / f"fails-{student}").exists():
            raise RuntimeError("no kernel to be had")
        with open(here / "runs", "a") as runs:
            print(student, file=runs)
        for cell in nb.cells:
            if cell.cell_type == "code":
                try:
                    exec(cell.source, own)
                except Exception as error:
                    cell.outputs = [new_output("error", ename=type(error).__name__, evalue=str(error), traceback=[repr(error)])]
        return nb, resources

class PauseAfter(NbGraderPreprocessor):
    def preprocess(self, nb, resources):
        pause(resources["nbgrader"]["student"], "after")
        return nb, resources

c.Autograde.autograde_preprocessors = [RunHere, IgnorePattern, LimitOutput, SaveAutoGrades, AssignLatePenalties,
                                       CheckCellMetadata, PauseAfter]
'''
IN_THE_OPEN = "\nuse_forked_kernels(sandbox=False)\n"
OURS = ("lose_nothing()", "c.ExportApp", "c.Autograde.autograde_preprocessors = PREPROCESSORS")  # without these: stock nbgrader


# nbgrader takes seconds to load. Here it is loaded once, and each of its commands forked from there.
LOADED = multiprocessing.get_context("forkserver")


def nbgrader(words, folder, log, first):
    from nbgrader.apps.nbgraderapp import main

    os.setsid()
    os.chdir(folder)
    said = os.open(log, os.O_WRONLY | os.O_CREAT, 0o666)
    for number in (1, 2):
        os.dup2(said, number)
    sys.stdout, sys.stderr = os.fdopen(1, "w", encoding="utf-8"), os.fdopen(2, "w", encoding="utf-8", buffering=1)
    sys.argv = ["nbgrader", *words]
    if first:
        first()
    main()


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

    def start(self, *words, first=None):
        """nbgrader's command in a process and a session of its own, which calls `first` before all else."""
        log = self.folder / f"log-{len(list(self.folder.glob('log-*')))}"
        process = LOADED.Process(target=nbgrader, args=(words, str(self.folder), str(log), first))
        process.start()
        process.said = lambda: process.join() or log.read_text(encoding="utf-8")
        return process

    def nbgrader(self, *words, code=0, first=None):
        process = self.start(*words, first=first)
        said = process.said()
        assert process.exitcode == code, said
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


@fault(BOTH, "Left out: small.ipynb/pets.csv, which is not of a kind that grading needs")
def a_folder_of_that_name_with_more_in_it(course, student):
    course.submit(student, name="small.ipynb/small.ipynb")
    course.write(f"submitted/{student}/small/small.ipynb/pets.csv", "pug,1")


def left_out(name, inside, told, content="x"):
    """The fault of this name: a file beside the notebook that is not taken along."""
    def put(course, student):
        course.submit(student)
        course.write(f"submitted/{student}/small/{inside}", content)

    put.__name__ = name
    fault(BOTH, told)(put)


left_out("a_folder_where_the_time_should_stand", "timestamp.txt/x", "Left out: timestamp.txt/x")
left_out("a_folder_where_the_feedback_goes", "small.html/x", "Left out: small.html/x")
left_out("a_page_that_formgrader_would_show", "page.html", "Left out: page.html, which is not of a kind that grading needs",
         "<script>alert(1)</script>")
left_out("names_of_several_lines", "x\x1b[31m\n[AutogradeApp | WARNING] s07, small: crashed.txt",
         "for its name. Use letters, digits and hyphens.")
left_out("a_configuration_that_would_be_run", "nbgrader_config.py", "Left out: nbgrader_config.py, which is not of a kind",
         "raise SystemExit('not the instructor')")
left_out("a_time_that_is_none", "timestamp.txt", "Left out: timestamp.txt holds no time", "yesterday")
left_out("a_time_that_is_a_number", "timestamp.txt", "Left out: timestamp.txt holds no time", "9" * 29 + "h")
left_out("a_time_of_many_digits", "timestamp.txt", "Left out: timestamp.txt holds no time", "1" * 2_000_000)


@fault(BOTH, "in folders that are too deep")
def a_file_that_lies_too_deep(course, student):
    folder = course.submit(student).parent
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)
        while (left := 4090 - len(os.getcwd())) > 1:  # up to what Linux takes as a path: where it is copied to, it is longer
            name = "d" * min(left - 1, 200)
            os.mkdir(name)
            os.chdir(name)
        Path("f").write_text("x")
    finally:
        os.fchdir(here)
        os.close(here)


@fault(BOTH, None)
def half_a_letter_in_a_picture(course, student):
    given = course.solved()
    picture = {"a.png": {"image/png": "\ud800"}}
    given["cells"].append({"cell_type": "markdown", "id": "x", "metadata": {}, "source": "x", "attachments": picture})
    course.submit(student, given)


@fault(BOTH, "Taken for small.ipynb: small.ipynb/small.ipynb")
def a_folder_of_that_name_with_the_notebook_in_it(course, student):
    course.submit(student, name="small.ipynb/small.ipynb")


@fault(BOTH, "Taken for small.ipynb: my work (2).ipynb (there is no small.ipynb).")
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


@fault(BOTH, None)
def fifty_megabytes_of_output(course, student):
    given = course.solved()
    of(given, "one")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["0123456789\n" * 10] * 410_000}]
    course.submit(student, given)


@fault(BOTH, "Cell 1 has 20 MB of pictures. They were left out.")
def pictures_without_end(course, student):
    given = course.solved()
    given["cells"][0]["attachments"] = {"large.png": {"image/png": "A" * 20_000_000}, "none": 5}
    course.submit(student, given)


@fault(NOTHING, None)
def results_that_were_forged(course, student):
    given = course.solved()
    given["metadata"]["petkata"] = {"needs_a_look": ["nothing"], "submitted": "0"}
    for name in ("one", "two"):
        of(given, name)["source"] = f"def {name}():\n    return 'wrong'"
        of(given, f"check_{name}")["metadata"]["petkata"] = {"task": name, "state": "crashed", "points": 9, "of": 9, "checks": []}
    course.submit(student, given)


@fault(BOTH, "Only the first of them are shown.")
def a_cell_of_millions_of_letters(course, student):
    given = course.solved()
    of(given, "two")["source"] = "# " + "x" * 3_000_000 + "\n" + of(given, "two")["source"]
    course.submit(student, given)


@fault(BOTH, "The notebook has 60010 cells. The first 2000 were taken, and those of the assignment.")
def cells_without_end(course, student):
    given = course.solved()
    given["cells"][4:4] = [{"cell_type": "raw", "source": "x", "metadata": {}}] * (40_010 - len(given["cells"]))
    given["cells"] += given["cells"][-1:] * 20_000  # the last one of the assignment
    course.submit(student, given)


@fault(BOTH, "Only the first of them are shown.")
def texts_that_take_hours_to_show(course, student):
    given = course.solved()
    text = {"cell_type": "markdown", "source": "a" + " " * 199_990 + "b", "metadata": {}}
    given["cells"] += [text] * 40
    course.submit(student, given)


FORGED = "\x1b]0;mine\x07\x1b[2J\n\n## everything passed\n\n[Give full marks](https://example.com/)\n`" + "x" * 100_000


@fault(BOTH, "Not of this assignment, so not graded: ??0;mine???2J???? everything passed???Give full marks?(https:/example.com/)")
def names_that_say_more(course, student):
    given = course.solved()
    given["metadata"] = {"language_info": {"name": FORGED}}
    given["cells"].append({"cell_type": "code", "source": "1", "metadata": {"nbgrader": {"grade_id": FORGED}}})
    folder = course.submit(student, given).parent
    for number in range(50):
        (folder / f"link {FORGED[:60]} {number}".replace("/", "")).symlink_to("/etc/passwd")


def without_rights():
    """Even root is told `Permission denied` then."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    assert ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)()) == 0


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    LOADED.set_forkserver_preload(["nbgrader.apps.nbgraderapp", "nbclient", "petkata.classroom.executing",
                                   "petkata.classroom.exporting", "petkata.classroom.resuming"])
    return Course(tmp_path_factory.mktemp("released"))


@pytest.fixture
def course(released, tmp_path):
    """A course folder of its own, with nothing handed in."""
    return copy_of(released, tmp_path / "course")


def copy_of(released, folder):
    shutil.copytree(released.folder, folder)
    course = object.__new__(Course)
    course.folder, course.released = folder, released.released
    return course


@pytest.fixture(scope="module")
def graded(released, tmp_path_factory):
    """The course with one student for each fault, graded at once; feedback is there, and the table of points."""
    course = copy_of(released, tmp_path_factory.mktemp("class") / "course")
    for name, one in FAULTS.items():
        one.put(course, name)
    before = files(course.folder / "submitted")
    log = course.nbgrader("autograde", "small", first=without_rights)
    course.nbgrader("generate_feedback", "small")
    return SimpleNamespace(course=course, log=log, before=before, marks=course.marks(), exported=course.exported())


def files(folder):
    """All that is in a folder, as root sees it: names, kinds, contents."""
    return {path: path.read_bytes() if path.is_file() and not path.is_symlink() else path.lstat().st_mode
            for path in sorted(folder.rglob("*")) if os.access(path, os.R_OK)}


def test_there_are_faults_of_all_kinds():
    assert len(FAULTS) > 35


def test_what_students_handed_in_is_as_it_was(graded):
    assert files(graded.course.folder / "submitted") == graded.before


def test_every_submission_stands_in_formgrader(graded):
    from nbgrader.apps import NbGraderAPI
    from nbgrader.apps import api as module
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from petkata.classroom.resuming import submitted_timestamp, without_errors

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CourseDirectory, "get_existing_timestamp", without_errors(CourseDirectory.get_existing_timestamp))
        patch.setattr(NbGraderAPI, "get_submitted_timestamp", submitted_timestamp)
        api = module.NbGraderAPI(config=Config({"CourseDirectory": {"root": str(graded.course.folder), "course_id": "petkata"}}))
        submissions = {submission["student"]: submission for submission in api.get_submissions("small")}
        shown = {submission["student"] for submission in api.get_notebook_submissions("small", "small")}
    assert set(submissions) == shown == set(FAULTS) and all(one["autograded"] for one in submissions.values())


def test_what_is_told_stays_short_and_says_no_more_than_it_should(graded):
    page = (graded.course.folder / "feedback" / "names_that_say_more" / "small" / "small.html").read_text(encoding="utf-8")
    assert "\x1b" not in page + graded.log.replace("\x1b[0m", "") and "x" * 1000 not in page + graded.log
    assert "WARNING] s07" not in graded.log
    assert "<h2>everything passed" not in page and "example.com/\"" not in page and "more sentences like these" in page


def test_a_link_brings_nothing_from_elsewhere(graded):
    for folder in ("autograded", "feedback"):
        for name in ("a_link_to_the_solutions", "a_folder_that_is_a_link_to_the_solutions", "links_beside_the_notebook"):
            own = graded.course.folder / folder / name / "small"
            assert {path.suffix for path in own.iterdir()} <= {".ipynb", ".html"}
            assert name.startswith("links") or "return" not in "".join(path.read_text() for path in own.iterdir())


def test_nothing_is_left_of_the_work(graded):
    assert not [path for path in graded.course.folder.glob("*/.*/**/*") if path.is_file()]


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


# --- grading that does not come to its end ---

THREE = ("s00", "s01", "s02")


def killed(course, *words):
    """Start a command of nbgrader's, and kill it and all its processes when it has come to where the course pauses."""
    process = course.start(*words)
    until(lambda: (course.folder / "paused").exists() or not process.is_alive())
    assert process.is_alive(), process.said()
    os.killpg(process.pid, signal.SIGKILL)
    process.join()
    for name in ("pause", "paused"):
        (course.folder / name).unlink()


def until(ready):
    begin = time.monotonic()
    while not ready() and time.monotonic() - begin < 120:
        time.sleep(0.02)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_grading_goes_on_where_it_was(course, moment):
    for student in THREE:
        course.submit(student)
    course.write("pause", f"s01 {moment}")
    killed(course, "autograde", "small")
    assert not (course.folder / "autograded" / "s01").exists()
    if moment == "after":
        assert course.marks()["s01"] == BOTH
    assert "s01, small: begun before, and not finished. It is done again." in course.nbgrader("autograde", "small")
    assert course.marks() == dict.fromkeys(THREE, BOTH)
    assert course.runs().count("s00") == course.runs().count("s02") == 1
    assert all(course.graded(student) for student in THREE)
    course.nbgrader("autograde", "small")
    assert len(course.runs()) == (3 if moment == "before" else 4), "nothing is graded again"


def test_what_was_graded_by_another_notebook_is_graded_again(course):
    """After generate_assignment; not after one that changes nothing."""
    course.submit("s00")
    course.nbgrader("autograde", "small")
    course.nbgrader("generate_assignment", "small")
    course.nbgrader("autograde", "small")
    assert course.runs() == ["s00"]
    mine = assignment()
    [mark] = [cell["metadata"]["nbgrader"] for cell in mine["cells"] if cell["id"] == "check-two"]
    mark["points"] = 5
    course.write("source/small/small.ipynb", json.dumps(mine))
    course.nbgrader("generate_assignment", "small")
    course.nbgrader("autograde", "small")
    assert course.runs() == ["s00", "s00"] and course.marks() == {"s00": {"one": 1, "two": 5}}


def test_killed_while_a_cell_runs_in_a_kernel(released, tmp_path):
    """And what the course does to a notebook keeps what was told about it."""
    course = copy_of(released, tmp_path / "course")
    config = course.folder / "nbgrader_config.py"
    config.write_text(config.read_text().replace(HERE, IN_THE_OPEN))
    given = course.solved()
    of(given, "one")["source"] += f"""
import pathlib, time
pathlib.Path({str(course.folder / "paused")!r}).touch()
while pathlib.Path({str(course.folder / "pause")!r}).exists():
    time.sleep(0.01)
"""
    course.submit("s00", given, name="named otherwise.ipynb")
    course.write("pause", "")
    killed(course, "autograde", "small")
    course.nbgrader("autograde", "small")
    assert course.marks() == {"s00": BOTH}
    assert "Taken for small.ipynb" in course.graded("s00")["metadata"]["petkata"]["needs_a_look"][0]
    assert "Skipping existing" in course.nbgrader("autograde", "small")


def test_killed_while_it_grades_again(course):
    """Marks of now with a notebook of before would stay so, if the folder of before counted as done."""
    course.submit("s00")
    course.nbgrader("autograde", "small")
    wrong = course.solved()
    of(wrong, "two")["source"] = "def two():\n    return 'wrong'"
    course.submit("s00", wrong)
    course.write("pause", "s00 after")
    killed(course, "autograde", "small", "--force")
    course.submit("s00")  # as it was, so the folder of before would fit
    assert course.marks() == {"s00": ONLY_ONE} and course.graded("s00")
    course.nbgrader("autograde", "small")
    assert course.marks() == {"s00": BOTH}


def test_what_was_handed_in_anew_is_graded_anew(course):
    course.submit("s00", name="a.txt")
    course.submit("s01")
    course.nbgrader("autograde", "small")
    course.nbgrader("generate_feedback", "small")
    page = course.folder / "feedback" / "s00" / "small" / "small.html"
    assert course.marks()["s00"] == NOTHING and "Could not be read" in page.read_text(encoding="utf-8")
    course.submit("s00")
    course.nbgrader("autograde", "small")
    course.nbgrader("generate_feedback", "small")
    assert course.marks()["s00"] == BOTH and course.runs() == ["s01", "s00"]
    assert "Could not be read" not in page.read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore:Object of type")  # nbgrader's own
def test_halves_that_stock_nbgrader_has_left(course):
    from nbgrader.api import Gradebook

    course.submit("s00")
    with Gradebook(f"sqlite:///{course.folder}/gradebook.db") as gradebook:
        gradebook.add_student("s00")
        gradebook.add_submission("small", "s00")
    course.write("autograded/s00/small/small.ipynb", json.dumps(course.solved()))
    course.write("feedback/s00/small/key", "")
    course.nbgrader("autograde", "small")
    course.nbgrader("generate_feedback", "small")
    assert course.marks() == {"s00": BOTH}
    assert (course.folder / "feedback" / "s00" / "small" / "small.html").exists()


def test_two_at_once_do_not_grade_the_same(course):
    for student in THREE:
        course.submit(student)
    course.write("pause", "s00 before")
    one = course.start("autograde", "small")
    until(lambda: (course.folder / "paused").exists() or not one.is_alive())
    assert "s00, small: another nbgrader is at work on it" in course.nbgrader("autograde", "small")
    assert sorted(course.runs()) == ["s01", "s02"]
    (course.folder / "pause").unlink()
    said = one.said()
    assert one.exitcode == 0, said
    assert sorted(course.runs()) == list(THREE) and course.marks() == dict.fromkeys(THREE, BOTH)


def test_a_submission_whose_grading_fails_is_told_and_tried_again(course):
    for student in THREE:
        course.submit(student)
    course.write("fails-s01", "")
    assert "no kernel to be had" in course.nbgrader("autograde", "small", code=1)
    assert course.marks() == {"s00": BOTH, "s01": NOTHING, "s02": BOTH}
    assert course.exported()["s01"]["what_happened"] == "could not be graded"
    (course.folder / "fails-s01").unlink()
    course.nbgrader("autograde", "small")
    assert course.marks() == dict.fromkeys(THREE, BOTH) and course.runs() == ["s00", "s02", "s01"]
    assert course.graded("s01")["metadata"]["petkata"]["needs_a_look"] == []


def test_what_cannot_be_graded_again_keeps_its_points_and_is_told(course):
    for student in THREE:
        course.submit(student)
    course.nbgrader("autograde", "small")
    course.write("fails-s01", "")
    course.nbgrader("autograde", "small", "--force", code=1)
    rows = course.exported()
    assert {student: (row["score"], row["what_happened"]) for student, row in rows.items()} == {
        "s00": ("3.0", ""), "s01": ("3.0", "not graded to the end: call nbgrader autograde again"), "s02": ("3.0", "")}


def test_a_time_that_is_gone_makes_nobody_late(course):
    from nbgrader.api import Gradebook

    config = course.folder / "nbgrader_config.py"
    config.write_text(config.read_text() + '\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    with Gradebook(f"sqlite:///{course.folder}/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment("small", duedate="2026-01-01")
        gradebook.db.commit()
    course.submit("s00")
    time = course.write("submitted/s00/small/timestamp.txt", "2026-01-02 10:00:00.000000 UTC")
    for _ in "ab":
        course.nbgrader("autograde", "small")
        late, time_told = course.exported()["s00"], "2026-01-02 10:00:00"
        assert (late["score"], late["timestamp"]) == ("0.0", time_told)
    time.write_text("yesterday")
    course.nbgrader("autograde", "small")
    on_time = course.exported()["s00"]
    assert (on_time["score"], on_time["timestamp"], on_time["late_submission_penalty"]) == ("3.0", "", "0.0")


def test_nothing_is_run_where_one_submission_could_read_another(course):
    ran, config, usual = that_leaves_a_trace(course)
    config.write_text(f"{usual}\nuse_forked_kernels()\nfrom petkata.classroom import sandbox\n"
                      "sandbox.SYSTEM += (str(here.parent),)\n")
    said = course.nbgrader("autograde", "small", code=1)
    assert f"Nothing was run: {course.folder} lies in {course.folder.parent}, which all submissions can read" in said
    assert not ran.exists()


def that_leaves_a_trace(course):
    """A submission: the file that is there when it has run. And the configuration: its file, and what it says where nothing is
    watched."""
    given, ran = course.solved(), course.folder / "ran"
    of(given, "one")["source"] += f"\nopen({str(ran)!r}, 'w')"
    course.submit("s00", given)
    config = course.folder / "nbgrader_config.py"
    return ran, config, config.read_text().replace(HERE, IN_THE_OPEN)


def without_petkata():
    """In a child: nbgrader is in an environment that lacks the course."""
    sys.modules["petkata.classroom.executing"] = None


def without_the_course():
    """The same, where not even the first line can be read."""
    sys.modules["petkata"] = sys.modules["petkata.classroom.configured"] = None


def test_without_the_courses_configuration_nothing_is_run(course):
    """nbgrader goes on where a configuration stops with an error: without the sandbox, and with its own way to run a notebook."""
    ran, config, right = that_leaves_a_trace(course)
    wrongs = (right.replace("here = Path(", "here = Place("), right + "\nc.Autograde.timeout = timeout\n",
              right.replace("c.Autograde.autograde_preprocessors", "c.Autograde.autograde_preprocessor"),
              right.replace(IN_THE_OPEN, "\nuse_forked_kernels\n"),
              right + 'c.Autograde.autograde_preprocessors = ["nbgrader.preprocessors.Execute", *PREPROCESSORS[1:]]\n',
              right + 'c.Autograde.sanitize_preprocessors = ["nbgrader.preprocessors.Execute"]\n')
    unread = ("not_defined\n" + right, right + "c.Autograde.exclude_overwriting = {\n", right + "\0", "", None)
    for wrong in wrongs + unread:
        assert wrong != right
        config.unlink()
        if wrong is not None:
            config.write_text(wrong)
        if wrong in unread:  # no line of it can help
            shutil.copy(ROOT / "lessons" / GUARD, course.folder)
        for words in (["small"], ["small", "--force"]):
            assert "Nothing was run." in course.nbgrader("autograde", *words, code=1)
    assert "petkata" in course.nbgrader("autograde", "small", code=1, first=without_the_course), "nor in another environment"
    config.write_text(right)
    said = course.nbgrader("autograde", "small", code=1, first=without_petkata)
    assert "cannot grade this course" in said and "Activate the environment of the course." in said
    assert not ran.exists() and course.marks() == {}
    course.nbgrader("autograde", "small")
    assert ran.exists() and course.marks() == {"s00": BOTH}, "and with it, it is"
    config.write_text(right + 'c.GenerateAssignment.preprocessors.append("nbgrader.preprocessors.ClearOutput")\n')
    course.nbgrader("autograde", "small")
    graded = course.graded("s00")
    config.write_text(unread[1])
    course.nbgrader("autograde", "small", "--force", code=1)
    assert course.graded("s00") == graded and course.marks() == {"s00": BOTH}, "and what was graded stays"


def test_a_submission_is_not_validated(course):
    """That would run it with the instructor's own rights."""
    ran, config, usual = that_leaves_a_trace(course)
    config.write_text(usual)
    (course.folder / "work").symlink_to("submitted")
    shutil.copytree(course.folder / "submitted", course.folder / "downloaded")
    for folder in ("submitted", "work", "downloaded"):
        assert "is a submission. To validate is" in course.nbgrader("validate", f"{folder}/s00/small/small.ipynb", code=1)
    assert not ran.exists()


def test_a_configuration_that_is_read_a_hundred_times_is_in_force_once(course):
    """formgrader reads it with each request."""
    course.submit("s00")
    course.write("submitted/s00/small/timestamp.txt", "2026-01-01 10:00:00.000000 UTC")
    config = course.folder / "nbgrader_config.py"
    config.write_text(config.read_text() + """
for _ in range(1000):
    lose_nothing()
from nbgrader.coursedir import CourseDirectory
print(CourseDirectory().get_existing_timestamp(here / "submitted/s00/small"))
""")
    assert "2026-01-01 10:00:00" in course.nbgrader("autograde", "small") and course.marks() == {"s00": BOTH}


@pytest.mark.parametrize("forks", [True, False])
def test_without_a_sandbox_it_runs_where_an_instructor_says_so_on_any_system(forks, monkeypatch):
    from traitlets.config import Config

    from petkata.classroom import kernels
    from petkata.classroom.configured import is_configured
    from petkata.classroom.executing import PREPROCESSORS

    config = Config({"Autograde": {"autograde_preprocessors": PREPROCESSORS}})
    for name, value in (("asked", False), ("wanted", False), ("in_sandbox", True)):
        monkeypatch.setattr(kernels.ForkedProvisioner, name, value)
    monkeypatch.setattr(kernels, "can_fork_kernels", lambda: forks)
    assert not is_configured(config)
    kernels.use_forked_kernels(sandbox=False)
    assert is_configured(config)


def without_rights_for_good():
    """Nor does a program that is started from here get them back (PR_CAPBSET_DROP, of prctl(2))."""
    for capability in range(64):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
    without_rights()


@pytest.mark.skipif(os.getuid() != 0, reason="an ordinary user is allowed a sandbox even where root without its rights is not")
def test_where_the_system_allows_no_sandbox_nothing_is_run_unless_the_instructor_says_so(course):
    ran, config, usual = that_leaves_a_trace(course)
    config.write_text(f"{usual}\nuse_forked_kernels()\n")
    said = course.nbgrader("autograde", "small", code=1, first=without_rights_for_good)
    assert "The submissions were not run: this system allows no sandbox to run them in (namespaces:" in said
    assert not ran.exists() and course.marks() == {"s00": NOTHING}
    assert course.exported()["s00"]["what_happened"] == "could not be graded"
    config.write_text(f"{usual}\nuse_forked_kernels(sandbox=False)\n")
    assert "WITHOUT a sandbox" in course.nbgrader("autograde", "small", first=without_rights_for_good)
    assert ran.exists() and course.marks() == {"s00": BOTH}


def no_large_files():
    """In a child: the system refuses to write more than 600 kB to a file."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))


def test_a_full_disk_ends_the_grading_with_a_sentence(course):
    for student in THREE:
        course.submit(student)
    long = course.solved()
    long["cells"] += [{"cell_type": "markdown", "id": "long", "metadata": {}, "source": "word " * 150_000}]
    course.submit("s01", long)
    said = course.nbgrader("autograde", "small", code=1, first=no_large_files)
    assert "The disk is full" in said and "Nothing is lost." in said and "Traceback" not in said
    assert course.runs() == ["s00"]
    assert course.exported()["s00"]["score"] == "3.0"
    course.nbgrader("autograde", "small")
    assert course.marks() == dict.fromkeys(THREE, BOTH) and course.runs() == list(THREE)


@pytest.mark.parametrize("room", [16, 32, 48, 64])
def test_a_disk_without_room_wherever_it_runs_out(released, tmp_path, room):
    """A real one: notebooks, gradebook and marks lie on it. `room` is what is left, in kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("only root may mount a file system")
    try:
        course = copy_of(released, disk / "course")
        for student in THREE:
            course.submit(student)
        filler = disk / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        os.truncate(filler, filler.stat().st_size - 1024 * room)
        said = course.nbgrader("autograde", "small", code=1)
        assert "The disk is full" in said and "Nothing is lost." in said
        filler.unlink()
        course.nbgrader("autograde", "small")
        assert course.marks() == dict.fromkeys(THREE, BOTH) and all(course.graded(student) for student in THREE)
    finally:
        subprocess.run(["umount", disk], check=True)


KILLED_BETWEEN = """
import os, pathlib, signal

def kill_between(self, target, rename=pathlib.Path.rename):
    rename(self, target)
    if str(target).endswith(".before"):
        os.kill(os.getpid(), signal.SIGKILL)

pathlib.Path.rename = kill_between
"""


def test_killed_when_the_old_folder_is_gone_and_the_new_one_not_yet_there(course):
    course.submit("s00")
    course.nbgrader("autograde", "small")
    config = course.folder / "nbgrader_config.py"
    usual = config.read_text()
    config.write_text(usual + KILLED_BETWEEN)
    course.nbgrader("autograde", "small", "--force", code=-signal.SIGKILL)
    assert not (course.folder / "autograded" / "s00").joinpath("small").exists()
    config.write_text(usual)
    assert "begun before, and not finished" in course.nbgrader("autograde", "small")
    assert course.marks() == {"s00": BOTH} and course.graded("s00")
    assert not [path for path in course.folder.glob("autograded/.unfinished/**/*") if path.is_file()]


NOTED = """
import os, pathlib

def noting(name, does):
    def noted(what, *rest, **options):
        place = os.readlink(f"/proc/self/fd/{what}") if isinstance(what, int) else os.fspath(what)
        with open(os.path.join(here, "noted"), "a") as file:
            file.write(f"{name} {os.path.relpath(place, here)}\\n")
        return does(what, *rest, **options)
    return noted

os.fsync = noting("fsync", os.fsync)
pathlib.Path.rename, pathlib.Path.unlink = noting("rename", pathlib.Path.rename), noting("unlink", pathlib.Path.unlink)
"""


def test_what_a_loss_of_power_leaves_is_the_old_or_the_new(course):
    """All is on the disk before it is moved to its place, and the move is before the mark of the work goes."""
    course.submit("s00")
    config = course.folder / "nbgrader_config.py"
    config.write_text(config.read_text() + NOTED)
    course.nbgrader("autograde", "small")
    beside = "autograded/.unfinished/s00/small"
    noted = [line for line in (course.folder / "noted").read_text().splitlines() if "autograded" in line]
    noted = list(dict.fromkeys(noted))  # nbgrader reads the configuration twice
    moved = noted.index(f"rename {beside}")
    assert {f"fsync {beside}/small.ipynb", f"fsync {beside}"} <= set(noted[:moved])
    assert noted[moved + 1:] == ["fsync autograded/s00", f"unlink {beside}.begun"]


def test_the_table_tells_what_points_alone_do_not(course):
    for student in THREE:
        course.submit(student)
    course.nbgrader("autograde", "small")
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.folder}/gradebook.db") as gradebook:
        gradebook.add_student("s03", last_name='Doe, "Jo"')
        gradebook.add_student("s04")
    course.submit("s04")
    for student, what in (("s00", {"state": "crashed"}), ("s01", {"state": "timed out"})):
        path = course.folder / "autograded" / student / "small" / "small.ipynb"
        notebook = course.graded(student)
        of(notebook, "check_two")["metadata"]["petkata"] = {"task": "two", "points": 0, "of": 2, "checks": [
            {"check": "test_it", "state": "failed", "why": "why"}], **what}
        path.chmod(0o644)
        path.write_text(json.dumps(notebook))
    shutil.rmtree(course.folder / "autograded" / "s02")
    rows = course.exported()
    assert {student: row["what_happened"] for student, row in rows.items()} == {
        "s00": "crashed: two", "s01": "timed out: two", "s02": "not graded to the end: call nbgrader autograde again",
        "s03": "nothing submitted", "s04": "not graded to the end: call nbgrader autograde again"}
    assert rows["s03"]["last_name"] == 'Doe, "Jo"' and rows["s03"]["score"] == "0.0"


def test_no_text_in_the_table_is_a_formula(tmp_path, monkeypatch):
    from nbgrader.api import Gradebook

    from petkata.classroom.exporting import WhatHappened, plain

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # where alembic is
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_assignment("small")
        book.add_student("s07", first_name='=HYPERLINK("http://x")', last_name="@SUM(1)", email="+1")
        WhatHappened(to=f"{tmp_path}/grades.csv").export(book)
    with open(tmp_path / "grades.csv", encoding="utf-8", newline="") as table:
        [row] = csv.DictReader(table)
    assert (row["first_name"], row["last_name"], row["email"]) == ("'=HYPERLINK(\"http://x\")", "'@SUM(1)", "'+1")
    assert [plain(text) for text in (" =1", "\n=1", "\uff1d1", "a", "", None)] == ["' =1", "'\n=1", "'\uff1d1", "a", "", ""]


@pytest.mark.parametrize("ename, state", [
    ("KernelEnded", "crashed"), ("CellTimeoutError", "timed out"), ("NameError", "failing")])
def test_what_became_of_a_task_is_told_by_its_output_too(tmp_path, ename, state):
    from petkata.classroom.results import of_notebook

    given = assignment()
    of(given, "check_one")["outputs"] = [{"output_type": "error", "ename": ename, "evalue": "", "traceback": []}]
    path = tmp_path / "small.ipynb"
    path.write_text(json.dumps(given))
    tasks, needs_a_look = of_notebook(path)
    assert [(task.task, task.state, task.points, task.of) for task in tasks] == [("one", state, 0, 1), ("two", "passed", 2, 2)]
    assert needs_a_look == []
    path.write_text("{}")
    with pytest.raises(ValueError):
        of_notebook(path)
