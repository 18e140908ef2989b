"""How fast a class is graded: stock nbgrader against the same nbgrader with forked kernels.

    python -m benchmarks.grading --lesson lesson3 --submissions 20

The same notebooks and the same checks in both, `nbgrader autograde` in one process; the submissions are the solution.
Prints seconds, the ratio, and how long it takes until a kernel answers.
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
from pathlib import Path

from benchmarks.parity import ROOT, submissions, write_submission
from petkata.classroom import sandbox
from petkata.course import catalog

FORKED = "use_forked_kernels()\n"


def course(folder: Path, lesson: catalog.Lesson, n: int, forked: bool) -> Path:
    """An instructor's course folder with `n` right submissions."""
    shutil.copytree(ROOT / "lessons" / "source" / lesson.name, folder / "source" / lesson.name)
    config = (ROOT / "lessons" / "nbgrader_config.py").read_text(encoding="utf-8")
    assert FORKED in config
    (folder / "nbgrader_config.py").write_text(config if forked else config.replace(FORKED, ""), encoding="utf-8")
    right = submissions(lesson)[0]
    for number in range(n):
        write_submission(lesson, right, folder, f"student-{number:03}")
    nbgrader("generate_assignment", lesson.name, folder)
    return folder


def nbgrader(command: str, lesson: str, folder: Path) -> float:
    """Seconds that a command of nbgrader's took."""
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "nbgrader", command, lesson], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - begin


def until_it_answers(forked: bool, times: int = 7) -> float:
    """The median of the seconds from asking for a kernel to its first answer, the loaded process being there already."""
    script = f"""
        import time
        from jupyter_client.manager import KernelManager
        from petkata.classroom.kernels import use_forked_kernels
        {"use_forked_kernels()" if forked else ""}
        for number in range({times} + 1):
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
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, cwd=ROOT, check=True)
    return statistics.median(float(line) for line in done.stdout.split()[1:])


def into_the_sandbox(times: int = 7) -> float:
    """The median of the milliseconds that a process takes to fork, and its child to enter a sandbox and end."""
    taken = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as folder:
            view = sandbox.View((sys.prefix, sys.base_prefix, str(ROOT / "petkata")), folder, scratch)
            begin = time.perf_counter()
            why = sandbox.trouble(view)
            taken.append(1000 * (time.perf_counter() - begin))
            if why:
                raise SystemExit(f"This system allows no sandbox: {why}")
    return statistics.median(taken)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lesson", default="lesson3", choices=catalog.lesson_names())
    parser.add_argument("--submissions", type=int, default=20)
    options = parser.parse_args()
    lesson, seconds = catalog.lesson(options.lesson), {}
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # Not counted: the checks are compiled, and the pets are drawn. A kernel in a sandbox cannot write what it compiles.
    subprocess.run([sys.executable, "-m", "pytest", "-q", f"solutions/{lesson.name}"], cwd=ROOT, check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as folder:
        for forked in (False, True):
            place = course(Path(folder, str(forked)), lesson, options.submissions, forked)
            seconds[forked] = nbgrader("autograde", lesson.name, place)
    print(f"{options.submissions} submissions of {lesson.name}, one process\n")
    print("| kernels | seconds | a submission | until a kernel answers |\n|---|---|---|---|")
    for forked, name in ((False, "nbgrader's own"), (True, "forked")):
        each = seconds[forked] / options.submissions
        print(f"| {name} | {seconds[forked]:.1f} | {each:.2f} | {until_it_answers(forked):.2f} |")
    print(f"\n{seconds[False] / seconds[True]:.1f} times the throughput; {into_the_sandbox():.0f} ms into a sandbox and out")


if __name__ == "__main__":
    main()
