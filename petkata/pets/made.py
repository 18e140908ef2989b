"""Folders of files that the course makes: whole or not there at all, whatever happens while they are made."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import PetsError

MANIFEST = "manifest.json"  # the sha256 of every file; written last
MAKING = ".making-"  # begins the name of a folder that is not whole yet


def ensure(folder: Path, files: Callable[[Path], Iterator[tuple[str, bytes | str]]], wrong: Callable[[Path], str | None],
           what: str, space: str, named: bool) -> Path:
    """`folder`, made now unless it is whole already.

    `files(making)` gives the name and the content of each file in turn, or the sha256 of one that it has written into
    the folder `making` itself. `wrong(folder)` says why a folder is not whole; None when it is. What is not whole is made
    anew, but a folder that somebody `named` is left alone unless it is new or empty. `what` and `space` tell people
    what is made ("drawn pets") and how much room it takes ("5 MB").

    Raises PetsError, in a sentence, when the folder cannot be had.
    """
    if wrong(folder) is None:
        return folder
    with sentences_for_disk_errors(folder, what, space):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(folder):
            why = wrong(folder)  # somebody else may have made it while we waited
            if why:
                if named and folder.exists() and any(folder.iterdir()):
                    raise PetsError(f"{folder} is not a whole set of {what}: {why}. "
                                    "Name a folder that is new or empty, or leave the name out.")
                make(folder, files)
    return folder


def make(folder: Path, files: Callable[[Path], Iterator[tuple[str, bytes | str]]]) -> None:
    """Write the files beside `folder`, then put them there in one step, so that nobody ever sees a part of them."""
    making = folder.parent / f"{MAKING}{folder.name}"
    shutil.rmtree(making, ignore_errors=True)  # left by one who was killed: we hold the lock
    try:
        making.mkdir()
        manifest = {name: data if isinstance(data, str) else write(making / name, data) for name, data in files(making)}
        write(making / MANIFEST, json.dumps(manifest, indent=0).encode())
        if folder.exists():  # ours and damaged, or named and empty
            folder.rename(making / "replaced")
        making.rename(folder)
        shutil.rmtree(folder / "replaced", ignore_errors=True)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def write(path: Path, data: bytes) -> str:
    """Write a file; its sha256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """`write(beside)` to a file beside `path`, then put it in place: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def damage(folder: Path) -> str | None:
    """What is missing in `folder`, or is no longer as the manifest says; None when all is there."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError:
        return f"{MANIFEST} is missing"
    except (OSError, ValueError):
        return f"{MANIFEST} cannot be read"
    if not isinstance(manifest, dict):
        return f"{MANIFEST} is not a list of files"
    for name, digest in manifest.items():
        try:
            with open(folder / name, "rb") as file:
                if sha256(file) != digest:
                    return f"{name} was changed"
        except OSError:
            return f"{name} is missing"
    return None


def sha256(file) -> str:
    """The sha256 of an open binary file, read in pieces."""
    digest = hashlib.sha256()
    while piece := file.read(2**20):
        digest.update(piece)
    return digest.hexdigest()


def in_manifest(folder: Path) -> set[str]:
    """Names of the files that a whole folder was made with."""
    return set(json.loads((folder / MANIFEST).read_text()))


def cache_folder() -> Path:
    """Where this operating system keeps what a program can make again."""
    if "XDG_CACHE_HOME" in os.environ:
        home = Path(os.environ["XDG_CACHE_HOME"])
    elif sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        home = Path.home() / "Library" / "Caches"
    else:
        home = Path.home() / ".cache"
    return home / "petkata"


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait until no other process makes `folder`. The operating system frees the lock of one that dies."""
    with open(folder.parent / f"{MAKING}{folder.name}.lock", "wb") as lock:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError as error:
                    if error.errno != errno.EDEADLOCK:  # it gave up after ten seconds
                        raise
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def sentences_for_disk_errors(folder: Path, what: str, space: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why = f"the disk is full; they need {space}"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            why = "nothing may be written there"
        else:
            why = error.strerror or str(error)
        raise PetsError(f"The {what} cannot be put into {folder}: {why}. "
                        "Set PETKATA_PETS to a folder elsewhere, or make room.") from error
