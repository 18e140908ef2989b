from petkata.checking import alternative


@alternative
def interpret(learn, min_val=5, k=9):
    """fastai's own methods for all of it; the error rate from the accuracy of scikit-learn."""
    from fastai.vision.all import ClassificationInterpretation
    from sklearn.metrics import accuracy_score

    with learn.no_bar(), learn.no_logging():
        interpretation = ClassificationInterpretation.from_learner(learn)
        _, targets, predictions = learn.get_preds(with_decoded=True)
        return {
            "matrix": interpretation.confusion_matrix(),
            "pairs": interpretation.most_confused(min_val=min_val),
            "error_rate": 1 - accuracy_score(targets, predictions),
            "top_losses": interpretation.top_losses(k)[1],
        }


@alternative
def interpret(learn, min_val=5, k=9):
    """get_preds and the lesson's own functions; lists of lists."""
    from solutions.lesson5.losses import top_losses
    from solutions.lesson5.matrix import confusion_matrix
    from solutions.lesson5.reading import most_confused

    with learn.no_bar(), learn.no_logging():
        _, targets, predictions, losses = learn.get_preds(with_decoded=True, with_loss=True)
    matrix = confusion_matrix(predictions.tolist(), targets.tolist(), len(learn.dls.vocab))
    return dict(matrix=matrix.tolist(), pairs=most_confused(matrix, learn.dls.vocab, min_val),
                error_rate=(predictions != targets).float().mean(), top_losses=top_losses(losses.tolist(), k))


@alternative
def interpret(learn, min_val=5, k=9):
    """torch only, picture by picture, on whatever device the network is."""
    import torch

    n = len(learn.dls.vocab)
    matrix, losses = torch.zeros(n, n, dtype=torch.long), []
    learn.model.eval()
    with torch.no_grad():
        for pictures, breeds in learn.dls.valid:
            for picture, breed in zip(pictures, breeds):
                logits = learn.model(picture[None])[0].as_subclass(torch.Tensor)
                matrix[int(breed), int(logits.argmax())] += 1
                losses.append(-float(logits.log_softmax(0)[int(breed)]))
    pairs = [(learn.dls.vocab[i], learn.dls.vocab[j], int(matrix[i, j])) for i in range(n) for j in range(n)
             if i != j and matrix[i, j] >= min_val]
    pairs.sort(key=lambda pair: pair[2], reverse=True)
    return {"top_losses": sorted(range(len(losses)), key=losses.__getitem__, reverse=True)[:k], "pairs": pairs,
            "error_rate": (matrix.sum() - matrix.trace()) / matrix.sum(), "matrix": matrix}
