import cmath
import math

import numpy as np

from petkata.checking import alternative


@alternative
def cosine_anneal(start, end, position):
    if position < 0 or position > 1:
        raise ValueError("position runs from 0 to 1")
    return end + (start - end) / 2 * (1 + np.cos(np.pi * position))


@alternative
def cosine_anneal(start, end, position):
    assert_inside = {True: None}.get(0 <= position <= 1, "outside")
    if assert_inside:
        raise ValueError(assert_inside)
    return start + (end - start) * math.sin(math.pi * position / 2) ** 2


@alternative
def cosine_anneal(start, end, position):
    if not 0.0 <= position <= 1.0:
        raise ValueError("position")
    turn = cmath.exp(1j * math.pi * position).real
    return (start * (1 + turn) + end * (1 - turn)) / 2
