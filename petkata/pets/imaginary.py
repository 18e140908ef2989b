"""Animals that nobody has seen, to learn seeing from: free mixes of the same parts, none of them a breed."""

from __future__ import annotations

from . import coats
from .breeds import BREEDS
from .canvas import Dice
from .looks import CROWNS, EARS, Color, Look, Mark, difference

# How unlike every real breed an imaginary animal is at least, by `looks.difference`. The two breeds most
# alike, great_pyrenees and samoyed, are 2.9 apart, the median pair 11.6.
FAR_ENOUGH = 3.0

# Kept from imaginary animals, like curly and wire fur and the camera, so that a net pretrained on them still
# has something to learn in its early and middle layers: the fine textures of real coats, and photographs.
UNSEEN_MARKS = ("ticked", "belton", "roan", "brindle", "tips")

FURS = ("hairless", "short", "short", "medium", "long", "long")
MARKS = tuple(kind for kind in coats.MARKS if kind not in UNSEEN_MARKS)


def imaginary_look(index: int) -> Look:
    """The `index`-th imaginary animal (0 or more), always the same one. It is never close to a real breed."""
    dice = Dice(1_000_003 + index)
    while True:
        look = _any_look(dice)
        if min(difference(look, breed) for breed in BREEDS.values()) >= FAR_ENOUGH:
            return look


def _any_look(dice: Dice) -> Look:
    between, pick, chance = dice.between, dice.pick, dice.chance
    kinds = [pick(MARKS) for _ in range(pick((0, 1, 1, 2, 2, 3)))]
    marks = {kind: Mark(kind, _color(dice), between(0.6, 1)) for kind in kinds}
    return Look(
        coat=_color(dice),
        marks=tuple(marks.values()),
        body_coat=_color(dice) if chance(0.3) else None,
        ear_coat=_color(dice) if chance(0.4) else None,
        muzzle_coat=_color(dice) if chance(0.2) else None,
        fur=pick(FURS),
        ruff=pick((0, 0, 0, between(0.3, 1.1))),
        wrinkles=pick((0, 0, 0, 1)),
        head_width=between(0.82, 1.18),
        head_height=between(0.82, 1.1),
        jaw=between(-0.2, 0.38),
        blocky=pick((0, between(0, 0.6))),
        muzzle=between(-0.1, 0.95),
        muzzle_width=between(0.3, 0.62),
        jowls=pick((0, 0, between(0.3, 1))),
        beard=pick((0, 0, 0, between(0.3, 1))),
        nose=pick(((30, 26, 28), (200, 130, 125), (120, 70, 60), _color(dice))),
        nose_size=between(0.09, 0.2),
        ears=pick(EARS),
        ear_size=between(0.4, 1.4),
        eyes=_color(dice) if chance(0.7) else (60, 38, 22),
        eye_size=between(0.13, 0.26),
        eye_gap=between(0.36, 0.54),
        slit_pupils=chance(0.4),
        whiskers=chance(0.4),
        body=between(0.65, 1.35),
        crown=pick(("none",) * 5 + CROWNS[1:]),
        tongue=pick((0, 0.4)),
        camera=0.0,
    )


def _color(dice: Dice) -> Color:
    """Half of them colors that animals have, half any color at all."""
    if dice.chance(0.5):
        light, warm = dice.between(30, 240), dice.between(0, 0.65)
        return round(light), round(light * (1 - 0.45 * warm)), round(light * (1 - 0.9 * warm))
    return tuple(round(dice.between(20, 245)) for _ in range(3))
