"""Coats: what fur does to a surface and an outline, and the marks on it.

A mark is a function of a `Skin` that returns how much of the mark's color lies on each point, from 0 to 1, or
None where it leaves that part bare. Face coordinates: x is 0 on the line of the nose, the eyes are at about
y = -0.1, the crown at -1, the chin at 1. Body coordinates: 0 in the middle of the trunk, 1 at its sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .canvas import Noise, cells, inside, wave

Cover = np.ndarray | None


@dataclass(frozen=True)
class Fur:
    """How hair looks: `tufts` is the roughness of the outline, `depth` that of the surface.

    `across` and `down` are bumps per unit; where hair `flows`, counted around the face and away from it.
    """

    tufts: float
    depth: float
    across: float
    down: float
    rim: float  # how much darker the edges are
    flows: bool = False


FURS = {
    "hairless": Fur(tufts=0.0, depth=0.06, across=1.5, down=3.0, rim=0.30),
    "short": Fur(tufts=0.01, depth=0.10, across=8.0, down=6.0, rim=0.30),
    "medium": Fur(tufts=0.08, depth=0.24, across=9.0, down=2.5, rim=0.25, flows=True),
    "long": Fur(tufts=0.17, depth=0.36, across=9.0, down=1.4, rim=0.20, flows=True),
    "curly": Fur(tufts=0.12, depth=0.45, across=4.2, down=4.2, rim=0.15),
    "wire": Fur(tufts=0.15, depth=0.55, across=11.0, down=2.6, rim=0.15, flows=True),
}


def flow(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Around the origin, from -2 to 2 (along a square, as no arctangent is exact), and away from it."""
    side = np.abs(x)
    around = 1 - y / (side + np.abs(y) + 1e-3)
    return np.where(x < 0, around - 2, 2 - around), np.sqrt(x * x + y * y)


class Skin:
    """The part of the picture that a mark may lie on: where each point is, and the noise to make marks of.

    `shift` moves the noise, so that no two animals have the same spots.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, on_face: bool, nose_y: float, noise: Noise, shift):
        self.x, self.y, self.on_face, self.nose_y = x, y, on_face, nose_y
        self.noise, self.shift = noise, shift

    @cached_property
    def side(self) -> np.ndarray:
        return np.abs(self.x)

    @cached_property
    def clouds(self) -> np.ndarray:
        """Large soft bumps, from -0.5 to 0.5, to make outlines irregular."""
        return self.noise(self.x * 2.2 + self.shift, self.y * 2.2 + self.shift) - 0.5

    @cached_property
    def grains(self) -> np.ndarray:
        """Bumps about as small as a picture of 64 pixels can show, from 0 to 1."""
        return self.noise(self.x * 11 + self.shift, self.y * 11 - self.shift)

    def oval(self, x: float, y: float, a: float, b: float, softness: float = 0.25) -> np.ndarray:
        """An oval on both sides of the face, with a soft, irregular edge."""
        across, down = (self.side - x) * (1 / a), (self.y - y) * (1 / b)
        return inside((np.sqrt(across * across + down * down) - 1) * min(a, b) + self.clouds * 0.12, softness)

    def dots(self, per_unit: float, radius: float, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Scattered spots, in `share` of the places: distance to a spot's middle and its radius, in units."""
        y = self.y * per_unit - self.shift
        stagger = ((y + 64).astype(np.int32) & 1).astype(np.float32) * 0.5
        column, row, across, down = cells(self.x * per_unit + self.shift + stagger, y)
        room = max(0.0, 0.5 - 1.3 * radius * per_unit)  # for a spot to stray without being cut off
        across = across - 0.5 + (self.noise.cell(column, row, 0) * 2 - 1) * room
        down = down - 0.5 + (self.noise.cell(column, row, 1) * 2 - 1) * room
        size = self.noise.cell(column, row, 2)
        size = np.where(size < share, radius * (0.7 + 0.6 * size * (1 / share)), -1.0).astype(np.float32)
        return np.sqrt(across * across + down * down) * (1 / per_unit), size


def points(skin: Skin) -> Cover:
    """Dark middle of the face, as a Siamese's."""
    if skin.on_face:
        return skin.oval(0, 0.22, 0.62, 0.72, softness=0.5)
    return inside(0.75 - skin.y, 1.2) * 0.55


def mask(skin: Skin) -> Cover:
    """Dark muzzle up to the eyes, as a pug's."""
    if skin.on_face:
        return np.maximum(skin.oval(0, skin.nose_y + 0.08, 0.55, 0.48), skin.oval(0.42, -0.08, 0.24, 0.2))


def muzzle(skin: Skin) -> Cover:
    """The muzzle alone."""
    if skin.on_face:
        return skin.oval(0, skin.nose_y + 0.12, 0.5, 0.38, softness=0.12)


def blaze(skin: Skin) -> Cover:
    """A stripe down the forehead that widens over the muzzle."""
    if skin.on_face:
        width = 0.13 + 0.42 * np.clip(skin.y * 1.6 + 0.1, 0, 1) + skin.clouds * 0.12
        return inside(skin.side - width, 0.06)


def cap(skin: Skin) -> Cover:
    """Both sides of the head and the ears, as a beagle's."""
    if skin.on_face:
        return inside(np.maximum(0.2 - skin.side, skin.y - 0.3) + skin.clouds * 0.15, 0.08)


def half_mask(skin: Skin) -> Cover:
    """Dark above, white inverted V below, as a bicolor Ragdoll's."""
    if skin.on_face:
        return inside(0.72 * skin.y + 0.2 - skin.side + skin.clouds * 0.1, 0.12)


def brows(skin: Skin) -> Cover:
    """Spots over the eyes, sides of the muzzle, chest: the tan of a pinscher."""
    if skin.on_face:
        spots = skin.oval(0.36, -0.42, 0.17, 0.12, softness=0.08)
        cheeks = skin.oval(0.42, skin.nose_y + 0.1, 0.3, 0.3, softness=0.12)
        return np.maximum(spots, cheeks)
    return np.maximum(skin.oval(0.3, -0.55, 0.22, 0.2), inside(0.55 - skin.y, 0.2))


def spectacles(skin: Skin) -> Cover:
    if skin.on_face:
        rim = skin.oval(0.43, -0.12, 0.34, 0.28, softness=0.15)
        return rim - skin.oval(0.43, -0.12, 0.22, 0.17, softness=0.1)


def cheeks(skin: Skin) -> Cover:
    """Pale cheeks, muzzle and brows, as a shiba's."""
    if skin.on_face:
        low = inside(0.34 - 0.5 * skin.side - skin.y + skin.clouds * 0.1, 0.12)
        return np.maximum(low, skin.oval(0.34, -0.42, 0.14, 0.1, softness=0.08))
    return skin.oval(0, -0.2, 0.5, 1.2)


def patch(skin: Skin) -> Cover:
    """A patch over one eye."""
    if skin.on_face:
        across, down = (skin.x - 0.52) * 1.9, (skin.y + 0.28) * 1.6
        return inside(np.sqrt(across * across + down * down) - 1 + skin.clouds * 0.4, 0.1)
    return skin.oval(0.9, -0.1, 0.4, 0.6, softness=0.08)


def bib(skin: Skin) -> Cover:
    """White chest."""
    if not skin.on_face:
        return skin.oval(0, -0.35, 0.5, 0.95, softness=0.1)


def saddle(skin: Skin) -> Cover:
    """Dark back and shoulders."""
    if not skin.on_face:
        return inside(0.52 - skin.side + 0.2 * skin.y + skin.clouds * 0.3, 0.15)


def topknot(skin: Skin) -> Cover:
    """Another color on the crown."""
    if skin.on_face:
        return inside(skin.y + 0.45 + 0.3 * skin.side + skin.clouds * 0.25, 0.25)


def tabby(skin: Skin) -> Cover:
    """Stripes: an M on the forehead, lines from the eyes, bars on the flanks."""
    if skin.on_face:
        forehead = inside(0.5 - wave(skin.x * 2.4 + 0.5), 0.5) * inside(skin.y + 0.34, 0.15)
        cheek = inside(0.5 - wave(skin.y * 2.8 - skin.side * 0.9), 0.5) * inside(0.5 - skin.side, 0.1)
        return np.maximum(forehead, cheek)
    return inside(0.5 - wave(skin.y * 1.9 + skin.side * 0.5 + skin.clouds * 0.6), 0.4)


def spots(skin: Skin) -> Cover:
    """Solid dots, as an Egyptian Mau's, with stripes on the forehead."""
    distance, radius = skin.dots(3.2 if skin.on_face else 2.7, 0.115, 0.9)
    dots = inside(distance - radius, 0.06)
    if not skin.on_face:
        return dots
    forehead = inside(0.5 - wave(skin.x * 2.4 + 0.5), 0.5) * inside(skin.y + 0.34, 0.15)
    return np.maximum(forehead, dots * inside(0.45 - skin.side, 0.1))


def rosettes(skin: Skin) -> Cover:
    """Rings, as a Bengal's."""
    distance, radius = skin.dots(2.4 if skin.on_face else 1.9, 0.15, 0.97)
    rings = inside(np.abs(distance - radius) - 0.055, 0.06) * (radius > 0)
    if not skin.on_face:
        return rings
    forehead = inside(0.45 - wave(skin.x * 3.0 + 0.5), 0.5) * inside(skin.y + 0.3, 0.15)
    return np.maximum(forehead, rings * inside(0.3 - skin.side, 0.1))


def belton(skin: Skin) -> Cover:
    """Many small spots of unlike sizes, as an English setter's."""
    distance, radius = skin.dots(4.0, 0.085, 0.85)
    return inside(distance - radius, 0.06)


def ticked(skin: Skin) -> Cover:
    """Every hair banded light and dark, as an Abyssinian's."""
    return inside(0.5 - skin.grains, 0.2)


def roan(skin: Skin) -> Cover:
    """White hairs mixed in, thickest on the body."""
    grains = inside(0.52 - skin.grains, 0.2)
    return grains if not skin.on_face else grains * inside(0.25 - skin.y, 0.3)


def brindle(skin: Skin) -> Cover:
    """Thin, broken, dark stripes."""
    lines = wave(skin.y * 4.2 + skin.x * 0.8 + skin.clouds * 1.6)
    return inside(0.62 - lines, 0.3) * inside(0.35 - skin.grains, 0.3)


def tips(skin: Skin) -> Cover:
    """Dark tips on the hair, in flecks."""
    return inside(0.55 - skin.noise(skin.x * 5 + skin.shift, skin.y * 2.2), 0.3)


# No pet has the marks below; imaginary animals do.

def halves(skin: Skin) -> Cover:
    return inside(skin.x + skin.clouds * 0.2, 0.06)


def bars(skin: Skin) -> Cover:
    return inside(0.5 - wave(skin.x * 2.2 + skin.clouds * 0.4), 0.25)


def bandit(skin: Skin) -> Cover:
    if skin.on_face:
        return inside(np.abs(skin.y + 0.1 - 0.15 * skin.side) - 0.22 + skin.clouds * 0.1, 0.08)


def chin(skin: Skin) -> Cover:
    return inside(0.15 - skin.y + skin.clouds * 0.3, 0.12)


def rings(skin: Skin) -> Cover:
    return inside(0.5 - wave(np.sqrt(skin.x * skin.x + skin.y * skin.y) * 2.2 + skin.clouds * 0.3), 0.25)


def blotches(skin: Skin) -> Cover:
    return inside(0.05 - skin.clouds, 0.08)


def star(skin: Skin) -> Cover:
    if skin.on_face:
        return inside(skin.side + np.abs(skin.y + 0.55) - 0.25, 0.06)


PET_MARKS = {mark.__name__: mark for mark in (
    points, mask, muzzle, blaze, cap, half_mask, brows, spectacles, cheeks, patch, bib, saddle, topknot,
    tabby, spots, rosettes, belton, ticked, roan, brindle, tips)}
IMAGINARY_MARKS = {mark.__name__: mark for mark in (halves, bars, bandit, chin, rings, blotches, star)}
MARKS = PET_MARKS | IMAGINARY_MARKS
