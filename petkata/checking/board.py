"""What stands at the end of a run: what to put right, the tasks, the points, the next step."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from petkata.course import catalog

MARKUP = {"passed": {"green": True}, "failing": {"red": True}, "not started": {"yellow": True}}


class Board:
    """Gathers the verdicts of a run and tells the learner where they stand."""

    def __init__(self, config):
        self.config = config
        self.verdicts: dict[tuple[str, str], list[dict]] = {}  # by (side, lesson)
        self.warned: list[str] = []
        self.others = False  # whether anything but answers was tested

    def pytest_runtest_logreport(self, report):
        verdict = getattr(report, "verdict", None)
        if verdict is not None:
            self.verdicts.setdefault((verdict["side"], verdict["lesson"]), []).append(verdict)
        elif report.when == "call":
            self.others = True

    def pytest_warning_recorded(self, warning_message):
        if Path(warning_message.filename).is_relative_to(catalog.ROOT / "exercises"):
            self.warned.append(f"{warning_message.category.__name__}: {warning_message.message}")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter):
        alone = self.verdicts and not self.others
        if alone:  # what pytest would say, the board says in fewer words
            self.config.option.tbstyle = "no"
            terminalreporter.reportchars = ""
            terminalreporter.stats.pop("warnings", None)
        yield
        terminalreporter.ensure_newline()
        for (side, name), verdicts in sorted(self.verdicts.items()):
            if alone:
                self._what_to_put_right(terminalreporter, side, verdicts)
            self._lesson(terminalreporter, side, catalog.lesson(name), verdicts)

    def _what_to_put_right(self, out, side, verdicts):
        """One text a task: its first failing check in full, the other failing ones in a line each."""
        for task in dict.fromkeys(verdict["task"] for verdict in verdicts):
            own = [verdict for verdict in verdicts if verdict["task"] == task]
            failed = [verdict for verdict in own if verdict["state"] == "failed"]
            if failed:
                first, *rest = failed
                out.section(f"{task}: {first['check']}", sep="_", red=True)
                out.write_line(first["why"])
                messages = Counter(verdict["why"].partition("\n")[0] for verdict in rest)
                if same := messages.pop(first["why"].partition("\n")[0], 0):
                    out.write_line(f"  (the same in {same} more check{'s' * (same > 1)})")
                for message in messages:
                    out.write_line(f"  also: {message}")
                self._printed(out, first["printed"])
            elif waiting := [verdict["why"] for verdict in own if verdict["why"]]:
                out.section(task, sep="_", yellow=True)
                out.write_line(waiting[0])
            elif side == "exercises" and (printed := [verdict["printed"] for verdict in own if verdict["printed"]]):
                out.section(task, sep="_", green=True)
                self._printed(out, printed[0])
        if self.warned:
            out.section("warnings from your code", sep="_", yellow=True)
            for warning in list(dict.fromkeys(self.warned))[:3]:
                out.write_line(f"  {warning[:160]}")
            out.write_line(f"  {len(self.warned):,} in all")

    def _printed(self, out, text):
        if text:
            out.write_line("  your code printed:")
            out.write_line("\n".join(f"    {line}" for line in text.splitlines()))

    def _lesson(self, out, side, lesson, verdicts):
        out.section(f"{side}/{lesson.name}: {lesson.title}", sep="-", bold=True)
        states = {task.name: state_of([v for v in verdicts if v["task"] == task.name]) for task in lesson.tasks}
        name_width = max(len(task.name) for task in lesson.tasks) + 2
        file_width = max(len(task.file) for task in lesson.tasks) + 2
        for task in lesson.tasks:
            state = states[task.name]
            out.write(f"  {task.name:{name_width}}{task.file:{file_width}}")
            out.write(f"{state:14}", **MARKUP.get(state, {}))
            out.write_line(f"{task.points if state == 'passed' else 0} of {task.points}" if state != "not run" else "")
        won = sum(task.points for task in lesson.tasks if states[task.name] == "passed")
        out.write_line(f"  {won} of {lesson.points} points")
        left = [task for task in lesson.tasks if states[task.name] in ("failing", "not started")]
        if side == "exercises" and left:
            self._next_step(out, lesson, left[0], states[left[0].name])
        elif side == "exercises" and set(states.values()) == {"passed"}:
            out.write_line(f"  {lesson.name} is done.", green=True)

    def _next_step(self, out, lesson, task, state):
        where = f"exercises/{lesson.name}/{task.file}"
        if state == "not started":
            out.write_line(f"  Next: write {task.name} in {where}", bold=True)
            out.write_line(f"  Read: lessons/{lesson.name}/README.md")
        else:
            out.write_line(f"  Next: put {task.name} right in {where}", bold=True)
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
