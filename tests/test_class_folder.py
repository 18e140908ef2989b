"""`kata class new`: a course folder that works with nbgrader at once, and never touches what is there."""

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from petkata.classroom import folder as class_folder
from petkata.cli import app
from petkata.course import catalog
from petkata.course.catalog import ROOT


def kata(*words, code=0):
    done = CliRunner().invoke(app, ["class", "new", *map(str, words)])
    assert done.exit_code == code, done.output
    return " ".join(done.output.split())


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def committed(*lessons: str) -> dict[str, bytes]:
    return {name: (ROOT / "lessons" / name).read_bytes() for name in class_folder.files_of(list(lessons))}


def test_a_class_has_the_files_of_the_course_and_no_others(tmp_path):
    told = kata(tmp_path / "my class")
    assert files_in(tmp_path / "my class") == committed(*catalog.lesson_names())
    if os.name != "nt":
        assert (tmp_path / "my class").stat().st_mode & 0o777 == 0o700, "students on the same machine could read it"
    assert f"cd '{tmp_path / 'my class'}' nbgrader generate_assignment lesson1" in told
    parts = {f"{kind}/lesson3/lesson3.ipynb" for kind in ("source", "release")}
    assert set(committed("lesson3")) == {"nbgrader_config.py", "nbgrader_config.json", *parts}


def test_lessons_are_added_and_what_is_there_stays(tmp_path):
    kata(tmp_path, "lesson3")
    mine = [tmp_path / name for name in ("source/lesson3/lesson3.ipynb", "nbgrader_config.py", "gradebook.db")]
    for file in mine:
        file.write_text("# mine")
    told = kata(tmp_path, "lesson4", "lesson3")
    assert [file.read_text() for file in mine] == ["# mine"] * 3
    assert "2 files added" in told and "source/lesson3/lesson3.ipynb is not as the course has it" in told
    assert "nbgrader_config.py is not as the course has it" in told
    assert "all is there already" in kata(tmp_path, "lesson4")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_a_folder_that_others_can_read_is_told(tmp_path):
    open_one = tmp_path / "open"
    open_one.mkdir(mode=0o755)
    told = kata(open_one, "lesson3")
    assert f"Others on this machine can read this folder. To keep it to yourself: chmod 700 {open_one}" in told
    assert open_one.stat().st_mode & 0o777 == 0o755, "whoever made it may want it so"
    assert "Others" not in kata(tmp_path / "new", "lesson3")


def test_other_folders_are_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "holds other things (thesis.tex) and no nbgrader_config.py" in kata(tmp_path, code=2)
    assert "is a file" in kata(tmp_path / "thesis.tex", code=2)
    assert files_in(tmp_path) == {"thesis.tex": b"years of work"}
    assert "for the signs in its name" in kata(tmp_path / "[2026]", code=2), "nbgrader would take them for a pattern"
    kata(tmp_path / "2026", "lesson3")
    assert f"lies in the folder of a class, {tmp_path / '2026'}" in kata(tmp_path / "2026" / "b", code=2)
    assert "could not be made: " in kata("/dev/null/class", code=2)


def test_a_lesson_that_does_not_exist_is_told_before_anything_is_made(tmp_path):
    assert "There is no lesson9 and no leson3. The lessons are lesson1," in kata(tmp_path / "new", "lesson9", "leson3", code=2)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("place", range(4))
def test_an_interrupted_call_leaves_only_whole_files_and_can_be_repeated(tmp_path, monkeypatch, place):
    wanted, replace, moved = committed("lesson3"), os.replace, []

    def replace_until_interrupted(source, target):
        if len(moved) == place:
            raise KeyboardInterrupt
        moved.append(replace(source, target))

    monkeypatch.setattr(os, "replace", replace_until_interrupted)
    with pytest.raises(KeyboardInterrupt):
        class_folder.new(tmp_path, ["lesson3"])
    monkeypatch.undo()
    assert files_in(tmp_path).items() <= wanted.items() and len(files_in(tmp_path)) == place
    (tmp_path / f"{class_folder.UNFINISHED}xyz").mkdir()  # what a call leaves that is killed
    class_folder.new(tmp_path, ["lesson3"])
    assert files_in(tmp_path) == wanted


@pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader itself needs Python 3.11")
def test_a_configuration_that_is_read_again_and_again_leaves_the_path_as_it_is(tmp_path):
    """A formgrader reads it with each request, and a path that grows without end lets no program start."""
    kata(tmp_path, "lesson3")
    script = f"""
        import os
        from nbgrader.apps import NbGrader
        paths = []
        for _ in range(3):
            NbGrader().initialize([], root={str(tmp_path)!r})
            paths.append(os.environ["PATH"])
        print(len(set(paths)), paths[0].startswith({str(Path(sys.executable).parent)!r}))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "1 True\n", done.stderr


@pytest.mark.skipif(sys.version_info < (3, 11), reason="nbgrader itself needs Python 3.11")
def test_nbgrader_finds_nothing_to_configure(tmp_path):
    kata(tmp_path / "class", "lesson3")
    shutil.rmtree(tmp_path / "class" / "release")
    done = subprocess.run([sys.executable, "-m", "nbgrader", "generate_assignment", "lesson3"], cwd=tmp_path / "class",
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    release = "release/lesson3/lesson3.ipynb"
    assert (tmp_path / "class" / release).read_bytes() == committed("lesson3")[release]
    with sqlite3.connect(tmp_path / "class" / "gradebook.db") as gradebook:
        [(points,)] = gradebook.execute("select sum(max_score) from grade_cells")
    assert points == catalog.lesson("lesson3").points
