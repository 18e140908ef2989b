"""The full run: what it trains on, and how it is told. Each run is a real pytest; without a GPU, the rehearsal."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from petkata.course import catalog
from petkata.course.catalog import ROOT
from petkata.pets import PetsError, drawn, made, oxford, packed


@pytest.fixture(scope="session")
def drawn_set(tmp_path_factory):
    """Five drawn pictures of each breed, in a folder of their own, so that caches lie beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return drawn.drawn_pets(185, 96, processes=2)


def pytest_run(*args, plugin="", **variables):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    environment.update(COLUMNS="140", **variables)
    done = subprocess.run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args], cwd=ROOT, env=environment,
                          capture_output=True, text=True, timeout=600)
    return SimpleNamespace(text=done.stdout + done.stderr, code=done.returncode)


# --- the rehearsal ---


def test_the_rehearsal_runs_every_lesson_and_tells_its_figures(tmp_path):
    before = set((ROOT / "full-runs").glob("*.json"))
    done = pytest_run("solutions", "--rehearse")
    assert done.code == 0, done.text
    assert "four epochs, frozen: epoch 4 of 4" in done.text and "skipped" not in done.text
    [written] = set((ROOT / "full-runs").glob("*.json")) - before
    told = json.loads(written.read_text())
    assert {figure["lesson"] for figure in told["figures"]} == {name.removeprefix("lesson") for name in catalog.lesson_names()}
    assert all("drawn" in figure["pictures"] and figure["reference"] is None for figure in told["figures"])
    assert told["device"] and told["versions"]["fastai"]
    written.unlink()


@pytest.mark.parametrize("name", catalog.lesson_names())
def test_every_lesson_has_a_full_run(name):
    text = (ROOT / "tests" / name / "full_run.py").read_text()
    assert "pytestmark = pytest.mark.gpu" in text and "full_run.figure(" in text


def test_a_stub_does_not_pass_the_full_run():
    done = pytest_run("exercises/lesson3", "--rehearse")
    assert done.code == 1 and "passed" not in done.text.splitlines()[-1], done.text


def test_without_cuda_it_is_skipped_and_says_so():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    done = pytest_run("-m", "gpu", "-rs", "solutions/lesson3")
    assert done.code == 0 and "there is no CUDA device here; pytest --rehearse" in done.text, done.text


def test_with_cuda_but_without_pictures_it_fails_and_says_what_to_fetch(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "cuda.py").write_text("import torch\ntorch.cuda.is_available = lambda: True\n")
    done = pytest_run("-p", "cuda", "-m", "gpu", "solutions/lesson3", "--pets", str(tmp_path),
                      PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))
    assert done.code == 1 and "0 of 7390 photographs" in done.text and "untar_data(URLs.PETS" in done.text, done.text
    assert "skipped" not in done.text.splitlines()[-1]


# --- the drawn set ---


def test_the_drawn_set_is_laid_out_like_the_real_one(drawn_set):
    found = oxford.check(drawn_set, expected=185)
    assert found.complete and set(found.by_breed.values()) == {5}
    sizes = {Image.open(path).size for path in (drawn_set / "images").iterdir()}
    assert len(sizes) > 10 and max(max(size) for size in sizes) <= 96 < 2 * min(max(size) for size in sizes)


def test_a_damaged_drawn_set_is_drawn_anew(drawn_set):
    (drawn_set / "images" / "pug_1.jpg").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(drawn_set.parents[1]))
        assert drawn.drawn_pets(185, 96, processes=1) == drawn_set
    assert oxford.check(drawn_set, expected=185).complete


# --- resized once ---


def test_photographs_are_resized_by_their_shorter_side(drawn_set):
    small = packed.packed(drawn_set, 48, processes=1)
    assert len(small.names) == 185 and all(min(shape) == 48 for shape in small.shapes)
    path = drawn_set / "images" / small.names[3]
    height, width = small.shapes[3]
    expected = oxford.open_photo(path).resize((width, height), Image.Resampling.BILINEAR)
    assert np.array_equal(small[3], np.asarray(expected))


def test_the_cache_is_made_once_and_anew_when_something_changed(drawn_set, monkeypatch):
    folder = packed.packed(drawn_set, 48, processes=1).folder
    written = (folder / "pixels.bin").stat().st_mtime_ns
    assert packed.packed(drawn_set, 48).folder == folder and (folder / "pixels.bin").stat().st_mtime_ns == written
    for change in (lambda: (folder / "pixels.bin").write_bytes(b"cut short"),
                   lambda: os.utime(drawn_set / "images" / "pug_2.jpg"),
                   lambda: monkeypatch.setattr(packed, "VERSION", 99)):
        change()
        packed.packed(drawn_set, 48, processes=1)
        assert made.damage(folder) is None
        assert (folder / "pixels.bin").stat().st_mtime_ns != written
        written = (folder / "pixels.bin").stat().st_mtime_ns
    assert packed.packed(drawn_set, 50, processes=1).folder != folder


def test_a_photograph_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "set" / "images").mkdir(parents=True)
    (tmp_path / "set" / "images" / "pug_1.jpg").write_bytes(b"no image")
    with pytest.raises(PetsError, match="pug_1.jpg is not an image"):
        packed.packed(tmp_path / "set", 48, processes=1)
    assert not (tmp_path / "set-resized-48").exists()


@pytest.fixture(scope="session")
def loaders(drawn_set):
    import torch

    from petkata.full.loading import packed_loaders

    return packed_loaders(packed.packed(drawn_set, 72, processes=1), drawn_set, 64, 8, seed=1, device=torch.device("cpu"))


def test_batches_are_what_fastais_own_loaders_make(loaders, drawn_set):
    from fastai.vision.all import ImageDataLoaders, Resize, aug_transforms

    stock = ImageDataLoaders.from_name_re(
        drawn_set, oxford.photographs(drawn_set), pat=r"^(.+)_\d+\.jpg$", seed=1, item_tfms=Resize(72),
        batch_tfms=aug_transforms(size=64), bs=8, num_workers=0)
    assert loaders.vocab == stock.vocab
    assert list(loaders.train.items) == list(stock.train.items)
    for mine, theirs in zip(loaders.valid, stock.valid):
        apart, others = (mine[0] - theirs[0]).abs().mean(), (mine[0] - theirs[0].roll(1, 0)).abs().mean()
        # They crop before they resize: up to half a pixel apart.
        assert apart < others / 10 and mine[1].equal(theirs[1])
        assert type(mine[0]) is type(theirs[0])
    images, breeds = loaders.train.one_batch()
    assert images.shape == (8, 3, 64, 64) and 0 <= images.min() < 0.4 < images.max() <= 1


def test_training_sees_every_picture_once_in_another_order_each_time(loaders):
    train = loaders.train.new(drop_last=False)
    first, second = ([breed for _, breeds in train for breed in breeds.tolist()] for _ in range(2))
    assert sorted(first) == sorted(second) and first != second and len(first) == len(loaders.train_ds)


def test_loaders_of_the_same_photographs_share_one_block(loaders, drawn_set):
    import torch

    from petkata.full.loading import packed_loaders

    packed_once = loaders.train.block.packed
    again = packed_loaders(packed_once, drawn_set, 64, 8, seed=2, device=torch.device("cpu"))
    assert again.train.block is again.valid.block is loaders.train.block


def test_a_photograph_from_elsewhere_is_opened_not_taken_from_the_block(loaders, drawn_set, tmp_path):
    name = loaders.valid.items[0].name
    Image.new("RGB", (90, 90), (0, 255, 0)).save(tmp_path / name)
    [images] = loaders.test_dl([tmp_path / name]).one_batch()
    assert images[0, 1].min() > 0.9 and images[0, 0].max() < 0.1


def test_an_exported_learner_carries_no_photographs(loaders, tmp_path):
    from fastai.vision.all import load_learner, vision_learner

    from petkata.nets import petnet10

    learn = vision_learner(loaders, petnet10, pretrained=False, path=tmp_path)
    learn.export("pets.pkl")
    assert (tmp_path / "pets.pkl").stat().st_size < 4e6
    again = load_learner(tmp_path / "pets.pkl")
    with again.no_bar(), learn.no_bar():
        assert again.predict(loaders.valid.items[0])[0] == learn.predict(loaders.valid.items[0])[0]
