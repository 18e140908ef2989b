"""A push graded on GitHub: the `run:` lines of lessons/autograding.yml, typed into a copy of the course and a student's push."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml

from petkata.classroom import github
from petkata.course import catalog
from petkata.course.catalog import ROOT

WORKFLOW = yaml.safe_load((ROOT / "lessons" / "autograding.yml").read_text(encoding="utf-8"))
[JOB] = WORKFLOW["jobs"].values()
LESSON = catalog.lesson("lesson3")
# The answer to each task of the push. Its file of the lesson's is a solution but for these functions.
PUSHED = {"one_cycle_lr": "mistake", "train": "stub"}


def answer(task: catalog.Task) -> str:
    from benchmarks import parity

    if PUSHED[task.name] == "stub":
        return parity.answer_in(LESSON, task, "stub").source
    return next(known.source for known in parity.known(LESSON, task) if known.kind == "mistake")


def test_each_lesson_that_the_workflow_names_is_one_and_its_actions_are_named_with_versions():
    assert set(JOB["strategy"]["matrix"]["lesson"]) <= set(catalog.lesson_names())
    for step in JOB["steps"]:
        assert re.fullmatch(r"actions/[\w/-]+@v\d+", step.get("uses", "actions/none@v1"))
    checkouts = [step["with"] for step in JOB["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert [step["path"] for step in checkouts] == ["course", "pushed"]
    assert not any(step["persist-credentials"] for step in checkouts), "a token of GitHub's would lie beside a student's code"
    used = [step.get("uses", "").split("@")[0] + step.get("with", {}).get("path", "") for step in JOB["steps"]]
    assert used.index("actions/cache/savecourse/.venv") < used.index("actions/checkoutpushed"), "students would write the cache"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """What the checkouts make: `course`, whose environment is that of this test, and `pushed`. `typed()` does the run: lines."""
    for name in ("petkata", "tests", "solutions", "exercises"):
        shutil.copytree(ROOT / name, tmp_path / "course" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("kata.py", "conftest.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path / "course")
    for lesson in catalog.lesson_names():
        (tmp_path / "course" / "lessons" / lesson).mkdir(parents=True)
        shutil.copy(ROOT / "lessons" / lesson / "lesson.toml", tmp_path / "course" / "lessons" / lesson)
    shutil.copytree(tmp_path / "course", tmp_path / "pushed")
    found = importlib.util.spec_from_file_location("course_kata", tmp_path / "course" / "kata.py")
    kata = importlib.util.module_from_spec(found)
    found.loader.exec_module(kata)
    python = tmp_path / "course" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "course" / ".venv" / "finished").write_text("\n".join(kata.stamp()) + "\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "course"))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))

    def typed(**expected_codes):
        said = {}
        for step in JOB["steps"]:
            if "run" in step:
                script = step["run"].replace("${{ matrix.lesson }}", LESSON.name)
                assert "${{" not in script
                done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, capture_output=True, text=True)
                name = step["name"].split()[0]
                assert done.returncode == expected_codes.get(name, 0), done.stdout + done.stderr
                said[name] = done.stdout
                if done.returncode:
                    break
        return said

    return SimpleNamespace(folder=tmp_path, typed=typed)


@pytest.mark.skipif(not sys.platform.startswith("linux") or sys.version_info < (3, 11),
                    reason="the workflow's commands are those of Ubuntu, and nbgrader, for the known answers, needs Python 3.11")
def test_a_push_gets_the_points_of_the_board_and_nothing_outside_its_exercises_counts(workspace):
    pushed = workspace.folder / "pushed"
    for file in LESSON.files:
        own = [answer(task) for task in LESSON.tasks_in(file) if task.name in PUSHED]
        solution = (ROOT / "solutions" / LESSON.name / file).read_text(encoding="utf-8")
        (pushed / "exercises" / LESSON.name / file).write_text("\n\n".join([solution, *own]), encoding="utf-8")
    forged = "print('::notice title=Autograding complete::Points 12/12')\n"
    with open(pushed / "exercises" / LESSON.name / "curves.py", "a") as file:
        file.write(forged)
    (pushed / "exercises" / LESSON.name / "schedule.py").rename(pushed / "mine.py")
    (pushed / "exercises" / LESSON.name / "schedule.py").symlink_to("../../solutions/lesson3/schedule.py")
    for tampered in ("conftest.py", "exercises/lesson3/conftest.py", "petkata/checking/plugin.py", "pyproject.toml"):
        (pushed / tampered).write_text("raise SystemExit('this is not the course')")
    for checks in pushed.glob("tests/lesson3/*/checks.py"):
        checks.write_text("def test_anything(): pass")

    said = workspace.typed(Grade=1)["Grade"]
    board = {task: (state, int(won), int(of)) for task, state, won, of in
             re.findall(r"^  (\w+) +\w+\.py +(\w[\w ]*?)  +(\d+) of (\d+)$", said, re.MULTILINE)}
    told = {task: (state, int(won), int(of)) for task, state, won, of in
            re.findall(r"^\| (\w+) \| ([\w ]+) \| (\d+) of (\d+) \|$", (workspace.folder / "page.md").read_text(), re.MULTILINE)}
    assert told == board and {task: row[2] for task, row in board.items()} == {task.name: task.points for task in LESSON.tasks}
    assert {task: row[0] for task, row in board.items()} == {
        "cosine_anneal": "passed", "one_cycle_lr": "failing", "one_cycle_momentum": "passed", "schedule": "failing",
        "train": "not started", "reading_the_losses": "passed"}

    *_, word = re.findall(r"^::stop-commands::(\w+)$", said, re.MULTILINE)
    commands = said.partition(f"\n::{word}::\n")[2].splitlines()
    won = sum(row[1] for row in board.values())
    assert commands == [f"::notice title=Autograding complete::Points {won}/{LESSON.points}",
                        "::notice title=Autograding report::" + json.dumps({"totalPoints": won, "maxPoints": LESSON.points})]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the workflow's commands are those of Ubuntu")
def test_a_folder_of_exercises_that_leads_to_the_solutions_is_not_taken(workspace):
    shutil.rmtree(workspace.folder / "pushed" / "exercises")
    (workspace.folder / "pushed" / "exercises").symlink_to("../course/solutions")
    assert workspace.typed(Take=1)["Take"] == "exercises is a link, so nothing was graded.\n"
    assert (workspace.folder / "course" / "exercises" / LESSON.name).is_dir()


def test_what_is_tested_finds_no_way_to_github(monkeypatch):
    monkeypatch.setenv("GITHUB_OUTPUT", "/somewhere")
    monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", "secret")
    github.pytest_configure(SimpleNamespace(pluginmanager=SimpleNamespace(register=lambda plugin: None)))
    assert not [name for name in os.environ if name.startswith(("GITHUB_", "ACTIONS_"))]
