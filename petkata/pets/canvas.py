"""A picture to paint on: shapes with soft edges, noise, dice.

The same seed gives the same picture on every machine, to the last bit. So arrays see only operations that
IEEE 754 defines exactly (+ - * / sqrt, comparisons, minimum and maximum): no sum over an array, no sine of an
array. Random numbers are PCG64's raw bits, a stream that NumPy promises never to change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Box = tuple[slice, slice]


class Dice:
    """Random numbers from a seed: the same on every machine and under every NumPy."""

    def __init__(self, seed: int):
        self._bits = np.random.PCG64(seed)

    def random(self) -> float:
        """A number from 0 up to 1, 1 excluded."""
        return (int(self._bits.random_raw()) >> 11) * 2.0**-53

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def pick(self, choices):
        return choices[int(self.random() * len(choices))]

    def table(self, *shape: int) -> np.ndarray:
        """Array of float32 from 0 up to 1."""
        raw = self._bits.random_raw(math.prod(shape))
        return ((raw >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)).reshape(shape)


class Noise:
    """Smooth noise from 0 to 1 with one bump in each unit square; repeats after 64 units."""

    def __init__(self, dice: Dice):
        self._table = dice.table(64 * 64)

    def cell(self, column: np.ndarray, row: np.ndarray, layer: int = 0) -> np.ndarray:
        """One number for each whole-numbered (column, row); layers are independent of one another."""
        return self._table.take(((row + 17 * layer & 63) << 6) + (column + 29 * layer & 63))

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        column, row, across, down = cells(x, y)
        across = across * across * (3 - 2 * across)
        down = down * down * (3 - 2 * down)
        left, right, top, bottom = column & 63, column + 1 & 63, (row & 63) << 6, (row + 1 & 63) << 6
        table = self._table
        upper, lower = table.take(top + left), table.take(bottom + left)
        upper = upper + across * (table.take(top + right) - upper)
        lower = lower + across * (table.take(bottom + right) - lower)
        return upper + down * (lower - upper)


def cells(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Column and row of the unit square around each point, and where in it the point lies (0 to 1)."""
    x, y = x + 64, y + 64  # positive, so that cutting the fraction off rounds down
    column, row = x.astype(np.int32), y.astype(np.int32)
    return column, row, x - column.astype(np.float32), y - row.astype(np.float32)


def wave(x: np.ndarray) -> np.ndarray:
    """Triangle wave: 0 at whole numbers, 1 half way between them."""
    x = x + 64
    return 1 - np.abs(2 * (x - x.astype(np.int32).astype(np.float32)) - 1)


def inside(distance: np.ndarray, softness: float) -> np.ndarray:
    """1 where `distance` is negative, 0 where it is positive, a ramp `softness` wide between."""
    return np.clip(0.5 - distance * (1 / softness), 0, 1)


def paint_value(color) -> np.ndarray:
    """A color, (red, green, blue) from 0 to 255, as an array that spreads over (3, height, width)."""
    return np.array(color, dtype=np.float32).reshape(3, 1, 1)


@dataclass(frozen=True)
class Ellipse:
    """Half-axes `a` across, `b` down. `taper` above 0 narrows it downward, `blocky` (0 to 1) squares it."""

    x: float
    y: float
    a: float
    b: float
    taper: float = 0.0
    blocky: float = 0.0

    def bounds(self):
        a = self.a * (1 + abs(self.taper))
        return self.x - a, self.y - self.b, self.x + a, self.y + self.b

    def distance(self, x, y):
        down = (y - self.y) * (1 / self.b)
        across = (x - self.x) * (1 / self.a)
        if self.taper:
            across = across / np.clip(1 - self.taper * down, 0.3, 2)
        across, down = across * across, down * down
        if self.blocky:
            # x^2 + y^2 is a circle, max(x^2, y^2) a square
            radius = (1 - self.blocky) * (across + down) + self.blocky * np.maximum(across, down)
        else:
            radius = across + down
        return (np.sqrt(radius) - 1) * min(self.a, self.b)


@dataclass(frozen=True)
class Capsule:
    """A line from one point to another, with a radius at each end."""

    x0: float
    y0: float
    x1: float
    y1: float
    r0: float
    r1: float

    def bounds(self):
        r = max(self.r0, self.r1)
        return (min(self.x0, self.x1) - r, min(self.y0, self.y1) - r,
                max(self.x0, self.x1) + r, max(self.y0, self.y1) + r)

    def distance(self, x, y):
        along_x, along_y = self.x1 - self.x0, self.y1 - self.y0
        x, y = x - self.x0, y - self.y0
        t = np.clip((x * along_x + y * along_y) * (1 / (along_x * along_x + along_y * along_y + 1e-9)), 0, 1)
        x, y = x - t * along_x, y - t * along_y
        return np.sqrt(x * x + y * y) - (self.r0 + t * (self.r1 - self.r0))


@dataclass(frozen=True)
class Polygon:
    """Convex, given by its corners; `rounding` grows it and rounds it."""

    corners: tuple[tuple[float, float], ...]
    rounding: float = 0.0

    def bounds(self):
        xs, ys, r = [x for x, _ in self.corners], [y for _, y in self.corners], self.rounding
        return min(xs) - r, min(ys) - r, max(xs) + r, max(ys) + r

    def distance(self, x, y):
        middle_x = sum(x for x, _ in self.corners) / len(self.corners)
        middle_y = sum(y for _, y in self.corners) / len(self.corners)
        furthest = None
        for (x0, y0), (x1, y1) in zip(self.corners, self.corners[1:] + self.corners[:1]):
            across, down = y1 - y0, x0 - x1
            length = math.sqrt(across * across + down * down) + 1e-9
            if (middle_x - x0) * across + (middle_y - y0) * down > 0:
                length = -length
            edge = (x - x0) * (across / length) + (y - y0) * (down / length)
            furthest = edge if furthest is None else np.maximum(furthest, edge)
        return furthest - self.rounding


Shape = Ellipse | Capsule | Polygon


class Frame:
    """A place to draw from: `x` and `y` of every pixel, seen from `origin`, turned by `angle`.

    `origin` and `scale`, the length of one unit, are fractions of the picture's side; `angle` is in radians.
    """

    def __init__(self, size: int, origin=(0.0, 0.0), scale: float = 1.0, angle: float = 0.0):
        self.size, self.origin, self.scale = size, origin, scale
        # rounded, because the last bit of a sine differs between machines
        self.cos, self.sin = round(math.cos(angle), 6), round(math.sin(angle), 6)
        self.pixel = 1 / (scale * size)
        steps = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
        across = (steps - np.float32(origin[0])) * np.float32(1 / scale)
        down = ((steps - np.float32(origin[1])) * np.float32(1 / scale))[:, None]
        self.x = across * self.cos + down * self.sin
        self.y = down * self.cos - across * self.sin

    def bounds(self, shape: Shape, margin: float = 0.0) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of `shape` in pixels, whether or not they lie in the picture."""
        left, top, right, bottom = shape.bounds()
        middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
        half_x, half_y = (right - left) / 2 + margin, (bottom - top) / 2 + margin
        x = self.origin[0] + self.scale * (middle_x * self.cos - middle_y * self.sin)
        y = self.origin[1] + self.scale * (middle_x * self.sin + middle_y * self.cos)
        reach_x = self.scale * (half_x * abs(self.cos) + half_y * abs(self.sin))
        reach_y = self.scale * (half_x * abs(self.sin) + half_y * abs(self.cos))
        return ((x - reach_x) * self.size, (y - reach_y) * self.size,
                (x + reach_x) * self.size, (y + reach_y) * self.size)

    def box(self, shape: Shape, margin: float = 0.0) -> Box | None:
        """The part of the picture that `shape` can touch; None when it lies outside."""
        left, top, right, bottom = self.bounds(shape, margin)
        left, top = max(0, math.floor(left - 1)), max(0, math.floor(top - 1))
        right, bottom = min(self.size, math.ceil(right + 1)), min(self.size, math.ceil(bottom + 1))
        return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None


class Canvas:
    """Pixels as float32 (3, size, size), from 0 to 255: red, green and blue one behind the other."""

    def __init__(self, size: int):
        self.size = size
        self.pixels = np.zeros((3, size, size), dtype=np.float32)

    def blend(self, box: Box, cover: np.ndarray, color: np.ndarray) -> None:
        """Lay `color` over the picture inside `box`, `cover` (0 to 1) of it."""
        below = self.pixels[:, box[0], box[1]]
        below += cover * (color - below)

    def fill(self, frame: Frame, shape: Shape, color, opacity: float = 1.0, softness: float = 0.0) -> None:
        """Fill `shape` with one color. `softness` in the frame's units blurs its edge."""
        box = frame.box(shape, softness / 2)
        if box is not None:
            cover = inside(shape.distance(frame.x[box], frame.y[box]), max(softness, frame.pixel))
            self.blend(box, cover * opacity if opacity != 1 else cover, paint_value(color))
