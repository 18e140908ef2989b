"""Lesson 2: the loss with which a learner begins to train, and how it differs where something is wrong.

    python -m benchmarks.margins_lesson2 --seeds 24

Each seed makes a new head, split and order of pictures. Prints what `test_begins_near_the_loss_of_guessing` judges: the
mean cross entropy over the training batches, with BatchNorm and dropout as in training, before anything is learned.
"""
import argparse
import math
import shutil
import tempfile
from pathlib import Path
from statistics import median

import torch
from torch import nn

import petkata.torchvision_guard  # noqa: F401  before fastai
from petkata.checking.fixtures import FEW_BREEDS, loaders
from petkata.checking.limits import seed_everything
from petkata.nets import petnet10
from petkata.pets.tiny import tiny_pets
from tests.lesson2.learner.checks import first_loss

WAYS = {  # what the learner is made with, and how many epochs it is trained
    "right": ({}, 0),
    "right, with torch's own first weights": ({"init": None}, 0),
    "first weights too large": ({"init": nn.init.normal_}, 0),
    "trained for 1 epoch": ({}, 1),
    "trained for 2 epochs": ({}, 2),
}


def loss_of(folder, seed, options, epochs):
    from fastai.vision.learner import vision_learner

    seed_everything(seed)
    learn = vision_learner(loaders(folder, seed=seed), petnet10, **options)
    with learn.no_bar(), learn.no_logging():
        if epochs:
            learn.fit_one_cycle(epochs, 5e-3)
    return first_loss(learn)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=24)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as few:
        (Path(few) / "images").mkdir()
        for picture in (tiny_pets() / "images").iterdir():
            if picture.name.rpartition("_")[0] in FEW_BREEDS:
                shutil.copy(picture, Path(few) / "images")
        print(f"first loss, {options.seeds} seeds                        lowest  median  highest")
        for folder, n in ((Path(few), 8), (tiny_pets(), 37)):
            print(f"{n} breeds: guessing costs log({n}) = {math.log(n):.2f}")
            for words, (how, epochs) in WAYS.items():
                if n == 37 and epochs:
                    continue
                losses = [loss_of(folder, seed, how, epochs) for seed in range(options.seeds)]
                print(f"    {words:38} {min(losses):6.2f} {median(losses):7.2f} {max(losses):8.2f}", flush=True)


if __name__ == "__main__":
    main()
