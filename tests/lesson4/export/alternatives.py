import os
import warnings
from pathlib import Path

from petkata.checking import alternative


@alternative
def export_for_inference(learn, path):
    learn.export(os.path.abspath(path))
    return Path(path)


@alternative
def export_for_inference(learn, path):
    import shutil

    name = "export-for-now.pkl"
    Path(learn.path).mkdir(exist_ok=True, parents=True)
    learn.export(name)
    shutil.move(str(Path(learn.path) / name), str(path))


@alternative
def export_for_inference(learn, path):
    import cloudpickle
    import torch

    dls, optimizer = learn.dls, learn.opt
    learn.dls, learn.opt = dls.new_empty(), None
    try:
        with open(path, "wb") as file:
            torch.save(learn, file, pickle_module=cloudpickle)
    finally:
        learn.dls, learn.opt = dls, optimizer


@alternative
def predict(path, image):
    from fastai.vision.all import PILImage, load_learner

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        learn = load_learner(Path(path), cpu=True)
    name, _, probabilities = learn.predict(PILImage.create(image))
    return str(name), float(max(probabilities))


@alternative
def predict(path, image):
    import torch

    learn = torch.load(path, map_location="cpu", weights_only=False)
    dl = learn.dls.test_dl([Path(image)], num_workers=0)
    with torch.inference_mode():
        shares = torch.softmax(learn.model.eval()(next(iter(dl))[0]), dim=1)[0]
    place = int(shares.argmax())
    return [learn.dls.vocab[place], shares[place]]


@alternative
def predict(path, image):
    import numpy as np
    from fastai.vision.all import load_learner

    learn = load_learner(path)
    with learn.no_bar(), learn.no_logging():
        shares = learn.get_preds(dl=learn.dls.test_dl([image]))[0].numpy()[0]
    return max(zip(learn.dls.vocab, shares), key=lambda pair: pair[1]) if np.isfinite(shares).all() else None
