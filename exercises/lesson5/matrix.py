"""Lesson 5, part 1: what it was, and what was predicted."""

import numpy as np


def confusion_matrix(predictions: list[int], targets: list[int], n_classes: int) -> np.ndarray:
    """How many pictures of each class were predicted to be of which.

    `targets` are the numbers of the right classes and `predictions` those that were predicted, 0 to n_classes - 1, one of
    each for each picture (lists or NumPy arrays). Returns whole numbers (an integer array), (n_classes, n_classes):
    row i, column j counts the pictures of class i that were predicted to be of class j. A class without a picture has a
    row of zeros. Two pictures of class 0, one of them taken for class 1: `confusion_matrix([0, 1], [0, 0], 2)` is
    [[1, 1], [0, 0]].
    Raises ValueError unless there is one prediction for each target, and for a number outside 0 to n_classes - 1.
    """
    raise NotImplementedError("confusion_matrix")
