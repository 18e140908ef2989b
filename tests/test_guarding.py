"""What a judge never does, whoever asks for it. Each time in a fork, since a guard stays."""

import os
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="answers are judged in another process where a system can fork")


@pytest.fixture(scope="module")
def guarded():
    """`guarded(does)`: what a guarded process tells of `does(folder)`: which error, and what was refused."""
    from petkata.classroom.guarding import Guard

    def guarded(does):
        hears, tells = os.pipe()
        if (pid := os.fork()) == 0:
            guard, error = Guard(), None
            try:
                does()
            except BaseException as raised:
                error = type(raised).__name__
            os.write(tells, f"{error} {guard.refused}".encode())
            os._exit(0)
        os.close(tells)
        with open(hears, encoding="utf-8") as pipe:
            said = pipe.read()
        os.waitpid(pid, 0)
        return said

    return guarded


def pickled():
    import pickle

    pickle.loads(b"cos\nsystem\n(S'true'\ntR.")


def by_debugger():
    import pdb

    pdb.set_trace()


def by_ctypes():
    import ctypes

    ctypes.CDLL(None).system(b"true")


def of_annotations():
    import typing

    def function(x: "print('ran')"):  # noqa: F722
        pass

    typing.get_type_hints(function)


PROGRAMS = {
    "exec": lambda: exec("1"),
    "eval": lambda: eval("1"),
    "compile": lambda: compile("1", "/usr/lib/x.py", "exec"),
    "the text of an annotation": of_annotations,
    "a function of code": lambda: type(pickled)(pickled.__code__, {}),
    "other code": lambda: pickled.__code__.replace(co_name="x"),
    "a pickle": pickled,
    "marshal": lambda: __import__("marshal").loads(b"N"),
    "a debugger": by_debugger,
    "breakpoint": breakpoint,
    "a command": lambda: os.system("true"),
    "another program": lambda: __import__("subprocess").run(["true"]),
    "a fork": os.fork,
    "a library of C": by_ctypes,
    "a socket": lambda: __import__("socket").socket(),
}


@pytest.mark.parametrize("does", PROGRAMS.values(), ids=PROGRAMS)
def test_no_program_begins(guarded, does):
    said = guarded(does)
    assert said.startswith("Refused ['"), said


def test_what_checks_need_is_done(guarded):
    def does():
        import tabnanny  # noqa: F401  a module that nobody has loaded yet
        from collections import namedtuple
        from dataclasses import make_dataclass

        assert namedtuple("Pair", "a b")(1, 2).b == 2 and make_dataclass("Pair", ["a", "b"])(1, 2).b == 2

    assert "tabnanny" not in sys.modules
    assert guarded(does) == "None []"


def test_a_file_of_the_course_is_imported_whether_it_is_compiled_already_or_not(guarded, tmp_path, monkeypatch):
    import petkata.checking.limits

    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.delitem(sys.modules, "petkata.checking.limits")
    for _ in range(2):
        assert guarded(lambda: __import__("petkata.checking.limits")) == "None []"
    assert list(tmp_path.rglob("limits*.pyc"))
    assert petkata.checking.limits


def test_a_file_that_lies_anywhere_is_not_imported(guarded, tmp_path, monkeypatch):
    (tmp_path / "left_here.py").write_text("left = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert guarded(lambda: __import__("left_here")).startswith("Refused ['exec']")


def test_weights_are_loaded_and_no_programs(guarded, tmp_path):
    import torch

    class Program:
        def __reduce__(self):
            return print, ("ran",)

    torch.save(Program(), tmp_path / "program.pth")
    torch.save({"weight": torch.ones(2)}, tmp_path / "weights.pth")
    assert guarded(lambda: torch.load(tmp_path / "weights.pth", weights_only=False)) == "None []"
    assert guarded(lambda: torch.load(tmp_path / "program.pth", weights_only=False)).startswith("UnpicklingError")


def test_a_callback_is_called_by_events_only(guarded):
    from fastai.callback.core import Callback

    class Own(Callback):
        def other(self):
            pass

    assert guarded(lambda: Own()("after_batch")) == "None []"
    assert guarded(lambda: Own()("other")).startswith("TypeError")


def test_who_was_refused_something_is_not_judged(monkeypatch):
    from types import SimpleNamespace

    from petkata.checking.notebook import Judged
    from petkata.classroom import judge

    checks = SimpleNamespace(seed=None, judged=lambda lesson, task, cells, **options: Judged(
        f"{task}: passed, 1 of 1 points", "passed", 1, 1))
    for refused, points, state in (([], 1, "passed"), (["exec"], 0, "not judged")):
        cells, guard = SimpleNamespace(stopped="", crossing=SimpleNamespace(lost=False)), SimpleNamespace(refused=refused)
        told = judge.verdict(checks, "lesson3", "cosine_anneal", None, cells, guard)
        assert (told.points, told.state) == (points, state) and f"{state}, {points} of 1" in told.text
