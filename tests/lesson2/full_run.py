import math

import pytest

pytestmark = pytest.mark.gpu


def test_loads_the_whole_set(pet_loaders, full_run):
    world = full_run.world
    dls = pet_loaders(world.folder, world.size, world.batch_size, 42)
    n = len(world.packed.names)
    assert (len(dls.train_ds), len(dls.valid_ds)) == (n - n // 5, n // 5), f"a fifth of the {n} pictures validates"
    assert len(dls.vocab) == 37, f"there are 37 breeds; the vocabulary has {len(dls.vocab)}"
    images, breeds = dls.train.one_batch()
    assert tuple(images.shape) == (world.batch_size, 3, world.size, world.size), f"a batch of squares, not {tuple(images.shape)}"
    assert len(breeds) == world.batch_size, "each picture has its breed"


def test_begins_near_guessing(pet_learner, full_run):
    learn = pet_learner(full_run.loaders(), full_run.world.shallow)
    with learn.no_bar(), learn.no_logging():
        loss = float(learn.validate()[0])
    assert math.log(37) / 2 < loss < 3 * math.log(37), f"guessing costs log(37) = 3.61; a new head begins at {loss:.2f}"


def test_reaches_the_lessons_error(pet_learner, full_run):
    run = full_run.frozen(pet_learner=pet_learner)
    figure = full_run.figure("2", "cnn_learner, 4 epochs, frozen", run, reference=0.0677, rehearsal=0.6)
    assert figure.reached, str(figure)
