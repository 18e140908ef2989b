import math

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import number, refuses

peaks = st.floats(1e-4, 1.0)
positions = st.floats(0.0, 1.0)
warm_ups = st.floats(0.1, 0.9)


def two_halves(first, top, last, pct_start, position):
    """Oracle: two half cosines, joined at pct_start."""
    if position <= pct_start:
        first, last, share = first, top, position / pct_start
    else:
        first, last, share = top, last, (position - pct_start) / (1 - pct_start)
    return last + (first - last) * (math.cos(math.pi * share) + 1) / 2


@given(lr_max=peaks)
def test_starts_low(one_cycle_lr, lr_max):
    assert number(one_cycle_lr(0.0, lr_max)) == approx(lr_max / 25), "the run starts at lr_max / div, and div is 25"


@given(lr_max=peaks)
def test_is_at_the_top_after_the_warm_up(one_cycle_lr, lr_max):
    assert number(one_cycle_lr(0.25, lr_max)) == approx(lr_max), "after the first quarter the learning rate is lr_max"
    assert number(one_cycle_lr(0.4, lr_max, pct_start=0.4)) == approx(lr_max), "pct_start says where the top is"


@given(lr_max=peaks)
def test_ends_far_below_its_start(one_cycle_lr, lr_max):
    end = number(one_cycle_lr(1.0, lr_max))
    assert end == approx(lr_max / 1e5, rel=1e-3), f"with div_final = 100,000 the run ends at {lr_max / 1e5:.3g}, not {end:.3g}"


@given(position=positions, pct_start=warm_ups, lr_max=peaks)
def test_is_two_half_cosines(one_cycle_lr, position, pct_start, lr_max):
    expected = two_halves(lr_max / 10, lr_max, lr_max / 100, pct_start, position)
    value = number(one_cycle_lr(position, lr_max, div=10, div_final=100, pct_start=pct_start))
    assert value == approx(expected, rel=1e-6, abs=1e-9), (
        f"at position {position:.3g}, with pct_start {pct_start:.3g}, the rate is {expected:.6g}, not {value:.6g}"
    )


def test_lr_refuses_a_position_outside(one_cycle_lr):
    assert refuses(one_cycle_lr, 1.2, 0.01), "position 1.2 is past the end of the run: raise ValueError"
    assert refuses(one_cycle_lr, -0.2, 0.01), "position -0.2 is before the run: raise ValueError"


def test_momentum_starts_and_ends_high(one_cycle_momentum):
    assert number(one_cycle_momentum(0.0)) == approx(0.95), "a low learning rate goes with high momentum"
    assert number(one_cycle_momentum(1.0)) == approx(0.95), "at the end the learning rate is low, so momentum is high again"


def test_momentum_is_lowest_where_the_rate_is_highest(one_cycle_momentum):
    assert number(one_cycle_momentum(0.25)) == approx(0.85), "at pct_start the learning rate peaks and momentum is lowest"
    assert number(one_cycle_momentum(0.6, pct_start=0.6)) == approx(0.85), "pct_start says where the lowest point is"


@given(position=positions, pct_start=warm_ups, high=st.floats(0.8, 0.99), low=st.floats(0.1, 0.7))
def test_momentum_is_two_half_cosines(one_cycle_momentum, position, pct_start, high, low):
    expected = two_halves(high, low, high, pct_start, position)
    value = number(one_cycle_momentum(position, high=high, low=low, pct_start=pct_start))
    assert value == approx(expected, rel=1e-6), (
        f"at position {position:.3g}, with pct_start {pct_start:.3g}, momentum is {expected:.6g}, not {value:.6g}"
    )


def test_momentum_refuses_a_position_outside(one_cycle_momentum):
    assert refuses(one_cycle_momentum, 1.2), "position 1.2 is past the end of the run: raise ValueError"
    assert refuses(one_cycle_momentum, -0.2), "position -0.2 is before the run: raise ValueError"
