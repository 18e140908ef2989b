import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.lesson5.counts import outcome, slow_matrix, table

classes = st.integers(2, 6)


def pictures(n_classes):
    """What some pictures were, and what they were predicted to be."""
    return st.lists(st.tuples(*[st.integers(0, n_classes - 1)] * 2), min_size=1, max_size=30)


def test_counts_each_picture_once(confusion_matrix):
    rows = table(confusion_matrix([0, 2, 1, 2], [0, 1, 1, 2], 3), 3)
    assert sum(map(sum, rows)) == 4, f"4 pictures are counted once each; the cells of this matrix add up to {sum(map(sum, rows))}"


def test_rows_are_what_it_was(confusion_matrix):
    rows = table(confusion_matrix([2], [1], 4), 4)
    cells = [(i, j) for i in range(4) for j in range(4) if rows[i][j]]
    assert cells == [(1, 2)], (
        f"one picture, of class 1, was taken for class 2: row 1, column 2. This matrix has it in (row, column) {cells}"
    )


def test_the_same_mistake_counts_again(confusion_matrix):
    rows = table(confusion_matrix([1, 1, 1, 0, 1], [0, 0, 0, 0, 1], 2), 2)
    assert rows[0][1] == 3, f"three pictures of class 0 were taken for class 1, and each counts; this matrix says {rows[0][1]}"


def test_the_diagonal_holds_what_was_right(confusion_matrix):
    rows = table(confusion_matrix([0, 1, 1, 2, 2, 2], [0, 1, 1, 2, 2, 2], 3), 3)
    assert rows == [[1, 0, 0], [0, 2, 0], [0, 0, 3]], (
        f"1, 2 and 3 pictures of three classes, all recognized, stand on the diagonal; this matrix is {rows}"
    )


def test_a_class_that_was_never_seen_has_its_place(confusion_matrix):
    rows = table(confusion_matrix([0, 3], [3, 0], 5), 5)
    assert rows[0][3] == rows[3][0] == 1, (
        f"classes 1, 2 and 4 have no picture; class 3 still stands in row 3 and column 3. This matrix is {rows}"
    )
    assert sum(map(sum, rows)) == 2, "two pictures make two counts; what has no picture has zeros"


@given(data=st.data(), n_classes=classes)
def test_counts_as_one_does_by_hand(confusion_matrix, data, n_classes):
    targets, predictions = map(list, zip(*data.draw(pictures(n_classes))))
    rows = table(confusion_matrix(predictions, targets, n_classes), n_classes)
    expected = slow_matrix(predictions, targets, n_classes)
    assert rows == expected, f"classes {targets}, predicted to be {predictions}, make {expected}, counted by hand; not {rows}"


def test_takes_arrays(confusion_matrix):
    rows = table(confusion_matrix(np.array([2, 0, 1, 1, 1]), np.array([2, 2, 1, 1, 0]), 3), 3)
    assert rows == [[0, 1, 0], [0, 2, 0], [1, 0, 1]], f"from arrays the same is counted as from lists; this matrix is {rows}"


def test_counts_beyond_what_is_usual(confusion_matrix):
    with np.errstate(over="ignore"):
        rows = table(confusion_matrix([1] * 300, [0] * 300, 2), 2)
    wrapped = " (How large can its integers get?)" if rows[0][1] in (300 % 256, 127, 255) else ""
    assert rows[0][1] == 300, f"300 pictures of class 0 were taken for class 1; this matrix says {rows[0][1]}.{wrapped}"


def test_counts_are_whole_numbers(confusion_matrix):
    kind = np.asarray(confusion_matrix([0, 1, 1], [0, 1, 0], 2)).dtype
    assert kind.kind in "iu", (
        f"counts are whole numbers, and this matrix holds {kind}: somebody would read 3.0 pictures in it. NumPy's own tables "
        "are told with dtype=")


def test_refuses_predictions_that_do_not_fit(confusion_matrix):
    for predictions, targets in (([0, 1, 1], [0, 1]), ([0, 1], [0, 1, 1])):
        came = outcome(confusion_matrix, predictions, targets, 2)
        assert came == "ValueError", (
            f"{len(predictions)} predictions for {len(targets)} pictures: raise ValueError, count none of them; here: {came}"
        )


def test_refuses_a_class_that_is_none(confusion_matrix):
    for predictions, targets, none in (([0, 3], [0, 1], 3), ([0, -1], [0, 1], -1), ([0, 1], [0, -2], -2), ([0, 1], [3, 1], 3)):
        came = outcome(confusion_matrix, predictions, targets, 3)
        last = " (Python takes it for one from the end and says nothing.)" if none < 0 else ""
        assert came == "ValueError", f"of 3 classes none has the number {none}: raise ValueError; here: {came}.{last}"
