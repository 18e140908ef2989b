from pathlib import Path

from petkata.checking import alternative


@alternative
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import (
        CategoryBlock,
        DataBlock,
        ImageBlock,
        IndexSplitter,
        RandomResizedCrop,
        aug_transforms,
        get_image_files,
    )

    from solutions.lesson2.names import breed_of
    from solutions.lesson2.split import train_valid_split

    def split(files):
        return IndexSplitter(train_valid_split(len(files), 0.2, seed)[1])(files)

    pets = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=lambda folder: get_image_files(folder, folders=["images"]).sorted(),
        splitter=split,
        get_y=breed_of,
        item_tfms=RandomResizedCrop(size, min_scale=0.5),
        batch_tfms=aug_transforms(),
    )
    return pets.dataloaders(Path(path), bs=batch_size, num_workers=0)


@alternative
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import ImageDataLoaders, Resize, ResizeMethod, aug_transforms

    files = sorted(Path(path, "images").glob("*.jpg"))
    return ImageDataLoaders.from_name_re(
        Path(path), files, pat=r"([^/\\]+)_\d+\.jpg$", seed=seed, bs=batch_size, num_workers=0,
        item_tfms=Resize((size, size), method=ResizeMethod.Squish), batch_tfms=aug_transforms(size=size),
    )


@alternative
def pet_loaders(path, size, batch_size, seed):
    import pandas as pd
    from fastai.vision.all import FlipItem, ImageDataLoaders, Resize, ResizeMethod

    files = sorted(file.name for file in (Path(path) / "images").iterdir() if file.suffix == ".jpg")
    table = pd.DataFrame({"file": files, "breed": ["_".join(file.split("_")[:-1]) for file in files]})
    return ImageDataLoaders.from_df(
        table, path, folder="images", valid_pct=0.2, seed=seed, bs=batch_size, num_workers=0,
        item_tfms=[Resize(size, method=ResizeMethod.Pad, pad_mode="zeros"), FlipItem(0.5)],
    )
