"""An animal in its scene: where its parts are, how its fur is painted, and its body."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from .canvas import Canvas, Capsule, Ellipse, Frame, Noise, Shape, inside, paint_value, wave
from .coats import FURS, MARKS, Skin, flow
from .looks import Color, Look
from .scene import Scene


def darker(color: Color, share: float = 0.7) -> Color:
    return tuple(round(c * share) for c in color)


def paler(color: Color, share: float) -> Color:
    return tuple(round(c + (255 - c) * share) for c in color)


class Animal:
    """One animal in its scene.

    `head` and `trunk` are the frames that it is drawn in: lengths on the head are in half head widths, from
    the middle of the face; those on the trunk grow with the breed's body.
    """

    def __init__(self, canvas: Canvas, look: Look, scene: Scene, noise: Noise, shift: float):
        self.canvas, self.look, self.scene, self.noise, self.shift = canvas, look, scene, noise, shift
        self.fur = FURS[look.fur]
        self.head = Frame(canvas.size, (scene.x, scene.y), scene.scale, scene.tilt)
        below_head = (scene.x + 0.25 * scene.stand * scene.scale, scene.y + 1.75 * scene.scale)
        self.trunk = Frame(canvas.size, below_head, scene.scale * look.body)
        self.facing = round(math.sqrt(1 - scene.turn * scene.turn), 6)
        self.head_bounds: list[tuple[float, float, float, float]] = []

    # --- where things are ---

    def across(self, x: float, depth: float) -> float:
        """Where a point of the face, `depth` in front of the head's axis, appears when the head is turned."""
        return x * self.facing + depth * self.scene.turn

    def count_as_head(self, shape: Shape) -> None:
        self.head_bounds.append(self.head.bounds(shape))

    def head_box(self) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) in pixels of all that counts as head, as far as it is in the picture."""
        lefts, tops, rights, bottoms = zip(*self.head_bounds)
        size = self.canvas.size
        return (max(0, int(min(lefts))), max(0, int(min(tops))),
                min(size, int(max(rights)) + 1), min(size, int(max(bottoms)) + 1))

    # --- fur ---

    @cached_property
    def around(self) -> tuple[np.ndarray, np.ndarray]:
        return flow(self.head.x, self.head.y)

    @cached_property
    def surface(self) -> np.ndarray:
        """Light and dark of the fur, for the whole picture: hair, and light from one side."""
        fur, scene = self.fur, self.scene
        x, y = self.around if fur.flows else (self.head.x, self.head.y)
        hair = self.noise(x * fur.across + self.shift, y * fur.down)
        light = 1 - 0.1 * (scene.light_x * self.head.x - scene.light_y * self.head.y * 0.5)
        return np.clip(light, 0.65, 1.3) * (1 + fur.depth * (hair - 0.5)) * (1 + 0.12 * scene.coat)

    @cached_property
    def tufts(self) -> np.ndarray:
        """What an outline gains or loses at each point of the picture: locks of hair, or curls."""
        if self.fur.flows:
            around, away = self.around
            bend = self.noise(around * 2.5 + self.shift, away * 2)
            locks = wave(around * 6 + bend * 1.4) + 0.5 * wave(around * 11 + away - bend) - 0.7
            return locks * (0.35 + bend) * self.fur.tufts
        return (self.noise(self.head.x * 5.5 + self.shift, self.head.y * 5.5) - 0.5) * (2.5 * self.fur.tufts)

    def paint(self, frame: Frame, shape: Shape, color: Color, marks: str = "", tufts: float = 1.0,
              rim: float | None = None, softness: float = 0.0) -> None:
        """Cover `shape` with fur.

        `marks` says which of the breed's marks lie on it: "face", "body" or none. `tufts` scales how rough
        the outline is, `rim` (else the fur's own) is how much darker its edge is, `softness` blurs it.
        """
        rough = self.fur.tufts * tufts
        box = frame.box(shape, 1.3 * rough + softness / 2)
        if box is None:
            return
        x, y = frame.x[box], frame.y[box]
        distance = shape.distance(x, y)
        if rough:
            distance += self.tufts[box] * tufts
        hue = paint_value(color)
        if marks:
            hue = self.marked(hue, x, y, on_face=marks == "face")
        inward = np.clip(1 + distance * (1 / 0.35), 0, 1)  # 1 at the edge, 0 well inside
        shade = self.surface[box] * (1 - (self.fur.rim if rim is None else rim) * inward * inward)
        self.canvas.blend(box, inside(distance, max(softness, frame.pixel)), hue * shade)

    def marked(self, hue: np.ndarray, x: np.ndarray, y: np.ndarray, on_face: bool) -> np.ndarray:
        if on_face:
            x, y = x - 0.45 * self.scene.turn, y - self.scene.nod
        skin = Skin(x, y, on_face, self.look.nose_y, self.noise, self.shift)
        for mark in self.look.marks:
            cover = MARKS[mark.kind](skin)
            if cover is not None:
                hue = hue + (cover * (mark.strength * self.scene.marked)) * (paint_value(mark.color) - hue)
        return hue

    # --- body ---

    def paint_body(self) -> None:
        look, frame, lean = self.look, self.trunk, self.scene.stand
        color = look.body_coat or look.coat
        neck = Capsule(0, 0.3, 0.2 * lean, 1.5, 0.5 * look.body, 0.75 * look.body)
        self.paint(self.head, neck, color)
        if lean > 0:  # stands: the trunk reaches to one side
            self.paint(frame, Ellipse(0.95, 0.15, 1.35, 0.72, blocky=0.3), color, "body")
            self.paint(frame, Capsule(1.7, 0.5, 1.75, 1.9, 0.24, 0.17), color)
        else:  # sits: haunches at both sides
            self.paint(frame, Ellipse(-0.72, 0.85, 0.45, 0.55), color, "body")
            self.paint(frame, Ellipse(0.72, 0.85, 0.45, 0.55), color, "body")
        self.paint(frame, Ellipse(0, 0.1, 0.85, 1.15, taper=-0.15), color, "body")
        for side in (-1, 1):
            leg = Capsule(side * 0.34, 0.3, side * 0.36, 1.6, 0.26, 0.19)
            self.paint(frame, leg, color, "body", rim=0.35)
        if look.ruff:
            mane = Ellipse(0, 0.5, 1.05 + 0.3 * look.ruff, 0.95 + 0.45 * look.ruff)
            self.paint(self.head, mane, paler(color, 0.12), tufts=1.6)
