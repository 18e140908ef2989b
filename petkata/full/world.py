"""What the full run trains on, and what with: the real set, the drawn set, or a rehearsal in miniature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

    from petkata.pets.packed import Packed

Progress = Callable[[str], Callable[..., None]]  # progress(title) begins a bar; what it gives moves it: tell(done, of, ...)


@dataclass(frozen=True)
class World:
    """`title` stands beside every figure. `shallow` and `deep` are architectures; they see pictures of `size` pixels.
    `rate` is the learning rate of the runs for which the lesson names none."""

    title: str
    rehearsal: bool
    folder: Path
    packed: Packed
    shallow: Callable[..., nn.Module]
    deep: Callable[..., nn.Module]
    size: int
    batch_size: int
    rate: float
    device: torch.device


def full_world(pets: str | None, weights: str | None, progress: Progress) -> World:
    """The world of the full run on a CUDA device.

    `pets`: None or "real" for the Oxford-IIIT Pet set, downloaded on first use; a folder for a local copy of it; "drawn"
    for a drawn set of the same size. `weights`: a folder with torchvision's files, for machines without a network.
    Raises PetsError, which says what to fetch and how, for what cannot be had.
    """
    import torch

    from petkata.nets.resnets import imagenet, imaginary
    from petkata.pets.drawn import drawn_pets
    from petkata.pets.oxford import oxford_pets
    from petkata.pets.packed import packed

    size = 224
    if pets == "drawn":
        title = "the drawn set, not photographs"
        folder = drawn_pets(tell=progress("drawing 7,390 pets"))
        shallow, deep = (imaginary(name, size) for name in ("resnet34", "resnet50"))
    else:
        title = "Oxford-IIIT Pet"
        folder = oxford_pets(None if pets == "real" else pets)
        shallow, deep = (imagenet(name, weights) for name in ("resnet34", "resnet50"))
    return World(title, False, folder, packed(folder, 256, tell=progress("resizing the photographs")), shallow, deep,
                 size, batch_size=64, rate=1e-3, device=torch.device("cuda", torch.cuda.current_device()))


def rehearsal(progress: Progress) -> World:
    """A few hundred drawn pictures and petnets, on the CPU: the code of the full run, in about a minute."""
    import torch

    from petkata.nets import petnet10, petnet26
    from petkata.pets.drawn import drawn_pets
    from petkata.pets.packed import packed

    folder = drawn_pets(pictures=555, largest=96, tell=progress("drawing 555 pets"))
    return World("a rehearsal: 555 drawn pictures, petnets", True, folder,
                 packed(folder, 72, tell=progress("resizing the pictures")), petnet10, petnet26, size=64, batch_size=16,
                 rate=5e-3, device=torch.device("cpu"))
