import math
from types import SimpleNamespace

import pytest
from pytest import approx

from petkata.checking import number
from tests.lesson5.counts import listed, places, slow_matrix, slow_pairs, table
from tests.lesson5.drawings import headless

MIN_VAL = 2


@pytest.fixture(scope="session")
def run(interpret, few_loaders, learner_on):
    """The answer about a learner on eight breeds that has trained for so short a time that it is often wrong."""
    from fastai.metrics import accuracy, error_rate

    from petkata.checking.watching import moved, weights

    learn = learner_on(few_loaders, metrics=[accuracy, error_rate])
    learn.fit_one_cycle(1, 8e-4)
    truth, before = seen_by_hand(learn), weights(learn.model)
    with headless():  # who draws the matrix on the way opens no window
        result = interpret(learn, min_val=MIN_VAL, k=len(truth.targets))
    return SimpleNamespace(learn=learn, truth=truth, result=result, vocab=list(learn.dls.vocab),
                           moved=moved(learn.model, before), training=any(module.training for module in learn.model.modules()))


def seen_by_hand(learn):
    """Oracle: batch by batch through the validation pictures; a row of logits, a target, a loss each."""
    import torch

    targets, predictions, losses = [], [], []
    learn.model.eval()
    with torch.no_grad():
        for pictures, breeds in learn.dls.valid:
            for logits, breed in zip(learn.model(pictures).double().tolist(), breeds.tolist()):
                targets.append(breed)
                predictions.append(logits.index(max(logits)))
                losses.append(math.log(sum(math.exp(logit - logits[breed]) for logit in logits)))
    return SimpleNamespace(targets=targets, predictions=predictions, losses=losses)


def told(result, key):
    """One entry of the dict that came back."""
    assert isinstance(result, dict), f"a dict is asked for; this is {type(result).__name__}"
    assert key in result, f"the dict has the key {key!r}; this one has {list(result)}"
    return result[key]


def rows_of(run):
    return table(told(run.result, "matrix"), len(run.vocab))


def test_returns_a_dict_of_four(interpret, run):
    for key in ("matrix", "pairs", "error_rate", "top_losses"):
        assert told(run.result, key) is not None, f"under the key {key!r} stands None"


def test_leaves_the_learner_as_it_is(interpret, run):
    assert not run.moved, (
        f"{len(run.moved)} tensors of the network have changed ({min(run.moved, default='')}): to look at a learner is not to "
        "train it. (BatchNorm's running statistics move when pictures pass in training mode.)"
    )
    assert not run.training, (
        "the network was in eval mode before, and now it is in training mode: the next who shows it a picture gets dropout, and "
        "moves BatchNorm's statistics"
    )


def test_is_about_the_validation_pictures(interpret, run):
    n, n_valid = sum(map(sum, rows_of(run))), len(run.truth.targets)
    assert n == n_valid, (
        f"there are {n_valid} validation pictures, and this matrix counts {n}. (The {len(run.learn.dls.train_ds)} others are for "
        "training: the network has seen their labels.)"
    )


def test_the_matrix_is_that_of_the_predictions(interpret, run):
    rows, expected = rows_of(run), slow_matrix(run.truth.predictions, run.truth.targets, len(run.vocab))
    turned = [list(column) for column in zip(*expected)]
    assert rows != turned, "rows and columns have changed places: a row is what it was, a column what was predicted"
    off = sum(abs(a - b) for row, other in zip(rows, expected) for a, b in zip(row, other))
    assert rows == expected, f"counted by hand from the network's predictions the matrix is another: the cells differ by {off}"


def test_the_error_rate_agrees(interpret, run):
    error = number(told(run.result, "error_rate"), "error_rate")
    wrong = sum(p != t for p, t in zip(run.truth.predictions, run.truth.targets))
    assert error == approx(wrong / len(run.truth.targets), abs=1e-5), (
        f"{wrong} of {len(run.truth.targets)} pictures were classified wrong, so the error rate is "
        f"{wrong / len(run.truth.targets):.4f}, which is also what stands off the diagonal; not {error:.4f}"
        f"{' (that is the share that was right)' if error == approx(1 - wrong / len(run.truth.targets), abs=1e-5) else ''}"
    )


def test_the_pairs_agree(interpret, run):
    expected = slow_pairs(slow_matrix(run.truth.predictions, run.truth.targets, len(run.vocab)), run.vocab, MIN_VAL)
    pairs = listed(told(run.result, "pairs"))
    assert pairs == expected, (
        f"in the matrix {len(expected)} pairs were confused {MIN_VAL} times or more (min_val={MIN_VAL}), the first of them "
        f"{expected[:2]}; these are {len(pairs)}: {pairs[:2]}"
    )


def test_the_top_losses_agree(interpret, run):
    found, losses = places(told(run.result, "top_losses")), run.truth.losses
    n = len(losses)
    assert len(found) == n, (
        f"the {n} largest losses were asked for (k={n}), those of right answers, too; you returned {len(found)}"
    )
    outside = [place for place in found if not 0 <= place < n]
    assert not outside, f"place {outside[0]} is none: there are only {n} validation pictures, 0 to {n - 1}"
    twice = [place for place in found if found.count(place) > 1]
    assert not twice, f"each picture has one place, and {twice[0]} comes more than once"
    # Two losses may be as good as equal, so the losses are compared, not the places.
    for rank, (place, expected) in enumerate(zip(found, sorted(losses, reverse=True))):
        assert losses[place] == approx(expected, abs=1e-3), (
            f"the largest loss comes first. In the list that you returned, place {rank} (the first is 0) holds picture {place}, "
            f"which cost {losses[place]:.2f}; there belongs picture {losses.index(expected)}, which cost {expected:.2f}"
        )


def test_five_and_nine_are_usual(interpret, run):
    with headless():
        result = interpret(run.learn)
    pairs, found = listed(told(result, "pairs")), places(told(result, "top_losses"))
    few = [pair for pair in pairs if pair[2] < 5]
    assert not few, f"min_val is 5 unless another is asked for; here is {few[0] if few else ''}"
    assert len(found) == 9, f"k is 9 unless another is asked for; here are {len(found)} places"
