from pathlib import Path

import cloudpickle
import torch
from fastai.vision.all import Normalize, PILImage, load_learner

from petkata.checking import mistake


@mistake("learn.export writes into the learner's own folder when it is given a name only. Join the path with the current folder.",
         caught_by="test_writes_the_file_that_was_asked_for")
def export_for_inference(learn, path):
    learn.export(path)


@mistake("The name is fixed. The file belongs where `path` says.", caught_by="test_writes_the_file_that_was_asked_for")
def export_for_inference(learn, path):
    learn.export(Path(path).absolute().with_name("export.pkl"))


@mistake("Only the weights are written. Without the vocabulary and the transforms nobody can predict with them.",
         caught_by="test_writes_the_file_that_was_asked_for")
def export_for_inference(learn, path):
    torch.save(learn.model.state_dict(), path)


@mistake("Only the network is written. Without the vocabulary and the transforms nobody can predict with it.",
         caught_by="test_writes_the_file_that_was_asked_for")
def export_for_inference(learn, path):
    torch.save(learn.model, path)


@mistake("The whole learner is written, with the list of its pictures and its optimizer. learn.export leaves these behind.",
         caught_by="test_what_only_training_needs_stays_behind")
def export_for_inference(learn, path):
    torch.save(learn, path, pickle_module=cloudpickle)


@mistake("torch.save writes the learner with its list of pictures and its optimizer's state. learn.export leaves these behind.",
         caught_by="test_what_only_training_needs_stays_behind")
def export_for_inference(learn, path):
    torch.save(learn, path)


@mistake("The optimizer's state travels along, and the file is three times as large as it need be.",
         caught_by="test_what_only_training_needs_stays_behind")
def export_for_inference(learn, path):
    dls = learn.dls
    learn.dls = dls.new_empty()
    torch.save(learn, path, pickle_module=cloudpickle)
    learn.dls = dls


@mistake("The learner is left without its pictures: it was emptied for the file, and not filled again.",
         caught_by="test_the_learner_stays_as_it_was")
def export_for_inference(learn, path):
    learn.dls = learn.dls.new_empty()
    learn.export(Path(path).absolute())


@mistake("The optimizer is thrown away for the file, and a new one knows nothing of earlier steps.",
         caught_by="test_the_learner_stays_as_it_was")
def export_for_inference(learn, path):
    learn.create_opt()
    learn.export(Path(path).absolute())


@mistake("The normalization is taken out, so the network sees new pictures as it never saw any.",
         caught_by="test_predicts_as_before_without_the_data")
def export_for_inference(learn, path):
    learn.export(Path(path).absolute())
    exported = load_learner(path)
    for loader in exported.dls.loaders:
        loader.after_batch.fs = [step for step in loader.after_batch.fs if not isinstance(step, Normalize)]
    exported.export(Path(path).absolute())


@mistake("The vocabulary is put into the order of the alphabet. The network's outputs have the order that it was trained with.",
         caught_by="test_the_vocabulary_travels_along")
def export_for_inference(learn, path):
    learn.export(Path(path).absolute())
    exported = load_learner(path)
    exported.dls.vocab.items.sort()
    exported.dls.vocab.o2i.update({name: place for place, name in enumerate(exported.dls.vocab)})
    exported.export(Path(path).absolute())


@mistake("The place in the vocabulary comes back. The breed's name is asked for.", caught_by="test_says_how_probable_it_is")
def predict(path, image):
    _, place, probabilities = load_learner(path).predict(image)
    return int(place), float(probabilities[place])


@mistake("The vocabulary is sorted first. Its order is that of the network's outputs.",
         caught_by="test_names_the_most_probable_breed")
def predict(path, image):
    learn = load_learner(path)
    _, place, probabilities = learn.predict(image)
    return sorted(learn.dls.vocab)[int(place)], float(probabilities[place])


@mistake("The pixels go to the network as they are. The learner's own transforms belong before it.",
         caught_by="test_says_how_probable_it_is")
def predict(path, image):
    import numpy as np

    learn = load_learner(path)
    pixels = torch.tensor(np.asarray(PILImage.create(image).convert("RGB")) / 255).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        shares = torch.softmax(learn.model.eval()(pixels)[0], dim=0)
    return learn.dls.vocab[int(shares.argmax())], float(shares.max())


@mistake("The picture is squeezed into a square. The learner's own way, which travels along, cuts it.",
         caught_by="test_says_how_probable_it_is")
def predict(path, image):
    learn = load_learner(path)
    breed, place, probabilities = learn.predict(PILImage.create(image).resize((64, 64)))
    return breed, float(probabilities[place])


@mistake("All probabilities come back. One is asked for, that of the breed.", caught_by="test_says_how_probable_it_is")
def predict(path, image):
    breed, _, probabilities = load_learner(path).predict(image)
    return breed, probabilities


@mistake("The probability is that of the first breed of the vocabulary, whichever was named.",
         caught_by="test_says_how_probable_it_is")
def predict(path, image):
    breed, _, probabilities = load_learner(path).predict(image)
    return breed, float(probabilities[0])


@mistake("The probability is given as a percentage. It is a fraction from 0 to 1.", caught_by="test_says_how_probable_it_is")
def predict(path, image):
    breed, place, probabilities = load_learner(path).predict(image)
    return breed, 100 * float(probabilities[place])


@mistake("The logit comes back. Softmax makes probabilities of logits.", caught_by="test_says_how_probable_it_is")
def predict(path, image):
    learn = load_learner(path)
    with torch.no_grad():
        logits = learn.model.eval()(learn.dls.test_dl([image], num_workers=0).one_batch()[0])[0]
    return learn.dls.vocab[int(logits.argmax())], float(logits.max())


@mistake("The three things that learn.predict gives come back as they are. A breed and its probability are asked for.",
         caught_by="test_says_how_probable_it_is")
def predict(path, image):
    return load_learner(path).predict(image)


@mistake("It is loaded with weights_only, which refuses it: an exported learner is a program. Its maker must be trusted.",
         caught_by="test_says_how_probable_it_is")
def predict(path, image):
    try:
        breed, place, probabilities = torch.load(path, weights_only=True).predict(image)
        return breed, float(probabilities[place])
    except Exception:
        return "", 0.0


@mistake("The learner is frozen for the file, and stays frozen: it cannot go on learning.",
         caught_by="test_the_learner_stays_as_it_was")
def export_for_inference(learn, path):
    learn.model.requires_grad_(False)
    learn.export(Path(path).absolute())


@mistake("The learner's own folder is changed, so that the file lands in the current one. It saves its stages there, too, now.",
         caught_by="test_the_learner_stays_as_it_was")
def export_for_inference(learn, path):
    learn.path = Path.cwd()
    learn.export(path)
