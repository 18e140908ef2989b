"""torchvision's resnets with weights that can be had: ImageNet's, fetched or from a local file, or the course's own,
pretrained on imaginary animals."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from torch import nn

from petkata.nets.fastai_meta import register_with_fastai
from petkata.nets.petnet import load
from petkata.pets import PetsError
from petkata.pets.made import cache_folder, sha256, write_atomically
from petkata.pets.tiny import drawing_version

NAMES = ("resnet18", "resnet34", "resnet50")


class WeightsError(PetsError):
    """Pretrained weights that cannot be had; the message says what to fetch, and how."""


def imagenet(name: str, folder: str | Path | None = None) -> Callable[..., nn.Module]:
    """torchvision's `resnet18`, `resnet34` or `resnet50`, after making sure that its ImageNet weights are at hand.

    They are where torch keeps what it downloads; else they are taken from `folder`, which holds torchvision's own
    file, and else downloaded. Raises WeightsError where none of this is possible, or where the file is damaged.
    """
    import torchvision

    url = torchvision.models.get_model_weights(name).DEFAULT.url
    kept = hub_folder() / url.rpartition("/")[2]
    given = Path(folder, kept.name) if folder else None
    if kept.exists():
        check_digest(kept)
    elif given and given.exists():
        check_digest(given)
        write_atomically(kept, lambda beside: shutil.copy(given, beside))
    else:
        download(name, url, kept, f"{given} is missing, and they" if given else "They")
    return getattr(torchvision.models, name)


def hub_folder() -> Path:
    import torch

    return Path(torch.hub.get_dir(), "checkpoints")


def check_digest(path: Path) -> None:
    """torchvision's files are named after the first eight digits of their sha256."""
    with open(path, "rb") as file:
        digest = sha256(file)
    named = path.stem.rpartition("-")[2]
    if not digest.startswith(named):
        raise WeightsError(f"{path} is damaged: its sha256 begins with {digest[:len(named)]}, not with {named}. "
                           "Delete it and fetch it again.")


def download(name: str, url: str, kept: Path, why: str) -> None:
    import torch

    try:
        write_atomically(kept, lambda beside: torch.hub.download_url_to_file(url, str(beside), progress=False))
        check_digest(kept)
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"The ImageNet weights of {name} are not on this machine. {why} cannot be downloaded ({error}).\n"
            f"Fetch {url} where there is a network, and name the folder that it lies in: --weights PATH\n"
            f"Or, with a network here:  python -c \"import torchvision; torchvision.models.{name}(weights='DEFAULT')\""
        ) from error


# --- pretrained by the course ---


def imaginary_weights(name: str, size: int) -> Path:
    """Where the weights of a resnet lie that was pretrained on imaginary animals, drawn `size` pixels square."""
    return cache_folder() / "weights" / f"{name}-imaginary-{size}-{drawing_version()}.safetensors"


def imaginary(name: str, size: int) -> Callable[..., nn.Module]:
    """A function like torchvision's of that name, whose `weights="DEFAULT"` are those of imaginary animals.

    Raises WeightsError where they have not been made: `python -m petkata.nets.pretrain` makes them.
    """
    from petkata.nets import STATS

    path = imaginary_weights(name, size)
    if not path.exists():
        raise WeightsError(f"{name} has not been pretrained on imaginary animals of {size} pixels yet. To do it, on this "
                           f"machine's GPU:\n    python -m petkata.nets.pretrain {name} --size {size}")

    def arch(weights: str | None = None) -> nn.Module:
        net = bare(name)
        if weights is not None:
            load(net, path)
        return net

    arch.__name__ = name
    register_with_fastai({"stats": STATS, "weights": "DEFAULT"}, arch)
    return arch


def bare(name: str) -> nn.Module:
    """torchvision's network of that name with random weights and a class for each imaginary animal."""
    import torchvision

    from petkata.nets.petnet import N_ANIMALS

    return getattr(torchvision.models, name)(weights=None, num_classes=N_ANIMALS)
