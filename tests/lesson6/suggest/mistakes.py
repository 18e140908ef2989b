import math

from petkata.checking import mistake


def curve(rates, losses):
    if len(rates) != len(losses) or len(losses) < 2:
        raise ValueError("no curve")


def index_of_lowest(losses):
    return min(range(len(losses)), key=lambda i: losses[i])


@mistake("The rate with the lowest loss is returned. There the loss is about to explode: step back by ten.",
         caught_by="test_steps_back_by_ten")
def suggest_minimum(rates, losses):
    curve(rates, losses)
    return rates[index_of_lowest(losses)]


@mistake("The lowest loss is returned, or a tenth of it. What is asked for is a rate.", caught_by="test_steps_back_by_ten")
def suggest_minimum(rates, losses):
    curve(rates, losses)
    return min(losses) / 10


@mistake("The index of the lowest loss is returned. What is asked for is a rate.", caught_by="test_steps_back_by_ten")
def suggest_minimum(rates, losses):
    curve(rates, losses)
    return index_of_lowest(losses)


@mistake("It steps back by ten places of the list. A tenth of the rate is meant.", caught_by="test_steps_back_by_ten")
def suggest_minimum(rates, losses):
    curve(rates, losses)
    return rates[max(index_of_lowest(losses) - 10, 0)]


@mistake("The rate and its loss are returned, as fastai's own function does. One number is asked for.",
         caught_by="test_steps_back_by_ten")
def suggest_minimum(rates, losses):
    curve(rates, losses)
    lowest = index_of_lowest(losses)
    return rates[lowest] / 10, (rates[lowest], losses[lowest])


@mistake("Of several lowest losses the last is taken: the nearest to the explosion. Take the first.",
         caught_by="test_takes_the_first_of_the_lowest")
def suggest_minimum(rates, losses):
    curve(rates, losses)
    return max(rate for rate, loss in zip(rates, losses) if loss == min(losses)) / 10


@mistake("It stops at the first loss that is followed by a higher one. That may be a dip; look at the whole curve.",
         caught_by="test_is_not_caught_by_a_dip")
def suggest_minimum(rates, losses):
    curve(rates, losses)
    i = 0
    while i + 1 < len(losses) and losses[i + 1] <= losses[i]:
        i += 1
    while i and losses[i - 1] == losses[i]:
        i -= 1
    return rates[i] / 10


@mistake("The last loss is left out of the search: it may be the lowest.", caught_by="test_minimum_is_right_on_any_curve")
def suggest_minimum(rates, losses):
    curve(rates, losses)
    return rates[index_of_lowest(losses[:-1])] / 10


@mistake("Rates and losses that do not fit together get an answer. They must get a ValueError.",
         caught_by="test_minimum_refuses_what_is_no_curve")
def suggest_minimum(rates, losses):
    return rates[min(index_of_lowest(losses), len(rates) - 1)] / 10


@mistake("The rate at the right end of the steepest step is returned. The fall begins at the left end.",
         caught_by="test_finds_where_the_steepest_fall_begins")
def suggest_steepest(rates, losses):
    curve(rates, losses)
    falls = [a - b for a, b in zip(losses, losses[1:])]
    if max(falls) <= 0:
        raise ValueError("never falls")
    return rates[falls.index(max(falls)) + 1]


@mistake("The slope itself is returned. What is asked for is the rate where it is.",
         caught_by="test_finds_where_the_steepest_fall_begins")
def suggest_steepest(rates, losses):
    curve(rates, losses)
    slope = min((b - a) / math.log(rates[1] / rates[0]) for a, b in zip(losses, losses[1:]))
    if slope >= 0:
        raise ValueError("never falls")
    return slope


@mistake("Rises count as well as falls: the steepest place of all is where the loss explodes.",
         caught_by="test_finds_where_the_steepest_fall_begins")
def suggest_steepest(rates, losses):
    curve(rates, losses)
    if all(a <= b for a, b in zip(losses, losses[1:])):
        raise ValueError("never falls")
    changes = [abs(a - b) for a, b in zip(losses, losses[1:])]
    return rates[changes.index(max(changes))]


@mistake("The slopes are per rate, not per logarithm of the rate, so the smallest rates look the steepest.",
         caught_by="test_finds_where_the_steepest_fall_begins")
def suggest_steepest(rates, losses):
    curve(rates, losses)
    slopes = [(losses[i + 1] - losses[i]) / (rates[i + 1] - rates[i]) for i in range(len(losses) - 1)]
    if min(slopes) >= 0:
        raise ValueError("never falls")
    return rates[slopes.index(min(slopes))]


@mistake("The largest slope is taken. That is the steepest rise; a fall is a negative slope.",
         caught_by="test_finds_where_the_steepest_fall_begins")
def suggest_steepest(rates, losses):
    curve(rates, losses)
    slopes = [b - a for a, b in zip(losses, losses[1:])]
    if min(slopes) >= 0:
        raise ValueError("never falls")
    return rates[slopes.index(max(slopes))]


@mistake("Each slope is taken across two steps, over the point in between, so it is not where it is said to be.",
         caught_by="test_finds_where_the_steepest_fall_begins")
def suggest_steepest(rates, losses):
    import numpy as np

    curve(rates, losses)
    if min(b - a for a, b in zip(losses, losses[1:])) >= 0:
        raise ValueError("never falls")
    return rates[int(np.gradient(np.array(losses)).argmin())]


@mistake("The fall is measured in shares of the loss. What is asked for is the slope of the loss itself.",
         caught_by="test_steepest_is_right_on_any_curve")
def suggest_steepest(rates, losses):
    curve(rates, losses)
    falls = [a / b for a, b in zip(losses, losses[1:])]
    if max(falls) <= 1:
        raise ValueError("never falls")
    return rates[falls.index(max(falls))]


@mistake("Rates and losses that do not fit together get an answer. They must get a ValueError.",
         caught_by="test_steepest_refuses_what_is_no_curve")
def suggest_steepest(rates, losses):
    falls = [a - b for a, b in zip(losses, losses[1:])] or [1.0]
    if max(falls) <= 0:
        raise ValueError("never falls")
    return rates[falls.index(max(falls))]


@mistake("A loss that never falls gets a suggestion. It must get a ValueError.",
         caught_by="test_steepest_refuses_a_curve_that_never_falls")
def suggest_steepest(rates, losses):
    curve(rates, losses)
    falls = [a - b for a, b in zip(losses, losses[1:])]
    return rates[falls.index(max(falls))]


def lengths_of_runs(losses, goes_on):
    lengths = []
    for i, loss in enumerate(losses):
        lengths.append(1 + max((lengths[j] for j in range(i) if goes_on(losses[j], loss)), default=0))
    return lengths


def longest_run(rates, losses):
    """Length of the longest falling run, and where the first such run ends."""
    lengths = lengths_of_runs(losses, lambda before, after: before > after)
    n = max(lengths, default=0)
    if len(rates) != len(losses) or n < 3:
        raise ValueError("no valley")
    return n, lengths.index(n)


def half_way(n, end):
    return end - n + n // 3 + n // 6


@mistake("The run may have no gaps, so the first bump ends the valley. Leave out what sticks out.",
         caught_by="test_a_bump_does_not_end_the_valley")
def suggest_valley(rates, losses):
    longest_run(rates, losses)
    lengths = []
    for i, loss in enumerate(losses):
        lengths.append(lengths[-1] + 1 if i and losses[i - 1] > loss else 1)
    return rates[half_way(max(lengths), lengths.index(max(lengths)))]


@mistake("The run takes each loss that is lower than all before. One deep dip, and nothing that follows can join.",
         caught_by="test_a_single_deep_dip_is_passed_over")
def suggest_valley(rates, losses):
    longest_run(rates, losses)
    best = (0, 0)
    for start in range(len(losses)):
        taken, ends = losses[start], start
        n = 1
        for i in range(start + 1, len(losses)):
            if losses[i] < taken:
                taken, ends, n = losses[i], i, n + 1
        if n > best[0]:
            best = (n, ends)
    return rates[half_way(*best)]


@mistake("The longest rise is looked for. A valley goes down.", caught_by="test_a_rise_is_no_valley")
def suggest_valley(rates, losses):
    longest_run(rates, losses)
    up = lengths_of_runs(losses, lambda before, after: before < after)
    down = lengths_of_runs(losses, lambda before, after: before > after)
    lengths = max(up, down, key=max)
    n = max(lengths)
    return rates[max(half_way(n, lengths.index(n)), 0)]


@mistake("Losses that are equal count as falling. Level is not down.", caught_by="test_level_is_not_down")
def suggest_valley(rates, losses):
    longest_run(rates, losses)
    lengths = lengths_of_runs(losses, lambda before, after: before >= after)
    n = max(lengths)
    return rates[half_way(n, lengths.index(n))]


@mistake("Of several valleys equally long, the one that ends last is taken. Take the one that ends first.",
         caught_by="test_takes_the_valley_that_ends_first")
def suggest_valley(rates, losses):
    n, _ = longest_run(rates, losses)
    lengths = lengths_of_runs(losses, lambda before, after: before > after)
    return rates[half_way(n, len(lengths) - 1 - lengths[::-1].index(n))]


@mistake("The end of the valley is returned, where the loss is about to explode. Half-way down is asked for.",
         caught_by="test_goes_half_way_down_a_smooth_valley")
def suggest_valley(rates, losses):
    _, end = longest_run(rates, losses)
    return rates[end]


@mistake("The index is returned. What is asked for is the rate that stands there.",
         caught_by="test_goes_half_way_down_a_smooth_valley")
def suggest_valley(rates, losses):
    return half_way(*longest_run(rates, losses))


@mistake("The sixth is forgotten: this is a third of the way down, not half.",
         caught_by="test_goes_half_way_down_a_smooth_valley")
def suggest_valley(rates, losses):
    n, end = longest_run(rates, losses)
    return rates[end - n + n // 3]


@mistake("Half of the length is stepped back from the end. The recipe starts at end - n and adds a third and a sixth.",
         caught_by="test_goes_half_way_down_a_smooth_valley")
def suggest_valley(rates, losses):
    n, end = longest_run(rates, losses)
    return rates[end - n // 2]


@mistake("A curve without a valley, or losses without rates, get an answer. They must get a ValueError.",
         caught_by="test_valley_refuses_curves_without_one")
def suggest_valley(rates, losses):
    lengths = lengths_of_runs(losses, lambda before, after: before > after)
    n = max(lengths, default=0)
    return rates[max(half_way(n, lengths.index(n)), 0)] if n else rates[0]
