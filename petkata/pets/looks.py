"""What makes an animal look as it does: the words and numbers that the drawing understands."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

Color = tuple[int, int, int]  # red, green, blue, each 0 to 255


@dataclass(frozen=True)
class Mark:
    """Something on the coat: a stripe, a mask, a patch. `kind` is one of `coats.MARKS`, `strength` 0 to 1."""

    kind: str
    color: Color
    strength: float = 1.0


# Skin and hair, from bare to shaggy; what each does to outline and surface stands in coats.py.
FURS = ("hairless", "short", "medium", "long", "curly", "wire")
EARS = ("pricked", "tufted", "bat", "rose", "button", "folded", "dropped", "long", "round", "none")
CROWNS = ("none", "horns", "antennae", "crest", "antlers")  # no pet has any


@dataclass(frozen=True)
class Look:
    """Everything that the members of a breed share. Lengths are in half head widths."""

    coat: Color
    marks: tuple[Mark, ...] = ()
    body_coat: Color | None = None  # None: as the head
    ear_coat: Color | None = None
    muzzle_coat: Color | None = None
    fur: str = "short"
    ruff: float = 0.0  # 0 none, 1 a lion's mane
    wrinkles: float = 0.0
    head_width: float = 1.0
    head_height: float = 1.0
    jaw: float = 0.15  # above 0 the head narrows downward, below 0 the cheeks are broad
    blocky: float = 0.0
    muzzle: float = 0.4  # 0 flat as a pug's, 1 long as a hound's
    muzzle_width: float = 0.45
    jowls: float = 0.0
    beard: float = 0.0
    nose: Color = (30, 26, 28)
    nose_size: float = 0.16
    ears: str = "pricked"
    ear_size: float = 1.0
    eyes: Color = (70, 42, 22)
    eye_size: float = 0.15
    eye_gap: float = 0.42  # from the middle of the face
    slit_pupils: bool = False
    whiskers: bool = False
    tongue: float = 0.0  # how often it hangs out
    body: float = 1.0  # breadth of the body
    crown: str = "none"
    camera: float = 1.0  # how strongly grain, tint and blur lie over the picture; 0: not at all

    @property
    def nose_y(self) -> float:
        """How far below the middle of the face the nose is."""
        return 0.14 + 0.42 * self.muzzle


def difference(one: Look, other: Look) -> float:
    """How unlike two looks are: 0 for the same, about 1 more for each thing that is clearly different.

    `camera` is left out: it belongs to the picture, not to the animal.
    """
    total = _marks_apart(one.marks, other.marks)
    total += 2 * _colors_apart(one.coat, other.coat)
    for part in ("body_coat", "ear_coat", "muzzle_coat"):
        total += _colors_apart(getattr(one, part) or one.coat, getattr(other, part) or other.coat)
    total += _colors_apart(one.eyes, other.eyes) / 2 + _colors_apart(one.nose, other.nose) / 2
    for field in fields(Look):
        here, there = getattr(one, field.name), getattr(other, field.name)
        if field.name in ("fur", "ears", "crown", "slit_pupils", "whiskers"):
            total += here != there
        elif field.type == "float" and field.name != "camera":
            total += abs(here - there)
    return total


def _colors_apart(one: Color, other: Color) -> float:
    return math.sqrt(sum((a - b) * (a - b) for a, b in zip(one, other))) / 150


def _marks_apart(some: tuple[Mark, ...], others: tuple[Mark, ...]) -> float:
    mine, theirs = {mark.kind: mark.color for mark in some}, {mark.kind: mark.color for mark in others}
    shared = sorted(mine.keys() & theirs.keys())
    return len(mine.keys() ^ theirs.keys()) + sum(_colors_apart(mine[kind], theirs[kind]) for kind in shared)
