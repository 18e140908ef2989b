"""What stands at the end of a run: what to put right, the tasks, the points, the next step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from petkata.course import catalog, stubs

MARKUP = {"passed": {"green": True}, "failing": {"red": True}, "not started": {"yellow": True}, "waiting": {"yellow": True}}


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
        for task in dict.fromkeys(verdict["task"] for verdict in verdicts):
            tell_task(out, task, [verdict for verdict in verdicts if verdict["task"] == task], show_printed=side == "exercises")
        if self.warned:
            out.section("warnings from your code", sep="_", yellow=True)
            for warning in list(dict.fromkeys(self.warned))[:3]:
                out.write_line(f"  {warning[:160]}")
            out.write_line(f"  {len(self.warned):,} in all")

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
        judged = [task for task in lesson.tasks if states[task.name] != "not run"]
        won = sum(task.points for task in judged if states[task.name] == "passed")
        some = "" if judged == list(lesson.tasks) else f", in {len(judged)} of {len(lesson.tasks)} tasks"
        out.write_line(f"  {won} of {sum(task.points for task in judged)} points{some}")
        if side == "exercises":
            self._next_step(out, lesson, verdicts, states)

    def _next_step(self, out, lesson, verdicts, states):
        """The first task that is not right yet, or the one that it waits for."""
        left = [task for task in lesson.tasks if states[task.name] in ("failing", "waiting", "not started")]
        if not left and "not run" in states.values():
            stub = next((task for task in lesson.tasks if states[task.name] == "not run" and is_stub(lesson, task)), None)
            step = f"write {stub.name} in exercises/{lesson.name}/{stub.file}" if stub else f"pytest exercises/{lesson.name}"
            out.write_line(f"  Next: {step}", bold=True)
        elif not left and set(states.values()) == {"passed"}:
            out.write_line(f"  {lesson.name} is done.", green=True)
            names = catalog.lesson_names()
            if lesson.name != names[-1]:
                out.write_line(f"  Next: read lessons/{names[names.index(lesson.name) + 1]}/README.md", bold=True)
        if not left:
            return
        task = left[0]
        if states[task.name] == "waiting":
            needed = next(v["waits_for"] for v in verdicts if v["task"] == task.name and v["waits_for"] not in (None, task.name))
            task = next(other for other in lesson.tasks if other.name == needed)
        where = f"exercises/{lesson.name}/{task.file}"
        if states[task.name] == "failing":
            out.write_line(f"  Next: put {task.name} right in {where}", bold=True)
            tell_hint(out, task, verdicts)
        else:
            out.write_line(f"  Next: write {task.name} in {where}", bold=True)
            out.write_line(f"  Read: lessons/{lesson.name}/README.md")
        out.write_line(f"  Then: pytest {where}")


def tell_task(out, task: str, verdicts: list[dict], show_printed: bool) -> None:
    """What to put right in one task: its first failing check in full, of each other kind of failure the sentence and the
    call. Of a task that passed, what its code printed where that is to be shown.

    `out` is pytest's terminal reporter, or anything with its `section` and `write_line`.
    """
    failed = [verdict for verdict in verdicts if verdict["state"] == "failed"]
    if state_of(verdicts) == "waiting":
        out.section(task, sep="_", yellow=True)
        out.write_line(next(verdict["why"] for verdict in verdicts if verdict["waits_for"] not in (None, task)))
    elif failed:
        first, *rest = failed
        out.section(f"{task}: {first['check']}", sep="_", red=True)
        out.write_line(first["why"])
        others = {gist(verdict): verdict for verdict in reversed(rest)}
        others.pop(gist(first), None)
        if same := sum(gist(verdict) == gist(first) for verdict in rest):
            out.write_line(f"  (the same in {same} more check{'s' * (same > 1)})")
        shown = first["why"]
        for verdict in reversed(others.values()):
            sentence, *rest = in_short(verdict["why"])
            if sentence not in shown:
                rest_of_it = "".join(f"\n{line}" for line in rest if line not in shown)
                out.write_line(f"  also, {verdict['check']}: {sentence}{rest_of_it}")
                shown += "\n".join([sentence, *rest])
        _tell_printed(out, first["printed"])
    elif show_printed and (printed := [verdict["printed"] for verdict in verdicts if verdict["printed"]]):
        out.section(task, sep="_", green=True)
        _tell_printed(out, printed[0])


def _tell_printed(out, text: str) -> None:
    if text:
        out.write_line("  your code printed:")
        out.write_line("\n".join(f"    {line}" for line in text.splitlines()))


def tell_hint(out, task: catalog.Task, verdicts: list[dict]) -> None:
    """The first hint for a task that fails: not where its code crashed, for then the message says more."""
    first = next(verdict for verdict in verdicts if verdict["task"] == task.name and verdict["state"] != "passed")
    if not first["crashed"]:
        out.write_line(f"  Hint: {task.hints[0]}")


def state_of(verdicts: list[dict]) -> str:
    """A task's state from the verdicts of its checks: passed only when every check ran and passed."""
    states = {verdict["state"] for verdict in verdicts}
    if not states:
        return "not run"
    if any(verdict["waits_for"] not in (None, verdict["task"]) for verdict in verdicts):
        return "waiting"
    if states == {"passed"}:
        return "passed" if len(verdicts) == verdicts[0]["checks"] else "not all run"
    return "not started" if states == {"not started"} else "failing"


def in_short(why: str) -> list[str]:
    """The sentence of a failure, the line where it stopped, the picture of it, and the call that it is about."""
    sentence, *rest = why.splitlines()
    return [sentence, *[line for line in rest if re.match(r"    .*, line \d+, in ", line)][-1:],
            *[line for line in rest if re.match("    (Your drawing|last call)", line)][:2]]


def gist(verdict: dict) -> str:
    """What two failures have in common that differ in their numbers only."""
    return re.sub(r"\d+", "#", verdict["why"].partition("\n")[0])


def is_stub(lesson: catalog.Lesson, task: catalog.Task) -> bool:
    """Whether the learner has not begun with this task, by the look of its file."""
    file = catalog.ROOT / "exercises" / lesson.name / task.file
    return file.exists() and task.name in stubs.untouched(file.read_text(encoding="utf-8", errors="replace"))
