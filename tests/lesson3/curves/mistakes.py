import math

from petkata.checking import mistake


def fit(train, valid):
    if len(train) != len(valid) or len(train) < 2:
        raise ValueError("curves")


def broken(train, valid):
    return not all(map(math.isfinite, [*train, *valid])) or train[-1] >= 1.1 * train[0]


@mistake("Validation above training is called overfitting. It is usual; overfitting is a validation loss that got worse.",
         caught_by="test_validation_above_training_is_not_overfitting")
def reading_the_losses(train, valid):
    fit(train, valid)
    if broken(train, valid):
        return "diverging"
    if valid[-1] > train[-1]:
        return "overfitting"
    return "underfitting" if train[-1] > 0.75 * train[0] else "learning"


@mistake("The smallest rise of the validation loss is called overfitting. A little up and down is usual: 10% is asked for.",
         caught_by="test_a_little_up_and_down_is_no_overfitting")
def reading_the_losses(train, valid):
    fit(train, valid)
    if broken(train, valid):
        return "diverging"
    if valid[-1] > min(valid) and train[-1] == min(train):
        return "overfitting"
    return "underfitting" if train[-1] > 0.75 * train[0] else "learning"


@mistake("The last validation loss is compared with the first. Compare it with the best: it may have fallen and risen again.",
         caught_by="test_a_validation_loss_that_turns_is_overfitting")
def reading_the_losses(train, valid):
    fit(train, valid)
    if broken(train, valid):
        return "diverging"
    if valid[-1] >= 1.1 * valid[0] and train[-1] == min(train):
        return "overfitting"
    return "underfitting" if train[-1] > 0.75 * train[0] else "learning"


@mistake("The training loss is not looked at: when it rises as well, the network has not learned the pictures by heart.",
         caught_by="test_both_losses_rising_again_is_no_overfitting")
def reading_the_losses(train, valid):
    fit(train, valid)
    if broken(train, valid):
        return "diverging"
    if valid[-1] >= 1.1 * min(valid):
        return "overfitting"
    return "underfitting" if train[-1] > 0.75 * train[0] else "learning"


@mistake("The smallest rise of the training loss is called diverging. A loss that stands still goes a little up and down.",
         caught_by="test_standing_still_is_underfitting_too")
def reading_the_losses(train, valid):
    fit(train, valid)
    if not all(map(math.isfinite, [*train, *valid])) or train[-1] > train[0]:
        return "diverging"
    if valid[-1] >= 1.1 * min(valid) and train[-1] == min(train):
        return "overfitting"
    return "underfitting" if train[-1] > 0.75 * train[0] else "learning"


@mistake("nan slips through: nan > x is always False. Ask math.isfinite, of both curves.",
         caught_by="test_nan_and_infinity_are_diverging")
def reading_the_losses(train, valid):
    fit(train, valid)
    if train[-1] >= 1.1 * train[0]:
        return "diverging"
    if valid[-1] >= 1.1 * min(valid) and train[-1] == min(train):
        return "overfitting"
    return "underfitting" if train[-1] > 0.75 * train[0] else "learning"


@mistake("Underfitting is told from a fixed loss (above 1). What counts is how much of its own beginning is left.",
         caught_by="test_the_unit_of_the_loss_does_not_matter")
def reading_the_losses(train, valid):
    fit(train, valid)
    if broken(train, valid):
        return "diverging"
    if valid[-1] >= 1.1 * min(valid) and train[-1] == min(train):
        return "overfitting"
    return "underfitting" if train[-1] > 1.0 else "learning"


@mistake("Underfitting is asked before diverging, so a rising loss is called underfitting.",
         caught_by="test_a_rising_training_loss_is_diverging")
def reading_the_losses(train, valid):
    fit(train, valid)
    if train[-1] > 0.75 * train[0]:
        return "underfitting"
    if broken(train, valid):
        return "diverging"
    if valid[-1] >= 1.1 * min(valid) and train[-1] == min(train):
        return "overfitting"
    return "learning"


@mistake("Curves of different lengths, or of one epoch, get a word. They must get a ValueError.",
         caught_by="test_refuses_curves_that_do_not_fit")
def reading_the_losses(train, valid):
    if broken(train, valid):
        return "diverging"
    if valid[-1] >= 1.1 * min(valid) and train[-1] == min(train):
        return "overfitting"
    return "underfitting" if train[-1] > 0.75 * train[0] else "learning"
