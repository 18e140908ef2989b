"""The tiny set of real photographs, and the weights that go with it: made from a local copy, or a sentence."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from petkata.nets import resnets
from petkata.pets import PetsError, drawn, made, oxford, photographs
from petkata.pets.breeds import BREEDS
from petkata.pets.choice import wants_photographs


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """Like a local copy of the real set, but drawn, and with 21 pictures of each breed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        source = drawn.drawn_pets(21 * 37, 96, processes=2)
    folder = tmp_path_factory.mktemp("archive") / "oxford"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(made.MANIFEST))
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(oxford, "PHOTOGRAPHS", 21 * 37)
    return tmp_path / "cache"


def test_which_pets_are_asked_for(archive, tmp_path):
    assert not wants_photographs(None) and not wants_photographs("drawn")
    assert wants_photographs("real") and wants_photographs(str(archive))
    assert not wants_photographs(str(tmp_path)), "a new folder is one for the drawn pets"


def test_twenty_square_photographs_of_each_breed(archive, cache):
    folder = photographs.tiny_photographs(archive)
    assert folder.is_relative_to(cache)
    found = oxford.photographs(folder)
    assert {breed: sum(oxford.breed_of(path) == breed for path in found) for breed in BREEDS} == dict.fromkeys(BREEDS, 20)
    assert {Image.open(path).size for path in found} == {(128, 128)}


def test_the_same_ones_are_chosen_whatever_the_order(archive):
    files = oxford.photographs(archive)
    names = [path.name for path in photographs.chosen(files)]
    assert names == [path.name for path in photographs.chosen(files[::-1])]
    assert names[:2] == sorted(
        (path.name for path in files if path.name.startswith("Abyssinian")),
        key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:2]


def test_a_local_copy_that_is_not_whole_is_refused_and_says_what_is_missing(archive, cache, tmp_path):
    some = tmp_path / "some"
    shutil.copytree(archive, some)
    (some / "images" / "pug_3.jpg").unlink()
    with pytest.raises(PetsError) as error:
        photographs.tiny_photographs(some)
    for words in ("776 of 777 photographs", "pug: 1 missing, such as pug_3.jpg", "untar_data(URLs.PETS", "--pets PATH"):
        assert words in str(error.value)
    assert not list(cache.glob("petkata/tiny-photographs*"))


def test_no_network_is_a_sentence(cache, monkeypatch):
    from fastai.data import external

    def no_network(url):
        raise OSError("no route to host")

    monkeypatch.setattr(external, "untar_data", no_network)
    with pytest.raises(PetsError) as error:
        oxford.oxford_pets()
    for words in ("cannot be downloaded (no route to host)", external.URLs.PETS, "--pets PATH"):
        assert words in str(error.value)


@pytest.mark.skipif("PETKATA_PETS_SAMPLE" not in os.environ, reason="PETKATA_PETS_SAMPLE names no folder of real photographs")
def test_real_photographs_become_squares():
    folder = Path(os.environ["PETKATA_PETS_SAMPLE"])
    for path in photographs.chosen(oxford.photographs(folder)):
        assert oxford.open_photo(path).mode == "RGB"


# --- weights ---


@pytest.fixture
def torchvisions_file(tmp_path, monkeypatch):
    """A file of weights that is named as torchvision would name it, and an empty cache of torch's."""
    import torch
    import torchvision

    torch.save(torchvision.models.resnet18(weights=None).state_dict(), tmp_path / "file")
    digest = hashlib.sha256((tmp_path / "file").read_bytes()).hexdigest()
    file = (tmp_path / "file").rename(tmp_path / f"resnet18-{digest[:8]}.pth")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torchvision.models.ResNet18_Weights.DEFAULT.value, "url", f"https://example.org/{file.name}")
    return file


def no_network(*args, **kwargs):
    raise OSError("no route to host")


def test_weights_from_a_local_folder(torchvisions_file, tmp_path):
    arch = resnets.imagenet("resnet18", torchvisions_file.parent)
    assert (resnets.hub_folder() / torchvisions_file.name).exists()
    assert arch(weights="DEFAULT").fc.out_features == 1000
    torchvisions_file.unlink()
    assert resnets.imagenet("resnet18") is arch, "they are at hand now"


def test_a_damaged_file_of_weights_is_refused(torchvisions_file):
    torchvisions_file.write_bytes(torchvisions_file.read_bytes()[:-100])
    with pytest.raises(resnets.WeightsError, match="is damaged: its sha256 begins with"):
        resnets.imagenet("resnet18", torchvisions_file.parent)
    assert not (resnets.hub_folder() / torchvisions_file.name).exists()


def test_weights_that_cannot_be_fetched_are_named_with_the_command(torchvisions_file, monkeypatch, tmp_path):
    import torch

    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(resnets.WeightsError) as error:
        resnets.imagenet("resnet18", tmp_path / "empty")
    for words in ("resnet18", "no route to host", f"https://example.org/{torchvisions_file.name}", "--weights PATH", "python -c"):
        assert words in str(error.value)


def test_weights_that_were_not_pretrained_yet_name_the_command(cache):
    with pytest.raises(resnets.WeightsError, match="python -m petkata.nets.pretrain resnet34 --size 224"):
        resnets.imaginary("resnet34", 224)


def test_a_resnet_pretrained_on_imaginary_animals_serves_fastai_and_cut_body(cache):
    import torch
    from fastai.vision.all import create_body
    from fastai.vision.learner import model_meta

    from petkata.nets import STATS
    from petkata.nets.pretrain import save_weights

    net = resnets.bare("resnet18")
    save_weights(net, resnets.imaginary_weights("resnet18", 64))
    arch = resnets.imaginary("resnet18", 64)
    assert model_meta[arch]["stats"] == STATS
    again = arch(weights="DEFAULT")
    assert torch.allclose(again.conv1.weight, net.conv1.weight, atol=1e-3) and not arch().conv1.weight.equal(again.conv1.weight)
    assert create_body(again)(torch.zeros(1, 3, 64, 64)).shape == (1, 512, 2, 2)
