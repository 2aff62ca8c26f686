"""Finished images from any program: read as they are, or refused in a sentence."""

import numpy as np
import pytest
from PIL import Image

from gan_model.data import image_sets
from gan_model.data.image_sets import disjoint_parts, load_images


def noise(count=5, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *(shape or (4, 6))), np.uint8)


def pictures(folder, images, names=None):
    """Writes images as PNG files of one folder, or under the names given."""
    for number, image in enumerate(images):
        path = folder / (names[number] if names else f"{number:03}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


# Files.


def test_the_array_named_images_or_else_the_only_one_that_can_be_images(tmp_path):
    np.savez(tmp_path / "a.npz", other=noise(seed=1), images=noise(), labels=np.arange(5))
    assert np.array_equal(load_images(tmp_path / "a.npz"), noise())
    arrays = {"x": noise(), "labels": np.arange(5), "z": np.zeros((5, 3, 3)), "flat": noise(5, 9)}
    arrays["names"] = np.array(["a", None], object)  # Python objects
    np.savez_compressed(tmp_path / "b.npz", **arrays)
    assert np.array_equal(load_images(str(tmp_path / "b.npz")), noise())


def test_a_npy_file_is_read_through_a_map(tmp_path):
    np.save(tmp_path / "a.npy", noise(5, 4, 6, 3))
    images = load_images(tmp_path / "a.npy")
    assert isinstance(images, np.memmap) and images.dtype == np.uint8
    assert np.array_equal(images, noise(5, 4, 6, 3))


@pytest.mark.parametrize("kept", [(4, 6), (4, 6, 1)])
@pytest.mark.parametrize("wished", [(4, 6), (4, 6, 1)])
def test_one_channel_may_be_told_or_left_out(tmp_path, kept, wished):
    np.savez(tmp_path / "a.npz", images=noise(5, *kept))
    images = load_images(tmp_path / "a.npz", image_shape=wished)
    assert images.shape == (5, *wished)
    assert np.array_equal(images.ravel(), noise(5, *kept).ravel())


def test_another_shape_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", images=noise())
    for wished in ((6, 4), (4, 6, 3), (5, 6), (24,)):
        with pytest.raises(ValueError, match=r"images of shape \(4, 6\); expected \("):
            load_images(tmp_path / "a.npz", image_shape=wished)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (noise() / 255.0, r"float64 images from 0 to 0\.9.*np.rint\(images \* 255\).astype"),
        (noise() / 127.5 - 1, r"float64 images from -1 to .*np.rint\(\(images \+ 1\) \* 127.5\)"),
        (
            noise().astype(np.float32),
            r"float32 images from 0 to 2.*Save the images as uint8.*rint\(",
        ),
        (noise().astype(int), r"int64 images from .*expected uint8 from 0 to 255"),
        (np.array(["a text"]), r"holds str\d* images of shape \(1,\); expected uint8"),
        (noise(5, 3, 8, 8), r"shape \(5, 3, 8, 8\); expected .* so: np.moveaxis\(images, 1, -1\)"),
        (noise(5, 8, 8, 4), r"shape \(5, 8, 8, 4\); expected .*with 1 or 3 channels"),
        (noise(5, 8), r"shape \(5, 8\); expected \(n, height, width\)"),
        (noise()[:0], r"holds no images: its array has the shape \(0, 4, 6\)"),
        (noise()[:, :0], r"holds no images: its array has the shape \(5, 0, 6\)"),
    ],
)
@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_what_is_no_uint8_image_is_refused(tmp_path, images, message, suffix):
    path = tmp_path / f"a.{suffix}"
    np.savez(path, images=images) if suffix == "npz" else np.save(path, images)
    with pytest.raises(ValueError, match=message):
        load_images(path)


def test_an_archive_of_which_no_array_is_meant_is_refused(tmp_path):
    np.savez(tmp_path / "two.npz", a=noise(), b=noise())
    with pytest.raises(ValueError, match=r"holds a uint8 \(5, 4, 6\), b uint8 \(5, 4, 6\); expe"):
        load_images(tmp_path / "two.npz")
    np.savez(tmp_path / "labels.npz", labels=np.arange(5))
    with pytest.raises(ValueError, match=r"holds labels int64 \(5,\); expected an array named `im"):
        load_images(tmp_path / "labels.npz")


def cut(path, count):
    path.write_bytes(path.read_bytes()[:-count])


def test_damaged_files_are_refused(tmp_path):
    np.save(tmp_path / "cut.npy", noise())
    np.savez_compressed(tmp_path / "cut.npz", images=noise())
    np.savez(tmp_path / "flipped.npz", images=noise())
    content = bytearray((tmp_path / "flipped.npz").read_bytes())
    content[content.index(noise().tobytes()) + 3] ^= 1
    (tmp_path / "flipped.npz").write_bytes(content)
    cut(tmp_path / "cut.npy", 7)
    cut(tmp_path / "cut.npz", 30)
    (tmp_path / "empty.npz").touch()
    (tmp_path / "text.npz").write_text("a text\n")
    np.savez(tmp_path / "objects.npz", images=np.array([{}]))
    for name, reason in (
        ("cut.npy", "mmap length is greater than file size"),
        ("cut.npz", "File is not a zip file"),
        ("flipped.npz", "Bad CRC-32"),
        ("empty.npz", "it is empty"),
        ("text.npz", "it holds no arrays of numbers"),
        ("objects.npz", "it holds no arrays of numbers"),
    ):
        with pytest.raises(ValueError, match=f"{name} cannot be read: {reason}.*Save the images"):
            load_images(tmp_path / name)


def test_other_paths_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"There is no file or folder .*gone\.npz\.$"):
        load_images(tmp_path / "gone.npz")
    with pytest.raises(ValueError, match=r"There are no images in"):
        load_images(tmp_path)
    (tmp_path / "a.png").touch()
    with pytest.raises(ValueError, match=r"a.png is neither a .npz or .npy file nor a folder"):
        load_images(tmp_path / "a.png")


# Folders.


def test_all_pictures_at_any_depth_in_the_order_of_their_paths(tmp_path, monkeypatch):
    monkeypatch.setattr(image_sets, "_BLOCK", 2)
    names = ["b.png", "a.png", "sub/deep/a.bmp", "sub/a.png", "c.webp.png"]
    images = noise(5, 4, 6, 3)
    read = load_images(pictures(tmp_path, images, names))
    assert np.array_equal(read, images[[1, 0, 4, 3, 2]])


@pytest.mark.parametrize(
    ("wished", "shape"), [(None, (4, 6, 1)), ((4, 6), (4, 6)), ((4, 6, 3), (4, 6, 3))]
)
def test_grey_pictures(tmp_path, wished, shape):
    read = load_images(pictures(tmp_path, noise()), image_shape=wished)
    assert read.shape == (5, *shape)
    channels = np.moveaxis(read.reshape(5, 4, 6, -1), -1, 0)
    assert all(np.array_equal(channel, noise()) for channel in channels)
    colour = np.repeat(noise()[..., None], 3, axis=-1)  # grey that is kept as color
    assert np.array_equal(load_images(pictures(tmp_path, colour), image_shape=wished), read)


def test_one_coloured_picture_makes_all_colour_and_is_refused_where_grey_is_expected(tmp_path):
    pictures(tmp_path, noise())
    pictures(tmp_path, noise(1, 4, 6, 3), ["z.png"])
    assert load_images(tmp_path).shape == (6, 4, 6, 3)
    with pytest.raises(ValueError, match=r"z.png is in colour; expected grey images"):
        load_images(tmp_path, image_shape=(4, 6, 1))


def test_a_picture_of_another_size_is_refused_not_scaled(tmp_path):
    pictures(tmp_path, noise())
    with pytest.raises(ValueError, match=r"000.png has 6x4 pixels; expected 12x8"):
        load_images(tmp_path, image_shape=(8, 12))
    pictures(tmp_path, noise(1, 5, 6), ["z.png"])
    with pytest.raises(ValueError, match=r"z.png has 6x5 pixels; expected 6x4"):
        load_images(tmp_path)


@pytest.mark.parametrize(("orientation", "turns"), [(6, -1), (9, 0)])  # by a quarter; not at all
def test_a_picture_that_lies_on_its_side_counts_upright(orientation, turns, tmp_path):
    image, exif = noise(1, 4, 6, 3)[0], Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(image).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(load_images(tmp_path)[0], np.rot90(image, turns))


def test_a_picture_that_is_turned_at_its_end_is_refused(tmp_path):
    """Pillow finds EXIF data after the pixels only once it has decoded them."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.png"
    Image.fromarray(noise(1, 4, 6, 3)[0]).save(path, exif=exif)
    whole = path.read_bytes()
    start = whole.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(whole[start : start + 4], "big")
    last = whole.index(b"IEND") - 4
    path.write_bytes(whole[:start] + whole[end:last] + whole[start:end] + whole[last:])
    with pytest.raises(ValueError, match=r"a\.png cannot be read: its EXIF data turn it"):
        load_images(tmp_path)


def test_what_cannot_be_read_is_refused_not_left_out(tmp_path):
    big = noise(1, 60, 60, 3)
    for name, spoil, reason in (
        ("empty.png", lambda path: path.write_bytes(b""), "it is empty"),
        ("text.png", lambda path: path.write_text("a text"), "it is not an image"),
        ("cut.png", lambda path: cut(path, 900), "truncated|damaged"),
        (
            "gone.png",
            lambda path: (path.unlink(), path.symlink_to("nowhere")),
            "No such file or directory",
        ),
    ):
        folder = pictures(tmp_path / name[:-4], big)
        pictures(folder, big, [name])
        spoil(folder / name)
        with pytest.raises(ValueError, match=rf"{name} cannot be read: ({reason})\. Save it again"):
            load_images(folder, image_shape=(60, 60, 3))


# Parts.


def test_parts_share_no_image():
    images = np.arange(7, dtype=np.uint8).reshape(7, 1, 1)
    parts = disjoint_parts(images, 2, max_parts=9)
    assert [part.shape for part in parts] == [(2, 1, 1)] * 3
    assert len({int(pixel) for part in parts for pixel in np.ravel(part)}) == 6
    assert len(disjoint_parts(images, 2, max_parts=2)) == 2
    assert np.array_equal(disjoint_parts(images, 7, max_parts=3)[0], images)


def test_parts_of_a_sorted_set_are_mixed():
    images = np.repeat(np.array([0, 1], np.uint8), 500).reshape(-1, 1, 1)
    first, second = disjoint_parts(images, 500, max_parts=2)
    assert 0.4 < np.mean(first) < 0.6 and 0.4 < np.mean(second) < 0.6
