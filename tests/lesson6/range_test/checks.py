import math
from types import SimpleNamespace

import pytest
from pytest import approx

from petkata.checking import number, refuses

OWN = "If it calls your own sweep and smooth: are both of them green?"


def lists_of(answer):
    """The answer's rates and losses, as plain floats."""
    pair = isinstance(answer, (tuple, list)) and len(answer) == 2
    assert pair, f"two lists are asked for, the rates and the losses; this is a {type(answer).__name__}"
    rates, losses = answer
    for name, numbers in (("rates", rates), ("losses", losses)):
        assert hasattr(numbers, "__iter__"), f"the {name} are a list of numbers, not a {type(numbers).__name__}"
    return [number(rate, "each rate") for rate in rates], [number(loss, "each loss") for loss in losses]


def tried_on(range_test, learner, *sweep):
    """What the answer gives for a learner, and what was noted meanwhile."""
    learn, notes = learner
    answer = range_test(learn, *sweep)
    rates, losses = lists_of(answer)
    return SimpleNamespace(learn=learn, notes=notes, answer=answer, rates=rates, losses=losses)


def geometric(start, end, n):
    """Oracle: the rates of a sweep."""
    return [start * (end / start) ** (i / (n - 1)) for i in range(n)]


def places_and_losses(notes, rates):
    """Oracle: the ball rolls by hand. Its loss at each batch that it saw, when each step has its rate."""
    place, losses = 3.0, []
    for targets, rate in zip(notes.targets, rates):
        losses.append(sum((place - target) ** 2 for target in targets) / len(targets) / 2 + 0.5)
        place -= rate * sum(place - target for target in targets) / len(targets)
    return losses


def smoothed(losses):
    """Oracle: for each loss the average so far, all weights written out."""
    averages = []
    for n in range(1, len(losses) + 1):
        weights = [0.98 ** (n - 1 - i) for i in range(n)]
        averages.append(sum(w * loss for w, loss in zip(weights, losses)) / sum(weights))
    return averages


def rises(losses):
    """Oracle: for each batch, how many times the lowest smoothed loss so far the smoothed loss is."""
    averages = smoothed(losses)
    return [average / min(averages[:n]) for n, average in enumerate(averages, start=1)]


@pytest.fixture(scope="session")
def calm(range_test):
    """Eighteen rates that are all harmless; the loader has seven batches, so they run out twice."""
    from tests.lesson6.learners import ball, bowl

    learner = ball(bowl)
    learner[0].model.eval()
    return tried_on(range_test, learner, 1e-3, 0.5, 18)


@pytest.fixture(scope="session")
def wild(range_test):
    """Rates far beyond 2, where the ball begins to climb."""
    from tests.lesson6.learners import ball, bowl

    return tried_on(range_test, ball(bowl), 1e-2, 10.0, 120)


def test_returns_a_rate_and_a_loss_for_each_step(range_test, calm):
    assert len(calm.rates) == len(calm.losses), (
        f"each rate has its loss, but there are {len(calm.rates)} rates and {len(calm.losses)} losses"
    )
    assert len(calm.rates) == 18, (
        f"18 rates were asked for and none of them did harm, so there are 18, not {len(calm.rates)} (a pass over the loader "
        f"has only 7 batches: then it begins again). {OWN}"
    )


def test_gives_plain_numbers(range_test, calm):
    graphs = sum(getattr(number, "requires_grad", False) for numbers in calm.answer for number in numbers)
    assert not graphs, (
        f"{graphs} of the numbers that came back are tensors that can still be differentiated (requires_grad): each of them "
        "keeps all that its batch computed in memory. Plain numbers are asked for"
    )


def test_trains_one_batch_a_rate(range_test, calm):
    assert len(calm.notes.modes) == 18, (
        f"18 rates need 18 batches, one each; the model was shown {len(calm.notes.modes)} (validation, too, would count)"
    )
    assert len(calm.notes.rates) == 18, (
        f"18 batches are 18 steps of the learner's own optimizer; it made {len(calm.notes.rates)}"
    )


def test_the_rates_are_those_of_the_sweep(range_test, calm):
    expected = geometric(1e-3, 0.5, 18)
    assert calm.rates == approx(expected, rel=1e-4), (
        "from 0.001 to 0.5 in 18 steps of equal ratio, both ends included, was asked for; the rates that came back begin with "
        + ", ".join(f"{rate:.5g}" for rate in calm.rates[:3]) + f" and end with {calm.rates[-1]:.5g}"
    )


def test_the_optimizer_gets_these_rates(range_test, calm):
    for step, (groups, rate) in enumerate(zip(calm.notes.rates, geometric(1e-3, 0.5, 18))):
        assert groups == approx([rate], rel=1e-4), (
            f"at step {step} (counted from 0) the rate of the sweep is {rate:.5g}; the optimizer used {groups[0]:.5g}"
        )


def test_takes_one_batch_after_the_other(range_test, calm):
    batches = calm.notes.targets
    assert len(batches) >= 14, f"for 18 rates, 18 batches were expected; the loss function was called {len(batches)} times"
    assert len(set(map(tuple, batches))) > 1, "each step needs a batch of its own; here all saw the same one"
    strangers = [n for n, targets in enumerate(batches, start=1) if not set(targets) <= calm.notes.to_train]
    assert not strangers, (
        f"{len(strangers)} of the {len(batches)} batches, the first of them number {strangers[0]}, are not of learn.dls.train. "
        "It is the training set that a learner is trained on"
    )
    for begin in (0, 7):
        items = {target for targets in batches[begin:begin + 7] for target in targets}
        assert len(items) == 28, (
            f"one pass over learn.dls.train shows each of its 28 items once, in 7 batches; batches {begin + 1} to {begin + 7} of "
            f"this test showed only {len(items)} of them, some more than once. Take the next batch, and begin again only "
            "when they have run out"
        )


def test_is_in_training_mode(range_test, calm):
    assert all(calm.notes.modes), (
        "before, the model was in eval mode; to train, it must be in training mode, or dropout and BatchNorm do not do their work"
    )


def test_the_losses_are_those_of_the_batches(range_test, calm):
    assert calm.losses == approx(calm.notes.losses[:18], rel=1e-3), (
        "each batch's own loss is asked for, as it was before that batch's step, not smoothed; the first three were "
        + ", ".join(f"{loss:.4g}" for loss in calm.notes.losses[:3]) + " and came back as "
        + ", ".join(f"{loss:.4g}" for loss in calm.losses[:3])
    )


def test_each_step_moves_the_weights(range_test, calm):
    expected = places_and_losses(calm.notes, geometric(1e-3, 0.5, 18))
    for step, (loss, right) in enumerate(zip(calm.notes.losses, expected)):
        assert loss == approx(right, rel=1e-3), (
            f"with the steps of the sweep, the loss of batch {step} (counted from 0) is {right:.4g}; here it was {loss:.4g}. "
            "Each step must go along the gradient of its own batch, once, from where the last one ended"
        )


def test_one_bad_batch_is_no_explosion(range_test):
    from tests.lesson6.learners import ball, bowl

    calls = []

    def rough(places, targets):
        calls.append(1)
        return bowl(places, targets) * (6 if len(calls) == 9 else 1)

    one = tried_on(range_test, ball(rough), 1e-4, 1e-2, 20)
    assert len(one.notes.modes) == 20, (
        f"one batch in twenty had a loss six times as high, and the next was as before; the test stopped after "
        f"{len(one.notes.modes)} batches. It is the smoothed loss that tells an explosion from a bad batch. {OWN}"
    )


def test_four_times_the_lowest_is_the_limit(range_test):
    from tests.lesson6.learners import ball, scripted

    for n_high in (9, 10):  # as many losses of 8 lift the smoothed loss to a little less, and to a little more
        heights = [2.0, 1.6, 1.3] + [1.0] * 9 + [8.0] * n_high + [1.0] * (28 - n_high)
        times = rises(heights)
        expected = next((n for n, rise in enumerate(times, start=1) if rise > 4), len(heights))
        tried = len(tried_on(range_test, ball(scripted(heights)), 1e-5, 1e-3, len(heights)).notes.losses)
        assert tried == expected, (
            f"the smoothed loss of this learner falls, rises to {max(times):.2f} times its lowest, and falls again. An explosion "
            f"is more than 4 times, so the test tries {expected} of the {len(heights)} batches; this one tried {tried}. {OWN}"
        )


def test_stops_when_the_loss_explodes(range_test, wild):
    times = rises(places_and_losses(wild.notes, geometric(1e-2, 10.0, 120)))
    seen, exploded = len(times), [n for n, rise in enumerate(times, start=1) if rise > 4]
    assert seen < 120, "above a rate of 2 the loss of this learner explodes, and the test went on to the end of the sweep"
    assert exploded, (
        f"this test stopped after {seen} batches, where the smoothed loss was {times[-1]:.2f} times its lowest: not over 4. {OWN}"
    )
    assert seen == exploded[0], (
        f"the smoothed loss is first over 4 times its lowest after batch {exploded[0]}; this test stopped after {seen}. {OWN}"
    )


def test_keeps_the_batch_that_exploded(range_test, wild):
    assert len(wild.rates) == len(wild.losses) == len(wild.notes.losses), (
        f"{len(wild.notes.losses)} batches were trained, the one that ended the test included; there are {len(wild.rates)} rates "
        f"and {len(wild.losses)} losses"
    )


@pytest.mark.parametrize("broken", [math.nan, math.inf], ids=["nan", "inf"])
def test_stops_when_the_loss_is_no_number(range_test, broken):
    from tests.lesson6.learners import ball, bowl

    calls = []

    def cliff(places, targets):
        calls.append(1)
        return bowl(places, targets) + (broken if len(calls) == 10 else 0)

    one = tried_on(range_test, ball(cliff), 1e-4, 1e-2, 20)
    seen = len(one.notes.modes)
    assert seen >= 10, f"the first nine batches did no harm, and the test was over after {seen} batches. {OWN}"
    assert seen == 10, f"the loss of the tenth batch is {broken}: the test is over; it went on to {seen} batches"
    assert len(one.rates) == len(one.losses) == 9, (
        f"the tenth batch has a loss of {broken} and is left out, so 9 remain; there are {len(one.rates)} rates and "
        f"{len(one.losses)} losses"
    )
    assert all(map(math.isfinite, one.losses)), f"a loss that came back is not a number: {one.losses}"


@pytest.fixture(scope="session")
def trained(range_test):
    """What a range test changes on a learner that has been trained: all of it before and after."""
    from tests.lesson6.learners import as_it_is, blobs

    learn = blobs()
    learn.fit(1, 1e-2)
    for parameter in learn.model[0].parameters():
        parameter.requires_grad = False
    learn.model.eval()
    learn.model[3].train()
    before = as_it_is(learn)
    range_test(learn, 1e-3, 1.0, 8)
    return SimpleNamespace(learn=learn, before=before, after=as_it_is(learn))


@pytest.fixture(scope="session")
def untrained(range_test):
    """The same for one that has no optimizer yet."""
    from tests.lesson6.learners import as_it_is, blobs

    learn = blobs()
    before = as_it_is(learn)
    range_test(learn, 1e-3, 1.0, 8)
    return SimpleNamespace(learn=learn, before=before, after=as_it_is(learn))


def stays(one, what):
    from tests.lesson6.learners import same

    return same(one.before[what], one.after[what])


def test_puts_the_weights_back(range_test, trained, untrained):
    for one in (trained, untrained):
        assert stays(one, "weights"), "the weights are not as they were: a range test is a trial, and its damage must not stay"


def test_puts_the_statistics_of_batchnorm_back(range_test, trained, untrained):
    for one in (trained, untrained):
        assert stays(one, "statistics"), (
            "BatchNorm's running mean and variance are no parameters, but the batches of the test moved them; they are not "
            "as they were"
        )


def test_keeps_the_model_itself(range_test, trained, untrained):
    for one in (trained, untrained):
        assert stays(one, "identity"), (
            "learn.model, its parameters, learn.dls and learn.loss_func must be the same objects as before: the optimizer holds "
            "the old parameters, and a new model would never learn"
        )


def test_leaves_no_optimizer_where_there_was_none(range_test, untrained):
    assert stays(untrained, "no optimizer"), (
        "this learner had not been trained, so learn.opt was None; now it has an optimizer, left over from the test"
    )


def test_puts_the_optimizer_back(range_test, trained):
    from tests.lesson6.learners import same

    assert stays(trained, "no optimizer"), "this learner had an optimizer, and learn.opt is None now: what it had learned is gone"
    before, after = trained.before["optimizer"], trained.after["optimizer"]
    rates = [group["lr"] for group in after["hypers"]]
    assert same(before["hypers"], after["hypers"]), (
        "the optimizer's hyperparameters are not as they were: its rate was "
        f"{before['hypers'][0]['lr']:.4g} before the test and is {rates[0]:.4g} now"
    )
    assert same(before["state"], after["state"]), (
        "the optimizer's state is not as it was: the averages that Adam keeps for each weight still remember the test"
    )
    assert stays(trained, "parameters of the optimizer"), (
        "learn.opt is another object now, a copy: it holds copied parameters, not those of learn.model. Its steps would move "
        "the copies, and the learner would never learn again"
    )


def test_leaves_no_gradients(range_test, trained, untrained):
    for one in (trained, untrained):
        left = one.after["gradients"]
        assert not left, (
            f"{len(left)} parameters still have a gradient from the test; the next training would add its own to it"
        )


def test_puts_the_modes_back(range_test, trained, untrained):
    for one in (trained, untrained):
        assert stays(one, "mode"), "a layer was in eval mode before and is in training mode now, or the other way round"
        assert stays(one, "requires_grad"), "what was frozen (requires_grad) is not what it was"


def test_puts_the_callbacks_back(range_test, trained, untrained):
    for one in (trained, untrained):
        assert stays(one, "callbacks"), (
            f"the learner had the callbacks {one.before['callbacks']} and has {one.after['callbacks']} now"
        )
        assert stays(one, "place"), "learn.path or learn.model_dir is not what it was"


def test_puts_the_random_numbers_back(range_test, trained, untrained):
    for one in (trained, untrained):
        for what, name in (("torch", "torch"), ("python", "Python"), ("numpy", "NumPy")):
            assert stays(one, what), (
                f"the random numbers of {name} are not where they were: with the same seed, a program with a range test in it "
                "would no longer do the same as one without"
            )


def test_puts_the_order_of_the_batches_back(range_test, trained, untrained):
    for one in (trained, untrained):
        assert stays(one, "shuffling"), (
            "learn.dls.train.rng, by which the loader shuffles, is not as it was: the next epoch would come in another order"
        )


def test_training_goes_on_as_if_nothing_had_been(range_test):
    from tests.lesson6.learners import trained_otherwise

    for epochs_before, learner in ((0, "a learner that was never trained"), (1, "a learner that was trained before")):
        different = trained_otherwise(lambda learn: range_test(learn, 1e-3, 1.0, 8), epochs_before)
        assert not different, (
            f"an epoch after the range test must end with the same weights, to the last bit, as one without it; on {learner}, "
            f"these differ: {', '.join(different)}"
        )


def test_puts_everything_back_when_training_fails(range_test):
    from tests.lesson6.learners import after_a_stumble

    left, went_up = after_a_stumble(lambda learn: range_test(learn, 1e-3, 1.0, 8))
    assert went_up, "an error in the middle of the training must go on up to the one who called; here it was lost"
    assert not left, f"an error stopped the training in its fourth batch, and these are not as they were: {', '.join(left)}"


@pytest.mark.time_limit(60)
def test_on_the_pets(range_test, few_pets, learner_on):
    from fastai.optimizer import Adam

    from petkata.checking.fixtures import loaders
    from tests.lesson6.learners import as_it_is, changed, noting_rates

    seen = []
    learn = learner_on(loaders(few_pets), opt_func=noting_rates(Adam, seen))
    before = as_it_is(learn)
    rates, losses = lists_of(range_test(learn, lr_start=1e-6, lr_end=1e-2, n_steps=10))
    left = changed(before, as_it_is(learn))
    expected = geometric(1e-6, 1e-2, 10)
    assert rates == approx(expected, rel=1e-4), "on the pets, ten rates from 1e-6 to 1e-2 were asked for, with equal ratios"
    assert len(seen) == 10, f"ten rates are ten steps; the optimizer made {len(seen)}"
    for groups, rate in zip(seen, expected):
        assert groups == approx([rate] * len(groups), rel=1e-4), (
            f"all {len(groups)} groups of the optimizer learn at the same rate, here {rate:.4g}; they had "
            + ", ".join(f"{group:.4g}" for group in groups)
        )
    assert len(losses) == 10 and all(map(math.isfinite, losses)), f"ten losses, all of them numbers, are expected, not {losses}"
    assert not left, f"after a range test on the pets these are not as they were: {', '.join(left)}"


def test_refuses_what_is_no_sweep(range_test):
    from tests.lesson6.learners import ball, bowl

    for sweep in ((0.0, 1.0, 10), (1.0, 0.1, 10), (1e-3, 1.0, 1)):
        learn, notes = ball(bowl)
        assert refuses(range_test, learn, *sweep), (
            f"from {sweep[0]} to {sweep[1]} in {sweep[2]} steps is no sweep: raise ValueError"
        )
        assert not notes.rates, "ValueError came, but only after the learner had been trained"
        assert learn.opt is None, "ValueError came, but learn.opt was None before and now there is an optimizer"
