"""Training in the full run: watched, measured, and once for all the lessons that share a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from fastai.vision.all import Callback, DataLoaders, Learner, ProgressCallback, noop
from fastai.vision.learner import model_meta

from petkata.full.figures import TOLERANCE, Figure, Figures
from petkata.full.loading import packed_loaders
from petkata.full.world import Progress, World


@dataclass(frozen=True)
class Run:
    """What came of a training: the learner, what the lesson's function gave back, and what it cost."""

    learn: Learner
    result: Any
    error: float  # on the validation pictures, measured after the run
    seconds: float
    pictures_per_second: float  # trained on, validation included in the time
    peak_gpu_megabytes: float | None


class Shown(Callback):
    """Moves a progress bar with every batch of a training, and counts the pictures trained on."""

    order = 95  # after the recorder

    def __init__(self, progress: Progress, title: str):
        self.progress, self.title, self.pictures = progress, title, 0

    def before_fit(self):
        self.bar, self.batches = self.progress(self.title), 0

    def after_batch(self):
        if not self.training:
            return
        self.batches += 1
        self.pictures += len(self.yb[0])
        self.bar(self.batches, self.n_epoch * len(self.dls.train), f": epoch {self.epoch + 1} of {self.n_epoch}",
                 f", loss {self.learn.smooth_loss.item():.3f}")


class FullRun:
    """The world of the full run, its loaders, and the runs that lessons share.

    `recipes` gives the solution of a task, for what a lesson needs of the lessons before it. What learners save goes
    into the folder `scratch`, never beside the photographs.
    """

    def __init__(self, world: World, figures: Figures, progress: Progress, recipes: Callable[[str, str], Callable], seed: int,
                 scratch: Path):
        self.world, self.figures, self.progress, self.recipes = world, figures, progress, recipes
        self.seed, self.scratch = seed, scratch
        self._shared: dict[tuple, Run] = {}

    def loaders(self) -> DataLoaders:
        """DataLoaders of the whole set, the same fifth of it for validation each time."""
        world = self.world
        dls = packed_loaders(world.packed, world.folder, world.size, world.batch_size, self.seed, world.device)
        dls.path = self.scratch
        return dls

    def pet_learner(self) -> Learner:
        """A fresh learner with the shallow network, pretrained and frozen, as lesson 2 makes it."""
        return self.recipes("lesson2", "pet_learner")(self.loaders(), self.world.shallow)

    def watched(self, title: str, learn: Learner, train: Callable[[Learner], Any]) -> Run:
        """Train `learn` by calling `train(learn)`, with a progress bar, and measure."""
        if hasattr(learn, "progress"):
            learn.remove_cb(ProgressCallback)
        learn.logger = noop
        cuda = self.world.device.type == "cuda"
        if cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        shown = Shown(self.progress, title)
        start = time.perf_counter()
        with learn.added_cbs(shown):
            result = train(learn)
        if cuda:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - start
        peak = torch.cuda.max_memory_allocated() / 2**20 if cuda else None
        return Run(learn, result, error_of(learn), seconds, shown.pictures / seconds, peak)

    def frozen(self, pet_learner: Callable | None = None, train: Callable | None = None) -> Run:
        """Four epochs of the shallow network with its body frozen, made and trained by these functions of lessons 2 and 3,
        or by the solutions; trained once for the same functions."""
        pet_learner = pet_learner or self.recipes("lesson2", "pet_learner")
        train = train or self.recipes("lesson3", "train")
        key = tuple(getattr(function, "function", function) for function in (pet_learner, train))
        if key not in self._shared:
            learn = pet_learner(self.loaders(), self.world.shallow)
            self._shared[key] = self.watched("four epochs, frozen", learn,
                                             lambda learn: train(learn, 4, self.world.rate))
        return self._shared[key]

    def figure(self, lesson: str, title: str, run: Run, reference: float | None = None, rehearsal: float | None = None,
               error: float | None = None) -> Figure:
        """Note a run's figure. In the full run its limit is the reference and `TOLERANCE`; in the rehearsal, `rehearsal`."""
        if self.world.rehearsal:  # other pictures, other networks: the reference says nothing about them
            reference, limit = None, rehearsal
        else:
            limit = None if reference is None else reference + TOLERANCE
        noted = Figure(lesson, title, self.world.title, run.error if error is None else error, reference, limit, run.seconds,
                       run.pictures_per_second, run.peak_gpu_megabytes)
        self.figures.noted.append(noted)
        return noted


def statistics(arch: Callable) -> tuple[list[float], list[float]]:
    """Mean and standard deviation, red, green and blue, of the pictures that `arch` was pretrained on."""
    return model_meta[arch]["stats"]


def error_of(learn: Learner) -> float:
    """Share of the validation pictures that the learner gets wrong, by its own predictions."""
    with learn.no_bar(), learn.no_logging():
        logits, breeds = learn.get_preds(dl=learn.dls.valid)
    return (logits.argmax(1) != breeds).float().mean().item()
