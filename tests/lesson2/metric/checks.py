import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import refuses, words


def number(error_rate, logits, targets):
    """The answer as a plain number."""
    answer = error_rate(logits, targets)
    assert np.ndim(answer) == 0, f"one number for the whole batch is expected, not {np.size(answer)} of them"
    return words.number(answer)


@st.composite
def batches(draw):
    """Logits (N, C), no two of a row alike, targets (N,), and how many are wrong, counted one by one."""
    n, n_classes, seed = draw(st.integers(1, 12)), draw(st.integers(2, 7)), draw(st.integers(0, 10**6))
    dice = np.random.default_rng(seed)
    logits, targets, wrong = [], [], 0
    for _ in range(n):
        row = [float(value) - n_classes / 2 for value in dice.permutation(n_classes)]
        target = int(dice.integers(n_classes))
        wrong += any(value > row[target] for value in row)
        logits.append(row)
        targets.append(target)
    return torch.tensor(logits), torch.tensor(targets), wrong


def test_one_wrong_of_four_is_a_quarter(error_rate):
    logits = torch.tensor([[2.0, 0.5, 1.0], [0.0, 3.0, 1.0], [5.0, 1.0, 4.0], [-1.0, -2.0, -0.5]])
    answer = number(error_rate, logits, torch.tensor([0, 1, 2, 2]))
    assert answer == approx(0.25), f"the third of these four is wrong, and the others are right: 0.25, not {answer:g}"


def test_a_wrong_one_of_two_is_a_half(error_rate):
    answer = number(error_rate, torch.tensor([[0.1, 2.0], [3.0, 1.0]]), torch.tensor([1, 1]))
    assert answer == approx(0.5), f"one of two is wrong: 0.5, not {answer:g}"


def test_all_right_is_0_and_all_wrong_is_1(error_rate):
    logits = torch.tensor([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0], [-1.0, 1.0, 0.0], [4.0, 0.0, 2.0], [0.0, 1.0, 2.0]])
    right = number(error_rate, logits, torch.tensor([0, 2, 1, 0, 2]))
    wrong = number(error_rate, logits, torch.tensor([1, 0, 0, 2, 1]))
    assert right == approx(0.0), f"where nothing is wrong the share of wrong ones is 0, not {right:g}"
    assert wrong == approx(1.0), f"where all are wrong the share of wrong ones is 1, not {wrong:g}"


def test_being_unsure_is_no_error(error_rate):
    logits = torch.tensor([[0.1, 0.2, 0.0, 0.1], [1.0, 0.9, 0.8, 0.7], [-3.0, -3.1, -3.2, -2.9]])
    answer = number(error_rate, logits, torch.tensor([1, 0, 0]))
    assert answer == approx(1 / 3), (
        f"only the third is wrong: the first two have the largest logit at the right place, if only just; {answer:g}"
    )


@given(batches())
def test_counts_as_a_person_would(error_rate, batch):
    logits, targets, wrong = batch
    answer = number(error_rate, logits, targets)
    assert answer == approx(wrong / len(targets), abs=1e-6), (
        f"counted one by one, {wrong} of {len(targets)} are wrong: {wrong / len(targets):.4f}, not {answer:.4f}"
    )


def test_refuses_rows_that_do_not_fit(error_rate):
    logits = torch.tensor([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0], [1.0, -1.0, 0.0]])
    assert refuses(error_rate, logits, torch.tensor([0])), "3 rows of logits and 1 target: raise ValueError"
    assert refuses(error_rate, logits[:1], torch.tensor([0, 2, 1])), "1 row of logits and 3 targets: raise ValueError"
    assert refuses(error_rate, logits, torch.tensor([0, 2])), "3 rows of logits and 2 targets: raise ValueError"
    nothing = torch.empty(0, 3), torch.empty(0, dtype=torch.int64)
    assert refuses(error_rate, *nothing), "of nothing, no share is wrong: raise ValueError"
