"""Charts: what is drawn where, found again in the pixels of the PNG."""

import math

import numpy as np
import pytest
from PIL import Image

from gan_model import charts
from gan_model.metrics import report

BLUE, ORANGE, GREEN = (0, 114, 178), (213, 94, 0), (0, 158, 115)
NAMES = ["shirt", "coat", "bag"]


def pixels(path):
    with Image.open(path) as image:
        assert image.format == "PNG" and image.width == 800
        return np.asarray(image.convert("RGB")).astype(int)


def of_colour(picture, colour):
    """Where a colour is, up to the rounding of edges: (rows, columns)."""
    return np.nonzero(np.abs(picture - colour).sum(axis=-1) < 12)


def area(picture, colour):
    """The same in whole areas only: no letters, no edges of lines."""
    found = np.abs(picture - colour).sum(axis=-1) < 12
    found &= found.sum(axis=1, keepdims=True) > 40
    return np.nonzero(found & (found.sum(axis=0) > 20))


def columns_of_bars(picture):
    """Heights in pixels of the blue bars, from left to right, the one in the legend left out."""
    lower = of_colour(picture, BLUE)
    bottom = lower[0].max()
    across = np.unique(lower[1][lower[0] == bottom])
    groups = np.split(across, np.flatnonzero(np.diff(across) > 1) + 1)
    middle = [int(np.median(group)) for group in groups]
    return [bottom + 1 - lower[0][lower[1] == column].min() for column in middle]


# Classes.


def test_bars_are_as_high_as_their_shares_and_the_real_share_lies_across(tmp_path):
    charts.class_histogram([50, 100, 10], NAMES, tmp_path / "c.png", real_counts=[8, 8, 16])
    picture = pixels(tmp_path / "c.png")
    heights = columns_of_bars(picture)
    assert len(heights) == 3
    np.testing.assert_allclose(np.array(heights) / heights[1], [0.5, 1, 0.1], atol=0.02)
    rows, _ = of_colour(picture, ORANGE)
    bottom = of_colour(picture, BLUE)[0].max()
    above = bottom - np.unique(rows)
    for share in (0.25, 0.5):  # of 0.625, the share of the highest bar
        assert np.abs(above - heights[1] * share / 0.625).min() < 3


def test_a_class_without_images_has_no_bar(tmp_path):
    charts.class_histogram([5, 0, 5], NAMES, tmp_path / "c.png", real_counts=[1, 1, 1])
    assert len(columns_of_bars(pixels(tmp_path / "c.png"))) == 2


def test_the_title_tells_the_entropy(tmp_path, monkeypatch):
    titles = []
    from matplotlib.axes import Axes

    monkeypatch.setattr(Axes, "set_title", lambda axes, text: titles.append(text))
    charts.class_histogram([8, 8], ["a", "b"], tmp_path / "c.png", real_counts=[1, 1], title="Mine")
    assert titles == ["Mine: entropy 0.69 of 0.69 nats"]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([7] * 10, math.log(10)), ([0, 9, 0], 0.0), ([1, 3], 2 * math.log(2) - 0.75 * math.log(3))],
)
def test_entropy(counts, expected):
    assert report.entropy(counts) == pytest.approx(expected, abs=1e-12)
    assert math.copysign(1, report.entropy(counts)) == 1


# Lines.


def test_lines_have_their_colours_and_a_band_from_least_to_greatest(tmp_path):
    x = np.array([0.0, 1.0, 2.0])
    readings = np.array([[1.0, 1, 1], [3, 3, 3], [2, 2, 2]])
    lines = {"wide": (x, readings), "narrow": (x, [6.0, 6, 6])}
    charts.curve(lines, tmp_path / "l.png", x_label="minutes", y_label="distance")
    picture = pixels(tmp_path / "l.png")
    band = tuple(round(255 - 0.2 * (255 - value)) for value in BLUE)
    rows, _ = area(picture, band)
    low, high = rows.min(), rows.max()
    line = np.median(of_colour(picture, BLUE)[0])
    assert abs(line - (low + high) / 2) < 4, "the mean lies in the middle of the band"
    other = np.median(of_colour(picture, ORANGE)[0])
    # From 2, the mean, to 6 it is twice as far as the band is wide.
    assert (line - other) / (high - low) == pytest.approx(2, abs=0.1)


def test_one_reading_has_no_band_and_a_third_line_a_third_colour(tmp_path):
    lines = {name: ([1, 2], [level, level]) for level, name in enumerate("abc")}
    charts.curve(lines, tmp_path / "l.png", x_label="x", y_label="y")
    picture = pixels(tmp_path / "l.png")
    assert all(len(of_colour(picture, colour)[0]) for colour in (BLUE, ORANGE, GREEN))
    band = tuple(round(255 - 0.2 * (255 - value)) for value in BLUE)
    assert len(of_colour(picture, band)[0]) < 50


def test_on_logarithmic_axes_a_power_law_is_straight(tmp_path):
    x = np.array([100.0, 1000, 10000])
    path = tmp_path / "l.png"
    charts.curve({"a": (x, 1 / x)}, path, x_label="n", y_label="y", log_x=True, log_y=True)
    rows, columns = of_colour(pixels(path), BLUE)
    slope, start = np.polyfit(columns, rows, 1)
    assert slope > 0
    assert np.abs(rows - (slope * columns + start)).max() < 8


@pytest.mark.parametrize(
    ("value", "text"), [(2000, "2,000"), (0.1, "0.1"), (5, "5"), (12500, "12,500"), (-0.5, "-0.5")]
)
def test_numbers_on_axes_are_plain(value, text):
    assert charts._plain(value) == text


# Neighbours.


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
@pytest.mark.parametrize("sides", [(28, 28), (12, 30)])
def test_each_row_has_its_image_left_of_the_line_and_the_neighbours_right(
    tmp_path, sides, channels
):
    levels = np.array([[40, 90, 140], [60, 110, 160]], np.uint8)
    images = np.broadcast_to(levels[..., None, None], (2, 3, *sides))
    images = images if not channels else np.repeat(images[..., None], channels[0], axis=-1)
    path = tmp_path / "n.png"
    charts.neighbours(
        images[:, 0], images[:, 1:], path, labels=["a", "b"], distances=np.ones((2, 2))
    )
    picture = pixels(path)
    line = np.median(of_colour(picture, ORANGE)[1])
    places = {level: area(picture, (level,) * 3) for level in levels.ravel().tolist()}
    middles = {
        level: (np.median(rows), np.median(columns)) for level, (rows, columns) in places.items()
    }
    assert middles[40][1] < line < middles[90][1] < middles[140][1]
    assert middles[60][1] < line < middles[110][1] < middles[160][1]
    assert middles[40][0] == pytest.approx(middles[140][0], abs=2)
    assert middles[40][0] < middles[60][0]
    rows, columns = places[90]
    assert np.ptp(rows) / np.ptp(columns) == pytest.approx(sides[0] / sides[1], rel=0.05)
