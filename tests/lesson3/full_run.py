import pytest
from pytest import approx

pytestmark = pytest.mark.gpu


def test_four_epochs_reach_the_lessons_error(train, full_run):
    run = full_run.frozen(train=train)
    figure = full_run.figure("3", "fit_one_cycle(4), frozen", run, reference=0.0677, rehearsal=0.6)
    assert figure.reached, str(figure)


def test_the_rows_tell_the_same(train, full_run):
    run = full_run.frozen(train=train)
    assert [row["epoch"] for row in run.result] == [0, 1, 2, 3], "four epochs make four rows"
    assert float(run.result[-1]["error_rate"]) == approx(run.error, abs=1e-6), "the last row is the learner as it is now"
    assert float(run.result[-1]["train_loss"]) < float(run.result[0]["train_loss"]), "the training loss falls"
