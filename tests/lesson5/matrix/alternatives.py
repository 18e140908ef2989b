from collections import Counter

import numpy as np

from petkata.checking import alternative


@alternative
def confusion_matrix(predictions, targets, n_classes):
    """Each pair of numbers becomes one number, and those are counted."""
    predictions, targets = np.asarray(predictions), np.asarray(targets)
    if predictions.shape != targets.shape:
        raise ValueError("each picture has one target and one prediction")
    for numbers in (predictions, targets):
        if numbers.min() < 0 or numbers.max() >= n_classes:
            raise ValueError("no such class")
    return np.bincount(targets * n_classes + predictions, minlength=n_classes**2).reshape(n_classes, n_classes)


@alternative
def confusion_matrix(predictions, targets, n_classes):
    """Lists of lists from a Counter."""
    if len(predictions) != len(targets):
        raise ValueError("lengths")
    known = set(range(n_classes))
    pairs = Counter((int(actual), int(predicted)) for actual, predicted in zip(targets, predictions))
    if any(number not in known for pair in pairs for number in pair):
        raise ValueError("unknown class")
    return [[pairs[actual, predicted] for predicted in range(n_classes)] for actual in range(n_classes)]


@alternative
def confusion_matrix(predictions, targets, n_classes):
    """NumPy's unbuffered addition, which counts the same cell again."""
    predictions, targets = np.array(predictions), np.array(targets)
    if len(predictions) != len(targets) or not np.isin([predictions, targets], np.arange(n_classes)).all():
        raise ValueError("these do not fit")
    matrix = np.zeros([n_classes] * 2, np.int32)
    np.add.at(matrix, (targets, predictions), 1)
    return matrix


@alternative
def confusion_matrix(predictions, targets, n_classes):
    """One-hot rows, multiplied."""
    if len(predictions) != len(targets) or min(*predictions, *targets) < 0 or max(*predictions, *targets) >= n_classes:
        raise ValueError("these do not fit")
    unit = np.eye(n_classes, dtype=np.int64)
    return unit[targets].T @ unit[predictions]
