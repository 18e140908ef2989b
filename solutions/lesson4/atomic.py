"""Lesson 4, part 2: a file is written whole or not at all."""

from pathlib import Path
from typing import Any

import torch


def save_atomically(state: Any, path: str | Path) -> None:
    """Write `state` to the file `path`, as `torch.save(state, path)` does, but all or nothing.

    At every moment `path` is the old file, whole, or the new one, whole (or no file yet, where there was none), even when
    the program is killed on the way. Whoever has opened the old file goes on reading the old one.
    When it cannot be written, the error goes on up, the old file is as it was, and no other file is left behind.
    Files are made in the folder of `path` only: another folder may be on another disk. The other files there stay as they
    are, whatever their names.
    After `save_atomically({"epoch": 3}, "state.pth")`, `torch.load("state.pth")` is `{"epoch": 3}`.
    """
    ### BEGIN SOLUTION
    import os

    path = Path(path)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())  # on the disk before it gets its name, lest the power fails
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    ### END SOLUTION
