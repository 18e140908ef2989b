"""The pictures of lesson 2: `python -m lessons.lesson2.pictures`."""

import math
import random
from pathlib import Path

import matplotlib
import numpy as np
import torch

import petkata.torchvision_guard  # noqa: F401  before fastai

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

from petkata.pets.tiny import tiny_pets  # noqa: E402
from solutions.lesson2.loaders import pet_loaders  # noqa: E402
from solutions.lesson2.split import train_valid_split  # noqa: E402

HERE = Path(__file__).parent
BLUE, ORANGE, GRAY = "#3b6ea5", "#d9822b", "#9a9a9a"
plt.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "savefig.dpi": 100})


def split():
    """Where the 148 validation pictures lie among the 740: dealt by chance, and cut off at the end."""
    figure, (by_chance, at_the_end) = plt.subplots(2, 1, figsize=(7.5, 2.6), sharex=True)
    _, valid = train_valid_split(740, 0.2, seed=42)
    for axes, chosen, title in ((by_chance, valid, "dealt by chance: some of each breed"),
                                (at_the_end, range(592, 740), "the last fifth: eight breeds, seven of them never trained on")):
        marks = np.zeros(740)
        marks[list(chosen)] = 1
        axes.imshow(marks[None], aspect="auto", cmap=matplotlib.colors.ListedColormap(["#d7e3f0", ORANGE]),
                    interpolation="nearest", extent=(0, 740, 0, 1))
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_yticks([])
    at_the_end.set_xlabel("the 740 pictures in order of their names; orange: for validation")
    figure.tight_layout()
    figure.savefig(HERE / "split.png")


def augmented():
    """The same pictures in three passes: training pictures change, validation pictures do not."""
    random.seed(2), np.random.seed(2), torch.manual_seed(2)
    dls = pet_loaders(tiny_pets(), size=64, batch_size=6, seed=42)
    train = dls.train.new(shuffle=False, drop_last=False)
    figure, rows = plt.subplots(2, 9, figsize=(9, 2.7))
    for row, loader, title in ((rows[0], train, "training"), (rows[1], dls.valid, "validation")):
        passes = [loader.one_batch()[0] for _ in range(3)]
        for picture in range(3):
            for number, batch in enumerate(passes):
                axes = row[3 * picture + number]
                axes.imshow(batch[picture].permute(1, 2, 0).clamp(0, 1).cpu().numpy())
                axes.set_xticks([]), axes.set_yticks([])
                axes.set_title(f"pass {number + 1}", fontsize=8, color=GRAY)
        row[0].set_ylabel(title)
    figure.tight_layout(w_pad=0.2)
    for column in (3, 6):  # a gap between one picture's three passes and the next's
        for row in rows:
            for axes in row[column:]:
                box = axes.get_position()
                axes.set_position([box.x0 + 0.006, box.y0, box.width, box.height])
    figure.savefig(HERE / "augmented.jpg", pil_kwargs={"quality": 88})


def loss():
    """What a probability costs."""
    figure, axes = plt.subplots(figsize=(5.8, 3.4))
    probability = np.linspace(0.002, 1, 500)
    axes.plot(probability, -np.log(probability), color=BLUE)
    for p, words in ((0.0025, "sure and wrong"), (1 / 37, "guessing among 37"), (0.5, "undecided between two"),
                     (0.995, "sure and right")):
        cost = -math.log(p)
        axes.plot(p, cost, "o", color=ORANGE)
        axes.annotate(f"{words}: {cost:.3g}", (p, cost), textcoords="offset points",
                      xytext=(9, 4) if p < 0.4 else (-30, 22), arrowprops={"arrowstyle": "-", "color": GRAY})
    axes.set_xlabel("probability that the right breed was given")
    axes.set_ylabel("loss")
    axes.set(xlim=(-0.03, 1.15), ylim=(-0.1, 6.6))
    figure.tight_layout()
    figure.savefig(HERE / "loss.png")


if __name__ == "__main__":
    split()
    augmented()
    loss()
