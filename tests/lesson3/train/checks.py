import math
from types import SimpleNamespace

import pytest
from pytest import approx

from petkata.checking import number

EPOCHS, LR_MAX = 2, 6e-4  # a rate so low that each epoch leaves errors to be noted


@pytest.fixture(scope="session")
def run(train, few_loaders, learner_on):
    """One run of the answer on eight breeds, watched from outside."""
    from fastai.metrics import accuracy, error_rate

    from petkata.checking.watching import Watch, moved, weights

    learn, watch = learner_on(few_loaders, metrics=[accuracy, error_rate]), Watch()
    learn.add_cb(watch)
    before = weights(learn.model)
    rows = train(learn, EPOCHS, LR_MAX)
    return SimpleNamespace(learn=learn, watch=watch, rows=rows, moved=moved(learn.model, before))


def one_cycle(first, top, last):
    """Oracle: what one cycle gives each batch of the run."""
    n_batches = EPOCHS * 8
    values = []
    for batch in range(n_batches):
        position = batch / n_batches
        a, b, share = (first, top, position / 0.25) if position <= 0.25 else (top, last, (position - 0.25) / 0.75)
        values.append(b + (a - b) * (math.cos(math.pi * share) + 1) / 2)
    return values


def test_trains_for_so_many_epochs(train, run):
    batches = len(run.watch.rates)
    assert batches == EPOCHS * 8, f"{EPOCHS} epochs of 8 batches are {EPOCHS * 8} batches; the learner saw {batches}"


def test_the_rate_goes_up_and_down_once(train, run):
    rates = [groups[-1] for groups in run.watch.rates]
    tops = [i for i in range(1, len(rates) - 1) if rates[i - 1] < rates[i] >= rates[i + 1]]
    assert len(tops) == 1, f"one cycle has one peak in the whole run; the optimizer saw {len(tops)}"


def test_the_rate_peaks_at_lr_max(train, run):
    top = max(groups[-1] for groups in run.watch.rates)
    assert top == approx(LR_MAX), f"lr_max was {LR_MAX}, and the highest rate that the optimizer saw is {top:.4g}"


def test_follows_one_cycle_batch_by_batch(train, run):
    rates = [groups[-1] for groups in run.watch.rates]
    assert rates == approx(one_cycle(LR_MAX / 25, LR_MAX, LR_MAX / 1e5), rel=1e-4), "each batch has its rate of the cycle"
    momenta = [groups[-1] for groups in run.watch.momenta]
    assert momenta == approx(one_cycle(0.95, 0.85, 0.95), rel=1e-4), "momentum goes the other way round, 0.95 to 0.85 and back"


def test_what_was_frozen_stays_frozen(train, run):
    from torch import nn

    body, head = run.learn.model
    convolutions = {f"0.{name}.weight" for name, layer in body.named_modules() if isinstance(layer, nn.Conv2d)}
    changed = run.moved & convolutions
    assert not changed, f"the body was frozen, and {len(changed)} of its {len(convolutions)} convolutions changed"
    assert any(name.startswith("1.") for name in run.moved), "the head must learn, and nothing in it changed"


def test_returns_a_row_for_each_epoch(train, run):
    for row in run.rows:
        assert isinstance(row, dict), f"each row is a dict with names for its numbers; this one is a {type(row).__name__}"
        assert "epoch" in row, f"each row has the key 'epoch'; this one has {list(row)}"
    assert [row["epoch"] for row in run.rows] == list(range(EPOCHS)), f"{EPOCHS} epochs make {EPOCHS} rows, counted from 0"


def test_names_the_numbers(train, run):
    expected = {"epoch", "train_loss", "valid_loss", "accuracy", "error_rate"}
    for row in run.rows:
        for key in row:
            assert isinstance(key, str), f"a key is a name, such as 'error_rate'; this one is an object, {type(key).__name__}"
        assert set(row) == expected, (
            f"this learner has two metrics, accuracy and error_rate, so each row has the keys {sorted(expected)}; "
            f"this one has {sorted(row)}"
        )


def test_the_rows_are_what_the_recorder_noted(train, run):
    meant = {"train_loss": "the loss on the training pictures", "valid_loss": "the loss on the validation pictures",
             "accuracy": "the share of right ones, 0 to 1", "error_rate": "the share of wrong ones, 0 to 1"}
    for row, noted in zip(run.rows, run.watch.rows):
        for (name, what), expected in zip(meant.items(), noted):
            assert number(row[name], name) == approx(expected, abs=1e-5), f"{name} is {what}"


def test_the_last_row_is_the_learner_as_it_is_now(train, run):
    valid_loss, _, error_rate = run.learn.validate()
    for name, now, off in (("valid_loss", valid_loss, {"rel": 1e-3}), ("error_rate", error_rate, {"abs": 1e-6})):
        assert number(run.rows[-1][name], name) == approx(float(now), **off), f"after the run this is its {name}"
