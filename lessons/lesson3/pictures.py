"""The pictures of lesson 3's text: python lessons/lesson3/pictures.py

The losses are those of four real runs on the tiny pets, so this trains for some minutes.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small nets: two threads cost more than they bring
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import matplotlib  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

import petkata.torchvision_guard  # noqa: E402, F401
from solutions.lesson3.anneal import cosine_anneal  # noqa: E402
from solutions.lesson3.cycle import one_cycle_lr, one_cycle_momentum  # noqa: E402

BLUE, ORANGE = "#1f77b4", "#e07b00"


def save(figure, name):
    figure.tight_layout()
    figure.savefig(HERE / name, dpi=90)
    plt.close(figure)
    print(f"written: {name}")


def cosine():
    position = np.linspace(0, 1, 200)
    figure, axes = plt.subplots(figsize=(6, 3))
    axes.plot(position, 1 - position, color="0.6", linestyle="--", label="straight line")
    axes.plot(position, [cosine_anneal(1.0, 0.0, p) for p in position], color=BLUE, label="half cosine")
    axes.set(xlabel="position", ylabel="value")
    axes.legend(frameon=False)
    save(figure, "cosine.png")


def one_cycle():
    position = np.linspace(0, 1, 400)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
    left.plot(position, [one_cycle_lr(p, 0.01) for p in position], color=BLUE)
    left.set(title="learning rate, lr_max = 0.01", xlabel="position in the run", ylim=(0, None))
    right.plot(position, [one_cycle_momentum(p) for p in position], color=ORANGE)
    right.set(title="momentum", xlabel="position in the run")
    for axes in (left, right):
        axes.axvline(0.25, color="0.8", linewidth=1)
    save(figure, "one_cycle.png")


def losses():
    from fastai.vision.all import ProgressCallback, error_rate, noop, set_seed, vision_learner

    from petkata.checking.fixtures import loaders
    from petkata.nets import petnet10
    from petkata.pets.tiny import tiny_pets
    from solutions.lesson3.curves import reading_the_losses
    from solutions.lesson3.train import train

    usual, mislabeled = loaders(tiny_pets()), mislabeled_loaders(tiny_pets())
    runs = [  # what it shows, pictures, epochs, lr_max, whether all weights learn
        ("learning", usual, 6, 1e-3, False),
        ("underfitting", usual, 6, 1e-5, False),
        ("overfitting", mislabeled, 16, 4e-3, True),
        ("diverging", usual, 5, 1.0, True),
    ]
    figure, all_axes = plt.subplots(1, 4, figsize=(12, 3))
    for axes, (expected, dls, epochs, lr_max, all_weights) in zip(all_axes, runs):
        set_seed(42)
        learn = vision_learner(dls, petnet10, metrics=error_rate, ps=0.0 if all_weights else 0.5)
        learn.remove_cb(ProgressCallback)
        learn.logger = noop
        if all_weights:
            learn.unfreeze()
        rows = train(learn, epochs, lr_max)
        training, validation = [row["train_loss"] for row in rows], [row["valid_loss"] for row in rows]
        word = reading_the_losses(training, validation)
        print(f"{expected}: lr_max {lr_max}, {epochs} epochs -> {word}")
        assert word == expected, (training, validation)
        axes.plot(training, color=BLUE, label="training loss")
        axes.plot(validation, color=ORANGE, label="validation loss")
        axes.set(title=expected, xlabel="epoch", ylim=(0, None))
        if expected == "diverging":
            axes.set(yscale="log", ylim=(1, None))
    all_axes[0].legend(frameon=False)
    save(figure, "losses.png")


def mislabeled_loaders(folder):
    """Six pictures of each breed, half of them with a wrong label: little to understand, much to learn by heart."""
    import random

    from fastai.vision.all import CategoryBlock, DataBlock, FuncSplitter, ImageBlock, Resize, get_image_files

    def number(file):
        return int(file.stem.rpartition("_")[2])

    def label(file):
        return wrong.get(file.name, file.name.rpartition("_")[0])

    files = [file for file in sorted(get_image_files(folder / "images")) if number(file) <= 10]
    breeds = sorted({file.name.rpartition("_")[0] for file in files})
    dice = random.Random(0)
    wrong = {file.name: dice.choice(breeds) for file in files if dice.random() < 0.5}
    block = DataBlock((ImageBlock, CategoryBlock), get_y=label, splitter=FuncSplitter(lambda file: number(file) > 6),
                      item_tfms=Resize(64))
    return block.dataloaders(files, bs=16, num_workers=0)


if __name__ == "__main__":
    cosine()
    one_cycle()
    losses()
