import math

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import number, refuses

starts = st.floats(1e-8, 1e-2)
factors = st.floats(1.5, 1e8)  # lr_end is so many times lr_start
steps = st.integers(2, 60)


def slow_sweep(lr_start, lr_end, n_steps):
    """Oracle: equal steps of the logarithm."""
    low, high = math.log10(lr_start), math.log10(lr_end)
    return [10 ** (low + (high - low) * step / (n_steps - 1)) for step in range(n_steps)]


@given(start=starts, factor=factors, n_steps=steps)
def test_has_so_many_rates(sweep, start, factor, n_steps):
    rates = sweep(start, start * factor, n_steps)
    assert len(rates) == n_steps, f"{n_steps} rates were asked for, and {len(rates)} came back"


@given(start=starts, factor=factors, n_steps=steps)
def test_starts_and_ends_where_told(sweep, start, factor, n_steps):
    rates = sweep(start, start * factor, n_steps)
    assert rates[0] == approx(start, rel=1e-6), f"the first rate is lr_start, {start:.4g}, not {float(rates[0]):.4g}"
    assert rates[-1] == approx(start * factor, rel=1e-6), (
        f"the last of {n_steps} rates is lr_end, {start * factor:.4g}, not {float(rates[-1]):.4g}"
    )


def test_spends_as_many_steps_on_small_rates_as_on_large_ones(sweep):
    rates = [number(rate, "each rate") for rate in sweep(1e-7, 10.0, 81)]
    small, large = sum(rate < 0.99e-3 for rate in rates), sum(rate > 1.01e-3 for rate in rates)
    assert small == large == 40, (
        "from 1e-7 to 10, one thousandth is half-way: 1e-7 times 10,000 is 1e-3, and 1e-3 times 10,000 is 10. Of 81 rates 40 "
        f"lie below it and 40 above; here {small} lie below and {large} above"
    )


@given(start=starts, factor=factors, n_steps=st.integers(3, 60))
def test_has_equal_ratios(sweep, start, factor, n_steps):
    rates = [number(rate, "each rate") for rate in sweep(start, start * factor, n_steps)]
    for rate, expected in zip(rates, slow_sweep(start, start * factor, n_steps)):
        assert rate == approx(expected, rel=1e-6), (
            f"each rate is the same number of times the one before it: of {n_steps} rates from {start:.4g} to "
            f"{start * factor:.4g}, one must be {expected:.6g}; it is {rate:.6g}"
        )


def test_refuses_what_is_no_sweep(sweep):
    assert refuses(sweep, 0.0, 10.0, 5), "a rate of 0 times anything stays 0: raise ValueError for lr_start 0"
    assert refuses(sweep, -1e-3, 10.0, 5), "a learning rate below 0 climbs up the loss: raise ValueError"
    assert refuses(sweep, 1.0, 0.1, 5), "a sweep goes up; from 1.0 to 0.1 it would go down: raise ValueError"
    assert refuses(sweep, 0.1, 0.1, 5), "from 0.1 to 0.1 nothing rises: raise ValueError"
    assert refuses(sweep, 0.1, 1.0, 1), "one step is no sweep, it cannot stand at both ends: raise ValueError"
