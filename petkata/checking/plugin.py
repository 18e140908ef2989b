"""The pytest plugin: judges `exercises/` and `solutions/`, and proves the checks on known answers.

A check is *passed*, *failed* or *not started*. The verdicts of a run, one a check, are plain data on pytest's reports
(`report.verdict`), so that they cross from xdist's workers to the board at the end.
"""

from __future__ import annotations

import importlib
import os
from collections import Counter

# The nets are small: on a shared machine two threads for one picture cost far more than they bring.
# Set before torch is imported, and only where nobody has chosen.
THREADS_CHOSEN = "OMP_NUM_THREADS" in os.environ
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest  # noqa: E402

import petkata.torchvision_guard  # noqa: E402, F401  torchvision must import beside a CPU torch
from petkata.after_import import after_import  # noqa: E402
from petkata.checking import answers, limits, words  # noqa: E402
from petkata.checking.board import Board  # noqa: E402
from petkata.checking.collect import (  # noqa: E402
    AnswerFile,
    Checks,
    KnownAnswerChecks,
    NotebookCells,
    StubChecks,
    collector_for,
)
from petkata.course import catalog  # noqa: E402
from petkata.pets.choice import wants_photographs  # noqa: E402

# The checks compare numbers on the CPU, whatever else the machine has.
after_import("fastai.torch_core", lambda core: core.default_device(False))


class NotStarted(Exception):
    """The task of this check is still a stub."""


def pytest_addoption(parser):
    group = parser.getgroup("petkata")
    group.addoption("--seed", type=int, default=None, metavar="N",
                    help="other random inputs and training seeds than the usual ones (the usual ones never change)")
    group.addoption("--pets", metavar="WHICH", default=None,
                    help="the pets to use: drawn (the usual ones), real (photographs; fetched once), the folder of a local copy "
                         "of the real set, or a folder, new or made before, for the drawn ones")
    group.addoption("--weights", metavar="PATH", default=None,
                    help="folder with torchvision's files of ImageNet weights, for --pets real and -m gpu without a network")
    group.addoption("--rehearse", action="store_true",
                    help="the full run (-m gpu) in miniature: drawn pictures and small networks, on the CPU")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    if config.rootpath.resolve() != catalog.ROOT:
        raise pytest.UsageError(f"This is the course in {config.rootpath}, but petkata is loaded from {catalog.ROOT}. "
                                "Each copy has an environment of its own: python3 kata.py makes it.")
    pytest.register_assert_rewrite("tests")  # here, not above: in a notebook each check is a run of pytest of its own
    _absolute_paths(config.option)
    if wants_photographs(config.option.pets):
        if not THREADS_CHOSEN:
            os.environ.pop("OMP_NUM_THREADS", None)  # for a resnet and larger pictures more threads do pay
    elif config.option.pets not in (None, "drawn"):
        os.environ["PETKATA_PETS"] = config.option.pets
    if config.getoption("--rehearse") and not config.option.markexpr:
        config.option.markexpr = "gpu"
    seed = config.getoption("--seed")
    if seed is not None:
        config.option.hypothesis_seed = str(seed)
    config.pluginmanager.register(Board(config))
    config.pluginmanager.register(NothingInVain())


def _absolute_paths(option):
    """Paths were named where pytest was called; a check runs in a folder of its own."""
    if option.pets not in (None, "drawn", "real"):
        option.pets = os.path.abspath(option.pets)
    if option.weights is not None:
        option.weights = os.path.abspath(option.weights)
    if "PETKATA_PETS" in os.environ:
        os.environ["PETKATA_PETS"] = os.path.abspath(os.environ["PETKATA_PETS"])


def pytest_collect_directory(path, parent):
    return collector_for(path, parent)


def pytest_pycollect_makemodule(module_path, parent):
    return collector_for(module_path, parent)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Before anything is deselected: name each check's task, and count the checks of each task."""
    judged = [item for item in items if item.getparent(Checks)]
    total = Counter((item.getparent(Checks), item.getparent(Checks).task_of(item)) for item in judged)
    for item in judged:
        checks = item.getparent(Checks)
        task = checks.task_of(item)
        item.judged = {"side": checks.nodeid.partition("/")[0], "lesson": checks.lesson.name, "file": checks.file,
                       "task": task, "checks": total[checks, task], "waits_for": None, "crashed": False}
        item.repr_failure = lambda excinfo: ""  # pytest's own, a slow one, would not be shown
        item.location = (item.nodeid.partition("::")[0], None, f"{task}: {item.name}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    if not hasattr(item, "judged") or item.judged["task"] in item.getparent(Checks).not_started:
        return (yield)
    with limits.apart(_seed(item)):
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item):
    """What stops a check while it is set up stops it when it is called: a check has one verdict, from its call."""
    if not hasattr(item, "judged"):
        return (yield)
    try:
        return (yield)
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except pytest.skip.Exception:
        if not item.get_closest_marker("skip"):  # an answer that skips has not passed
            item.stopped = pytest.skip.Exception("skipped")
        else:
            raise
    except BaseException as error:
        item.stopped = error


class NothingInVain:
    """Stops a check before any fixture is made: a stub waits for no training, and what never ends is tried once."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        if not hasattr(item, "judged"):
            return
        checks, task = item.getparent(Checks), item.judged["task"]
        if task in checks.not_started:
            raise NotStarted(task)
        if task in checks.endless:
            raise answers.AnswerError("Not tried again: an earlier check of this task did not come to an end.")
        for library in checks.libraries:
            importlib.import_module({"fastai": "fastai.vision.all"}.get(library, library))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if stopped := getattr(pyfuncitem, "stopped", None):
        raise stopped


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request):
    """A learner's file is loaded, and sometimes called, while a fixture is made."""
    item = request._pyfuncitem  # the check; `request.node` is the whole session for a session-scoped fixture
    if not hasattr(item, "judged"):
        return (yield)
    with _limit(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if not hasattr(item, "judged"):
        return (yield)
    if not hasattr(item, "stopped"):
        limits.seed_everything(_seed(item))  # a fixture that was set up first must not shift the seed
        for task in filter(None, item.getparent(Checks).tasks.values()):
            task.called_lately = False
    with _limit(item):
        return (yield)


def _seed(item) -> int:
    seed = item.config.getoption("--seed")
    return limits.SEED if seed is None else seed


def _limit(item):
    if item.get_closest_marker("gpu"):
        return limits.time_limit(limits.FULL_RUN_SECONDS)
    mark = item.get_closest_marker("time_limit")
    times = limits.PHOTOGRAPHS if wants_photographs(item.config.getoption("--pets")) else 1
    return limits.time_limit(times * (mark.args[0] if mark else limits.SECONDS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    checks = item.getparent(Checks)
    if not hasattr(item, "judged") or report.when != "call":
        return report
    printed = "".join(text for title, text in report.sections if "stdout" in title)
    report.sections = [("What your code printed", words.tail(printed))] if printed else []
    if call.excinfo is not None:
        _tell(report, item, checks, call.excinfo)
    report.measured = getattr(getattr(item, "measured", None), "noted", [])
    state = "passed" if report.passed else "not started" if getattr(report, "not_started", False) else "failed"
    if isinstance(checks, (AnswerFile, NotebookCells)):
        report.verdict = {**item.judged, "check": item.name, "state": state, "printed": words.tail(printed),
                          "why": "" if state == "passed" else str(report.longrepr)}
    elif isinstance(checks, StubChecks):
        _expect(report, state == "not started", f"a stub must not pass this check; it was {state}")
    elif isinstance(checks, KnownAnswerChecks) and checks.answer.caught_by:
        _expect_mistake(report, item, checks.answer)
    return report


def _tell(report, item, checks, excinfo):
    """Say why in a sentence. Whatever stopped a check, a skip included, it has not passed."""
    error = excinfo.value
    if isinstance(error, limits.TimeUp):
        checks.endless.add(item.judged["task"])
    report.outcome = "failed"
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    name = item.judged["task"]
    waits_for = str(error) if isinstance(error, NotStarted) else words.not_written(error)
    left_over = waits_for == name and isinstance(checks, (AnswerFile, NotebookCells)) and name not in checks.not_started
    if waits_for in {task.name for task in checks.lesson.tasks} and not left_over:
        report.not_started = True
        item.judged["waits_for"] = waits_for
        report.longrepr = "" if waits_for == name else f"{name} needs {waits_for} first."
    elif item.config.getoption("tbstyle") in ("long", "native"):
        report.longrepr = str(type(item).repr_failure(item, excinfo))  # for who works on a check
    else:
        first_line = answers.first_line(checks.lesson.name, checks.file_of(name), name, catalog.ROOT)
        report.longrepr = words.failure(
            error, excinfo.tb, checks.answer_place, catalog.ROOT, checks.tasks[name], first_line
        )
        item.judged["crashed"] = not isinstance(error, AssertionError)


def _expect_mistake(report, item, answer):
    if item.originalname != answer.caught_by:
        _expect(report, report.passed, f"{answer.caught_by} should have been the first to fail")
    else:
        told = report.failed and not report.longrepr.startswith(words.UNUSABLE)
        _expect(report, told, f"{answer.caught_by} must fail here, in words of its own: {answer.words}")


def _expect(report, as_expected: bool, otherwise: str):
    report.not_started = False
    why = f"{otherwise}\n{report.longrepr or ''}"
    report.outcome, report.longrepr = ("passed", None) if as_expected else ("failed", why)


def pytest_report_teststatus(report):
    if getattr(report, "not_started", False):
        return "not started", "-", ("NOT STARTED", {"yellow": True})
    return None
