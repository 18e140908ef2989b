import math

from hypothesis import given
from hypothesis import strategies as st

from petkata.checking import refuses


def told(reading_the_losses, train, valid, expected, why):
    word = reading_the_losses(train, valid)
    assert word == expected, f'{why}: this is "{expected}", not {word!r}'


def test_falling_losses_are_learning(reading_the_losses):
    told(reading_the_losses, [3.6, 1.9, 1.1, 0.8], [2.2, 1.3, 0.9, 0.7], "learning", "both losses fall")


def test_validation_above_training_is_not_overfitting(reading_the_losses):
    told(reading_the_losses, [2.0, 1.0, 0.5, 0.25], [2.4, 1.8, 1.5, 1.4], "learning",
         "the validation loss stands far above the training loss, but it still gets better")


def test_a_little_up_and_down_is_no_overfitting(reading_the_losses):
    told(reading_the_losses, [2.0, 1.0, 0.6, 0.5], [2.0, 1.10, 1.0, 1.04], "learning",
         "the validation loss ends 4% above its best, less than 10%")


def test_a_validation_loss_that_turns_is_overfitting(reading_the_losses):
    told(reading_the_losses, [2.0, 1.0, 0.5, 0.2], [2.1, 1.3, 1.4, 1.9], "overfitting",
         "the validation loss fell, then rose by far more than 10%, while the training loss went on down")
    told(reading_the_losses, [2.0, 1.0, 0.5, 0.2], [0.9, 0.3, 0.2, 0.24], "overfitting",
         "the validation loss ends 20% above its best (that it was below the training loss before does not matter)")


def test_both_losses_rising_again_is_no_overfitting(reading_the_losses):
    told(reading_the_losses, [2.0, 1.0, 0.5, 0.7], [2.1, 1.3, 1.1, 1.5], "learning",
         "the training loss rose at the end, too, so the pictures were not learned by heart")


def test_hardly_moving_is_underfitting(reading_the_losses):
    told(reading_the_losses, [3.6, 3.5, 3.4, 3.3], [3.5, 3.45, 3.4, 3.35], "underfitting",
         "the training loss has lost less than a tenth of what it began with")


def test_standing_still_is_underfitting_too(reading_the_losses):
    told(reading_the_losses, [5.35, 5.37, 5.34, 5.36], [4.26, 4.21, 4.20, 4.17], "underfitting",
         "the training loss ends where it began, but for a little up and down")


def test_a_rising_training_loss_is_diverging(reading_the_losses):
    told(reading_the_losses, [3.6, 9.0, 40.0], [8.0, 30.0, 90.0], "diverging", "the training loss ends far above its start")


def test_nan_and_infinity_are_diverging(reading_the_losses):
    why = "a loss is no longer a number, or infinite"
    told(reading_the_losses, [3.6, 2.0, math.nan], [3.0, 2.0, 1.5], "diverging", why)
    told(reading_the_losses, [3.6, 2.0, 1.0], [3.0, math.inf, 1.5], "diverging", why)
    told(reading_the_losses, [3.6, 2.0, 1.0], [3.0, 2.0, math.nan], "diverging", why)


CURVES = [
    ([3.6, 1.9, 1.1, 0.8], [2.2, 1.3, 0.9, 0.7]),
    ([2.0, 1.0, 0.5, 0.2], [2.1, 1.3, 1.4, 1.9]),
    ([3.6, 3.5, 3.4, 3.3], [3.5, 3.45, 3.4, 3.35]),
    ([3.6, 9.0, 40.0], [8.0, 30.0, 90.0]),
]


@given(st.sampled_from(CURVES), st.floats(0.01, 100))
def test_the_unit_of_the_loss_does_not_matter(reading_the_losses, curves, factor):
    train, valid = curves
    word = reading_the_losses(train, valid)
    scaled = reading_the_losses([loss * factor for loss in train], [loss * factor for loss in valid])
    assert word == scaled, f"with all losses times {factor:.2f} the curves have the same shape, so the word must be the same"


def test_refuses_curves_that_do_not_fit(reading_the_losses):
    assert refuses(reading_the_losses, [1.0, 0.5, 0.4], [1.0, 0.6]), "3 and 2 epochs do not fit together: raise ValueError"
    assert refuses(reading_the_losses, [1.0], [1.0]), "one epoch is no curve: raise ValueError"
