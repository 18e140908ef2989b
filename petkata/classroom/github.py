"""Tells GitHub Actions the points of a push, as a plugin of pytest.

    pytest exercises/lesson3 -p petkata.classroom.github

The run's page then shows each task with its points, and the sum as a notice. `lessons/autograding.yml` calls it.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import pytest

from petkata.checking.board import state_of
from petkata.course import catalog

PAGE = "GITHUB_STEP_SUMMARY"  # the variable that names the file, in Markdown, which GitHub shows on the run's page


def points(verdicts: list[dict]) -> list[tuple[str, str, int, int]]:
    """The tasks of each lesson that these verdicts are about: task, state, points, of how many."""
    rows = []
    for name in dict.fromkeys(verdict["lesson"] for verdict in verdicts):
        for task in catalog.lesson(name).tasks:
            state = state_of([verdict for verdict in verdicts if (verdict["lesson"], verdict["task"]) == (name, task.name)])
            rows.append((task.name, state, task.points * (state == "passed"), task.points))
    return rows


def page(rows: list[tuple[str, str, int, int]]) -> str:
    """The points as a table in Markdown."""
    return "\n".join(["| task | | points |", "|---|---|---|",
                      *(f"| {task} | {state} | {won} of {of} |" for task, state, won, of in rows), ""])


def notices(rows: list[tuple[str, str, int, int]]) -> list[str]:
    """The sum, as GitHub Classroom's own graders told it: once for people, once for programs."""
    won, of = sum(row[2] for row in rows), sum(row[3] for row in rows)
    return [f"::notice title=Autograding complete::Points {won}/{of}",
            f"::notice title=Autograding report::{json.dumps({'totalPoints': won, 'maxPoints': of})}"]


class PointsForGitHub:
    """Gathers the verdicts of a run and tells GitHub at its end. Until then, nothing that is printed is a command."""

    def __init__(self, page_file: str | None):
        self.page_file, self.verdicts, self.word = page_file, [], secrets.token_hex(16)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session):
        session.config.get_terminal_writer().line(f"::stop-commands::{self.word}")

    def pytest_runtest_logreport(self, report):
        if verdict := getattr(report, "verdict", None):
            self.verdicts.append(verdict)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config):
        rows = points(self.verdicts)
        out = config.get_terminal_writer()
        out.line()
        for line in [f"::{self.word}::", *(notices(rows) if rows else ())]:
            out.line(line)
        if self.page_file and rows:
            with Path(self.page_file).open("a", encoding="utf-8") as file:
                file.write(page(rows))


def pytest_configure(config):
    # What is tested finds no way to GitHub among its variables.
    github = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("GITHUB_", "ACTIONS_"))}
    config.pluginmanager.register(PointsForGitHub(github.get(PAGE)))
