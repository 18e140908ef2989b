import random
import sys

from hypothesis import given
from hypothesis import strategies as st

from petkata.checking import refuses
from petkata.checking.limits import seed_everything

seeds = st.integers(0, 2**31)


@st.composite
def shares(draw):
    """n, a fraction of it that is no whole number, and how many that is, rounded down."""
    n = draw(st.integers(3, 60))
    n_valid = draw(st.integers(1, n - 2))
    return n, (n_valid + draw(st.sampled_from([0.3, 0.5, 0.8]))) / n, n_valid


def deal(train_valid_split, *args):
    """Both lists as plain numbers."""
    train, valid = train_valid_split(*args)
    return [int(i) for i in train], [int(i) for i in valid]


def valid_set(train_valid_split, n, fraction, seed):
    return frozenset(deal(train_valid_split, n, fraction, seed)[1])


def test_a_fifth_of_740(train_valid_split):
    train, valid = deal(train_valid_split, 740, 0.2, 42)
    assert (len(train), len(valid)) == (592, 148), (
        f"a fifth of 740 is 148: 592 to train on and 148 to validate on, not {len(train)} and {len(valid)}"
    )


@given(shares(), seeds)
def test_each_number_is_dealt_once(train_valid_split, share, seed):
    n, fraction, _ = share
    train, valid = deal(train_valid_split, n, fraction, seed)
    both = set(train) & set(valid)
    assert not both, (
        f"of {n} pictures {len(both)} are in both lists: the network would be asked about pictures it has learned from"
    )
    missing = set(range(n)) - set(train) - set(valid)
    assert not missing, f"of the numbers 0 to {n - 1}, {len(missing)} are in neither list: those pictures are lost"
    assert sorted(train + valid) == list(range(n)), f"together the lists are 0 to {n - 1}, each number once"


@given(shares(), seeds)
def test_rounds_down(train_valid_split, share, seed):
    n, fraction, n_valid = share
    _, valid = deal(train_valid_split, n, fraction, seed)
    assert len(valid) == n_valid, f"{n} times {fraction:.4f} is {n * fraction:.2f}, rounded down {n_valid}, not {len(valid)}"


@given(shares(), seeds)
def test_the_same_seed_gives_the_same_split(train_valid_split, share, seed):
    n, fraction, _ = share
    first = deal(train_valid_split, n, fraction, seed)
    seed_everything(seed + 1)  # what was drawn elsewhere, in between, must not matter
    assert deal(train_valid_split, n, fraction, seed) == first, f"seed {seed} must give the same split each time"


def test_another_seed_gives_another_split(train_valid_split):
    sets = {valid_set(train_valid_split, 740, 0.2, seed) for seed in range(20)}
    assert len(sets) == 20, f"20 seeds must choose 20 different validation sets of 740 pictures; there are {len(sets)}"


def test_is_mixed_well(train_valid_split):
    # Of 100 numbers drawn by chance out of 400, 25 are followed by another drawn one, give or take 4 (one standard
    # deviation; over 1000 seeds: 13 to 38). A block has 99 or 100, each fourth number none.
    for seed in range(5):
        valid = valid_set(train_valid_split, 400, 0.25, seed)
        pairs = sum(i + 1 in valid for i in valid)
        assert 5 < pairs < 50, (
            f"of 100 numbers dealt by chance out of 400 about 25 have their follower beside them; here {pairs} have. "
            "Pictures lie in order of breed, so a block would hold whole breeds"
        )


def test_each_number_gets_its_turn(train_valid_split):
    chosen = set().union(*(valid_set(train_valid_split, 20, 0.25, seed) for seed in range(100)))
    assert chosen == set(range(20)), f"over 100 seeds, {sorted(set(range(20)) - chosen)} were never chosen for validation"


def test_leaves_other_random_numbers_alone(train_valid_split):
    train_valid_split(50, 0.2, 3)  # whatever it imports is loaded now
    before = global_random_states(11)
    train_valid_split(50, 0.2, 3)
    after = global_random_states()
    changed = [name for name in before if before[name] != after[name]]
    assert not changed, (
        f"the global random numbers of {' and '.join(changed)} are others after a call: everything that is random "
        "afterwards would depend on your split. Draw from a generator of its own"
    )


def global_random_states(seed=None):
    if seed is not None:
        seed_everything(seed)
    states = {"random": random.getstate()}
    if "numpy" in sys.modules:
        states["numpy"] = sys.modules["numpy"].random.get_state()[1].tobytes()
    if "torch" in sys.modules:
        states["torch"] = sys.modules["torch"].get_rng_state().numpy().tobytes()
    return states


def test_refuses_a_fraction_that_is_none(train_valid_split):
    for fraction in (20, 1.5, 1.0, 0.0, -0.2):
        assert refuses(train_valid_split, 740, fraction, 42), f"{fraction} is not between 0 and 1: raise ValueError"


def test_refuses_to_make_an_empty_list(train_valid_split):
    for n, fraction in ((0, 0.2), (1, 0.5), (4, 0.2)):
        assert refuses(train_valid_split, n, fraction, 42), (
            f"{fraction} of {n} pictures, rounded down, is none: nothing could be validated. Raise ValueError"
        )
