import pytest

pytestmark = pytest.mark.gpu


def test_a_found_rate_trains_and_a_wild_one_wrecks(pick_lr, full_run):
    good, wild = full_run.pet_learner(), full_run.pet_learner()
    lr_min, lr_steep = pick_lr(good)
    assert 1e-5 < lr_min < 1, f"a tenth of the rate with the least loss is {lr_min}"
    assert 1e-7 <= lr_steep <= 10, f"the rate of the steepest fall is one of those that were tried, not {lr_steep}"
    epochs = 4 if full_run.world.rehearsal else 2  # with few pictures an epoch has few batches
    title = f"fine_tune({epochs}, base_lr=3e-3)"
    run = full_run.watched(title, good, lambda learn: learn.fine_tune(epochs, base_lr=3e-3))
    figure = full_run.figure("6", title, run, reference=0.083, rehearsal=0.6)
    warning = full_run.watched("fine_tune(1, base_lr=0.1)", wild, lambda learn: learn.fine_tune(1, base_lr=0.1))
    full_run.figure("6", "fine_tune(1, base_lr=0.1), a warning", warning)
    assert figure.reached, str(figure)
    assert warning.error > 2 * run.error, f"a base_lr of 0.1 must do far worse; it errs on {warning.error:.1%}"
