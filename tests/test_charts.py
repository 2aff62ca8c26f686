"""Charts: what is drawn where, found again in the pixels of the PNG."""

import itertools
import math

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from test_checkpoint import no_room_beyond

from gan_model import pictures
from gan_model.metrics.diversity import entropy
from gan_model.pictures import style
from gan_model.sweeps.outcome import Outcome

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


def test_a_full_disk_leaves_an_earlier_chart(tmp_path):
    path = tmp_path / "c.png"
    path.write_text("good")
    with no_room_beyond(100), pytest.raises(OSError, match=f"{path} could not be written"):
        pictures.class_histogram([8, 8], ["a", "b"], path, real_counts=[1, 1])
    assert path.read_text() == "good" and list(tmp_path.iterdir()) == [path]


# Classes.


def test_bars_are_as_high_as_their_shares_and_the_real_share_lies_across(tmp_path):
    """A class without images has no bar."""
    path = tmp_path / "c.png"
    pictures.class_histogram([50, 100, 10, 0], [*NAMES, "none"], path, real_counts=[8, 8, 16, 0])
    picture = pixels(path)
    heights = columns_of_bars(picture)
    assert len(heights) == 3
    np.testing.assert_allclose(np.array(heights) / heights[1], [0.5, 1, 0.1], atol=0.02)
    rows, _ = of_colour(picture, ORANGE)
    bottom = of_colour(picture, BLUE)[0].max()
    above = bottom - np.unique(rows)
    for share in (0.25, 0.5):  # of 0.625, the share of the highest bar
        assert np.abs(above - heights[1] * share / 0.625).min() < 3


def test_the_title_tells_the_entropy(tmp_path, monkeypatch):
    titles = []
    from matplotlib.axes import Axes

    monkeypatch.setattr(Axes, "set_title", lambda axes, text: titles.append(text))
    path = tmp_path / "c.png"
    pictures.class_histogram([8, 8], ["a", "b"], path, real_counts=[1, 1], title="Mine")
    assert titles == ["Mine: entropy 0.69 of 0.69 nats"]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([7] * 10, math.log(10)), ([0, 9, 0], 0.0), ([1, 3], 2 * math.log(2) - 0.75 * math.log(3))],
)
def test_entropy(counts, expected):
    assert entropy(counts) == pytest.approx(expected, abs=1e-12)
    assert math.copysign(1, entropy(counts)) == 1


# Lines.


def test_lines_have_their_colours_and_a_band_from_least_to_greatest(tmp_path):
    x = np.array([0.0, 1.0, 2.0])
    readings = np.array([[1.0, 1, 1], [3, 3, 3], [2, 2, 2]])
    lines = {"wide": (x, readings), "narrow": (x, [6.0, 6, 6])}
    pictures.curve(lines, tmp_path / "l.png", x_label="minutes", y_label="distance")
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
    pictures.curve(lines, tmp_path / "l.png", x_label="x", y_label="y")
    picture = pixels(tmp_path / "l.png")
    assert all(len(of_colour(picture, colour)[0]) for colour in (BLUE, ORANGE, GREEN))
    band = tuple(round(255 - 0.2 * (255 - value)) for value in BLUE)
    assert len(of_colour(picture, band)[0]) < 50


def test_on_logarithmic_axes_a_power_law_is_straight(tmp_path):
    x = np.array([100.0, 1000, 10000])
    path = tmp_path / "l.png"
    pictures.curve({"a": (x, 1 / x)}, path, x_label="n", y_label="y", log_x=True, log_y=True)
    rows, columns = of_colour(pixels(path), BLUE)
    slope, start = np.polyfit(columns, rows, 1)
    assert slope > 0
    assert np.abs(rows - (slope * columns + start)).max() < 8


@pytest.mark.parametrize(
    ("value", "text"), [(2000, "2,000"), (0.1, "0.1"), (5, "5"), (12500, "12,500"), (-0.5, "-0.5")]
)
def test_numbers_on_axes_are_plain(value, text):
    assert style.plain(value) == text


# Neighbours.


@pytest.mark.parametrize(
    ("sides", "channels"), [((28, 28), ()), ((12, 30), (1,)), ((28, 28), (3,))]
)
def test_each_row_has_its_image_left_of_the_line_and_the_neighbours_right(
    tmp_path, sides, channels
):
    levels = np.array([[40, 90, 140], [60, 110, 160]], np.uint8)
    images = np.broadcast_to(levels[..., None, None], (2, 3, *sides))
    images = images if not channels else np.repeat(images[..., None], channels[0], axis=-1)
    path = tmp_path / "n.png"
    pictures.neighbours(
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


# Trials of a search.

LIMIT = 50  # pixels from the top that the legend takes


def trial(number, score, *, state="finished", **hyperparameters):
    return Outcome(
        name=f"trial-{number:03}",
        hyperparameters=hyperparameters,
        seed=number,
        state=state,
        reason="",
        score=score,
        distance=score,
        best_epoch=1,
        epochs=1,
        figures={},
        seconds=1.0,
    )


def dots(picture, colour):
    """Middles (row, column) of the dots of a colour below the legend, from left to right."""
    found = np.abs(picture - colour).sum(axis=-1) < 12
    found[:LIMIT] = False
    parts, count = ndimage.label(found)
    # The digits of the ranks have the colour too, but are smaller than a dot.
    whole = [part for part in range(1, count + 1) if (parts == part).sum() > 60]
    return sorted(ndimage.center_of_mass(found, parts, whole), key=lambda place: place[1])


def test_runs_stand_at_their_values_and_distances(tmp_path):
    """Three best and three others on linear axes: the same six points as given, but for a scale."""
    scores, values = [10.0, 12, 14, 16, 18, 20], [0.5, 0.3, 0.7, 0.33, 0.4, 0.6]
    outcomes = [trial(i, s, rate=v) for i, (s, v) in enumerate(zip(scores, values, strict=True))]
    pictures.trials(outcomes, tmp_path / "t.png", distance="fid")
    picture = pixels(tmp_path / "t.png")
    best, others = dots(picture, ORANGE), dots(picture, BLUE)
    assert (len(best), len(others)) == (3, 3)
    expected = sorted(zip(values, scores, strict=True))
    rows, columns = np.array(sorted([*best, *others], key=lambda place: place[1])).T
    for found, true, sign in ((columns, 0, 1), (rows, 1, -1)):
        true = np.array([point[true] for point in expected])
        slope, start = np.polyfit(true, found, 1)
        assert slope * sign > 0
        np.testing.assert_allclose(found, slope * true + start, atol=2)
    assert max(row for row, _ in others) < min(row for row, _ in best)


def test_learning_rates_are_as_far_apart_as_their_logarithms(tmp_path):
    values = [1e-5, 1e-4, 1e-3, 1e-2]
    outcomes = [trial(i, 10 + i, rate=value) for i, value in enumerate(values)]
    pictures.trials(outcomes, tmp_path / "t.png", distance="fid")
    picture = pixels(tmp_path / "t.png")
    columns = [column for _, column in (*dots(picture, ORANGE), *dots(picture, BLUE))]
    np.testing.assert_allclose(np.diff(columns) / np.diff(columns).mean(), 1, atol=0.02)


def test_labels_of_learning_rates_do_not_overlap(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(style, "write", lambda figure, path: drawn.append(figure))
    names = "size", "generator_learning_rate", "discriminator_learning_rate"
    outcomes = [trial(i, 9 + i, **dict.fromkeys(names, 2.2e-4 * 2.3**i)) for i in range(4)]
    pictures.trials(outcomes, tmp_path / "t.png", distance="fid")
    drawn[0].canvas.draw()
    for panel in drawn[0].axes:
        labels = [label for label in panel.get_xticklabels(which="both") if label.get_text()]
        places = sorted((label.get_window_extent() for label in labels), key=lambda box: box.x0)
        assert len(places) > 1
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(places))


@pytest.mark.parametrize(("floor", "lines"), [(8.0, 1), (1e-6, 0), (None, 0)])
def test_the_floor_is_a_line_below_the_runs_where_it_fits(tmp_path, floor, lines):
    outcomes = [trial(i, 10.0 + 5 * i, size=32 * 2**i) for i in range(3)]
    outcomes += [trial(3, 1000.0, size=32)] if lines == 0 else []
    pictures.trials(outcomes, tmp_path / "t.png", distance="fid", floor=floor)
    picture = pixels(tmp_path / "t.png")
    greener = picture[..., 1] - picture[..., 0] > 60
    rows = np.flatnonzero(greener.sum(axis=1) > 400)
    assert (len(rows) > 0) == bool(lines)
    assert all(row > place[0] for row in rows for place in dots(picture, ORANGE))


def test_failed_runs_are_crosses_at_the_top_and_no_dots(tmp_path):
    outcomes = [trial(0, 10.0, size=32), trial(1, 20.0, size=64)]
    pictures.trials(outcomes, tmp_path / "without.png", distance="fid")
    failed = [
        trial(2, 1000.0, state=state, size=48)
        for state in ("diverged", "out_of_memory", "collapsed")
    ]
    pictures.trials([*outcomes, *failed], tmp_path / "with.png", distance="fid")
    without, with_failed = (pixels(tmp_path / f"{name}.png") for name in ("without", "with"))
    assert len(dots(without, ORANGE)) == len(dots(with_failed, ORANGE)) == 2
    left, right = (column for _, column in dots(with_failed, ORANGE))
    between = slice(round((left + right) / 2) - 8, round((left + right) / 2) + 9)
    above = slice(LIMIT, round(min(row for row, _ in dots(with_failed, ORANGE))) - 8)
    assert (with_failed[above, between] < 60).all(axis=-1).any()
    assert not (without[above, between] < 60).all(axis=-1).any()


EVERY_KIND = {
    "codings_size": [32, 64, 128],
    "generator_learning_rate": [1e-5, 3e-4, 1e-3],
    "discriminator_learning_rate": [1e-4, 1.1e-4, 1.2e-4],
    "loss": ["non_saturating", "hinge", "wasserstein_with_gradient_penalty"],
    "augmented": [True, False, True],
    "zero": [0, 0.0, -1],
    "constant": [0.5, 0.5, 0.5],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("panels", "states"),
    [
        (1, ["finished"] * 3),
        (4, ["finished"]),
        (7, ["finished"] * 3),
        (7, ["diverged"] * 3),
        (2, ["collapsed"]),
    ],
)
def test_any_kinds_and_numbers_of_hyperparameters_can_be_drawn(tmp_path, panels, states):
    chosen = dict(list(EVERY_KIND.items())[-panels:])
    outcomes = [
        trial(i, 10.0**i, state=state, **{name: values[i] for name, values in chosen.items()})
        for i, state in enumerate(states)
    ]
    pictures.trials(outcomes, tmp_path / "t.png", distance="fid", floor=0.5)
    picture = pixels(tmp_path / "t.png")
    assert len(dots(picture, ORANGE)) == panels * states.count("finished")


def test_a_run_without_a_hyperparameter_is_left_out_of_its_panel_only(tmp_path):
    outcomes = [trial(0, 10.0, size=32), trial(1, 12.0, size=64, rate=0.1)]
    pictures.trials(outcomes, tmp_path / "t.png", distance="fid")
    assert len(dots(pixels(tmp_path / "t.png"), ORANGE)) == 3


@pytest.mark.parametrize("outcomes", [[], [trial(0, 10.0)]])
def test_a_search_without_hyperparameters_cannot_be_drawn(tmp_path, outcomes):
    with pytest.raises(ValueError, match=rf"{len(outcomes)} runs, none with a hyperparameter"):
        pictures.trials(outcomes, tmp_path / "t.png", distance="fid")


# Pictures beside each other.


@pytest.mark.parametrize("channels", [(), (3,)])
def test_pictures_beside_each_other_are_in_order_and_as_high(tmp_path, channels):
    levels, widths = (40, 90, 140), (60, 60, 120)
    shown = [
        np.full((90, w, *channels), level, "u1") for level, w in zip(levels, widths, strict=True)
    ]
    path = tmp_path / "s.png"
    pictures.side_by_side(shown, ["a", "b", "a title that is far too long " * 3], path)
    picture = pixels(path)
    rows, columns = zip(*(area(picture, (level,) * 3) for level in levels), strict=True)
    assert columns[0].max() < columns[1].min() and columns[1].max() < columns[2].min()
    for row, column, width in zip(rows, columns, widths, strict=True):
        assert np.ptp(row) == pytest.approx(np.ptp(rows[0]), abs=3)
        assert np.ptp(column) / np.ptp(row) == pytest.approx(width / 90, rel=0.03)


@pytest.mark.parametrize(
    "picture", [np.zeros((4, 4)), np.zeros((4, 4, 1), "u1"), np.zeros((2, 4, 4, 3), "u1")]
)
def test_what_is_no_picture_is_refused(tmp_path, picture):
    with pytest.raises(ValueError, match="A picture is uint8"):
        pictures.side_by_side([picture], ["a"], tmp_path / "s.png")
