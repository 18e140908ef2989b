import numpy as np

from petkata.checking import mistake


def fit(matrix, vocab, min_val=1):
    if np.shape(matrix) != (len(vocab), len(vocab)) or min_val < 1:
        raise ValueError("these do not fit")


def cells(matrix, vocab, min_val):
    """The confused pairs in the order of the matrix."""
    n = len(vocab)
    return [(vocab[i], vocab[j], int(matrix[i, j])) for i in range(n) for j in range(n) if i != j and matrix[i, j] >= min_val]


def largest_first(pairs):
    return sorted(pairs, key=lambda pair: -pair[2])


@mistake("The diagonal is in it, so what was right leads the list of what was confused.",
         caught_by="test_leaves_out_what_was_right")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    n = len(vocab)
    return largest_first([(vocab[i], vocab[j], int(matrix[i, j])) for i in range(n) for j in range(n) if matrix[i, j] >= min_val])


@mistake("The two names have changed places: first what it was (the row), then what was predicted (the column).",
         caught_by="test_says_what_it_was_then_what_was_predicted")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    return [(predicted, actual, count) for actual, predicted, count in largest_first(cells(matrix, vocab, min_val))]


@mistake("The numbers of the breeds come back. A person wants to read their names: vocab has them.",
         caught_by="test_leaves_out_what_was_right")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    return largest_first(cells(matrix, range(len(vocab)), min_val))


@mistake("Both directions are added up. A pug taken for a boxer is another mistake than a boxer taken for a pug.",
         caught_by="test_each_direction_counts_for_itself")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    both = np.triu(matrix + matrix.T, 1)
    return largest_first(cells(both, vocab, min_val))


@mistake("Only the cells above the diagonal are read. Those below it are the other direction.",
         caught_by="test_each_direction_counts_for_itself")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    return largest_first(cells(np.triu(matrix), vocab, min_val))


@mistake("A pair that was confused exactly min_val times is left out. It belongs to the list: min_val or more.",
         caught_by="test_takes_min_val_and_more")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    return largest_first(cells(matrix, vocab, min_val + 1 if min_val > 1 else 1))


@mistake("min_val is not looked at: everything that was ever confused is listed.", caught_by="test_takes_min_val_and_more")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    return largest_first(cells(matrix, vocab, 1))


@mistake("The smallest count comes first. What was confused most often is the news.", caught_by="test_the_largest_comes_first")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    return sorted(cells(matrix, vocab, min_val), key=lambda pair: pair[2])


@mistake("The pairs come in the order of the matrix. They are to be sorted, the largest count first.",
         caught_by="test_the_largest_comes_first")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    return cells(matrix, vocab, min_val)


@mistake("Equal counts come in the wrong order: sorting upward and turning the list round turns the equal ones round, too.",
         caught_by="test_equal_counts_stay_in_the_order_of_the_matrix")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    return sorted(cells(matrix, vocab, min_val), key=lambda pair: pair[2])[::-1]


@mistake("The diagonal of the matrix that was handed over is set to 0. Whoever reads it next finds nothing that was right.",
         caught_by="test_leaves_out_what_was_right")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab, min_val)
    np.fill_diagonal(matrix, 0)
    return largest_first(cells(matrix, vocab, min_val))


@mistake("A matrix that does not fit the names gets an answer, with some breeds left out. It must get a ValueError.",
         caught_by="test_pairs_refuse_names_that_do_not_fit")
def most_confused(matrix, vocab, min_val=1):
    if min_val < 1:
        raise ValueError("min_val")
    pairs = [(i, j, int(matrix[i, j])) for i, j in zip(*np.nonzero(matrix >= min_val)) if i != j]
    return largest_first([(vocab[i], vocab[j], count) for i, j, count in pairs if max(i, j) < len(vocab)])


@mistake("With min_val=0 pairs are listed that were never confused. It must get a ValueError.",
         caught_by="test_refuses_a_min_val_below_one")
def most_confused(matrix, vocab, min_val=1):
    fit(matrix, vocab)
    return largest_first(cells(matrix, vocab, min_val))


def by_name(vocab, errors):
    return {breed: float(error) for breed, error in zip(vocab, errors)}


def wrong_in(matrix):
    return matrix.sum(axis=1) - np.diag(matrix)


@mistake("The columns are added up. A column holds all that was predicted to be a breed; its pictures stand in its row.",
         caught_by="test_is_a_share_of_the_breeds_own_pictures")
def error_by_breed(matrix, vocab):
    fit(matrix, vocab)
    told = matrix.sum(axis=0)
    return by_name(vocab, np.where(told, (told - np.diag(matrix)) / told, np.nan))


@mistake("That is how many were wrong. Of a breed with many pictures many are wrong; the share tells which breeds are hard.",
         caught_by="test_is_a_share_of_the_breeds_own_pictures")
def error_by_breed(matrix, vocab):
    fit(matrix, vocab)
    return by_name(vocab, np.where(matrix.sum(axis=1), wrong_in(matrix), np.nan))


@mistake("The mistakes are divided by the number of all pictures. Divide those of a breed by the pictures of that breed.",
         caught_by="test_is_a_share_of_the_breeds_own_pictures")
def error_by_breed(matrix, vocab):
    fit(matrix, vocab)
    return by_name(vocab, np.where(matrix.sum(axis=1), wrong_in(matrix) / matrix.sum(), np.nan))


@mistake("The mistakes are divided by what was right. The share is of all pictures of the breed.",
         caught_by="test_is_a_share_of_the_breeds_own_pictures")
def error_by_breed(matrix, vocab):
    fit(matrix, vocab)
    return by_name(vocab, wrong_in(matrix) / np.diag(matrix))


@mistake("That is the accuracy, what was right. The error is the rest.",
         caught_by="test_is_a_share_of_the_breeds_own_pictures")
def error_by_breed(matrix, vocab):
    fit(matrix, vocab)
    return by_name(vocab, np.diag(matrix) / matrix.sum(axis=1))


@mistake("The errors are percentages. They are shares, from 0 to 1.", caught_by="test_is_a_share_of_the_breeds_own_pictures")
def error_by_breed(matrix, vocab):
    fit(matrix, vocab)
    return by_name(vocab, 100 * wrong_in(matrix) / matrix.sum(axis=1))


@mistake("Breeds without a mistake are left out. That all were recognized is worth knowing.",
         caught_by="test_a_breed_without_a_mistake_has_no_error")
def error_by_breed(matrix, vocab):
    fit(matrix, vocab)
    errors = by_name(vocab, wrong_in(matrix) / matrix.sum(axis=1))
    return {breed: error for breed, error in errors.items() if error != 0}


@mistake("A breed with no picture gets 0, as if all had been recognized. Nobody knows: its value is nan.",
         caught_by="test_a_breed_with_no_picture_is_unknown")
def error_by_breed(matrix, vocab):
    fit(matrix, vocab)
    return by_name(vocab, wrong_in(matrix) / np.maximum(matrix.sum(axis=1), 1))


@mistake("A breed with no picture gets 1, as if none had been recognized. Nobody knows: its value is nan.",
         caught_by="test_a_breed_with_no_picture_is_unknown")
def error_by_breed(matrix, vocab):
    fit(matrix, vocab)
    return by_name(vocab, 1 - np.diag(matrix) / np.maximum(matrix.sum(axis=1), 1))


@mistake("A breed with no picture is left out. Its value is nan, so that a reader sees that it was not tested.",
         caught_by="test_a_breed_with_no_picture_is_unknown")
def error_by_breed(matrix, vocab):
    fit(matrix, vocab)
    return {breed: wrong / n for breed, wrong, n in zip(vocab, wrong_in(matrix), matrix.sum(axis=1)) if n}


@mistake("A matrix that does not fit the names gets an answer: zip stops at the shorter one. It must get a ValueError.",
         caught_by="test_errors_refuse_names_that_do_not_fit")
def error_by_breed(matrix, vocab):
    rows = {breed: list(row) for breed, row in zip(vocab, matrix)}
    return {breed: 1 - row[i] / sum(row) if sum(row) else float("nan") for i, (breed, row) in enumerate(rows.items())}
