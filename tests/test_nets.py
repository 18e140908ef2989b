"""The petnets: their shapes, their weights, and what fastai makes of them."""
import re
import subprocess
import sys
import time

import pytest
import torch
from torch import nn

from petkata.nets import STATS, petnet, petnet10, petnet18, petnet26
from petkata.nets.fastai_meta import register_with_fastai

NETS = [petnet10, petnet18, petnet26]
CARD = petnet.WEIGHTS / "README.md"


def pictures(n=2, size=64):
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=NETS, ids=lambda arch: arch.__name__)
def arch(request):
    return request.param


def test_children_are_those_of_a_resnet(arch):
    assert [name for name, _ in arch().named_children()] == [
        "conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc"]


@pytest.mark.parametrize("size", [48, 64, 97])
def test_gives_one_logit_for_each_imaginary_animal(arch, size):
    assert arch(weights="DEFAULT").eval()(pictures(2, size)).shape == (2, petnet.N_ANIMALS)


def test_name_says_the_depth(arch):
    main_path = [name for name, m in arch().named_modules()
                 if isinstance(m, (nn.Conv2d, nn.Linear)) and "downsample" not in name]
    assert len(main_path) == int(arch.__name__.removeprefix("petnet"))


def test_pretrained_weights_are_the_same_each_time_and_random_ones_are_not(arch):
    def first(weights):
        return arch(weights=weights).conv1.weight

    assert torch.equal(first("DEFAULT"), first("DEFAULT"))
    torch.manual_seed(1)
    one, other = first(None), first(None)
    torch.manual_seed(1)
    assert torch.equal(one, first(None)) and not torch.equal(one, other)


def test_pretrained_weights_are_whole_and_in_32_bits(arch):
    state = arch(weights="DEFAULT").state_dict()
    assert all(t.dtype == torch.float32 for t in state.values() if t.is_floating_point())
    assert all(t.isfinite().all() for t in state.values())
    assert state["bn1.running_mean"].abs().sum() > 0, "BatchNorm statistics came with the weights"


def test_channels_last_changes_no_value(arch):
    net = arch(weights="DEFAULT").eval()
    with torch.no_grad():
        quick = net(pictures())
        net.conv1._forward_pre_hooks.clear()
        assert torch.allclose(quick, net(pictures()), atol=1e-3)
    assert all(p.is_contiguous() for p in net.parameters()), "a learner may call view on them"


@pytest.mark.parametrize("weights", ["default", "IMAGENET1K_V1", True, 1, ""])
def test_other_weights_are_refused(arch, weights):
    with pytest.raises(ValueError, match=f"{arch.__name__}.*DEFAULT.*{re.escape(repr(weights))}"):
        arch(weights=weights)


def test_all_weights_together_are_small_and_load_fast():
    assert sum(path.stat().st_size for path in petnet.WEIGHTS.glob("*.safetensors")) < 3_000_000
    petnet10(weights="DEFAULT")
    start = time.perf_counter()
    petnet10(weights="DEFAULT")
    assert time.perf_counter() - start < 0.5


def truncated(whole):
    return whole[: len(whole) // 2]


def pickled(_):
    return b"\x80\x04cos\nsystem\n(S'echo ran'\ntR."


def of_another_net(_):
    return (petnet.WEIGHTS / "petnet18.safetensors").read_bytes()


def empty(_):
    return b""


@pytest.mark.parametrize("damage", [truncated, pickled, of_another_net, empty])
def test_damaged_weights_are_named_and_nothing_runs(damage, tmp_path, monkeypatch, capfd):
    path = tmp_path / "petnet10.safetensors"
    path.write_bytes(damage((petnet.WEIGHTS / "petnet10.safetensors").read_bytes()))
    monkeypatch.setattr(petnet, "WEIGHTS", tmp_path)
    with pytest.raises(RuntimeError, match="petnet10.safetensors cannot be used: .+ Install petkata"):
        petnet10(weights="DEFAULT")
    assert "ran" not in capfd.readouterr().out


def test_missing_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(petnet, "WEIGHTS", tmp_path)
    with pytest.raises(RuntimeError, match="petnet10.safetensors cannot be used"):
        petnet10(weights="DEFAULT")


def test_card_tells_how_the_weights_were_made():
    card = CARD.read_text()
    assert "python -m petkata.nets.pretrain" in card and "seed" in card.lower()
    for arch in NETS:
        assert re.search(rf"`{arch.__name__}`.*\d+\.\d%", card), f"no error rate of {arch.__name__}"
    assert all(str(value) in card for values in STATS for value in values), "the statistics in the code"


# --- fastai ---------------------------------------------------------------------------------------

def test_nets_first_then_fastai():
    code = """
import sys
import petkata.nets
assert not {"fastai", "torchvision"} & set(sys.modules), "petkata.nets must import neither"
import petkata.torchvision_guard
from fastai.vision.learner import model_meta
for arch in (petkata.nets.petnet10, petkata.nets.petnet18, petkata.nets.petnet26):
    assert model_meta[arch]["cut"] == -2 and model_meta[arch]["stats"] == petkata.nets.STATS
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)


def test_fastai_first_then_nets():
    from fastai.vision.learner import model_meta

    def petnet11():
        pass

    register_with_fastai({"weights": "DEFAULT"}, petnet11)
    assert model_meta.pop(petnet11)["weights"] == "DEFAULT"


def first_letter(path):
    return path.name[0]


@pytest.fixture
def dls(tmp_path):
    """Eight pictures of noise in two classes."""
    from fastai.vision.all import ImageDataLoaders
    from torchvision.utils import save_image

    files = [tmp_path / f"{letter}{i}.png" for i in range(4) for letter in "ab"]
    for file, image in zip(files, pictures(8)):
        save_image(image, file)
    return ImageDataLoaders.from_path_func(
        tmp_path, files, first_letter, bs=2, num_workers=0, valid_pct=0.5, seed=0)


@pytest.mark.filterwarnings("ignore:`cnn_learner` has been renamed")
def test_cnn_learner_takes_a_petnet_like_a_resnet(arch, dls):
    from fastai.vision.all import Normalize, cnn_learner, error_rate

    learn = cnn_learner(dls, arch, metrics=error_rate)
    body, head = learn.model
    net = arch(weights="DEFAULT")
    assert len(body) == 8 and body[0].weight.equal(net.conv1.weight), "cut before the last pooling"
    assert head[-1].out_features == 2
    assert [len(list(group)) for group in learn.splitter(learn.model)] == [
        len(list(group.parameters())) for group in (body[:6], body[6:], head)]
    moving = [p for p in body.parameters() if p.requires_grad]
    assert moving and all(p.ndim == 1 for p in moving), "frozen, but for BatchNorm"
    normalize = next(f for f in learn.dls.after_batch.fs if isinstance(f, Normalize))
    assert normalize.mean.flatten().tolist() == pytest.approx(STATS[0])


@pytest.mark.filterwarnings("ignore:`cnn_learner` has been renamed", "ignore:load_learner")
def test_a_learner_trains_and_travels(dls, tmp_path):
    from fastai.vision.all import cnn_learner, load_learner

    learn = cnn_learner(dls, petnet10, path=tmp_path)
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(1)
    learn.export("pets.pkl")
    back = load_learner(tmp_path / "pets.pkl").model.eval()
    assert torch.equal(learn.model.eval()(pictures()), back(pictures()))
