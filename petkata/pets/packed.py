"""All photographs of a folder, resized once and laid into one block of bytes, so that training need not open them again.

    pixels.bin       for each photograph its rows of red, green, blue, one byte each; one photograph after the other
    index.json       name, height and width of each, and what the block was made from
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from . import PetsError, made, oxford

VERSION = 1  # another one whenever the same photographs would give other bytes


class Packed:
    """Photographs of which the shorter side has `side` pixels. `names`: their file names; `shapes`: (height, width) of
    each; `starts`: where in `pixels`, a flat array of uint8, each begins."""

    def __init__(self, folder: Path):
        index = json.loads((folder / "index.json").read_text())
        self.folder, self.side, self.names = folder, index["side"], index["names"]
        self.shapes = [tuple(shape) for shape in index["shapes"]]
        sizes = [height * width * 3 for height, width in self.shapes]
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).tolist()

    @cached_property
    def pixels(self) -> np.ndarray:
        return np.memmap(self.folder / "pixels.bin", np.uint8, "c")  # what is written there never reaches the disk

    def __getitem__(self, place: int) -> np.ndarray:
        """One photograph: uint8 (height, width, 3)."""
        return self.pixels[self.starts[place]:self.starts[place + 1]].reshape(*self.shapes[place], 3)


def packed(folder: str | Path, side: int, processes: int | None = None,
           tell: Callable[[int, int], None] = lambda done, of: None) -> Packed:
    """The photographs in `folder`/images, each resized so that its shorter side has `side` pixels.

    Made on first use, by as many `processes` as there are cores unless told, in a folder beside `folder`, or in the
    user's cache where nothing may be written there. Compared with its manifest on every use; made anew when a photograph,
    or `side`, is another. `tell(done, of)` is called as it goes on.
    Raises PetsError, in a sentence, for a photograph that cannot be read, or where there is no room.
    """
    folder = Path(folder).absolute()
    photographs = oxford.photographs(folder)
    if not photographs:
        raise PetsError(f"There are no photographs in {folder / 'images'}.")
    source = {"version": VERSION, "side": side, "photographs": fingerprint(photographs)}
    beside = folder.parent if os.access(folder.parent, os.W_OK) else made.cache_folder()
    target = made.ensure(
        beside / f"{folder.name}-resized-{side}", partial(files, photographs, side, source, processes or os.cpu_count(), tell),
        partial(what_is_wrong, source), what="resized photographs", named=False,
        space=f"{len(photographs) * side * side * 4 / 1e6:,.0f} MB")
    return Packed(target)


def fingerprint(photographs: list[Path]) -> str:
    """Another one when a photograph was added, taken away or changed."""
    seen = [(path.name, (stat := path.stat()).st_size, stat.st_mtime_ns) for path in photographs]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def what_is_wrong(source: dict, folder: Path) -> str | None:
    if damaged := made.damage(folder):
        return damaged
    if json.loads((folder / "index.json").read_text())["source"] != source:
        return "it was made from other photographs"
    return None


def files(photographs: list[Path], side: int, source: dict, processes: int, tell, making: Path
          ) -> Iterator[tuple[str, bytes | str]]:
    shapes, digest = [], hashlib.sha256()
    tell(0, len(photographs))
    with get_context("spawn").Pool(processes) as pool, open(making / "pixels.bin", "wb") as block:
        for pixels in pool.imap(partial(resized, side=side), photographs, chunksize=8):
            block.write(pixels.data)
            digest.update(pixels.data)
            shapes.append(pixels.shape[:2])
            tell(len(shapes), len(photographs))
    yield "pixels.bin", digest.hexdigest()
    index = {"source": source, "side": side, "names": [path.name for path in photographs], "shapes": shapes}
    yield "index.json", json.dumps(index).encode()


def resized(path: Path, side: int) -> np.ndarray:
    """A photograph of which the shorter side has `side` pixels: uint8 (height, width, 3)."""
    photo = oxford.open_photo(path)
    scale = side / min(photo.size)
    width, height = (max(side, round(length * scale)) for length in photo.size)
    return np.ascontiguousarray(photo.resize((width, height), Image.Resampling.BILINEAR))
