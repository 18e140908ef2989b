"""Lesson 6, part 4: three ways to read one curve.

All three take what a range test gave: `rates`, rising in equal ratios, and as many smoothed `losses`.
"""

import math


def suggest_minimum(rates: list[float], losses: list[float]) -> float:
    """A tenth of the rate at which the loss is lowest; of the first such rate where several are.

    `suggest_minimum([0.01, 0.1, 1.0, 10.0], [4.0, 2.0, 1.0, 9.0])` is 0.1.
    Raises ValueError unless there are two losses or more, as many as rates.
    """
    raise NotImplementedError("suggest_minimum")


def suggest_steepest(rates: list[float], losses: list[float]) -> float:
    """The rate at which the loss begins its steepest fall, on the picture whose axis of rates is logarithmic.

    From each rate to the next, the loss changes by so much for so much change of the logarithm of the rate. Where that slope
    is the most negative, the rate at the left end is the answer.
    `suggest_steepest([0.01, 0.1, 1.0, 10.0], [4.0, 3.0, 1.0, 9.0])` is 0.1: from there the loss falls by 2 in one step.
    Raises ValueError unless there are two losses or more, as many as rates, and where the loss never falls.
    """
    raise NotImplementedError("suggest_steepest")


def suggest_valley(rates: list[float], losses: list[float]) -> float:
    """The rate about half-way down the longest valley: the longest run of losses each of which lies below the one before it.

    The losses of a run stand in their order on the curve, but not always side by side: those that stick out are left out.
    Of several runs equally long, the one that ends first counts. If it has `n` losses and the last stands at index `end` of
    `losses`, the answer is the rate at index `end - n + n // 3 + n // 6`.
    In `[5.0, 4.0, 4.5, 3.0, 2.0, 6.0]` the run is 5, 4, 3, 2: n is 4, end is 4, and the answer is `rates[1]`.
    Raises ValueError unless there are as many losses as rates, and where the longest run has fewer than three losses.
    """
    raise NotImplementedError("suggest_valley")
