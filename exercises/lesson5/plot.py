"""Lesson 5, part 4: a picture of the matrix that a person can read."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes


def plot_confusion(matrix: np.ndarray, vocab: list[str]) -> Axes:
    """Draw a confusion matrix in a new figure, 12 by 12 inches at 60 dots an inch; return the axes that it is drawn in.

    `matrix` (whole numbers, (C, C)) and `vocab` (C names) are those of part 2. As in the matrix, row 0 is at the top.
    - A square for each cell, colored by its count, and the count in it as a whole number, such as 12. It must stand out
      from its color and lie inside its square, also with 37 breeds. Zeros may be left out.
    - The name of each breed once beside its row (y axis) and once at its column (x axis). Turn those at the columns: with
      37 breeds no name may cover another one or be cut off at the edge of the figure.
    - 5 points is the smallest letter, of names and numbers.
    - The axes are labeled "Actual" and "Predicted", and there is a title.
    Nothing else: no window is opened and no file is written. `plot_confusion(matrix, vocab).figure.savefig("pets.png")` makes
    a picture of 720 by 720 pixels.
    Raises ValueError unless the matrix has a row and a column for each name.
    """
    raise NotImplementedError("plot_confusion")
