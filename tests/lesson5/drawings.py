"""A drawn confusion matrix, read as a person reads it: rendered without a window, and then looked at."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from petkata.course.catalog import ROOT

SIDES = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])  # of a box: where its corners are from its middle
PICTURES = ROOT / "petkata_pictures"  # what a learner drew and how it can look, side by side; git ignores it


@contextmanager
def headless():
    """Draw without a window, with matplotlib's own settings whatever the user's are, and leave no figure open."""
    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    before = set(plt.get_fignums())
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        try:
            yield
        finally:
            for number in set(plt.get_fignums()) - before:
                plt.close(number)


@dataclass
class Letters:
    """What is written somewhere, and how large."""

    text: str
    points: float
    corners: np.ndarray  # of the box around the letters, (4, 2), in pixels from the top left


@dataclass
class Name(Letters):
    """A breed's name at an axis."""

    place: float  # where its row or column stands, in pixels from the left or the top


@dataclass
class Number(Letters):
    """What is written in the axes: a count, in the middle of its cell."""

    color: tuple  # of red, green and blue, 0 to 1
    own_background: bool  # it has a box or an outline of its own, so the color of the cell does not matter


class Drawing:
    """What can be seen of a confusion matrix: `rows` from top to bottom, `columns` from left to right. Places are in pixels from
    the top left. `seen` is what `seen_in` tells of it."""

    def __init__(self, counts: list[list[int]], vocab: list[str], seen: dict):
        self.counts, self.vocab, self.pixels = counts, vocab, seen["pixels"]
        self.rows, self.columns = ([Name(*name) for name in seen[names]] for names in ("rows", "columns"))
        self.numbers = [Number(*number) for number in seen["numbers"]]
        (self.left, self.bottom), (self.right, self.top) = seen["box"]
        self.inches, self.dpi = seen["inches"], seen["dpi"]
        self.title, self.xlabel, self.ylabel = seen["words"]
        self.middles = np.array([number.corners.mean(axis=0) for number in self.numbers]).reshape(-1, 2)

    @cached_property
    def pitch(self) -> tuple[float, float]:
        """Width and height of a cell in pixels, from one name to the next."""
        return tuple(float(np.median(np.diff([name.place for name in names]))) for names in (self.columns, self.rows))

    def middle(self, i: int, j: int) -> np.ndarray:
        """Where the names say that the cell of row i and column j is: its middle, in pixels from the top left."""
        return np.array([self.columns[j].place, self.rows[i].place])

    def cell(self, i: int, j: int) -> np.ndarray:
        """The corners of the cell of row i and column j, (4, 2)."""
        return self.middle(i, j) + 0.5 * np.array(self.pitch) * SIDES

    def written(self, i: int, j: int) -> list[Number]:
        """What is written in the middle of the cell of row i and column j."""
        near = (np.abs(self.middles - self.middle(i, j)) < 0.4 * np.array(self.pitch)).all(axis=1)
        return [self.numbers[place] for place in np.flatnonzero(near)]

    def color(self, i: int, j: int) -> np.ndarray:
        """The color of a cell, 0 to 1: that of four points around what is written in it, the middle one of them."""
        points = self.middle(i, j) + 0.35 * np.array(self.pitch) * SIDES
        height, width = self.pixels.shape[:2]
        seen = [self.pixels[min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)] for x, y in points]
        return np.median(seen, axis=0) / 255

    def saved(self, file: Path, wrong: np.ndarray | None = None) -> str:
        """Save the drawing, and one as it can look beside it; say where. A disk that refuses is no reason to fail.

        `wrong` are the corners of what is not right: it gets a red frame.
        """
        from PIL import Image, ImageDraw

        pictures = [Image.fromarray(pixels) for pixels in (self.pixels, target(self.counts, self.vocab))]
        if wrong is not None:
            frame = [*(wrong.min(axis=0) - 3), *(wrong.max(axis=0) + 3)]
            ImageDraw.Draw(pictures[0]).rectangle(frame, outline="red", width=2)
        for picture in pictures:
            picture.thumbnail((720, 720))
        both = Image.new("RGB", (sum(picture.width for picture in pictures) + 20, max(p.height for p in pictures)), "gray")
        both.paste(pictures[0], (0, 0))
        both.paste(pictures[1], (pictures[0].width + 20, 0))
        try:
            file.parent.mkdir(exist_ok=True)
            both.save(file)
        except OSError as error:
            return f"\n    (It could not be saved as a picture: {error}.)"
        shown = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file
        framed = ", what is meant in a red frame" if wrong is not None else ""
        return f"\n    Your drawing on the left{framed}, on the right how it can look: {shown}"


def seen_in(axes: Axes) -> dict:
    """What a `Drawing` is made of, as plain data. All of it is looked up at once, because the figure is closed afterward."""
    figure = axes.get_figure(root=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, pixels = canvas.get_renderer(), np.array(canvas.buffer_rgba())[..., :3].copy()
    box, height = axes.bbox, len(pixels)
    titles = [*(axes.get_title(loc) for loc in ("left", "center", "right")), figure.get_suptitle()]
    return {"pixels": pixels,
            "rows": _names(axes, axes.yaxis, 1, renderer, height), "columns": _names(axes, axes.xaxis, 0, renderer, height),
            "numbers": [_number(text, renderer, height) for text in axes.texts
                        if text.get_visible() and text.get_text().strip()],
            "box": _from_top([(box.x0, box.y0), (box.x1, box.y1)], height),
            "inches": tuple(map(float, figure.get_size_inches())), "dpi": float(figure.dpi),
            "words": (" ".join(titles), axes.get_xlabel() + figure.get_supxlabel(), axes.get_ylabel() + figure.get_supylabel())}


def _from_top(points, height: int) -> np.ndarray:
    """Pixels as matplotlib counts them, from the bottom, to pixels from the top."""
    return np.asarray(points) * [1, -1] + [0, height]


def _number(text, renderer, height: int) -> tuple:
    """Of a `Number` its parts."""
    box = text.get_window_extent(renderer)
    corners = _from_top([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)], height)
    own_background = text.get_bbox_patch() is not None or bool(text.get_path_effects())
    return text.get_text().strip(), float(text.get_fontsize()), corners, to_rgb(text.get_color()), own_background


def _names(axes: Axes, axis, across: int, renderer, height: int) -> list[tuple]:
    """Of each `Name` at an axis its parts, in their order."""
    low, high = sorted(axis.get_view_interval())
    names = {}
    for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
        place = tick.get_loc()
        if not low - 1e-6 <= place <= high + 1e-6:
            continue
        for label in (tick.label1, tick.label2):
            if tick.get_visible() and label.get_visible() and label.get_text().strip():
                at = float(_from_top(axes.transData.transform((place, place)), height)[across])
                name = plain(label.get_text())
                names[name, round(at)] = name, float(label.get_fontsize()), _corners(label, renderer, height), at
    return sorted(names.values(), key=lambda name: name[-1])


def _corners(label, renderer, height: int) -> np.ndarray:
    """The corners of the box around a label, turned as the label is."""
    box, angle = label.get_window_extent(renderer), np.radians(label.get_rotation())
    middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    label.set_rotation(0)
    box = label.get_window_extent(renderer)
    label.set_rotation(np.degrees(angle))
    along = np.array([np.cos(angle), np.sin(angle)]) * box.width / 2
    up = np.array([-np.sin(angle), np.cos(angle)]) * box.height / 2
    return _from_top([middle + a * along + b * up for a, b in SIDES], height)


def by_a_person(check) -> bool:
    """Whether somebody waits for this check's verdict, and will look at a picture. Of known answers nobody does."""
    return check.nodeid.startswith(("exercises/", "solutions/"))


def plain(name: str) -> str:
    """A name without what is a matter of taste: underscores or spaces, one line or two."""
    return " ".join(name.replace("_", " ").split())


def luminance(color) -> float:
    """How bright a color looks, 0 to 1 (WCAG 2)."""
    return float(np.dot(np.where(np.array(color) <= 0.04, np.array(color) / 12.92, ((np.array(color) + 0.055) / 1.055) ** 2.4),
                        [0.2126, 0.7152, 0.0722]))


def contrast(ink, background) -> float:
    """Contrast of letters with their background, both colors: 1 is none, 21 is black on white (WCAG 2)."""
    low, high = sorted([luminance(to_rgb(ink)), luminance(background)])
    return (high + 0.05) / (low + 0.05)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """How many pixels two boxes share where they share least: 0 or less when they can be told apart."""
    shared = []
    for box in (one, other):
        for side in np.diff(box[[0, 1, 2]], axis=0):
            direction = side / np.linalg.norm(side)
            a, b = one @ direction, other @ direction
            shared.append(min(a.max(), b.max()) - max(a.min(), b.min()))
    return min(shared)


def target(counts, vocab) -> np.ndarray:
    """How it can look: pixels (720, 720, 3)."""
    figure = Figure(figsize=(12, 12), dpi=60, layout="constrained")
    canvas, axes, n = FigureCanvasAgg(figure), figure.add_subplot(), len(vocab)
    mesh = axes.pcolormesh(counts, cmap="Greens")
    axes.set(xlim=(0, n), ylim=(n, 0), aspect="equal", title="How it can look", xlabel="Predicted", ylabel="Actual")
    middles = [place + 0.5 for place in range(n)]
    axes.set_xticks(middles, vocab, rotation=90)
    axes.set_yticks(middles, vocab)
    for y, row in zip(middles, counts):
        for x, count in zip(middles, row):
            color = max("black", "white", key=lambda ink: contrast(ink, mesh.to_rgba(count)[:3]))
            axes.text(x, y, count or "", ha="center", va="center", color=color)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]
