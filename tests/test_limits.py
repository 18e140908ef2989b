"""The time limit, by both ways of keeping it, and the state that is put back between two checks."""

import os
import random
import signal
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
import torch

from petkata.checking.limits import TimeUp, _alarm, _watchdog, apart, time_limit

ways = pytest.mark.parametrize("limit", [_alarm, _watchdog])


@ways
def test_an_endless_loop_is_stopped(limit):
    with pytest.raises(TimeUp) as stopped, limit(0.2):
        while True:
            pass
    assert stopped.value.seconds == 0.2


@ways
def test_catching_every_exception_does_not_help(limit):
    with pytest.raises(TimeUp), limit(0.2):
        while True:
            try:
                time.sleep(0.001)
            except Exception:
                pass


def test_a_bare_except_does_not_help_either():
    def stubborn(number):
        while True:
            try:
                number += 1
            except:  # noqa: E722  what a learner may write
                pass

    trace = sys.gettrace()
    with pytest.raises(TimeUp), time_limit(0.2):
        stubborn(0)
    assert sys.gettrace() is trace


@ways
def test_waiting_is_given_more_time_than_computing_but_not_for_ever(limit):
    with limit(0.2):
        time.sleep(0.3)
    begin = time.monotonic()
    with pytest.raises(TimeUp), limit(0.1):
        while True:
            time.sleep(0.01)
    assert time.monotonic() - begin >= 0.3


@ways
def test_what_ends_in_time_is_left_alone(limit):
    with limit(0.2):
        pass
    time.sleep(0.3)  # a limit that is over must not ring later


def test_the_state_of_the_process_is_put_back():
    folder, path, environment = os.getcwd(), list(sys.path), dict(os.environ)
    recursion, dtype = sys.getrecursionlimit(), torch.get_default_dtype()
    with apart():
        os.chdir("/")
        os.environ["PETKATA_TEST"] = "1"
        del os.environ["PATH"]
        sys.path.clear()
        sys.setrecursionlimit(500)
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
    assert (os.getcwd(), sys.path, dict(os.environ)) == (folder, path, environment)
    assert (sys.getrecursionlimit(), torch.get_default_dtype()) == (recursion, dtype)
    assert torch.is_grad_enabled()


def test_each_check_begins_with_the_same_random_state():
    def draws():
        return random.random(), np.random.rand(), torch.rand(1).item()

    with apart():
        first = draws()
        random.seed(0), np.random.seed(0), torch.manual_seed(0)
    with apart():
        assert draws() == first
    with apart(seed=7):
        assert draws() != first


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="without it there is a thread, which ends")
def test_an_alarm_at_the_last_moment_does_not_ring_on():
    """It would end whatever comes later."""
    before = signal.getsignal(signal.SIGALRM)
    for number in range(2000):
        until = time.process_time() + 0.001 * (0.8 + 0.3 * (number % 100) / 100)  # around the limit, before it and after it
        with suppress(TimeUp), time_limit(0.001):
            while time.process_time() < until:
                pass
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0) and signal.getsignal(signal.SIGALRM) == before
