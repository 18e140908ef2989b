import numpy as np

from petkata.checking import mistake
from solutions.lesson5.interpret import interpret as right
from solutions.lesson5.losses import top_losses
from solutions.lesson5.matrix import confusion_matrix
from solutions.lesson5.reading import error_by_breed, most_confused


def report(vocab, predictions, targets, losses, min_val, k):
    """What is asked for, from predictions that may be the wrong ones."""
    matrix = confusion_matrix(predictions, targets, len(vocab))
    error = 1 - matrix.trace() / matrix.sum()
    return {"matrix": matrix, "pairs": most_confused(matrix, list(vocab), min_val), "error_rate": error,
            "top_losses": top_losses(losses, min(k, len(losses)))}


def predicted(learn, **which):
    """Predictions, targets and losses as fastai gives them."""
    with learn.no_bar(), learn.no_logging():
        _, targets, predictions, losses = learn.get_preds(with_decoded=True, with_loss=True, **which)
    return predictions.tolist(), targets.tolist(), losses.tolist()


@mistake("The training pictures were looked at (ds_idx=0). The network has seen their labels: that is no test.",
         caught_by="test_is_about_the_validation_pictures")
def interpret(learn, min_val=5, k=9):
    return report(learn.dls.vocab, *predicted(learn, ds_idx=0), min_val, k)


@mistake("Only one batch was looked at. All validation pictures count.", caught_by="test_is_about_the_validation_pictures")
def interpret(learn, min_val=5, k=9):
    return report(learn.dls.vocab, *predicted(learn, dl=[learn.dls.valid.one_batch()]), min_val, k)


@mistake("The network was in training mode, with dropout, and BatchNorm followed the pictures. Use eval mode.",
         caught_by="test_leaves_the_learner_as_it_is")
def interpret(learn, min_val=5, k=9):
    import torch

    predictions, targets, losses = [], [], []
    learn.model.train()
    with torch.no_grad():
        for pictures, breeds in learn.dls.valid:
            logits = learn.model(pictures)
            predictions += logits.argmax(1).tolist()
            targets += breeds.tolist()
            losses += torch.nn.functional.cross_entropy(logits.as_subclass(torch.Tensor), breeds.as_subclass(torch.Tensor),
                                                        reduction="none").tolist()
    return report(learn.dls.vocab, predictions, targets, losses, min_val, k)


@mistake("In the end the network is put into training mode, in which it was not. Leave it as you found it.",
         caught_by="test_leaves_the_learner_as_it_is")
def interpret(learn, min_val=5, k=9):
    found = right(learn, min_val, k)
    learn.model.train()
    return found


@mistake("The learner was trained further. It was to be looked at only.", caught_by="test_leaves_the_learner_as_it_is")
def interpret(learn, min_val=5, k=9):
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(1)
    return right(learn, min_val, k)


@mistake("fastai's object comes back. A dict with four entries is asked for.", caught_by="test_returns_a_dict_of_four")
def interpret(learn, min_val=5, k=9):
    from fastai.vision.all import ClassificationInterpretation

    with learn.no_bar(), learn.no_logging():
        return ClassificationInterpretation.from_learner(learn)


@mistake("The four come back in a row. Give them their names, in a dict.", caught_by="test_returns_a_dict_of_four")
def interpret(learn, min_val=5, k=9):
    return tuple(right(learn, min_val, k).values())


@mistake("The keys have other names than the docstring says.", caught_by="test_returns_a_dict_of_four")
def interpret(learn, min_val=5, k=9):
    found = right(learn, min_val, k)
    return {"confusion_matrix": found["matrix"], "most_confused": found["pairs"], "error_rate": found["error_rate"],
            "top_losses": found["top_losses"]}


@mistake("The matrix is turned over: predictions and targets have changed places.",
         caught_by="test_the_matrix_is_that_of_the_predictions")
def interpret(learn, min_val=5, k=9):
    predictions, targets, losses = predicted(learn)
    return report(learn.dls.vocab, targets, predictions, losses, min_val, k)


@mistake("The second best prediction was taken: argsort gives the best one last.",
         caught_by="test_the_matrix_is_that_of_the_predictions")
def interpret(learn, min_val=5, k=9):
    with learn.no_bar(), learn.no_logging():
        probabilities, targets = learn.get_preds()
    return report(learn.dls.vocab, probabilities.argsort(1)[:, -2].tolist(), targets.tolist(), predicted(learn)[2], min_val, k)


@mistake("That is the accuracy. The error rate is the rest.", caught_by="test_the_error_rate_agrees")
def interpret(learn, min_val=5, k=9):
    found = right(learn, min_val, k)
    return {**found, "error_rate": 1 - found["error_rate"]}


@mistake("The first metric of the learner was taken for the error rate. A learner may have others: work it out of the matrix.",
         caught_by="test_the_error_rate_agrees")
def interpret(learn, min_val=5, k=9):
    with learn.no_bar(), learn.no_logging():
        return {**right(learn, min_val, k), "error_rate": learn.validate()[1]}


@mistake("The error rate is a percentage. It is a share, from 0 to 1.", caught_by="test_the_error_rate_agrees")
def interpret(learn, min_val=5, k=9):
    found = right(learn, min_val, k)
    return {**found, "error_rate": 100 * found["error_rate"]}


@mistake("That is the mean of the breeds' errors. A breed of two pictures does not weigh as much as one of six.",
         caught_by="test_the_error_rate_agrees")
def interpret(learn, min_val=5, k=9):
    found = right(learn, min_val, k)
    errors = error_by_breed(found["matrix"], list(learn.dls.vocab))
    return {**found, "error_rate": float(np.nanmean(list(errors.values())))}


@mistake("min_val is not handed on, so that every pair is listed.", caught_by="test_the_pairs_agree")
def interpret(learn, min_val=5, k=9):
    return right(learn, 1, k)


@mistake("The pairs are turned over: what was predicted stands first.", caught_by="test_the_pairs_agree")
def interpret(learn, min_val=5, k=9):
    found = right(learn, min_val, k)
    return {**found, "pairs": most_confused(found["matrix"].T, list(learn.dls.vocab), min_val)}


@mistake("k is not handed on: there are always nine.", caught_by="test_the_top_losses_agree")
def interpret(learn, min_val=5, k=9):
    return right(learn, min_val)


@mistake("Only wrong answers are listed. A right answer that was hardly more than a guess costs, too.",
         caught_by="test_the_top_losses_agree")
def interpret(learn, min_val=5, k=9):
    found, (predictions, targets, _) = right(learn, min_val, k), predicted(learn)
    return {**found, "top_losses": [place for place in found["top_losses"] if predictions[place] != targets[place]]}


@mistake("The losses are those of the training pictures, so the places are, too.", caught_by="test_the_top_losses_agree")
def interpret(learn, min_val=5, k=9):
    return {**right(learn, min_val, k), "top_losses": top_losses(predicted(learn, ds_idx=0)[2], k)}


@mistake("The files of the pictures come back. Their places are asked for: where they stand in learn.dls.valid.items.",
         caught_by="test_the_top_losses_agree")
def interpret(learn, min_val=5, k=9):
    found = right(learn, min_val, k)
    return {**found, "top_losses": [learn.dls.valid.items[place] for place in found["top_losses"]]}


@mistake("The losses stand where their places were asked for.", caught_by="test_the_top_losses_agree")
def interpret(learn, min_val=5, k=9):
    return {**right(learn, min_val, k), "top_losses": sorted(predicted(learn)[2], reverse=True)[:k]}


@mistake("The network's least sure answers come first. That is not the loss: confident and wrong is what costs most.",
         caught_by="test_the_top_losses_agree")
def interpret(learn, min_val=5, k=9):
    with learn.no_bar(), learn.no_logging():
        probabilities, _ = learn.get_preds()
    return {**right(learn, min_val, k), "top_losses": probabilities.max(1).values.argsort()[:k].tolist()}


@mistake("Without min_val every pair is listed. Five is usual here.", caught_by="test_five_and_nine_are_usual")
def interpret(learn, min_val=1, k=9):
    return right(learn, min_val, k)


@mistake("Without k all pictures are listed. Nine is usual here: as many as one looks at.",
         caught_by="test_five_and_nine_are_usual")
def interpret(learn, min_val=5, k=None):
    return right(learn, min_val, k or len(learn.dls.valid_ds))
