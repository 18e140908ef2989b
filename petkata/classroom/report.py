"""The report on a class: one page to read and to print, which asks nothing of the network, with a CSV and a JSON file beside it.

    kata class report lesson3
"""

from __future__ import annotations

import csv
import json
import random
import re
import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from statistics import median

from petkata.classroom.exporting import plain
from petkata.classroom.results import STATES, Check, NoResults, SubmissionResult, TaskResult, lessons_handed_in, results
from petkata.course import catalog
from petkata.pets.made import write_atomically

WRITTEN = ("passed", "failing", "crashed", "timed out")  # the states of a task that the student has written
WRONG = WRITTEN[1:]
BARS = 24  # at most, in the picture of how many students have how many points
SOMEBODY = "[somebody]"  # instead of a name


def report(course: Path, lesson: str | None = None, out: Path | None = None, anonymous: bool = False) -> Path:
    """Write the report on a lesson, or on all that anybody has handed in; the path of its page.

    It lies in `out`, by default the folder `report` of the course. Raises NoResults, and OSError where it cannot be written.
    """
    names = [lesson] if lesson else lessons_handed_in(course)
    if not names:
        raise NoResults("Nobody has handed in anything yet, so there is nothing to report. nbgrader collect fetches what was "
                        "handed in, kata class grade grades it.")
    found = {name: results(course, name) for name in names}
    if anonymous:
        found = without_names(found)
    data = {"made": f"{datetime.now():%Y-%m-%d %H:%M}", "anonymous": anonymous,
            "lessons": [about(name, of_lesson) for name, of_lesson in found.items()]}
    folder = out or course / "report"
    stem = (lesson or "report") + "-anonymous" * anonymous  # so that the one with names is not taken for the other
    texts = {".json": (json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8"),
             ".csv": (table(found.values()), "utf-8-sig"),  # with the mark by which Excel knows that it is UTF-8
             ".html": (page(data), "utf-8")}
    for ending, (text, encoding) in texts.items():
        written = text.encode(encoding, "replace")
        write_atomically(folder / f"{stem}{ending}", lambda beside: beside.write_bytes(written))
    return folder / f"{stem}.html"


# --- without names ---


def without_names(found: dict[str, list[SubmissionResult]]) -> dict[str, list[SubmissionResult]]:
    """The same results of "student 01", "student 02", ..., numbered by chance, anew each time, in the order of the numbers.

    Of why a check failed only its first sentence stays, without code and values of the student's, and names, ids and addresses
    are taken out of all sentences.
    """
    everybody = [result for of_lesson in found.values() for result in of_lesson]
    students = sorted({result.student for result in everybody})
    random.SystemRandom().shuffle(students)
    width = len(str(len(students)))
    numbers = {student: f"student {number:0{width}}" for number, student in enumerate(students, 1)}
    names = names_in(everybody)

    def clean(sentence: str) -> str:
        return names.sub(SOMEBODY, sentence)

    def nameless(task: TaskResult) -> TaskResult:
        return replace(task, checks=[Check(c.check, c.state, clean(first_line(c.why))) for c in task.checks])

    return {lesson: sorted((replace(result, student=numbers[result.student], name="", email="",
                                    needs_a_look=[clean(sentence) for sentence in result.needs_a_look],
                                    tasks=[nameless(task) for task in result.tasks]) for result in of_lesson),
                           key=lambda result: result.student) for lesson, of_lesson in found.items()}


def names_in(everybody: Iterable[SubmissionResult]) -> re.Pattern:
    """What finds a student's id, a name, an address or what stands before its @, as a word of its own, in any letters."""
    terms = set()
    for result in everybody:
        terms |= {result.student, result.name, result.email, result.email.partition("@")[0], *re.split(r"[\s,]+", result.name)}
    longest_first = sorted((term for term in terms if len(term) > 1), key=len, reverse=True)  # one letter tells of nobody
    return re.compile("|".join(rf"(?<![^\W_]){re.escape(term)}(?![^\W_])" for term in longest_first) or r"(?!)", re.IGNORECASE)


# --- what there is to say ---


def about(lesson: str, found: list[SubmissionResult]) -> dict:
    """All that the report says of a lesson, as plain data."""
    graded = [result for result in found if result.graded]
    middle = median(result.points for result in graded) if graded else None
    return {
        "lesson": lesson, "title": title(lesson),
        "enrolled": len(found), "handed_in": sum(result.handed_in for result in found), "graded": len(graded),
        "of": max((result.of for result in found), default=0.0), "median": middle,
        "needs_help": [{**who(result), "points": result.points, "of": result.of, "why": why, "stuck_at": stuck_at(result)}
                       for result in sorted(graded, key=lambda result: result.points) if (why := needs_help(result, middle))],
        "needs_a_look": [{**who(result), "sentences": result.looks} for result in found if result.looks],
        "nothing_handed_in": [who(result) for result in found if not result.handed_in],
        "spread": spread(graded), "tasks": hardest(graded), "checks": most_failed(graded),
        "students": [result.to_dict() for result in found],
    }


def title(lesson: str) -> str:
    try:
        return catalog.lesson(lesson).title
    except catalog.CatalogError:  # an assignment of the instructor's own
        return ""


def who(result: SubmissionResult) -> dict[str, str]:
    return {"student": result.student, "name": result.name, "email": result.email}


def needs_help(result: SubmissionResult, middle: float) -> str:
    """Why a student needs help; empty for those who do not."""
    if result.points >= result.of:
        return ""
    states = Counter(task.state for task in result.tasks)
    wrong = sum(states[state] for state in WRONG)
    if wrong and wrong >= states["passed"]:
        return f"stuck: {states['passed']} right, {wrong} wrong"
    if result.points <= middle / 2:
        return "few points: at most half of the median"
    return ""


def stuck_at(result: SubmissionResult) -> dict[str, str] | None:
    """The first task that is not right and waits for no other, and of its checks the first that failed."""
    task = next((task for task in result.tasks if task.state not in ("passed", "waiting")), None)
    if task is None:
        return None
    check = next((check for check in task.checks if check.state == "failed"), None)
    return {"task": task.task, "state": task.state, "check": words(check.check) if check else ""}


def spread(graded: list[SubmissionResult]) -> list[dict]:
    """How many students have how many points: of each bar, from how many points to less than how many."""
    if not graded:
        return []
    most = int(max(max(result.points, result.of) for result in graded))
    wide = -(-(most + 1) // BARS)
    counts = Counter(int(result.points) // wide for result in graded)
    return [{"from": bar * wide, "to": (bar + 1) * wide, "students": counts[bar]} for bar in range(most // wide + 1)]


def hardest(graded: list[SubmissionResult]) -> list[dict]:
    """Each task with its share of points won, the hardest first, and how many students it is in which state for."""
    found: dict[str, list[TaskResult]] = {}
    for result in graded:
        for task in result.tasks:
            found.setdefault(task.task, []).append(task)
    tasks = [{"task": name, "of": of[0].of, "students": len(of), "share": share_of(of),
              "states": {state: n for state in STATES if (n := sum(task.state == state for task in of))}}
             for name, of in found.items()]
    return sorted(tasks, key=lambda task: task["share"])


def share_of(tasks: list[TaskResult]) -> float:
    """The share of the points that were won, 0 to 1."""
    of = sum(task.of for task in tasks)
    return sum(task.points for task in tasks) / of if of else 1.0


def most_failed(graded: list[SubmissionResult]) -> list[dict]:
    """The checks that failed, the most frequent first: for how many of those who wrote the task, and what it said most often."""
    written: Counter[str] = Counter()
    whys: dict[tuple[str, str], list[str]] = {}  # one for each student
    for task in (task for result in graded for task in result.tasks):
        written[task.task] += task.state in WRITTEN
        failed = {check.check: check.why for check in reversed(task.checks) if check.state == "failed"}
        for name, why in failed.items():
            whys.setdefault((task.task, name), []).append(why)
    found = []
    for (task, name), said in whys.items():
        [(sentence, _)] = Counter(map(first_line, said)).most_common(1)
        example = next(why for why in said if first_line(why) == sentence)
        rest = [line.strip()[:200] for line in example.strip().splitlines()[1:]]
        found.append({"task": task, "check": name, "words": words(name), "failed": len(said),
                      "written": max(written[task], len(said)), "why": sentence, "more": rest[:6]})
    return sorted(found, key=lambda check: (-check["failed"], -check["failed"] / check["written"]))


def words(check: str) -> str:
    """The name of a check in words: test_is_flat_at_both_ends[adam] says "is flat at both ends (adam)"."""
    name, _, which = check.removesuffix("]").partition("[")
    return name.removeprefix("test_").replace("_", " ").strip() + f" ({which})" * bool(which)


def first_line(why: str) -> str:
    return textwrap.shorten(next(iter(why.strip().splitlines()), ""), 300, placeholder=" ...")


# --- the files ---


def page(data: dict) -> str:
    """The page, by report.html.jinja beside this file."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(loader=PackageLoader("petkata.classroom", ""), autoescape=True, undefined=StrictUndefined,
                        trim_blocks=True, lstrip_blocks=True)
    pages.filters.update(number=number, blocks=blocks)
    return pages.get_template("report.html.jinja").render(data, states=STATES)


def number(value: float) -> str:
    """2, 2.5 or 2.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def blocks(rows: list) -> list[list]:
    """Rows in at most four blocks, to stand side by side, of ten rows at least."""
    size = max(10, -(-len(rows) // 4))
    return [rows[start:start + size] for start in range(0, len(rows), size)]


COLUMNS = ("lesson", "student", "name", "email", "handed in", "task", "state", "points", "of", "by hand", "failed checks")


def table(found: Iterable[list[SubmissionResult]]) -> str:
    """All results as CSV: a row for each student and task, and one for what is taken off for being late."""
    from io import StringIO

    file = StringIO()
    write = csv.writer(file, lineterminator="\n").writerow
    write(COLUMNS)
    for result in (result for of_lesson in found for result in of_lesson):
        begin = [plain(text) for text in (result.lesson, result.student, result.name, result.email)]
        begin.append(yes(result.handed_in))
        for task in result.tasks:
            state = task.state if result.handed_in else "nothing handed in"
            failed = dict.fromkeys(words(check.check) for check in task.checks if check.state == "failed")
            write([*begin, plain(task.task), state, number(task.points), number(task.of), yes(task.by_hand),
                   plain("; ".join(failed))])
        if result.late_penalty:
            write([*begin, "late", "", number(-result.late_penalty), 0, "", ""])
    return file.getvalue()


def yes(value: bool) -> str:
    return "yes" if value else "no"
