import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from petkata.checking import alternative


def fit(matrix, vocab):
    if np.shape(matrix) != (len(vocab), len(vocab)):
        raise ValueError("a row and a column for each name")


@alternative
def plot_confusion(matrix, vocab):
    """As fastai draws it, zeros and all."""
    fit(matrix, vocab)
    figure = plt.figure(figsize=(12, 12), dpi=60)
    plt.imshow(matrix, interpolation="nearest", cmap="Blues")
    plt.title("Confusion matrix")
    marks = np.arange(len(vocab))
    plt.xticks(marks, vocab, rotation=90)
    plt.yticks(marks, vocab, rotation=0)
    for i in marks:
        for j in marks:
            plt.text(j, i, f"{matrix[i, j]}", horizontalalignment="center", verticalalignment="center",
                     color="white" if matrix[i, j] > matrix.max() / 2.0 else "black")
    axes = figure.gca()
    axes.set_ylim(len(vocab) - 0.5, -0.5)
    plt.ylabel("Actual")
    plt.xlabel("Predicted")
    plt.tight_layout()
    plt.grid(False)
    return axes


@alternative
def plot_confusion(matrix, vocab):
    """scikit-learn's display, with its own colors and color bar."""
    from sklearn.metrics import ConfusionMatrixDisplay

    fit(matrix, vocab)
    figure, axes = plt.subplots(figsize=(12, 12), dpi=60)
    ConfusionMatrixDisplay(matrix, display_labels=vocab).plot(ax=axes, xticks_rotation="vertical", values_format="d")
    axes.set(xlabel="Predicted breed", ylabel="Actual breed")
    figure.suptitle("Who was taken for whom")
    figure.tight_layout()
    return axes


@alternative
def plot_confusion(matrix, vocab):
    """matshow: the columns' names stand above, slanted; spaces for underscores; room made by hand."""
    fit(matrix, vocab)
    figure, axes = plt.subplots()
    figure.set_size_inches(12, 12)
    figure.set_dpi(60)
    figure.subplots_adjust(left=0.24, right=0.93, bottom=0.05, top=0.74)
    axes.matshow(np.log1p(matrix), cmap="Oranges", aspect="auto")
    names = [name.replace("_", " ") for name in vocab]
    axes.set_xticks(range(len(vocab)))
    axes.set_xticklabels(names, rotation=60, ha="left", rotation_mode="anchor", fontsize=9)
    axes.set_yticks(range(len(vocab)))
    axes.set_yticklabels(names, fontsize=9)
    axes.set_xlabel("PREDICTED")
    axes.set_ylabel("ACTUAL")
    axes.set_title("Pets", loc="left", y=-0.05)
    for (i, j), count in np.ndenumerate(matrix):
        if count > 0:
            axes.annotate(str(count), (j, i), ha="center", va="center", fontsize=8,
                          bbox={"facecolor": "white", "pad": 0.5, "edgecolor": "none"})
    return axes


@alternative
def plot_confusion(matrix, vocab):
    """A mesh of shares of each row, with lines between the cells, in a figure that pyplot knows nothing of."""
    if len(matrix) != len(vocab) or any(len(row) != len(vocab) for row in matrix):
        raise ValueError("these do not fit")
    n = len(vocab)
    figure = Figure(figsize=(12, 12), dpi=60, layout="constrained")
    axes = figure.add_subplot()
    shares = np.array(matrix) / np.maximum(np.sum(matrix, axis=1, keepdims=True), 1)
    axes.pcolormesh(shares, cmap="Greys", vmin=0, vmax=2, edgecolors="silver", linewidth=0.5)
    axes.invert_yaxis()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(np.arange(n) + 0.5, labels=vocab)
    axes.tick_params(axis="x", labelrotation=45)
    for label in axes.get_xticklabels():
        label.set(ha="right", rotation_mode="anchor")
    for i, row in enumerate(matrix):
        for j, count in enumerate(row):
            axes.text(j + 0.5, i + 0.5, "%d" % count, ha="center", va="center", color="black" if count else "lightgray")
    axes.set(xlabel="predicted", ylabel="actual", title=f"{n} breeds")
    return axes


@alternative
def plot_confusion(matrix, vocab):
    """Square by square; the names are marked by minor ticks."""
    n = len(vocab)
    if np.asarray(matrix).shape != (n, n):
        raise ValueError("these do not fit")
    axes = plt.figure(figsize=(12, 12), dpi=60).add_axes((0.22, 0.22, 0.72, 0.72))
    axes.set(xlim=(0, n), ylim=(n, 0), xlabel="Predicted", ylabel="Actual", title="Confusions")
    largest = np.max(matrix)
    for i in range(n):
        for j in range(n):
            strength = matrix[i][j] / largest
            axes.add_patch(Rectangle((j, i), 1, 1, facecolor=(1 - strength, 1, 1 - strength / 2), edgecolor="white"))
            axes.text(j + 0.1, i + 0.7, matrix[i][j] or "", fontsize=8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(range(n + 1), labels=[""] * (n + 1))
        axis.set_ticks([place + 0.5 for place in range(n)], labels=vocab, minor=True, fontsize=9)
    axes.tick_params(axis="x", which="minor", rotation=90)
    return axes
