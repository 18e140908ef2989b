"""What surrounds a call and changes with it: random numbers, torch's modes, the current folder, and the files of the checks."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import numpy as np
import torch

from petkata.classroom.answering import SHARED
from petkata.classroom.crossing.notices import Notices
from petkata.classroom.crossing.things import random_state, set_random_state
from petkata.classroom.crossing.wire import LARGEST, CannotCross


def restore_numpy(state) -> None:
    kind, numbers, *rest = state
    np.random.set_state((kind, np.frombuffer(numbers, np.uint32), *rest))


def restore_torch(state) -> None:
    torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


RESTORE = {"python": set_random_state, "numpy": restore_numpy, "torch": restore_torch}
GO_ON = {"python": random.random, "numpy": np.random.random, "torch": lambda: torch.rand(1)}
RANDOM = RESTORE.keys()


class Surroundings:
    """Random numbers, torch's modes and the current folder of this process."""

    def __init__(self, folder: str | None):
        self.folder = folder  # of the checks' files
        self.were: dict = {}  # as they were when the last message crossed
        self.had: set = set()  # states of the random numbers that were this end's own

    def changed(self) -> dict:
        """What is no longer as it was when this was called last."""
        kind, numbers, *rest = np.random.get_state()
        now = {"python": random_state(), "numpy": (kind, numbers.tobytes(), *rest),
               "torch": torch.get_rng_state().numpy().tobytes(),
               "gradients": torch.is_grad_enabled(), "dtype": torch.get_default_dtype(), "place": self._place(),
               "autocast": (torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"))}
        changed = {name: value for name, value in now.items() if value != self.were.get(name)}
        self.had.update(changed[name] for name in RANDOM if name in changed)
        self.were = now
        return changed

    def _place(self) -> str:
        """The current folder; from the folder of the checks' files, if it is in there."""
        try:
            place = os.getcwd()
        except FileNotFoundError:  # it has been removed
            place = self.were.get("place", "/")
        return place.removeprefix(f"{self.folder}/") if self.folder else place

    def be(self, changed: dict, trusts: bool) -> None:
        """Be as the other end says. Where this one does not trust it, it stays in its folder, and goes back to random numbers
        that it had before, but not on to others: these are its own, and the next message tells of them."""
        for name in RANDOM & changed.keys():
            if trusts or changed[name] in self.had:
                RESTORE[name](changed[name])
            else:
                GO_ON[name]()
        if "gradients" in changed:
            torch.set_grad_enabled(bool(changed["gradients"]))
        if "autocast" in changed:
            enabled, dtype = changed["autocast"]
            torch.set_autocast_enabled("cpu", bool(enabled))
            torch.set_autocast_dtype("cpu", dtype)
            torch.clear_autocast_cache()  # of weights in the other dtype
        if "dtype" in changed:
            torch.set_default_dtype(changed["dtype"])
        if "place" in changed and trusts:
            place = os.path.join(self.folder or "/", changed["place"])
            os.makedirs(place, exist_ok=True)
            os.chdir(place)
        self.were = {**self.were, **changed}


class Files:
    """Files that are at the same places at both ends: in `folder`, those that all checks share, and those in the folder `own`.
    What is shared from the beginning stays as it is."""

    def __init__(self, folder: str, own: str):
        self.folder, self.parts = folder, (SHARED, own)
        self.were: dict[str, tuple] = {}  # what told a file from an older one when they crossed last
        for name in self.parts:
            os.makedirs(f"{folder}/{name}", exist_ok=True)
        self.notices, self.listed = Notices(), False
        self.notices.look_at(folder)  # where an answer may remove `own`, and make it again
        self.changed()  # what is there now is there at both ends
        self.stays = {inside for inside, mark in self.were.items() if inside.startswith(f"{SHARED}/") and mark != (None,)}

    def changed(self) -> dict[str, bytes | None | str]:
        """What is not as it was when it crossed last: contents, None for a folder, "" for what is gone."""
        if not self.notices.any() and self.listed:
            return {}
        self.listed = False  # until all of them have been: it may end in an error
        changed, now, size, folders = {}, {}, 0, [f"{name}/" for name in self.parts]
        while folders:
            below = folders.pop()
            for entry in self._listed(below):
                inside = f"{below}{entry.name}"
                try:
                    if entry.is_dir(follow_symlinks=False):
                        mark, content = (None,), None
                        folders.append(f"{inside}/")
                    elif entry.is_file(follow_symlinks=False):
                        mark = self._mark(entry.stat(follow_symlinks=False))
                        if mark != self.were.get(inside):
                            size += mark[1]
                            if size > LARGEST // 4:
                                raise CannotCross("Too much was written.")
                            content = Path(entry.path).read_bytes()
                    else:
                        continue
                except FileNotFoundError:  # gone since it was listed, by what an answer has left running
                    continue
                now[inside] = mark
                if mark != self.were.get(inside):
                    changed[inside] = content
        changed.update({inside: "" for inside in self.were if inside not in now})
        self.were, self.listed = now, True
        return changed

    def take(self, changed: dict) -> None:
        """Make here what changed there."""
        for inside, content in sorted(changed.items(), key=lambda pair: (pair[1] is not None, pair[0])):
            parts = Path(inside).parts
            if not parts or os.path.isabs(inside) or ".." in parts or parts[0] not in self.parts or "/".join(parts) != inside:
                raise CannotCross("What came back writes outside its folder.")
            if inside in self.stays or content == "" and any(path.startswith(f"{inside}/") for path in self.stays):
                raise CannotCross(f"The answer has changed {parts[-1]}, a file that all checks share.")
            path = os.path.join(self.folder, inside)
            if content is None:
                os.makedirs(path, exist_ok=True)
                self.were[inside] = (None,)
            elif content == "":
                shutil.rmtree(path) if os.path.isdir(path) else Path(path).unlink(missing_ok=True)
                self.were.pop(inside, None)
            else:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                beside = f"{path}.crossing"
                Path(beside).write_bytes(content)
                os.replace(beside, path)
                self.were[inside] = self._mark(os.lstat(path))

    def _listed(self, below: str) -> list[os.DirEntry]:
        self.notices.look_at(os.path.join(self.folder, below))  # before it is listed: nothing happens in between
        try:
            with os.scandir(os.path.join(self.folder, below)) as entries:
                return list(entries)
        except FileNotFoundError:
            return []

    @staticmethod
    def _mark(stat: os.stat_result) -> tuple:
        return stat.st_mtime_ns, stat.st_size, stat.st_ino
