from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from petkata.checking import number, refuses

curves = st.lists(st.floats(0.1, 10.0), min_size=1, max_size=30)
betas = st.floats(0.0, 0.99)
NOISY = (5.4, 4.8, 5.9, 5.1, 5.3, 4.4, 4.9, 3.2, 3.9, 2.1, 2.6, 1.2, 1.7, 0.6)


def slow_smooth(losses, beta):
    """Oracle: for each loss, all weights written out and added up."""
    averages = []
    for now in range(len(losses)):
        weights = [beta ** (now - then) for then in range(now + 1)]
        averages.append(sum(weight * loss for weight, loss in zip(weights, losses)) / sum(weights))
    return averages


def test_gives_one_for_each_loss(smooth):
    smoothed = smooth(list(NOISY), 0.9)
    assert len(smoothed) == len(NOISY), f"{len(NOISY)} losses went in, so {len(NOISY)} averages come out, not {len(smoothed)}"
    assert len(smooth([], 0.9)) == 0, "no losses give an empty list"


def test_starts_with_the_first_loss(smooth):
    for beta in (0.5, 0.98):
        first = number(smooth(list(NOISY), beta)[0], "each average")
        assert first == approx(NOISY[0]), (
            f"the average of one loss is that loss, {NOISY[0]}, whatever beta is; with beta {beta} it is {first:.4g}"
        )


def test_stays_level_where_the_losses_do(smooth):
    smoothed = [number(loss, "each average") for loss in smooth([3.0] * 12, 0.95)]
    assert smoothed == approx([3.0] * 12), (
        "losses that are all 3 have the average 3 everywhere, from the first to the last; these averages run from "
        f"{min(smoothed):.4g} to {max(smoothed):.4g}"
    )


def test_without_beta_nothing_is_smoothed(smooth):
    smoothed = [number(loss, "each average") for loss in smooth(list(NOISY), 0.0)]
    assert smoothed == approx(list(NOISY)), "with beta 0 only the newest loss counts, so the losses come back as they are"


def test_a_jump_fades_slowly(smooth):
    level, smoothed = ([number(average, "each average") for average in smooth([1.0, 1.0, 1.0, loss, 1.0, 1.0, 1.0], 0.8)]
                       for loss in (1.0, 9.0))
    assert smoothed[:3] == approx(level[:3]), (
        "an average knows the losses so far, not those to come; here the first three averages change with the fourth loss"
    )
    assert smoothed[:3] == approx([1.0] * 3), (
        "the first three losses are all 1, so their averages are 1; here they are "
        + ", ".join(f"{loss:.4g}" for loss in smoothed[:3])
    )
    assert 9.0 > smoothed[3] > smoothed[4] > smoothed[5] > smoothed[6] > 1.0, (
        "after one loss of 9 among ones the average jumps up, then falls back to 1 a little with each batch; here it goes "
        + ", ".join(f"{loss:.2f}" for loss in smoothed[3:])
    )


@given(losses=curves, beta=betas)
def test_older_losses_weigh_less(smooth, losses, beta):
    expected, found = slow_smooth(losses, beta), [number(loss, "each average") for loss in smooth(losses, beta)]
    assert len(found) == len(losses), f"{len(losses)} losses went in, and {len(found)} averages came out"
    for now, smoothed in enumerate(found):
        assert smoothed == approx(expected[now], rel=1e-6), (
            f"with beta {beta:.3g}, average number {now + 1} is {expected[now]:.6g}, not {smoothed:.6g}: the "
            "newest has weight 1, each older one beta times the weight of the next, divided by the sum of the weights"
        )


def test_beta_is_098_unless_told(smooth):
    usual, told = ([number(loss, "each average") for loss in smooth(list(NOISY), *beta)] for beta in ((), (0.98,)))
    assert usual == approx(told), (
        f"without a beta, 0.98 is used, so that the last average is {told[-1]:.4g} either way; here it is {usual[-1]:.4g}"
    )
    expected = slow_smooth(NOISY, 0.98)
    assert usual == approx(expected), (
        f"with beta 0.98 the last average of these losses is {expected[-1]:.4g}; here it is {usual[-1]:.4g}"
    )


def test_refuses_a_beta_that_makes_no_average(smooth):
    assert refuses(smooth, list(NOISY), 1.0), "with beta 1 the correction divides by 0: raise ValueError"
    assert refuses(smooth, list(NOISY), -0.1), "a beta below 0 gives losses a negative weight: raise ValueError"
    assert refuses(smooth, list(NOISY), 98), "98 is not 0.98: raise ValueError for a beta of 1 or more"
