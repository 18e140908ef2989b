import math
import os
import re
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="session")
def mixed(pet_loaders, mixed_pets):
    """What the answer makes of a folder as the real one is; `names` are the files of its pictures."""
    pets = Recognize(mixed_pets)
    return SimpleNamespace(dls=pet_loaders(mixed_pets, size=40, batch_size=8, seed=3), pets=pets, names=list(pets.looks))


@pytest.fixture(scope="session")
def square(pet_loaders, square_pets):
    return pet_loaders(str(square_pets), 32, 6, 7)


class Recognize:
    """Tells which file a picture was loaded from, by its looks: any way of loading will do."""

    def __init__(self, folder):
        from PIL import Image

        self.looks = {path.name: thumbnail(Image.open(path)) for path in sorted((folder / "images").glob("*.jpg"))}

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


def valid_names(pets, dls):
    return sorted(pets.names(dls.valid_ds))


def batches(loader):
    """One pass: all pictures as one tensor, all labels as a list."""
    import torch

    pictures, labels = zip(*[batch[:2] for batch in loader])
    return torch.cat([batch.cpu() for batch in pictures]).as_subclass(torch.Tensor), torch.cat(labels).tolist()


def test_takes_the_pictures_and_nothing_else(pet_loaders, mixed):
    n, expected = len(mixed.dls.train_ds) + len(mixed.dls.valid_ds), len(mixed.names)
    assert n >= expected, f"{expected} pictures lie in `images`; the loaders hold only {n}"
    assert n <= expected, (
        f"{expected} pictures lie in `images`; the loaders hold {n}, so either one of them twice or something else. "
        "In `images` lie a .mat and a .txt file, too, and beside it a folder with other pictures"
    )


def test_a_fifth_is_for_validation(pet_loaders, mixed):
    n, n_valid = len(mixed.names), len(mixed.dls.valid_ds)
    assert n_valid in (n // 5, math.ceil(n / 5)), f"a fifth of {n} pictures is {n / 5:.1f}; for validation there are {n_valid}"


def test_the_vocabulary_is_the_breeds(pet_loaders, mixed):
    vocab, breeds = list(mixed.dls.vocab), sorted({breed_in(name) for name in mixed.names})
    assert sorted(vocab) == breeds, f"the classes must be the breeds {breeds}, not {vocab[:8]}"


def test_pictures_become_squares_of_that_size(pet_loaders, mixed, square):
    for dls, size in ((mixed.dls, 40), (square, 32)):
        for loader, name in ((dls.train, "training"), (dls.valid, "validation")):
            shape = tuple(loader.one_batch()[0].shape)
            assert shape[1:] == (3, size, size), (
                f"size was {size}, so a {name} batch has the shape (batch_size, 3, {size}, {size}), not {shape}"
            )


def test_batches_are_as_large_as_asked(pet_loaders, mixed, square):
    for dls, batch_size in ((mixed.dls, 8), (square, 6)):
        seen = len(dls.train.one_batch()[0])
        assert seen == batch_size, f"batch_size was {batch_size}, and a training batch holds {seen} pictures"


def test_nothing_is_in_both(pet_loaders, mixed):
    train, valid = mixed.pets.names(mixed.dls.train_ds), mixed.pets.names(mixed.dls.valid_ds)
    both = set(train) & set(valid)
    assert not both, f"{len(both)} pictures ({min(both)}, ...) are for training and for validation: the error would lie"
    missing = set(mixed.names) - set(train) - set(valid)
    assert not missing, f"{len(missing)} pictures ({min(missing)}, ...) are in neither part"


def test_each_label_is_that_of_its_file(pet_loaders, mixed):
    for dataset in (mixed.dls.train_ds, mixed.dls.valid_ds):
        for name, item in zip(mixed.pets.names(dataset), dataset):
            said = mixed.dls.vocab[int(item[1])]
            assert said == breed_in(name), f"{name} has the label {said!r}: each picture must have the breed of its own name"


def test_batches_carry_these_labels(pet_loaders, mixed):
    _, labels = batches(mixed.dls.valid)
    expected = [int(item[1]) for item in mixed.dls.valid_ds]
    assert labels == expected, "a validation batch holds the pictures in their order, each with its own label"


def test_the_same_seed_gives_the_same_validation_set(pet_loaders, mixed_pets, mixed):
    import torch

    first = valid_names(mixed.pets, mixed.dls)
    for _ in range(2):
        torch.rand(5)  # something else is random in between
        again = valid_names(mixed.pets, pet_loaders(mixed_pets, size=40, batch_size=8, seed=3))
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


def test_the_order_on_the_disk_does_not_matter(pet_loaders, mixed_pets, mixed, monkeypatch):
    listdir = os.listdir
    monkeypatch.setattr(os, "scandir", Backward)
    monkeypatch.setattr(os, "listdir", lambda path=".": listdir(path)[::-1])
    backward = pet_loaders(mixed_pets, size=40, batch_size=8, seed=3)
    monkeypatch.undo()
    first, again = valid_names(mixed.pets, mixed.dls), valid_names(mixed.pets, backward)
    assert again == first, (
        "each disk lists its files in an order of its own; where it lists these backward, the same seed chooses "
        f"{len(set(first) - set(again))} other pictures of {len(first)}"
    )


def test_another_seed_gives_another_validation_set(pet_loaders, mixed_pets, mixed):
    sets = [tuple(valid_names(mixed.pets, mixed.dls))]
    sets += [tuple(valid_names(mixed.pets, pet_loaders(mixed_pets, 40, 8, seed))) for seed in (4, 5)]
    assert len(set(sets)) == 3, "seeds 3, 4 and 5 must choose different validation sets; some are the same"


def test_values_go_from_0_to_1(pet_loaders, square):
    pictures, _ = batches(square.valid)
    low, high, mean = float(pictures.min()), float(pictures.max()), float(pictures.mean())
    assert 0 <= low and high <= 1 and 0.15 < mean < 0.85, (
        f"values of pixels must go from 0 to 1, not yet normalized; here {low:.2f} to {high:.2f}, on the mean {mean:.2f}. "
        "Each network has statistics of its own, and the learner will use them"
    )


def test_validation_pictures_stay_the_same(pet_loaders, square):
    (first, _), (second, _) = batches(square.valid), batches(square.valid)
    changed = sum(not a.allclose(b, atol=1e-4) for a, b in zip(first, second))
    assert not changed, (
        f"{changed} of {len(first)} validation pictures differ between two passes: they must not be augmented, "
        "or the error would change without any learning"
    )


def test_training_pictures_change(pet_loaders, square):
    # On the square pictures only augmentation changes anything: without it all 24 are found again, to the last digit.
    (first, _), (second, _) = batches(square.train), batches(square.train)
    changed = sum(not any(a.allclose(b, atol=1e-4) for b in first) for a in second)
    assert changed, "in two passes the training pictures are exactly the same: they must be augmented"


def test_training_order_changes(pet_loaders, square):
    orders = [batches(square.train)[1] for _ in range(3)]
    assert orders[0] != orders[1] or orders[1] != orders[2], (
        "three passes showed the training pictures in the same order: they must be shuffled for each pass"
    )
