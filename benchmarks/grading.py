"""How fast a class is graded: stock nbgrader against the same nbgrader with the course's configuration.

    python -m benchmarks.grading --lesson lesson3 --submissions 20

The same notebooks and the same checks in all; the submissions are the solution. Stock is `nbgrader autograde` in one process with
kernels of its own; then the same command with kernels forked from a loaded process, sandboxed, and judged outside; then
`kata class grade` with two jobs. Each way grades one submission, then them all, in a course of their own: what the first one
takes is mostly start-up, and what each further one takes is what a large class feels. Prints seconds, ratios of both, and how
long it takes until a kernel answers.

And what nobody can be faster than: the seconds that the checks alone take on one core, in a process that has all it needs in its
memory, without a kernel, a sandbox, a judge or nbgrader.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from datetime import date
from pathlib import Path

from benchmarks.parity import ROOT, submissions, write_submission
from petkata.classroom.folder import GUARD
from petkata.course import catalog

OURS = ("use_forked_kernels()", "PREPROCESSORS", "lose_nothing()", "WhatHappened")  # in the lines that stock nbgrader lacks
WAYS = ("stock nbgrader", "forked, sandboxed, judged outside", "the same, two jobs")


def course(folder: Path, lesson: catalog.Lesson, n: int, stock: bool) -> Path:
    """An instructor's course folder with `n` right submissions."""
    shutil.copytree(ROOT / "lessons" / "source" / lesson.name, folder / "source" / lesson.name)
    config = (ROOT / "lessons" / "nbgrader_config.py").read_text(encoding="utf-8")
    lines = config.splitlines(keepends=True)
    own = [line for line in lines if line.startswith(("use_", "lose_", "c.")) and any(word in line for word in OURS)]
    assert len(own) == len(OURS)
    (folder / "nbgrader_config.py").write_text("".join(line for line in lines if not stock or line not in own), encoding="utf-8")
    if not stock:
        shutil.copy(ROOT / "lessons" / GUARD, folder)
    right = submissions(lesson)[0]
    for number in range(n):
        write_submission(lesson, right, folder, f"student-{number:03}")
    called("generate_assignment", lesson.name, folder=folder)
    return folder


def called(*words: str, folder: Path) -> float:
    """Seconds that a command of nbgrader's, or `kata class grade`, took."""
    begin = time.perf_counter()
    program = ["petkata.cli", "class"] if words[0] == "grade" else ["nbgrader"]
    done = subprocess.run([sys.executable, "-m", *program, *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - begin


def until_it_answers(forked: bool, times: int = 7) -> float:
    """The median of the seconds from asking for a kernel to its first answer, the loaded process being there already."""
    script = f"""
        import os, time
        from jupyter_client.manager import KernelManager
        from petkata.classroom.kernels import NAME, use_forked_kernels
        use_forked_kernels()
        os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = NAME if {forked} else "local-provisioner"
        for number in range({times}):  # the first one waits for the process, and a median is not moved by it
            begin = time.perf_counter()
            manager = KernelManager(kernel_name="python3")
            manager.start_kernel()
            client = manager.client()
            client.start_channels()
            client.kernel_info()
            client.get_shell_msg(timeout=60)
            print(time.perf_counter() - begin, flush=True)
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    """
    return median_printed(script)


def into_the_sandbox(times: int = 7) -> float:
    """The median of the milliseconds that it takes a process forked from the loaded one to enter the sandbox of a kernel."""
    script = f"""
        import os, tempfile, time
        from petkata.classroom import loaded, sandbox
        loaded.load()
        for _ in range({times}):
            with tempfile.TemporaryDirectory() as own, tempfile.TemporaryDirectory() as folder, \\
                    tempfile.TemporaryDirectory() as files:
                if os.fork() == 0:
                    begin = time.perf_counter()
                    sandbox.enter(sandbox.View(loaded.readable(), (folder, files), own))
                    print(1000 * (time.perf_counter() - begin), flush=True)
                    os._exit(0)
                assert os.wait()[1] == 0
    """
    return median_printed(script)


def checks_alone(lesson: catalog.Lesson, times: int = 3) -> float:
    """The median of the seconds of one core that a right submission's checks take in a process that has fastai loaded, the checks
    collected and made what they share."""
    script = f"""
        import os, resource, sys
        from benchmarks.outside import defined_by, file_with, forked
        from benchmarks.parity import submissions
        from petkata.checking.notebook import Cells, with_checks
        from petkata.classroom.loaded import load
        from petkata.course import catalog
        load()
        lesson = catalog.lesson({lesson.name!r})
        right = [file_with(lesson, file, submissions(lesson)[0]) for file in lesson.files]

        def judged(checks):
            cells = Cells(defined_by(lesson, right))
            assert all(checks.judged(lesson, task.name, cells).passed for task in lesson.tasks)
            used = resource.getrusage(resource.RUSAGE_SELF)
            print(used.ru_utime + used.ru_stime, file=sys.__stdout__, flush=True)

        def measure(checks):
            checks.share()
            for _ in range({times}):
                os.waitpid(forked(lambda: judged(checks)), 0)

        with_checks([lesson], measure, seed=catalog.HIDDEN_SEED)
    """
    return median_printed(script)


def median_printed(script: str) -> float:
    """The median of the numbers that a script prints, one on each line."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(done.stderr)
    return statistics.median(map(float, done.stdout.split()))


def graded(lesson: catalog.Lesson, n: int) -> dict[tuple[str, int], float]:
    """Seconds of each way, for one submission and for `n`."""
    # Not counted: the checks are compiled, and the pets are drawn. A kernel in a sandbox cannot write what it compiles.
    subprocess.run([sys.executable, "-m", "pytest", "-q", f"solutions/{lesson.name}"], cwd=ROOT, check=True, capture_output=True)
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            words = ("autograde",) if way != WAYS[2] else ("grade", "--jobs", "2")
            for many in (1, n):
                place = course(Path(folder, way, str(many)), lesson, many, way == WAYS[0])
                seconds[way, many] = called(*words, lesson.name, folder=place)
    return seconds


def table(lesson: catalog.Lesson, n: int, seconds: dict[tuple[str, int], float], alone: float) -> str:
    lines = [f"## {lesson.name}, {n} submissions", "", "| way | seconds | times the throughput | the first | each further | "
             "times as fast |", "|---|---|---|---|---|---|"]
    stock = WAYS[0]
    further = {way: (seconds[way, n] - seconds[way, 1]) / (n - 1) for way in WAYS}
    lines += [f"| {way} | {seconds[way, n]:.1f} | {seconds[stock, n] / seconds[way, n]:.1f} | {seconds[way, 1]:.1f} | "
              f"{further[way]:.2f} | {further[stock] / further[way]:.1f} |" for way in WAYS]
    lines += ["", f"The checks alone: {alone:.2f} s of one core. So with each further one, nobody who runs them is more than "
              f"{further[stock] / alone:.1f} times as fast as stock on one core, or twice that on two."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lesson", nargs="+", default=["lesson3"], choices=catalog.lesson_names(), help="one or more; lesson3")
    parser.add_argument("--submissions", type=int, default=20)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(f"# How fast a class is graded\n\nMade by `python -m benchmarks.grading`, on {os.cpu_count()} cores, {date.today()}.\n")
    for name in options.lesson:
        lesson = catalog.lesson(name)
        seconds = graded(lesson, options.submissions)
        print(table(lesson, options.submissions, seconds, checks_alone(lesson)), flush=True)
    print(f"Until a kernel answers: {until_it_answers(False):.2f} s nbgrader's own, an empty one; "
          f"{until_it_answers(True):.2f} s forked, with fastai. Into a sandbox: {into_the_sandbox():.0f} ms.")


if __name__ == "__main__":
    main()
