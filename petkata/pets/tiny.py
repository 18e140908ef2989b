"""The tiny set: 20 drawn pictures of each breed, in files like those of the real set, made on first use."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from . import PetsError
from .breeds import BREEDS, is_cat
from .drawing import draw
from .looks import Look

EACH = 20  # pictures of a breed
SIZE = 64  # pixels
COLUMNS = ("file", "breed", "species", "left", "top", "right", "bottom", "coat", "ears")
MANIFEST = "manifest.json"  # the sha256 of every file; written last
MAKING = ".making-"  # begins the name of a folder that is not whole yet


def tiny_pets(path: str | Path | None = None) -> Path:
    """The folder of the tiny set: `images/pug_1.jpg` and 739 more (64 pixels), and the table `pets.csv`.

    It lies in the user's cache, or at `path`, or where the environment variable PETKATA_PETS points. It is
    drawn there on first use, in a few seconds, and compared with its manifest on every use. Where it is not
    whole, it is made anew in the cache, but left alone in a folder that somebody named. The columns of
    `pets.csv` are `COLUMNS`: the file's name, the breed, "cat" or "dog", the head box in pixels, the coat
    (its fur, then its marks), the ears.

    Raises PetsError, in a sentence, when the set cannot be had.
    """
    named = path or os.environ.get("PETKATA_PETS")
    folder = Path(named).expanduser().absolute() if named else cache_folder() / f"tiny-{drawing_version()}"
    if what_is_wrong(folder) is None:
        return folder
    with sentences_for_disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with one_at_a_time(folder):
            wrong = what_is_wrong(folder)  # somebody else may have made it while we waited
            if wrong:
                if named and folder.exists() and any(folder.iterdir()):
                    raise PetsError(f"{folder} is not a whole set of drawn pets: {wrong}. "
                                    "Name a folder that is new or empty, or leave the name out.")
                make(folder)
    return folder


# --- is it whole? ---


def what_is_wrong(folder: Path) -> str | None:
    """Why `folder` does not hold the set exactly as it was made; None when it does."""
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
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                return f"{name} was changed"
        except OSError:
            return f"{name} is missing"
    if len(manifest) != len(BREEDS) * EACH + 1:
        return f"{MANIFEST} does not list {len(BREEDS) * EACH} pictures and their table"
    # names that begin with a dot are the operating system's own
    strangers = sorted(p.name for p in (folder / "images").iterdir()
                       if f"images/{p.name}" not in manifest and not p.name.startswith("."))
    return f"images/{strangers[0]} does not belong to it" if strangers else None


# --- making it ---


def make(folder: Path) -> None:
    """Draw the set beside `folder`, then put it there in one step, so that nobody ever sees a part of it."""
    making = folder.parent / f"{MAKING}{folder.name}"
    shutil.rmtree(making, ignore_errors=True)  # left by one who was killed: we hold the lock
    try:
        making.mkdir()
        manifest = {name: write(making / name, data) for name, data in files()}
        write(making / MANIFEST, json.dumps(manifest, indent=0).encode())
        if folder.exists():  # ours and damaged, or named and empty
            folder.rename(making / "replaced")
        making.rename(folder)
        shutil.rmtree(folder / "replaced", ignore_errors=True)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def files() -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of the set but the manifest. Tells on stderr how far it is."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(COLUMNS)
    for number, (breed, look) in enumerate(BREEDS.items()):
        progress(number, len(BREEDS))
        for n in range(1, EACH + 1):
            drawing = draw(look, seed=1000 * number + n, size=SIZE)
            name = f"{breed}_{n}.jpg"
            jpeg = io.BytesIO()
            Image.fromarray(drawing.pixels).save(jpeg, "JPEG", quality=92, subsampling=0)
            species = "cat" if is_cat(breed) else "dog"
            rows.writerow((name, breed, species, *drawing.head_box, coat(look), look.ears))
            yield f"images/{name}", jpeg.getvalue()
    progress(len(BREEDS), len(BREEDS))
    yield "pets.csv", table.getvalue().encode()


def progress(done: int, of: int) -> None:
    """One line on stderr, which counts up where somebody watches."""
    if sys.stderr.isatty():
        end = "\n" if done == of else ""
        print(f"\rDrawing the tiny pets: {done} of {of} breeds", end=end, file=sys.stderr, flush=True)
    elif done == 0:
        print(f"Drawing the tiny pets, {of} breeds, a few seconds.", file=sys.stderr, flush=True)


def coat(look: Look) -> str:
    return " ".join([look.fur, *(mark.kind for mark in look.marks)])


def write(path: Path, data: bytes) -> str:
    """Write a file; its sha256."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


# --- where it lies ---


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


def drawing_version() -> str:
    """Another one whenever the code that draws is another, so that no old picture is taken for a new one."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]


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
def sentences_for_disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why = "the disk is full; they need 5 MB"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            why = "nothing may be written there"
        else:
            why = error.strerror or str(error)
        raise PetsError(f"The drawn pets cannot be put into {folder}: {why}. "
                        "Set PETKATA_PETS to a folder elsewhere, or make room.") from error
