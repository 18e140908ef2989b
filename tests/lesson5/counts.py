"""What the answers of lesson 5 count, pair and place: read with care where it comes back, and found slowly to compare."""

import operator
import os

import numpy as np

from petkata.checking import number
from petkata.checking.words import describe


def table(matrix, n_classes: int) -> list[list[int]]:
    """The rows of a matrix that came back, whatever it is made of. Fails in a sentence where it is no table of counts."""
    try:
        numbers = np.asarray(matrix)
    except (TypeError, ValueError, RuntimeError):
        numbers = np.asarray(None)
    assert numbers.dtype.kind in "iufb", f"a confusion matrix is a table of numbers; this is {type(matrix).__name__}"
    assert numbers.shape == (n_classes, n_classes), (
        f"with {n_classes} classes the matrix has shape {(n_classes, n_classes)}, also where some class was never seen; "
        f"this one has {numbers.shape}"
    )
    return numbers.tolist()


def outcome(task, *args) -> str:
    """What comes of a call with input that is wrong on purpose: the name of an error, or what was returned."""
    try:
        return f"{describe(task(*args))} came back"
    except NotImplementedError:  # a stub is not wrong, it is not started
        raise
    except Exception as error:
        return type(error).__name__


def slow_matrix(predictions, targets, n_classes: int) -> list[list[int]]:
    """Oracle: for each cell go through all the pictures and count those that belong there."""
    pictures = list(zip(map(int, targets), map(int, predictions)))
    return [[pictures.count((actual, predicted)) for predicted in range(n_classes)] for actual in range(n_classes)]


def slow_pairs(rows: list[list[int]], vocab: list[str], min_val: int) -> list[tuple[str, str, int]]:
    """Oracle: from the largest count down to min_val, read the matrix like a page and note the cells with that count."""
    n = len(vocab)
    return [
        (vocab[i], vocab[j], count)
        for count in range(max(map(max, rows)), min_val - 1, -1)
        for i in range(n) for j in range(n) if i != j and rows[i][j] == count
    ]


def listed(pairs) -> list[tuple[str, str, int]]:
    """Pairs that came back, as plain tuples. Fails in a sentence where they are something else."""
    assert isinstance(pairs, (list, tuple)), f"a list of pairs is asked for; this is {type(pairs).__name__}"
    for pair in pairs:
        assert isinstance(pair, (list, tuple)) and len(pair) == 3, (
            f"each entry holds three things: what it was, what was predicted, how often; this one is {describe(pair)}"
        )
        actual, predicted, count = pair
        assert isinstance(actual, str) and isinstance(predicted, str), (
            f"a person wants to read names, and the first two of three are {describe(actual)} and {describe(predicted)}"
        )
        assert number(count, "how often").is_integer(), f"how often is a whole number; this one is {describe(count)}"
    return [(actual, predicted, int(count)) for actual, predicted, count in pairs]


def places(result) -> list[int]:
    """Places that came back, as plain numbers. Fails in a sentence where they are something else."""
    row = hasattr(result, "__len__") and hasattr(result, "__iter__") and not isinstance(result, (str, dict))
    assert row and getattr(result, "ndim", 1) == 1, f"a list of places is asked for; this is {describe(result)}"
    for place in result:
        whole = hasattr(place, "__index__") and getattr(place, "ndim", 0) == 0 and "float" not in str(getattr(place, "dtype", ""))
        taken_for = "file" if isinstance(place, (str, os.PathLike)) else "loss"
        assert whole, f"a place is a whole number, 0 for the first picture; here is {describe(place)}. (Is it a {taken_for}?)"
    return [operator.index(place) for place in result]
