"""The pictures of lesson 4's text: python lessons/lesson4/pictures.py

Both show real runs: programs that are killed while they save (not on Windows), and a training in which the best epoch is not
the last. It takes some minutes.
"""

import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small nets: two threads cost more than they bring
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import matplotlib  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import torch  # noqa: E402

import petkata.torchvision_guard  # noqa: E402, F401
from solutions.lesson4.atomic import save_atomically  # noqa: E402
from tests.lesson4.crashes import kill_while_saving  # noqa: E402

BLUE, ORANGE, GRAY = "#1f77b4", "#e07b00", "#b0b0b0"
KILLS = 200


def save(figure, name):
    figure.tight_layout()
    figure.savefig(HERE / name, dpi=90)
    plt.close(figure)
    print(f"written: {name}")


def overwrite(state, path):
    torch.save(state, path)


def copy_over(state, path):
    torch.save(state, f"{path}.new")
    shutil.copy(f"{path}.new", path)


def remove_then_rename(state, path):
    torch.save(state, f"{path}.new")
    path.unlink(missing_ok=True)
    os.rename(f"{path}.new", path)


WAYS = {"written over the old file": overwrite, "written beside it, then copied": copy_over,
        "old one removed, then renamed": remove_then_rename, "written beside it, then renamed": save_atomically}


def two_states():
    torch.manual_seed(0)
    return [{"epoch": epoch, "weights": torch.randn(1_000_000)} for epoch in (1, 2)]


def kills():
    states, dice = two_states(), random.Random(0)
    found = {words: what_kills_leave(way, states, dice) for words, way in WAYS.items()}
    figure, axes = plt.subplots(figsize=(7.5, 2.8))
    for place, (words, count) in enumerate(reversed(found.items())):
        left = 0
        for kind, color in (("whole", BLUE), ("broken", ORANGE), ("missing", "black")):
            axes.barh(place, count[kind], left=left, color=color, label=kind if place == 0 else None)
            if count[kind]:
                axes.text(left + count[kind] / 2 if count[kind] > 8 else left + count[kind] + 1.5, place, count[kind],
                          ha="center" if count[kind] > 8 else "left", va="center",
                          color="white" if count[kind] > 8 else "black")
            left += count[kind]
        print(words, dict(count))
    axes.set_yticks(range(len(found)), list(found)[::-1])
    axes.set(xlabel=f"what {KILLS} kills left behind", xlim=(0, KILLS * 1.04))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0))
    save(figure, "kills.png")


def what_kills_leave(way, states, dice) -> Counter:
    count = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stage.pth"
        begin = time.monotonic()
        for state in states:
            way(state, path)
        once = (time.monotonic() - begin) / 2
        while count.total() < KILLS:
            if not kill_while_saving(way, path, states, dice.uniform(0, 3 * once)):
                raise RuntimeError("the program that was to be killed had stopped by itself")
            count[condition(path, states)] += 1
    return count


def condition(path, states) -> str:
    if not path.exists():
        return "missing"
    try:
        found = torch.load(path, weights_only=True)
    except Exception:
        return "broken"
    return "whole" if any(found["weights"].equal(state["weights"]) for state in states) else "broken"


def best():
    """A run whose validation loss turns: half of the training labels are wrong, as in lesson 3's picture."""
    from fastai.vision.all import ProgressCallback, error_rate, noop, set_seed, vision_learner

    from lessons.lesson3.pictures import mislabeled_loaders
    from petkata.nets import petnet10
    from petkata.pets.tiny import tiny_pets
    from solutions.lesson4.best import keep_best

    set_seed(42)
    with tempfile.TemporaryDirectory() as folder:
        learn = vision_learner(mislabeled_loaders(tiny_pets()), petnet10, metrics=error_rate, ps=0.0, path=folder)
        learn.remove_cb(ProgressCallback)
        learn.logger = noop
        learn.unfreeze()
        value = keep_best(learn, 16, 4e-3)
        rows = [[float(number) for number in row] for row in learn.recorder.values]
        after = [float(number) for number in learn.validate()]
    training, validation, errors = zip(*rows)
    epoch = validation.index(min(validation))
    print(f"best epoch {epoch} of {len(rows)} (from 0): {min(validation):.3f}, error {errors[epoch]:.3f}; "
          f"last {validation[-1]:.3f}, error {errors[-1]:.3f}; keep_best gave {value:.3f}; validated after it {after}")
    figure, axes = plt.subplots(figsize=(6.5, 3.2))
    axes.plot(training, color=GRAY, label="training loss")
    axes.plot(validation, color=ORANGE, label="validation loss")
    axes.plot(epoch, validation[epoch], "o", color=BLUE, markersize=9)
    axes.annotate("the best epoch", (epoch, validation[epoch]), (epoch, 1.7), color=BLUE, ha="center",
                  arrowprops={"arrowstyle": "-", "color": BLUE, "shrinkB": 7})
    axes.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    save(figure, "best.png")


if __name__ == "__main__":
    kills()
    best()
