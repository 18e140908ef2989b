import copy
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureManagerBase

from petkata.checking import refuses
from petkata.pets.breeds import BREEDS
from tests.lesson5.drawings import PICTURES, Drawing, by_a_person, contrast, headless, overlap, plain, seen_in

FEW = ["pug", "Birman", "staffordshire_bull_terrier", "beagle", "Ragdoll"]
COUNTS = [[31, 0, 4, 1, 0],
          [0, 18, 9, 0, 0],
          [12, 0, 25, 0, 0],
          [0, 2, 0, 40, 0],
          [3, 21, 0, 0, 7]]
ALL = sorted(BREEDS)
STANDS_OUT = 2.2  # contrast of a number with its cell; one that changes from black to white at half the largest has 2.3 or more
BEYOND = 0.5  # pixels that a number may reach out of its cell
COVERED = 3  # pixels that the boxes of two names may share: a box has room above and below its letters


def many_counts():
    """A matrix of all the breeds: most right, some confusions, many zeros."""
    dice = np.random.default_rng(5)
    matrix = dice.integers(1, 7, (len(ALL), len(ALL))) * (dice.random((len(ALL), len(ALL))) < 0.04)
    return (matrix + np.diag(dice.integers(20, 45, len(ALL)))).tolist()


def drawings(plot_confusion, *matrices) -> tuple[list, bool, int, list]:
    """What is seen of each matrix that the answer draws with its names, one after the other, or in words what came back instead;
    whether each has a figure of its own; how often a window was to be opened; the files in the current folder afterward."""
    seen, figures, windows = [], [], []
    show = FigureManagerBase.show
    FigureManagerBase.show = lambda manager: windows.append(1)  # what plt.show and figure.show come to
    try:
        with headless():
            for counts, vocab in matrices:
                axes = plot_confusion(np.array(counts), list(vocab))
                if not isinstance(axes, Axes):
                    seen.append(type(axes).__name__)
                elif axes.get_figure() is None:
                    seen.append("one without a figure: was it removed?")
                else:
                    seen.append(seen_in(axes))
                    figures.append(axes.get_figure())
    finally:
        FigureManagerBase.show = show
    files = sorted(path.name for path in Path.cwd().iterdir())
    return seen, len(set(figures)) == len(matrices), len(windows), files


def looked_at(plot_confusion, *matrices):
    """What `drawings` tells; fails where no axes of a figure came back."""
    seen, *others = plot_confusion.where_it_runs(drawings, *copy.deepcopy(matrices))
    for one in seen:
        assert isinstance(one, dict), (
            f"the axes that the matrix is drawn in are asked for, so that one can go on drawing; this is {one}"
        )
    return seen, *others


def drawn(plot_confusion, counts, vocab) -> Drawing:
    [seen], *_ = looked_at(plot_confusion, (counts, vocab))
    return Drawing(counts, vocab, seen)


@pytest.fixture(scope="session")
def few(plot_confusion):
    """Five breeds, drawn by the answer."""
    return drawn(plot_confusion, COUNTS, FEW)


@pytest.fixture(scope="session")
def breeds(plot_confusion):
    """All 37 breeds, drawn by the answer."""
    return drawn(plot_confusion, many_counts(), ALL)


@pytest.fixture
def look(request):
    """`look(drawing, wrong)` saves a drawing, a frame around what is wrong, where a person drew it, and says where."""
    file = PICTURES / f"{request.node.originalname.removeprefix('test_')}.png"
    return lambda drawing, wrong=None: drawing.saved(file, wrong) if by_a_person(request.node) else ""


def names_of(names):
    return [name.text for name in names]


def first_astray(names, expected: list[str]) -> tuple[str, np.ndarray | None]:
    """The first name that is not as expected: in words, and the corners of its box. No words where all are."""
    for place, (name, right) in enumerate(zip(names, expected)):
        if name.text != right:
            return f"at place {place} stands {name.text!r}, and {right!r} belongs there", name.corners
    if len(names) < len(expected):
        return f"at place {len(names)} {expected[len(names)]!r} belongs, and nothing stands there", None
    if len(names) > len(expected):
        return f"{names[len(expected)].text!r} is one too many", names[len(expected)].corners
    return "", None


def test_is_twelve_inches_at_sixty_dots(plot_confusion, few, look):
    assert few.inches == pytest.approx((12, 12)), (
        f"the figure is 12 by 12 inches, so that 37 breeds have room; this one is {few.inches[0]:g} by {few.inches[1]:g}"
    )
    assert few.dpi == pytest.approx(60), f"an inch has 60 dots; here it has {few.dpi:g}"


def test_names_the_rows_from_the_top(plot_confusion, few, look):
    expected, found = [plain(name) for name in FEW], names_of(few.rows)
    assert found != expected[::-1], f"row 0 ({FEW[0]}) is at the top, as in the matrix; here it is at the bottom{look(few)}"
    assert found == expected, (
        f"beside the rows stand, from the top, {expected}, each once; here stand {found}"
        f"{look(few, first_astray(few.rows, expected)[1])}"
    )


def test_names_the_columns_from_the_left(plot_confusion, few, look):
    expected, found = [plain(name) for name in FEW], names_of(few.columns)
    assert found == expected, (
        f"at the columns stand, from the left, {expected}, each once; here stand {found}"
        f"{look(few, first_astray(few.columns, expected)[1])}"
    )


def test_says_which_is_which(plot_confusion, few, look):
    x, y = few.xlabel.lower(), few.ylabel.lower()
    assert "actual" in y and "predict" not in y, (
        f'the rows are what it was, so the y axis is labeled "Actual"; here it is labeled {few.ylabel!r}{look(few)}'
    )
    assert "predict" in x and "actual" not in x, (
        f'the columns are what was predicted, so the x axis is labeled "Predicted"; here it is labeled {few.xlabel!r}{look(few)}'
    )


def test_has_a_title(plot_confusion, few, look):
    assert few.title.strip(), f"a title says what this is, and there is none{look(few)}"


def cells(counts):
    return [(i, j) for i in range(len(counts)) for j in range(len(counts))]


def can_be_placed(drawing, look):
    """A cell is found by the names of its row and its column, so those must be there."""
    n = len(drawing.vocab)
    assert len(drawing.rows) == len(drawing.columns) == n, (
        f"{n} breeds need {n} names at the rows and {n} at the columns, or nobody can tell which cell is which; here are "
        f"{len(drawing.rows)} and {len(drawing.columns)}{look(drawing)}"
    )


def test_every_cell_is_whole(plot_confusion, few, look):
    can_be_placed(few, look)
    width, height = few.pitch
    for i, j in ((0, 0), (4, 4)):
        x, y = few.middle(i, j)
        room = min((x - few.left) / width, (few.right - x) / width, (y - few.top) / height, (few.bottom - y) / height)
        assert room > 0.4, f"the cell of row {i} and column {j} is cut off by the edge of the axes{look(few, few.cell(i, j))}"


def count_is_written(drawing, i, j, look):
    """The count of a cell stands in the middle of it, alone; a 0 may be left out."""
    count, found = drawing.counts[i][j], [number.text for number in drawing.written(i, j)]
    seen = f"there stands {' and '.join(map(repr, found)) or 'nothing'}"
    assert found == [str(count)] or (found == [] and count == 0), (
        f"of row {i} ({drawing.vocab[i]}) and column {j} ({drawing.vocab[j]}) the count is {count}, to be written in the middle "
        f"of that cell; {seen}{look(drawing, drawing.cell(i, j))}"
    )


def test_writes_the_count_into_each_cell(plot_confusion, few, look):
    can_be_placed(few, look)
    for i, j in cells(COUNTS):
        count_is_written(few, i, j, look)


def test_the_color_tells_the_same_as_the_number(plot_confusion, few, look):
    can_be_placed(few, look)
    zeros = [(i, j) for i, j in cells(COUNTS) if COUNTS[i][j] == 0]
    none = np.median([few.color(i, j) for i, j in zeros], axis=0)
    assert np.abs(few.color(4, 1) - none).max() > 0.1, (
        f"21 of the {FEW[4]}s were taken for {FEW[1]}s (row 4, column 1), and that cell has the color of 0"
        f"{look(few, few.cell(4, 1))}"
    )
    for i, j in zeros:
        assert np.abs(few.color(i, j) - none).max() < 0.05, (
            f"row {i} ({FEW[i]}), column {j} ({FEW[j]}) has the count 0, and another color than the rest of the zeros"
            f"{look(few, few.cell(i, j))}"
        )


def test_the_numbers_stand_out(plot_confusion, few, look):
    can_be_placed(few, look)
    for i, j in cells(COUNTS):
        for number in few.written(i, j) if COUNTS[i][j] else []:
            cell = few.color(i, j)
            here, black, white = (contrast(ink, cell) for ink in (number.color, "black", "white"))
            assert number.own_background or here > STANDS_OUT, (
                f"the {number.text} in row {i}, column {j} is hard to read: its contrast with its cell is {here:.1f}; in black "
                f"it would have {black:.1f}, in white {white:.1f}{look(few, few.cell(i, j))}"
            )


def test_draws_in_a_figure_of_its_own(plot_confusion):
    _, each_has_its_own, *_ = looked_at(plot_confusion, (COUNTS, FEW), ([row[:3] for row in COUNTS[:3]], FEW[:3]))
    assert each_has_its_own, (
        "two calls have drawn into the same figure, the second matrix over the first: make a new figure each time"
    )


def test_opens_no_window_and_writes_no_file(plot_confusion):
    _, _, windows, files = plot_confusion.where_it_runs(drawings, copy.deepcopy((COUNTS, FEW)))
    assert not windows, (
        "the figure was shown, which opens a window and waits until somebody closes it: give the axes back, and who called shows "
        "or saves them"
    )
    assert not files, f"a file was written, {files[0]}: who called may save the figure, under a name of their own"


def test_leaves_the_matrix_as_it_is(plot_confusion):
    matrix = np.array(COUNTS)
    with headless():
        plot_confusion(matrix, FEW)
    assert matrix.tolist() == COUNTS, "the matrix belongs to whoever called, and it was changed while it was drawn"


def test_refuses_names_that_do_not_fit(plot_confusion):
    with headless():
        assert refuses(plot_confusion, np.array(COUNTS), FEW[:4]), "4 names do not fit 5 rows: raise ValueError"
        assert refuses(plot_confusion, np.array(COUNTS), [*FEW, "Persian"]), "6 names do not fit 5 rows: raise ValueError"
        assert refuses(plot_confusion, np.array(COUNTS)[:4], FEW), "4 rows of 5 columns are no confusion matrix: raise ValueError"


def test_all_breeds_have_their_names(plot_confusion, breeds, look):
    expected = [plain(name) for name in ALL]
    for names, where in ((breeds.rows, "rows"), (breeds.columns, "columns")):
        words, wrong = first_astray(names, expected)
        assert not words, (
            f"the {len(ALL)} {where} have their names in the order of vocab, each once; here stand {len(names)}, and {words} "
            f"(the first place is 0){look(breeds, wrong)}"
        )


def can_be_read(letters, drawing, look):
    assert letters.points >= 5, (
        f"the letters of {letters.text!r} have {letters.points:g} points. At 60 dots an inch nobody can read that: 5 is the "
        f"smallest{look(drawing, letters.corners)}"
    )


def test_no_name_covers_another(plot_confusion, breeds, look):
    can_be_placed(breeds, look)
    for names, where in ((breeds.rows, "rows"), (breeds.columns, "columns")):
        for name in names:
            can_be_read(name, breeds, look)
        for one, other in zip(names, names[1:]):
            covered = overlap(one.corners, other.corners)
            assert covered < COVERED, (
                f"at the {where} the names {one.text} and {other.text} cover each other (by {covered:.0f} pixels)"
                f"{look(breeds, np.concatenate([one.corners, other.corners]))}"
            )


def test_no_name_is_cut_off(plot_confusion, breeds, look):
    can_be_placed(breeds, look)
    height, width = breeds.pixels.shape[:2]
    for names, where in ((breeds.rows, "rows"), (breeds.columns, "columns")):
        for name in names:
            (left, top), (right, bottom) = name.corners.min(axis=0), name.corners.max(axis=0)
            outside = max(-left, -top, right - width, bottom - height)
            assert outside < 2, (
                f"at the {where} {outside:.0f} pixels of {name.text} are outside the figure: long names need room"
                f"{look(breeds, name.corners)}"
            )


def test_counts_of_all_breeds_are_there(plot_confusion, breeds, look):
    can_be_placed(breeds, look)
    for i, j in cells(breeds.counts):
        if breeds.counts[i][j]:
            count_is_written(breeds, i, j, look)


def test_every_number_lies_in_its_cell(plot_confusion, breeds, look):
    can_be_placed(breeds, look)
    for i, j in cells(breeds.counts):
        cell = breeds.cell(i, j)
        for number in breeds.written(i, j) if breeds.counts[i][j] else []:
            can_be_read(number, breeds, look)
            beyond = max(*(cell.min(axis=0) - number.corners.min(axis=0)), *(number.corners.max(axis=0) - cell.max(axis=0)))
            assert beyond < BEYOND, (
                f"the {number.text} in row {i}, column {j} reaches {beyond:.1f} pixels out of its cell, into the next one: the "
                f"middle of a number belongs in the middle of its cell{look(breeds, cell)}"
            )
