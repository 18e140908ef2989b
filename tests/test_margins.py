"""Limits that chance decides: compared, noted, and shown with their distance from right and wrong answers."""

import pytest

from benchmarks import margins
from petkata.checking.margins import Measured


def test_compares_and_notes():
    measured = Measured()
    assert measured("error", 0.1, below=0.2) and not measured("error", 0.2, below=0.2)
    assert measured("ratio", 3, above=2) and not measured("ratio", float("nan"), above=2)
    assert not measured("error", float("nan"), below=2)
    assert measured.noted[0] == ("error", 0.1, "below", 0.2) and len(measured.noted) == 5


@pytest.mark.parametrize("limits", [{}, {"below": 1, "above": 0}])
def test_a_limit_has_one_side(limits):
    with pytest.raises(TypeError):
        Measured()("error", 0.5, **limits)


def test_the_distance_that_is_needed_falls_with_the_runs():
    # One-sided tolerance factors for 99.9% with 95% confidence, from tables of the normal distribution.
    assert margins.needed(10) == pytest.approx(5.203, abs=0.01)
    assert margins.needed(50) == pytest.approx(3.766, abs=0.01)


def test_distance_in_standard_deviations():
    assert margins.away([1, 2, 3], "below", 5) == pytest.approx(3)
    assert margins.away([1, 2, 3], "above", 1) == pytest.approx(1)
    assert margins.away([0, 0, 0], "below", 0.1) == float("inf") and margins.away([1, 1], "below", 0.5) == 0


def rows(right, wrong, limit=0.5, what="error"):
    same = {"lesson": "lesson1", "idea": "head", "task": "t", "check": "test_learns", "what": what, "side": "below",
            "limit": limit}
    return [{**same, "who": who, "right": is_right, "seed": seed, "value": value, "as_expected": is_right == (value < limit)}
            for is_right, who, values in ((True, "solution", right), (False, "a mistake", wrong))
            for seed, value in enumerate(values)]


def test_a_limit_far_from_both_is_safe():
    text, safe = margins.table(rows([0.1, 0.11] * 10, [0.9, 0.8] * 10), 20)
    assert safe and "| 1 | learns | error | below 0.5 | 0.1, 0.105, 0.11 |" in text and "yes" in text


@pytest.mark.parametrize("right, wrong", [
    ([0.1, 0.4] * 10, [0.9] * 20),  # right answers come too near
    ([0.1, 0.11] * 10, [0.9] * 19 + [0.4]),  # a mistake once got past
])
def test_a_limit_near_to_either_is_not(right, wrong):
    text, safe = margins.table(rows(right, wrong), 20)
    assert not safe and "**no**" in text


def test_a_mistake_may_pass_one_limit_and_be_caught_by_the_next():
    passed = [{**row, "as_expected": True} for row in rows([0.1] * 20, [0.2] * 20)]
    text, safe = margins.table(passed + rows([0.1] * 20, [0.9] * 20, what="ratio"), 20)
    assert safe and "| error | below 0.5 | 0.1, 0.1, 0.1 | inf | - |" in text
