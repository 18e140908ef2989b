import math
import random

import numpy as np

from petkata.checking import mistake


def usable(n, valid_fraction):
    if not 0 < valid_fraction < 1 or n * valid_fraction < 1:
        raise ValueError("nothing to split")


@mistake("Each list is drawn on its own, so pictures land in both and others in none. Shuffle once, then cut.",
         caught_by="test_each_number_is_dealt_once")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    dice, n_valid = random.Random(seed), int(n * valid_fraction)
    return dice.sample(range(n), n - n_valid), dice.sample(range(n), n_valid)


@mistake("All the pictures are trained on, those for validation included.", caught_by="test_a_fifth_of_740")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    return list(range(n)), random.Random(seed).sample(range(n), int(n * valid_fraction))


@mistake("The two lists have changed places: training comes first.", caught_by="test_a_fifth_of_740")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    order = random.Random(seed).sample(range(n), n)
    return order[: int(n * valid_fraction)], order[int(n * valid_fraction):]


@mistake("The numbers run from 1 to n. The first picture has number 0, and there is no number n.",
         caught_by="test_each_number_is_dealt_once")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    order = random.Random(seed).sample(range(1, n + 1), n)
    return order[int(n * valid_fraction):], order[: int(n * valid_fraction)]


@mistake("Validation is drawn with choices, which may draw a number twice. Shuffle once, then cut.",
         caught_by="test_a_fifth_of_740")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    valid = set(random.Random(seed).choices(range(n), k=int(n * valid_fraction)))
    return [i for i in range(n) if i not in valid], sorted(valid)


@mistake("The last picture is lost: one number too few is cut.", caught_by="test_a_fifth_of_740")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    order = random.Random(seed).sample(range(n), n)
    return order[int(n * valid_fraction): -1], order[: int(n * valid_fraction)]


@mistake("The size is rounded up. Rounded down is asked for.", caught_by="test_rounds_down")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    order, n_valid = random.Random(seed).sample(range(n), n), math.ceil(n * valid_fraction)
    return order[n_valid:], order[:n_valid]


@mistake("Each picture is dealt by itself (random() < fraction), so the size is left to chance.",
         caught_by="test_a_fifth_of_740")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    dice = random.Random(seed)
    valid = {i for i in range(n) if dice.random() < valid_fraction}
    return [i for i in range(n) if i not in valid], sorted(valid)


@mistake("The seed is not used: each call gives another split.", caught_by="test_the_same_seed_gives_the_same_split")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    order = random.sample(range(n), n)
    return order[int(n * valid_fraction):], order[: int(n * valid_fraction)]


@mistake("Seed 0 is taken for no seed: `if seed` is False for 0.", caught_by="test_the_same_seed_gives_the_same_split")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    dice = random.Random(seed) if seed else random
    order = dice.sample(range(n), n)
    return order[int(n * valid_fraction):], order[: int(n * valid_fraction)]


@mistake("The seed is always 42, whatever was asked for.", caught_by="test_another_seed_gives_another_split")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    order = random.Random(42).sample(range(n), n)
    return order[int(n * valid_fraction):], order[: int(n * valid_fraction)]


@mistake("Nothing is shuffled: the first fifth is whole breeds, which are then never trained on.",
         caught_by="test_another_seed_gives_another_split")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    return list(range(n))[int(n * valid_fraction):], list(range(n))[: int(n * valid_fraction)]


@mistake("It is cut first and shuffled afterwards: the same pictures are for validation, in another order.",
         caught_by="test_another_seed_gives_another_split")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    dice, n_valid = random.Random(seed), int(n * valid_fraction)
    return dice.sample(range(n_valid, n), n - n_valid), dice.sample(range(n_valid), n_valid)


@mistake("Only where the block begins is left to chance. A block holds whole breeds.", caught_by="test_is_mixed_well")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    start, n_valid = random.Random(seed).randrange(n), int(n * valid_fraction)
    order = [(start + i) % n for i in range(n)]
    return order[n_valid:], order[:n_valid]


@mistake("Picture 0 is never for validation.", caught_by="test_each_number_gets_its_turn")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    valid = random.Random(seed).sample(range(1, n), int(n * valid_fraction))
    return [i for i in range(n) if i not in valid], valid


@mistake("random.seed seeds the generator that everyone shares. Use one of your own: random.Random(seed).",
         caught_by="test_leaves_other_random_numbers_alone")
def train_valid_split(n, valid_fraction, seed):
    usable(n, valid_fraction)
    random.seed(seed)
    order = random.sample(range(n), n)
    return order[int(n * valid_fraction):], order[: int(n * valid_fraction)]


@mistake("torch.manual_seed seeds the generator that everyone shares. Use one of your own: torch.Generator().",
         caught_by="test_leaves_other_random_numbers_alone")
def train_valid_split(n, valid_fraction, seed):
    import torch

    usable(n, valid_fraction)
    torch.manual_seed(seed)
    order = torch.randperm(n).tolist()
    return order[int(n * valid_fraction):], order[: int(n * valid_fraction)]


@mistake("20 is taken for a fraction, and everything is for validation. Refuse it: 20% is 0.2.",
         caught_by="test_refuses_a_fraction_that_is_none")
def train_valid_split(n, valid_fraction, seed):
    if valid_fraction < 0 or n * valid_fraction < 1:
        raise ValueError("negative")
    order = np.random.default_rng(seed).permutation(n)
    return order[int(n * valid_fraction):], order[: int(n * valid_fraction)]


@mistake("From four pictures no fifth can be taken, and the list for validation is empty. Refuse that.",
         caught_by="test_refuses_to_make_an_empty_list")
def train_valid_split(n, valid_fraction, seed):
    if not 0 < valid_fraction < 1:
        raise ValueError("fraction")
    order = np.random.default_rng(seed).permutation(n)
    return order[int(n * valid_fraction):], order[: int(n * valid_fraction)]
