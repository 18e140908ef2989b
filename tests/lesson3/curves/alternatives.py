import numpy as np

from petkata.checking import alternative


@alternative
def reading_the_losses(train, valid):
    if len(train) != len(valid):
        raise ValueError("the curves differ in length")
    if len(train) < 2:
        raise ValueError("one epoch is no curve")
    train, valid = np.array(train), np.array(valid)
    if not np.isfinite(train).all() or not np.isfinite(valid).all() or train[-1] / train[0] >= 1.1:
        return "diverging"
    if valid[-1] / valid.min() >= 1.1 and np.argmin(train) == len(train) - 1:
        return "overfitting"
    return "underfitting" if train[-1] / train[0] > 0.75 else "learning"


@alternative
def reading_the_losses(train, valid):
    epochs = len(train)
    if epochs != len(valid) or epochs < 2:
        raise ValueError(f"{epochs} and {len(valid)} epochs")
    numbers = all(loss - loss == 0 for loss in train + valid)
    words = {
        "diverging": not numbers or train[-1] >= train[0] * 1.1,
        "overfitting": valid[-1] >= min(valid) * 1.1 and all(train[-1] <= loss for loss in train),
        "underfitting": train[-1] > train[0] * 3 / 4,
    }
    return next((word for word, fits in words.items() if fits), "learning")
