import math

import numpy as np

from petkata.checking import mistake


def fit(losses, k):
    if not 1 <= k <= len(losses) or any(math.isnan(loss) for loss in losses):
        raise ValueError("these do not fit")


def order(losses):
    return sorted(range(len(losses)), key=lambda place: -losses[place])


@mistake("The losses themselves come back. Nobody can find the pictures by those: give their places.",
         caught_by="test_gives_places_not_losses")
def top_losses(losses, k):
    fit(losses, k)
    return sorted(losses, reverse=True)[:k]


@mistake("The smallest losses come first: those pictures were the easiest.", caught_by="test_gives_places_not_losses")
def top_losses(losses, k):
    fit(losses, k)
    return order(losses)[::-1][:k]


@mistake("The right ones are there, but in the order of the pictures. The largest loss comes first.",
         caught_by="test_confident_and_wrong_comes_first")
def top_losses(losses, k):
    fit(losses, k)
    return sorted(order(losses)[:k])


@mistake("The largest loss comes last: the end of the sorted list was taken, and not turned round.",
         caught_by="test_confident_and_wrong_comes_first")
def top_losses(losses, k):
    fit(losses, k)
    return order(losses)[:k][::-1]


@mistake("k is not looked at.", caught_by="test_gives_as_many_as_asked_for")
def top_losses(losses, k):
    fit(losses, k)
    return order(losses)[:2]


@mistake("Only losses above log(2) are listed, as if a right answer could not cost as much. It can.",
         caught_by="test_gives_as_many_as_asked_for")
def top_losses(losses, k):
    fit(losses, k)
    return [place for place in order(losses)[:k] if losses[place] > math.log(2)]


@mistake("Each loss is looked up by its value, so that equal losses give the same picture twice.",
         caught_by="test_the_earlier_of_equal_losses_comes_first")
def top_losses(losses, k):
    fit(losses, k)
    return [list(losses).index(loss) for loss in sorted(losses, reverse=True)[:k]]


@mistake("Equal losses come in the wrong order: sorting upward and turning the list round turns the equal ones round, too.",
         caught_by="test_the_earlier_of_equal_losses_comes_first")
def top_losses(losses, k):
    fit(losses, k)
    return np.argsort(losses, kind="stable")[::-1][:k].tolist()


@mistake("The losses that were handed over are changed on the way.", caught_by="test_gives_places_not_losses")
def top_losses(losses, k):
    fit(losses, k)
    found = order(losses)[:k]
    losses.sort()
    return found


@mistake("The list was sorted where it stands, so the places are those of the sorted list: always 0, 1, 2.",
         caught_by="test_gives_places_not_losses")
def top_losses(losses, k):
    fit(losses, k)
    losses.sort()
    return list(range(k))


@mistake("When k is larger than the number of pictures, there come fewer than asked for. It must get a ValueError.",
         caught_by="test_refuses_more_than_there_are")
def top_losses(losses, k):
    if any(math.isnan(loss) for loss in losses):
        raise ValueError("nan")
    return order(losses)[:k]


@mistake("A loss that is nan goes unnoticed, and what comes out depends on where it stood. It must get a ValueError.",
         caught_by="test_refuses_a_loss_that_is_no_number")
def top_losses(losses, k):
    if not 1 <= k <= len(losses):
        raise ValueError("k")
    return order(losses)[:k]


@mistake("`math.nan in losses` finds nan only where it is the very same object: nan == nan is False. Ask math.isnan of each.",
         caught_by="test_refuses_any_nan")
def top_losses(losses, k):
    if not 1 <= k <= len(losses) or math.nan in losses:
        raise ValueError("these do not fit")
    return order(losses)[:k]
