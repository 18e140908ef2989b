"""The notebooks: what they are made of, what a check cell says, and the same points by pytest and by nbgrader."""

import builtins
import csv
import dis
import json
import re
import shutil
import subprocess
import sys
import textwrap
from types import SimpleNamespace

import pytest

from petkata.checking import notebook
from petkata.course import catalog, stubs
from petkata.course.catalog import ROOT

needs_nbgrader = pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader itself needs Python 3.11")
each_lesson = pytest.mark.parametrize("name", catalog.lesson_names())


def cells(kind, name):
    return json.loads((ROOT / "lessons" / kind / name / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]


def text(cell):
    return "".join(cell["source"])


# --- what is committed ---


@needs_nbgrader
def test_the_notebooks_are_what_text_and_solutions_say(tmp_path):
    from petkata.course.notebooks import make

    make(catalog.lesson_names(), tmp_path)
    for made in sorted(tmp_path.glob("*/lesson*/*.ipynb")):
        committed = ROOT / "lessons" / made.relative_to(tmp_path)
        assert committed.exists() and committed.read_text(encoding="utf-8") == made.read_text(encoding="utf-8"), (
            f"{committed.relative_to(ROOT)} has drifted: python -m petkata.course.notebooks")
    committed = {path.name for path in (ROOT / "lessons").glob("*/lesson*/*.ipynb")}
    assert committed == {f"{name}.ipynb" for name in catalog.lesson_names()}


@each_lesson
def test_all_of_the_text_is_in_the_notebook(name):
    shown = "\n".join(text(cell) for cell in cells("release", name) if cell["cell_type"] == "markdown")
    left_out = []
    for line in (ROOT / "lessons" / name / "README.md").read_text(encoding="utf-8").splitlines():
        plain = re.sub(r"\]\(.*?\)", "", re.sub(r" in `\w+\.py`$", "", line))
        if plain.strip() and plain not in re.sub(r"\]\(.*?\)", "", shown):
            left_out.append(line)
    about_files = re.compile(r"    pytest exercises/|    from exercises\.|Run the lesson with ")
    assert all(map(about_files.match, left_out)), left_out
    assert not re.search(r"pytest exercises|exercises\.", shown), "a notebook speaks of cells, not of files"


@each_lesson
def test_pictures_are_inside_and_links_lead_to_notebooks(name):
    for cell in cells("release", name):
        if cell["cell_type"] == "markdown":
            pictures = re.findall(r"!\[[^\]]*\]\(attachment:([\w.]+)\)", text(cell))
            assert set(pictures) == set(cell.get("attachments", {})) and text(cell).count("![") == len(pictures)
            for link in re.findall(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)]+)\)", text(cell)):
                if not link.startswith("attachment:"):
                    assert (ROOT / "lessons" / "release" / name / link).exists(), link


@each_lesson
def test_each_task_has_a_cell_that_checks_it_for_its_points(name):
    for kind in ("source", "release"):
        points = {cell["metadata"]["nbgrader"]["grade_id"]: cell["metadata"]["nbgrader"]["points"] for cell in cells(kind, name)
                  if cell["metadata"].get("nbgrader", {}).get("grade")}
        assert points == {f"check_{task.name}": task.points for task in catalog.lesson(name).tasks}


@each_lesson
def test_a_learner_meets_no_solution_and_no_hidden_check(name):
    code = "\n".join(text(cell) for cell in cells("release", name) if cell["cell_type"] == "code")
    assert not re.search(rf"SOLUTION|HIDDEN|{catalog.HIDDEN_SEED}|check\.seed", code)
    for file in catalog.lesson(name).files:
        solution = (ROOT / "solutions" / name / file).read_text(encoding="utf-8")
        stub = stubs.stub_of(solution)
        answers = [line for line in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", solution, re.DOTALL)
                   for line in line.splitlines() if len(line.strip()) > 12 and line not in stub]
        assert answers and not [line for line in answers if line in code]
        assert stubs.untouched(next(text(cell) for cell in cells("release", name)
                                    if cell["metadata"].get("nbgrader", {}).get("grade_id") == file[:-3]))


# --- a check cell ---


def kernel(*cells: str):
    """What cells print, one after the other, as a kernel runs them: a list of texts, an error's message included."""
    script = """
        import io, json, linecache, sys
        from contextlib import redirect_stdout
        own, told = {"__name__": "__main__"}, []
        for number, source in enumerate(json.load(sys.stdin)):
            name = f"/tmp/ipykernel_1/{number}.py"
            linecache.cache[name] = len(source), None, source.splitlines(True), name
            said = io.StringIO()
            with redirect_stdout(said):
                try:
                    exec(compile(source, name, "exec"), own)
                except Exception as error:
                    print(*getattr(error, "_render_traceback_", lambda: [repr(error)])(), sep="\\n")
            told.append(said.getvalue())
        print(json.dumps(told))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], input=json.dumps(cells), capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr, "nbgrader takes anything on stderr for a failure: " + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


START = 'from petkata.checking.notebook import checks_of\ncheck = checks_of("{}")'
STRAIGHT = "def cosine_anneal(start, end, position):\n    print('at', position)\n    return start + (end - start) * position"
STUB = 'def cosine_anneal(start, end, position):\n    """Says nothing."""\n    # YOUR CODE HERE\n    raise NotImplementedError()'


def test_a_check_cell_says_what_the_terminal_says():
    right = (ROOT / "solutions" / "lesson3" / "anneal.py").read_text(encoding="utf-8")
    _, missing, _, stub, _, wrong, _, passed, other = kernel(
        START.format("lesson3"), 'check("cosine_anneal")', STUB, 'check("cosine_anneal")', STRAIGHT, 'check("cosine_anneal")',
        right, 'check("cosine_anneal")', 'check.seed = 5\ncheck("cosine_anneal")')
    assert missing == "cosine_anneal is not defined. Run the cell in which you write it, then this one again.\n"
    assert stub == "cosine_anneal: not started, 0 of 1 points\n"
    assert "cosine_anneal: test_is_flat_at_both_ends" in wrong and "a cosine starts slowly; a straight line does not" in wrong
    assert "last call: cosine_anneal(0.0, 1000.0, 0.99) gave 990.0" in wrong and "    at " in wrong
    assert wrong.splitlines()[-2].startswith("  Hint: ") and wrong.endswith("cosine_anneal: failing, 0 of 1 points\n")
    assert passed == "cosine_anneal: passed, 1 of 1 points\n"
    assert other == "with other inputs, cosine_anneal: passed, 1 of 1 points\n"


def test_an_error_is_shown_with_the_line_of_the_cell():
    _, _, told = kernel(START.format("lesson3"), "def cosine_anneal(start, end, position):\n    return start.half",
                        'check("cosine_anneal")')
    assert "Your code stopped with AttributeError" in told
    assert "    your cell, line 2, in cosine_anneal\n        return start.half" in told


def test_a_task_that_needs_another_cell_waits_for_it():
    sweep, smooth, range_test = ((ROOT / "solutions" / "lesson6" / f"{name}.py").read_text(encoding="utf-8")
                                 for name in ("sweep", "smooth", "range_test"))
    stub = "def smooth(losses, beta=0.98):\n    raise NotImplementedError()"
    check = 'check("range_test")'
    *_, waits, _, passed = kernel(START.format("lesson6"), sweep, stub, range_test, check, smooth, check)
    assert "range_test needs smooth first." in waits and "range_test: waiting, 0 of 3 points" in waits
    assert passed.endswith("range_test: passed, 3 of 3 points\n")


def test_a_name_that_is_no_task_is_told():
    _, told = kernel(START.format("lesson3"), 'check("anneal")')
    assert "lesson3 has no task 'anneal', but cosine_anneal, one_cycle_lr" in told


def test_what_the_report_is_raised_as():
    assert notebook.NotPassed("one\ntwo")._render_traceback_() == ["one", "two"]


# --- nbgrader ---


@pytest.fixture
def course(tmp_path):
    """A copy of the course folder, as an instructor has it; `nbgrader(...)` runs there, or in another folder."""
    folder = tmp_path / "course"
    for kind in ("source", "release"):
        shutil.copytree(ROOT / "lessons" / kind / "lesson3", folder / kind / "lesson3")
    config = (ROOT / "lessons" / "nbgrader_config.py").read_text(encoding="utf-8")
    assert "/srv/nbgrader/exchange" in config  # where this machine's real classes may meet: not for a test to write into
    config = config.replace("/srv/nbgrader/exchange", str(folder / "exchange"))
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")

    def nbgrader(*words, cwd=folder):
        done = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=cwd, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return SimpleNamespace(folder=folder, nbgrader=nbgrader)


@needs_nbgrader
def test_an_instructor_releases_collects_grades_and_returns_with_nothing_to_configure(course, tmp_path):
    home = tmp_path / "student"
    home.mkdir()
    shutil.copy(course.folder / "nbgrader_config.py", home)
    config = home / "nbgrader_config.py"
    config.write_text(config.read_text().replace("Path(__file__).resolve().parent", f"Path({str(course.folder)!r})"))
    course.nbgrader("generate_assignment", "lesson3")
    course.nbgrader("release_assignment", "lesson3")
    course.nbgrader("fetch_assignment", "lesson3", cwd=home)
    mine = home / "lesson3" / "lesson3.ipynb"
    handed_in = json.loads(mine.read_text(encoding="utf-8"))
    answers = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in handed_in["cells"]}
    answers["anneal"]["source"] = (ROOT / "solutions" / "lesson3" / "anneal.py").read_text(encoding="utf-8")
    mine.write_text(json.dumps(handed_in), encoding="utf-8")
    assert "one_cycle_lr: not started, 0 of 2 points" in course.nbgrader("validate", "lesson3/lesson3.ipynb", cwd=home)
    solved = json.loads(mine.read_text(encoding="utf-8"))
    for cell in solved["cells"]:
        if (marks := cell["metadata"].get("nbgrader", {})).get("solution"):
            cell["source"] = (ROOT / "solutions" / "lesson3" / f"{marks['grade_id']}.py").read_text(encoding="utf-8")
    mine.write_text(json.dumps(solved), encoding="utf-8")
    assert "Success! Your notebook passes all the tests." in course.nbgrader("validate", "lesson3/lesson3.ipynb", cwd=home)
    answers["train"]["source"] = "import os\nos._exit(1)"  # a slip that costs stock nbgrader's students all their points
    mine.write_text(json.dumps(handed_in), encoding="utf-8")
    course.nbgrader("submit", "lesson3", cwd=home)
    course.nbgrader("collect", "lesson3")
    course.nbgrader("autograde", "lesson3")
    course.nbgrader("generate_feedback", "lesson3")
    course.nbgrader("release_feedback", "lesson3")
    course.nbgrader("export")
    with open(course.folder / "grades.csv", encoding="utf-8") as file:
        [row] = csv.DictReader(file)
    assert (row["assignment"], float(row["score"]), float(row["max_score"])) == ("lesson3", 1.0, 12.0)
    assert row["what_happened"] == "crashed: train; needs a look"
    [feedback] = course.folder.glob("feedback/*/lesson3/lesson3.html")
    told = feedback.read_text(encoding="utf-8")
    assert "cosine_anneal: passed, 1 of 1 points" in told and "schedule: not started, 0 of 2 points" in told
    assert "The kernel ended while this cell ran." in told


@needs_nbgrader
@pytest.mark.parametrize("name", catalog.lesson_names())
def test_each_known_answer_is_defined_in_a_submission_where_no_solutions_are(name, monkeypatch):
    from benchmarks import outside, parity

    lesson = catalog.lesson(name)
    right, *others = parity.submissions(lesson)
    for module in [module for module in sys.modules if module.partition(".")[0] == "solutions"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "solutions", None)
    for answer in {answer for row in others for answer in row}:
        answers = [answer if one.task == answer.task else one for one in right]
        defined = outside.defined_by(lesson, [parity.file_with(lesson, file, answers) for file in lesson.files])
        assert callable(defined[answer.task.name])
        missing = globals_of(defined[answer.task.name].__code__) - defined.keys() - vars(builtins).keys()
        assert not missing, f"{answer.source}\nuses what is not there: {missing}"


def globals_of(code) -> set[str]:
    """The names that a function and those inside it look for outside of them."""
    own = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    return own.union(*(globals_of(inner) for inner in code.co_consts if hasattr(inner, "co_code")))


@needs_nbgrader
def test_points_are_the_same_by_pytest_in_the_notebook_and_by_nbgrader():
    from benchmarks import parity

    lesson = catalog.lesson("lesson3")
    right, untouched, *others = parity.submissions(lesson)
    mixed = [others[0][place] if place % 2 else others[5][place] for place in range(len(right))]
    rows = parity.compared("lesson3", [right, untouched, mixed])
    assert {answer.kind for _, answer, _ in rows} == {"solution", "stub", "alternative", "mistake"}
    assert not parity.not_equal(rows), "\n".join(parity.not_equal(rows))
