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

        from fastai.vision.all import ProgressCallback, error_rate, noop, vision_learner

        from petkata.checking.limits import seed_everything
        from petkata.nets import petnet10

        seed_everything()
        learn = vision_learner(dls, petnet10, **{"metrics": error_rate, **options})
        learn.remove_cb(ProgressCallback)
        learn.logger = noop
        return learn

    return make


@pytest.fixture(scope="session")
def mixed_pets(tmp_path_factory):
    """A folder like that of the real set: pictures of several shapes, a GIF, a PNG and a gray one named .jpg in `images`,
    with files that are no pictures; beside it a folder of other pictures."""
    from PIL import Image

    n_pictures = {"Maine_Coon": 9, "Russian_Blue": 7, "american_pit_bull_terrier": 12, "great_pyrenees": 8, "pug": 15}
    shapes = [(64, 64), (80, 60), (54, 72), (96, 56)]  # width, height
    folder = draw_pets(tmp_path_factory.mktemp("mixed_pets"), n_pictures, shapes)
    for name, mode, kind in (("pug_4", "P", "GIF"), ("Maine_Coon_2", "RGBA", "PNG"), ("great_pyrenees_3", "L", "JPEG")):
        file = folder / "images" / f"{name}.jpg"
        with Image.open(file) as picture:
            changed = picture.convert(mode)
        changed.save(file, kind)
    (folder / "images" / "Maine_Coon_100.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    (folder / "images" / "notes.txt").write_text("More pictures of Russian Blues are wanted.")
    outlines = folder / "annotations" / "trimaps"
    outlines.mkdir(parents=True)
    for name in ("pug_1", "pug_2", "Maine_Coon_1"):
        Image.new("L", (64, 64), 128).save(outlines / f"{name}.jpg")
    return folder


@pytest.fixture(scope="session")
def square_pets(tmp_path_factory):
    """A folder of thirty square pictures of three breeds: nothing of them needs to be cut off."""
    return draw_pets(tmp_path_factory.mktemp("square_pets"), {"Siamese": 10, "beagle": 10, "samoyed": 10}, [(48, 48)])


def draw_pets(folder, n_pictures: dict[str, int], shapes: list[tuple[int, int]]):
    """Fill `folder`/images with so many pictures of each breed, of each (width, height) in turn."""
    from PIL import Image

    from petkata.pets.breeds import BREEDS
    from petkata.pets.drawing import draw

    (folder / "images").mkdir()
    for breed, n in n_pictures.items():
        for number in range(1, n + 1):
            width, height = shapes[number % len(shapes)]
            pixels = draw(BREEDS[breed], seed=number, size=max(width, height)).pixels[:height, :width]
            Image.fromarray(pixels).save(folder / "images" / f"{breed}_{number}.jpg", quality=95)
    return folder
