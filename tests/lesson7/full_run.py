import pytest

pytestmark = pytest.mark.gpu


def test_discriminative_rates_reach_the_lessons_error(train_discriminatively, full_run):
    options = dict(frozen_epochs=2, lr=5e-3, epochs=4, lr_max=slice(5e-5, 5e-3)) if full_run.world.rehearsal else {}
    run = full_run.watched("train_discriminatively", full_run.pet_learner(),
                           lambda learn: train_discriminatively(learn, **options))
    title = f"train_discriminatively, {options.get('frozen_epochs', 3)} + {options.get('epochs', 12)} epochs"
    figure = full_run.figure("7", title, run, reference=0.055, rehearsal=0.6)
    assert figure.reached, str(figure)
