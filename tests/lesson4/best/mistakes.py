import copy
import math

import numpy as np
from fastai.vision.all import Callback, EarlyStoppingCallback, SaveModelCallback

from petkata.checking import mistake


def names(learn, monitor="valid_loss"):
    known = ["train_loss", "valid_loss", *(metric.name for metric in learn.metrics)]
    if monitor not in known[1:]:
        raise ValueError(monitor)
    return known


@mistake("The weights of the last epoch are kept. The best epoch may have been an earlier one.",
         caught_by="test_ends_with_the_best_epochs_weights")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    place = names(learn, monitor).index(monitor)
    learn.fit_one_cycle(n_epochs, lr_max)
    learn.save(name)
    return min(row[place] for row in learn.recorder.values)


@mistake("Every epoch is saved, and none is loaded at the end: the learner ends with the last one's weights.",
         caught_by="test_ends_with_the_best_epochs_weights")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    place = names(learn, monitor).index(monitor)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=SaveModelCallback(monitor=monitor, fname=name, every_epoch=True))
    return min(row[place] for row in learn.recorder.values)


@mistake("state_dict() gives the weights themselves, not a copy: they go on changing with the training.",
         caught_by="test_ends_with_the_best_epochs_weights")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    keeper = kept_in_memory(learn, monitor, lambda model: model.state_dict())
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    learn.model.load_state_dict(keeper.kept)
    learn.save(name)
    return keeper.best


@mistake("Only the parameters are kept. BatchNorm's running statistics are buffers: they belong to the best epoch as well.",
         caught_by="test_ends_with_the_best_epochs_weights")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    keeper = kept_in_memory(learn, monitor, lambda model: copy.deepcopy(dict(model.named_parameters())))
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    learn.model.load_state_dict(keeper.kept, strict=False)
    learn.save(name)
    return keeper.best


def kept_in_memory(learn, monitor, copied):
    place = names(learn, monitor).index(monitor)
    sign = 1 if "loss" in monitor or "error" in monitor else -1

    class Keeper(Callback):
        order = 60  # after the recorder
        best, kept = sign * float("inf"), None

        def after_epoch(self):
            value = self.learn.recorder.values[-1][place]
            if sign * value < sign * self.best:
                self.best, self.kept = value, copied(self.learn.model)

    return Keeper()


@mistake("The training loss decides. It tells how well the network knows the pictures that it trained on, no others.",
         caught_by="test_ends_with_the_best_epochs_weights")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    names(learn, monitor)
    keeper = SaveModelCallback(monitor="train_loss" if monitor == "valid_loss" else monitor, fname=name)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    return keeper.best


@mistake("A run is made for each epoch, each with a cycle of its own. One cycle spans them all.",
         caught_by="test_trains_in_one_cycle")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    keeper = SaveModelCallback(monitor=monitor, fname=name, reset_on_fit=False)
    names(learn, monitor)
    for _ in range(n_epochs):
        learn.fit_one_cycle(1, lr_max, cbs=keeper)
    return float(keeper.best)


@mistake("lr_max is not passed on, so the learner's own learning rate is used.", caught_by="test_trains_in_one_cycle")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    names(learn, monitor)
    keeper = SaveModelCallback(monitor=monitor, fname=name)
    learn.fit_one_cycle(n_epochs, cbs=keeper)
    return float(keeper.best)


@mistake("The run stops at the first epoch that is no better. A better one may follow.",
         caught_by="test_the_best_may_come_after_a_worse_one")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    names(learn, monitor)
    keeper = SaveModelCallback(monitor=monitor, fname=name)
    stopper = EarlyStoppingCallback(monitor=monitor, patience=1)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=[keeper, stopper])
    return float(keeper.best)


@mistake("The first nan counts as the best: nothing is less than nan, so nothing takes its place.",
         caught_by="test_nan_is_never_best")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    place = names(learn, monitor).index(monitor)
    sign = 1 if "loss" in monitor or "error" in monitor else -1

    class Keeper(Callback):
        order = 60  # after the recorder
        best = None

        def after_epoch(self):
            value = self.learn.recorder.values[-1][place]
            if self.best is None or sign * value < sign * self.best:
                self.best = value
                self.learn.save(name)

    keeper = Keeper()
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    learn.load(name)
    return keeper.best


@mistake("monitor is not looked at: the validation loss decides, whatever was asked for.",
         caught_by="test_compares_what_it_is_told_to")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    names(learn, monitor)
    keeper = SaveModelCallback(fname=name)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    return float(keeper.best)


@mistake("Less is taken for better, whatever is compared. Of an accuracy, more is better.",
         caught_by="test_compares_what_it_is_told_to")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    names(learn, monitor)
    keeper = SaveModelCallback(monitor=monitor, comp=np.less, fname=name)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    return float(keeper.best)


@mistake("The last epoch's value comes back. The best one's is asked for.", caught_by="test_returns_how_good_the_best_was")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    place = names(learn, monitor).index(monitor)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=SaveModelCallback(monitor=monitor, fname=name))
    return learn.recorder.values[-1][place]


@mistake("Nothing comes back. The best epoch's value is asked for.", caught_by="test_returns_how_good_the_best_was")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    names(learn, monitor)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=SaveModelCallback(monitor=monitor, fname=name))


@mistake("The stage has fastai's usual name, model. It should have the one that was given.",
         caught_by="test_the_best_is_in_the_file")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    names(learn, monitor)
    keeper = SaveModelCallback(monitor=monitor)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    return float(keeper.best)


@mistake("The best weights are kept in memory and written at the end. When the run is cut short, they are lost.",
         caught_by="test_the_best_is_safe_when_the_run_is_cut_short")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    place = names(learn, monitor).index(monitor)
    sign = 1 if "loss" in monitor or "error" in monitor else -1

    class Keeper(Callback):
        order = 60  # after the recorder
        best, kept = float("inf"), None

        def after_epoch(self):
            value = sign * self.learn.recorder.values[-1][place]
            if value < self.best:
                self.best, self.kept = value, copy.deepcopy(self.learn.model.state_dict())

    keeper = Keeper()
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    learn.model.load_state_dict(keeper.kept)
    learn.save(name)
    return sign * keeper.best


@mistake("The callback stays with the learner, and goes on saving and loading in every later run.",
         caught_by="test_leaves_no_callback_behind")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    names(learn, monitor)
    keeper = SaveModelCallback(monitor=monitor, fname=name)
    learn.add_cb(keeper)
    learn.fit_one_cycle(n_epochs, lr_max)
    return float(keeper.best)


@mistake("A misspelled monitor gets an IndexError that explains nothing. It should get a ValueError that says what there is.",
         caught_by="test_refuses_a_name_that_nobody_reports")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    keeper = SaveModelCallback(monitor=monitor, fname=name)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    return float(keeper.best)


@mistake("A misspelled monitor is noticed after the training only. Ask before.",
         caught_by="test_refuses_a_name_that_nobody_reports")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    known = monitor == "valid_loss" or monitor in [metric.name for metric in learn.metrics]
    keeper = SaveModelCallback(monitor=monitor if known else "valid_loss", fname=name)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    names(learn, monitor)
    return float(keeper.best)


@mistake("Every column that the learner prints is let through. The training loss does not say how good the network is.",
         caught_by="test_refuses_columns_that_are_no_measure")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    if monitor not in ["epoch", "train_loss", "valid_loss", *(metric.name for metric in learn.metrics), "time"]:
        raise ValueError(monitor)
    keeper = SaveModelCallback(monitor=monitor, fname=name)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    return float(keeper.best)


@mistake("When every epoch is nan, nothing is saved, and the callback loads what an older run left under this name.",
         caught_by="test_does_not_pass_off_an_older_stage")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    names(learn, monitor)
    keeper = SaveModelCallback(monitor=monitor, fname=name)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    return float(keeper.best)


@mistake("When every epoch is nan, the last one is kept and nothing is said. Nobody notices that no epoch was any good.",
         caught_by="test_does_not_pass_off_an_older_stage")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    keeper = kept_in_memory(learn, monitor, lambda model: (learn.save(name), copy.deepcopy(model.state_dict()))[1])
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    if keeper.kept is not None:
        learn.model.load_state_dict(keeper.kept)
    return keeper.best


@mistake("The older stage of this name is removed before the training. When no epoch is best, nothing at all is left.",
         caught_by="test_does_not_pass_off_an_older_stage")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    names(learn, monitor)
    (learn.path / learn.model_dir / f"{name}.pth").unlink(missing_ok=True)
    keeper = SaveModelCallback(monitor=monitor, fname=name)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    return float(keeper.best)


@mistake("The training loss is refused only after the training, when all the time has been spent.",
         caught_by="test_refuses_columns_that_are_no_measure")
def keep_best(learn, n_epochs, lr_max=1e-3, monitor="valid_loss", name="best"):
    if monitor not in ["train_loss", "valid_loss", *(metric.name for metric in learn.metrics)]:
        raise ValueError(monitor)
    keeper = SaveModelCallback(monitor=monitor, fname=name)
    learn.fit_one_cycle(n_epochs, lr_max, cbs=keeper)
    if monitor == "train_loss" or math.isinf(keeper.best):
        raise ValueError(monitor)
    return float(keeper.best)
