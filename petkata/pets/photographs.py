"""A tiny set of real photographs: 20 of each breed out of Oxford-IIIT Pet, made square and small.

For those who have the real set, or a network to fetch it: `pytest exercises/lesson3 --pets real`.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from PIL import Image, ImageOps

from . import made, oxford
from .breeds import BREEDS

EACH = 20  # photographs of a breed
SIZE = 128  # pixels


def tiny_photographs(archive: str | Path | None = None) -> Path:
    """The folder of the tiny set of photographs: `images/pug_17.jpg` and 739 more, `SIZE` pixels square.

    It lies in the user's cache and is made on first use: from `archive`, a local copy of the real set, or from
    fastai's, which is downloaded where it is missing. Raises PetsError, in a sentence, when neither is whole.
    """
    folder = made.cache_folder() / f"tiny-photographs-{SIZE}"
    return made.ensure(folder, partial(files, archive), what_is_wrong, what="tiny set of photographs", space="10 MB",
                       named=False)


def what_is_wrong(folder: Path) -> str | None:
    return made.damage(folder) or (
        None if len(made.in_manifest(folder)) == EACH * len(BREEDS) else f"it does not hold {EACH} of each breed")


def files(archive: str | Path | None, making: Path) -> Iterator[tuple[str, bytes]]:
    for path in chosen(oxford.photographs(oxford.oxford_pets(archive))):
        jpeg = io.BytesIO()
        photo = ImageOps.fit(oxford.open_photo(path), (SIZE, SIZE), Image.Resampling.BICUBIC)
        photo.save(jpeg, "JPEG", quality=92)
        yield f"images/{path.name}", jpeg.getvalue()


def chosen(photographs: list[Path]) -> list[Path]:
    """`EACH` photographs of each breed, the same ones everywhere: those whose names come first by their sha256."""
    by_breed: dict[str, list[Path]] = {}
    for path in sorted(photographs, key=lambda path: hashlib.sha256(path.name.encode()).hexdigest()):
        by_breed.setdefault(oxford.breed_of(path), []).append(path)
    return [path for breed in BREEDS for path in by_breed[breed][:EACH]]
