import numpy as np

from petkata.checking import alternative


@alternative
def error_rate(logits, targets):
    if len(targets) == 0 or len(logits) != len(targets):
        raise ValueError("rows")
    from fastai.metrics import accuracy

    return 1 - accuracy(logits, targets)


@alternative
def error_rate(logits, targets):
    predicted, actual = np.argmax(logits.numpy(), axis=1), targets.numpy()
    if predicted.shape != actual.shape or not actual.size:
        raise ValueError("shapes differ")
    return 1.0 - np.mean(predicted == actual)


@alternative
def error_rate(logits, targets):
    if not 0 < len(targets) == len(logits):
        raise ValueError("rows")
    wrong = 0
    for row, target in zip(logits.tolist(), targets.tolist()):
        if row.index(max(row)) != target:
            wrong += 1
    return wrong / len(targets)
