"""How long a learner waits, and how much memory judging takes: python benchmarks/judging.py [--rounds 5]

Every row is a whole process, `python -m pytest ...`. The rows take turns, round by round, so that a slow minute of the machine
falls on all of them; each figure is the median. The ratios are to a bare pytest with one empty test, and to the same
with `import torch` or `import fastai.vision.all` in it. The files of exercises/ are judged as untouched stubs.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from petkata.course import catalog  # noqa: E402
from petkata.course.stubs import stub_of  # noqa: E402


def course_with_stubs(folder: Path) -> Path:
    """A copy of the course whose exercises are untouched, whatever was done in this one."""
    folder.mkdir()
    for name in ("conftest.py", "pyproject.toml", "solutions", "tests", "lessons", "petkata"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    for name in catalog.lesson_names():
        for file in catalog.lesson(name).files:
            target = folder / "exercises" / name / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(stub_of((ROOT / "solutions" / name / file).read_text()))
    return folder


def run(arguments: list[str], folder: Path) -> tuple[float, float]:
    """Seconds on the clock and peak MB of one process."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(folder)  # the copy's petkata, not that of .venv
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments], cwd=folder,
                               env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        bare = Path(scratch, "bare")
        bare.mkdir()
        guard = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import petkata.torchvision_guard\n"
        for name, line in (("bare", ""), ("torch", "import torch\n"), ("fastai", guard + "import fastai.vision.all\n")):
            (bare / f"test_{name}.py").write_text(line + "def test_nothing(): pass\n")
        course = course_with_stubs(Path(scratch, "course"))
        lessons = catalog.lesson_names()
        rows = {name: ([f"test_{name}.py"], bare) for name in ("bare", "torch", "fastai")}
        rows["exercises/lesson3/anneal.py"] = (["exercises/lesson3/anneal.py"], course)
        rows["solutions/lesson3/anneal.py"] = (["solutions/lesson3/anneal.py"], course)
        rows |= {f"{side}/{name}": ([f"{side}/{name}"], course) for side in ("exercises", "solutions") for name in lessons}
        for arguments, folder in rows.values():  # not counted: files compiled, pets drawn
            run(arguments, folder)
        seen = {row: [] for row in rows}
        for number in range(rounds):
            for row, (arguments, folder) in rows.items():
                seen[row].append(run(arguments, folder))
            print(f"round {number + 1} of {rounds} done", file=sys.stderr)
    seconds = {row: statistics.median(second for second, _ in values) for row, values in seen.items()}
    print(f"{'pytest of':32}{'seconds':>9}{'/ bare':>9}{'/ torch':>9}{'/ fastai':>9}{'peak MB':>9}")
    for row, values in seen.items():
        ratios = "".join(f"{seconds[row] / seconds[base]:9.2f}" for base in ("bare", "torch", "fastai"))
        print(f"{row:32}{seconds[row]:9.2f}{ratios}{max(memory for _, memory in values):9.0f}")


if __name__ == "__main__":
    main()
