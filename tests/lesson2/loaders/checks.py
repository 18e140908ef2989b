import copy
import math
import os
import re

import pytest


class Loaders:
    """What the answer makes of a folder. It stays where the answer runs, and `seen(look)` looks at it there."""

    def __init__(self, pet_loaders, *args, **kwargs):
        self.pet_loaders = pet_loaders
        something, self.made = pet_loaders.where_it_runs(make, args, kwargs)
        assert something, "the DataLoaders are to be given back, and nothing was"

    def seen(self, look, *args):
        """What `look(dls, *args)` gives, with copies of these."""
        return self.pet_loaders.where_it_runs(look_at, self.made, look, *copy.deepcopy(args))


def make(pet_loaders, args, kwargs):
    dls = pet_loaders(*args, **kwargs)
    return dls is not None, lambda: dls


def look_at(pet_loaders, made, look, *args):
    return look(made(), *args)


@pytest.fixture(scope="session")
def pets(mixed_pets):
    return Recognize(mixed_pets)


@pytest.fixture(scope="session")
def mixed(pet_loaders, mixed_pets):
    """What the answer makes of a folder as the real one is."""
    return Loaders(pet_loaders, mixed_pets, size=40, batch_size=8, seed=3)


@pytest.fixture(scope="session")
def square(pet_loaders, square_pets):
    return Loaders(pet_loaders, str(square_pets), 32, 6, 7)


class Recognize:
    """Tells which file a picture was loaded from, by its looks: any way of loading will do."""

    def __init__(self, folder):
        from PIL import Image

        self.looks = {path.name: thumbnail(Image.open(path)) for path in sorted((folder / "images").glob("*.jpg"))}
        self.files = list(self.looks)

    def names(self, dataset):
        """The file's name of each picture of a data set."""
        pictures = [thumbnail(item[0]) for item in dataset]
        return [min(self.looks, key=lambda name: abs(self.looks[name] - picture).sum()) for picture in pictures]


def thumbnail(picture):
    import numpy as np

    picture = picture.convert("RGB").resize((12, 12))
    return np.asarray(picture, dtype=np.float64)


def breed_in(name):
    return re.sub(r"_\d+\.jpg$", "", name)


def lengths(dls):
    return len(dls.train_ds), len(dls.valid_ds)


def train_names(dls, pets):
    return pets.names(dls.train_ds)


def valid_names(dls, pets):
    return sorted(pets.names(dls.valid_ds))


def labels(dls, pets):
    """Of each picture of both data sets the name of its file, and the breed that is its label."""
    return [(name, dls.vocab[int(item[1])]) for dataset in (dls.train_ds, dls.valid_ds)
            for name, item in zip(pets.names(dataset), dataset)]


def shapes(dls):
    return [tuple(loader.one_batch()[0].shape) for loader in (dls.train, dls.valid)]


def batches(loader):
    """One pass: all pictures as one tensor, all labels as a list."""
    import torch

    pictures, labels = zip(*[batch[:2] for batch in loader])
    return torch.cat([batch.cpu() for batch in pictures]).as_subclass(torch.Tensor), torch.cat(labels).tolist()


def passes(dls, part, n):
    """So many passes through the loader `train` or `valid`."""
    return [batches(getattr(dls, part)) for _ in range(n)]


def test_takes_the_pictures_and_nothing_else(pet_loaders, mixed, pets):
    n, expected = sum(mixed.seen(lengths)), len(pets.files)
    assert n >= expected, f"{expected} pictures lie in `images`; the loaders hold only {n}"
    assert n <= expected, (
        f"{expected} pictures lie in `images`; the loaders hold {n}, so either one of them twice or something else. "
        "In `images` lie a .mat and a .txt file, too, and beside it a folder with other pictures"
    )


def test_a_fifth_is_for_validation(pet_loaders, mixed, pets):
    n, (_, n_valid) = len(pets.files), mixed.seen(lengths)
    assert n_valid in (n // 5, math.ceil(n / 5)), f"a fifth of {n} pictures is {n / 5:.1f}; for validation there are {n_valid}"


def test_the_vocabulary_is_the_breeds(pet_loaders, mixed, pets):
    vocab, breeds = mixed.seen(lambda dls: list(dls.vocab)), sorted({breed_in(name) for name in pets.files})
    assert sorted(vocab) == breeds, f"the classes must be the breeds {breeds}, not {vocab[:8]}"


def test_pictures_become_squares_of_that_size(pet_loaders, mixed, square):
    for loaders, size in ((mixed, 40), (square, 32)):
        for shape, name in zip(loaders.seen(shapes), ("training", "validation")):
            assert shape[1:] == (3, size, size), (
                f"size was {size}, so a {name} batch has the shape (batch_size, 3, {size}, {size}), not {shape}"
            )


def test_batches_are_as_large_as_asked(pet_loaders, mixed, square):
    for loaders, batch_size in ((mixed, 8), (square, 6)):
        seen = loaders.seen(lambda dls: len(dls.train.one_batch()[0]))
        assert seen == batch_size, f"batch_size was {batch_size}, and a training batch holds {seen} pictures"


def test_nothing_is_in_both(pet_loaders, mixed, pets):
    train, valid = mixed.seen(train_names, pets), mixed.seen(valid_names, pets)
    both = set(train) & set(valid)
    assert not both, f"{len(both)} pictures ({min(both)}, ...) are for training and for validation: the error would lie"
    missing = set(pets.files) - set(train) - set(valid)
    assert not missing, f"{len(missing)} pictures ({min(missing)}, ...) are in neither part"


def test_each_label_is_that_of_its_file(pet_loaders, mixed, pets):
    for name, said in mixed.seen(labels, pets):
        assert said == breed_in(name), f"{name} has the label {said!r}: each picture must have the breed of its own name"


def test_batches_carry_these_labels(pet_loaders, mixed):
    [(_, labels)] = mixed.seen(passes, "valid", 1)
    expected = mixed.seen(lambda dls: [int(item[1]) for item in dls.valid_ds])
    assert labels == expected, "a validation batch holds the pictures in their order, each with its own label"


def test_the_same_seed_gives_the_same_validation_set(pet_loaders, mixed_pets, mixed, pets):
    import torch

    first = mixed.seen(valid_names, pets)
    for _ in range(2):
        torch.rand(5)  # something else is random in between
        again = Loaders(pet_loaders, mixed_pets, size=40, batch_size=8, seed=3).seen(valid_names, pets)
        assert again == first, (
            f"with the same seed the same pictures must be for validation; {len(set(first) - set(again))} of "
            f"{len(first)} are others, so two runs could not be compared"
        )


class Backward:
    """`os.scandir` on a disk that lists its files in the opposite order."""

    def __init__(self, path=".", scandir=os.scandir):
        with scandir(path) as entries:
            self.entries = iter(list(entries)[::-1])

    def __iter__(self):
        return self.entries

    def __next__(self):
        return next(self.entries)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def close(self):
        pass


def valid_names_backward(pet_loaders, pets, *args):
    """The pictures for validation on a disk that lists its files in the opposite order."""
    listdir, scandir = os.listdir, os.scandir
    os.listdir, os.scandir = lambda path=".": listdir(path)[::-1], Backward
    try:
        dls = pet_loaders(*args)
    finally:
        os.listdir, os.scandir = listdir, scandir
    return valid_names(dls, pets)


def test_the_order_on_the_disk_does_not_matter(pet_loaders, mixed_pets, mixed, pets):
    first, again = mixed.seen(valid_names, pets), pet_loaders.where_it_runs(
        valid_names_backward, copy.deepcopy(pets), mixed_pets, 40, 8, 3)
    assert again == first, (
        "each disk lists its files in an order of its own; where it lists these backward, the same seed chooses "
        f"{len(set(first) - set(again))} other pictures of {len(first)}"
    )


def test_another_seed_gives_another_validation_set(pet_loaders, mixed_pets, mixed, pets):
    sets = [tuple(mixed.seen(valid_names, pets))]
    sets += [tuple(Loaders(pet_loaders, mixed_pets, 40, 8, seed).seen(valid_names, pets)) for seed in (4, 5)]
    assert len(set(sets)) == 3, "seeds 3, 4 and 5 must choose different validation sets; some are the same"


def test_values_go_from_0_to_1(pet_loaders, square):
    [(pictures, _)] = square.seen(passes, "valid", 1)
    low, high, mean = float(pictures.min()), float(pictures.max()), float(pictures.mean())
    assert 0 <= low and high <= 1 and 0.15 < mean < 0.85, (
        f"values of pixels must go from 0 to 1, not yet normalized; here {low:.2f} to {high:.2f}, on the mean {mean:.2f}. "
        "Each network has statistics of its own, and the learner will use them"
    )


def test_validation_pictures_stay_the_same(pet_loaders, square):
    (first, _), (second, _) = square.seen(passes, "valid", 2)
    changed = sum(not a.allclose(b, atol=1e-4) for a, b in zip(first, second))
    assert not changed, (
        f"{changed} of {len(first)} validation pictures differ between two passes: they must not be augmented, "
        "or the error would change without any learning"
    )


def test_training_pictures_change(pet_loaders, square):
    # On the square pictures only augmentation changes anything: without it all 24 are found again, to the last digit.
    (first, _), (second, _) = square.seen(passes, "train", 2)
    changed = sum(not any(a.allclose(b, atol=1e-4) for b in first) for a in second)
    assert changed, "in two passes the training pictures are exactly the same: they must be augmented"


def test_training_order_changes(pet_loaders, square):
    orders = [labels for _, labels in square.seen(passes, "train", 3)]
    assert orders[0] != orders[1] or orders[1] != orders[2], (
        "three passes showed the training pictures in the same order: they must be shuffled for each pass"
    )
