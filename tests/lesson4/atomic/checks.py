import os
import random
import shutil
import time
from contextlib import suppress

import pytest
import torch

from tests.lesson4.crashes import kill_while_saving, moments, seconds_a_save


def state(epoch, n=2000):
    """Something to save that says of itself which one it is."""
    weights = torch.arange(n, dtype=torch.float32) * epoch + 0.5
    return {"epoch": epoch, "model": {"weight": weights, "steps": torch.tensor(7 * epoch)}, "names": ["pug", "Bengal"]}


def same(found, expected):
    """Whether two states are the same, tensors to the last bit."""
    if isinstance(expected, torch.Tensor):
        return isinstance(found, torch.Tensor) and found.dtype == expected.dtype and found.equal(expected)
    if isinstance(expected, dict):
        return isinstance(found, dict) and found.keys() == expected.keys() and all(same(found[k], expected[k]) for k in expected)
    return found == expected


def read(path):
    """What torch finds in a file; None where there is nothing that can be read."""
    with suppress(Exception):
        return torch.load(path, weights_only=True)
    return None


def holds(path, expected):
    """Assert that a file is there, and holds this state."""
    assert path.exists(), f"after save_atomically(state, {path.name!r}) there is no file {path.name}"
    assert same(read(path), expected), f"torch.load({path.name!r}) does not give back the state that was saved"


def files(folder):
    return sorted(file.name for file in folder.iterdir())


def test_saves_what_was_given(save_atomically, tmp_path, monkeypatch):
    save_atomically(state(1), tmp_path / "stage.pth")
    holds(tmp_path / "stage.pth", state(1))
    save_atomically(state(2), str(tmp_path / "stage-2.pth"))
    holds(tmp_path / "stage-2.pth", state(2))
    monkeypatch.chdir(tmp_path)
    save_atomically(state(3), "stage-3.pth")
    holds(tmp_path / "stage-3.pth", state(3))


def test_replaces_the_old_file(save_atomically, tmp_path):
    path = tmp_path / "stage.pth"
    torch.save(state(1), path)
    save_atomically(state(2), path)
    holds(path, state(2))


def read_while_saving(save_atomically, path, state, second_name):
    """What a reader gets of a file that was opened, and read in part, before another state was saved."""
    if os.name == "nt":  # where an open file cannot be replaced; a second name for it sees the same
        os.link(path, second_name)
        save_atomically(state, path)
        return second_name.read_bytes()
    with open(path, "rb") as reader:
        seen = reader.read(1000)
        save_atomically(state, path)
        return seen + reader.read()


def test_a_reader_of_the_old_file_reads_on(save_atomically, tmp_path):
    folder = tmp_path / "stages"
    folder.mkdir()
    path = folder / "stage.pth"
    torch.save(state(1), path)
    old = path.read_bytes()
    seen = save_atomically.where_it_runs(read_while_saving, path, state(2), tmp_path / "the-same-file.pth")
    assert seen == old, (
        "a reader had opened the old file and read 1,000 bytes of it; then a new state was saved, and the rest of what the "
        "reader got is not of the old file: the new state was written over it, in place"
    )


def is_whole_at_every_moment(save_atomically, folder):
    path = folder / "whole.pth"
    for number in (1, 2):
        old = path.read_bytes() if path.exists() else None
        seen, _ = save_atomically.where_it_runs(moments, path, state(number))
        assert path.exists(), f"after save_atomically(state, {path.name!r}) there is no file {path.name}"
        new = path.read_bytes()
        for when, content in seen:
            assert content is not None or old is None, (
                f"before {when} there was no file {path.name} at all; a moment earlier there was the old one"
            )
            assert content in (old, new), (
                f"before {when}, {path.name} had {len(content):,} bytes. The new file has {len(new):,}, and "
                f"{'there was no old one' if old is None else f'the old one had {len(old):,}'}: whoever reads then gets "
                "part of a file"
            )


def test_is_whole_at_every_moment(save_atomically, tmp_path):
    is_whole_at_every_moment(save_atomically, tmp_path)


@pytest.mark.time_limit(40)
def test_a_kill_leaves_a_whole_file(save_atomically, tmp_path):
    if not hasattr(os, "fork"):  # Windows; there the checks below must do
        is_whole_at_every_moment(save_atomically, tmp_path)
        return
    path = tmp_path / "stage.pth"
    two, expected = ([state(epoch, n=1_000_000) for epoch in (1, 2)] for _ in range(2))
    begin, dice = time.monotonic(), random.Random(torch.initial_seed())
    once = save_atomically.where_it_runs(seconds_a_save, path, two)
    for kills in range(1, 31):
        wait = dice.uniform(0, 3 * once)
        killed = save_atomically.where_it_runs(kill_while_saving, path, two, wait)
        assert killed, "in a process of its own, save_atomically stopped by itself, or did not save anything in 10 seconds"
        assert path.exists(), f"kill {kills}: the program was killed while it saved, and now there is no file at all"
        found, size = read(path), path.stat().st_size
        assert any(same(found, one) for one in expected), (
            f"kill {kills}: the program was killed while it saved, and the file that it left ({size:,} bytes) cannot be read: "
            "it is not the old one any more and not yet the new one"
        )
        for litter in set(tmp_path.iterdir()) - {path}:  # nobody was left to remove it
            shutil.rmtree(litter) if litter.is_dir() else litter.unlink()
        if kills >= 15 and time.monotonic() - begin > 5:
            break


class Unsavable:
    """Saving this fails."""

    def __reduce__(self):
        raise ArithmeticError("this part of the state cannot be saved")


def saving_fails(save_atomically, path):
    """Whether the error went on up when a state was saved that fails half-way."""
    try:
        save_atomically({**state(2), "broken": Unsavable(), "after": torch.ones(500)}, path)
    except NotImplementedError:
        raise
    except Exception:
        return True
    return False


def failing_save(save_atomically, path):
    return save_atomically.where_it_runs(saving_fails, path)


def test_a_failure_leaves_the_old_file(save_atomically, tmp_path):
    path = tmp_path / "stage.pth"
    save_atomically(state(1), path)
    failing_save(save_atomically, path)
    assert path.exists(), "saving failed half-way, and the old file is gone"
    assert same(read(path), state(1)), "saving failed half-way, and the old file is no longer what it was"


def test_a_failure_is_told(save_atomically, tmp_path):
    assert failing_save(save_atomically, tmp_path / "stage.pth"), (
        "the state could not be saved, and save_atomically said nothing: whoever called it believes that all is safe"
    )
    assert not (tmp_path / "stage.pth").exists(), "there was no old file, saving failed half-way, and now there is a file"


def test_leaves_no_litter(save_atomically, tmp_path):
    (tmp_path / "notes.txt").write_text("stage-1 is the good one")
    torch.save(state(9), tmp_path / "best.pth")
    save_atomically(state(1), tmp_path / "stage.pth")
    save_atomically(state(2), tmp_path / "stage.pth")
    expected = ["best.pth", "notes.txt", "stage.pth"]
    assert files(tmp_path) == expected, f"the folder should hold {expected} after saving; it holds {files(tmp_path)}"
    failing_save(save_atomically, tmp_path / "stage.pth")
    assert files(tmp_path) == expected, f"the folder should hold {expected} after a save that failed; it holds {files(tmp_path)}"


def test_works_in_the_folder_of_the_file(save_atomically, tmp_path):
    path = tmp_path / "stages" / "stage.pth"
    path.parent.mkdir()
    _, renamed_from = save_atomically.where_it_runs(moments, path, state(1))
    for folder in renamed_from:
        assert folder.resolve().is_relative_to(path.parent.resolve()), (
            f"the file was made in {folder} and then moved to {path.parent}. Where these are two disks, nothing can be renamed "
            "from one to the other"
        )


def test_takes_any_name(save_atomically, tmp_path):
    for name in ("stage.tmp", "stage.pth.tmp", "stage.new", "stage", ".stage", "tmp"):
        for number in (1, 2):
            save_atomically(state(number), tmp_path / name)
            holds(tmp_path / name, state(number))


def test_leaves_the_files_of_others_alone(save_atomically, tmp_path):
    ends = (".tmp", ".temp", ".new", ".part", ".bak", ".old", ".unfinished", "_tmp", "-tmp", "~")
    others = [f"{stem}{end}" for stem in ("stage", "stage.pth") for end in ends]
    others += ["tmp", "temp", "new", "tmp.pth", "temp.pth", "new.pth", ".stage.pth.tmp", "stage.tmp.pth", "stage_tmp.pth"]
    for name in others:
        (tmp_path / name).write_text(f"somebody needs {name}")
    save_atomically(state(1), tmp_path / "stage.pth")
    failing_save(save_atomically, tmp_path / "stage.pth")
    lost = [name for name in others if not (tmp_path / name).exists()]
    assert not lost, f"beside stage.pth was a file {lost[0]} of somebody else's; after saving stage.pth it is gone"
    changed = [name for name in others if (tmp_path / name).read_bytes() != f"somebody needs {name}".encode()]
    assert not changed, f"beside stage.pth was a file {changed[0]} of somebody else's; saving stage.pth has written over it"
