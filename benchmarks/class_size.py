"""Whether a large class costs more than a small one: the time a submission, and the memory, from the first to the last.

    python -m benchmarks.class_size                                200 submissions of lesson3, the solution
    python -m benchmarks.class_size --lesson squares               200 small ones that import nothing

Graded as `kata class grade` does. Prints, of the last quarter of the submissions against the first: the ratio of the time a
submission, and the growth of the memory of each process. The load of fastai, once for all, is not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil

from benchmarks.parity import ROOT, configure, submissions, write_submission
from petkata.course import catalog


def course(folder: Path, name: str, n: int) -> Path:
    """A course folder with `n` right submissions: of a lesson, or of `squares`, the assignment of tests/test_grading.py."""
    configure(folder)
    if name == "squares":
        from tests.test_grading import RIGHT, SOLUTION, write

        write(folder / "source" / name / f"{name}.ipynb", SOLUTION)
        for number in range(n):
            write(folder / "submitted" / f"student-{number:03}" / name / f"{name}.ipynb", RIGHT)
    else:
        lesson = catalog.lesson(name)
        shutil.copytree(ROOT / "lessons" / "source" / name, folder / "source" / name)
        right = submissions(lesson)[0]
        for number in range(n):
            write_submission(lesson, right, folder, f"student-{number:03}")
    words = [sys.executable, "-m", "nbgrader", "generate_assignment", name]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return folder


def memory() -> dict[str, int]:
    """Bytes in memory: of this process, of each worker, and of the two processes from which kernels and judges are forked."""
    this = psutil.Process()
    found = {"kata": this.memory_info().rss}
    for worker in multiprocessing.active_children():
        with contextlib.suppress(psutil.Error):
            found[f"worker {worker.pid}"] = psutil.Process(worker.pid).memory_info().rss
    for child in this.children():
        with contextlib.suppress(psutil.Error):
            if "petkata.classroom.loaded" in child.cmdline():
                found["fastai, for kernels"] = child.memory_info().rss
                first = min(child.children(), key=psutil.Process.create_time)  # the others are kernels
                found["checks, for judges"] = first.memory_info().rss
    return found


def measured(folder: Path, name: str, jobs: int) -> tuple[list[float], dict[str, list[int]]]:
    """When each submission was done, in seconds, and the memory of each process at that time."""
    from petkata.classroom.grading import assignment_of, on_this_machine, students_of

    assignment = assignment_of(folder, name)
    students = students_of(assignment)
    ends, bytes_of = [], defaultdict(list)
    with contextlib.closing(on_this_machine(assignment, students, jobs)) as outcomes:
        for outcome in outcomes:
            if outcome.state != "graded":
                raise SystemExit(f"{outcome.student}: {outcome.why}")
            ends.append(time.perf_counter())
            if len(ends) < len(students):  # then the workers end
                for process, size in memory().items():
                    bytes_of[process].append(size)
            print(f"\r{len(ends)} of {len(students)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return ends, bytes_of


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lesson", default="lesson3", choices=[*catalog.lesson_names(), "squares"])
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.submissions < 4 * options.jobs + 4:
        parser.error("too few submissions to compare quarters")
    with tempfile.TemporaryDirectory() as folder:
        ends, bytes_of = measured(course(Path(folder), options.lesson, options.submissions), options.lesson, options.jobs)
    ends = ends[options.jobs - 1:]  # from here on all workers have loaded
    quarter = len(ends) // 4
    first, last = ((end - begin) / quarter * options.jobs
                   for begin, end in ((ends[0], ends[quarter]), (ends[-1 - quarter], ends[-1])))
    print(f"{options.submissions} submissions of {options.lesson}, {options.jobs} at once\n")
    print("| | first quarter | last quarter | ratio |\n|---|---|---|---|")
    print(f"| seconds a submission | {first:.2f} | {last:.2f} | {last / first:.2f} |")
    for process, sizes in sorted(bytes_of.items()):
        quarter = max(len(sizes) // 4, 1)
        first, last = (statistics.median(part) / 2**20 for part in (sizes[:quarter], sizes[-quarter:]))
        print(f"| MB of {process} | {first:.0f} | {last:.0f} | {last / first:.2f} |")


if __name__ == "__main__":
    main()
