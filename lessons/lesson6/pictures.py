"""The pictures of lesson 6, and the numbers that its text tells of them: `python lessons/lesson6/pictures.py`

The curves are those of a real range test on the 37 breeds, which takes some seconds. With `--runs 20` it also trains twenty
learners for each line of the table in part 5, which takes an hour.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small nets: two threads cost more than they bring
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import matplotlib  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

import petkata.torchvision_guard  # noqa: E402, F401
from solutions.lesson6.smooth import smooth  # noqa: E402
from solutions.lesson6.suggest import suggest_minimum, suggest_steepest, suggest_valley  # noqa: E402
from solutions.lesson6.sweep import sweep  # noqa: E402

BLUE, ORANGE, GREEN, GRAY = "#1f77b4", "#e07b00", "#3a8f5c", "0.6"


def save(figure, name):
    figure.tight_layout()
    figure.savefig(HERE / name, dpi=90)
    plt.close(figure)
    print(f"written: {name}")


def learner(seed=42):
    """A new learner on the 37 breeds, as lesson 2 makes it, which prints nothing."""
    from fastai.vision.all import ProgressCallback, error_rate, noop, set_seed, vision_learner

    from petkata.checking.fixtures import loaders
    from petkata.nets import petnet10
    from petkata.pets.tiny import tiny_pets

    set_seed(seed)
    learn = vision_learner(loaders(tiny_pets(), seed=seed, batch_size=32), petnet10, metrics=error_rate,
                           path=Path(tempfile.gettempdir()))
    learn.remove_cb(ProgressCallback)
    learn.logger = noop
    return learn


def two_sweeps():
    n = 25
    differences = [1e-7 + (10 - 1e-7) * i / (n - 1) for i in range(n)]
    figure, axes = plt.subplots(figsize=(8, 1.9))
    axes.scatter(sweep(1e-7, 10.0, n), [1] * n, color=BLUE, s=18)
    axes.scatter(differences, [0] * n, color=ORANGE, s=18)
    axes.set(xscale="log", xlabel="learning rate", ylim=(-0.6, 1.6), yticks=[0, 1],
             yticklabels=["equal differences", "equal ratios"])
    axes.spines[["top", "right", "left"]].set_visible(False)
    save(figure, "sweep.png")


def range_test_on_the_pets():
    from solutions.lesson6.range_test import range_test

    rates, losses = range_test(learner())
    smoothed = smooth(losses)
    print(f"{len(rates)} of 100 batches; first losses {losses[0]:.2f}, {losses[1]:.2f}; lowest smoothed {min(smoothed):.2f} at "
          f"{rates[smoothed.index(min(smoothed))]:.3g}; the end: {smoothed[-1]:.1f} at {rates[-1]:.3g}")

    figure, axes = plt.subplots(figsize=(8, 3.6))
    axes.scatter(rates, losses, color=GRAY, s=12, label="loss of each batch")
    axes.plot(rates, smoothed, color=BLUE, label="smoothed, beta = 0.98")
    axes.plot(rates, smooth(losses, 0.8), color=ORANGE, linewidth=1, label="smoothed, beta = 0.8")
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss", xlim=(6e-8, 12), ylim=(0, 12))
    axes.text(1e-6, 7.2, "too small:\nnothing happens", ha="center")
    axes.text(4e-3, 7.2, "it learns", ha="center")
    axes.text(3.6, 7.2, "it breaks", ha="center")
    axes.legend(frameon=False, loc="upper left", ncols=3)
    save(figure, "range_test.png")

    print(f"the whole curve: minimum {suggest_minimum(rates, smoothed):.3g}, steepest {suggest_steepest(rates, smoothed):.3g}, "
          f"valley {suggest_valley(rates, smoothed):.3g}; without smoothing: minimum {suggest_minimum(rates, losses):.3g}, "
          f"steepest {suggest_steepest(rates, losses):.3g}, valley {suggest_valley(rates, losses):.3g}")
    rates, smoothed = rates[10:-5], smoothed[10:-5]  # the part that lr_find reads
    figure, axes = plt.subplots(figsize=(8, 3.6))
    axes.plot(rates, smoothed, color=BLUE)
    lowest = 10 * suggest_minimum(rates, smoothed)
    axes.annotate("", (lowest / 10, min(smoothed)), (lowest, min(smoothed)), arrowprops={"arrowstyle": "->", "color": GRAY})
    axes.text(lowest / 3.2, min(smoothed) - 0.32, "a tenth", ha="center", color=GRAY)
    for name, suggest, color in (("minimum", suggest_minimum, ORANGE), ("steepest", suggest_steepest, GREEN),
                                 ("valley", suggest_valley, "#8c4f9f")):
        rate = suggest(rates, smoothed)
        height = smoothed[min(range(len(rates)), key=lambda i: abs(rates[i] - rate))]
        axes.scatter([rate], [height], color=color, zorder=3, label=f"{name}: {rate:.2g}")
        axes.axvline(rate, color=color, linewidth=0.7)
        print(f"{name}: {rate:.3g}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="smoothed loss", ylim=(min(smoothed) - 0.6, None))
    axes.legend(frameon=False, loc="lower left")
    save(figure, "readings.png")


def fine_tuned(runs):
    from solutions.lesson6.pick import pick_lr

    errors, picked = {}, []
    for seed in range(runs):
        lr_min, lr_steep = pick_lr(learner(seed))
        picked.append((lr_min, lr_steep))
        for words, epochs, rate in (("fine_tune(2, lr_steep)", 2, lr_steep), ("fine_tune(2, lr_min)", 2, lr_min),
                                    ("fine_tune(2, 3e-3)", 2, 3e-3), ("fine_tune(2, 0.1)", 2, 0.1),
                                    ("fine_tune(1, lr_min)", 1, lr_min), ("fine_tune(1, 3e-3)", 1, 3e-3),
                                    ("fine_tune(1, 0.1)", 1, 0.1)):
            learn = learner(seed)
            learn.fine_tune(epochs, base_lr=rate)
            errors.setdefault(words, []).append(float(learn.recorder.values[-1][-1]))
    for name, rates in zip(("lr_min", "lr_steep"), zip(*picked)):
        print(f"{name}: {min(rates):.2g} to {max(rates):.2g}, median {median(rates):.2g}")
    for words, values in errors.items():
        print(f"{words}: {median(values):.1%} ({min(values):.1%} to {max(values):.1%})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=0)
    runs = parser.parse_args().runs
    two_sweeps()
    range_test_on_the_pets()
    if runs:
        fine_tuned(runs)
