"""Where the animal is and how it was photographed: pose, room, light, what stands in front, the camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .canvas import Canvas, Capsule, Dice, Ellipse, Frame, Noise, Polygon, inside, paint_value, wave


@dataclass(frozen=True)
class Scene:
    """All that changes from picture to picture. Places are fractions of the picture's side."""

    x: float  # of the head's middle
    y: float
    scale: float  # half the head's width
    tilt: float  # of the head, in radians
    turn: float  # of the head to the side: 0 faces the viewer
    nod: float  # of the head: above 0 looks down
    stand: float  # below 0 sits, above 0 stands with its body to one side
    mirror: bool
    light_x: float  # where the light comes from
    light_y: float
    bright: float
    warm: float  # of the light: above 0 yellowish
    tint: float  # of the camera: above 0 greenish
    blur: float
    grain: float
    contrast: float
    tongue: float
    coat: float  # this one is lighter or darker than its breed
    marked: float  # its marks are fainter (below 1)
    size: float  # its features are a little larger or smaller
    room: str
    front: str


def scene_of(dice: Dice) -> Scene:
    between = dice.between
    return Scene(
        x=between(0.42, 0.58), y=between(0.37, 0.47), scale=between(0.235, 0.305),
        tilt=between(-0.2, 0.2), turn=between(-0.32, 0.32), nod=between(-0.08, 0.1),
        stand=between(-1, 1), mirror=dice.chance(0.5),
        light_x=between(-1, 1), light_y=between(-1, 0.4), bright=between(0.78, 1.12), warm=between(-1, 1),
        tint=between(-1, 1), blur=between(0, 1), grain=between(0.2, 1), contrast=between(-1, 1),
        tongue=dice.random(), coat=between(-1, 1), marked=between(0.6, 1), size=between(0.92, 1.08),
        room=dice.pick(tuple(ROOMS)),
        front=dice.pick((None,) * 6 + tuple(FRONTS)),
    )


# --- the room ------------------------------------------------------------------------------------------


class Backdrop:
    """The canvas while only the room is on it."""

    def __init__(self, canvas: Canvas, dice: Dice, noise: Noise):
        self.pixels, self.fill, self.dice, self.noise = canvas.pixels, canvas.fill, dice, noise
        self.frame = Frame(canvas.size)
        self.shift = dice.between(0, 60)
        self.clouds = noise(self.frame.x * 4 + self.shift, self.frame.y * 4)
        horizon = dice.between(0.35, 0.75)
        # soft edges everywhere: what is behind the animal is out of focus
        self.floor = inside(horizon - self.frame.y + (self.clouds - 0.5) * 0.1, 0.05)

    def above_and_below(self, above: tuple, below: tuple) -> None:
        """Wall and floor, or sky and ground, each of a color between the two given for it."""
        above, below = color_between(self.dice, *above), color_between(self.dice, *below)
        self.pixels[:] = above
        self.pixels += self.floor * (below - above)


def color_between(dice: Dice, low, high) -> np.ndarray:
    """Somewhere between two colors: mostly by lightness, a little by hue."""
    light = dice.random()
    return paint_value([a + (b - a) * (0.6 * light + 0.4 * dice.random()) for a, b in zip(low, high)])


def muted(dice: Dice) -> list[float]:
    light = dice.between(60, 220)
    return [light + dice.between(-45, 35) for _ in range(3)]


def grass(back: Backdrop) -> None:
    back.above_and_below(((60, 90, 50), (190, 210, 200)), ((60, 100, 30), (130, 165, 80)))
    blades = back.noise(back.frame.x * 26 + back.shift, back.frame.y * 9)
    back.pixels *= 0.65 + 0.4 * blades + 0.3 * back.clouds


def wall(back: Backdrop) -> None:
    indoors(back)
    left, top = back.dice.between(-0.1, 0.8), back.dice.between(-0.2, 0.2)
    picture = ((left, top), (left + 0.3, top), (left + 0.3, top + 0.35), (left, top + 0.35))
    back.fill(back.frame, Polygon(picture), muted(back.dice), 1, 0.02)
    back.pixels *= 0.9 + 0.2 * back.clouds


def sofa(back: Backdrop) -> None:
    indoors(back)
    cloth = muted(back.dice)
    back.fill(back.frame, Ellipse(back.dice.between(0.3, 0.7), 0.75, 0.6, 0.45, blocky=0.8), cloth, 1, 0.03)
    lighter = [min(255, c * 1.25) for c in cloth]
    back.fill(back.frame, Ellipse(back.dice.between(0, 1), 0.7, 0.24, 0.2, blocky=0.7), lighter, 1, 0.03)
    back.pixels *= 0.85 + 0.3 * back.clouds


def sky(back: Backdrop) -> None:
    back.above_and_below(((120, 160, 200), (190, 215, 240)), ((110, 100, 70), (190, 180, 130)))
    back.pixels += 70 * np.clip(back.clouds - 0.5, 0, 1) * (1 - back.floor)


def snow(back: Backdrop) -> None:
    back.above_and_below(((120, 130, 145), (190, 200, 215)), ((205, 210, 220), (240, 242, 246)))
    back.pixels *= 0.85 + 0.2 * back.clouds


def garden(back: Backdrop) -> None:
    back.above_and_below(((60, 90, 50), (190, 210, 200)), ((60, 100, 30), (130, 165, 80)))
    back.pixels *= 0.6 + 0.8 * back.clouds
    between = back.dice.between
    for _ in range(5):
        flower = Ellipse(between(0, 1), between(0, 0.6), between(0.04, 0.12), between(0.04, 0.12))
        back.fill(back.frame, flower, [between(90, 255) for _ in range(3)], 0.7, 0.05)


def curtain(back: Backdrop) -> None:
    indoors(back)
    back.pixels *= 0.7 + 0.4 * wave(back.frame.x * back.dice.between(3, 7) + back.clouds * 0.6)


def tiles(back: Backdrop) -> None:
    back.above_and_below(((120, 110, 100), (225, 220, 215)), ((90, 70, 60), (200, 180, 160)))
    joints = np.minimum(wave(back.frame.x * 5 + back.shift), wave(back.frame.y * 7 + back.shift))
    back.pixels *= (0.75 + 0.25 * np.clip(joints * 6, 0, 1)) * (0.9 + 0.2 * back.clouds)


def indoors(back: Backdrop) -> None:
    back.above_and_below(((60, 50, 60), (235, 225, 220)), ((70, 45, 35), (190, 160, 135)))


ROOMS = {room.__name__: room for room in (grass, wall, sofa, sky, snow, garden, curtain, tiles)}


def paint_room(canvas: Canvas, scene: Scene, dice: Dice, noise: Noise) -> None:
    """Fill the whole picture."""
    ROOMS[scene.room](Backdrop(canvas, dice, noise))


# --- in front: hides part of the body, never most of the face ------------------------------------------


def blades(canvas: Canvas, frame: Frame, dice: Dice) -> None:
    for _ in range(9):
        x, top = dice.random(), dice.between(0.6, 0.9)
        blade = Capsule(x, 1.05, x + dice.between(-0.1, 0.1), top, 0.015, 0.004)
        canvas.fill(frame, blade, (dice.between(60, 110), dice.between(110, 170), dice.between(40, 70)))


def ball(canvas: Canvas, frame: Frame, dice: Dice) -> None:
    x, y, r = dice.between(0.1, 0.9), dice.between(0.82, 0.95), dice.between(0.08, 0.14)
    color = dice.pick(((220, 60, 50), (60, 120, 220), (210, 220, 60), (240, 140, 40)))
    canvas.fill(frame, Ellipse(x, y, r, r), color)
    shine = Ellipse(x - r * 0.3, y - r * 0.3, r * 0.35, r * 0.3)
    canvas.fill(frame, shine, (255, 255, 255), 0.4, r * 0.4)


def rail(canvas: Canvas, frame: Frame, dice: Dice) -> None:
    x, slope = dice.pick((dice.between(0.05, 0.25), dice.between(0.75, 0.95))), dice.between(-0.05, 0.05)
    shade = dice.between(60, 200)
    canvas.fill(frame, Capsule(x, -0.1, x + slope, 1.1, 0.035, 0.035), (shade, shade * 0.85, shade * 0.7))


def blanket(canvas: Canvas, frame: Frame, dice: Dice) -> None:
    color = muted(dice)
    canvas.fill(frame, Ellipse(dice.between(0.1, 0.9), 1.15, 0.6, dice.between(0.25, 0.38)), color)


FRONTS = {front.__name__: front for front in (blades, ball, rail, blanket)}


def paint_front(canvas: Canvas, scene: Scene, dice: Dice) -> None:
    """Four times in ten something stands before the animal."""
    if scene.front:
        FRONTS[scene.front](canvas, Frame(canvas.size), dice)


# --- light and camera ----------------------------------------------------------------------------------


def photograph(canvas: Canvas, scene: Scene, noise: Noise, strength: float) -> None:
    """Light falls on the whole picture; then the camera blurs, tints and grains it, by `strength`."""
    x, y, pixels = Frame(canvas.size).x, Frame(canvas.size).y, canvas.pixels
    light = scene.bright * (1 + 0.14 * scene.light_x * (0.5 - x) + 0.14 * scene.light_y * (0.5 - y))
    pixels *= light * paint_value((1 + 0.05 * scene.warm, 1, 1 - 0.07 * scene.warm))
    if not strength:
        return
    blur(pixels, strength * scene.blur * 0.8)
    tint = strength * scene.tint
    contrast = 1 + 0.2 * strength * scene.contrast
    pixels -= 128
    pixels *= contrast * paint_value((1 - 0.06 * tint, 1 + 0.06 * tint, 1 - 0.1 * tint))
    pixels += 128
    x, y = x * 125, y * 125
    grain = 40 * strength * scene.grain
    pixels += grain * (noise(x, y) - 0.5)
    pixels[0] += grain * 0.7 * (noise(x + 31, y + 17) - 0.5)
    pixels[2] += grain * 0.7 * (noise(y + 7, x + 43) - 0.5)


def blur(pixels: np.ndarray, share: float) -> None:
    """Mix each point with its neighbors a 64th of the picture away, `share` from 0 to 1, in place."""
    step = max(1, round(pixels.shape[1] / 64))
    while step:  # in a large picture the nearer ones too, or edges would be seen double
        for axis in (1, 2):
            ahead, behind = np.roll(pixels, step, axis), np.roll(pixels, -step, axis)
            pixels += share / 4 * (ahead + behind - 2 * pixels)
        step //= 2
