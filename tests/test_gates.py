"""What must hold for every task of every lesson. That the checks themselves judge rightly is proved where the known
answers are collected: tests/lessonN/<idea>/checks.py (stubs), mistakes.py, alternatives.py."""

import ast
import importlib
import os
import re
from pathlib import Path

import pytest

from petkata.checking.answers import known_answers
from petkata.course import catalog, stubs
from petkata.course.catalog import ROOT

LESSONS = [catalog.lesson(name) for name in catalog.lesson_names()]
FILES = [(lesson, file) for lesson in LESSONS for file in lesson.files]
TASKS = [(lesson, task) for lesson in LESSONS for task in lesson.tasks]
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
each_file = pytest.mark.parametrize("lesson, file", FILES, ids=[f"{lesson.name}/{file}" for lesson, file in FILES])
each_task = pytest.mark.parametrize("lesson, task", TASKS, ids=[f"{lesson.name}-{task.name}" for lesson, task in TASKS])


def idea_folder(lesson, file):
    return ROOT / "tests" / lesson.name / Path(file).stem


def solution_text(lesson, file):
    return (ROOT / "solutions" / lesson.name / file).read_text(encoding="utf-8")


def answers_to(lesson, task, kind):
    module = importlib.import_module(f"tests.{lesson.name}.{Path(task.file).stem}.{kind}")
    return [answer for answer in known_answers(module) if answer.task == task.name]


def checks_in(lesson, file):
    tree = ast.parse((idea_folder(lesson, file) / "checks.py").read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


@each_lesson
def test_a_lesson_is_whole(lesson):
    assert 10 <= lesson.points <= 20, f"{lesson.name} has {lesson.points} points; a lesson has 10 to 20"
    text = ROOT / "lessons" / lesson.name / "README.md"
    assert text.exists(), f"{lesson.name} has no text"
    words = text.read_text(encoding="utf-8")
    assert "If you read older code" in words, "a lesson maps the calls of older fastai to today's"
    for task in lesson.tasks:
        assert task.name in words, f"the text of {lesson.name} does not speak of {task.name}"


@each_lesson
def test_a_lesson_names_all_its_files(lesson):
    for side in ("exercises", "solutions"):
        present = {path.name for path in (ROOT / side / lesson.name).glob("*.py")}
        assert present == set(lesson.files), f"{side}/{lesson.name} and lesson.toml differ"
    folders = {path.parent.name + ".py" for path in (ROOT / "tests" / lesson.name).glob("*/checks.py")}
    assert folders == set(lesson.files), f"tests/{lesson.name} and lesson.toml differ"


@each_task
def test_a_task_has_hints_and_points(lesson, task):
    assert task.points in (1, 2, 3)
    assert len(task.hints) >= 2 and all(hint.strip() for hint in task.hints)


@each_task
def test_a_task_has_mistakes_and_alternatives(lesson, task):
    mistakes = answers_to(lesson, task, "mistakes")
    assert len(mistakes) >= 4, f"{task.name} has {len(mistakes)} mistakes"
    assert all(answer.caught_by and answer.words.strip() for answer in mistakes)
    assert len({answer.words for answer in mistakes}) == len(mistakes), "each mistake has words of its own"
    assert len(answers_to(lesson, task, "alternatives")) >= 2


@each_file
def test_a_known_answer_belongs_to_a_task(lesson, file):
    names = {task.name for task in lesson.tasks_in(file)}
    for kind in ("mistakes", "alternatives"):
        module = importlib.import_module(f"tests.{lesson.name}.{Path(file).stem}.{kind}")
        assert {answer.task for answer in known_answers(module)} == names


@each_file
def test_every_check_asserts_and_says_why(lesson, file):
    helpers = {node.name: node for node in ast.parse((idea_folder(lesson, file) / "checks.py").read_text("utf-8")).body
               if isinstance(node, ast.FunctionDef)}
    for check in checks_in(lesson, file):
        called = [helpers[node.func.id] for node in ast.walk(check)
                  if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in helpers]
        asserts = [node for function in [check, *called] for node in ast.walk(function) if isinstance(node, ast.Assert)]
        assert asserts, f"{check.name} asserts nothing"
        assert all(node.msg is not None for node in asserts), f"{check.name} has an assert without words"


@each_file
def test_checks_never_look_at_the_learners_code(lesson, file):
    source = (idea_folder(lesson, file) / "checks.py").read_text(encoding="utf-8")
    found = re.findall(r"import inspect|exercises|solutions|__code__|\.function\b|last_call", source)
    assert not found, "a check judges what a call gives back"


@each_file
def test_a_stub_is_its_solution_without_the_answer(lesson, file):
    exercise = ROOT / "exercises" / lesson.name / file
    present = exercise.read_text(encoding="utf-8") if exercise.exists() else ""
    names = {task.name for task in lesson.tasks_in(file)}
    if not os.environ.get("CI") and not stubs.untouched(present) >= names:
        return  # a learner is at work in this file; where there are no learners, in CI, this is drift
    assert present == stubs.stub_of(solution_text(lesson, file)), (
        f"{exercise.relative_to(ROOT)} has drifted from its solution: python -m petkata.course.stubs"
    )


@each_file
def test_no_answer_stands_in_a_stub(lesson, file):
    solution = solution_text(lesson, file)
    stub = stubs.stub_of(solution)
    assert stubs.untouched(stub) == {task.name for task in lesson.tasks_in(file)}
    functions = [node for node in ast.parse(stub).body if isinstance(node, ast.FunctionDef)]
    assert len(functions) == len(lesson.tasks_in(file)), "a stub holds its tasks and no other function"
    answers, inside = [], False
    for line in solution.splitlines():
        inside = line.strip() == stubs.BEGIN or (inside and line.strip() != stubs.END)
        if inside and len(line.strip()) > 12 and not line.strip().startswith("#"):
            answers.append(line.strip())
    assert len(answers) >= len(functions), "each task's answer stands between the marks"
    assert not [line for line in answers if line in stub]


@each_task
def test_a_docstring_says_what_comes_back(lesson, task):
    tree = ast.parse(solution_text(lesson, task.file))
    function = next(node for node in tree.body if getattr(node, "name", None) == task.name)
    text = ast.get_docstring(function) or ""
    assert "`" in text and len(text.splitlines()) >= 2, f"{task.name}: shapes, units, ranges and one example"
    assert function.returns is not None and all(arg.annotation for arg in function.args.args), f"{task.name} is typed"


def test_a_catalog_that_is_wrong_says_where(tmp_path):
    folder = tmp_path / "lessons" / "lesson9"
    with pytest.raises(catalog.CatalogError, match="lesson9/lesson.toml is missing"):
        catalog.lesson("lesson9", tmp_path)
    folder.mkdir(parents=True)
    (folder / "lesson.toml").write_text("title = 3 3")
    with pytest.raises(catalog.CatalogError, match="not valid TOML"):
        catalog.lesson("lesson9", tmp_path)
    (folder / "lesson.toml").write_text('title = "x"\nidea = "y"\n[[tasks]]\nname = "t"\n')
    with pytest.raises(catalog.CatalogError, match="lacks 'file'"):
        catalog.lesson("lesson9", tmp_path)


@pytest.mark.parametrize("text, why", [
    ("### BEGIN SOLUTION\n", "inside a function"),
    ("def f():\n    ### END SOLUTION\n", "without"),
    ("def f():\n    ### BEGIN SOLUTION\n    return 1\n", "has no"),
])
def test_unpaired_marks_are_refused(text, why):
    with pytest.raises(ValueError, match=why):
        stubs.stub_of(text)


def test_writing_stubs_leaves_a_learners_work_alone(tmp_path):
    (tmp_path / "lessons" / "lesson1").mkdir(parents=True)
    (tmp_path / "solutions" / "lesson1").mkdir(parents=True)
    (tmp_path / "lessons" / "lesson1" / "lesson.toml").write_text(
        'title = "t"\nidea = "i"\n[[tasks]]\nname = "f"\nfile = "f.py"\npoints = 1\nhints = []\n')
    (tmp_path / "solutions" / "lesson1" / "f.py").write_text(
        "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n")
    assert stubs.write_stubs(tmp_path) == ["written: exercises/lesson1/f.py"]
    stub = tmp_path / "exercises" / "lesson1" / "f.py"
    assert stub.read_text() == 'def f():\n    raise NotImplementedError("f")\n'
    stub.write_text("def f():\n    return 2\n")
    assert stubs.write_stubs(tmp_path) == ["left alone, someone has worked in it: exercises/lesson1/f.py"]
    assert stub.read_text() == "def f():\n    return 2\n"
    stub.write_text('def f(x):\n    raise NotImplementedError("f")\n')
    assert stubs.write_stubs(tmp_path) == ["written: exercises/lesson1/f.py"]
