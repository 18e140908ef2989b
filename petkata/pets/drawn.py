"""A set as large as the real one, drawn: for the full run where there is no network, and, smaller, for its rehearsal.

    images/pug_17.jpg        as many pictures as asked for, of several shapes, about as many of each breed
    annotations/list.txt     a line for each of them, as in the archive of the real set
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from . import made
from .breeds import BREEDS
from .drawing import draw
from .tiny import drawing_version

PICTURES = 7390  # as in the real set
LARGEST = 512  # pixels of the longer side
SHAPES = ((1.0, 0.8), (1.0, 1.0), (0.8, 1.0), (1.0, 0.75))  # width and height, as shares of the longer side
SEEDS = 10_000_000  # the first seed: no picture of the tiny set is in it


def drawn_pets(pictures: int = PICTURES, largest: int = LARGEST, processes: int | None = None,
               tell: Callable[[int, int], None] = lambda done, of: None) -> Path:
    """The folder of `pictures` drawn pets whose longer side is 5/8 of `largest` to `largest` pixels (`largest` is 96 to 512).

    It lies in the user's cache and is drawn there on first use, by as many `processes` as there are cores unless told.
    `tell(done, of)` is called as it goes on. Raises PetsError, in a sentence, when it cannot be had.
    """
    folder = made.cache_folder() / f"drawn-{pictures}x{largest}-{drawing_version()}"
    return made.ensure(folder, partial(files, pictures, largest, processes or os.cpu_count(), tell),
                       partial(what_is_wrong, pictures), what="drawn set", space=f"{pictures * largest**2 / 4e6:,.0f} MB",
                       named=False)


def what_is_wrong(pictures: int, folder: Path) -> str | None:
    if damaged := made.damage(folder):
        return damaged
    found = len(made.in_manifest(folder)) - 1
    return None if found == pictures else f"{found} of {pictures} pictures are there"


def files(pictures: int, largest: int, processes: int, tell, making: Path) -> Iterator[tuple[str, bytes]]:
    wanted = [(breed, n + 1, largest) for n in range(-(-pictures // len(BREEDS))) for breed in BREEDS][:pictures]
    tell(0, pictures)
    with get_context("spawn").Pool(processes) as pool:
        for done, (name, jpeg) in enumerate(pool.imap(drawn_picture, wanted, chunksize=8), start=1):
            yield f"images/{name}.jpg", jpeg
            tell(done, pictures)
    lines = sorted(f"{breed}_{n} {list(BREEDS).index(breed) + 1} 1 1" for breed, n, _ in wanted)
    yield "annotations/list.txt", "\n".join(["# the drawn set: name, number of the breed", *lines, ""]).encode()


def drawn_picture(wanted: tuple[str, int, int]) -> tuple[str, bytes]:
    """Name and JPEG of one picture: (breed, its number, pixels of the longer side at most)."""
    breed, n, largest = wanted
    seed = SEEDS + 1000 * list(BREEDS).index(breed) + n
    side = largest - largest * 3 // 8 * (seed * 7919 % 101) // 100
    across, down = SHAPES[seed % len(SHAPES)]
    pixels = draw(BREEDS[breed], seed, side).pixels
    width, height = round(across * side), round(down * side)
    left = (side - width) // 2  # the head stays in: it is in the middle, and nearer to the top
    jpeg = io.BytesIO()
    Image.fromarray(pixels[:height, left:left + width]).save(jpeg, "JPEG", quality=92)
    return f"{breed}_{n}", jpeg.getvalue()
