import math

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import number, refuses

rates = st.floats(1e-7, 1.0)
counts = st.integers(1, 9)


def rates_of(spread, lr, n_groups):
    """The answer's rates as a list of numbers."""
    found = spread(lr, n_groups)
    assert hasattr(found, "__len__") and not isinstance(found, (str, dict)), (
        f"a list with a rate for each group is asked for, not {type(found).__name__}")
    assert len(found) == n_groups, f"{n_groups} groups need {n_groups} rates; there are {len(found)}"
    return [number(rate, "each rate") for rate in found]


def shown(values):
    return "[" + ", ".join(f"{value:.4g}" for value in values) + "]"


@given(lr=rates, n_groups=counts)
def test_a_number_is_for_all(spread, lr, n_groups):
    found = rates_of(spread, lr, n_groups)
    assert found == approx([lr] * n_groups), (
        f"one number, {lr:.4g}, is the rate of each of {n_groups} groups; this is {shown(found)}")


@given(last=rates, n_groups=counts)
def test_a_slice_of_one_rate_is_for_the_last_group(spread, last, n_groups):
    found = rates_of(spread, slice(last), n_groups)
    assert found[-1] == approx(last), f"slice({last:.4g}) gives the last of {n_groups} groups {last:.4g}, not {found[-1]:.4g}"
    assert found[:-1] == approx([last / 10] * (n_groups - 1)), (
        f"slice({last:.4g}) gives every group but the last a tenth of it, {last / 10:.4g}; this is {shown(found)}")


def test_spreads_in_equal_ratios(spread):
    found = rates_of(spread, slice(1e-6, 1e-4), 3)
    assert found == approx([1e-6, 1e-5, 1e-4]), (
        f"from 1e-6 to 1e-4 for three groups: each rate is 10 times the one before, [1e-6, 1e-5, 1e-4]; this is {shown(found)}")


@given(first=rates, last=rates, n_groups=st.integers(2, 9))
def test_begins_and_ends_where_the_slice_does(spread, first, last, n_groups):
    found = rates_of(spread, slice(first, last), n_groups)
    assert found[0] == approx(first), f"the first group has the slice's first rate, {first:.4g}, not {found[0]:.4g}"
    assert found[-1] == approx(last), f"the last group has the slice's last rate, {last:.4g}, not {found[-1]:.4g}"


@given(first=rates, last=rates, n_groups=st.integers(2, 9))
def test_each_rate_is_the_middle_of_its_neighbors(spread, first, last, n_groups):
    # Oracle: on a scale of powers of ten the rates stand at equal distances.
    start, end = math.log10(first), math.log10(last)
    expected = [10 ** (start + (end - start) * group / (n_groups - 1)) for group in range(n_groups)]
    found = rates_of(spread, slice(first, last), n_groups)
    assert found == approx(expected, rel=1e-6), (
        f"from {first:.4g} to {last:.4g} in equal ratios, {n_groups} groups have {shown(expected)}, not {shown(found)}")


@given(first=rates, last=rates)
def test_a_single_group_has_the_last_rate(spread, first, last):
    found = rates_of(spread, slice(first, last), 1)
    assert found == approx([last]), f"a single group is the last one: it has {last:.4g}, not {found[0]:.4g}"


def test_refuses_what_is_no_learning_rate(spread):
    why = "every rate must be above 0: raise ValueError"
    for lr, shown_as in ((0, "0"), (-1e-3, "-1e-3"), (slice(-1e-3), "slice(-1e-3)"), (slice(1e-3, 0.0), "slice(1e-3, 0)"),
                         (slice(-1e-4, 1e-3), "slice(-1e-4, 1e-3)")):
        assert refuses(spread, lr, 3), f"{shown_as} was taken; {why}"
    assert refuses(spread, slice(0.0, 1e-3), 3), "slice(0, 1e-3) was taken; equal ratios cannot begin at 0: raise ValueError"


def test_refuses_a_slice_without_its_last_rate(spread):
    assert refuses(spread, slice(None), 3), "slice(None) says nothing about the rates: raise ValueError"
    assert refuses(spread, slice(1e-3, None), 3), "slice(1e-3, None) has no last rate: raise ValueError"


def test_refuses_fewer_than_one_group(spread):
    for n_groups in (0, -2):
        for lr in (1e-3, slice(1e-3), slice(1e-4, 1e-3)):
            assert refuses(spread, lr, n_groups), f"{n_groups} groups cannot have rates: raise ValueError"
