"""Lesson 2, part 3: from a folder of photographs to batches of tensors."""

from pathlib import Path

from fastai.vision.all import DataLoaders


def pet_loaders(path: str | Path, size: int, batch_size: int, seed: int) -> DataLoaders:
    """fastai DataLoaders of the pictures in the folder `images` inside `path`.

    A batch is a pair: pictures, float (batch_size, 3, size, size), and the numbers of their breeds in `dls.vocab`.
    - All pictures of `images` and nothing else: other files lie there, too, and other folders beside it.
    - Pictures of any shape become squares of `size` pixels; values go from 0 to 1. Do not normalize: the learner of
      part 6 does, with its network's own statistics.
    - The label is the breed that the file's name tells; the vocabulary holds the breeds that are there.
    - A fifth of the pictures, chosen by `seed`, is for validation: the same ones for the same seed, in whatever order
      the disk lists them.
    - Training pictures come in a new order in each pass and are augmented (changed a little, by chance, each time).
      Validation pictures are always the same.
    Pictures are loaded in this process (num_workers=0). `pet_loaders(tiny_pets(), 64, 32, seed=42)` has 37 breeds;
    `from petkata.pets.tiny import tiny_pets` brings the folder.
    """
    ### BEGIN SOLUTION
    from fastai.vision.all import ImageDataLoaders, Resize, aug_transforms, get_image_files

    from .names import breed_of

    # Sorted: each disk lists its files in an order of its own, and the seed would choose others.
    files = sorted(get_image_files(Path(path) / "images"))
    return ImageDataLoaders.from_path_func(
        path, files, breed_of, valid_pct=0.2, seed=seed,
        item_tfms=Resize(size), batch_tfms=aug_transforms(size=size, max_rotate=5, max_warp=0),
        bs=batch_size, num_workers=0,
    )
    ### END SOLUTION
