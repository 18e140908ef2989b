"""The readings of a curve that this lesson teaches are those of fastai itself."""

import pytest

from solutions.lesson6.suggest import suggest_minimum, suggest_steepest, suggest_valley
from tests.lesson6.curves import FROZEN, RATES, RAW, WHOLE


@pytest.mark.parametrize("losses", [FROZEN, WHOLE, RAW], ids=["frozen", "whole", "raw"])
def test_the_three_readings_are_those_of_fastai(losses):
    import torch
    from fastai.callback.schedule import minimum, steep, valley

    rates = torch.tensor(RATES)
    for ours, theirs in ((suggest_minimum, minimum), (suggest_steepest, steep), (suggest_valley, valley)):
        assert ours(RATES, losses) == pytest.approx(theirs(rates, torch.tensor(losses), 100)[0], rel=1e-4)


def test_the_valley_is_that_of_fastai_on_any_curve():
    import random

    from fastai.callback.schedule import valley

    dice = random.Random(1)
    for n in range(5, 60):
        losses = [5 - 4 * i / n + dice.gauss(0, 0.6) for i in range(n)]
        rates = [1e-5 * 1.3**i for i in range(n)]
        assert suggest_valley(rates, losses) == pytest.approx(valley(rates, losses, 100)[0])
