"""The board at the end of a run: the tasks, the points, the next step."""

from __future__ import annotations

from collections import Counter

import pytest

from petkata.course import catalog

MARKUP = {"passed": {"green": True}, "failing": {"red": True}, "not started": {"yellow": True}}


class Board:
    """Gathers the verdicts of a run and tells the learner where they stand."""

    def __init__(self, config):
        self.verdicts: dict[tuple[str, str], list[dict]] = {}  # by (side, lesson)
        self.printed: list[tuple[str, str]] = []
        self.warned: Counter[str] = Counter()
        self.others = False  # whether anything but answers was tested

    def pytest_runtest_logreport(self, report):
        verdict = getattr(report, "verdict", None)
        if verdict is None:
            self.others = self.others or report.when == "call"
            return
        self.verdicts.setdefault((verdict["side"], verdict["lesson"]), []).append(verdict)
        if verdict["state"] == "passed":
            self.printed += [(report.nodeid, text) for title, text in report.sections if title == "What your code printed"]

    def pytest_warning_recorded(self, warning_message, nodeid):
        if nodeid.startswith(("exercises/", "solutions/")):
            self.warned[f"{warning_message.category.__name__}: {warning_message.message}"[:160]] += 1

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter):
        for nodeid, text in self.printed:
            terminalreporter.write_line(f"{nodeid} printed:", cyan=True)
            terminalreporter.write_line(text.rstrip())
        for (side, name), verdicts in sorted(self.verdicts.items()):
            self._lesson(terminalreporter, side, catalog.lesson(name), verdicts)
        if self.verdicts and not self.others:
            terminalreporter.reportchars = ""  # the board says it all

    def _lesson(self, out, side, lesson, verdicts):
        out.section(f"{side}/{lesson.name}: {lesson.title}", sep="-", bold=True)
        states = {task.name: state_of([v for v in verdicts if v["task"] == task.name]) for task in lesson.tasks}
        wide = max(len(task.name) for task in lesson.tasks) + 2
        for task in lesson.tasks:
            state = states[task.name]
            won = task.points if state == "passed" else 0
            out.write(f"  {task.name:{wide}}{task.file:16}")
            out.write(f"{state:14}", **MARKUP.get(state, {}))
            out.write_line(f"{won} of {task.points}" if state != "not run" else "")
        won = sum(task.points for task in lesson.tasks if states[task.name] == "passed")
        out.write_line(f"  {won} of {lesson.points} points" + ("" if "not run" not in states.values() else ", of what was run"))
        left = [task for task in lesson.tasks if states[task.name] in ("failing", "not started")]
        if left and side == "exercises":
            self._next_step(out, lesson, left[0], states[left[0].name])
        elif set(states.values()) == {"passed"} and side == "exercises":
            out.write_line(f"  {lesson.name} is done.", green=True)

    def _next_step(self, out, lesson, task, state):
        where = f"exercises/{lesson.name}/{task.file}"
        out.write_line("")
        if state == "not started":
            out.write_line(f"  Next: write {task.name} in {where}.", bold=True)
            out.write_line(f"  Read: lessons/{lesson.name}/README.md")
        else:
            out.write_line(f"  Next: put {task.name} right in {where}.", bold=True)
            out.write_line(f"  Hint: {task.hints[0]}")
        out.write_line(f"  Then: pytest {where}")


def state_of(verdicts: list[dict]) -> str:
    """A task's state from the verdicts of its checks: passed only when every check ran and passed."""
    states = {verdict["state"] for verdict in verdicts}
    if not states:
        return "not run"
    if states == {"passed"}:
        return "passed" if len(verdicts) == verdicts[0]["checks"] else "not all run"
    return "not started" if states == {"not started"} else "failing"
