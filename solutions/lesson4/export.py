"""Lesson 4, part 4: one file with all that a prediction needs."""

from pathlib import Path

from fastai.vision.all import Learner


def export_for_inference(learn: Learner, path: str | Path) -> None:
    """Write all that a prediction needs to the file `path`: the network, the vocabulary and the transforms.

    The form is the one that fastai's `load_learner(path)` reads. Pictures, their names and the optimizer's state stay behind.
    A `path` that does not begin at the root begins in the current folder, as everywhere:
    `export_for_inference(learn, "pets.pkl")` writes `pets.pkl` there. `learn` is afterward as it was, ready to train on.
    """
    ### BEGIN SOLUTION
    learn.export(Path(path).absolute())
    ### END SOLUTION


def predict(path: str | Path, image: str | Path) -> tuple[str, float]:
    """The breed in a picture, and how probable it is (0 to 1), as the learner exported to `path` tells it.

    `path` is a file that fastai's `learn.export` wrote, `image` a file with a picture of any size.
    `predict("pets.pkl", "photo.jpg")` may give `("pug", 0.93)`. Nothing but these two files is needed.
    An exported learner can carry code that runs when it is loaded: give this only files whose maker you trust.
    """
    ### BEGIN SOLUTION
    from fastai.vision.all import load_learner

    learn = load_learner(path)
    with learn.no_bar():
        breed, index, probabilities = learn.predict(image)
    return str(breed), probabilities[index].item()
    ### END SOLUTION
