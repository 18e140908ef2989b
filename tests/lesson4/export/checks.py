import shutil
from types import SimpleNamespace

import pytest
import torch
from fastai.vision.all import (
    CategoryBlock,
    DataBlock,
    ImageBlock,
    Learner,
    Normalize,
    RandomSplitter,
    Resize,
    get_image_files,
    load_learner,
    parent_label,
)
from PIL import Image

from petkata.checking import number
from petkata.checking.watching import moved, weights
from tests.lesson4.errors import in_one_line


@pytest.fixture(scope="session")
def new_learner(few_pets, few_loaders, learner_on, tmp_path_factory):
    """`new_learner()`: a learner after an epoch, with pictures of its own and a vocabulary that is not in the order of the
    alphabet; `pictures` is the folder of its pictures."""
    size = few_loaders.one_batch()[0].shape[-1]

    def new_learner():
        folder = tmp_path_factory.mktemp("learner")
        pictures = folder / "pictures"
        for file in (few_pets / "images").glob("*.jpg"):  # in folders by breed, so that a function of fastai's finds the labels
            of_breed = pictures / file.name.rpartition("_")[0]
            of_breed.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, of_breed)
        vocab = list(few_loaders.vocab)[::-1]
        block = DataBlock((ImageBlock, CategoryBlock(vocab=vocab, sort=False)), get_items=get_image_files, get_y=parent_label,
                          splitter=RandomSplitter(0.2, seed=42), item_tfms=Resize(size))
        learn = learner_on(block.dataloaders(pictures, bs=16, num_workers=0, device="cpu"), path=folder / "learner")
        learn.path.mkdir()
        learn.unfreeze()  # then the optimizer's state is twice as large as the network
        learn.fit(1, 3e-3)
        return SimpleNamespace(learn=learn, pictures=pictures, vocab=vocab)

    return new_learner


@pytest.fixture(scope="session")
def photos(few_pets, tmp_path_factory):
    """New pictures of several sizes and kinds: wide, high, large, one in gray, one with a transparent layer."""
    folder = tmp_path_factory.mktemp("photos")
    files = sorted((few_pets / "images").glob("*.jpg"))
    shapes = [("RGB", (96, 64)), ("RGB", (60, 90)), ("RGB", (200, 210)), ("L", (64, 64)), ("RGBA", (80, 70)), ("RGB", (33, 64))]
    for place, (file, (mode, shape)) in enumerate(zip(files[:: len(files) // 6], shapes)):
        with Image.open(file) as picture:
            picture.resize(shape).convert(mode).save(folder / f"photo-{place}.png")
    return sorted(folder.iterdir())


def probabilities(learn, file):
    """Oracle: the picture through the learner's own steps one by one; the probability of each breed by name."""
    dl = learn.dls.test_dl([file], num_workers=0)
    with torch.no_grad():
        logits = learn.model.eval()(dl.one_batch()[0])[0]
    values = torch.softmax(logits.as_subclass(torch.Tensor).double(), dim=0)
    return dict(zip(learn.dls.vocab, values.tolist()))


def look_into(export_for_inference, path, look, *args):
    """What `look(learn, *args)` gives of the learner in a file, and in words what went wrong."""
    try:
        learn = load_learner(path)
    except Exception as error:
        return None, f"fastai's load_learner cannot read the file ({type(error).__name__}: {in_one_line(error)})"
    if not isinstance(learn, Learner):
        return None, f"load_learner is to find a whole Learner in the file, not {type(learn).__name__}"
    return look(learn, *args), ""


def seen_in(export_for_inference, path, look, *args):
    """What `look(learn, *args)` gives of the learner that was exported; fails where fastai cannot load it. That is done where the
    answer runs: such a file can hold code of whoever wrote it."""
    assert path.exists(), f"there is no file {path.name} where it was to be written"
    found, went_wrong = export_for_inference.where_it_runs(look_into, path, look, *args)
    assert not went_wrong, went_wrong
    return found


def is_there(learn):
    return True


def vocab(learn):
    return list(learn.dls.vocab)


def statistics(learn):
    """With what it normalizes pictures."""
    return [(t.mean.flatten().tolist(), t.std.flatten().tolist()) for t in learn.dls.valid.after_batch.fs
            if isinstance(t, Normalize)]


def predictions(learn, files):
    """Of each picture the probabilities, or in words why there are none."""
    found = []
    for file in files:
        try:
            found.append(probabilities(learn, file))
        except Exception as error:
            found.append(f"{type(error).__name__}: {in_one_line(error)}")
    return found


def modes(model):
    """What of a network is in training mode, and what may learn."""
    return [layer.training for layer in model.modules()], [weight.requires_grad for weight in model.parameters()]


@pytest.fixture(scope="session")
def exported(export_for_inference, new_learner, tmp_path_factory):
    """An export by the answer, and the learner that it was made of."""
    one = new_learner()
    one.path = tmp_path_factory.mktemp("exported") / "pets.pkl"
    one.before, one.dls = weights(one.learn.model), one.learn.dls
    one.place, one.modes = (one.learn.path, one.learn.model_dir), modes(one.learn.model)
    one.steps = [state.get("step") for state in one.learn.opt.state_dict()["state"]]
    export_for_inference(one.learn, one.path)
    return one


def test_writes_the_file_that_was_asked_for(export_for_inference, exported, tmp_path, monkeypatch):
    seen_in(export_for_inference, exported.path, is_there)
    monkeypatch.chdir(tmp_path)
    export_for_inference(exported.learn, "pets.pkl")
    strays = [file.name for file in exported.place[0].rglob("*.pkl")]
    assert (tmp_path / "pets.pkl").exists(), (
        f"pets.pkl belongs in the current folder, and is not there; in the learner's own folder is {strays or 'none'}"
    )


def test_the_vocabulary_travels_along(export_for_inference, exported):
    found = seen_in(export_for_inference, exported.path, vocab)
    assert found == exported.vocab, f"the vocabulary was {exported.vocab}, in this order; in the file it is {found}"


def test_predicts_as_before_without_the_data(export_for_inference, exported, photos):
    expected = {file: probabilities(exported.learn, file) for file in photos}
    aside = exported.pictures.rename(exported.pictures.with_name("away"))
    try:
        found = seen_in(export_for_inference, exported.path, predictions, photos)
    finally:
        aside.rename(exported.pictures)
    for file, of_file in zip(photos, found):
        assert isinstance(of_file, dict), (
            f"with the training pictures gone, the exported learner cannot take a new one ({of_file})"
        )
        off = max(abs(of_file[breed] - expected[file][breed]) for breed in expected[file])
        assert off < 1e-5, (
            f"of {file.name}, the exported learner's probabilities are up to {off:.3f} away from those of the learner itself"
        )


def test_normalizes_as_before(export_for_inference, exported):
    assert seen_in(export_for_inference, exported.path, statistics) == statistics(exported.learn), (
        "the exported learner does not normalize pictures with the learner's own statistics"
    )


def test_what_only_training_needs_stays_behind(export_for_inference, exported):
    content = exported.path.read_bytes()
    named = [file.name for file in exported.pictures.rglob("*.jpg") if file.name.encode() in content]
    assert not named, f"the names of {len(named)} training pictures are in the file, such as {min(named)}: nobody needs them"
    size = sum(tensor.nbytes for tensor in exported.before.values())
    assert len(content) > size, f"the weights take {size:,} bytes, and the file has {len(content):,}: the network is not in it"
    assert len(content) < 1.5 * size, (
        f"the weights take {size:,} bytes and the file {len(content):,}: something travels along that no prediction needs, such "
        "as the optimizer's state"
    )


def test_the_learner_stays_as_it_was(export_for_inference, exported):
    learn = exported.learn
    assert not moved(learn.model, exported.before), "exporting changed the network's weights"
    assert learn.dls is exported.dls, "after exporting, the learner no longer has its own loaders"
    assert len(learn.dls.train_ds) > 100, f"after exporting, the learner has {len(learn.dls.train_ds)} pictures to train on"
    assert learn.opt is not None, "after exporting, the learner has no optimizer"
    steps = [state.get("step") for state in learn.opt.state_dict()["state"]]
    assert steps == exported.steps, "after exporting, the optimizer has forgotten its earlier steps"
    assert modes(learn.model)[1] == exported.modes[1], "after exporting, other weights may learn than before"
    assert (learn.path, learn.model_dir) == exported.place, (
        f"learn.path and learn.model_dir were {exported.place} and are {(learn.path, learn.model_dir)} now: learn.save would "
        "write somewhere else")


@pytest.fixture(scope="session")
def given(new_learner, tmp_path_factory):
    """A learner that fastai exported, whose pictures are gone, and the file."""
    one = new_learner()
    one.path = tmp_path_factory.mktemp("given") / "pets.pkl"
    one.learn.export(one.path)
    shutil.rmtree(one.pictures)
    return one


def told(predict, path, image):
    """What the answer says of a picture: a breed and a number; assert that it has this form."""
    answer = predict(path, image)
    pair = isinstance(answer, (tuple, list)) and len(answer) == 2
    assert pair, f"a pair is to come back: a breed and its probability, not {answer!r}"
    breed, probability = answer
    assert isinstance(breed, str), f"the breed's name is asked for, such as 'pug', not {breed!r}"
    return str(breed), number(probability, "the second of the pair, the breed's probability,")


def test_says_how_probable_it_is(predict, given, photos):
    for file in photos:
        expected = max(probabilities(given.learn, file).values())
        _, probability = told(predict, given.path, file)
        assert 0 <= probability <= 1, f"a probability is from 0 to 1; this one is {probability:.4g}"
        assert abs(probability - expected) < 1e-4, (
            f"of {file.name}, the probability of the most probable breed is {expected:.4f}; it says {probability:.4f}"
        )


def test_names_the_most_probable_breed(predict, given, photos):
    for file in photos:
        expected = probabilities(given.learn, file)
        likely = max(expected, key=expected.get)
        breed, _ = told(predict, given.path, file)
        assert breed in given.vocab, f"{breed!r} is none of the breeds that the exported learner knows: {given.vocab}"
        assert breed == likely, (
            f"of {file.name}, the learner gave {likely} a probability of {expected[likely]:.3f} and {breed} {expected[breed]:.3f}"
        )


def test_takes_paths_as_text(predict, given, photos, tmp_path, monkeypatch):
    expected = told(predict, given.path, photos[0])
    monkeypatch.chdir(tmp_path)
    shutil.copy(photos[0], "photo.png")
    shutil.copy(given.path, "here.pkl")
    found = told(predict, "here.pkl", "photo.png")
    assert found[0] == expected[0] and abs(found[1] - expected[1]) < 1e-4, (
        f"given as texts, the same two files make it say {found} instead of {expected}"
    )
