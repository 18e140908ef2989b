from functools import partial

import pytest

SETTINGS = [  # what the answer is given, on a small network
    {"epochs": 3, "base_lr": 1e-2, "freeze_epochs": 2, "lr_mult": 100},
    {"epochs": 2, "base_lr": 3e-4, "freeze_epochs": 1, "lr_mult": 25},
]
EPOCHS, BASE_LR = 2, 4e-3  # on the pets


@pytest.fixture(scope="session")
def small_runs(fine_tune):
    """For each of the settings a run on a small network, watched from outside."""
    return [small_run(fine_tune, **given) for given in SETTINGS]


def small_run(fine_tune, **given):
    from tests.lesson7.learners import small_learner
    from tests.lesson7.phases import watched

    learn = small_learner()
    return watched(learn, (given.get("freeze_epochs", 1), given["epochs"]), partial(fine_tune, learn, **given))


@pytest.fixture(scope="session")
def run(fine_tune, few_loaders, learner_on):
    """One run on eight breeds, watched from outside. The learner comes with everything learning."""
    from tests.lesson7.phases import watched

    learn = learner_on(few_loaders)
    learn.unfreeze()
    return watched(learn, (1, EPOCHS), lambda: fine_tune(learn, EPOCHS, BASE_LR))


def follows_first(run, base_lr):
    from tests.lesson7.phases import astray

    wrong = astray(run, 0, [base_lr / 10, base_lr / 10, base_lr], pct_start=0.99, div=25)
    assert not wrong, wrong


def follows_second(run, base_lr, lr_mult):
    from tests.lesson7.phases import astray

    top = base_lr / 2
    wrong = astray(run, 1, [top / lr_mult, top / lr_mult**0.5, top], pct_start=0.3, div=5)
    assert not wrong, wrong


def test_trains_for_so_many_epochs(fine_tune, small_runs):
    for given, run in zip(SETTINGS, small_runs):
        seen, expected = len(run.watch.rates), sum(run.batches)
        assert seen == expected, f"with {given} there are {expected} batches in all, not {seen}"


def test_does_it_by_hand(fine_tune):
    from tests.lesson7.learners import small_learner

    learn, called = small_learner(batches=2), []
    original = learn.fine_tune
    learn.fine_tune = lambda *args, **options: called.append(True) or original(*args, **options)
    fine_tune(learn, 1)
    assert not called, "learn.fine_tune was called; here its two steps are to be done one by one"


def test_the_first_cycle_has_its_rates(fine_tune, small_runs):
    for given, run in zip(SETTINGS, small_runs):
        follows_first(run, given["base_lr"])


def test_the_second_cycle_has_its_rates(fine_tune, small_runs):
    for given, run in zip(SETTINGS, small_runs):
        follows_second(run, given["base_lr"], given["lr_mult"])


def test_the_usual_values_are_fastais(fine_tune):
    run = small_run(fine_tune, epochs=2)
    follows_first(run, 2e-3)
    follows_second(run, 2e-3, 100)


def test_the_frozen_layers_stand_still_at_first(fine_tune, run):
    for group, name in enumerate(("early", "late")):
        names = run.names(group)
        changed = names & run.moved_first
        assert not changed, (
            f"the learner came with everything learning, and in the first step {len(changed)} of the {len(names)} tensors of "
            f"weights of the {name} group changed (BatchNorm's not counted); that step is for the head alone")


def test_head_and_batch_norm_learn_at_first(fine_tune, run):
    still = run.names(2) - run.moved_first
    assert not still, f"in the first step the head learns; {len(still)} of its tensors of weights stood still"
    still = run.norms - run.moved_first
    assert not still, (
        f"in the first step {len(still)} of {len(run.norms)} weights and biases of the body's BatchNorm layers stood still; "
        "they go on learning when the body is frozen")


def test_all_layers_learn_afterward(fine_tune, run):
    for group, name in enumerate(("early", "late", "head")):
        names = run.names(group)
        still = names - run.moved_second
        assert not still, (
            f"in the second step {len(still)} of the {len(names)} tensors of weights of the {name} group stood still; "
            "all of them learn")


def test_the_optimizer_of_the_pets_has_these_rates(fine_tune, run):
    follows_first(run, BASE_LR)
    follows_second(run, BASE_LR, 100)


def test_early_layers_move_less_than_late_ones(fine_tune, run, measured):
    early, late = run.distance(0), run.distance(1)
    assert late > 0, "in the second step the late group did not move at all"
    # Adam's steps are about as large as the rate, whatever the gradient: with a tenth of the rate, about a tenth of the way.
    assert measured("early over late", early / late, below=0.4), (
        f"a number of the early group moved by {early:.2g} on average, one of the late group by {late:.2g}; with a tenth of the "
        "rate it should be far less")
