from pathlib import Path

from petkata.checking import mistake


def breed(file):
    return Path(file).name.rpartition("_")[0]


def pictures(path):
    return sorted(path for path in (Path(path) / "images").iterdir() if path.suffix == ".jpg")


def loaders(path, size, batch_size, seed, files=None, label=breed, item=None, batch=None, **options):
    """The right answer, with one thing or another replaced."""
    from fastai.vision.all import ImageDataLoaders, Resize, aug_transforms

    return ImageDataLoaders.from_path_func(
        path, pictures(path) if files is None else files, label, **{"valid_pct": 0.2, **options}, seed=seed,
        item_tfms=Resize(size) if item is None else item, batch_tfms=aug_transforms(size=size) if batch is None else batch,
        bs=batch_size, num_workers=0,
    )


@mistake("Everything in `images` is taken, the .mat and the .txt file, too.",
         caught_by="test_takes_the_pictures_and_nothing_else")
def pet_loaders(path, size, batch_size, seed):
    return loaders(path, size, batch_size, seed, files=sorted((Path(path) / "images").iterdir()))


@mistake("Pictures are looked for in all folders of `path`. Only those in `images` show pets.",
         caught_by="test_takes_the_pictures_and_nothing_else")
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import get_image_files

    return loaders(path, size, batch_size, seed, files=sorted(get_image_files(path)))


@mistake("Only files that begin with a capital are taken: the cats.", caught_by="test_takes_the_pictures_and_nothing_else")
def pet_loaders(path, size, batch_size, seed):
    return loaders(path, size, batch_size, seed, files=sorted((Path(path) / "images").glob("[A-Z]*.jpg")))


@mistake("The label is the folder. All pets lie in one folder; the breed stands in the file's name.",
         caught_by="test_the_vocabulary_is_the_breeds")
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import parent_label

    return loaders(path, size, batch_size, seed, label=parent_label)


@mistake("The breed is cut at its first underscore.", caught_by="test_the_vocabulary_is_the_breeds")
def pet_loaders(path, size, batch_size, seed):
    return loaders(path, size, batch_size, seed, label=lambda file: Path(file).name.split("_")[0])


@mistake("The label is cat or dog. The breeds are asked for.", caught_by="test_the_vocabulary_is_the_breeds")
def pet_loaders(path, size, batch_size, seed):
    return loaders(path, size, batch_size, seed, label=lambda file: "cat" if Path(file).name[0].isupper() else "dog")


@mistake("The size is fixed to 64, whatever was asked for.", caught_by="test_pictures_become_squares_of_that_size")
def pet_loaders(path, size, batch_size, seed):
    return loaders(path, 64, batch_size, seed)


@mistake("The batch size is not passed on.", caught_by="test_batches_are_as_large_as_asked")
def pet_loaders(path, size, batch_size, seed):
    return loaders(path, size, 5, seed)


@mistake("Four fifths are for validation, and one fifth for training.", caught_by="test_a_fifth_is_for_validation")
def pet_loaders(path, size, batch_size, seed):
    return loaders(path, size, batch_size, seed, valid_pct=0.8)


def split_by(splitter, path, size, batch_size):
    from fastai.vision.all import CategoryBlock, DataBlock, ImageBlock, Resize, aug_transforms

    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=sorted({breed(file) for file in pictures(path)}))), get_items=pictures,
        get_y=breed, splitter=splitter, item_tfms=Resize(size), batch_tfms=aug_transforms(size=size),
    )
    return block.dataloaders(path, bs=batch_size, num_workers=0)


@mistake("All the pictures are trained on, those for validation included.",
         caught_by="test_takes_the_pictures_and_nothing_else")
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import RandomSplitter

    def splitter(files):
        return range(len(files)), RandomSplitter(0.2, seed=seed)(files)[1]

    return split_by(splitter, path, size, batch_size)


@mistake("Training and validation pictures are drawn separately, so some are in both.", caught_by="test_nothing_is_in_both")
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import RandomSplitter

    def splitter(files):
        return RandomSplitter(0.2, seed=seed)(files)[0], RandomSplitter(0.2, seed=seed + 1)(files)[1]

    return split_by(splitter, path, size, batch_size)


@mistake("Files and labels are two lists in different orders. Each file must keep its own label.",
         caught_by="test_each_label_is_that_of_its_file")
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import ImageDataLoaders, Resize, aug_transforms

    files = pictures(path)
    labels = [breed(file) for file in sorted(files, key=lambda file: file.name.lower()[::-1])]
    return ImageDataLoaders.from_lists("/", files, labels, valid_pct=0.2, seed=seed, bs=batch_size, num_workers=0,
                                       item_tfms=Resize(size), batch_tfms=aug_transforms(size=size))


@mistake("The seed is not passed on: each call has another validation set.",
         caught_by="test_the_same_seed_gives_the_same_validation_set")
def pet_loaders(path, size, batch_size, seed):
    return loaders(path, size, batch_size, seed=None)


@mistake("The seed is always 42.", caught_by="test_another_seed_gives_another_validation_set")
def pet_loaders(path, size, batch_size, seed):
    return loaders(path, size, batch_size, seed=42)


@mistake("The last fifth is for validation, whatever the seed: whole breeds are never trained on.",
         caught_by="test_another_seed_gives_another_validation_set")
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import IndexSplitter

    n = len(pictures(path))
    return split_by(IndexSplitter(range(n - n // 5, n)), path, size, batch_size)


@mistake("The pictures are normalized with ImageNet's statistics here. The learner does it with its network's own.",
         caught_by="test_values_go_from_0_to_1")
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import Normalize, aug_transforms, imagenet_stats

    batch = [*aug_transforms(size=size), Normalize.from_stats(*imagenet_stats)]
    return loaders(path, size, batch_size, seed, batch=batch)


@mistake("The pictures are turned by chance before anything else, those for validation, too.",
         caught_by="test_validation_pictures_stay_the_same")
def pet_loaders(path, size, batch_size, seed):
    import random

    from fastai.vision.all import PILImage, Resize

    def turned(picture: PILImage):
        return picture.rotate(random.uniform(-10, 10))

    return loaders(path, size, batch_size, seed, item=[turned, Resize(size)])


@mistake("aug_transforms is told to change validation pictures (split_idx=None).",
         caught_by="test_validation_pictures_stay_the_same")
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import aug_transforms

    batch = aug_transforms(size=size)
    for transform in batch:
        transform.split_idx = None
    return loaders(path, size, batch_size, seed, batch=batch)


@mistake("Nothing is augmented: Resize alone changes no square picture.", caught_by="test_training_pictures_change")
def pet_loaders(path, size, batch_size, seed):
    return loaders(path, size, batch_size, seed, batch=[])


@mistake("The training pictures come in the same order in each pass.", caught_by="test_training_order_changes")
def pet_loaders(path, size, batch_size, seed):
    dls = loaders(path, size, batch_size, seed)
    dls.train.shuffle = False
    return dls


@mistake("The files are taken in the order in which the disk lists them. Another disk has another order: sort them.",
         caught_by="test_the_order_on_the_disk_does_not_matter")
def pet_loaders(path, size, batch_size, seed):
    from fastai.vision.all import get_image_files

    return loaders(path, size, batch_size, seed, files=get_image_files(Path(path) / "images"))
