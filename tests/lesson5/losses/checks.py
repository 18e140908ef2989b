import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from petkata.checking import refuses
from tests.lesson5.counts import places

# What a network gave the right breed of five pictures of two breeds, from 0 to 1.
SURE_AND_RIGHT, RIGHT_BY_A_HAIR, WRONG_BY_A_HAIR, SURE_AND_WRONG, WRONG = 0.98, 0.51, 0.49, 0.01, 0.2
few_losses = st.lists(st.sampled_from([0.0, 0.1, 0.5, 2.5, 2.6, 7.0, math.inf]), min_size=1, max_size=12)


def slowly(losses, k):
    """Oracle: k times over, look for the largest that is left, from the front."""
    left, found = list(enumerate(losses)), []
    for _ in range(k):
        place, largest = left[0]
        for other, loss in left:
            if loss > largest:
                place, largest = other, loss
        found.append(place)
        left.remove((place, largest))
    return found


def test_gives_places_not_losses(top_losses):
    found = places(top_losses([0.1, 0.2, 2.5, 0.7], 2))
    assert set(found) == {2, 3}, f"the two largest of 0.1, 0.2, 2.5 and 0.7 stand at the places 2 and 3; not {found}"


def test_gives_as_many_as_asked_for(top_losses):
    for k in (1, 3, 5):
        found = places(top_losses([0.3, 0.9, 0.1, 0.5, 0.7], k))
        assert len(found) == k, f"the {k} largest are asked for; you returned {len(found)}"


def test_confident_and_wrong_comes_first(top_losses):
    given_to_the_right = [SURE_AND_RIGHT, WRONG, RIGHT_BY_A_HAIR, SURE_AND_WRONG, WRONG_BY_A_HAIR]
    found = places(top_losses([-math.log(p) for p in given_to_the_right], 5))
    assert found[0] == 3, (
        f"picture 3 was classified wrong, and the network was sure: its loss is -log(0.01) = 4.6, the largest; first "
        f"comes {found[0]}"
    )
    assert found == [3, 1, 4, 2, 0], f"the more a loss, the further in front: 3, 1, 4, 2, 0; not {found}"


def test_right_answers_are_among_them(top_losses):
    # Of three breeds: picture 0 is right with 0.36 (0.32, 0.32 for the others), picture 1 is wrong with 0.45 against 0.46.
    losses = [-math.log(0.36), -math.log(0.45), -math.log(0.99)]
    found = places(top_losses(losses, 2))
    assert found == [0, 1], (
        f"losses of 1.02, 0.80 and 0.01: picture 0 comes before picture 1, though the network was right about 0 (it had no "
        f"idea) and wrong about 1. A large loss is not the same as a wrong answer; this gave {found}"
    )


def test_the_earlier_of_equal_losses_comes_first(top_losses):
    found = places(top_losses([0.5, 2.0, 0.5, 2.0, 0.1, 2.0], 4))
    assert found == [1, 3, 5, 0], (
        f"2.0 stands at 1, 3 and 5, and 0.5 at 0 and 2: of equal ones the earlier comes first, so 1, 3, 5, 0; not {found}"
    )


@given(losses=few_losses, data=st.data())
def test_finds_what_one_finds_by_looking(top_losses, losses, data):
    k = data.draw(st.integers(1, len(losses)))
    for kind in (list, np.array):
        found = places(top_losses(kind(losses), k))
        assert found == slowly(losses, k), f"the {k} largest of {losses} stand at {slowly(losses, k)}, not {found}"


def test_refuses_more_than_there_are(top_losses):
    assert refuses(top_losses, [0.3, 0.9], 3), "of 2 losses nobody can name the 3 largest: raise ValueError"
    assert refuses(top_losses, [0.3, 0.9], 0), "the 0 largest are none: raise ValueError"
    assert refuses(top_losses, [0.3, 0.9], -1), "the -1 largest are none: raise ValueError"


def test_refuses_a_loss_that_is_no_number(top_losses):
    for losses in ([0.3, math.nan, 0.9], [math.nan, 0.3, 0.9], [0.3, 0.9, math.nan]):
        assert refuses(top_losses, losses, 1), (
            f"nan is neither above nor below any number, so {losses} has no order: raise ValueError"
        )


def test_refuses_any_nan(top_losses):
    for losses in ([0.3, float("nan"), 0.9], np.array([0.3, np.nan, 0.9])):
        assert refuses(top_losses, losses, 1), (
            f"{losses} has no order: raise ValueError. (This nan was made anew. nan == nan is False, so whoever looks for "
            "math.nan by == or by `in` finds only the very same object.)"
        )
