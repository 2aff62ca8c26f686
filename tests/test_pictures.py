"""Grids, files and animations: which pixel stands where, for any count, grey and colour."""

import math
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_checkpoint import no_room_beyond

from gan_model import pictures
from gan_model.commands.evaluate import write_figures
from gan_model.commands.sample import write_arrays

COUNTS = [1, 2, 7, 25]
SHAPES = {"grey": (16, 16), "grey, one channel": (16, 16, 1), "colour": (16, 16, 3)}
WIDE = (8, 20)  # (height, width)
GAP = 2


def random_images(count, shape, seed=0):
    """Without 255, so that the white between the images can be told from them."""
    return np.random.default_rng(seed).integers(0, 255, (count, *shape), dtype=np.uint8)


def in_its_place(picture, index, columns, shape):
    """The image number `index`, cut out of a grid of single pixels."""
    height, width = shape[:2]
    top = index // columns * (height + GAP) + GAP
    left = index % columns * (width + GAP) + GAP
    return picture[top : top + height, left : left + width]


def reduced(picture, factor):
    """One pixel of each `factor` x `factor` block, after a look that the block is of one colour."""
    small = picture[::factor, ::factor]
    assert np.array_equal(np.kron(small, block_of_ones(factor, picture.ndim)), picture)
    return small


def block_of_ones(factor, dimensions):
    return np.ones((factor, factor, 1)[:dimensions], np.uint8)


def frames_of(path):
    """Every frame of an animation as an RGB array, and how long it is shown, in ms."""
    with Image.open(path) as animation:
        frames, durations = [], []
        for number in range(animation.n_frames):
            animation.seek(number)
            frames.append(np.asarray(animation.convert("RGB")))
            durations.append(animation.info["duration"])
        return frames, durations, animation.info.get("loop")


# Grids.


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("count", COUNTS)
def test_a_grid_holds_every_image_once_row_by_row(count, shape):
    images = random_images(count, shape)
    columns, rows = {1: (1, 1), 2: (2, 1), 7: (3, 3), 25: (5, 5)}[count]
    size = rows * 18 + GAP, columns * 18 + GAP
    factor = 480 // max(size)

    picture = pictures.grid(images)

    colour = shape[2:] == (3,)
    assert picture.dtype == np.uint8
    assert picture.shape == (size[0] * factor, size[1] * factor, *([3] if colour else []))
    small = reduced(picture, factor)
    for i, image in enumerate(images):
        expected = image if colour else image.reshape(16, 16)
        assert np.array_equal(in_its_place(small, i, columns, shape), expected)
    # The rest is white: the gaps, and the places that no image fills.
    assert np.count_nonzero(small != 255) == np.count_nonzero(images != 255)


def test_images_that_are_not_square_keep_their_sides():
    images = random_images(3, WIDE)
    picture = pictures.grid(images)
    factor = 480 // (2 * 22 + GAP)
    assert picture.shape == ((2 * 10 + GAP) * factor, (2 * 22 + GAP) * factor)
    for i in range(3):
        assert np.array_equal(in_its_place(reduced(picture, factor), i, 2, WIDE), images[i])


@pytest.mark.parametrize(("columns", "rows"), [(1, 7), (2, 4), (7, 1)])
def test_columns_says_how_many_stand_in_a_row(columns, rows):
    images = random_images(7, (16, 16))
    size = rows * 18 + GAP, columns * 18 + GAP
    factor = 480 // max(size)
    small = reduced(pictures.grid(images, columns=columns), factor)
    assert small.shape == size
    assert np.array_equal(in_its_place(small, 6, columns, (16, 16)), images[6])


def test_large_grids_are_not_enlarged():
    assert pictures.grid(random_images(4, (300, 300))).shape == (2 * 302 + GAP, 2 * 302 + GAP)


# Files.


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_saved_grid_reads_back_the_same(tmp_path, shape):
    picture = pictures.grid(random_images(7, shape))
    pictures.save(picture, tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as image:
        assert image.format == "PNG"
        assert image.mode == ("RGB" if shape[2:] == (3,) else "L")
        assert np.array_equal(np.asarray(image), picture)


# Animations.


@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 1)], ids=["grey", "grey, one channel"])
@pytest.mark.parametrize("as_files", [False, True], ids=["arrays", "files"])
def test_a_grey_animation_shows_the_very_pixels_in_order(tmp_path, shape, as_files):
    grids = [pictures.grid(random_images(2, shape, seed)) for seed in range(4)]
    given = grids
    if as_files:
        given = [tmp_path / f"{number}.png" for number in range(4)]
        for grid, path in zip(grids, given, strict=True):
            pictures.save(grid, path)

    pictures.animate(given, tmp_path / "out.gif", seconds=2)

    frames, durations, loop = frames_of(tmp_path / "out.gif")
    assert len(frames) == 4
    for frame, grid in zip(frames, grids, strict=True):
        assert np.array_equal(frame, np.stack([grid] * 3, axis=-1))
    assert durations == [500, 500, 500, 1500]  # the last is held for a second
    assert loop == 0  # for ever


def test_a_colour_animation_keeps_the_colours(tmp_path):
    plain = [np.full((1, 16, 16, 3), colour, np.uint8) for colour in [(200, 30, 40), (0, 90, 250)]]
    pictures.animate([pictures.grid(images) for images in plain], tmp_path / "out.gif")
    frames, _, _ = frames_of(tmp_path / "out.gif")
    for frame, images in zip(frames, plain, strict=True):
        assert frame.shape == pictures.grid(images).shape
        # A GIF has 256 colours a frame, so colours may move a little.
        assert np.abs(frame.astype(int) - pictures.grid(images)).max() <= 8


def test_one_picture_is_an_animation_too(tmp_path):
    picture = pictures.grid(random_images(1, (16, 16)))
    pictures.animate([picture], tmp_path / "out.gif")
    frames, _, _ = frames_of(tmp_path / "out.gif")
    assert len(frames) == 1
    assert np.array_equal(frames[0][..., 0], picture)


def test_a_file_whose_end_is_zeros_is_damaged(tmp_path):
    """As a machine without power may leave it."""
    path = tmp_path / "epoch-00001.png"
    pictures.save(random_images(1, (400, 400))[0], path)
    content = path.read_bytes()
    path.write_bytes(content[: content.rfind(b"IDAT") - 4] + bytes(1000))
    with pytest.raises(OSError, match=f"{path} is damaged"):
        pictures.animate([path, path], tmp_path / "out.gif")


@pytest.mark.parametrize("count", [119, 120, 121, 300])
def test_of_many_pictures_an_even_choice_is_shown(tmp_path, count):
    # The number of a picture is its grey level and the width of a bar.
    numbered = [np.full((2, 300), number % 256, np.uint8) for number in range(count)]
    for number, picture in enumerate(numbered):
        picture[:, number:] = 255 - number % 256
    pictures.animate(numbered, tmp_path / "out.gif", seconds=6)
    frames, durations, _ = frames_of(tmp_path / "out.gif")
    shown = [next(n for n in range(count) if same_grey(numbered[n], f)) for f in frames]

    assert len(shown) == min(count, 120)
    assert (shown[0], shown[-1]) == (0, count - 1)
    steps = np.diff(shown)
    least = (count - 1) / (len(shown) - 1)
    assert set(steps) <= {math.floor(least), math.ceil(least)}
    assert sum(durations) == pytest.approx(7000, rel=0.02)


def test_a_full_disk_leaves_an_earlier_file(tmp_path):
    images = random_images(9, (16, 16))
    writers = {
        "out.gif": lambda path: pictures.animate([images[0], images[1]], path),
        "out.npz": lambda path: write_arrays(path, images, None),
        "out.json": lambda path: write_figures({"readings": images.tolist()}, path),
    }
    for name, write in writers.items():
        path = tmp_path / name
        path.write_text("good")
        with no_room_beyond(100), pytest.raises(OSError, match=f"{path} could not be written"):
            write(path)
        assert path.read_text() == "good"
        write(path)
        assert path.stat().st_size > 100
    assert len(list(tmp_path.iterdir())) == 3


def test_figures_may_go_to_what_is_no_file(tmp_path):
    end, pipe = os.pipe()
    with os.fdopen(end) as read:
        write_figures({"n": 1}, Path(f"/dev/fd/{pipe}"))
        os.close(pipe)
        assert read.read() == '{\n  "n": 1\n}\n'


def same_grey(picture, frame):
    return np.array_equal(picture, frame[..., 0])


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 8, 8)), np.zeros((8, 8), "u1"), np.zeros((0, 8, 8), "u1")]
)
def test_a_grid_of_anything_else_is_refused(wrong):
    with pytest.raises(ValueError, match=r"takes uint8 images.*gan.generate"):
        pictures.grid(wrong)


def test_only_a_picture_is_saved(tmp_path):
    path = tmp_path / "picture.png"
    for wrong in (random_images(5, (8, 8, 3)), np.zeros((8, 8)), np.zeros((8, 8, 2), "u1")):
        with pytest.raises(ValueError, match=r"A picture is uint8.*pictures.grid\(images\)"):
            pictures.save(wrong, path)
    assert not path.exists()
    grey = random_images(1, (8, 8, 1))[0]
    pictures.save(grey, path)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), grey[..., 0])
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere"):
        pictures.save(grey, tmp_path / "nowhere" / "picture.png")


@pytest.mark.parametrize("columns", [0, -1])
def test_a_grid_has_a_column(columns):
    with pytest.raises(ValueError, match="`columns` is 1 or more"):
        pictures.grid(random_images(2, (8, 8)), columns=columns)
