"""A class as an instructor grades it: the course's own configuration, a real lesson, `kata class grade`, feedback, the export.

What each submission does when it runs costs the tasks that it concerns, and is told wherever somebody looks.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from petkata.course import catalog
from petkata.course.catalog import ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux") or sys.version_info < (3, 11),
                                reason="forked kernels need Linux, and nbgrader Python 3.11")

LESSON = catalog.lesson("lesson3")
STUBBORN = """
while True:
    try:
        import time; time.sleep(1)
    except BaseException:
        pass"""
FORKS = """
import os, time
try:
    while os.fork():
        pass
    time.sleep(1000)
except OSError:
    pass"""
# What is written below the solutions of a file; which tasks get no points then; what the export says; words of the feedback.
DEEDS = {
    "nothing": ("train", "", [], "", "train: passed, 3 of 3 points"),
    "ends in a cell": ("train", "import os; os._exit(1)", ["train"], "crashed: train; needs a look",
                       "train: crashed, 0 of 3 points"),
    "ends in a function": ("train", "def train(*args):\n    import os; os._exit(1)", ["train"], "crashed: train",
                           "train: crashed, 0 of 3 points"),
    "is endless in a cell": ("curves", "while True: pass", ["reading_the_losses"],
                             "timed out: reading_the_losses; needs a look", "still running after 15 seconds"),
    "is endless in a function": ("curves", "def reading_the_losses(*args):\n    while True: pass", ["reading_the_losses"],
                                 "timed out: reading_the_losses", "reading_the_losses: timed out, 0 of 3 points"),
    "cannot be interrupted": ("curves", STUBBORN, ["reading_the_losses"], "timed out: reading_the_losses; needs a look",
                              "still running after 15 seconds"),
    "takes all memory": ("curves", "def reading_the_losses(*args):\n    return bytearray(2**33)", ["reading_the_losses"], "",
                         "MemoryError"),
    "floods": ("curves", "while True: print('x' * 1000)", ["reading_the_losses"], "crashed: reading_the_losses; needs a look",
               "more than anybody can read"),
    "forks without an end": ("curves", FORKS, ["reading_the_losses"], "crashed: reading_the_losses",
                             "reading_the_losses: crashed, 0 of 3 points"),
    "removes its files": ("curves", "import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)", [], "",
                          "train: passed, 3 of 3 points"),
}


def handed_in(file, deed):
    given = json.loads((ROOT / "lessons" / "release" / LESSON.name / f"{LESSON.name}.ipynb").read_text(encoding="utf-8"))
    for cell in given["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            name = cell["metadata"]["nbgrader"]["grade_id"]
            solution = (ROOT / "solutions" / LESSON.name / f"{name}.py").read_text(encoding="utf-8")
            cell["source"] = f"{solution}\n\n{deed}\n" if name == file else solution
    return json.dumps(given)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class, graded by two workers, killed when the first submission was done, and then to the end."""
    folder = tmp_path_factory.mktemp("class") / "class"
    run("petkata.cli", "class", "new", str(folder), LESSON.name)
    with open(folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write("\nc.Execute.timeout = 15\nc.ExecuteToTheEnd.most_output = 300_000\n")
    run("nbgrader", "generate_assignment", LESSON.name, cwd=folder)
    for student, (file, deed, *_) in DEEDS.items():
        place = folder / "submitted" / student.replace(" ", "-") / LESSON.name
        place.mkdir(parents=True)
        (place / f"{LESSON.name}.ipynb").write_text(handed_in(file, deed), encoding="utf-8")
    grade = "petkata.cli", "class", "grade", LESSON.name, "--jobs", "2"
    with subprocess.Popen([sys.executable, "-m", *grade], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          start_new_session=True) as killed:
        until = time.monotonic() + 300
        while not whole(folder) and killed.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        os.killpg(killed.pid, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    done = whole(folder)
    said = run(*grade, cwd=folder)
    run("nbgrader", "generate_feedback", LESSON.name, cwd=folder)
    run("nbgrader", "export", cwd=folder)
    with open(folder / "grades.csv", encoding="utf-8", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    return SimpleNamespace(folder=folder, done=done, said=said, rows=rows)


def whole(folder) -> list[str]:
    """Those whose grading came to its end."""
    students = [path.parts[-3] for path in folder.glob("autograded/*/*/*.ipynb")]
    return [student for student in students
            if not (folder / ".grading" / LESSON.name / f"{student}.begun").exists()]


def run(*words, cwd=None):
    done = subprocess.run([sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("student", DEEDS)
def test_a_deed_costs_its_own_tasks_and_is_told(graded, student):
    _, _, lost, happened, shown = DEEDS[student]
    name = student.replace(" ", "-")
    [path] = graded.folder.glob(f"autograded/{name}/*/*.ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    tasks = [cell["metadata"]["petkata"] for cell in notebook["cells"] if "petkata" in cell["metadata"]]
    assert [task["task"] for task in tasks] == [task.name for task in LESSON.tasks]
    points = sum(task["points"] for task in tasks)
    assert float(graded.rows[name]["score"]) == points
    page = (graded.folder / "feedback" / name / LESSON.name / f"{LESSON.name}.html").read_text(encoding="utf-8")
    assert shown in page
    assert [task["task"] for task in tasks if not task["points"]] == lost
    assert graded.rows[name]["what_happened"] == happened


def test_killed_at_any_moment_it_goes_on_and_tells_once_what_protects(graded):
    assert graded.done
    before, now = len(graded.done), len(DEEDS) - len(graded.done)
    assert f"{len(DEEDS)} submissions of {LESSON.name}: {now} graded, {before} graded before" in graded.said
    assert graded.said.count("Submissions run in a sandbox") == 1
    assert not [path for path in graded.folder.glob("*/.*/**/*") if path.is_file() and path.suffix != ".lock"]
