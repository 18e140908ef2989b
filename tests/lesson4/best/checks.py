import math
from contextlib import suppress
from types import SimpleNamespace

import pytest
import torch
from fastai.callback.core import Callback
from pytest import approx

from petkata.checking import number, refuses
from petkata.checking.watching import Watch, goes_along, moved, weights


class PowerCut(Exception):
    """Ends a run in its middle."""


@goes_along
class Sway(Callback):
    """Makes each epoch look as good as a script says, whatever was learned.

    `sure` has a number an epoch: in the validation, the network's answers are made that sure of the first class, which is
    mostly wrong; the surer the worse, nan makes the loss nan, and None leaves the answers as they are. The training loss
    falls in any case. Epochs are counted on when several runs follow.
    """

    order = 80

    def __init__(self, sure):
        self.sure, self.n_epochs = sure, 0

    @property
    def now(self):
        """The number of the epoch that is under way."""
        return min(self.n_epochs, len(self.sure) - 1)

    def after_pred(self):
        sure = self.sure[self.now]
        if not self.training and sure is not None:
            self.learn.pred = torch.zeros_like(self.learn.pred)
            self.learn.pred[:, 0] = sure

    def after_loss(self):
        if self.training:  # it falls from epoch to epoch; the gradient is left alone
            self.learn.loss = torch.tensor(9.0 - self.now)

    def after_epoch(self):
        self.n_epochs += 1


class Script(Callback):
    """Has decided how good each epoch looks, with `sway`, and notes the network after each. Before the epoch `cut` begins, the
    run is ended."""

    order = 80

    def __init__(self, sure, cut=None):
        self.sure, self.cut, self.noted, self.sway = sure, cut, [], Sway(sure)

    def before_train(self):
        if len(self.noted) == self.cut:
            raise PowerCut("the power failed")

    def after_epoch(self):
        self.noted.append(weights(self.learn.model))

    def metric(self, name, values):
        """A metric of that name which has these values, one an epoch."""

        def metric(predictions, targets):
            return torch.tensor(values[min(len(self.noted), len(values) - 1)])

        metric.__name__ = name
        return metric


@pytest.fixture(scope="session")
def played(keep_best, tmp_path_factory):
    """`played(script, ...)`: a run of the answer on a small network and random numbers, with a script."""
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.learner import Learner
    from fastai.losses import CrossEntropyLossFlat

    def new_learner(folder, metrics=()):
        torch.manual_seed(3)
        pairs = list(zip(torch.randn(48, 6), torch.arange(48) % 4))
        net = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 4))
        dls = DataLoaders(DataLoader(pairs[:32], bs=8, shuffle=True), DataLoader(pairs[32:], bs=8), device="cpu")
        learn = Learner(dls, net, loss_func=CrossEntropyLossFlat(), metrics=list(metrics), path=folder)
        return silent(learn)

    def played(script, metrics=(), **options):
        folder = tmp_path_factory.mktemp("toy")
        run = watched(keep_best, new_learner(folder, metrics), script, **options)
        run.opened = lambda name: opened(new_learner(folder), name)
        return run

    return played


def watched(keep_best, learn, script, **options):
    """Run the answer with a script, and note what became of the learner."""
    watch, value = Watch(), None
    learn.add_cbs([script, script.sway, watch])
    names = [type(cb).__name__ for cb in learn.cbs]
    with suppress(PowerCut):
        value = keep_best(learn, len(script.sure), **options)
    left = [type(cb).__name__ for cb in learn.cbs]
    learn.remove_cbs([script, script.sway, watch])
    return SimpleNamespace(learn=learn, value=value, watch=watch, noted=script.noted, found=weights(learn.model),
                           names=names, left=left)


def silent(learn):
    from fastai.callback.progress import ProgressCallback
    from fastai.torch_core import noop

    with suppress(ValueError):
        learn.remove_cb(ProgressCallback)
    learn.logger = noop
    return learn


def opened(learn, name):
    """Load the weights of a stage with fastai into `learn`; assert that it can be."""
    found = sorted(file.relative_to(learn.path).as_posix() for file in learn.path.rglob("*") if file.is_file())
    try:
        learn.load(name, with_opt=False)
    except Exception as error:
        raise AssertionError(f"learn.load({name!r}) cannot read a stage of that name ({type(error).__name__}); in the "
                             f"learner's folder are {found}") from None
    return weights(learn.model)


def epoch_of(found, noted):
    """Which epoch's network this is, in words."""
    for epoch, network in enumerate(noted):
        if all(value.equal(network[name]) for name, value in found.items()):
            return f"those of epoch {epoch}"
    return "of no epoch as a whole"


def is_epoch(found, noted, best, why):
    """Assert that weights and buffers are those noted after the epoch `best`."""
    assert best < len(noted), f"the run was to go on: it ended after {len(noted)} epochs, and epoch {best} was to be the best"
    different = [name for name, value in found.items() if not value.equal(noted[best][name])]
    assert not different, (
        f"{why}, so epoch {best} was the best (the first is epoch 0); the weights are {epoch_of(found, noted)}: "
        f"{len(different)} of {len(found)} tensors differ, such as {different[0]}"
    )


@pytest.fixture(scope="session")
def run(keep_best, played):
    """A run of three epochs of 4 batches, in which the second is the only one that looks good."""
    return played(Script([60, None, 40]), lr_max=3e-3)


def test_trains_in_one_cycle(keep_best, run):
    rates = [groups[-1] for groups in run.watch.rates]
    assert len(rates) == 12, f"3 epochs of 4 batches are 12 batches; the learner saw {len(rates)}"
    tops = [i for i in range(1, 11) if rates[i - 1] < rates[i] >= rates[i + 1]]
    assert len(tops) == 1, f"one cycle has one peak in the whole run; the optimizer saw {len(tops)}"
    assert max(rates) == approx(3e-3), f"lr_max was 0.003, and the highest rate that the optimizer saw is {max(rates):.4g}"


def losses(run):
    return "the validation losses were " + ", ".join(f"{row[1]:.2f}" for row in run.watch.rows)


def test_ends_with_the_best_epochs_weights(keep_best, run):
    is_epoch(run.found, run.noted, 1, losses(run))


def test_the_best_may_come_after_a_worse_one(keep_best, played):
    run = played(Script([60, 80, None, 40, 50]))
    is_epoch(run.found, run.noted, 2, losses(run))


def test_the_best_may_be_the_first_or_the_last(keep_best, played):
    for sure, best in ([None, 60, 40, 80], 0), ([80, 60, 40, None], 3):
        run = played(Script(sure))
        is_epoch(run.found, run.noted, best, losses(run))


def test_nan_is_never_best(keep_best, played):
    for sure, best in ([math.nan, 50, None, 60], 2), ([60, None, math.nan, 40], 1):
        run = played(Script(sure))
        is_epoch(run.found, run.noted, best, losses(run))


def test_returns_how_good_the_best_was(keep_best, played):
    for sure, best in ([60, None, 40], 1), ([None, 60, 30], 0):
        run = played(Script(sure))
        expected = run.watch.rows[best][1]
        assert number(run.value) == approx(expected, rel=1e-5), (
            f"{losses(run)}; the best, {expected:.4f}, is to come back, not {number(run.value):.4f}"
        )


def test_compares_what_it_is_told_to(keep_best, played):
    for name, values, best in (
        ("slip_error", [0.5, 0.4, 0.1, 0.3], 2),
        ("distance_loss", [7.0, 6.0, 8.0, 9.0], 1),
        ("accuracy", [0.2, 0.9, 0.5, 0.7], 1),
        ("score", [-5.0, -9.0, -8.0, -2.0], 3),
    ):
        script = Script([None, 60, 50, 40])
        run = played(script, [script.metric("other", [1.0, 2.0, 3.0, 2.0]), script.metric(name, values)], monitor=name)
        better = "less" if name.endswith(("error", "loss")) else "more"
        is_epoch(run.found, run.noted, best, f"of {name}, {better} is better, and its values were {values}")
        assert number(run.value) == approx(values[best]), (
            f"monitor was {name}, and its values were {values}: the best, {values[best]}, is to come back, not {run.value}"
        )


def test_the_best_is_in_the_file(keep_best, played):
    for name, options in ("best", {}), ("kept", {"name": "kept"}):
        run = played(Script([60, None, 30]), **options)
        is_epoch(run.opened(name), run.noted, 1, losses(run))


def test_the_best_is_safe_when_the_run_is_cut_short(keep_best, played):
    run = played(Script([60, None, 30, 40], cut=3))
    is_epoch(run.opened("best"), run.noted, 1, f"the power failed after three epochs; {losses(run)}")


def test_leaves_no_callback_behind(keep_best, run):
    assert run.left == run.names, (
        f"the learner had the callbacks {run.names} and now has {run.left}: what is left behind acts in every later run"
    )


def test_refuses_a_name_that_nobody_reports(keep_best, played):
    run = played(Script([30, None]))
    before = weights(run.learn.model)
    assert refuses(keep_best, run.learn, 2, monitor="eror_rate"), "the learner reports no eror_rate: raise ValueError"
    assert not moved(run.learn.model, before), "the learner reports no eror_rate, and it was trained before anybody noticed"


def test_refuses_columns_that_are_no_measure(keep_best, played):
    run = played(Script([30, None]))
    for name, why in (
        ("train_loss", "the training loss says how well the network knows the pictures that it trained on, and no others"),
        ("epoch", "the epoch's number does not say how good the network is"),
        ("time", "how long an epoch took does not say how good the network is"),
    ):
        before = weights(run.learn.model)
        assert refuses(keep_best, run.learn, 2, monitor=name), f"monitor={name!r}: {why}: raise ValueError"
        assert not moved(run.learn.model, before), f"monitor={name!r} was refused after the training; refuse it before"


def passed_off(keep_best, learn):
    """What came back of a run in which each epoch is nan, in words; None where it ended in an error."""
    try:
        return f"gave back {watched(keep_best, learn, Script([math.nan, math.nan])).value!r}"
    except NotImplementedError:
        raise
    except Exception:
        return None


def test_does_not_pass_off_an_older_stage(keep_best, played):
    run = played(Script([60, None, 40]))
    older = run.opened("best")
    answer = passed_off(keep_best, run.learn)
    assert answer is None, (
        f"the validation loss was nan in every epoch, so none was best; an older run had left a stage best, and keep_best "
        f"{answer} and no error: whoever called it goes on with the older network, or a worthless one, and does not know"
    )
    now = run.opened("best")
    assert all(now[name].equal(value) for name, value in older.items()), (
        "the validation loss was nan in every epoch, and the stage best of an older run is no longer what it was"
    )


def test_does_the_same_on_the_pets(keep_best, few_loaders, learner_on, tmp_path):
    learn = learner_on(few_loaders, path=tmp_path)
    run = watched(keep_best, learn, Script([60, None, 40]), lr_max=3e-3)
    is_epoch(run.found, run.noted, 1, losses(run))
    is_epoch(opened(learner_on(few_loaders, path=tmp_path), "best"), run.noted, 1, losses(run))
    expected = float(learn.validate()[0])
    assert number(run.value) == approx(expected, rel=1e-4), (
        f"it gave back {number(run.value):.4f}, and the learner that it left has a validation loss of {expected:.4f}"
    )
