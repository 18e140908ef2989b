"""The pictures of lesson 5, and the numbers in its text: `python -m lessons.lesson5.pictures`.

All of it comes from ten real runs on the tiny pets, so this trains for some minutes.
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small nets: two threads cost more than they bring

import matplotlib
import numpy as np
from PIL import Image

import petkata.torchvision_guard  # noqa: F401  before fastai

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

from petkata.checking.limits import seed_everything  # noqa: E402
from petkata.nets import petnet10  # noqa: E402
from petkata.pets.tiny import tiny_pets  # noqa: E402
from solutions.lesson2.learner import pet_learner  # noqa: E402
from solutions.lesson2.loaders import pet_loaders  # noqa: E402
from solutions.lesson3.train import train  # noqa: E402
from solutions.lesson5.interpret import interpret  # noqa: E402
from solutions.lesson5.plot import plot_confusion  # noqa: E402
from solutions.lesson5.reading import error_by_breed, most_confused  # noqa: E402

HERE = Path(__file__).parent
GREEN, RED = "#2e7d4f", "#b3392b"
PAIRS = [("samoyed", "great_pyrenees"), ("basset_hound", "beagle"), ("Birman", "Ragdoll"),
         ("american_pit_bull_terrier", "staffordshire_bull_terrier")]
SHOWN = 0  # the run of which the top losses are shown


@dataclass
class Run:
    """What a learner said of its 148 validation pictures after four epochs."""

    found: dict
    files: list[Path]
    targets: list[int]
    probabilities: list[list[float]]
    vocab: list[str]


def ten_runs() -> list[Run]:
    runs = []
    for seed in range(10):
        seed_everything(seed)
        learn = pet_learner(pet_loaders(tiny_pets(), 64, 32, seed=seed), petnet10)
        with learn.no_bar(), learn.no_logging():
            train(learn, 4, 3e-3)
            probabilities, targets = learn.get_preds()
        found = interpret(learn, min_val=1)
        runs.append(Run(found, list(learn.dls.valid.items), targets.tolist(), probabilities.tolist(), list(learn.dls.vocab)))
        empty = [breed for breed, error in error_by_breed(found["matrix"], runs[-1].vocab).items() if math.isnan(error)]
        print(f"run {seed}: error {found['error_rate']:.4f}, no picture of {empty}, pairs {found['pairs']}", flush=True)
    return runs


def save(figure, name):
    """As a small file: 64 colors are enough for a plot, and pets are kept as photographs are."""
    figure.canvas.draw()
    picture = Image.fromarray(np.array(figure.canvas.buffer_rgba())[..., :3])
    plt.close(figure)
    if name.endswith(".png"):
        picture.quantize(64).save(HERE / name, optimize=True)
    else:
        picture.save(HERE / name, quality=80)
    print(f"written: {name}, {(HERE / name).stat().st_size / 1000:.0f} kB")


def matrix(runs):
    """All ten runs in one matrix."""
    total, vocab = sum(run.found["matrix"] for run in runs), runs[0].vocab
    print(f"ten runs: {total.sum() - total.trace()} of {total.sum()} wrong, error {1 - total.trace() / total.sum():.4f}")
    print("most confused:", most_confused(total, vocab, 2))
    errors = error_by_breed(total, vocab)
    for breed in sorted(errors, key=errors.get, reverse=True)[:6]:
        row = total[vocab.index(breed)]
        print(f"  {breed}: {row.sum() - row[vocab.index(breed)]} of {row.sum()} wrong, {errors[breed]:.3f}")
    print(f"  no error: {sum(error == 0 for error in errors.values())} breeds")
    axes = plot_confusion(total, vocab)
    axes.set_title("Ten runs, 1,480 predictions")
    save(axes.figure, "matrix.png")
    return total


def picture(axes, file, words="", color="black"):
    with Image.open(file) as image:
        axes.imshow(image)
    axes.set(xticks=[], yticks=[])
    axes.set_title(words, fontsize=8, color=color)


def look_alikes(total, vocab):
    """Four of each breed, side by side with what it is taken for."""
    figure, rows = plt.subplots(len(PAIRS), 9, figsize=(8, 4.9), dpi=80, width_ratios=[1] * 4 + [0.3] + [1] * 4)
    for row, pair in zip(rows, PAIRS):
        row[4].axis("off")
        there, back = (total[vocab.index(a), vocab.index(b)] for a, b in (pair, pair[::-1]))
        print(f"{pair}: {there} times, the other way {back} times")
        for breed, axes in zip(pair, (row[:4], row[5:])):
            for number, one in enumerate(axes, start=1):
                picture(one, tiny_pets() / "images" / f"{breed}_{number}.jpg")
            axes[0].set_title(breed, fontsize=9, loc="left")
    figure.tight_layout(pad=0.3, h_pad=1)
    save(figure, "look_alikes.jpg")


def nine_top_losses(run):
    """The nine pictures that cost most in one run, with what the network said."""
    figure, axes = plt.subplots(1, 9, figsize=(12, 2.1), dpi=90, layout="constrained")
    for one, place in zip(axes, run.found["top_losses"]):
        probabilities, actual = run.probabilities[place], run.vocab[run.targets[place]]
        predicted = run.vocab[int(np.argmax(probabilities))]
        loss = -math.log(probabilities[run.targets[place]])
        print(f"{run.files[place].name}: {predicted} with {max(probabilities):.3f}, {actual} with "
              f"{probabilities[run.targets[place]]:.4f}, loss {loss:.2f}")
        said = f"{max(probabilities):.0%} sure: right" if predicted == actual else f"{max(probabilities):.0%} sure it is a"
        words = [actual, f"loss {loss:.2f}", said, "" if predicted == actual else predicted]
        picture(one, run.files[place], "\n".join(word.replace("_", " ").replace(" terrier", "") for word in words),
                GREEN if predicted == actual else RED)
    save(figure, "top_losses.jpg")


def main():
    runs = ten_runs()
    total = matrix(runs)
    look_alikes(total, runs[0].vocab)
    nine_top_losses(runs[SHOWN])


if __name__ == "__main__":
    main()
