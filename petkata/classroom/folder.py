"""A course folder of nbgrader's for one class, apart from the course itself: `lessons/` stays as it is."""

from __future__ import annotations

import filecmp
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from petkata.course import catalog

CONFIG = "nbgrader_config.py"  # found by nbgrader in the folder in which it is called
GUARD = "nbgrader_config.json"  # and this, even where the other cannot be read: petkata/classroom/configured.py
INSIDE = "{} lies in the folder of a class, so its nbgrader_config.py may be a student's. Call this in {}."
UNFINISHED = ".being-made-"  # begins the name of the folder in which files are written before they move to their place


class FolderError(Exception):
    """A folder that cannot become a class; the message says what to do."""


@dataclass
class Made:
    """What a call did, as paths inside the folder: the files that it `added`, and those that it left as they were although
    the course has them differently, `different`."""

    added: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)


def new(folder: Path, lessons: list[str]) -> Made:
    """Put the configuration and the notebooks of these lessons into a folder, new or of an earlier call. Of what is there
    already nothing is touched, so a call that was interrupted can be repeated, and a lesson be added later.

    Raises FolderError where there is no such lesson, and for a folder that holds something else.
    """
    known = catalog.lesson_names()
    if unknown := [name for name in lessons if name not in known]:
        raise FolderError(f"There is no {' and no '.join(unknown)}. The lessons are {', '.join(known)}.")
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"{folder} is a file. Name a new folder.")
    if around := class_around(folder):
        raise FolderError(f"{folder} lies in the folder of a class, {around}. Name one that is in no other.")
    if set(str(folder.resolve())) & set("*?[]{}"):
        raise FolderError(f"nbgrader finds nothing in {folder.resolve()}, for the signs in its name. Use letters, digits and "
                          "hyphens.")
    here = [path.name for path in folder.iterdir() if not path.name.startswith(UNFINISHED)] if folder.exists() else []
    if here and CONFIG not in here:
        some = ", ".join(sorted(here)[:3]) + ", ..." * (len(here) > 3)
        raise FolderError(f"{folder} holds other things ({some}) and no {CONFIG}. "
                          "Name a new folder, or one that this command has made.")
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)  # points and other people's answers: on a shared machine, no student's to read
    made = Made()
    scratch = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder))
    try:
        for name in files_of(lessons):
            _add(catalog.ROOT / "lessons" / name, folder / name, scratch / "file", name, made)
    finally:
        shutil.rmtree(scratch)
    return made


def class_around(folder: Path) -> Path | None:
    """The folder of a class in which this one lies, as a submission does: a configuration in here is a student's."""
    return next((parent for parent in folder.resolve().parents if (parent / CONFIG).is_file()), None)


def others_can_read(folder: Path) -> bool:
    """Whether a student with an account on the same machine could; what Windows would say is not known."""
    return os.name != "nt" and bool(folder.stat().st_mode & 0o077)


def files_of(lessons: list[str]) -> list[str]:
    """The files that a class needs, as paths inside `lessons/`. The configuration is first: by it a folder is known again."""
    return [CONFIG, GUARD, *(f"{kind}/{name}/{name}.ipynb" for name in lessons for kind in ("source", "release"))]


def _add(original: Path, place: Path, scratch: Path, name: str, made: Made) -> None:
    if os.path.lexists(place):
        # release/ is made again by nbgrader itself, with every generate_assignment.
        if not name.startswith("release/") and not (place.is_file() and filecmp.cmp(place, original, shallow=False)):
            made.different.append(name)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(original, scratch)
    os.replace(scratch, place)
    made.added.append(name)
