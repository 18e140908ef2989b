"""The class report: what it reads from a course folder and its gradebook, and what it says of it."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytestmark = [pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader itself needs Python 3.11"),
              pytest.mark.filterwarnings("ignore:Object of type <Submitted")]  # nbgrader's own way with its database

TASKS = {"cosine_anneal": 1, "one_cycle_lr": 2, "schedule": 3}  # in the order of the notebook, which is not the alphabet's
FLAT = {"check": "test_is_flat_at_both_ends", "state": "failed",
        "why": "a cosine starts slowly; a straight line does not\n    last call: cosine_anneal(0.0, 1000.0, 0.99) gave 990.0"}
BEGINS = {"check": "test_begins_and_ends_where_told", "state": "passed", "why": ""}


@dataclass
class Student:
    """A student of a made class: `states` and the `checks` of each task; `marks` by hand."""

    id: str
    states: tuple = ("passed", "passed", "passed")
    checks: dict = field(default_factory=dict)
    marks: dict = field(default_factory=dict)
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    look: tuple = ()


def graded_notebook(student, tasks=TASKS):
    """As grading leaves it, as far as the report looks at it."""
    cells = [{"cell_type": "code", "source": "", "outputs": [], "execution_count": None, "metadata": {
        "nbgrader": {"grade_id": f"check_{task}", "grade": True},
        "petkata": {"task": task, "state": state, "points": of if state == "passed" else 0, "of": of,
                    "checks": student.checks.get(task, [])}}}
        for (task, of), state in zip(tasks.items(), student.states)]
    return {"cells": cells, "metadata": {"petkata": {"needs_a_look": list(student.look)}}, "nbformat": 4, "nbformat_minor": 5}


def written(path, notebook):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook) if isinstance(notebook, dict) else notebook, encoding="utf-8")
    return path


@lru_cache
def empty_gradebook():
    """What nbgrader makes of a new one. It takes seconds, so it is made once."""
    from nbgrader.api import Gradebook

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        # nbgrader calls alembic by its name, also where the environment is not activated
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        Gradebook(f"sqlite:///{folder}/gradebook.db").close()
        return Path(folder, "gradebook.db").read_bytes()


def make_course(folder, students, lesson="lesson3", tasks=TASKS):
    """A course folder in which these students have handed in a lesson and were graded."""
    from nbgrader.api import Gradebook

    folder.mkdir(exist_ok=True)
    if not (folder / "gradebook.db").exists():
        (folder / "gradebook.db").write_bytes(empty_gradebook())
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'made'\n")
    written(folder / "source" / lesson / f"{lesson}.ipynb", graded_notebook(Student(".", ("not started",) * len(tasks)), tasks))
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        gradebook.update_or_create_assignment(lesson)
        gradebook.update_or_create_notebook(lesson, lesson)
        for task, of in tasks.items():
            gradebook.update_or_create_grade_cell(f"check_{task}", lesson, lesson, max_score=of, cell_type="code")
        for student in students:
            gradebook.update_or_create_student(student.id, first_name=student.first_name, last_name=student.last_name,
                                               email=student.email)
            gradebook.update_or_create_submission(lesson, student.id)
            for (task, of), state in zip(tasks.items(), student.states):
                grade = gradebook.find_grade(f"check_{task}", lesson, lesson, student.id)
                grade.auto_score, grade.needs_manual_grade = of if state == "passed" else 0.0, False
                grade.manual_score = student.marks.get(task)
            gradebook.db.commit()
            written(graded(folder, student.id, lesson), graded_notebook(student, tasks))
    return folder


def graded(folder, student, lesson="lesson3"):
    return folder / "autograded" / student / lesson / f"{lesson}.ipynb"


def enrol(folder, student, **details):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder}/gradebook.db") as gradebook:
        gradebook.update_or_create_student(student, **details)
        gradebook.db.commit()


def class_of(size):
    """Students s00, s01, ...: some have everything, some are stuck, some have hardly begun."""
    kinds = [(("passed", "passed", "passed"), {}), (("passed", "passed", "failing"), {}), (("passed", "failing", "waiting"), {}),
             (("failing", "waiting", "not started"), {"cosine_anneal": [BEGINS, FLAT]}),
             (("passed", "not started", "not started"), {"cosine_anneal": [BEGINS, {**FLAT, "state": "passed", "why": ""}]})]
    return [Student(f"s{number:02}", *kinds[number % len(kinds)]) for number in range(size)]


def read(course, lesson="lesson3"):
    """The results of a lesson, by student."""
    from petkata.classroom.results import results

    return {result.student: result for result in results(course, lesson)}


def kata(*words):
    """Call `kata class report` with these words: its exit code, and what it says."""
    from typer.testing import CliRunner

    from petkata.cli import app

    done = CliRunner().invoke(app, ["class", "report", *map(str, words)], env={"COLUMNS": "200"})
    return done.exit_code, done.output


class Elements(HTMLParser):
    """The elements of a page: by name and attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


# --- reading the results ---


def test_tasks_stand_in_the_order_of_the_notebook_with_points_and_checks(tmp_path):
    course = make_course(tmp_path / "course", [Student("s00", ("failing", "passed", "not started"),
                                                       {"cosine_anneal": [BEGINS, FLAT]}, first_name="Ann", last_name="Example")])
    result = read(course)["s00"]
    assert [(task.task, task.state, task.points, task.of) for task in result.tasks] == [
        ("cosine_anneal", "failing", 0, 1), ("one_cycle_lr", "passed", 2, 2), ("schedule", "not started", 0, 3)]
    assert [(check.check, check.state) for check in result.tasks[0].checks] == [
        ("test_begins_and_ends_where_told", "passed"), ("test_is_flat_at_both_ends", "failed")]
    assert (result.name, result.points, result.of, result.graded, result.needs_a_look) == ("Ann Example", 2, 6, True, [])


def test_a_mark_given_by_hand_is_the_one_that_counts(tmp_path):
    course = make_course(tmp_path / "course", [Student("s00", ("passed", "failing", "passed"), marks={"one_cycle_lr": 1.5}),
                                               Student("s01", marks={"cosine_anneal": 0})])
    first, second = read(course).values()
    assert (first.tasks[1].points, first.tasks[1].state, first.tasks[1].by_hand, first.points) == (1.5, "failing", True, 5.5)
    assert (second.tasks[0].points, second.points) == (0, 5)
    assert not first.tasks[0].by_hand


def test_points_are_those_that_nbgrader_exports_late_ones_too(tmp_path):
    from nbgrader.api import Gradebook

    course = make_course(tmp_path / "course", [Student("s00", marks={"schedule": 2.5}), Student("s01", ("failing",) * 3)])
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        for student in ("s00", "s01"):
            gradebook.find_submission_notebook("lesson3", "lesson3", student).late_submission_penalty = 1.25
        gradebook.find_grade("check_one_cycle_lr", "lesson3", "lesson3", "s00").extra_credit = 0.5
        gradebook.db.commit()
        submission = gradebook.find_submission("lesson3", "s00")
        exported = submission.score - submission.late_submission_penalty
    found = read(course)
    assert found["s00"].points == exported == 1 + 2.5 + 2.5 - 1.25
    assert found["s01"].points == 0, "never less than nothing"
    code, _ = kata("lesson3", "--course", course)
    assert code == 0 and "−1.25" in (course / "report" / "lesson3.html").read_text(encoding="utf-8")


def test_an_assignment_of_two_notebooks_that_name_their_cells_alike(tmp_path):
    from nbgrader.api import Gradebook

    course = make_course(tmp_path / "course", [Student("s00", ("passed", "failing", "failing"))])
    written(course / "source" / "lesson3" / "second.ipynb", graded_notebook(Student("."), {"cosine_anneal": 1}))
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.update_or_create_notebook("second", "lesson3")
        gradebook.update_or_create_grade_cell("check_cosine_anneal", "second", "lesson3", max_score=1, cell_type="code")
        gradebook.db.commit()
    told = read(course)["s00"].tasks
    assert [(task.task, task.state) for task in told] == [
        ("cosine_anneal", "passed"), ("one_cycle_lr", "failing"), ("schedule", "failing"), ("cosine_anneal", "not judged")]


def test_what_was_not_graded_to_the_end_again_is_told(tmp_path):
    course = make_course(tmp_path / "course", [Student("s00"), Student("s01")])
    written(course / "autograded" / ".unfinished" / "s01" / "lesson3.begun", "")
    found = read(course)
    assert found["s00"].looks == [] and ["Not graded to the end" in sentence for sentence in found["s01"].looks] == [True]


def test_a_mark_that_is_still_to_be_given_is_told(tmp_path):
    from nbgrader.api import Gradebook

    course = make_course(tmp_path / "course", [Student("s00")])
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.find_grade("check_schedule", "lesson3", "lesson3", "s00").needs_manual_grade = True
        gradebook.db.commit()
    [sentence] = read(course)["s00"].needs_a_look
    assert "by hand" in sentence and "schedule" in sentence and "one_cycle_lr" not in sentence


def test_who_has_handed_in_and_who_has_not(tmp_path):
    course = make_course(tmp_path / "course", class_of(3))
    graded(course, "s01").unlink()  # in the gradebook, but not graded
    (course / "submitted" / "s03" / "lesson3").mkdir(parents=True)  # collected, but not in the gradebook
    (course / "submitted" / "s04" / "lesson4").mkdir(parents=True)  # something else
    enrol(course, "s05", last_name="Absent")
    found = read(course)
    assert {student: (result.handed_in, result.graded) for student, result in found.items()} == {
        "s00": (True, True), "s01": (True, False), "s02": (True, True), "s03": (True, False), "s05": (False, False)}
    for student in ("s01", "s03"):
        assert found[student].needs_a_look == ["Handed in, but not graded. To grade it: kata class grade lesson3"]
        assert {task.state for task in found[student].tasks} == {"not judged"}
    assert found["s05"].needs_a_look == [] and found["s05"].name == "Absent"
    code, _ = kata("lesson3", "--course", course)
    shown = (course / "report" / "lesson3.html").read_text(encoding="utf-8")
    assert code == 0 and "4 <small>of 5</small>" in shown and shown.count("nothing handed in</td>") == 1


def test_stock_nbgrader_s_grades_alone_are_enough(tmp_path):
    course = make_course(tmp_path / "course", [Student("s00", ("passed", "failing", "passed"))])
    notebook = json.loads(graded(course, "s00").read_text())
    for cell in notebook["cells"]:
        del cell["metadata"]["petkata"]
    del notebook["metadata"]["petkata"]
    written(graded(course, "s00"), notebook)
    result = read(course)["s00"]
    assert [task.state for task in result.tasks] == ["passed", "failing", "passed"] and result.points == 4
    assert result.needs_a_look == []


@pytest.mark.parametrize("broken", [
    "", "{", "[]", "7", '{"cells": 3}', "[" * 100_000, '{"cells": [], "metadata": {"petkata": 3}}',
    '{"cells": [], "metadata": 3}', "\ud800".encode("utf-8", "surrogatepass")])
def test_a_graded_notebook_that_cannot_be_read_costs_no_points(tmp_path, broken):
    course = make_course(tmp_path / "course", class_of(2))
    graded(course, "s00").write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    found = read(course)
    assert found["s00"].points == 6 and found["s00"].graded
    [sentence] = found["s00"].needs_a_look
    assert "autograded/s00/lesson3/lesson3.ipynb cannot be read" in sentence
    assert found["s01"].needs_a_look == [] and found["s01"].tasks[2].state == "failing"
    assert kata("lesson3", "--course", course)[0] == 0


GOOD = {"task": "one_cycle_lr", "state": "failing", "points": 0, "of": 2, "checks": [FLAT]}


@pytest.mark.parametrize("broken, said", [
    ("text", "not str"), ([], "not list"), ({}, "task, state, points, of is missing"), ({**GOOD, "state": "great"}, "'great'"),
    ({**GOOD, "state": []}, "the state is one of"), ({**GOOD, "points": "2"}, "points is a number"),
    ({**GOOD, "points": float("nan")}, "points is a number"), ({**GOOD, "of": None}, "of is a number"),
    ({**GOOD, "checks": {}}, "checks is a list"), ({**GOOD, "checks": [3]}, "checks is a list"),
    ({**GOOD, "checks": [{"check": "test_x"}]}, "checks is a list"),
])
def test_broken_metadata_costs_the_checks_of_one_task(tmp_path, broken, said):
    course = make_course(tmp_path / "course", [Student("s00", ("passed", "failing", "passed"), {"cosine_anneal": [BEGINS]})])
    notebook = json.loads(graded(course, "s00").read_text())
    notebook["cells"][1]["metadata"]["petkata"] = broken
    written(graded(course, "s00"), notebook)
    result = read(course)["s00"]
    assert [(task.state, task.points) for task in result.tasks] == [("passed", 1), ("failing", 0), ("passed", 3)]
    assert result.tasks[0].checks and not result.tasks[1].checks
    [sentence] = result.needs_a_look
    assert "one_cycle_lr cannot be read" in sentence and said in sentence
    assert kata("lesson3", "--course", course)[0] == 0


def test_a_task_is_written_and_read_again():
    from petkata.classroom.results import Check, TaskResult

    task = TaskResult("anneal", "failing", 0.5, 2, [Check("test_a", "failed", "no"), Check("test_b", "passed")], by_hand=True)
    assert TaskResult.from_dict(json.loads(json.dumps(task.to_dict()))) == task
    assert TaskResult.from_dict(GOOD).checks == [Check(**FLAT)], "as the graded notebook has it"


def test_the_gradebook_is_where_the_course_s_configuration_says(tmp_path, monkeypatch):
    course = make_course(tmp_path / "course", class_of(2))
    (course / "grades").mkdir()
    (course / "gradebook.db").rename(course / "grades" / "book.db")
    with open(course / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write("c.CourseDirectory.db_url = 'sqlite:///grades/book.db'\nc.CourseDirectory.autograded_directory = 'done'\n")
    (course / "autograded").rename(course / "done")
    monkeypatch.chdir(tmp_path)
    assert [result.points for result in read(Path("course")).values()] == [6, 3]
    assert Path.cwd() == tmp_path and not (course / "gradebook.db").exists()


# --- what it says when there is nothing to report ---


def test_what_is_missing_is_told_in_a_sentence(tmp_path, monkeypatch):
    assert kata("lesson3", "--course", tmp_path) == (
        2, f"{tmp_path} is no course folder: it has no nbgrader_config.py. Call this in a course folder, or name one: "
           "--course ~/class\n")
    monkeypatch.chdir(tmp_path)
    assert kata()[1].startswith(f"{tmp_path} is no course folder")
    config = tmp_path / "nbgrader_config.py"
    config.write_text("c = get_config()\n")
    code, said = kata("lesson3")
    assert code == 2 and said.startswith("There is no gradebook yet (sqlite:///") and not (tmp_path / "gradebook.db").exists()
    (tmp_path / "gradebook.db").touch()
    assert kata("lesson3")[1].startswith("There is no gradebook yet") and (tmp_path / "gradebook.db").stat().st_size == 0
    (tmp_path / "gradebook.db").write_text("no database, but some text that is longer than the begin of one" * 20)
    code, said = kata("lesson3")
    assert code == 2 and "cannot be read" in said
    config.write_text("c = get_config()\nc.CourseDirectory.db_url = 'gradebook'\n")
    assert "no address of a database" in kata("lesson3")[1]
    config.write_text("c = get_config()\nc.CourseDirectory.db_url = 'postgresql+psycopg://me:secret@localhost:1/book'\n")
    code, said = kata("lesson3")
    assert code == 2 and "me:***@localhost:1/book cannot be read" in said and "secret" not in said
    config.write_text("import no_such_module\n")
    assert "nbgrader_config.py stopped with ModuleNotFoundError" in kata("lesson3")[1]
    inside = tmp_path / "submitted" / "s00" / "lesson3"
    inside.mkdir(parents=True)
    (inside / "nbgrader_config.py").write_text("raise SystemExit('a student')")
    assert f"Call this in {tmp_path}." in kata("lesson3", "--course", str(inside))[1]
    assert not (tmp_path / "report").exists()


def test_an_unknown_lesson_is_told_with_those_that_are_known(tmp_path):
    course = make_course(tmp_path / "course", [])
    assert kata("lesson9", "--course", course) == (2, "The gradebook has no lesson9. The lessons in it: lesson3.\n")
    code, said = kata("--course", course)
    assert code == 2 and said.startswith("Nobody has handed in anything yet")


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    course = make_course(tmp_path / "course", class_of(1))
    written(tmp_path / "file", "mine")
    code, said = kata("lesson3", "--course", course, "--out", tmp_path / "file")
    assert code == 2 and str(tmp_path / "file") in said and (tmp_path / "file").read_text() == "mine"


# --- what the report says ---


def test_the_three_files_say_the_same(tmp_path):
    course = make_course(tmp_path / "course", class_of(10))
    enrol(course, "s10", email="s10@example.org")
    out = tmp_path / "there"
    code, said = kata("lesson3", "--course", course, "--out", out)
    assert code == 0 and said == f"{out / 'lesson3.html'}, lesson3.csv, lesson3.json\n"
    assert sorted(path.name for path in out.iterdir()) == ["lesson3.csv", "lesson3.html", "lesson3.json"]
    [about] = json.loads((out / "lesson3.json").read_text(encoding="utf-8"))["lessons"]
    assert (about["handed_in"], about["enrolled"], about["graded"], about["median"]) == (10, 11, 10, 1)
    assert [student["points"] for student in about["students"]] == [6, 3, 1, 0, 1] * 2 + [0]
    with open(out / "lesson3.csv", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 11 * len(TASKS)
    assert sum(float(row["points"]) for row in rows) == 22
    assert [row["state"] for row in rows if row["student"] == "s03"] == ["failing", "waiting", "not started"]
    assert next(row["failed checks"] for row in rows if row["student"] == "s03") == "is flat at both ends"
    assert {(row["state"], row["handed in"], row["email"]) for row in rows if row["student"] == "s10"} == {
        ("nothing handed in", "no", "s10@example.org")}
    shown = (out / "lesson3.html").read_text(encoding="utf-8")
    assert "10 <small>of 11</small>" in shown and "1 <small>of 6</small>" in shown
    assert "2 of 10" in shown and "is flat at both ends" in shown and "a cosine starts slowly" in shown


def test_checks_are_counted_by_students_among_those_who_wrote_the_task():
    from petkata.classroom.report import most_failed

    other = {**FLAT, "why": "another reason"}
    class_ = results_of([("failing", [FLAT, FLAT, BEGINS]), ("failing", [FLAT]), ("failing", [other]), ("passed", [BEGINS]),
                         ("crashed", []), ("not started", [{**FLAT, "state": "not started", "why": ""}]), ("waiting", [])])
    [check] = most_failed(class_)
    assert (check["failed"], check["written"], check["words"]) == (3, 5, "is flat at both ends")
    assert (check["why"], check["more"]) == ("a cosine starts slowly; a straight line does not",
                                             ["last call: cosine_anneal(0.0, 1000.0, 0.99) gave 990.0"])


@pytest.mark.parametrize("name, said", [
    ("test_is_flat_at_both_ends", "is flat at both ends"), ("test_a[adam-0.1]", "a (adam-0.1)"),
    ("latest_test_of_all", "latest test of all")])
def test_check_names_are_words(name, said):
    from petkata.classroom.report import words

    assert words(name) == said


def results_of(tasks, lesson="lesson3"):
    """A result for each: its one task has this state and these checks."""
    from petkata.classroom.results import SubmissionResult, TaskResult

    return [SubmissionResult(f"s{number:02}", lesson, [TaskResult.from_dict(
        {"task": "cosine_anneal", "state": state, "points": int(state == "passed"), "of": 1, "checks": checks})])
        for number, (state, checks) in enumerate(tasks)]


def result_with(*states, points=None):
    from petkata.classroom.results import SubmissionResult, TaskResult

    points = points or [int(state == "passed") for state in states]
    return SubmissionResult("s00", "lesson3", [TaskResult(f"task{place}", state, won, 1)
                                               for place, (state, won) in enumerate(zip(states, points))])


@pytest.mark.parametrize("states, middle, why", [
    (("passed", "passed", "passed", "passed"), 4, ""),
    (("passed", "passed", "passed", "failing"), 4, ""),
    (("passed", "failing", "waiting", "not started"), 1, "stuck: 1 right, 1 wrong"),
    (("crashed", "timed out", "not started", "not started"), 4, "stuck: 0 right, 2 wrong"),
    (("passed", "passed", "not started", "not started"), 4, "few points: at most half of the median"),
    (("passed", "passed", "not started", "not started"), 3, ""),
    (("not started", "not started", "not started", "not started"), 0, "few points: at most half of the median"),
])
def test_who_needs_help(states, middle, why):
    from petkata.classroom.report import needs_help

    assert needs_help(result_with(*states), middle) == why


def test_full_marks_by_hand_need_no_help():
    from petkata.classroom.report import needs_help

    assert needs_help(result_with("failing", "failing", points=[1, 1]), 2) == ""


def test_the_first_thing_to_put_right_is_not_one_that_waits():
    from petkata.classroom.report import stuck_at

    assert stuck_at(result_with("passed", "waiting", "not started", "failing"))["task"] == "task2"
    assert stuck_at(result_with("passed", "passed")) is None


def test_the_hardest_task_is_the_one_with_the_least_share_of_points():
    from petkata.classroom.report import hardest

    tasks = hardest([result_with("passed", "failing", "passed"), result_with("passed", "passed", "crashed"),
                     result_with("passed", "failing", "not started")])
    assert [(task["task"], task["students"], task["states"]) for task in tasks] == [
        ("task1", 3, {"passed": 1, "failing": 2}), ("task2", 3, {"passed": 1, "not started": 1, "crashed": 1}),
        ("task0", 3, {"passed": 3})]


@pytest.mark.parametrize("of, bars", [(3, 4), (20, 21), (100, 21)])
def test_every_student_stands_in_the_picture_of_points_once(of, bars):
    from petkata.classroom.report import spread
    from petkata.classroom.results import SubmissionResult, TaskResult

    points = [0, 0, of / 3, of - 0.5, of, of]
    found = spread([SubmissionResult("s", "lesson3", [TaskResult("a", "passed", won, of)]) for won in points])
    assert sum(bar["students"] for bar in found) == len(points) and len(found) == bars
    assert found[0]["students"] == 2 and found[-1]["from"] <= of < found[-1]["to"]
    assert all(bar["to"] == after["from"] for bar, after in zip(found, found[1:]))


@pytest.mark.parametrize("size", [0, 1, 3, 300])
def test_the_page_of_a_class_of_any_size(size):
    from petkata.classroom.report import about, page
    from petkata.classroom.results import STATES

    found = results_of([(STATES[number % len(STATES)], [FLAT]) for number in range(size)])
    shown = page({"made": "today", "anonymous": False, "lessons": [about("lesson3", found)]})
    elements = Elements(shown)
    assert all("scope" in attributes for tag, attributes in elements.found if tag == "th")
    judged = [result for result in found if result.graded]
    cells = re.findall(r'<td class="[a-z-]+"><span aria-hidden="true" title="([a-z ]+)">(.)</span>'
                       r'<span class="told">([a-z ]+)<', shown)
    assert len(cells) == len(judged), "each of the heat map's cells tells its state by color, sign and word"
    assert all(title == told for title, _, told in cells) and len({sign for _, sign, _ in cells}) == len({t for t, _, _ in cells})


def test_the_page_asks_nothing_of_the_network_and_runs_no_script(tmp_path):
    course = make_course(tmp_path / "course", class_of(5))
    kata("--course", course)
    shown = (course / "report" / "report.html").read_text(encoding="utf-8")
    elements = Elements(shown).found
    assert not {tag for tag, _ in elements} & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    links = [value for _, attributes in elements for name, value in attributes.items() if name in ("href", "src", "action")]
    assert all(link.startswith(("#", "mailto:")) for link in links)
    assert not re.search(r"url\(|@import|https?:", shown)


EVIL = "<script>document.title = 'ran'</script><img src=x onerror=\"document.title = 'ran'\">"


def evil_course(folder):
    id = EVIL.replace("/", "|")  # no folder's name has a slash
    check = {"check": f"test_{EVIL}", "state": "failed", "why": f"{EVIL}\n{EVIL}"}
    states = ("failing", "failing", "not started")
    return make_course(folder, [Student(id, states, {"cosine_anneal": [check]}, first_name=EVIL, last_name="\"'>" + EVIL,
                                        email=f"\"'>{EVIL}@example.org", look=(EVIL,)), Student("=1+1", states)])


def test_what_students_write_does_not_run(tmp_path):
    course = evil_course(tmp_path / "course")
    assert kata("lesson3", "--course", course)[0] == 0
    shown = (course / "report" / "lesson3.html").read_text(encoding="utf-8")
    elements = Elements(shown).found
    assert "script" not in {tag for tag, _ in elements} and "img" not in {tag for tag, _ in elements}
    assert not any(name.startswith("on") for _, attributes in elements for name in attributes)
    assert shown.count("&lt;script&gt;document.title") >= 5
    with open(course / "report" / "lesson3.csv", encoding="utf-8-sig", newline="") as file:
        assert "'=1+1" in {row["student"] for row in csv.DictReader(file)}, "no spreadsheet takes it for a formula"


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium, which pip cannot bring")
def test_what_students_write_does_not_run_in_a_browser(tmp_path):
    course = evil_course(tmp_path / "course")
    kata("lesson3", "--course", course)
    page = course / "report" / "lesson3.html"
    for text, title in ((page.read_text(encoding="utf-8"), "lesson3: the class report"), (EVIL, "ran")):
        written(page, text)
        chromium = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'browser'}"]
        shown = subprocess.run([*chromium, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120).stdout
        assert f"<title>{title}</title>" in shown


def test_all_lessons_stand_on_one_page(tmp_path):
    course = make_course(tmp_path / "course", class_of(5), "lesson10")
    make_course(course, class_of(3), "lesson2")
    make_course(course, [], "lesson5")  # nobody has handed in
    assert kata("--course", course)[0] == 0
    data = json.loads((course / "report" / "report.json").read_text(encoding="utf-8"))
    assert [(about["lesson"], about["handed_in"], about["enrolled"]) for about in data["lessons"]] == [
        ("lesson2", 3, 5), ("lesson10", 5, 5)]
    shown = (course / "report" / "report.html").read_text(encoding="utf-8")
    assert shown.count('<section class="lesson"') == 2 and "cnn_learner" in shown


# --- without names ---

FIRST, LAST = ("Wilhelmina", "Ottokar", "Xanthippe"), ("Zimtstern", "van der Quitte", "Yggdrasil")


def private_course(folder, size=24):
    """Students with names, who appear in what their code did. Each has the same points, and another check that failed."""
    students = []
    for number in range(size):
        first, last = FIRST[number % 3], LAST[number // 3 % 3]
        email = f"{first[0]}.{number}quitte@uni.example".lower()
        id = f"uid{number:03}"
        why = f"the check of {first} {last.upper()} ({id}) failed\n    your cell, line 2, in {id}\n        author = '{email}'"
        check = {"check": f"test_number_{number:02}", "state": "failed", "why": why}
        look = f"submitted/{id}/lesson3/{first.lower()}_{last.split()[-1]}.ipynb: not from {email}"
        students.append(Student(id, ("failing", "passed", "waiting"), {"cosine_anneal": [check]}, first_name=first,
                                last_name=last, email=email, look=(look,)))
    course = make_course(folder, students)
    enrol(course, "uid900", first_name="Absent", last_name="Abelard")
    (course / "submitted" / "uid901" / "lesson3").mkdir(parents=True)
    return course


def anonymous(course):
    assert kata("lesson3", "--course", course, "--anonymous")[0] == 0
    [about] = json.loads((course / "report" / "lesson3-anonymous.json").read_text(encoding="utf-8"))["lessons"]
    return about


def test_without_names_there_are_none_in_any_file(tmp_path):
    course = private_course(tmp_path / "course")
    about = anonymous(course)
    files = sorted((course / "report").iterdir())
    assert [path.name for path in files] == [f"lesson3-anonymous.{ending}" for ending in ("csv", "html", "json")]
    private = re.compile(r"uid\d|Wilhelmina|Ottokar|Xanthippe|Zimtstern|van der|Quitte|Yggdrasil|Absent|Abelard|uni\.example|"
                         r"\dquitte", re.IGNORECASE)
    for path in files:
        assert not private.findall(path.read_text(encoding="utf-8")), path.name
    assert about["students"][0]["student"] == "student 01" and len({one["student"] for one in about["students"]}) == 26
    assert "the check of [somebody] ([somebody]) failed" in {check["why"] for check in about["checks"]}
    assert all(check["more"] == [] for check in about["checks"])
    named = kata("lesson3", "--course", course)
    assert named[0] == 0 and private.search((course / "report" / "lesson3.html").read_text(encoding="utf-8"))


def test_the_order_of_rows_does_not_tell_who_is_who(tmp_path):
    course = private_course(tmp_path / "course")

    def order(rows):
        return [task["checks"][0]["check"] for row in rows for task in row["tasks"][:1] if task["checks"]]

    orders = [order(anonymous(course)["students"]) for _ in range(3)]
    by_id = sorted(orders[0])
    assert all(sorted(each) == by_id for each in orders)
    assert by_id not in orders and orders[0] != orders[1] != orders[2]
    shown = (course / "report" / "lesson3-anonymous.html").read_text(encoding="utf-8")
    rows = re.findall(r'<tr><th scope="row" title="(student \d+)">', shown)
    assert rows == sorted(rows) and len(rows) == 24, "all have the same points, so the numbers decide"


def test_one_student_has_one_number_in_all_lessons():
    from petkata.classroom.report import without_names

    found = {lesson: results_of([("failing", [{**FLAT, "check": f"test_{number}"}]) for number in range(9)], lesson)
             for lesson in ("lesson2", "lesson3")}
    first, second = ({result.student: result.tasks[0].checks[0].check for result in of_lesson}
                     for of_lesson in without_names(found).values())
    assert first == second


def test_words_that_only_contain_a_name_stay():
    from petkata.classroom.report import names_in
    from petkata.classroom.results import SubmissionResult

    names = names_in([SubmissionResult("s1", "lesson3", [], name="May E. Long", email="ml@example.org"),
                      SubmissionResult("e", "lesson3", [])])
    assert names.sub("*", "maybe s10 is longer; s1, MAY_LONG and ml@example.org: e") == "maybe s10 is longer; *, *_* and *: e"
    assert names_in([]).sub("*", "nobody") == "nobody"
