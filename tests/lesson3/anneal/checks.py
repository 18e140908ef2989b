import math

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import number, refuses

rates = st.floats(-1.0, 1.0)
positions = st.floats(0.0, 1.0)


def share(cosine_anneal, position):
    """How much of a change of 1000 is done at this position."""
    return cosine_anneal(0.0, 1000.0, position) / 1000


@given(start=rates, end=rates)
def test_begins_and_ends_where_told(cosine_anneal, start, end):
    assert number(cosine_anneal(start, end, 0.0)) == approx(start, abs=1e-9), "at position 0 nothing has happened yet"
    assert number(cosine_anneal(start, end, 1.0)) == approx(end, abs=1e-9), "at position 1 the change is complete"


def test_is_halfway_in_the_middle(cosine_anneal):
    assert number(cosine_anneal(3.0, 1.0, 0.5)) == approx(2.0), "at position 0.5 half of the change is done"


def test_is_flat_at_both_ends(cosine_anneal):
    first = share(cosine_anneal, 0.01) - share(cosine_anneal, 0.0)
    middle = share(cosine_anneal, 0.505) - share(cosine_anneal, 0.495)
    last = share(cosine_anneal, 1.0) - share(cosine_anneal, 0.99)
    assert first < middle / 10, "a cosine starts slowly; a straight line does not"
    assert last < middle / 10, "a cosine ends slowly, too"


@given(start=rates, end=rates, position=positions)
def test_follows_the_half_circle(cosine_anneal, start, end, position):
    # Oracle: the height of a point that goes half round a circle at an even pace, from the top to the bottom.
    height = math.sin(math.pi / 2 + math.pi * position)
    expected = end + (start - end) * (height + 1) / 2
    value = number(cosine_anneal(start, end, position))
    assert value == approx(expected, abs=1e-6), (
        f"from {start:.3g} to {end:.3g}, at position {position:.3g}, the half cosine is at {expected:.6g}, not {value:.6g}"
    )


def test_refuses_a_position_outside(cosine_anneal):
    assert refuses(cosine_anneal, 0.0, 1.0, 1.01), "position 1.01 is past the end: raise ValueError"
    assert refuses(cosine_anneal, 0.0, 1.0, -0.01), "position -0.01 is before the start: raise ValueError"
