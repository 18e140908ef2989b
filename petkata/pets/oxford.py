"""The real set, Oxford-IIIT Pet, as its archive lays it out.

    images/great_pyrenees_17.jpg    7,390 photographs, a few of them GIF or PNG; other files lie among them
    annotations/list.txt            a line for each annotated photograph, its name first; optional
    annotations/xmls/*.xml          head boxes, for some; optional
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image

from . import PetsError
from .breeds import BREEDS, is_cat

PHOTOGRAPHS = 7390
NAME = re.compile(r"([A-Za-z]\w*)_(\d+)\.jpg")


def oxford_pets(folder: str | Path | None = None) -> Path:
    """The folder of the whole real set: `folder`, or fastai's own copy, which is downloaded where it is missing.

    Raises PetsError, which says what is missing and how to fetch it, when it cannot be had whole.
    """
    folder = Path(folder) if folder else downloaded()
    found = check(folder)
    if not found.complete:
        raise PetsError(f"{folder} does not hold the whole Oxford-IIIT Pet set: {found}\n{how_to_fetch()}")
    return folder


def downloaded() -> Path:
    """fastai's copy of the real set, downloaded and unpacked on first use (811 MB)."""
    from fastai.data.external import URLs, untar_data

    try:
        return untar_data(URLs.PETS)
    except Exception as error:  # no network, no answer, no room, another file than expected: each library has its own
        raise PetsError(f"The Oxford-IIIT Pet set is not on this machine and cannot be downloaded ({error}).\n"
                        f"{how_to_fetch()}") from error


def how_to_fetch() -> str:
    from fastai.data.external import URLs

    return (f"Fetch {URLs.PETS} (811 MB) where there is a network:\n"
            '    python -c "from fastai.vision.all import *; print(untar_data(URLs.PETS, force_download=True))"\n'
            "and name the folder that holds `images`: --pets PATH")


def breed_of(path: str | Path) -> str:
    """The breed that a photograph's name says. Raises PetsError for a name that is none of a photograph."""
    match = NAME.fullmatch(Path(path).name)
    if not match:
        raise PetsError(f"{Path(path).name!r} is not named like a photograph, <breed>_<number>.jpg.")
    if match[1] not in BREEDS:
        raise PetsError(f"{Path(path).name!r} names no breed of the set: {match[1]!r}.")
    return match[1]


def species_of(path: str | Path) -> str:
    """"cat" or "dog", from a photograph's name. Raises PetsError as `breed_of` does."""
    return "cat" if is_cat(breed_of(path)) else "dog"


def photographs(folder: str | Path) -> list[Path]:
    """The photographs in `folder`/images, by breed and number. Raises PetsError where that folder is not."""
    found = [path for path in _images(folder) if _is_photograph(path)]
    return sorted(found, key=lambda path: (breed_of(path), int(NAME.fullmatch(path.name)[2])))


def junk(folder: str | Path) -> list[Path]:
    """What lies in `folder`/images and is no photograph of one of the breeds, sorted."""
    return sorted(path for path in _images(folder) if not _is_photograph(path))


def _images(folder: str | Path) -> list[Path]:
    images = Path(folder) / "images"
    if not images.is_dir():
        raise PetsError(f"There is no folder {images}. Name the folder that `images` lies in.")
    return list(images.iterdir())


def _is_photograph(path: Path) -> bool:
    match = NAME.fullmatch(path.name)
    return bool(match) and match[1] in BREEDS and path.is_file()


def open_photo(path: str | Path) -> Image.Image:
    """The photograph as RGB, whether its file is JPEG, GIF or PNG; what is transparent becomes white.

    Not turned by its EXIF orientation, since the head boxes are not. Raises PetsError for a file that is no
    image or is cut short.
    """
    try:
        with Image.open(path) as image:
            image.load()
            if image.has_transparency_data:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            return image.convert("RGB")
    except FileNotFoundError:
        raise PetsError(f"There is no photograph {path}.") from None
    except Image.UnidentifiedImageError:
        raise PetsError(f"{path} is not an image. Take it from the archive again.") from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        again = "Take it from the archive again."
        raise PetsError(f"{path} is damaged or cut short ({error}). {again}") from error


def head_box(path: str | Path) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) of the head in pixels, as the annotation says; None where there is none.

    `path` is the photograph's. Raises PetsError for an annotation that cannot be read.
    """
    path = Path(path)
    annotation = path.parent.parent / "annotations" / "xmls" / f"{path.stem}.xml"
    if not annotation.exists():
        return None
    try:
        box = ElementTree.parse(annotation).find("object/bndbox")
        return tuple(int(box.findtext(side)) for side in ("xmin", "ymin", "xmax", "ymax"))
    except (ElementTree.ParseError, AttributeError, TypeError, ValueError):
        raise PetsError(f"{annotation} does not hold a head box. Take it from the archive again.") from None


@dataclass(frozen=True)
class Check:
    """What is there of the real set, and what is not."""

    expected: int  # photographs in all
    by_breed: dict[str, int]  # photographs found, for each of the 37 breeds
    missing: dict[str, list[str]]  # for each breed, names in annotations/list.txt that images/ lacks
    junk: int  # other files in images/

    @property
    def found(self) -> int:
        return sum(self.by_breed.values())

    @property
    def complete(self) -> bool:
        return self.found == self.expected and not self.missing

    def __str__(self) -> str:
        lines = [f"{self.found} of {self.expected} photographs, {self.junk} other files."]
        if self.missing:
            lines += [f"{breed}: {len(names)} missing, such as {names[0]}.jpg"
                      for breed, names in self.missing.items()]
        elif not self.complete:
            usual = round(self.expected / len(self.by_breed))
            lines += [f"{breed}: {n} of about {usual}" for breed, n in self.by_breed.items() if n < usual]
        return "\n".join(lines)


def check(folder: str | Path, expected: int | None = None) -> Check:
    """Count the photographs of each breed in `folder` and name those that are missing. Opens none of them.

    Which ones those are is known only from annotations/list.txt; it leaves out a few that the archive has.
    """
    found = photographs(folder)
    by_breed = dict.fromkeys(BREEDS, 0)
    for path in found:
        by_breed[breed_of(path)] += 1
    here, missing = {path.stem for path in found}, {}
    listed = Path(folder) / "annotations" / "list.txt"
    if listed.exists():
        for line in listed.read_text().splitlines():
            name = line.split()[0] if line.strip() and not line.startswith("#") else None
            if name and name not in here:
                missing.setdefault(breed_of(f"{name}.jpg"), []).append(name)
    return Check(expected or PHOTOGRAPHS, by_breed, missing, len(junk(folder)))
