import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import number, refuses
from tests.lesson5.counts import listed, slow_pairs

# Rows are what it was. Three cells with 4 and two with 2; the last cat has no picture.
CATS = ["Birman", "Ragdoll", "Siamese", "Bengal", "Sphynx"]
MATRIX = [[6, 4, 2, 0, 0],
          [9, 7, 0, 1, 4],
          [0, 4, 8, 0, 0],
          [2, 0, 0, 5, 3],
          [0, 0, 0, 0, 0]]
PAIRS = [("Ragdoll", "Birman", 9), ("Birman", "Ragdoll", 4), ("Ragdoll", "Sphynx", 4), ("Siamese", "Ragdoll", 4),
         ("Bengal", "Sphynx", 3), ("Birman", "Siamese", 2), ("Bengal", "Birman", 2), ("Ragdoll", "Bengal", 1)]
NAMES = ["pug", "boxer", "Persian", "beagle", "Abyssinian"]  # not in the order of the alphabet


def rows(n):
    return st.lists(st.integers(0, 4), min_size=n, max_size=n)


matrices = st.integers(2, 5).flatmap(lambda n: st.lists(rows(n), min_size=n, max_size=n))


def test_leaves_out_what_was_right(most_confused):
    same = [pair[0] for pair in listed(most_confused(np.array(MATRIX), CATS)) if pair[0] == pair[1]]
    assert not same, f"a {same[0]} taken for a {same[0]} is right, and no confusion"


def test_says_what_it_was_then_what_was_predicted(most_confused):
    matrix = np.array([[3, 0, 0], [0, 5, 2], [0, 0, 4]])
    pairs = listed(most_confused(matrix, ["boxer", "pug", "beagle"]))
    assert pairs == [("pug", "beagle", 2)], (
        f"row 1 (pug), column 2 (beagle) holds a 2: two pugs were taken for beagles, and nothing else was confused; not {pairs}"
    )


def test_each_direction_counts_for_itself(most_confused):
    pairs = listed(most_confused(np.array([[5, 3], [8, 6]]), ["boxer", "pug"]))
    assert sorted(pairs) == [("boxer", "pug", 3), ("pug", "boxer", 8)], (
        f"3 boxers were taken for pugs and 8 pugs for boxers: two pairs, with their own counts; not {pairs}"
    )


def test_takes_min_val_and_more(most_confused):
    for min_val in (1, 3, 4, 5, 10):
        pairs = listed(most_confused(np.array(MATRIX), CATS, min_val))
        expected = [pair for pair in PAIRS if pair[2] >= min_val]
        often = "once" if min_val == 1 else f"{min_val} times"
        assert sorted(pairs) == sorted(expected), (
            f"of this matrix {len(expected)} pairs were confused {often} or more (exactly {often} is enough); "
            f"you returned {len(pairs)}: {pairs}"
        )


def test_the_largest_comes_first(most_confused):
    counts = [count for _, _, count in listed(most_confused(np.array(MATRIX), CATS))]
    assert counts == sorted(counts, reverse=True), f"the largest count comes first; here they come as {counts}"


def test_equal_counts_stay_in_the_order_of_the_matrix(most_confused):
    pairs = listed(most_confused(np.array(MATRIX), CATS, 4))
    assert pairs == PAIRS[:4], (
        f"equal counts stay in the order in which one reads the matrix, row by row: {PAIRS[1:4]}; these are {pairs[1:]}"
    )


@given(matrix=matrices, min_val=st.integers(1, 4))
def test_finds_the_pairs_that_one_finds_by_hand(most_confused, matrix, min_val):
    vocab = NAMES[:len(matrix)]
    pairs = listed(most_confused(np.array(matrix), vocab, min_val))
    expected = slow_pairs(matrix, vocab, min_val)
    assert pairs == expected, (
        f"in the matrix {matrix} of {vocab} these were confused min_val={min_val} times or more: {expected}; not {pairs}"
    )


def test_pairs_refuse_names_that_do_not_fit(most_confused):
    assert refuses(most_confused, np.array(MATRIX), CATS[:4]), "4 names do not fit 5 rows: raise ValueError"
    assert refuses(most_confused, np.array(MATRIX), [*CATS, "Persian"]), "6 names do not fit 5 rows: raise ValueError"
    assert refuses(most_confused, np.array(MATRIX)[:, :4], CATS), "5 rows of 4 columns are no confusion matrix: raise ValueError"


def test_refuses_a_min_val_below_one(most_confused):
    assert refuses(most_confused, np.array(MATRIX), CATS, 0), (
        "what was confused 0 times was not confused, and nearly all pairs would be listed: raise ValueError for min_val=0"
    )


def shares(errors, vocab):
    """The dict that came back, of plain floats. Fails in a sentence where it is something else."""
    assert isinstance(errors, dict), f"a dict from each breed's name to its error is asked for; this is {type(errors).__name__}"
    assert set(errors) == set(vocab), f"each of {vocab} has its entry, also one without a picture; these are {list(errors)}"
    return {breed: number(error, f"the error of {breed}") for breed, error in errors.items()}


def test_is_a_share_of_the_breeds_own_pictures(error_by_breed):
    errors = shares(error_by_breed(np.array([[6, 2, 0], [1, 3, 4], [0, 5, 35]]), ["Birman", "pug", "beagle"]),
                    ["Birman", "pug", "beagle"])
    assert errors["Birman"] == approx(0.25), f"of 8 Birmans 2 were classified wrong: 0.25, not {errors['Birman']:.4g}"
    assert errors["pug"] == approx(5 / 8), f"of 8 pugs 5 were classified wrong: 0.625, not {errors['pug']:.4g}"
    assert errors["beagle"] == approx(0.125), (
        f"of 40 beagles 5 were classified wrong: 0.125, as few as that is, for all that 5 are as many as of the pugs; "
        f"not {errors['beagle']:.4g}"
    )


def test_a_breed_without_a_mistake_has_no_error(error_by_breed):
    errors = shares(error_by_breed(np.array([[4, 0], [3, 1]]), ["boxer", "pug"]), ["boxer", "pug"])
    assert errors["boxer"] == 0, (
        f"all 4 boxers were recognized, so their error is 0, not {errors['boxer']:.4g}. (That 3 pugs were taken for boxers is "
        "the error of the pugs.)"
    )


def test_a_breed_with_no_picture_is_unknown(error_by_breed):
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = shares(error_by_breed(np.array(MATRIX), CATS), CATS)
    assert math.isnan(errors["Sphynx"]), (
        f"of the Sphynx there was no picture (its row is all zeros), so nobody knows its error: nan, not {errors['Sphynx']:.4g}"
    )


@given(matrix=matrices)
def test_agrees_with_going_through_the_pictures(error_by_breed, matrix):
    vocab = NAMES[:len(matrix)]
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = shares(error_by_breed(np.array(matrix), vocab), vocab)
    for actual, breed in enumerate(vocab):
        told = [predicted for predicted in range(len(vocab)) for _ in range(matrix[actual][predicted])]
        wrong = sum(predicted != actual for predicted in told)
        expected = wrong / len(told) if told else math.nan
        assert errors[breed] == approx(expected, nan_ok=True), (
            f"{wrong} of {len(told)} pictures of the breed in row {actual} of {matrix} were classified wrong: "
            f"{expected:.4g}, not {errors[breed]:.4g}"
        )


def test_errors_refuse_names_that_do_not_fit(error_by_breed):
    assert refuses(error_by_breed, np.array(MATRIX), CATS[:4]), "4 names do not fit 5 rows: raise ValueError"
    assert refuses(error_by_breed, np.array(MATRIX)[:4], CATS), "4 rows of 5 columns are no confusion matrix: raise ValueError"
