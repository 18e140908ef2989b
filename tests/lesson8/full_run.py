import pytest

pytestmark = pytest.mark.gpu


def test_a_deeper_network_in_half_precision_reaches_the_lessons_error(deeper_learner, full_run):
    import torch

    learn = deeper_learner(full_run.loaders(), full_run.world.deep)
    frozen, epochs, rate = (1, 2, 5e-3) if full_run.world.rehearsal else (3, 6, 2e-3)
    run = full_run.watched("deeper_learner", learn, lambda learn: learn.fine_tune(epochs, rate, freeze_epochs=frozen))
    figure = full_run.figure("8", f"deeper_learner, fine_tune({epochs}), {frozen} frozen", run, reference=0.055, rehearsal=0.9)
    assert figure.reached, str(figure)
    assert all(weights.dtype is torch.float32 for weights in learn.model.parameters()), "the weights stay in 32 bits"
