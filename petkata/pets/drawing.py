"""Draws one picture of an animal. `draw` is all that the rest of the course needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .animal import Animal
from .canvas import Canvas, Dice, Noise
from .head import paint_head
from .looks import Look
from .scene import paint_front, paint_room, photograph, scene_of


@dataclass(frozen=True)
class Drawing:
    """`pixels`: uint8 (size, size, 3). `head_box`: (left, top, right, bottom) of head and ears, in pixels."""

    pixels: np.ndarray
    head_box: tuple[int, int, int, int]


def draw(look: Look, seed: int, size: int = 64) -> Drawing:
    """Draw one picture, `size` (48 to 512) pixels square. The same seed is the same scene, whatever the size.

    `seed` is 0 or more. The pixels are the same on every machine. Raises ValueError for another size.
    """
    if not 48 <= size <= 512:
        raise ValueError(f"size must be from 48 to 512 pixels, not {size}")
    dice = Dice(seed)
    scene, noise, canvas = scene_of(dice), Noise(dice), Canvas(size)
    paint_room(canvas, scene, dice, noise)
    animal = Animal(canvas, look, scene, noise, shift=dice.between(0, 60))
    animal.paint_body()
    paint_head(animal)
    paint_front(canvas, scene, dice)
    photograph(canvas, scene, noise, look.camera)
    pixels = np.clip(canvas.pixels + np.float32(0.5), 0, 255).astype(np.uint8).transpose(1, 2, 0)
    left, top, right, bottom = animal.head_box()
    if scene.mirror:
        pixels, left, right = pixels[:, ::-1], size - right, size - left
    return Drawing(np.ascontiguousarray(pixels), (left, top, right, bottom))
