import matplotlib.pyplot as plt
import numpy as np

from petkata.checking import mistake


def fit(matrix, vocab):
    if np.shape(matrix) != (len(vocab), len(vocab)):
        raise ValueError("a row and a column for each name")


def draw(matrix, vocab, colors=None, numbers=None, show="{}".format, ink=None, names=None, rotation=90, origin="upper",
         figure=None, cmap="Blues"):
    """A right drawing, part by part: `colors` and `numbers` are the matrices that are painted and written."""
    fit(matrix, vocab)
    colors, numbers = matrix if colors is None else colors, matrix if numbers is None else numbers
    axes = (figure or plt.figure(figsize=(12, 12), dpi=60, layout="constrained")).add_subplot()
    axes.imshow(colors, cmap=cmap, origin=origin)
    axes.set(title="Confusion matrix", xlabel="Predicted", ylabel="Actual")
    axes.set_xticks(range(len(vocab)), names or vocab, rotation=rotation)
    axes.set_yticks(range(len(vocab)), names or vocab)
    for i, j in np.argwhere(numbers):
        color = ink or ("white" if 2 * numbers[i, j] > np.max(numbers) else "black")
        axes.text(j, i, show(numbers[i, j]), ha="center", va="center", color=color)
    return axes


@mistake("The figure comes back. The axes are asked for.", caught_by="test_is_twelve_inches_at_sixty_dots")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab).figure


@mistake("Nothing comes back: the axes are asked for, so that one can save the figure, or go on drawing.",
         caught_by="test_is_twelve_inches_at_sixty_dots")
def plot_confusion(matrix, vocab):
    draw(matrix, vocab)


@mistake("The figure has matplotlib's usual size. 37 breeds need 12 by 12 inches.",
         caught_by="test_is_twelve_inches_at_sixty_dots")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, figure=plt.figure(dpi=60))


@mistake("The figure has matplotlib's usual dots an inch, 100. 60 are asked for.",
         caught_by="test_is_twelve_inches_at_sixty_dots")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, figure=plt.figure(figsize=(12, 12)))


@mistake("720 are the pixels. The figure's size is given in inches.", caught_by="test_is_twelve_inches_at_sixty_dots")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, figure=plt.figure(figsize=(7.2, 7.2), dpi=100))


@mistake("The axes are numbered. Put the names there.", caught_by="test_names_the_rows_from_the_top")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, names=range(len(vocab)))


@mistake("Row 0 is at the bottom. A matrix is read from the top.", caught_by="test_names_the_rows_from_the_top")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, origin="lower")


@mistake("The names are sorted, and the rows are not: each stands beside another breed's row. vocab has the right order.",
         caught_by="test_names_the_rows_from_the_top")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, names=sorted(vocab))


@mistake("The names were given without their places, so that they are written at whatever ticks matplotlib had chosen.",
         caught_by="test_names_the_rows_from_the_top")
def plot_confusion(matrix, vocab):
    from matplotlib.ticker import FixedFormatter, FixedLocator

    axes = draw(matrix, vocab)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(range(-1, len(vocab))))  # matplotlib's own ticks begin before the first row
        axis.set_major_formatter(FixedFormatter(vocab))
    return axes


@mistake("Only the rows have names. The columns need theirs.", caught_by="test_names_the_columns_from_the_left")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    axes.set_xticks(range(len(vocab)), range(len(vocab)))
    return axes


@mistake('"Actual" and "Predicted" have changed places. The rows, beside the y axis, are what it was.',
         caught_by="test_says_which_is_which")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    axes.set(xlabel="Actual", ylabel="Predicted")
    return axes


@mistake("The axes are not labeled, so nobody can tell what it was from what was predicted.",
         caught_by="test_says_which_is_which")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    axes.set(xlabel="", ylabel="")
    return axes


@mistake("There is no title.", caught_by="test_has_a_title")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    axes.set_title("")
    return axes


@mistake("The first and the last cells are cut in half: the cell of place 0 goes from -0.5 to 0.5.",
         caught_by="test_every_cell_is_whole")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    axes.set(xlim=(0, len(vocab) - 1), ylim=(len(vocab) - 1, 0))
    return axes


@mistake("The whole matrix is turned over, its columns drawn as rows, with the names and the labels left as they were.",
         caught_by="test_writes_the_count_into_each_cell")
def plot_confusion(matrix, vocab):
    return draw(matrix.T, vocab)


@mistake("The numbers are turned over: row i and column j stand at x = j, y = i.",
         caught_by="test_writes_the_count_into_each_cell")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, numbers=matrix.T)


@mistake("The counts are written as 31.0. A count is a whole number.", caught_by="test_writes_the_count_into_each_cell")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, numbers=matrix.astype(float))


@mistake("Shares of a row are written. The counts are asked for.", caught_by="test_writes_the_count_into_each_cell")
def plot_confusion(matrix, vocab):
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    return draw(matrix, vocab, colors=shares, numbers=shares, show="{:.2f}".format)


@mistake("There are colors only. Nobody can read 12 from a shade of blue.", caught_by="test_writes_the_count_into_each_cell")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, show=lambda number: "")


@mistake("Only the diagonal has numbers. The confusions are what one looks for.",
         caught_by="test_writes_the_count_into_each_cell")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, numbers=np.diag(np.diag(matrix)))


@mistake("The colors are turned over, and the numbers are not: a cell's color and its number tell two stories.",
         caught_by="test_the_color_tells_the_same_as_the_number")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, colors=matrix.T)


@mistake("All cells have the same color, so that the eye finds nothing.",
         caught_by="test_the_color_tells_the_same_as_the_number")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, colors=np.zeros_like(matrix), ink="black")


@mistake("All numbers are black, also on the darkest cells.", caught_by="test_the_numbers_stand_out")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, ink="black")


@mistake("All numbers are white, also on the lightest cells.", caught_by="test_the_numbers_stand_out")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, ink="white", cmap="viridis")


@mistake("Numbers are white too early, from a quarter of the largest count: white on light blue is hard to read.",
         caught_by="test_the_numbers_stand_out")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    for text in axes.texts:
        text.set_color("white" if 4 * int(text.get_text()) > np.max(matrix) else "black")
    return axes


@mistake("Of 37 names not all are there: with so many, matplotlib marks every few only, unless it is told the places.",
         caught_by="test_all_breeds_have_their_names")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    step = 1 + len(vocab) // 20
    axes.set_xticks(range(0, len(vocab), step), vocab[::step], rotation=90)
    return axes


@mistake("The names at the columns lie across, and with 37 breeds they cover each other. Turn them.",
         caught_by="test_no_name_covers_another")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, rotation=0)


@mistake("The names at the columns are turned too little: with 37 breeds they still cover each other.",
         caught_by="test_no_name_covers_another")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, rotation=20)


@mistake("The names are too large: with 37 breeds those at the rows cover each other.",
         caught_by="test_no_name_covers_another")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    axes.tick_params(labelsize=20)
    return axes


@mistake("The names are so small that they do not cover each other, and that nobody can read them.",
         caught_by="test_no_name_covers_another")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab, rotation=0)
    axes.tick_params(labelsize=1.5)
    return axes


@mistake("Long names are cut off at the edge of the figure: there is no room made for them.",
         caught_by="test_no_name_is_cut_off")
def plot_confusion(matrix, vocab):
    return draw(matrix, vocab, figure=plt.figure(figsize=(12, 12), dpi=60))


@mistake("The numbers begin in the middle of their cells and run out of them on the right: text is told where, and not that it "
         "is to be centered there.", caught_by="test_every_number_lies_in_its_cell")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    for text in axes.texts:
        text.set(ha="left", va="baseline")
    return axes


@mistake("The numbers have 4 points, so small that nobody can read them.", caught_by="test_every_number_lies_in_its_cell")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    for text in axes.texts:
        text.set_fontsize(4)
    return axes


@mistake("All is drawn into the current figure, one matrix over the other. Make a new figure.",
         caught_by="test_draws_in_a_figure_of_its_own")
def plot_confusion(matrix, vocab):
    figure = plt.figure("confusion", figsize=(12, 12), dpi=60, layout="constrained")
    figure.clear()
    return draw(matrix, vocab, figure=figure)


@mistake("The diagonal was set to 0 to make the confusions stand out, in the caller's own matrix.",
         caught_by="test_is_twelve_inches_at_sixty_dots")
def plot_confusion(matrix, vocab):
    fit(matrix, vocab)
    np.fill_diagonal(matrix, 0)
    return draw(matrix, vocab)


@mistake("The figure is shown. A window opens, and everything waits until somebody closes it. Give the axes back.",
         caught_by="test_opens_no_window_and_writes_no_file")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    plt.show()
    return axes


@mistake("The figure is saved, under a name that nobody asked for. Give the axes back, and who called can save it.",
         caught_by="test_opens_no_window_and_writes_no_file")
def plot_confusion(matrix, vocab):
    axes = draw(matrix, vocab)
    axes.figure.savefig("pets.png")
    return axes


@mistake("The caller's matrix is changed on the way.", caught_by="test_is_twelve_inches_at_sixty_dots")
def plot_confusion(matrix, vocab):
    fit(matrix, vocab)
    axes = draw(matrix, vocab)
    np.fill_diagonal(matrix, 0)
    return axes


@mistake("A matrix that does not fit the names is drawn, with rows that have no name. It must get a ValueError.",
         caught_by="test_refuses_names_that_do_not_fit")
def plot_confusion(matrix, vocab):
    rows, columns = matrix.shape
    names = [*vocab, *map(str, range(99))]
    square = np.zeros((max(rows, columns),) * 2, dtype=int)
    square[:rows, :columns] = matrix
    return draw(square, names[:len(square)])
