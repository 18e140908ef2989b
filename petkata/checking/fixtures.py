"""What checks on the pets are given. Made on first use; fastai is imported only then."""

from __future__ import annotations

import shutil

import pytest

FEW_BREEDS = ("Bengal", "Persian", "Siamese", "Sphynx", "beagle", "pug", "samoyed", "scottish_terrier")


@pytest.fixture(scope="session")
def tiny_pets():
    """Folder of the tiny set: `images/` with 20 pictures of each of the 37 breeds, 64 pixels square."""
    from petkata.pets.tiny import tiny_pets

    return tiny_pets()


@pytest.fixture(scope="session")
def few_pets(tiny_pets, tmp_path_factory):
    """Folder like the tiny set with eight easy breeds only, for checks that train."""
    folder = tmp_path_factory.mktemp("few_pets")
    (folder / "images").mkdir()
    for breed in FEW_BREEDS:
        for picture in (tiny_pets / "images").glob(f"{breed}_*.jpg"):
            shutil.copy(picture, folder / "images")
    return folder


def loaders(folder, seed=42, batch_size=16):
    """fastai DataLoaders of a folder of pets, 20% for validation, as the solution of lesson 2 makes them."""
    from fastai.vision.all import ImageDataLoaders, Resize, aug_transforms, get_image_files

    return ImageDataLoaders.from_name_re(
        folder, sorted(get_image_files(folder / "images")), pat=r"^(.+)_\d+\.jpg$", valid_pct=0.2, seed=seed,
        item_tfms=Resize(64), batch_tfms=aug_transforms(size=64, max_rotate=5, max_warp=0), bs=batch_size, num_workers=0,
    )


@pytest.fixture(scope="session")
def few_loaders(few_pets):
    return loaders(few_pets)


@pytest.fixture(scope="session")
def tiny_loaders(tiny_pets):
    return loaders(tiny_pets, batch_size=32)


@pytest.fixture(scope="session")
def learner_on():
    """`learner_on(dls)` makes a fresh pretrained Learner, body frozen, which prints nothing while it trains."""

    def make(dls, **options):
        import warnings

        from fastai.vision.all import ProgressCallback, error_rate, noop, vision_learner

        from petkata.checking.limits import seed_everything
        from petkata.nets import petnet10

        seed_everything()
        learn = vision_learner(dls, petnet10, metrics=error_rate, **options)
        learn.remove_cb(ProgressCallback)
        learn.logger = noop
        return learn

    return make
