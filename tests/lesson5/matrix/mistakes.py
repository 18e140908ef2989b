import numpy as np

from petkata.checking import mistake


def fit(predictions, targets, n_classes):
    if len(predictions) != len(targets):
        raise ValueError("lengths")
    if not all(0 <= number < n_classes for number in [*predictions, *targets]):
        raise ValueError("numbers")


def counted(predictions, targets, n_classes, dtype=int):
    matrix = np.zeros((n_classes, n_classes), dtype)
    for actual, predicted in zip(targets, predictions):
        matrix[actual, predicted] += 1
    return matrix


@mistake("Rows and columns have changed places. A row is what it was, a column what was predicted.",
         caught_by="test_rows_are_what_it_was")
def confusion_matrix(predictions, targets, n_classes):
    fit(predictions, targets, n_classes)
    return counted(targets, predictions, n_classes)


@mistake("The same cell counts once only: matrix[targets, predictions] += 1 adds one to each cell that is named, however "
         "often it is named.",
         caught_by="test_the_same_mistake_counts_again")
def confusion_matrix(predictions, targets, n_classes):
    fit(predictions, targets, n_classes)
    matrix = np.zeros((n_classes, n_classes), dtype=int)
    matrix[targets, predictions] += 1
    return matrix


@mistake("The cells hold shares of a row. Counts are asked for: 1 of 1 and 40 of 40 are not the same news.",
         caught_by="test_counts_each_picture_once")
def confusion_matrix(predictions, targets, n_classes):
    fit(predictions, targets, n_classes)
    matrix = counted(predictions, targets, n_classes)
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


@mistake("The matrix holds floats (np.zeros makes those). Counts are whole numbers.", caught_by="test_counts_are_whole_numbers")
def confusion_matrix(predictions, targets, n_classes):
    fit(predictions, targets, n_classes)
    return counted(predictions, targets, n_classes, dtype=float)


@mistake("Small integers (uint8) end at 255. The 256th picture of a cell makes it 0 again, and nobody says so.",
         caught_by="test_counts_beyond_what_is_usual")
def confusion_matrix(predictions, targets, n_classes):
    fit(predictions, targets, n_classes)
    return counted(predictions, targets, n_classes, dtype=np.uint8)


@mistake("Only the mistakes are counted. What was recognized stands on the diagonal.",
         caught_by="test_counts_each_picture_once")
def confusion_matrix(predictions, targets, n_classes):
    fit(predictions, targets, n_classes)
    matrix = counted(predictions, targets, n_classes)
    np.fill_diagonal(matrix, 0)
    return matrix


@mistake("Only classes that were seen have a row. Then the rows no longer fit the names.",
         caught_by="test_rows_are_what_it_was")
def confusion_matrix(predictions, targets, n_classes):
    from sklearn.metrics import confusion_matrix

    fit(predictions, targets, n_classes)
    return confusion_matrix(targets, predictions)


@mistake("The matrix ends at the largest number that was seen. There may be classes after it.",
         caught_by="test_rows_are_what_it_was")
def confusion_matrix(predictions, targets, n_classes):
    fit(predictions, targets, n_classes)
    return counted(predictions, targets, max([*predictions, *targets]) + 1)


@mistake("Each pair counts in both directions. A pug taken for a boxer is no boxer taken for a pug.",
         caught_by="test_counts_each_picture_once")
def confusion_matrix(predictions, targets, n_classes):
    fit(predictions, targets, n_classes)
    matrix = counted(predictions, targets, n_classes)
    both = matrix + matrix.T
    np.fill_diagonal(both, np.diag(matrix))
    return both


@mistake("zip stops where the shorter list ends, so predictions and targets that do not fit go unnoticed.",
         caught_by="test_refuses_predictions_that_do_not_fit")
def confusion_matrix(predictions, targets, n_classes):
    return counted(predictions, targets, n_classes)


@mistake("A class that is none stops it with an IndexError, or is not noticed. Look at the numbers first and raise ValueError.",
         caught_by="test_refuses_a_class_that_is_none")
def confusion_matrix(predictions, targets, n_classes):
    if len(predictions) != len(targets):
        raise ValueError("lengths")
    return counted(predictions, targets, n_classes)


@mistake("A class of number -1 is counted in the last row or column: Python counts from the end there. Raise ValueError.",
         caught_by="test_refuses_a_class_that_is_none")
def confusion_matrix(predictions, targets, n_classes):
    if len(predictions) != len(targets):
        raise ValueError("lengths")
    if max([*predictions, *targets]) >= n_classes:
        raise ValueError("too large")
    return counted(predictions, targets, n_classes)
