"""The tiny set: 20 drawn pictures of each breed, in files like those of the real set, made on first use."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from . import made
from .breeds import BREEDS, is_cat
from .drawing import draw
from .looks import Look

EACH = 20  # pictures of a breed
SIZE = 64  # pixels
COLUMNS = ("file", "breed", "species", "left", "top", "right", "bottom", "coat", "ears")


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
    folder = Path(named).expanduser().absolute() if named else made.cache_folder() / f"tiny-{drawing_version()}"
    return made.ensure(folder, files, what_is_wrong, what="drawn pets", space="5 MB", named=bool(named))


def what_is_wrong(folder: Path) -> str | None:
    """Why `folder` does not hold the set exactly as it was made; None when it does."""
    if damaged := made.damage(folder):
        return damaged
    names = made.in_manifest(folder)
    if len(names) != len(BREEDS) * EACH + 1:
        return f"{made.MANIFEST} does not list {len(BREEDS) * EACH} pictures and their table"
    # names that begin with a dot are the operating system's own
    strangers = sorted(p.name for p in (folder / "images").iterdir()
                       if f"images/{p.name}" not in names and not p.name.startswith("."))
    return f"images/{strangers[0]} does not belong to it" if strangers else None


def files(making: Path) -> Iterator[tuple[str, bytes]]:
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


# The modules that decide what a picture looks like.
DRAWING = ("animal", "breeds", "canvas", "coats", "drawing", "head", "imaginary", "looks", "scene", "tiny")


def drawing_version() -> str:
    """Another one whenever the code that draws is another, so that no old picture is taken for a new one."""
    sources = [Path(__file__).with_name(f"{name}.py") for name in DRAWING]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
