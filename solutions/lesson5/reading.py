"""Lesson 5, part 2: what a confusion matrix tells: the pairs, and the breeds."""

import numpy as np


def most_confused(matrix: np.ndarray, vocab: list[str], min_val: int = 1) -> list[tuple[str, str, int]]:
    """The pairs of breeds that were confused `min_val` times or more: (what it was, what was predicted, how often).

    `matrix` is a confusion matrix, whole numbers, (C, C): rows are what it was, columns what was predicted; `vocab` holds
    the C names. A pair has two directions, and each counts for itself. The largest count comes first. Equal counts stay in
    the order of the matrix: row by row from the top, and in a row from left to right. The matrix is left as it is.
    `most_confused(np.array([[7, 3], [1, 9]]), ["boxer", "pug"])` is [("boxer", "pug", 3), ("pug", "boxer", 1)].
    Raises ValueError unless the matrix has a row and a column for each name, and for a `min_val` below 1.
    """
    ### BEGIN SOLUTION
    if np.shape(matrix) != (len(vocab), len(vocab)):
        raise ValueError(f"a matrix of shape {np.shape(matrix)} does not fit {len(vocab)} names")
    if min_val < 1:
        raise ValueError(f"min_val must be 1 or more, not {min_val}: a pair that was never confused is none")
    pairs = [
        (vocab[i], vocab[j], int(matrix[i][j]))
        for i in range(len(vocab)) for j in range(len(vocab)) if i != j and matrix[i][j] >= min_val
    ]
    return sorted(pairs, key=lambda pair: -pair[2])  # sorted keeps the order of equal ones
    ### END SOLUTION


def error_by_breed(matrix: np.ndarray, vocab: list[str]) -> dict[str, float]:
    """For each breed the share of its pictures that was classified wrong, from 0 to 1, under the breed's name.

    `matrix` and `vocab` are those of `most_confused`: a row holds all pictures of one breed. A breed with no picture has
    no error that anybody could know, not even 0: its value is nan (`float("nan")`, not a number).
    `error_by_breed(np.array([[7, 3], [0, 0]]), ["boxer", "pug"])` is {"boxer": 0.3, "pug": nan}.
    Raises ValueError unless the matrix has a row and a column for each name.
    """
    ### BEGIN SOLUTION
    if np.shape(matrix) != (len(vocab), len(vocab)):
        raise ValueError(f"a matrix of shape {np.shape(matrix)} does not fit {len(vocab)} names")
    errors = {}
    for i, breed in enumerate(vocab):
        pictures = sum(matrix[i])
        errors[breed] = float((pictures - matrix[i][i]) / pictures) if pictures else float("nan")
    return errors
    ### END SOLUTION
