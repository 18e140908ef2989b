"""Lesson 4, part 1: save where the training stands, and go on from there."""

from pathlib import Path

from fastai.vision.all import Learner


def save_stage(learn: Learner, name: str) -> Path:
    """Write where `learn` stands to a file: its weights and the state of its optimizer. Returns the file's path.

    The file is `learn.path / learn.model_dir / f"{name}.pth"`, in the form that fastai's `learn.load` reads; its folder is
    made where there is none. `save_stage(learn, "stage-1").name` is "stage-1.pth". `learn` itself stays as it is.
    """
    raise NotImplementedError("save_stage")


def load_stage(learn: Learner, name: str) -> None:
    """Put `learn` back, in place, where it stood when the stage `name` was saved by fastai's `learn.save(name)`.

    After `load_stage(learn, "stage-1")` it gives the same predictions as then, to the last bit, and its optimizer goes on
    where it stopped. What was frozen stays frozen, what was not does not.
    Raises FileNotFoundError where there is no such stage. Code that a file may carry is not run.
    """
    raise NotImplementedError("load_stage")
