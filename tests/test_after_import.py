"""Two may wait for the same module; what is loaded already does not wait; what is not there stays missing."""

import importlib
import sys

import pytest

from petkata.after_import import AfterImport, after_import


@pytest.fixture
def lesson_plan(tmp_path, monkeypatch):
    (tmp_path / "lesson_plan.py").write_text("ready = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield "lesson_plan"
    sys.modules.pop("lesson_plan", None)


def test_all_who_wait_are_told_once_it_is_loaded(lesson_plan):
    told = []
    after_import(lesson_plan, lambda module: told.append(("first", module.ready)))
    after_import(lesson_plan, lambda module: told.append(("second", module.ready)))
    assert told == []
    importlib.import_module(lesson_plan)
    assert sorted(told) == [("first", True), ("second", True)]
    after_import(lesson_plan, lambda module: told.append(("late", module.ready)))
    assert told[-1] == ("late", True)


def test_a_missing_module_is_still_missing():
    finder = AfterImport("no_such_lesson", print)
    sys.meta_path.insert(0, finder)
    try:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("no_such_lesson")
    finally:
        sys.meta_path.remove(finder)


def test_fastai_stays_on_the_cpu_while_checks_run():
    core = importlib.import_module("fastai.torch_core")
    assert core.defaults.use_cuda is False and core.default_device().type == "cpu"
