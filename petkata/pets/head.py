"""The head: skull, ears, muzzle, eyes. Each function paints one thing of an `Animal`."""

from __future__ import annotations

from .animal import Animal, darker, paler
from .canvas import Capsule, Ellipse, Polygon, Shape
from .looks import Color

WHITE = (255, 255, 255)
SIDES = (-1, 1)


def paint_head(animal: Animal) -> None:
    look = animal.look
    hanging = look.ears in ("dropped", "long", "button", "folded", "rose")
    paint_crown(animal)
    if not hanging:
        paint_ears(animal)
    skull = Ellipse(0, 0, look.head_width, look.head_height, look.jaw, look.blocky)
    animal.paint(animal.head, skull, look.coat, "face")
    animal.count_as_head(skull)
    if hanging:
        paint_ears(animal)
    paint_muzzle(animal)
    paint_eyes(animal)
    if look.beard > 0.7:
        paint_eyebrows(animal)
    if look.wrinkles:
        paint_wrinkles(animal)
    if look.whiskers:
        paint_whiskers(animal)


# --- ears ---


def paint_ears(animal: Animal) -> None:
    color = animal.look.ear_coat or animal.look.coat
    pink = tuple((a + b) // 2 for a, b in zip(darker(color, 0.8), (215, 150, 140)))
    for side in SIDES:
        outer, linings = ear_shapes(animal, side)
        for shape in outer:
            animal.paint(animal.head, shape, color, tufts=0.7, rim=0.45)
            animal.count_as_head(shape)
        for lining in linings:
            animal.canvas.fill(animal.head, lining, pink, 0.85, 0.1)


def ear_shapes(animal: Animal, side: int) -> tuple[list[Shape], list[Shape]]:
    """The ear itself and, where one sees into it, its lining."""
    look, size = animal.look, animal.look.ear_size * animal.scene.size

    def at(x: float, y: float) -> tuple[float, float]:
        return animal.across(side * x * look.head_width, -0.15), y * look.head_height

    if look.ears in ("pricked", "tufted", "bat"):
        corners = at(0.2, -0.78), at(0.62 + 0.28 * size, -0.62 - 0.72 * size), at(0.92, -0.3)
        rounding = (0.16 if look.ears == "bat" else 0.05) * size
        (left, top), tip, (right, bottom) = corners
        x, y = (left + right) / 2, (top + bottom) / 2
        lining = tuple((a + 0.32 * (x - a), b + 0.32 * (y - b)) for a, b in corners)
        outer: list[Shape] = [Polygon(corners, rounding)]
        if look.ears == "tufted":
            outer.append(Capsule(*tip, tip[0] + side * 0.04, tip[1] - 0.28, 0.07, 0.01))
        return outer, [Polygon(lining, 0.6 * rounding)]
    if look.ears == "round":
        return ([Ellipse(*at(0.75, -0.8), 0.36 * size, 0.36 * size)],
                [Ellipse(*at(0.75, -0.78), 0.2 * size, 0.2 * size)])
    if look.ears == "dropped":
        return [Capsule(*at(0.84, -0.52), *at(1.08, -0.5 + 0.85 * size), 0.2, 0.32)], []
    if look.ears == "long":
        return [Capsule(*at(0.84, -0.52), *at(1.12, -0.5 + 1.45 * size), 0.2, 0.32)], []
    flaps = {
        "button": ((0.42, -0.86), (0.98, -0.72), (0.86, -0.68 + 0.5 * size)),
        "folded": ((0.34, -0.86), (0.72, -1.02 - 0.12 * size), (1.08, -0.5), (0.95, -0.5)),
        "rose": ((0.34, -0.86), (0.7, -0.98), (1.28, -0.72), (0.95, -0.5)),
    }
    if look.ears in flaps:
        return [Polygon(tuple(at(*corner) for corner in flaps[look.ears]), 0.06 * size)], []
    return [], []


# --- muzzle ---


def paint_muzzle(animal: Animal) -> None:
    look, scene, fill = animal.look, animal.scene, animal.canvas.fill
    x, y = animal.across(0, 0.5 + 0.45 * look.muzzle), look.nose_y + scene.nod * 1.4
    color = look.muzzle_coat or face_color(animal, on_muzzle=True)
    if sum(color) < 180:  # black on black would hide the face
        color = paler(color, 0.09)
    width, height = look.muzzle_width * scene.size, 0.26 + 0.22 * look.muzzle
    if look.muzzle > 0.25:
        bridge = Capsule(animal.across(0, 0.45), -0.15, x, y, 0.2, 0.85 * width)
        bridge_color = face_color(animal, on_muzzle=False)
        animal.paint(animal.head, bridge, bridge_color, rim=0.22, softness=0.2, tufts=0.3)
    if look.beard:
        hair = Ellipse(x, y + 0.3 + 0.25 * look.beard, width * 1.35, 0.38 + 0.35 * look.beard, blocky=0.5)
        animal.paint(animal.head, hair, color, tufts=1.3)
        animal.count_as_head(hair)
    pad = Ellipse(x, y + 0.14, width, height, taper=-0.1)
    animal.paint(animal.head, pad, color, rim=0.3, tufts=0.6)
    animal.count_as_head(pad)
    paint_mouth(animal, x, y, width, height, color)
    size = look.nose_size * scene.size
    fill(animal.head, Ellipse(x, y, size, size * 0.72, taper=0.35), look.nose, 1, 0.04)
    fill(animal.head, Ellipse(x - 0.25 * size, y - 0.28 * size, size * 0.35, size * 0.2), WHITE, 0.4, 0.06)


def paint_mouth(animal: Animal, x: float, y: float, width: float, height: float, color: Color) -> None:
    look, fill, low = animal.look, animal.canvas.fill, y + height * 0.75
    line = darker(color, 0.45 if sum(color) > 240 else 0.25)
    fill(animal.head, Capsule(x, y, x, low, 0.022, 0.022), line)
    if animal.scene.tongue < look.tongue:
        fill(animal.head, Capsule(x, low, x + 0.03, low + 0.26, 0.14, 0.13), (216, 112, 118), 1, 0.03)
    for side in SIDES:
        if look.jowls:
            middle, hang = x + side * width * 0.55, y + 0.22 + 0.2 * look.jowls
            flap = Ellipse(middle, hang, width * 0.52, 0.3 * (0.6 + look.jowls))
            animal.paint(animal.head, flap, color, rim=0.4, tufts=0.4)
        fill(animal.head, Capsule(x, low, x + side * width * 0.72, low - 0.1, 0.03, 0.02), line)


def face_color(animal: Animal, on_muzzle: bool) -> Color:
    """The color of the muzzle, or of the bridge of the nose above it, as the marks leave it."""
    color = animal.look.coat
    reaching = ("points", "mask", "blaze") + (("muzzle", "cheeks", "chin") if on_muzzle else ())
    for mark in animal.look.marks:
        share = mark.strength * animal.scene.marked if mark.kind in reaching else 0
        color = tuple(round(a + share * (b - a)) for a, b in zip(color, mark.color))
    return color


# --- eyes, and lines about them ---


def paint_eyes(animal: Animal) -> None:
    look, fill = animal.look, animal.canvas.fill
    size, y = look.eye_size * animal.scene.size, -0.12 + animal.scene.nod
    for side in SIDES:
        x = animal.across(side * look.eye_gap, 0.45)
        wide = size * (1 - 0.25 * max(0.0, side * animal.scene.turn))
        fill(animal.head, Ellipse(x, y, wide * 1.3, size * 1.2), (26, 20, 20), 0.8, 0.08)
        fill(animal.head, Ellipse(x, y, wide, size * 0.92), look.eyes)
        across, down = (0.3, 0.8) if look.slit_pupils else (0.55, 0.55)
        fill(animal.head, Ellipse(x, y, wide * across, size * down), (12, 10, 12))
        glint = Ellipse(x - 0.3 * size, y - 0.35 * size, size * 0.25, size * 0.25)
        fill(animal.head, glint, WHITE, 0.9, 0.03)


def paint_eyebrows(animal: Animal) -> None:
    """Bushy ones, which hang over the eyes of bearded terriers."""
    color = paler(animal.look.muzzle_coat or animal.look.coat, 0.1)
    for side in SIDES:
        x, y = animal.across(side * animal.look.eye_gap, 0.45), -0.37 + animal.scene.nod
        tuft = Capsule(x - side * 0.14, y + 0.02, x + side * 0.26, y + 0.06, 0.11, 0.07)
        animal.paint(animal.head, tuft, color, tufts=0.4)


def paint_wrinkles(animal: Animal) -> None:
    line, strength, across = darker(animal.look.coat, 0.55), animal.look.wrinkles, animal.across
    for row in range(3):
        y, reach = -0.42 - 0.17 * row + animal.scene.nod, 0.42 - 0.08 * row
        for side in SIDES:
            inner, outer = across(0.02 * side, 0.45), across(side * reach, 0.4)
            fold = Capsule(inner, y + 0.06, outer, y - 0.04, 0.03, 0.015)
            animal.canvas.fill(animal.head, fold, line, 0.75 * strength, 0.05)
    for side in SIDES:
        fold = Capsule(across(0.18 * side, 0.5), 0.02, across(side * 0.5, 0.4), 0.32, 0.03, 0.03)
        animal.canvas.fill(animal.head, fold, line, 0.6 * strength, 0.05)


def paint_whiskers(animal: Animal) -> None:
    y, across = animal.look.nose_y + 0.1 + animal.scene.nod, animal.across
    for side in SIDES:
        for slope in (-0.12, 0.05, 0.22):
            hair = Capsule(across(side * 0.28, 0.5), y, across(side * 1.15, 0.4), y + slope, 0.014, 0.008)
            animal.canvas.fill(animal.head, hair, (245, 245, 245), 0.6)


def paint_crown(animal: Animal) -> None:
    """What no pet has."""
    for side in SIDES:
        for part in crown_parts(animal.look.crown, side, animal.across(side * 0.35, 0)):
            animal.canvas.fill(animal.head, part, paler(animal.look.nose, 0.5))
            animal.count_as_head(part)


def crown_parts(kind: str, side: int, x: float) -> list[Shape]:
    if kind == "horns":
        return [Capsule(x, -0.8, x + side * 0.3, -1.5, 0.16, 0.03)]
    if kind == "antennae":
        tip = x + side * 0.2
        return [Capsule(x, -0.8, tip, -1.5, 0.04, 0.03), Ellipse(tip, -1.52, 0.12, 0.12)]
    if kind == "antlers":
        return [Capsule(x, -0.8, x + side * 0.45, -1.55, 0.09, 0.05),
                Capsule(x + side * 0.2, -1.15, x - side * 0.05, -1.5, 0.06, 0.03)]
    if kind == "crest" and side == 1:
        return [Polygon(((-0.2, -0.7), (0.0, -1.55), (0.2, -0.7)), 0.06)]
    return []
