"""Keeping one check apart from the next: a time limit, and the state of the process put back as it was."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import sys
import threading
import time
from contextlib import contextmanager
from tempfile import TemporaryDirectory

SECONDS = 20  # of computing, for one check, unless it is marked `time_limit(seconds)`
PHOTOGRAPHS = 20  # times as long for a resnet18 and photographs of 128 pixels
FULL_RUN_SECONDS = 3600  # for one test of the full run
PATIENCE = 3  # times as long on the clock, for what only waits, and for a machine that does other work as well
SEED = 42


class TimeUp(BaseException):
    """A check that ran past its limit. Not an Exception, so that a learner's `except Exception` lets it through."""

    def __init__(self, seconds: float):
        super().__init__(seconds)
        self.seconds = seconds


@contextmanager
def time_limit(seconds: float):
    """Raise TimeUp in the running code once it has computed for so many seconds, or `PATIENCE` times as long on the
    clock; and again each half second, should it be swallowed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with (_alarm if hasattr(signal, "SIGALRM") else _watchdog)(seconds):
        yield


def _deadline(seconds: float):
    """A function that tells whether the time is up."""
    computed, clock = time.process_time() + seconds, time.monotonic() + PATIENCE * seconds
    return lambda: time.process_time() >= computed or time.monotonic() >= clock


@contextmanager
def _alarm(seconds: float):
    is_up, over = _deadline(seconds), False

    def ring(signum, frame):
        if over or not is_up():
            return
        _stop_in_handlers(frame, seconds)
        raise TimeUp(seconds)

    before, trace = signal.signal(signal.SIGALRM, ring), sys.gettrace()
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        try:
            yield
        finally:
            over = True  # had it rung in here, the next lines would be left out
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.settrace(trace)


def _stop_in_handlers(frame, seconds: float) -> None:
    """`while True: try: ... except: pass` swallows TimeUp for ever. So raise it a second time, from inside the
    handler: there the same `try` cannot catch it."""

    def again(frame, event, argument):
        if event == "line" and isinstance(sys.exc_info()[1], TimeUp):
            raise TimeUp(seconds)
        return again

    file = frame.f_code.co_filename
    while frame is not None and frame.f_code.co_filename == file:
        frame.f_trace = again
        frame = frame.f_back
    sys.settrace(lambda *_: None)  # tracing on, for those frames alone


@contextmanager
def _watchdog(seconds: float):
    """For Windows, which has no alarm: a thread raises TimeUp here. It cannot wake a call that sleeps inside C."""
    done, target, is_up = threading.Event(), threading.get_ident(), _deadline(seconds)

    class Up(TimeUp):
        def __init__(self):
            super().__init__(seconds)

    def watch():
        wait = seconds
        while not done.wait(wait):
            if is_up():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(target), ctypes.py_object(Up))
            wait = 0.5

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def seed_everything(seed: int = SEED) -> None:
    """Seed Python, and NumPy and torch where they are loaded: a check must not pay for importing them."""
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)
    if torch := sys.modules.get("torch"):
        # Without a GPU, torch.manual_seed keeps the stack of each call for one that may come: milliseconds.
        (torch.manual_seed if torch.cuda.is_available() else torch.default_generator.manual_seed)(seed)


@contextmanager
def apart(seed: int = SEED):
    """Begin with fresh seeds, so that no earlier answer decides a later one's, in an empty folder, so that nothing an
    answer writes stays; and put back afterward what an answer may have changed: folder, environment, import path,
    recursion limit, torch's gradient mode, default type and threads; what it drew is closed."""
    folder, environment, path, recursion = os.getcwd(), dict(os.environ), list(sys.path), sys.getrecursionlimit()
    torch = sys.modules.get("torch")
    if torch:
        grad, dtype, threads = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()
    figures = open_figures()
    seed_everything(seed)
    try:
        with TemporaryDirectory(prefix="petkata-", ignore_cleanup_errors=True) as scratch:
            os.chdir(scratch)
            try:
                yield
            finally:
                os.chdir(folder)
    finally:
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)
        for number in open_figures() - figures:  # a later answer would draw into it
            sys.modules["matplotlib.pyplot"].close(number)
        sys.path[:] = path
        sys.setrecursionlimit(recursion)
        if torch:
            torch.set_grad_enabled(grad)
            torch.set_default_dtype(dtype)
            if torch.get_num_threads() != threads:
                torch.set_num_threads(threads)


def open_figures() -> set[int]:
    """Numbers of the figures that matplotlib has open."""
    return set(sys.modules["matplotlib.pyplot"].get_fignums()) if "matplotlib.pyplot" in sys.modules else set()
