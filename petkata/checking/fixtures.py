"""What checks on the pets are given. Made on first use; fastai is imported only then."""

from __future__ import annotations

import random
import shutil

import pytest

from petkata.checking.limits import SEED, seed_everything
from petkata.checking.margins import Measured

MADE_ONCE = ("few_loaders", "tiny_loaders", "learner_on", "mixed_pets", "square_pets")  # fixtures that no answer has a part in
FEW_BREEDS = ("Bengal", "Persian", "Siamese", "Sphynx", "beagle", "pug", "samoyed", "scottish_terrier")


@pytest.fixture
def measured(request):
    """`measured("error", error, below=0.15)`: whether a number that chance decides is on the right side of its limit.

    What was measured is noted, so that `python -m benchmarks.margins` can show how far from the limit it stands.
    """
    request.node.measured = Measured()
    return request.node.measured


@pytest.fixture(scope="session")
def photographs(request):
    """Whether this run uses photographs instead of drawn pets."""
    from petkata.pets.choice import wants_photographs

    return wants_photographs(request.config.getoption("--pets"))


@pytest.fixture(scope="session")
def tiny_pets(request, photographs):
    """Folder of the tiny set: `images/` with 20 square pictures of each of the 37 breeds: drawn ones of 64 pixels, or
    photographs of 128."""
    from petkata.pets.photographs import tiny_photographs
    from petkata.pets.tiny import tiny_pets

    if photographs:
        pets = request.config.getoption("--pets")
        return tiny_photographs(None if pets == "real" else pets)
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
    from PIL import Image

    files = sorted(get_image_files(folder / "images"))
    with Image.open(files[0]) as picture:
        size = picture.width
    return ImageDataLoaders.from_name_re(
        folder, files, pat=r"^(.+)_\d+\.jpg$", valid_pct=0.2, seed=seed, item_tfms=Resize(size),
        batch_tfms=aug_transforms(size=size, max_rotate=5, max_warp=0), bs=batch_size, num_workers=0,
    )


@pytest.fixture(scope="session")
def run_seed(request):
    """The seed of this run: `--seed`, or the usual one."""
    seed = request.config.getoption("--seed")
    return SEED if seed is None else seed


@pytest.fixture(scope="session")
def few_loaders(few_pets, run_seed):
    """DataLoaders of eight easy breeds: 128 pictures to learn from, in batches of 16, and 32 to validate."""
    return shared(loaders(few_pets, seed=run_seed), run_seed)


@pytest.fixture(scope="session")
def tiny_loaders(tiny_pets, run_seed):
    """DataLoaders of all 37 breeds: 592 pictures to learn from, in batches of 32, and 148 to validate."""
    return shared(loaders(tiny_pets, seed=run_seed, batch_size=32), run_seed)


SHARED = []  # (DataLoaders, seed): those that all answers learn from


def shared(dls, seed):
    """Note loaders that outlive a check, so that each check finds them as the first one did."""
    SHARED.append((dls, seed))
    shuffle_anew(dls, seed)
    return dls


def shuffle_anew(dls, seed):
    """A fastai loader shuffles by random numbers of its own, and each epoch uses some up."""
    for loader in dls.loaders:
        loader.rng = random.Random(seed)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    for dls, seed in SHARED:
        shuffle_anew(dls, seed)


@pytest.fixture(scope="session")
def arch(request, photographs):
    """The small pretrained network that knows how to look at the pets of this run: petnet10, or torchvision's resnet18 for
    photographs."""
    if photographs:
        from petkata.nets.resnets import imagenet

        return imagenet("resnet18", request.config.getoption("--weights"))
    from petkata.nets import petnet10

    return petnet10


@pytest.fixture(scope="session")
def stats(photographs):
    """Mean and standard deviation, for red, green and blue, of the pictures that `arch` was pretrained on."""
    if photographs:
        from fastai.vision.core import imagenet_stats

        return imagenet_stats
    from petkata.nets import STATS

    return STATS


@pytest.fixture(scope="session")
def learner_on(run_seed, arch):
    """`learner_on(dls)` makes a fresh pretrained Learner, body frozen, which prints nothing while it trains.

    Two of them begin with the same weights. Takes the options of fastai's vision_learner, and `arch=`.
    """

    def make(dls, arch=arch, **options):
        from fastai.vision.all import ProgressCallback, error_rate, noop, vision_learner

        seed_everything(run_seed)
        learn = vision_learner(dls, arch, **{"metrics": error_rate, **options})
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
