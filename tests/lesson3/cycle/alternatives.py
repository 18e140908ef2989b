import math

import numpy as np

from petkata.checking import alternative


@alternative
def one_cycle_lr(position, lr_max, div=25.0, div_final=1e5, pct_start=0.25):
    if position < 0 or position > 1:
        raise ValueError("outside")
    rising = position <= pct_start
    share = position / pct_start if rising else (position - pct_start) / (1 - pct_start)
    low = lr_max / div if rising else lr_max / div_final
    weight = (1 + math.cos(math.pi * share)) / 2
    return low * weight + lr_max * (1 - weight) if rising else lr_max * weight + low * (1 - weight)


@alternative
def one_cycle_lr(position, lr_max, div=25.0, div_final=1e5, pct_start=0.25):
    if not 0 <= position <= 1:
        raise ValueError(position)
    ends = np.array([lr_max / div, lr_max, lr_max / div_final])
    phase = np.interp(position, [0.0, pct_start, 1.0], [0.0, 1.0, 2.0])
    part = min(int(phase), 1)
    return ends[part] + (ends[part + 1] - ends[part]) * np.sin(np.pi / 2 * (phase - part)) ** 2


@alternative
def one_cycle_momentum(position, high=0.95, low=0.85, pct_start=0.25):
    if not 0 <= position <= 1:
        raise ValueError(position)
    phase = np.interp(position, [0.0, pct_start, 1.0], [0.0, np.pi, 2 * np.pi])
    return float(low + (high - low) * (1 + np.cos(phase)) / 2)


@alternative
def one_cycle_momentum(position, high=0.95, low=0.85, pct_start=0.25):
    if not 0 <= position <= 1:
        raise ValueError(position)
    away = (pct_start - position) / pct_start if position < pct_start else (position - pct_start) / (1 - pct_start)
    return high - (high - low) * math.cos(math.pi / 2 * away) ** 2
