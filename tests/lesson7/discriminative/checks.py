import math
from functools import partial

import pytest

FROZEN_EPOCHS, LR, EPOCHS = 1, 3e-3, 2  # on the pets
TOP = 3e-2  # of the second cycle there: high, but the head can take it
SMALL = [  # what the answer is given on a small network, and the tops of the second cycle
    ({"frozen_epochs": 2, "lr": 5e-3, "epochs": 3, "lr_max": slice(1e-5, 4e-3)}, [1e-5, 2e-4, 4e-3]),
    ({"frozen_epochs": 1, "lr": 1e-4, "epochs": 1, "lr_max": slice(1e-3)}, [1e-4, 1e-4, 1e-3]),
    ({"frozen_epochs": 1, "lr": 2e-3, "epochs": 2, "lr_max": 6e-4}, [6e-4, 6e-4, 6e-4]),
]


@pytest.fixture(scope="session")
def small_runs(train_discriminatively):
    """For each of these settings a run on a small network, watched from outside."""
    return [small_run(train_discriminatively, **given) for given, _ in SMALL]


def small_run(train_discriminatively, batches=6, **given):
    from tests.lesson5.drawings import headless
    from tests.lesson7.learners import small_learner
    from tests.lesson7.phases import watched

    learn = small_learner(batches)
    learn.freeze()
    with headless():
        epochs = given.get("frozen_epochs", 3), given.get("epochs", 12)
        return watched(learn, epochs, partial(train_discriminatively, learn, **given))


@pytest.fixture(scope="session")
def on_pets(train_discriminatively, few_loaders, learner_on):
    """A run on eight breeds with this lr_max, watched from outside."""
    from tests.lesson5.drawings import headless
    from tests.lesson7.phases import watched

    def on_pets(lr_max):
        learn = learner_on(few_loaders)
        with headless():
            return watched(learn, (FROZEN_EPOCHS, EPOCHS),
                           lambda: train_discriminatively(learn, FROZEN_EPOCHS, LR, EPOCHS, lr_max))

    return on_pets


@pytest.fixture(scope="session")
def run(on_pets):
    """The run in which the early layers have a hundredth of the head's rate."""
    return on_pets(slice(TOP / 100, TOP))


def follows_first(run, lr):
    from tests.lesson7.phases import astray

    wrong = astray(run, 0, [lr] * 3, pct_start=0.25, div=25)
    assert not wrong, wrong


def follows_second(run, tops):
    from tests.lesson7.phases import astray

    wrong = astray(run, 1, tops, pct_start=0.25, div=25)
    assert not wrong, wrong


def test_trains_for_so_many_epochs(train_discriminatively, small_runs):
    for (given, _), run in zip(SMALL, small_runs):
        seen, expected = len(run.watch.rates), sum(run.batches)
        assert seen == expected, f"with {given} there are {expected} batches in all, not {seen}"


def test_the_first_cycle_has_one_rate_for_all(train_discriminatively, small_runs):
    for (given, _), run in zip(SMALL, small_runs):
        follows_first(run, given["lr"])


def test_the_second_cycle_has_a_rate_for_each_group(train_discriminatively, small_runs):
    for (_, tops), run in zip(SMALL, small_runs):
        follows_second(run, tops)


def test_the_usual_values_are_those_of_the_recipe(train_discriminatively):
    run = small_run(train_discriminatively, batches=2)
    follows_first(run, 3e-3)
    follows_second(run, [1e-6, 1e-5, 1e-4])


def test_the_body_is_frozen_at_first(train_discriminatively, run):
    for group, name in enumerate(("early", "late")):
        names = run.names(group)
        changed = names & run.moved_first
        assert not changed, (
            f"the learner came frozen, and in the first cycle {len(changed)} of the {len(names)} tensors of weights of the "
            f"{name} group changed (BatchNorm's not counted)")


def test_head_and_batch_norm_learn_at_first(train_discriminatively, run):
    still = (run.names(2) | run.norms) - run.moved_first
    assert not still, (
        f"in the first cycle the head learns, and the body's BatchNorm; {len(still)} of their tensors of weights stood still")


def test_all_layers_learn_afterward(train_discriminatively, run):
    for group, name in enumerate(("early", "late", "head")):
        names = run.names(group)
        still = names - run.moved_second
        assert not still, (
            f"in the second cycle {len(still)} of the {len(names)} tensors of weights of the {name} group stood still; "
            "all of them learn")


def test_the_optimizer_of_the_pets_has_these_rates(train_discriminatively, run):
    follows_first(run, LR)
    follows_second(run, [TOP / 100, TOP / 10, TOP])


def test_early_layers_move_less_than_late_ones(train_discriminatively, run, measured):
    early, late = run.distance(0), run.distance(1)
    assert late > 0, "in the second cycle the late group did not move at all"
    # Adam's steps are about as large as the rate, whatever the gradient: with a tenth of the rate, about a tenth of the way.
    assert measured("early over late", early / late, below=0.4), (
        f"a number of the early group moved by {early:.2g} on average, one of the late group by {late:.2g}; with a tenth of the "
        "rate it should be far less")


def test_returns_the_axes_of_the_losses(train_discriminatively, run):
    from matplotlib.axes import Axes

    axes = run.returned
    assert isinstance(axes, Axes), f"the axes with the losses are asked for, not {type(axes).__name__}"


def ends_with(values, line):
    """Whether a line of at least one point is the last part, or all, of `values`."""
    return 0 < len(line) <= len(values) and line == pytest.approx(values[len(values) - len(line):], rel=1e-4)


def test_the_plot_shows_the_second_cycle(train_discriminatively, run):
    heights = [[float(height) for height in line.get_ydata()] for line in run.returned.get_lines()]
    losses = [float(loss) for loss in run.learn.recorder.losses]
    assert any(ends_with(losses, line) and len(line) >= len(losses) / 2 for line in heights), (
        f"one line must be the training loss of each batch of the second cycle, {len(losses)} in all (fastai leaves out the "
        f"first five); the axes have lines of {', '.join(str(len(line)) for line in heights) or 'no'} points, and none is that")
    valid = [row[1] for row in run.watch.rows[FROZEN_EPOCHS:]]
    assert any(ends_with(valid, line) for line in heights), (
        f"one line must be the validation loss after each epoch of the second cycle, {', '.join(f'{v:.3f}' for v in valid)}; "
        "none of the lines is")


def test_one_high_rate_for_all_spoils_what_was_learned(train_discriminatively, run, on_pets, measured):
    # The same first cycle and the same top rate. What differs is the rate of the early and the late layers.
    guessing = math.log(len(run.learn.dls.vocab))
    valid_loss = run.watch.rows[-1][1]
    assert measured("validation loss with a slice", valid_loss, below=guessing / 2), (
        f"with slice({TOP / 100:g}, {TOP:g}) the validation loss should be far below that of guessing, {guessing:.2f}; "
        f"it ends at {valid_loss:.2f}")
    with_slice, for_all = run.watch.rows[-1][0], on_pets(TOP).watch.rows[-1][0]
    more = max(for_all - with_slice, 1e-9)
    assert measured("log of how much the training loss is higher with one rate for all", math.log(more), above=-2.3), (
        f"with {TOP:g} for all, the pretrained layers are thrown far away from what they knew, and the training loss ends "
        f"higher than with slice({TOP / 100:g}, {TOP:g}); here it is {for_all:.2f} against {with_slice:.2f}. Is a number the "
        "rate of every group?")
