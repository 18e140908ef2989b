import math
from types import SimpleNamespace

import pytest

from petkata.checking import number

SWEEPS = [(1e-7, 10.0, 100), (1e-6, 10.0, 70)]  # the usual one, and another
SHORT = 1e-6, 10.0, 20  # where the rates do not matter


def two_rates(answer):
    """The answer's two rates, as floats."""
    pair = isinstance(answer, (tuple, list)) and len(answer) == 2
    assert pair, f"two rates are asked for, (lr_min, lr_steep); this is a {type(answer).__name__}"
    return [number(rate, "each of the two rates") for rate in answer]


@pytest.fixture(scope="session")
def picked(pick_lr, tmp_path_factory):
    """The rates picked on two landscapes, with what was noted, and what lr_find says of twins of the same learners."""
    from fastai.callback.schedule import minimum, steep

    from tests.lesson6.learners import ball, cliff_and_plain

    all_picked = []
    for sweep, cliff in zip(SWEEPS, (1e-4, 3e-4)):
        (learn, notes), (twin, twin_notes) = (ball(cliff_and_plain(cliff, wall=1.0)) for _ in range(2))
        twin.path = tmp_path_factory.mktemp("twin")
        expected = twin.lr_find(*sweep, show_plot=False, suggest_funcs=(minimum, steep))
        told = () if sweep == SWEEPS[0] else sweep
        all_picked.append(SimpleNamespace(
            answer=pick_lr(learn, *told), call=f"pick_lr({', '.join(['learn', *map(str, told)])})", sweep=sweep, notes=notes,
            expected=expected, steps=len(twin_notes.rates),
        ))
    return all_picked


def near(rate, expected):
    return expected / 1.7 < rate < expected * 1.7


def test_lr_min_is_a_tenth_of_the_rate_with_the_lowest_loss(pick_lr, picked):
    for one in picked:
        (lr_min, lr_steep), expected = two_rates(one.answer), one.expected
        assert not (near(lr_min, expected.steep) and near(lr_steep, expected.minimum)), (
            f"{one.call} gave {lr_min:.3g} and {lr_steep:.3g}. Those are the right two, the other way round: lr_min comes first"
        )
        assert near(lr_min, expected.minimum), (
            f"the first of the two is what fastai's minimum suggests. On a learner whose lr_find says {expected.minimum:.3g}, "
            f"{one.call} gave {lr_min:.3g}"
        )


def test_lr_steep_is_where_the_loss_falls_most(pick_lr, picked):
    for one in picked:
        lr_steep, expected = two_rates(one.answer)[1], one.expected.steep
        assert near(lr_steep, expected), (
            f"the second of the two is what fastai's steep suggests. On a learner whose lr_find says {expected:.3g}, {one.call} "
            f"gave {lr_steep:.3g}"
        )


def test_makes_one_range_test(pick_lr, picked):
    for one in picked:
        made = len(one.notes.rates)
        assert abs(made - one.steps) <= 3, (
            f"one range test of this learner makes about {one.steps} steps until the loss explodes; here {made} were made"
        )


def test_tries_the_rates_asked_for(pick_lr, picked):
    for one in picked:
        lr_start, lr_end, n_steps = one.sweep
        rates = [groups[0] for groups in one.notes.rates]
        assert lr_start * 0.99 < rates[0] < lr_start * 1.5, (
            f"from {lr_start:.3g} was asked for, and the first rate that the optimizer saw is {rates[0]:.3g}"
        )
        ratio, expected = rates[1] / rates[0], (lr_end / lr_start) ** (1 / n_steps)
        assert abs(ratio / expected - 1) < 0.02, (
            f"to {lr_end:.3g} in {n_steps} steps was asked for, so each rate is about {expected:.3f} times the one before; the "
            f"second that the optimizer saw is {ratio:.3f} times the first"
        )


def figures_left(answer, learn, sweep):
    """How many figures an answer has opened."""
    import matplotlib.pyplot as plt

    before = set(plt.get_fignums())
    answer(learn, *sweep)
    new = set(plt.get_fignums()) - before
    for figure in new:
        plt.close(figure)
    return len(new)


def test_draws_no_plot(pick_lr):
    from tests.lesson6.learners import ball, cliff_and_plain

    new = pick_lr.where_it_runs(figures_left, ball(cliff_and_plain(1e-4, wall=1.0))[0], SHORT)
    assert not new, "a plot was drawn; a function that picks a rate must not open windows"


@pytest.fixture(scope="session")
def trained(pick_lr):
    """A learner that has been trained, in eval mode, before and after."""
    from tests.lesson6.learners import blobs

    learn = blobs()
    learn.fit(1, 1e-2)
    return before_and_after(pick_lr, learn)


@pytest.fixture(scope="session")
def untrained(pick_lr):
    """A learner that has no optimizer yet, before and after."""
    from tests.lesson6.learners import blobs

    return before_and_after(pick_lr, blobs())


def before_and_after(pick_lr, learn):
    from tests.lesson6.learners import as_it_is, changed

    before = as_it_is(learn)
    pick_lr(learn, 1e-5, 10.0, 40)
    after = as_it_is(learn)
    return SimpleNamespace(learn=learn, before=before, after=after, changed=changed(before, after))


def test_leaves_the_model_as_it_was(pick_lr, trained, untrained):
    for one in (trained, untrained):
        different = {"weights", "statistics", "gradients", "identity", "requires_grad"} & set(one.changed)
        assert not different, f"nothing was to be trained, and of the model this is not as it was: {', '.join(sorted(different))}"


def test_leaves_no_optimizer_where_there_was_none(pick_lr, untrained):
    assert "no optimizer" not in untrained.changed, (
        "this learner had not been trained, so learn.opt was None; now it has an optimizer, left over from lr_find"
    )


def test_leaves_the_optimizer_as_it_was(pick_lr, trained):
    assert not {"no optimizer", "optimizer"} & set(trained.changed), (
        "this learner had an optimizer; it, its state or its hyperparameters are not what they were"
    )
    assert "parameters of the optimizer" not in trained.changed, (
        "learn.opt is another object now, a copy: it holds copied parameters, not those of learn.model. Its steps would move "
        "the copies, and the learner would never learn again"
    )


def test_leaves_the_modes_as_they_were(pick_lr, trained, untrained):
    for one in (trained, untrained):
        assert "mode" not in one.changed, "layers that were in eval mode are in training mode now, or the other way round"


def test_leaves_the_random_numbers_as_they_were(pick_lr, trained, untrained):
    for one in (trained, untrained):
        different = {"torch", "python", "numpy"} & set(one.changed)
        assert not different, (
            f"these random numbers are not where they were: {', '.join(sorted(different))}. With the same seed, a training after "
            "pick_lr would be another than one without"
        )


def test_leaves_the_order_of_the_batches_as_it_was(pick_lr, trained, untrained):
    for one in (trained, untrained):
        assert "shuffling" not in one.changed, (
            "learn.dls.train.rng, by which the loader shuffles, is not as it was: the next epoch would come in another order"
        )


def test_leaves_callbacks_and_folders_as_they_were(pick_lr, trained, untrained):
    for one in (trained, untrained):
        assert "callbacks" not in one.changed, (
            f"the learner had the callbacks {one.before['callbacks']} and has {one.after['callbacks']} now"
        )
        assert "place" not in one.changed, (
            f"learn.path and learn.model_dir were {one.before['place']} and are {one.after['place']} now: learn.save would write "
            "somewhere else"
        )


def test_training_goes_on_as_if_nothing_had_been(pick_lr):
    from tests.lesson6.learners import trained_otherwise

    for epochs_before, learner in ((0, "a learner that was never trained"), (1, "a learner that was trained before")):
        different = trained_otherwise(lambda learn: pick_lr(learn, 1e-5, 10.0, 40), epochs_before)
        assert not different, (
            f"an epoch after pick_lr must end with the same weights, to the last bit, as one without it; on {learner}, these "
            f"differ: {', '.join(different)}"
        )


def test_leaves_all_as_it_was_when_lr_find_fails(pick_lr):
    from tests.lesson6.learners import after_a_stumble

    left, went_up = after_a_stumble(lambda learn: pick_lr(learn, 1e-5, 10.0, 40))
    assert went_up, "an error in the middle of lr_find must go on up to the one who called; here it was lost"
    assert not left, (
        f"an error stopped lr_find in its fourth batch, and these are not as they were: {', '.join(left)}. After an error "
        "lr_find itself puts nothing back"
    )


def test_leaves_no_file(pick_lr, tmp_path):
    from tests.lesson6.learners import ball, cliff_and_plain

    learn, _ = ball(cliff_and_plain(1e-4, wall=1.0))
    learn.path = tmp_path
    pick_lr(learn, *SHORT)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert not left, f"learn.path was empty, and now {left} is in it"


def test_needs_no_folder_of_the_learner(pick_lr, tmp_path):
    from tests.lesson6.learners import ball, cliff_and_plain

    learn, _ = ball(cliff_and_plain(1e-4, wall=1.0))
    learn.path = tmp_path / "a file, not a folder"
    learn.path.write_text("Nothing can be made in here.")
    problem, rates = None, [math.nan]
    try:
        rates = two_rates(pick_lr(learn, *SHORT))
    except OSError as error:
        problem = type(error).__name__
    assert problem is None, f"learn.path was a place where nothing can be written, and pick_lr stopped with {problem}"
    assert all(map(math.isfinite, rates)), f"the rates are numbers, wherever learn.path is; here they are {rates}"


@pytest.fixture(scope="session")
def fine_tuned(pick_lr, few_loaders, learner_on, tmp_path_factory):
    """On eight breeds: the lr_min that was picked, what that changed in the learner, and the error of another one after
    `fine_tune(2)` at this rate."""
    from tests.lesson6.learners import as_it_is, changed

    learn = learner_on(few_loaders)
    learn.path = tmp_path_factory.mktemp("pick_lr")
    before = as_it_is(learn)
    lr_min, _ = two_rates(pick_lr(learn, 1e-4, 10.0, 40))
    left = changed(before, as_it_is(learn))
    learn = learner_on(few_loaders)
    learn.fine_tune(2, base_lr=lr_min)
    return SimpleNamespace(lr_min=lr_min, left=left, error=float(learn.recorder.values[-1][-1]))


@pytest.mark.time_limit(90)
def test_leaves_the_pets_learner_as_it_was(pick_lr, fine_tuned):
    assert not fine_tuned.left, f"after pick_lr on the pets these are not as they were: {', '.join(fine_tuned.left)}"


@pytest.mark.time_limit(90)
def test_what_it_picks_trains_well(pick_lr, fine_tuned, photographs, measured):
    lr_min, error = fine_tuned.lr_min, fine_tuned.error
    limit = 0.7 if photographs else 0.15  # 16 small photographs of a breed are far harder than as many drawings
    assert measured("error after fine_tune(2) at lr_min", error, below=limit), (
        f"fine_tune(2, base_lr={lr_min:.3g}), at the lr_min that was picked, ends with an error of {error:.1%} on eight breeds; "
        "at a good rate it is far lower"
    )
