from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import number, refuses
from tests.lesson6.curves import FROZEN, RATES, RAW, WHOLE

any_losses = st.lists(st.floats(0.1, 10.0), min_size=2, max_size=25)
few_losses = st.lists(st.integers(1, 9).map(float), min_size=3, max_size=9)  # few values, so that some are equal


def rates_for(losses):
    return [1e-4 * 2**step for step in range(len(losses))]


def rate_is(found, expected, why, per_rate=None):
    """Whether the answer is this learning rate, one number. `per_rate` is what a slope per rate would give, not per logarithm."""
    rate = number(found, "the learning rate")
    assert per_rate is None or rate != approx(per_rate), (
        f"{why}: the rate asked for is {expected:.4g}. {rate:.4g} is where the loss falls most for so much change of the rate "
        "itself, as on a linear axis; on that axis all small rates look steep. The slope is per change of the logarithm"
    )
    assert rate == approx(expected, rel=1e-4), f"{why}: the rate asked for is {expected:.4g}, not {rate:.4g}"


def one_tenth_of_the_lowest(rates, losses):
    """Oracle: walk along, keep the lowest so far."""
    best_rate, best_loss = rates[0], losses[0]
    for rate, loss in zip(rates, losses):
        if loss < best_loss:
            best_rate, best_loss = rate, loss
    return best_rate / 10


def slopes(losses):
    """The change of the loss from each rate to the next. All steps of the logarithm of the rate are equally wide."""
    return [after - before for before, after in zip(losses, losses[1:])]


def runs_by_length(losses):
    """Oracle: all runs there are, tried out one by one. For each length the index where the first such run ends."""
    ends = {}
    for n in range(1, len(losses) + 1):
        runs = [run for run in combinations(range(len(losses)), n)
                if all(losses[a] > losses[b] for a, b in zip(run, run[1:]))]
        if runs:
            ends[n] = min(run[-1] for run in runs)
    return ends


def test_steps_back_by_ten(suggest_minimum):
    found = suggest_minimum([0.001, 0.01, 0.1, 1.0, 10.0], [4.0, 2.5, 1.0, 3.0, 50.0])
    rate_is(found, 0.01, "the loss is lowest at 0.1, and there it is about to break")


def test_takes_the_first_of_the_lowest(suggest_minimum):
    losses = [4.0, 2.0, 1.0, 1.0, 1.0, 9.0]
    rate_is(suggest_minimum(rates_for(losses), losses), 4e-5, "three losses are lowest, the first of them at 0.0004")


def test_is_not_caught_by_a_dip(suggest_minimum):
    losses = [4.0, 3.0, 3.2, 2.5, 2.6, 0.7, 0.9, 5.0]
    rate_is(suggest_minimum(rates_for(losses), losses), 3.2e-4, "the loss goes up and down; it is lowest at 0.0032")


@given(losses=any_losses)
def test_minimum_is_right_on_any_curve(suggest_minimum, losses):
    rates = rates_for(losses)
    rate_is(suggest_minimum(rates, losses), one_tenth_of_the_lowest(rates, losses), "a tenth of the rate with the lowest loss")


@pytest.mark.parametrize("losses, expected", [(FROZEN, 0.024201), (WHOLE, 0.005462), (RAW, 0.006579)],
                         ids=["frozen", "whole", "raw"])
def test_minimum_on_the_pets(suggest_minimum, losses, expected):
    rate_is(suggest_minimum(RATES, losses), expected, "on a curve of the pets, a tenth of the rate with the lowest loss")


def test_minimum_refuses_what_is_no_curve(suggest_minimum):
    assert refuses(suggest_minimum, [0.1, 1.0, 10.0], [3.0, 2.0]), "3 rates and 2 losses do not fit together: raise ValueError"
    assert refuses(suggest_minimum, [0.1, 1.0], [3.0, 2.0, 1.0]), "2 rates and 3 losses do not fit together: raise ValueError"
    assert refuses(suggest_minimum, [0.1], [3.0]), "one loss is no curve: raise ValueError"


def test_finds_where_the_steepest_fall_begins(suggest_steepest):
    losses = [4.0, 3.4, 3.0, 1.5, 1.0, 0.9, 6.0]
    rate_is(suggest_steepest(rates_for(losses), losses), 4e-4, "the loss falls most, from 3.0 to 1.5, in the step after 0.0004",
            per_rate=1e-4)


def test_a_rise_is_no_fall(suggest_steepest):
    losses = [4.0, 3.0, 1.0, 1.5, 8.0, 90.0]
    rate_is(suggest_steepest(rates_for(losses), losses), 2e-4,
            "the loss rises far more steeply than it falls; its steepest fall is from 3 to 1")


def test_steepness_is_seen_on_a_logarithmic_axis(suggest_steepest):
    found = suggest_steepest([0.001, 0.01, 0.1, 1.0], [5.0, 4.0, 1.0, 0.9])
    rate_is(found, 0.01, "per factor of ten the loss falls by 1, then 3, then 0.1", per_rate=0.001)


@given(losses=any_losses)
def test_steepest_is_right_on_any_curve(suggest_steepest, losses):
    falls = sorted(slopes(losses))
    assume(falls[0] < -1e-3 and (len(falls) == 1 or falls[1] - falls[0] > 1e-3))
    rates = rates_for(losses)
    rate_is(suggest_steepest(rates, losses), rates[slopes(losses).index(falls[0])],
            "from each rate to the next, the most negative slope, and the rate at its left end")


@pytest.mark.parametrize("losses, expected", [(FROZEN, 0.0048626), (WHOLE, 0.0027826), (RAW, 0.0027826)],
                         ids=["frozen", "whole", "raw"])
def test_steepest_on_the_pets(suggest_steepest, losses, expected):
    rate_is(suggest_steepest(RATES, losses), expected, "on a curve of the pets, the rate where the steepest fall begins")


def test_steepest_refuses_what_is_no_curve(suggest_steepest):
    assert refuses(suggest_steepest, [0.1, 1.0, 10.0], [3.0, 2.0]), "3 rates and 2 losses do not fit together: raise ValueError"
    assert refuses(suggest_steepest, [0.1, 1.0], [3.0, 2.0, 1.0]), "2 rates and 3 losses do not fit together: raise ValueError"
    assert refuses(suggest_steepest, [0.1], [3.0]), "one loss has no slope: raise ValueError"


def test_steepest_refuses_a_curve_that_never_falls(suggest_steepest):
    assert refuses(suggest_steepest, [0.1, 1.0, 10.0], [1.0, 2.0, 9.0]), (
        "this loss only rises, so there is no fall, and no rate to suggest: raise ValueError"
    )
    assert refuses(suggest_steepest, [0.1, 1.0, 10.0], [2.0, 2.0, 2.0]), "this loss stays level: raise ValueError, too"


def test_goes_half_way_down_a_smooth_valley(suggest_valley):
    losses = [3.0, 3.5, 5.0, 4.5, 4.0, 3.5, 3.0, 2.5, 2.0, 1.5, 1.0, 7.0, 30.0]
    rate_is(suggest_valley(rates_for(losses), losses), 3.2e-3,
            "nine losses fall from 5 to 1, the last at index 10, and 10 - 9 + 3 + 1 is 5")


def test_a_bump_does_not_end_the_valley(suggest_valley):
    losses = [5.0, 4.8, 4.9, 4.2, 4.4, 3.6, 3.8, 2.9, 3.1, 2.0, 2.2, 1.1, 6.0]
    rate_is(suggest_valley(rates_for(losses), losses), 1.28e-2,
            "losses that stick out are left out: 5, 4.8, 4.2, 3.6, 2.9, 2 and 1.1 are seven, the last at index 11")


def test_a_single_deep_dip_is_passed_over(suggest_valley):
    losses = [5.0, 4.5, 4.0, 3.5, 0.2, 3.0, 2.5, 2.0, 8.0]
    rate_is(suggest_valley(rates_for(losses), losses), 8e-4,
            "seven losses fall from 5 to 2 if the dip to 0.2 is left out; with it, only five")


def test_a_rise_is_no_valley(suggest_valley):
    losses = [1.0, 2.0, 3.0, 4.0, 5.0, 4.0, 2.0, 1.0, 3.0, 6.0, 7.0, 8.0]
    rate_is(suggest_valley(rates_for(losses), losses), 1.6e-3, (
        "only four losses fall, from 5 to 1, the last at index 7, and 7 - 4 + 4 // 3 + 4 // 6 is 4"))


def test_takes_the_valley_that_ends_first(suggest_valley):
    losses = [4.0, 3.0, 2.0, 9.0, 8.0, 7.0]
    rate_is(suggest_valley(rates_for(losses), losses), 1e-4, "two valleys have three losses each, and the first ends at index 2")


def test_level_is_not_down(suggest_valley):
    losses = [6.0, 6.0, 6.0, 6.0, 6.0, 5.0, 4.0, 3.0, 9.0]
    rate_is(suggest_valley(rates_for(losses), losses), 1.6e-3, "6 is not below 6: the longest run is 6, 5, 4, 3")


@given(losses=few_losses)
def test_valley_is_right_on_any_curve(suggest_valley, losses):
    ends = runs_by_length(losses)
    n, rates = max(ends), rates_for(losses)
    assume(n >= 3)
    rate_is(suggest_valley(rates, losses), rates[ends[n] - n + n // 3 + n // 6],
            f"the longest run has {n} losses, and the first such run ends at index {ends[n]}")


@pytest.mark.parametrize("losses, expected", [(FROZEN, 0.005857), (WHOLE, 0.0010974), (RAW, 0.0048626)],
                         ids=["frozen", "whole", "raw"])
def test_valley_on_the_pets(suggest_valley, losses, expected):
    rate_is(suggest_valley(RATES, losses), expected, "on a curve of the pets, about half-way down the longest valley")


def test_valley_refuses_curves_without_one(suggest_valley):
    assert refuses(suggest_valley, [0.1, 1.0, 10.0, 100.0], [1.0, 2.0, 3.0, 9.0]), (
        "this loss only rises, so it has no valley: raise ValueError"
    )
    assert refuses(suggest_valley, [0.1, 1.0, 10.0, 100.0], [2.0, 1.0, 3.0, 2.5]), (
        "never more than two losses fall here, and a valley has three: raise ValueError"
    )
    assert refuses(suggest_valley, [0.1, 1.0, 10.0], [3.0, 2.0]), "3 rates and 2 losses do not fit together: raise ValueError"
    assert refuses(suggest_valley, [0.1, 1.0, 10.0], [3.0, 2.0, 1.0, 0.5]), (
        "3 rates and 4 losses do not fit together: raise ValueError"
    )
    assert refuses(suggest_valley, [], []), "without losses there is no valley: raise ValueError"
