"""The tiny set on disk: whole or not there at all, whatever happens while it is made."""

import csv
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from petkata.pets import PetsError, made, tiny
from petkata.pets.breeds import BREEDS
from petkata.pets.drawing import draw

ROOT = Path(__file__).parents[1]
# makes a smaller set, in another process, where PETKATA_PETS points
PROGRAM = "from petkata.pets import tiny; tiny.EACH = {each}; print(tiny.tiny_pets())"


@pytest.fixture(scope="session")
def whole_set(tmp_path_factory):
    return tiny.tiny_pets(tmp_path_factory.mktemp("tiny") / "pets")


@pytest.fixture
def small(monkeypatch, tmp_path):
    """One picture of each breed, so that making the set again takes no time; the cache lies in `tmp_path`."""
    monkeypatch.setattr(tiny, "EACH", 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PETKATA_PETS", raising=False)
    return tmp_path


def leftovers(folder):
    return [path for path in folder.iterdir() if path.name.startswith(".making-") and path.is_dir()]


# --- what is in it ---


def test_it_has_the_files_of_the_real_set(whole_set):
    names = {path.name for path in (whole_set / "images").iterdir()}
    assert names == {f"{breed}_{n}.jpg" for breed in BREEDS for n in range(1, 21)}


def test_pictures_are_jpegs_of_64_pixels_with_full_color(whole_set):
    for path in (whole_set / "images").iterdir():
        with Image.open(path) as image:
            assert (image.format, image.size, image.mode) == ("JPEG", (64, 64), "RGB")
            assert {(across, down) for _, across, down, _ in image.layer} == {(1, 1)}


def test_pictures_look_as_they_were_drawn(whole_set):
    for number, breed in enumerate(BREEDS):
        drawn = Image.fromarray(draw(BREEDS[breed], 1000 * number + 20).pixels)
        with Image.open(whole_set / "images" / f"{breed}_20.jpg") as saved:
            apart = [abs(a - b) for a, b in zip(drawn.tobytes(), saved.tobytes())]
        assert sum(apart) / len(apart) < 6


def test_the_table_tells_what_was_drawn(whole_set):
    with open(whole_set / "pets.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 740 and len({row["file"] for row in rows}) == 740
    for row in rows:
        assert (whole_set / "images" / row["file"]).exists() and row["file"].startswith(row["breed"] + "_")
        assert row["species"] == ("cat" if row["breed"][0].isupper() else "dog")
    pug = next(row for row in rows if row["file"] == "pug_3.jpg")
    box = draw(BREEDS["pug"], 1000 * list(BREEDS).index("pug") + 3).head_box
    assert tuple(int(pug[side]) for side in ("left", "top", "right", "bottom")) == box
    assert (pug["coat"], pug["ears"]) == ("short mask", "button")


# --- where it lies ---


def test_it_lies_in_the_cache_where_told_or_where_the_environment_says(small, monkeypatch):
    assert tiny.tiny_pets().parent == small / "cache" / "petkata"
    monkeypatch.setenv("PETKATA_PETS", str(small / "named"))
    assert tiny.tiny_pets() == small / "named"
    assert tiny.tiny_pets(small / "told") == small / "told"


def test_another_drawing_is_another_folder(small, monkeypatch):
    here = tiny.tiny_pets()
    monkeypatch.setattr(tiny, "drawing_version", lambda: "another")
    assert tiny.tiny_pets() != here


def test_an_empty_folder_that_was_named_is_filled(small):
    (small / "empty").mkdir()
    assert tiny.tiny_pets(small / "empty") == small / "empty"
    assert tiny.what_is_wrong(small / "empty") is None


def test_a_second_use_draws_nothing(small, monkeypatch, capfd):
    tiny.tiny_pets()
    assert "Drawing the tiny pets" in capfd.readouterr().err
    monkeypatch.setattr(tiny, "draw", None)
    tiny.tiny_pets()
    assert capfd.readouterr().err == ""


# --- damage ---


def change(folder):
    with open(folder / "images" / "pug_1.jpg", "r+b") as file:
        file.seek(300)
        file.write(b"?")


def remove(folder):
    (folder / "images" / "pug_1.jpg").unlink()


def add(folder):
    shutil.copy(folder / "images" / "pug_1.jpg", folder / "images" / "pug_99.jpg")


def lose_table(folder):
    (folder / "pets.csv").unlink()


def lose_manifest(folder):
    (folder / "manifest.json").unlink()


def cut_manifest(folder):
    os.truncate(folder / "manifest.json", 100)


def empty_manifest(folder):
    (folder / "manifest.json").write_text("{}")


DAMAGES = [change, remove, add, lose_table, lose_manifest, cut_manifest, empty_manifest]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_set_in_the_cache_is_made_anew(small, damage):
    folder = tiny.tiny_pets()
    damage(folder)
    assert tiny.what_is_wrong(folder)
    assert tiny.tiny_pets() == folder
    assert tiny.what_is_wrong(folder) is None and not leftovers(folder.parent)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_set_that_was_named_is_refused_and_left_alone(small, damage):
    folder = tiny.tiny_pets(small / "named")
    damage(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(PetsError, match="not a whole set of drawn pets: .*(images/pug|pets.csv|manifest)"):
        tiny.tiny_pets(folder)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_of_something_else_is_left_alone(small):
    (small / "letters").mkdir()
    (small / "letters" / "dear.txt").write_text("Dear pug")
    with pytest.raises(PetsError, match="manifest.json is missing. Name a folder that is new or empty"):
        tiny.tiny_pets(small / "letters")
    assert [path.name for path in (small / "letters").iterdir()] == ["dear.txt"]


def test_what_a_learner_saves_beside_the_pictures_is_no_damage(small):
    folder = tiny.tiny_pets()
    (folder / "models").mkdir()
    (folder / "models" / "stage-1.pth").write_bytes(b"weights")
    (folder / "images" / ".DS_Store").write_bytes(b"the system's own")
    assert tiny.tiny_pets() == folder and (folder / "models" / "stage-1.pth").exists()


# --- trouble while it is made ---


@pytest.mark.parametrize("error, says", [
    (errno.ENOSPC, "the disk is full"), (errno.EROFS, "nothing may be written"),
    (errno.EACCES, "nothing may be written"), (errno.EIO, "error")])
def test_a_full_or_read_only_disk_is_one_sentence_and_leaves_nothing(small, monkeypatch, error, says):
    write, written = made.write, []

    def fails_after_ten(path, data):
        written.append(path)
        if len(written) > 10:
            raise OSError(error, os.strerror(error), str(path))
        return write(path, data)

    monkeypatch.setattr(made, "write", fails_after_ten)
    with pytest.raises(PetsError, match=f"cannot be put into .*: .*{says}.*PETKATA_PETS"):
        tiny.tiny_pets()
    parent = small / "cache" / "petkata"
    assert not leftovers(parent) and not list(parent.glob("tiny-*"))
    monkeypatch.setattr(made, "write", write)
    assert tiny.what_is_wrong(tiny.tiny_pets()) is None


def test_a_cache_that_cannot_be_made_is_one_sentence(small, monkeypatch):
    (small / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(small / "file"))
    with pytest.raises(PetsError, match="cannot be put into"):
        tiny.tiny_pets()


def test_an_interrupted_making_leaves_nothing(small, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(tiny, "draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tiny.tiny_pets()
    assert not leftovers(small / "cache" / "petkata")


def start(folder, each):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(each=each)], cwd=ROOT, text=True,
        env=os.environ | {"PETKATA_PETS": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_killed_making_is_made_whole_by_the_next(small, monkeypatch):
    making = small / ".making-pets" / "images"
    process = start(small / "pets", each=20)
    wait_until(lambda: making.exists() and len(list(making.iterdir())) > 50)
    process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.communicate()
    assert leftovers(small) and not (small / "pets").exists(), "it was to be killed in the middle"
    monkeypatch.setattr(tiny, "EACH", 1)
    assert tiny.what_is_wrong(tiny.tiny_pets(small / "pets")) is None
    assert not leftovers(small)


def test_two_processes_at_once_end_with_the_same_whole_set(small, monkeypatch):
    first, second = start(small / "pets", each=4), start(small / "pets", each=4)
    results = [process.communicate(timeout=120) for process in (first, second)]
    assert first.returncode == second.returncode == 0, results
    assert [out.strip() for out, _ in results] == [str(small / "pets")] * 2
    assert sorted("Drawing" in err for _, err in results) == [False, True], "one draws, the other waits"
    monkeypatch.setattr(tiny, "EACH", 4)
    assert tiny.what_is_wrong(small / "pets") is None and not leftovers(small)
