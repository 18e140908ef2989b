import math

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import number, refuses

counts = st.integers(1, 12)


def slow_schedule(n_batches, lr_max):
    """Oracle: walk through the run batch by batch."""
    rates = []
    for batch in range(n_batches):
        position = batch / n_batches
        if position <= 0.25:
            low, share = lr_max / 25, math.cos(math.pi * position / 0.25)
            rates.append(lr_max + (low - lr_max) * (share + 1) / 2)
        else:
            low, share = lr_max / 1e5, math.cos(math.pi * (position - 0.25) / 0.75)
            rates.append(low + (lr_max - low) * (share + 1) / 2)
    return rates


@given(n_epochs=counts, batches=counts)
def test_has_one_rate_a_batch(schedule, n_epochs, batches):
    rates = schedule(n_epochs, batches, 0.01)
    assert len(rates) == n_epochs * batches, (
        f"{n_epochs} epochs of {batches} batches are {n_epochs * batches} batches; there are {len(rates)} rates"
    )


def test_is_one_cycle_for_the_whole_run(schedule):
    rates = list(schedule(3, 20, 0.01))
    tops = [i for i in range(1, 59) if rates[i - 1] < rates[i] >= rates[i + 1]]
    assert len(tops) == 1, f"over 3 epochs the rate must go up once and down once; it peaks {len(tops)} times"
    assert tops[0] == 15, f"the peak stands after a quarter of the 60 batches, at batch 15; here it is at {tops[0]}"


def test_starts_at_the_beginning(schedule):
    first = number(schedule(2, 10, 0.5)[0], "each rate")
    assert first == approx(0.02), f"the first batch stands at position 0, where the rate is lr_max / 25 = 0.02, not {first:.4g}"


def test_stops_one_batch_before_the_end(schedule):
    last = number(schedule(1, 4, 1.0)[-1], "each rate")
    assert last == approx(slow_schedule(4, 1.0)[-1]), (
        f"of 4 batches the last stands at position 3/4, where the rate is 0.25; position 1 is when it is over, not {last:.4g}"
    )


@given(n_epochs=counts, batches=counts, lr_max=st.floats(1e-4, 1.0))
def test_gives_each_batch_its_rate(schedule, n_epochs, batches, lr_max):
    expected = slow_schedule(n_epochs * batches, lr_max)
    rates = [number(rate, "each rate") for rate in schedule(n_epochs, batches, lr_max)]
    assert rates == approx(expected, rel=1e-6), "each batch has its own rate, at its own position in the whole run"


def test_refuses_a_run_without_batches(schedule):
    assert refuses(schedule, 0, 10, 0.01), "0 epochs have no batch: raise ValueError"
    assert refuses(schedule, 3, 0, 0.01), "0 batches an epoch make no run: raise ValueError"
    assert refuses(schedule, -1, 10, 0.01), "-1 epochs are no run either: raise ValueError"
