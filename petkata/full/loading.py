"""Batches of photographs that were resized once: on a GPU they lie in its memory and are cropped there.

To decode photographs costs a CPU far more time than to train on them costs a GPU. So nothing is decoded here: a batch is
cut out of the block of bytes that `petkata.pets.packed` made. All the rest is fastai's own: Resize's crops (a random
one to train on, the middle one to validate), the augmentation, the labels, the Learner.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache, partial
from pathlib import Path

import torch
from fastai.vision.all import (
    CategoryBlock,
    DataBlock,
    DataLoaders,
    ImageBlock,
    RandomSplitter,
    Resize,
    TensorCategory,
    TensorImage,
    TfmdDL,
    aug_transforms,
)

from petkata.pets.oxford import breed_of, photographs
from petkata.pets.packed import Packed

VALID_FRACTION = 0.2


def packed_loaders(packed: Packed, folder, size: int, batch_size: int, seed: int, device) -> DataLoaders:
    """fastai DataLoaders of the photographs in `folder`/images, which `packed` holds, for networks that see `size` pixels.

    As `ImageDataLoaders.from_name_re(..., item_tfms=Resize(packed.side), batch_tfms=aug_transforms(size=size))` makes
    them: a fifth, chosen by `seed`, validates. What is not packed, such as a new photograph to predict, is opened.
    """
    block = DataBlock((ImageBlock, CategoryBlock), get_y=breed_of, splitter=RandomSplitter(VALID_FRACTION, seed=seed),
                      item_tfms=Resize(packed.side), batch_tfms=aug_transforms(size=size))
    return block.dataloaders(photographs(folder), path=folder, bs=batch_size, num_workers=0, device=device,
                             dl_type=partial(PackedDL, block=block_of(packed, Path(folder) / "images")))


class Block:
    """The bytes of packed photographs as a tensor, on the device that asks for them.

    They stay in the main memory where the device has no room for them, and are not part of what is pickled.
    """

    def __init__(self, packed: Packed | None = None, images: Path = Path()):
        self.packed, self.pixels = packed, None
        self.place = {images / name: place for place, name in enumerate(packed.names)} if packed else {}

    def on(self, device: torch.device) -> torch.Tensor:
        if self.pixels is None:
            pixels = torch.from_numpy(self.packed.pixels)
            room = device.type != "cuda" or pixels.numel() < torch.cuda.mem_get_info(device)[0] / 2
            self.pixels = pixels.to(device) if room else pixels
        return self.pixels

    def __getstate__(self):
        return {"packed": None, "pixels": None, "place": {}}  # for Learner.export: a network to be used needs no photographs


@lru_cache(maxsize=1)
def block_of(packed: Packed, images: Path) -> Block:
    """One block for all loaders of the same photographs: it takes some 2 GB of the GPU's memory, once."""
    return Block(packed, images)


class PackedDL(TfmdDL):
    """A fastai DataLoader that cuts its batches out of packed photographs."""

    def __init__(self, dataset, block: Block | None = None, **options):
        super().__init__(dataset, **options)
        self.block = block or Block()

    def new(self, dataset=None, cls=None, **options):
        loader = super().new(dataset, cls, **options)
        loader.block = self.block
        return loader

    @cached_property
    def packed_items(self) -> tuple[list[int], torch.Tensor] | None:
        """Of each item its place in the block, and its label; None where they are not labeled photographs of the block."""
        tls = getattr(self.dataset, "tls", ())
        places = [self.block.place.get(item) for item in self.dataset.items] if len(tls) == 2 else [None]
        if None in places:
            return None
        return places, torch.tensor([int(label) for label in tls[1]], dtype=torch.long, device=self.device)

    def create_batches(self, samps) -> Iterator:
        if self.packed_items is None:
            yield from super().create_batches(samps)
            return
        places, labels = self.packed_items
        training = self.dataset.split_idx == 0
        for chosen in self.chunkify(samps):
            crops = [self.crop(places[i], training) for i in chosen]
            images = torch.stack(crops).to(self.device, non_blocking=True).permute(0, 3, 1, 2)
            yield TensorImage(images), TensorCategory(labels[list(chosen)])

    def crop(self, place: int, training: bool) -> torch.Tensor:
        """A square of one photograph, as fastai's Resize cuts it: uint8 (side, side, 3)."""
        packed, pixels = self.block.packed, self.block.on(self.device)
        height, width = packed.shapes[place]
        photo = pixels[packed.starts[place]:packed.starts[place + 1]].view(height, width, 3)
        share = torch.rand(()).item() if training else 0.5
        top, left = (int(share * (length - packed.side)) for length in (height, width))
        return photo[top:top + packed.side, left:left + packed.side]
