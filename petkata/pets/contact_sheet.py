"""All the breeds on one sheet, several pictures of each: `python -m petkata.pets.contact_sheet OUT.jpg`."""

from __future__ import annotations

import argparse

from PIL import Image, ImageDraw

from .breeds import BREEDS
from .drawing import draw
from .looks import Look

CAPTION = 14  # pixels above each row of pictures
GAP = 6


def contact_sheet(looks: dict[str, Look], size: int = 64, each: int = 3, columns: int = 4) -> Image.Image:
    """`each` pictures, `size` pixels square, of every look, under its name; `columns` looks side by side."""
    width, height = size * each + GAP, size + CAPTION
    sheet = Image.new("RGB", (columns * width - GAP, -(-len(looks) // columns) * height), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (name, look) in enumerate(looks.items()):
        left, top = number % columns * width, number // columns * height
        pen.text((left + 1, top + 1), name, fill="black")
        for n in range(each):
            picture = Image.fromarray(draw(look, 1000 * number + n + 1, size).pixels)  # as in the tiny set
            sheet.paste(picture, (left + n * size, top + CAPTION))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m petkata.pets.contact_sheet", description=__doc__)
    parser.add_argument("out", help="the file to write; its ending decides the format")
    parser.add_argument("--size", type=int, default=64, help="side of a picture in pixels, 48 to 512")
    parser.add_argument("--each", type=int, default=3, help="pictures of each breed")
    arguments = parser.parse_args()
    contact_sheet(BREEDS, arguments.size, arguments.each).save(arguments.out, quality=92)


if __name__ == "__main__":
    main()
