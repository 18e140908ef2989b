"""`nbgrader collect`: what a student's folder in the exchange leads to stays where it is."""

import os
import shutil
import subprocess
import sys

import pytest

from petkata.classroom import folder as class_folder

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux") or sys.version_info < (3, 11),
                                reason="nbgrader needs Python 3.11, and its exchange a system with owners of files")


FORGED = "link\n[CollectApp | ERROR] FORGED \x1b[31m"


@pytest.fixture
def handed_in(tmp_path):
    """A folder of a student's with what is their own, what is not, and what would be run."""
    folder, secret = tmp_path / "handed in", tmp_path / "gradebook.db"
    secret.write_text("everybody's points")
    (folder / "data").mkdir(parents=True)
    (folder / "lesson3.ipynb").write_text("{}")
    (folder / "data" / "mine.txt").write_text("mine")
    (folder / "theirs.txt").symlink_to(secret)
    (folder / FORGED).symlink_to(secret)
    (folder / "data" / "all").symlink_to(tmp_path)
    os.mkfifo(folder / "waits")
    (folder / "nbgrader_config.py").write_text("raise SystemExit('not the instructor's')")
    (folder / "jupyter_server_config.json").write_text("{}")
    return folder


def names_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_only_a_students_own_files_are_copied(handed_in, tmp_path):
    from petkata.classroom.exchange import copy_own

    left_out = copy_own(str(handed_in), tmp_path / "copy", 1000)
    assert names_in(tmp_path / "copy") == {"lesson3.ipynb", "data/mine.txt"}
    assert (tmp_path / "copy" / "data" / "mine.txt").read_text() == "mine"
    assert {os.path.relpath(path, handed_in) for path, _ in left_out} == {
        "theirs.txt", FORGED, "data/all", "waits", "nbgrader_config.py", "jupyter_server_config.json"}


def test_the_folder_itself_may_be_no_link(handed_in, tmp_path):
    from petkata.classroom.exchange import copy_own

    (tmp_path / "link").symlink_to(handed_in)
    with pytest.raises(OSError):
        copy_own(str(tmp_path / "link"), tmp_path / "copy", 1000)


@pytest.mark.parametrize("what", ["large files", "many files"])
def test_a_folder_without_end_fills_no_disk(handed_in, tmp_path, what, monkeypatch):
    from petkata.classroom import exchange

    if what == "large files":
        os.truncate(handed_in / "data" / "mine.txt", 2**40)  # as long as that, and takes no room
    else:
        monkeypatch.setattr(exchange, "MOST_FILES", 2)
    with pytest.raises(RuntimeError, match="more than (0.001 MB|2 files)"):
        exchange.copy_own(str(handed_in), tmp_path / "copy", 1000)
    assert sum(path.stat().st_size for path in (tmp_path / "copy").rglob("*")) < 100_000


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives a file to somebody else")
def test_a_second_name_for_anothers_file_is_not_followed(handed_in, tmp_path):
    """Most systems let nobody make one (protected_hardlinks, of proc(5)), but not all."""
    from petkata.classroom.exchange import copy_own

    os.chown(handed_in / "data" / "mine.txt", 12345, 12345)
    copy_own(str(handed_in), tmp_path / "copy", 1000)
    assert names_in(tmp_path / "copy") == {"lesson3.ipynb"}


def test_nbgrader_collects_what_is_a_students_own(handed_in, tmp_path):
    pwd = pytest.importorskip("pwd")
    me = pwd.getpwuid(os.getuid()).pw_name
    folder, inbound = tmp_path / "class", tmp_path / "exchange" / "petkata" / "inbound"
    class_folder.new(folder, ["lesson3"])
    with open(folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write(f"\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    inbound.mkdir(parents=True)
    (tmp_path / "exchange").chmod(0o777)
    for name in ("eve+lesson3+notatime", "eve+lesson3+0001-01-01 00:00:00 +86000+x", "+lesson3+2026-01-01 10:00:00 UTC+x",
                 "a*+lesson3+2026-01-01 10:00:00 UTC+x", "<img src=x>+lesson3+2026-01-01 10:00:00 UTC+x",
                 "a\n[CollectApp | ERROR] FORGED \x1b[31m+lesson3+2026-01-01 10:00:00 UTC+x"):
        (inbound / name).mkdir()
    handed_in.rename(inbound / f"{me}+lesson3+2026-01-01 10:00:00.000000 UTC+abc")
    (inbound / "somebody-else+lesson3+2026-01-01 10:00:00.000000 UTC+abc").mkdir()
    (inbound / "eve+lesson3+2026-01-01 10:00:00.000000 UTC+\n[CollectApp | ERROR] FORGED \x1b[31m").mkdir()
    (inbound / f"{me}+lesson4+2026-01-01 10:00:00.000000 UTC+abc").symlink_to(folder)

    def collected(lesson="lesson3", *options):
        words = [sys.executable, "-m", "nbgrader", "collect", lesson, *options]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stderr

    told = collected()
    assert names_in(folder / "submitted") == {f"{me}/lesson3/lesson3.ipynb", f"{me}/lesson3/data/mine.txt"}
    assert len(list((folder / "submitted").iterdir())) == 1 and told.count("for its name") == 2 and "'a?' is no student's" in told
    assert told.count("is no student's name") == 4 and "\x1b" not in told and "\n[CollectApp | ERROR] FORGED" not in told
    for no_time in ("nonsense", "9" * 29 + "h"):
        (folder / "submitted" / me / "lesson3" / "timestamp.txt").write_text(no_time)
        assert "Submission already exists" in collected(), "a time that is none stops nothing"
    assert "theirs.txt: left out, because it is a link" in told and "nbgrader_config.py: left out" in told
    assert f"it says that it is of somebody-else, and it is {me}'s" in told
    assert "was not collected: " in collected("lesson4"), "a link to the class itself"
    for day, size in ((2, 200_000_000), (3, 4)):
        newer = inbound / f"{me}+lesson3+2026-01-0{day} 10:00:00.000000 UTC+abc"
        newer.mkdir()
        with open(newer / "lesson3.ipynb", "w") as notebook:
            notebook.truncate(size)
        told = collected("lesson3", "--update")
        if day == 2:
            assert "it has more than 100 MB. What was collected before stays." in told
            assert (folder / "submitted" / me / "lesson3" / "lesson3.ipynb").read_text() == "{}"
        else:
            assert names_in(folder / "submitted") == {f"{me}/lesson3/lesson3.ipynb"}, "with nothing of the one before"
    with open(folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write("c.ExchangeCollect.check_owner = False\n")
    collected()
    assert (folder / "submitted" / "somebody-else" / "lesson3").is_dir(), "where the accounts have other names"


def test_a_full_disk_leaves_no_half_and_is_not_laid_to_the_student(handed_in, tmp_path, monkeypatch):
    import errno

    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange import ExchangeError

    from petkata.classroom.exchange import Collect

    def full(source, target, **options):
        raise OSError(errno.ENOSPC, "No space left on device", target)

    (tmp_path / "s00").mkdir()
    collect = Collect(coursedir=CourseDirectory(root=str(tmp_path)))
    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises((ExchangeError, SystemExit)):
        collect.do_copy(str(handed_in), str(tmp_path / "s00" / "lesson3"))
    assert list((tmp_path / "s00").iterdir()) == []
    monkeypatch.undo()
    collect.do_copy(str(handed_in), str(tmp_path / "s00" / "lesson3"))
    assert names_in(tmp_path / "s00" / "lesson3") == {"lesson3.ipynb", "data/mine.txt"}


def test_feedback_that_cannot_be_released_stops_no_other(tmp_path):
    folder = tmp_path / "class"
    class_folder.new(folder, ["lesson3"])
    with open(folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
        config.write(f"\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    (tmp_path / "exchange").mkdir()
    (tmp_path / "exchange").chmod(0o777)
    secrets = {"s01": b"secret", "s02": b"\xff\xfe", "s03": b""}
    for student in ("s00", "s02", "Meier, Ada", "s03", "s01"):
        page = folder / "feedback" / student / "lesson3" / "lesson3.html"
        page.parent.mkdir(parents=True)
        page.write_text(student)
        (page.parent / "timestamp.txt").write_text("2026-01-01 10:00:00.000000 UTC")
        if student in secrets:
            (page.parent / "submission_secret.txt").write_bytes(secrets[student])
    done = subprocess.run([sys.executable, "-m", "nbgrader", "release_feedback", "lesson3"], cwd=folder, capture_output=True,
                          text=True)
    assert done.returncode == 0
    for student in ("s00", "s02", "Meier, Ada", "s03"):
        assert f"feedback/{student}/lesson3 was not released (" in done.stderr
    [released] = (tmp_path / "exchange" / "petkata" / "feedback").iterdir()
    assert released.read_text() == "s01"
