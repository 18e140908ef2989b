"""`pytest -m gpu` and `pytest --rehearse`: the options, the fixture `full_run`, the progress bar and the table at the end."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from pathlib import Path

import pytest

from petkata.checking.limits import SEED
from petkata.course import catalog
from petkata.full.figures import Figures, machine


def pytest_configure(config):
    config.pluginmanager.register(Summary(config), "petkata-full-run")


class Summary:
    """Keeps the figures of the session and shows them at its end."""

    def __init__(self, config):
        self.config = config
        self.figures = Figures(config.rootpath / "full-runs")
        self.machine: dict = {}

    def pytest_terminal_summary(self, terminalreporter):
        if not self.figures.noted:
            return
        from rich.console import Console

        terminalreporter.ensure_newline()
        Console().print(self.figures.table())
        path = self.figures.write(self.machine)
        terminalreporter.write_line(f"device: {self.machine['device']}; written: {path.relative_to(self.config.rootpath)}")


@pytest.fixture(scope="session")
def full_run(request, tmp_path_factory):
    """The full run: its world, its loaders, the runs that lessons share, and the figures."""
    config = request.config
    rehearse = config.getoption("--rehearse")
    from fastai.torch_core import default_device

    from petkata.full.running import FullRun
    from petkata.full.world import full_world, rehearsal

    summary = config.pluginmanager.get_plugin("petkata-full-run")
    with bars(config) as progress:
        if rehearse:
            world = rehearsal(progress)
        else:
            world = full_world(config.getoption("--pets"), config.getoption("--weights"), progress)
        summary.machine = machine(world.device)
        default_device(not rehearse)
        seed = config.getoption("--seed")
        yield FullRun(world, summary.figures, progress, solution, SEED if seed is None else seed,
                      tmp_path_factory.mktemp("full_run"))
        default_device(False)


def solution(lesson: str, name: str):
    """The solution of a task."""
    task = next(task for task in catalog.lesson(lesson).tasks if task.name == name)
    return getattr(importlib.import_module(f"solutions.{lesson}.{Path(task.file).stem}"), name)


@contextmanager
def bars(config):
    """`progress(title)` begins a bar with the time left on the terminal, past pytest's capturing, and gives the function
    that moves it: `tell(done, of, say, now)`. Where nobody watches, each new thing to say is a line."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        console = Console()
    display = Progress(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console,
                       auto_refresh=False, redirect_stdout=False, redirect_stderr=False, transient=True)
    bar, said, shown_at = display.add_task("", total=None), None, 0.0

    def progress(title: str):
        display.reset(bar, total=None, description=title)

        def tell(done: int, of: int, say: str = "", now: str = ""):
            nonlocal said, shown_at
            display.update(bar, completed=done, total=of, description=title + say + now)
            new, said = said != title + say, title + say
            if not new and done < of and display.get_time() - shown_at < 0.2:
                return
            shown_at = display.get_time()
            with capture.global_and_fixture_disabled():
                if console.is_terminal:
                    display.start()
                    display.refresh()
                elif new:
                    print(f"\n  {title}{say}", end=" ", flush=True)

        return tell

    try:
        yield progress
    finally:
        with capture.global_and_fixture_disabled():
            display.stop()
