"""What a learner reads, for each kind of thing that can stand in their files. Each run is a real pytest in a copy of
the course."""

import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from petkata.course.catalog import ROOT

SIGNATURES = {
    "cosine_anneal": "def cosine_anneal(start, end, position):",
    "schedule": "def schedule(n_epochs, batches_per_epoch, lr_max):",
    "reading_the_losses": "def reading_the_losses(train, valid):",
}


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pristine") / "course"
    for name in ("conftest.py", "pyproject.toml", "exercises", "solutions", "tests", "lessons", "petkata"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        folder.mkdir(exist_ok=True)
        copy(ROOT / name, folder / name)
    # So that a test of an endless loop need not wait: the limit itself is tested on a short one below.
    limits = folder / "petkata" / "checking" / "limits.py"
    limits.write_text(limits.read_text().replace("SECONDS = 20", "SECONDS = 3"))
    return folder


@pytest.fixture
def course(pristine, tmp_path):
    """A fresh copy of the course; `write(file, body)` fills a stub of lesson 3, `run(args)` judges."""
    folder = tmp_path / "course"
    shutil.copytree(pristine, folder, symlinks=True)
    lesson = folder / "exercises" / "lesson3"

    def write(file, text):
        (lesson / file).write_text(text, encoding="utf-8")

    def run(*args, cwd=folder, **variables):
        # Without bytecode each run would compile Hypothesis anew.
        ignored = ("PYTEST", "COV", "PYTHONDONTWRITEBYTECODE")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(ignored)}
        environment.update(COLUMNS="120", PYTHONPATH=str(folder))  # the copy's petkata, before that of .venv
        environment.update(variables)
        done = subprocess.run([sys.executable, "-m", "pytest", *args], cwd=cwd, env=environment, capture_output=True,
                              text=True, timeout=120)
        return SimpleNamespace(text=done.stdout + done.stderr, code=done.returncode, counts=counts(done.stdout))

    return SimpleNamespace(folder=folder, lesson=lesson, write=write, run=run)


def counts(text):
    """{'passed': 3, ...} from pytest's last line."""
    last = "".join(text.strip().splitlines()[-1:])
    return {state: int(number) for number, state in re.findall(r"(\d+) (passed|failed|not started|errors?|deselected)", last)}


def solved(file):
    return (ROOT / "solutions" / "lesson3" / file).read_text(encoding="utf-8")


def test_untouched_stubs_are_not_started(course):
    done = course.run("exercises/lesson3")
    assert done.code == 1 and set(done.counts) == {"not started"}
    assert "Next: write cosine_anneal in exercises/lesson3/anneal.py" in done.text
    assert "0 of 12 points" in done.text


def test_a_solved_file_wins_its_points(course):
    course.write("anneal.py", solved("anneal.py"))
    done = course.run("exercises/lesson3/anneal.py", "-v")
    assert done.code == 0 and set(done.counts) == {"passed"}
    assert "exercises/lesson3/anneal.py::test_is_flat_at_both_ends PASSED" in done.text
    assert "1 of 1 points, in 1 of 6 tasks" in done.text and "Next: write one_cycle_lr in exercises/lesson3/cycle.py" in done.text


def test_arithmetic_waits_for_no_training(course):
    for name in ("torch", "fastai", "numpy"):
        (course.folder / f"{name}.py").write_text(f"raise RuntimeError('{name} was imported')\n")
    for file in ("anneal.py", "cycle.py", "schedule.py", "curves.py"):
        course.write(file, solved(file))
    done = course.run("exercises/lesson3")
    assert set(done.counts) == {"passed", "not started"} and "9 of 12 points" in done.text, done.text


def test_another_folder_of_pets_that_is_none_is_refused_in_a_sentence(course, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "holiday.jpg").write_text("not a pet")
    course.write("train.py", solved("train.py"))
    done = course.run("exercises/lesson3/train.py", "-x", "--pets", str(tmp_path / "mine"))
    assert f"{tmp_path / 'mine'} is not a whole set of drawn pets" in done.text and done.code == 1, done.text
    assert (tmp_path / "mine" / "holiday.jpg").exists()


def test_what_an_answer_writes_stays_nowhere(course):
    course.write("anneal.py", SIGNATURES["cosine_anneal"] + "\n    open('note.txt', 'a').write('x')\n    return start\n")
    done = course.run("exercises/lesson3/anneal.py")
    assert done.counts["failed"] and not list(course.folder.rglob("note.txt"))


def test_paths_are_named_from_where_pytest_is_called(course, tmp_path):
    course.write("train.py", solved("train.py"))
    (course.folder / "here").mkdir()
    (course.folder / "here" / "holiday.jpg").write_text("not a pet")
    done = course.run("exercises/lesson3/train.py", "-x", "--pets", "here")
    assert f"{course.folder / 'here'} is not a whole set of drawn pets" in done.text, done.text


def test_the_last_line_of_the_stub_that_was_left_is_named(course):
    course.write("anneal.py", SIGNATURES["cosine_anneal"] + """
    half = (start + end) / 2
    raise NotImplementedError("cosine_anneal")
""")
    done = course.run("exercises/lesson3/anneal.py")
    assert "cosine_anneal stops at the last line of its stub, which is still there. Delete that line." in done.text, done.text
    assert "exercises/lesson3/anneal.py, line 3, in cosine_anneal" in done.text and "failing       0 of 1" in done.text


def test_a_call_is_shown_as_it_was_made_whatever_became_of_its_arguments(course):
    course.write("curves.py", SIGNATURES["reading_the_losses"] + "\n    train.sort()\n    valid.clear()\n    return 'learning'\n")
    done = course.run("exercises/lesson3/curves.py")
    assert "last call: reading_the_losses([" in done.text and "[])" not in done.text, done.text


def test_a_lesson_that_is_done_leads_to_the_next(course):
    for file in ("anneal.py", "cycle.py", "schedule.py", "train.py", "curves.py"):
        course.write(file, solved(file))
    done = course.run("exercises/lesson3")
    assert "lesson3 is done." in done.text and "Next: read lessons/lesson4/README.md" in done.text, done.text


def test_a_wrong_answer_reads_why_and_what_was_called(course):
    course.write("anneal.py", SIGNATURES["cosine_anneal"] + """
    print("position is", position)
    return start + (end - start) * position
""")
    done = course.run("exercises/lesson3/anneal.py")
    assert done.code == 1
    assert "a cosine starts slowly; a straight line does not" in done.text
    assert "last call: cosine_anneal(0.0, 1000.0," in done.text
    assert "your code printed:\n    position is" in done.text
    assert "Hint:" in done.text and "checks.py" not in done.text


def test_an_error_shows_only_the_learners_lines(course):
    course.write("anneal.py", SIGNATURES["cosine_anneal"] + "\n    return helper(start)\n\n\n"
                 "def helper(start):\n    return start / 0\n")
    done = course.run("exercises/lesson3/anneal.py")
    assert "Your code stopped with ZeroDivisionError" in done.text
    assert "exercises/lesson3/anneal.py, line 6, in helper\n        return start / 0" in done.text
    assert "checks.py" not in done.text and "site-packages" not in done.text


def test_a_broken_file_leaves_the_others_judged(course):
    course.write("anneal.py", solved("anneal.py"))
    course.write("cycle.py", "def one_cycle_lr(position, lr_max)\n    return 1\n")
    course.write("schedule.py", "import does_not_exist\n")
    course.write("curves.py", "def something_else():\n    pass\n")
    (course.lesson / "train.py").unlink()
    done = course.run("exercises/lesson3")
    assert done.counts["passed"] == 5
    assert "exercises/lesson3/cycle.py, line 1: Python cannot read this" in done.text
    assert "exercises/lesson3/schedule.py, line 1: this stopped while the file was loaded, with ModuleNotFoundError" in done.text
    assert "exercises/lesson3/curves.py has no function reading_the_losses any more" in done.text
    assert "def reading_the_losses(train: list[float], valid: list[float]) -> str:" in done.text
    assert "exercises/lesson3/train.py is missing" in done.text


def test_a_later_task_waits_for_the_one_it_uses(course):
    body = "\n    from .cycle import one_cycle_lr\n    return [one_cycle_lr(0, 1)]\n"
    course.write("schedule.py", SIGNATURES["schedule"] + body)
    done = course.run("exercises/lesson3/schedule.py")
    assert "schedule needs one_cycle_lr first" in done.text and set(done.counts) == {"not started"}


def test_one_task_does_not_spoil_the_next(course):
    course.write("anneal.py", "import os, random, sys, warnings\nimport numpy\n" + SIGNATURES["cosine_anneal"] + """
    os.chdir("/")
    os.environ["HOME"] = "nowhere"
    sys.path.clear()
    sys.setrecursionlimit(150)
    random.seed(position)
    numpy.random.seed(0)
    for number in range(300):
        warnings.warn(f"careful {number}")
    sys.exit(3)
""")
    course.write("schedule.py", SIGNATURES["schedule"] + "\n    return schedule(n_epochs, batches_per_epoch, lr_max)\n")
    course.write("curves.py", solved("curves.py"))
    done = course.run("exercises/lesson3")
    assert "Your code ended the program (exit)" in done.text
    assert "schedule calls itself again and again" in done.text
    assert re.search(r"warnings from your code.*careful 0.*in all", done.text, re.S) and done.text.count("careful") == 3
    assert done.counts["passed"] == 11, done.text


def test_an_endless_loop_ends_with_a_sentence(course):
    course.write("anneal.py", SIGNATURES["cosine_anneal"] + """
    while True:
        try:
            position += 1
        except:
            pass
""")
    course.write("schedule.py", "while True:\n    pass\n")
    course.write("curves.py", solved("curves.py"))
    done = course.run("exercises/lesson3")
    assert "This was still running after 3 seconds of computing and was stopped. Is there a loop that never ends?" in done.text
    assert "in cosine_anneal" in done.text
    assert "Not tried again" in done.text
    assert done.counts["passed"] == 11


def test_skipping_from_inside_is_no_way_to_pass(course):
    course.write("anneal.py", "import pytest\n" + SIGNATURES["cosine_anneal"] + "\n    pytest.skip('no')\n")
    course.write("schedule.py", "import pytest\n" + SIGNATURES["schedule"] + "\n    pytest.xfail('no')\n")
    done = course.run("exercises/lesson3/anneal.py", "exercises/lesson3/schedule.py")
    assert "passed" not in done.counts and done.counts == {"failed": 11} and "Skipped" in done.text


def test_pytests_own_ways_of_choosing_work(course):
    course.write("anneal.py", solved("anneal.py"))
    course.write("schedule.py", SIGNATURES["schedule"] + "\n    return [lr_max]\n")
    some = course.run("exercises/lesson3", "-k", "flat or halfway")
    assert some.code == 0 and some.counts["passed"] == 2 and "not all run" in some.text
    assert "0 of 1 points" in some.text, "a task whose checks did not all run wins nothing"
    one = course.run("exercises/lesson3/anneal.py::test_is_flat_at_both_ends")
    assert one.counts == {"passed": 1}
    first = course.run("exercises/lesson3", "-x", "-p", "no:cacheprovider")
    assert first.counts["passed"] == 5 and first.counts.get("not started") == 1
    course.run("exercises/lesson3/schedule.py", "exercises/lesson3/anneal.py")
    again = course.run("exercises/lesson3/schedule.py", "exercises/lesson3/anneal.py", "--lf")
    assert "passed" not in again.counts and again.counts["failed"] >= 4


def test_two_workers_and_another_directory_say_the_same(course, tmp_path):
    course.write("anneal.py", solved("anneal.py"))
    course.write("schedule.py", SIGNATURES["schedule"] + "\n    return [lr_max]\n")
    plain = course.run("exercises/lesson3")
    parallel = course.run("exercises/lesson3", "-n", "2")
    elsewhere = course.run(str(course.lesson), cwd=tmp_path)
    assert plain.counts == parallel.counts == elsewhere.counts
    board = [text[text.index("fit_one_cycle"):].splitlines()[1:11] for text in (plain.text, parallel.text, elsewhere.text)]
    assert board[0] == board[1] == board[2]


def test_exercises_and_solutions_together(course):
    done = course.run("exercises/lesson3/anneal.py", "solutions/lesson3/anneal.py")
    assert done.counts == {"not started": 5, "passed": 5}
    assert "solutions/lesson3: fit_one_cycle" in done.text and "exercises/lesson3: fit_one_cycle" in done.text


def test_another_copys_environment_is_named(course, tmp_path):
    # -p: petkata is imported before any conftest, as a .venv made by kata.py does.
    done = course.run("-p", "petkata.torchvision_guard", str(course.lesson), cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert done.code == 4 and f"but petkata is loaded from {ROOT}" in done.text


def test_a_run_of_everything_leaves_the_learners_files_out(course):
    done = course.run("--collect-only", "-q")
    assert "\nsolutions/lesson3/anneal.py" in done.text and "\nexercises/" not in done.text
