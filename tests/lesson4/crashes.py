"""What others see of a file while it is written, and what is left of it when the writer is killed."""

import itertools
import os
import select
import signal
import sys
import time
import warnings
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path

_looking = []  # the Looks at work, the last one innermost


class Looks:
    """Looks at `path`, once each time that something happens to files, and keeps what was seen.

    `seen` holds pairs of what was about to happen and the bytes of the file then, or None where there was no file.
    `renamed_from` holds the folders from which a file was renamed.
    """

    def __init__(self, path):
        self.path, self.seen, self.renamed_from = Path(path).absolute(), [], []

    def look(self, when):
        _looking.append(None)  # looking opens a file, too; that is not to be looked at
        try:
            self.seen.append((when, self.path.read_bytes() if self.path.exists() else None))
        finally:
            _looking.pop()


class Glance:
    """A part of a state that looks when it is saved: then the writing has begun and is not over."""

    def __init__(self, looks):
        self.looks = looks

    def __reduce__(self):
        self.looks.look("writing the state")
        return OrderedDict, ()


@contextmanager
def looking_at(path):
    """Looks at `path` before each operation on files that this program makes inside."""
    if not _installed:
        sys.addaudithook(_hook)  # Python tells it of each such operation before it happens
        _installed.append(True)
    looks = Looks(path)
    _looking.append(looks)
    try:
        yield looks
    finally:
        _looking.remove(looks)


_installed = []
_EVENTS = {"open": "opening a file", "os.remove": "removing a file", "os.rename": "renaming a file",
           "os.truncate": "cutting a file", "os.link": "linking a file", "shutil.copyfile": "copying a file",
           "shutil.move": "moving a file"}


def _hook(event, arguments):
    if not _looking or _looking[-1] is None or event not in _EVENTS:
        return
    looks = _looking[-1]
    looks.look(_EVENTS[event])
    if event == "os.rename" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        looks.renamed_from.append(Path(os.fsdecode(arguments[0])).absolute().parent)


def moments(save, path, state) -> tuple[list, list]:
    """What was seen of the file at `path` while `save` wrote a state to it: pairs of what was about to happen and its bytes; and
    the folders from which a file was renamed."""
    with looking_at(path) as looks:
        save({**state, "glance": Glance(looks), "after": state}, path)
    return looks.seen, looks.renamed_from


def seconds_a_save(save, path, states) -> float:
    begin = time.monotonic()
    for state in states:
        save(state, path)
    return (time.monotonic() - begin) / len(states)


def kill_while_saving(save, path, states, wait) -> bool:
    """Another process saves `states` to `path` in turn, again and again; it is killed `wait` seconds after its first save.

    False where it ended by itself, or had not saved anything within 10 seconds.
    """
    hears, tells = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: this child starts no thread
        child = os.fork()
    if child == 0:
        os.close(hears)  # when nobody hears any more, the next word to tell ends it
        try:
            for state in itertools.cycle(states):
                save(state, path)
                os.write(tells, b".")
        finally:
            os._exit(1)
    os.close(tells)
    try:
        began = bool(select.select([hears], [], [], 10)[0]) and os.read(hears, 1) == b"."
        time.sleep(wait)
    finally:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(hears)
    return began and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
