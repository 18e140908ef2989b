"""How far right and wrong answers stand from the limits that chance decides.

    python -m benchmarks.margins --seeds 20

Runs every check that asks for `measured`, with other seeds each time: on the solutions, on the alternatives, and on each
mistake that the check must catch. Writes the table benchmarks/margins.md. A limit is safe when it stands so many standard
deviations from each right answer that, with 95% confidence, a right answer misses it at most once in 1,000 runs (the
one-sided tolerance limit of a normal distribution), and when no run of a mistake is on the right side of it.

What was measured is kept in the user's cache. So after a change, `--only lesson8/step` measures that part again, and the
table is made of all that is kept.

Given to pytest as a plugin (`-p benchmarks.margins`), this module keeps only those checks and writes what they measured.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, median, stdev

import pytest

from petkata.checking.collect import AnswerFile, Checks, FullRunFile, KnownAnswerChecks
from petkata.pets.made import cache_folder, write_atomically

ROOT = Path(__file__).resolve().parents[1]
ONE_IN, CONFIDENCE = 1000, 0.95
REHEARSAL = "rehearsal"


# --- in pytest ---


def pytest_addoption(parser):
    parser.addoption("--measured", metavar="FILE", help="where to write what was measured, as JSON")


def pytest_configure(config):
    config.pluginmanager.register(Noted(config.getoption("--measured")))


class Noted:
    """Keeps the checks that measure, and writes what they measured at the end."""

    def __init__(self, file: str):
        self.file, self.rows = file, []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        kept = [item for item in items if measures(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        if report.when == "call":
            checks = item.getparent(Checks)
            who = "solution"
            if isinstance(checks, KnownAnswerChecks):
                who = checks.answer.words or checks.name
            for what, value, side, limit in report.measured:
                mistake = getattr(getattr(checks, "answer", None), "caught_by", None)
                self.rows.append({
                    "lesson": checks.lesson.name, "idea": Path(checks.file).stem, "task": checks.task_of(item),
                    "check": item.originalname, "what": what, "value": value, "side": side, "limit": limit, "who": who,
                    "right": not mistake, "as_expected": report.passed})  # of a mistake: that the check caught it
        return report

    def pytest_sessionfinish(self, session):
        for figure in session.config.pluginmanager.get_plugin("petkata-full-run").figures.noted:
            if figure.limit is not None:
                self.rows.append({
                    "lesson": f"lesson{figure.lesson}", "idea": REHEARSAL, "check": "the full run, rehearsed", "what": figure.run,
                    "value": figure.error, "side": "below", "limit": figure.limit, "who": "solution", "right": True,
                    "as_expected": figure.reached})
        Path(self.file).write_text(json.dumps(self.rows))


def measures(item) -> bool:
    checks = item.getparent(Checks)
    if isinstance(checks, FullRunFile):
        return True
    if "measured" not in item.fixturenames:
        return False
    if isinstance(checks, KnownAnswerChecks):
        return checks.answer.caught_by in (None, item.originalname)
    return isinstance(checks, AnswerFile)


# --- the table ---


def arguments(only: str) -> list[str]:
    """What pytest is to collect: the solutions and the known answers of each file whose checks measure."""
    found = []
    for checks in sorted(ROOT.glob("tests/lesson*/*/checks.py")):
        idea = checks.parent
        if only in f"{idea.parent.name}/{idea.name}" and "measured(" in checks.read_text(encoding="utf-8"):
            found += [f"solutions/{idea.parent.name}/{idea.name}.py", *(str(idea / f"{kind}.py") for kind in
                                                                       ("mistakes", "alternatives"))]
    return found


def run(seed: int, arguments: list[str]) -> list[dict]:
    """What one pytest with this seed measured."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "measured.json")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "benchmarks.margins", "-p", "no:cacheprovider", "--seed", str(seed),
             "--measured", str(file), *arguments], cwd=ROOT, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            raise SystemExit(done.stdout + done.stderr)
        print(f"seed {seed}: {done.stdout.strip().splitlines()[-1]}", file=sys.stderr, flush=True)
        return [{**row, "seed": seed} for row in json.loads(file.read_text())]


def needed(n: int) -> float:
    """How many standard deviations, measured on `n` runs, a limit must stand away."""
    from scipy.stats import nct, norm

    return nct.ppf(CONFIDENCE, n - 1, norm.ppf(1 - 1 / ONE_IN) * n**0.5) / n**0.5


def away(values: list[float], side: str, limit: float) -> float:
    """How many standard deviations the limit is away from the mean, on the right side."""
    gap = limit - mean(values) if side == "below" else mean(values) - limit
    spread = stdev(values)
    return gap / spread if spread else float("inf") if gap > 0 else 0.0


def table(rows: list[dict], seeds: int) -> tuple[str, bool]:
    """The Markdown table, and whether every limit is safe."""
    limits = defaultdict(lambda: {"right": defaultdict(list), "wrong": []})
    missed = {(row["lesson"], row["check"]) for row in rows if not row["as_expected"]}
    for row in rows:
        side = limits[row["lesson"], row["check"], row["what"], row["side"], row["limit"]]
        passes = row["value"] < row["limit"] if row["side"] == "below" else row["value"] > row["limit"]
        if row["right"]:
            side["right"][row["who"]].append(row["value"])
        elif not passes:  # the others got past this limit, to the assertion that caught them
            side["wrong"].append(row["value"])
    fewest = min(len(runs) for values in limits.values() for runs in values["right"].values())
    lines = [
        "# The margins of the limits that chance decides", "",
        f"Made by `python -m benchmarks.margins --seeds {seeds}`. Right answers are the solution and the alternatives; wrong",
        "ones are the mistakes that the check must catch. Of each: smallest, median and largest of all runs. *Away*: standard",
        f"deviations between the limit and the nearest right answer; {needed(fewest):.1f} make a false failure rarer than 1 in",
        "1,000 runs, with 95% confidence.", "",
        "| lesson | check | measured | limit | right | away | wrong | safe |", "|---|---|---|---|---|---|---|---|"]
    safe = True
    for (lesson, check, what, side, limit), values in sorted(limits.items()):
        distance, n = min((away(runs, side, limit), len(runs)) for runs in values["right"].values())
        fine = distance >= needed(n) and (lesson, check) not in missed
        safe &= fine
        lines.append(f"| {lesson[-1]} | {check.removeprefix('test_').replace('_', ' ')} | {what} | {side} {limit:g} "
                     f"| {spread(sum(values['right'].values(), []))} | {distance:.1f} | {spread(values['wrong'])} "
                     f"| {'yes' if fine else '**no**'} |")
    return "\n".join(lines) + "\n", safe


def spread(values: list[float]) -> str:
    return f"{min(values):.3g}, {median(values):.3g}, {max(values):.3g}" if values else "-"


def kept_rows(only: str) -> tuple[Path, list[dict]]:
    """The file of what was measured before, and of that what is not measured again."""
    file = cache_folder() / "margins.json"
    before = json.loads(file.read_text()) if file.exists() else []
    return file, [row for row in before if only not in f"{row['lesson']}/{row['idea']}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=101, help="seed; %(default)s: not those that limits were chosen by")
    parser.add_argument("--only", default="", help="only the folders of tests/ with this in their name, or rehearsal")
    parser.add_argument("--processes", type=int, default=2, help="at once; %(default)s")
    options = parser.parse_args()
    parts = [part for part in (arguments(options.only), ["solutions", "--rehearse"] if options.only in REHEARSAL else []) if part]
    if options.only and not kept_rows(options.only)[1]:
        parser.error("nothing was measured on this machine before, and the table needs it all: leave --only out")
    if not parts:
        parser.error(f"no folder of tests/ has {options.only} in its name, and the rehearsal has not either")
    runs = [(seed, part) for part in parts for seed in range(options.first, options.first + options.seeds)]
    with ThreadPoolExecutor(options.processes) as pool:
        rows = [row for part in pool.map(lambda one: run(*one), runs) for row in part]
    file, kept = kept_rows(options.only)
    rows += kept
    write_atomically(file, lambda beside: beside.write_text(json.dumps(rows)))
    text, safe = table(rows, options.seeds)
    write_atomically(ROOT / "benchmarks" / "margins.md", lambda beside: beside.write_text(text, encoding="utf-8"))
    print(text)
    raise SystemExit(not safe)


if __name__ == "__main__":
    main()
