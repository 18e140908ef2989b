"""How a drawn matrix is looked at: without a window, whatever the user's settings, and with a picture of what is wrong."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from solutions.lesson5.plot import plot_confusion
from tests.lesson5.drawings import Drawing, contrast, headless, overlap, plain, seen_in

COUNTS, VOCAB = [[5, 2], [0, 7]], ["american_pit_bull_terrier", "pug"]


@pytest.fixture
def drawing():
    with headless():
        return Drawing(COUNTS, VOCAB, seen_in(plot_confusion(np.array(COUNTS), VOCAB)))


def test_no_window_and_no_figure_is_left(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    before = plt.get_fignums()
    with headless():
        plt.figure(), plt.figure()
        assert matplotlib.get_backend().lower() == "agg"
    assert plt.get_fignums() == before


def test_the_users_settings_count_for_nothing():
    with matplotlib.rc_context({"image.origin": "lower", "figure.dpi": 200, "font.size": 30}):
        with headless():
            assert matplotlib.rcParams["font.size"] == 10 and matplotlib.rcParams["image.origin"] == "upper"
        assert matplotlib.rcParams["font.size"] == 30


def test_sees_what_was_drawn(drawing):
    assert [name.text for name in drawing.rows] == [name.text for name in drawing.columns] == [plain(name) for name in VOCAB]
    assert [[number.text for number in drawing.written(i, j)] for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))] == [
        ["5"], ["2"], [], ["7"]]
    assert drawing.color(1, 1).sum() < drawing.color(0, 1).sum() < drawing.color(1, 0).sum()
    assert contrast(drawing.written(1, 1)[0].color, drawing.color(1, 1)) > 5
    assert drawing.pixels.shape == (720, 720, 3) and (drawing.inches, drawing.dpi) == ((12, 12), 60)


def test_turned_boxes_are_told_apart():
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10]])
    turned = np.array([[0, 0], [10, 10], [0, 20], [-10, 10]])  # stands on its corner
    assert overlap(square, square + [4, 3]) == pytest.approx(6)
    assert overlap(square, square + [10, 12]) <= 0
    assert overlap(turned, turned + [12, 12]) <= 0 < overlap(turned, turned + [6, 6])  # boxes around them would overlap


def test_a_picture_is_saved_beside_how_it_can_look(drawing, tmp_path):
    for _ in range(2):  # the second takes the place of the first
        said = drawing.saved(tmp_path / "pictures" / "names.png")
    file = tmp_path / "pictures" / "names.png"
    assert str(file) in said
    with Image.open(file) as picture:
        assert picture.size == (1460, 720)


def test_what_is_wrong_gets_a_red_frame(drawing, tmp_path):
    assert "red frame" in drawing.saved(tmp_path / "counts.png", drawing.cell(1, 1))
    with Image.open(tmp_path / "counts.png") as picture:
        red = np.argwhere((np.array(picture.convert("RGB")) == [255, 0, 0]).all(axis=2))
    (top, left), (bottom, right) = red.min(axis=0), red.max(axis=0)
    assert np.abs(drawing.cell(1, 1) - [[left, top], [right, top], [right, bottom], [left, bottom]]).max() < 5


def test_a_disk_that_refuses_stops_nothing(drawing, tmp_path):
    (tmp_path / "taken").write_text("no folder")
    assert "could not be saved" in drawing.saved(tmp_path / "taken" / "counts.png")
    assert "could not be saved" in drawing.saved(tmp_path / "no" / "such" / "folder" / "counts.png")
