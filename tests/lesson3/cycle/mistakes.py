from petkata.checking import mistake
from solutions.lesson3.anneal import cosine_anneal


def inside(position):
    if not 0 <= position <= 1:
        raise ValueError(position)


@mistake("The run starts at lr_max. One cycle warms up: it starts at lr_max / div.", caught_by="test_starts_low")
def one_cycle_lr(position, lr_max, div=25.0, div_final=1e5, pct_start=0.25):
    inside(position)
    return cosine_anneal(lr_max, lr_max / div_final, position)


@mistake("The top is in the middle of the run. It is at pct_start, a quarter of the way.",
         caught_by="test_is_at_the_top_after_the_warm_up")
def one_cycle_lr(position, lr_max, div=25.0, div_final=1e5, pct_start=0.25):
    inside(position)
    if position < 0.5:
        return cosine_anneal(lr_max / div, lr_max, position * 2)
    return cosine_anneal(lr_max, lr_max / div_final, position * 2 - 1)


@mistake("The run ends where it started, at lr_max / div. It must go on down, to lr_max / div_final.",
         caught_by="test_ends_far_below_its_start")
def one_cycle_lr(position, lr_max, div=25.0, div_final=1e5, pct_start=0.25):
    inside(position)
    if position < pct_start:
        return cosine_anneal(lr_max / div, lr_max, position / pct_start)
    return cosine_anneal(lr_max, lr_max / div, (position - pct_start) / (1 - pct_start))


@mistake("div_final divides the start, not the top: the end is lr_max / div / div_final.",
         caught_by="test_ends_far_below_its_start")
def one_cycle_lr(position, lr_max, div=25.0, div_final=1e5, pct_start=0.25):
    inside(position)
    if position < pct_start:
        return cosine_anneal(lr_max / div, lr_max, position / pct_start)
    return cosine_anneal(lr_max, lr_max / div / div_final, (position - pct_start) / (1 - pct_start))


@mistake("Both parts are straight lines. They are half cosines.", caught_by="test_is_two_half_cosines")
def one_cycle_lr(position, lr_max, div=25.0, div_final=1e5, pct_start=0.25):
    inside(position)
    if position < pct_start:
        return lr_max / div + (lr_max - lr_max / div) * position / pct_start
    return lr_max + (lr_max / div_final - lr_max) * (position - pct_start) / (1 - pct_start)


@mistake("div, div_final and pct_start are ignored: the usual values are used whatever was asked for.",
         caught_by="test_is_at_the_top_after_the_warm_up")
def one_cycle_lr(position, lr_max, div=25.0, div_final=1e5, pct_start=0.25):
    inside(position)
    if position < 0.25:
        return cosine_anneal(lr_max / 25, lr_max, position / 0.25)
    return cosine_anneal(lr_max, lr_max / 1e5, (position - 0.25) / 0.75)


@mistake("The learning rate is 0 outside the run. A position outside 0 to 1 must get a ValueError.",
         caught_by="test_lr_refuses_a_position_outside")
def one_cycle_lr(position, lr_max, div=25.0, div_final=1e5, pct_start=0.25):
    if not 0 <= position <= 1:
        return 0.0
    if position < pct_start:
        return cosine_anneal(lr_max / div, lr_max, position / pct_start)
    return cosine_anneal(lr_max, lr_max / div_final, (position - pct_start) / (1 - pct_start))


def swing(position, first, middle, last, pct_start):
    inside(position)
    if position < pct_start:
        return cosine_anneal(first, middle, position / pct_start)
    return cosine_anneal(middle, last, (position - pct_start) / (1 - pct_start))


@mistake("Momentum rises and falls with the learning rate. It goes the other way round.",
         caught_by="test_momentum_starts_and_ends_high")
def one_cycle_momentum(position, high=0.95, low=0.85, pct_start=0.25):
    return swing(position, low, high, low, pct_start)


@mistake("Momentum falls and stays low. It rises again while the learning rate falls.",
         caught_by="test_momentum_starts_and_ends_high")
def one_cycle_momentum(position, high=0.95, low=0.85, pct_start=0.25):
    inside(position)
    return cosine_anneal(high, low, min(position / pct_start, 1.0))


@mistake("Momentum is lowest in the middle of the run. It is lowest where the learning rate peaks, at pct_start.",
         caught_by="test_momentum_is_lowest_where_the_rate_is_highest")
def one_cycle_momentum(position, high=0.95, low=0.85, pct_start=0.25):
    return swing(position, high, low, high, 0.5)


@mistake("Both parts are straight lines. They are half cosines.", caught_by="test_momentum_is_two_half_cosines")
def one_cycle_momentum(position, high=0.95, low=0.85, pct_start=0.25):
    inside(position)
    if position < pct_start:
        return high + (low - high) * position / pct_start
    return low + (high - low) * (position - pct_start) / (1 - pct_start)


@mistake("A position outside the run gets a momentum. It must get a ValueError.",
         caught_by="test_momentum_refuses_a_position_outside")
def one_cycle_momentum(position, high=0.95, low=0.85, pct_start=0.25):
    return swing(min(max(position, 0.0), 1.0), high, low, high, pct_start)
