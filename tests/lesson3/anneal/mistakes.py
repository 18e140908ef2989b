import math

from petkata.checking import mistake


def inside(position):
    if not 0 <= position <= 1:
        raise ValueError(position)


@mistake("The change is a straight line. Half a cosine starts and ends slowly.",
         caught_by="test_is_flat_at_both_ends")
def cosine_anneal(start, end, position):
    inside(position)
    return start + (end - start) * position


@mistake("Start and end have changed places: at position 0 the value must be `start`.",
         caught_by="test_begins_and_ends_where_told")
def cosine_anneal(start, end, position):
    inside(position)
    return end + (start - end) * (1 - math.cos(math.pi * position)) / 2


@mistake("The cosine goes all the way round (2 pi), so the value comes back to `start`. Half a turn is pi.",
         caught_by="test_begins_and_ends_where_told")
def cosine_anneal(start, end, position):
    inside(position)
    return start + (end - start) * (1 - math.cos(2 * math.pi * position)) / 2


@mistake("Only a quarter of the cosine is used: it starts slowly but ends at full speed.",
         caught_by="test_is_halfway_in_the_middle")
def cosine_anneal(start, end, position):
    inside(position)
    return start + (end - start) * (1 - math.cos(math.pi / 2 * position))


@mistake("`end` is taken for the distance to go. The value must arrive at `end`, wherever it started.",
         caught_by="test_begins_and_ends_where_told")
def cosine_anneal(start, end, position):
    inside(position)
    return start + end * (1 - math.cos(math.pi * position)) / 2


@mistake("The shape is smooth and slow at both ends, but it is a polynomial, not a cosine.",
         caught_by="test_follows_the_half_circle")
def cosine_anneal(start, end, position):
    inside(position)
    return start + (end - start) * position**2 * (3 - 2 * position)


@mistake("A position outside 0 to 1 gets a value. It must get a ValueError.",
         caught_by="test_refuses_a_position_outside")
def cosine_anneal(start, end, position):
    return start + (end - start) * (1 - math.cos(math.pi * position)) / 2
