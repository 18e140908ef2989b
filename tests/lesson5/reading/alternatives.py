import heapq
import math

import numpy as np

from petkata.checking import alternative


@alternative
def most_confused(matrix, vocab, min_val=1):
    """As fastai does it, on a copy."""
    matrix = np.array(matrix)
    if matrix.ndim != 2 or set(matrix.shape) != {len(vocab)} or min_val <= 0:
        raise ValueError("these do not fit")
    np.fill_diagonal(matrix, 0)
    pairs = [(vocab[i], vocab[j], matrix[i, j]) for i, j in zip(*np.where(matrix >= min_val))]
    return sorted(pairs, key=lambda pair: pair[2], reverse=True)


@alternative
def most_confused(matrix, vocab, min_val=1):
    """A heap of counts and places; lists of three."""
    n = len(vocab)
    if len(matrix) != n or any(len(row) != n for row in matrix):
        raise ValueError("a row and a column for each name")
    if min_val < 1:
        raise ValueError("min_val")
    heap = [(-matrix[i][j], i, j) for i in range(n) for j in range(n) if matrix[i][j] >= min_val]
    heapq.heapify(heap)
    ordered = [heapq.heappop(heap) for _ in range(len(heap))]
    return [[vocab[i], vocab[j], int(-count)] for count, i, j in ordered if i - j]


@alternative
def most_confused(matrix, vocab, min_val=1):
    """NumPy's stable sort of the whole matrix, laid out in one row."""
    matrix = np.asarray(matrix)
    if matrix.shape != (len(vocab),) * 2 or min_val < 1:
        raise ValueError("these do not fit")
    confused = np.where(np.eye(len(vocab), dtype=bool), 0, matrix).ravel()
    order = np.argsort(-confused, kind="stable")
    rows, columns = np.unravel_index(order, matrix.shape)
    return tuple((vocab[i], vocab[j], matrix[i, j].item()) for i, j in zip(rows, columns) if i != j and matrix[i, j] >= min_val)


@alternative
def error_by_breed(matrix, vocab):
    """All rows at once; nan comes of 0 / 0 by itself."""
    matrix = np.asarray(matrix)
    if matrix.shape != (len(vocab), len(vocab)):
        raise ValueError("these do not fit")
    with np.errstate(invalid="ignore"):
        return dict(zip(vocab, 1 - np.diag(matrix) / matrix.sum(axis=1)))


@alternative
def error_by_breed(matrix, vocab):
    """Plain Python, the mistakes added up one by one."""
    if len(matrix) != len(vocab) or any(len(row) != len(vocab) for row in matrix):
        raise ValueError("these do not fit")
    errors = dict.fromkeys(vocab, math.nan)
    for i, breed in enumerate(vocab):
        row = [int(count) for count in matrix[i]]
        try:
            errors[breed] = sum(row[:i] + row[i + 1:]) / sum(row)
        except ZeroDivisionError:
            pass
    return errors
