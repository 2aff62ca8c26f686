"""Folders of images: what is skipped, labels, order and split, shape, and the cache."""

import contextlib
import errno
import os
import resource
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile
from processes import PATIENCE, forked, program, wait_for

from gan_model import features
from gan_model.data import cache, class_names, folder, listing, splits
from gan_model.data.decoding import Decoded, decode
from gan_model.data.folder import load_folder
from gan_model.data.image_sets import load_images
from gan_model.storage.locks import locked
from gan_model.storage.messages import printable


@pytest.fixture(autouse=True)
def cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_MODEL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def images(tmp_path):
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


def write(path, value=(10, 20, 30), *, mode="RGB", size=(8, 8), **options):
    """An image of one colour in a file, its folder made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path, **options)


def write_greys(images, count, start=0):
    """Images 000.png, 001.png, ... of the grey levels start, start + 1, ..."""
    for number in range(count):
        write(images / f"{number:03}.png", start + number, mode="L")


def write_noise(images, numbers, *, side=8):
    """Images 000.png, ... of grey noise, which differ by their number."""
    images.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        noise = np.random.default_rng(number).integers(0, 256, (side, side), np.uint8)
        Image.fromarray(noise).save(images / f"{number:03}.png")


def count(loaded):
    """The number of images, for training and held out."""
    return sum(len(labels) for _, labels in loaded)


def as_set(array):
    """The pixels of images, to be compared as sets."""
    return {image.tobytes() for image in array}


def entries(cache_folder):
    """All that lies in the cache."""
    return list(cache_folder.iterdir())


def levels(array):
    """The grey level, or red, of the first pixel of each image."""
    return array[:, 0, 0, 0].tolist()


# What is skipped, and what is told.


def test_a_jpeg_that_is_decoded_smaller_may_be_larger_than_others(images, monkeypatch):
    """As those of phones with 108 megapixels are. The limit here is that of a 40th."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2_000_000)
    for name in ("a.jpg", "b.png"):
        Image.new("L", (2048, 1024), 90).save(images / name)
    write_greys(images, 2)
    assert count(load_folder(images)) == 3


def test_skipped_files_are_named_in_one_line(images, monkeypatch, capsys):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    write_greys(images, 2)
    (images / "a.png").write_bytes(b"")
    (images / "b.png").write_text("no image")
    Image.effect_noise((30, 30), 99).save(images / "c.jpg")
    (images / "c.jpg").write_bytes((images / "c.jpg").read_bytes()[:-99])
    # The first makes Pillow warn, the second makes it raise. Only the first bytes are there.
    for name, side in (("d.png", 40), ("e.png", 100)):
        write(images / name, size=(side, side))
        (images / name).write_bytes((images / name).read_bytes()[:60])
    (images / "f.png").symlink_to(images / "gone.png")
    line = (
        "Skipped 6 unreadable images of 8: a.png (empty), b.png (not an image), "
        "c.jpg (truncated), d.png (too large), e.png (too large) and 1 more.\n"
    )
    for _ in range(2):  # the second time from the cache
        load_folder(images)
        assert capsys.readouterr().err == line


@pytest.mark.parametrize("end", ["png", "jpg", "gif", "bmp", "webp"])
def test_damaged_files_are_skipped_and_nothing_is_raised(end, images):
    rng = np.random.default_rng(0)
    path = images / f"a.{end}"
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for share in (0.01, 0.1, 0.5, 0.9):
        path.write_bytes(whole[: int(share * len(whole))].tobytes())
        decoded = decode(path, image_size=(8, 8), channels=3)
        assert decoded.pixels is None and decoded.reason
    for _ in range(20):
        content = whole.copy()
        content[rng.integers(0, len(whole), 8)] ^= 255
        path.write_bytes(content.tobytes())
        with folder._mentioned("slow"):  # that Pillow's remarks are no errors here
            decoded = decode(path, image_size=(8, 8), channels=3)
        assert (decoded.pixels is None) == bool(decoded.reason)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EIO, "Input/output error"), "input/output error"),
        (OSError(errno.EMFILE, "Too many open files"), "too many open files"),
        (PermissionError(errno.EACCES, "Permission denied"), "permission denied"),
        (MemoryError(), "out of memory"),
        (OSError("out of memory error when reading image file"), "out of memory"),
        (Image.DecompressionBombError("of many pixels"), "too large"),
    ],
)
def test_a_failure_of_the_machine_may_pass(error, reason, images, monkeypatch):
    def fail(image):
        raise error

    write(images / "a.png")
    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    failure = decode(images / "a.png", image_size=(8, 8), channels=3)
    assert (failure.pixels, failure.reason, failure.retry) == (None, reason, True)


def test_what_is_wrong_with_the_bytes_stays(images, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(images / "whole.png")
    whole = (images / "whole.png").read_bytes()
    flipped = whole[:99] + bytes([whole[99] ^ 255]) + whole[100:]
    for content in (b"", b"no image", whole[:60], whole[:-5000], flipped):
        (images / "a.png").write_bytes(content)
        failure = decode(images / "a.png", image_size=(8, 8), channels=3)
        assert failure.reason and not failure.retry
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    failure = decode(images / "whole.png", image_size=(8, 8), channels=3)
    assert failure.reason == "too large" and failure.retry


@contextlib.contextmanager
def as_nobody():
    """Has no permissions in the block, even where the tests run as root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_images(monkeypatch):
    """A folder that a user without permissions can read, unlike `tmp_path`."""
    with tempfile.TemporaryDirectory() as open_to_all:
        images = Path(open_to_all)
        images.chmod(0o777)
        monkeypatch.setenv("GAN_MODEL_CACHE", str(images / ".cache"))
        yield images


def test_a_file_without_permission_is_skipped_as_long_as_it_has_none(open_images, capsys):
    write_greys(open_images, 3)
    (open_images / "001.png").chmod(0)
    with as_nobody():
        assert count(load_folder(open_images)) == 2
    assert "001.png (permission denied)" in capsys.readouterr().err
    (open_images / "001.png").chmod(0o644)
    with as_nobody():
        assert count(load_folder(open_images)) == 3
    assert capsys.readouterr().err == ""


def test_a_folder_that_may_not_be_listed_is_skipped_and_named(open_images, capsys):
    write_greys(open_images, 3)
    write(open_images / "lost+found" / "a.png")
    (open_images / "lost+found").chmod(0)
    with as_nobody():
        assert count(load_folder(open_images)) == 3 and class_names(open_images) == ["."]
        assert "lost+found" in capsys.readouterr().err
        with pytest.raises(ValueError, match=r"lost\+found"):  # all of them are measured, or none
            load_images(open_images)
        with pytest.raises(ValueError, match="cannot be listed"):
            load_folder(open_images / "lost+found")
        for path in open_images.glob("*.png"):
            path.unlink()
        with pytest.raises(ValueError, match=r"no images .*lost\+found"):
            load_folder(open_images)
    (open_images / "lost+found").chmod(0o755)


def test_blank_images_are_counted_and_named(images, capsys):
    write_greys(images, 3)
    write(images / "clear.png", (10, 20, 30, 0), mode="RGBA")
    write(images / "white.png", (255, 255, 255, 99), mode="RGBA")
    for _ in range(2):  # the second time from the cache
        load_folder(images)
        notice = capsys.readouterr().err
        assert "2 images of 5" in notice and "clear.png, white.png" in notice
    load_folder(images, ground="black")
    notice = capsys.readouterr().err
    assert "1 image of 5" in notice and "white.png" not in notice


def test_grey_images_that_are_stored_in_color_are_told(images, capsys):
    for level in range(3):
        write(images / f"{level}.png", (level, level, level))
    (train, _), _ = load_folder(images)
    assert train.shape[-1] == 3 and "channels=1" in capsys.readouterr().err
    for channels in (1, 3):  # whoever has chosen needs no advice
        load_folder(images, channels=channels)
    write(images / "3.png", (1, 2, 3))
    load_folder(images)
    assert capsys.readouterr().err == ""


def test_control_characters_of_names_are_escaped(images, capsys):
    write_greys(images, 2)
    (images / "\x1b[31mred\n\u202egnp.png").touch()
    write(images / "größe\x07.png", (0, 0, 0, 0), mode="RGBA")
    load_folder(images, channels=3)
    notice = capsys.readouterr().err
    assert r"\x1b[31mred\n\u202egnp.png" in notice and r"größe\x07.png" in notice
    assert not set("\x1b\x07\u202e") & set(notice) and notice.count("\n") == 2
    for name in ("größe 图像 カタカナ.png", "क\u094d\u200dष", "👩\u200d🚀"):
        assert printable(name) == name
    assert printable("a\tb\r\x9b\udcff\u2028") == r"a\tb\r\x9b\udcff\u2028"


def test_copies_are_counted(images, capsys):
    write_greys(images, 3)
    shutil.copy(images / "000.png", images / "000 (1).png")
    write(images / "other" / "1.bmp", 0, mode="L")  # the same pixels in another format
    for _ in range(2):  # the second time from the cache
        load_folder(images)
        assert "2 of 5 images are copies of others" in capsys.readouterr().err


def test_images_of_other_types_are_told(images, capsys):
    write_greys(images, 4)
    for name in ("a.svg", "b.SVG", "c.heic", "notes.txt", ".hidden.svg"):
        (images / name).touch()
    load_folder(images)
    assert "Left out 3 files of other types: .heic, .svg" in capsys.readouterr().err


@pytest.mark.parametrize("readable", [0, 1])
def test_too_few_readable_images(readable, images, cache_folder):
    write_greys(images, readable)
    (images / "x.png").write_text("no image")
    expected = rf"holds {readable} readable image.*2 different.*x\.png \(not an image\)"
    with pytest.raises(ValueError, match=expected):
        load_folder(images, image_size=8)
    assert not entries(cache_folder)


def test_a_folder_without_images(images):
    (images / "notes.txt").touch()
    (images / ".hidden.png").touch()
    write(images / ".thumbnails" / "a.png")
    with pytest.raises(ValueError, match=r"There are no images in .*images: no name ends in \.png"):
        load_folder(images)
    with pytest.raises(ValueError, match=r"There is no folder .*absent"):
        load_folder(images / "absent")


# Labels, order and split.


def test_sub_folders_are_classes_at_any_depth(images, monkeypatch):
    names = "b/0.png", "b/deep/er/1.PNG", "a/0.png", "a-z/0.png", "c/notes.txt"
    for level, name in enumerate(names):
        write(images / name, level, mode="L", format="PNG")
    (images / "c" / ".hidden.png").touch()
    monkeypatch.setenv("HOME", str(images.parent))
    assert class_names(images) == class_names("~/images") == ["a", "a-z", "b"]
    (_, train_labels), (_, test_labels) = load_folder(images)
    assert train_labels.tolist() == [0, 1, 2] and test_labels.tolist() == [2]


def test_names_that_are_numbers_are_sorted_as_numbers(images):
    names = ["1", "2", "009", "10", "b", "b10", "b2"]
    for name in names:
        write(images / name / "0.png", (len(name), 0, 0))
    assert class_names(images) == names
    assert [listing.class_of(name) for name in listing.images_in(images).names] == names


def test_the_classes_of_each_data_set_have_names(images):
    assert class_names("sample") == list(features.CLASSES) == class_names("fashion_mnist")
    assert class_names("mnist")[7] == "7" and class_names("cifar10")[3] == "cat"
    with pytest.raises(ValueError, match="Did you mean 'fashion_mnist'"):
        class_names("fashion")
    (images / "train-images-idx3-ubyte.gz").touch()
    with pytest.raises(ValueError, match="has idx files, which do not name their classes"):
        class_names(images)


def test_images_at_the_root_are_one_class(images):
    write_greys(images, 2)
    assert class_names(images) == ["."]
    write(images / "a" / "0.png", 9, mode="L")
    assert class_names(images) == [".", "a"]
    (train_images, train_labels), _ = load_folder(images)
    assert levels(train_images) == [0, 9] and train_labels.tolist() == [0, 1]


def test_links_to_folders_are_followed_once(images, tmp_path):
    write(tmp_path / "elsewhere" / "0.png")
    write(images / "a" / "0.png")
    (images / "b").symlink_to(tmp_path / "elsewhere")
    (images / "a" / "loop").symlink_to(images)
    assert listing.images_in(images).names == ["a/0.png", "b/0.png"]


def test_the_order_is_that_of_the_paths(images, monkeypatch):
    write_greys(images, 30)
    walk = os.walk

    def backwards(top, **how):
        for parent, folders, files in walk(top, **how):
            yield parent, folders, sorted(files, reverse=True)

    monkeypatch.setattr(os, "walk", backwards)
    assert listing.images_in(images).names == [f"{number:03}.png" for number in range(30)]
    (train_images, _), _ = load_folder(images)
    assert levels(train_images) == sorted(levels(train_images)) and len(train_images) > 20


def test_a_tenth_is_held_out_and_the_rest_keeps_its_order(images):
    for name, start in (("a", 0), ("b", 100)):
        write_noise(images / name, range(start, start + 60))
    (train_images, train_labels), (test_images, test_labels) = load_folder(images, image_size=8)
    names = listing.images_in(images).names
    all_images = np.array([np.asarray(Image.open(images / name)) for name in names])
    hashes = [splits.hash_of(image[..., None]) for image in all_images]
    rows = splits.held_out(hashes, [0] * 60 + [1] * 60)
    np.testing.assert_array_equal(test_images[..., 0], all_images[rows])
    np.testing.assert_array_equal(train_images[..., 0], all_images[~rows])
    assert test_labels.tolist() == np.repeat([0, 1], 60)[rows].tolist()
    assert np.bincount(test_labels).min() >= 1 and 6 <= len(test_labels) <= 20
    assert train_labels.dtype == test_labels.dtype == np.int32
    for array in (train_images, test_images):
        assert isinstance(array, np.memmap) and array.dtype == np.uint8
        assert not array.flags.writeable


@pytest.mark.parametrize("added", [["0"], ["a/025b"], ["a/0", "b/zz", "b/0"], range(24)])
def test_what_was_trained_on_is_not_held_out_when_files_are_added(added, images):
    for name, start in (("a", 0), ("b", 50)):
        write_noise(images / name, range(start, start + 40))
    (before, _), (held_before, _) = load_folder(images, image_size=8)
    before, held_before = as_set(before), as_set(held_before)
    for number, name in enumerate(added, start=300):
        name = name if isinstance(name, str) else f"{'ab'[name % 2]}/{number}"
        write_noise(images, [number])
        (images / f"{number}.png").rename(images / f"{name}.png")
    (train, _), (held_out, _) = load_folder(images, image_size=8)
    assert len(train) + len(held_out) == 80 + len(added)
    assert not before & as_set(held_out)
    assert len(held_before & as_set(held_out)) >= len(held_before) - 2  # a lower one of its class


def test_copies_are_on_the_same_side_in_every_class(images):
    for name, start in (("a", 0), ("b", 50), ("c", 100)):
        write_noise(images / name, range(start, start + 20))
    for number in range(20):  # in another format too
        Image.open(images / "a" / f"{number:03}.png").save(images / "b" / f"x{number}.bmp")
        shutil.copy(images / "a" / f"{number:03}.png", images / "a" / f"{number:03} (1).png")
    (train, _), (held_out, held_out_labels) = load_folder(images, image_size=8)
    assert not as_set(train) & as_set(held_out)
    assert np.bincount(held_out_labels).tolist()[0] >= 2  # those of a, with their copies


def test_two_different_images_are_enough(images):
    write_noise(images, range(2))
    assert [len(labels) for _, labels in load_folder(images)] == [1, 1]
    shutil.copy(images / "000.png", images / "001.png")
    with pytest.raises(ValueError, match=r"holds 2 readable images.* 2 different ones are"):
        load_folder(images)


def test_the_only_image_of_a_class_is_trained_on(images):
    for number in range(40):
        write_noise(images / f"{number:02}", [number])
    write_noise(images / "z", range(100, 120))
    (_, train_labels), (_, test_labels) = load_folder(images, image_size=8)
    assert set(train_labels.tolist()) == {*range(41)} and set(test_labels.tolist()) == {40}


def test_a_class_that_cannot_be_read_is_left_out_and_leaves_no_hole(images, capsys):
    for name in "abcd":
        write_noise(images / name, [ord(name), ord(name) + 50])
    for name in "bd":
        for path in (images / name).iterdir():
            path.write_bytes(b"")
    loaded = load_folder(images)
    assert loaded.class_names == ["a", "c"] and class_names(images) == ["a", "b", "c", "d"]
    assert {*loaded[0][1], *loaded[1][1]} == {0, 1}
    assert "can be read: b, d." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("folders", "path"),
    [
        (["train/cats", "train/dogs", "test/cats"], "train"),
        (["Training", "VALID"], "Training"),
        (["train", "val", "holdout", "masks"], "train"),
        (["train2017", "val2017", "."], "train2017"),
        (["pictures/train_images", "pictures/test images"], "pictures/train_images"),
    ],
)
def test_splits_of_a_data_set_are_no_classes(folders, path, images):
    for number, name in enumerate(folders):
        write_noise(images / name, range(number, number + 3))
    for read in (load_folder, class_names):
        with pytest.raises(ValueError, match=f"Give the path of one: {images / path}\\."):
            read(images)
    load_folder(images / path)


@pytest.mark.parametrize(
    "folders",
    [["train", "car", "bus"], ["test", "val"], ["trained", "tests"], ["a/train", "b/test"]],
)
def test_classes_may_be_called_like_one_split(folders, images):
    for number, name in enumerate(folders):
        write_noise(images / name, range(number, number + 3))
    assert load_folder(images).class_names == sorted({name.split("/")[0] for name in folders})


def test_the_names_of_the_classes_are_those_that_were_decoded(images, monkeypatch):
    """Also if a sub-folder is added in the meantime."""
    for name in "bc":
        write_noise(images / name, [ord(name)])

    def add_a_class(root):
        listed = listing.images_in(root)
        write_noise(images / "a", [1])
        return listed

    monkeypatch.setattr(folder, "images_in", add_a_class)
    assert load_folder(images).class_names == ["b", "c"]
    assert class_names(images) == ["a", "b", "c"]


# Shape.


def test_the_shape_wished(images):
    for number in range(2):
        write(images / f"{number}.png", (99 * number, 0, 0), size=(30 + number, 20))
    for options, shape in [
        ({}, (20, 28, 3)),  # multiples of 4, from 30 x 20
        ({"image_size": 64}, (64, 64, 3)),
        ({"image_size": (6, 10), "channels": 1}, (6, 10, 1)),
        ({"image_size": 8, "channels": np.int64(3)}, (8, 8, 3)),
    ]:
        assert [array.shape for array, _ in load_folder(images, **options)] == [(1, *shape)] * 2


GREY = [("1", 1), ("L", 9), ("LA", (9, 99)), ("I;16", 9)]
COLOURED = [("RGB", (9, 9, 9)), ("RGBA", (9, 9, 9, 9))]


@pytest.mark.parametrize(("mode", "value"), GREY + COLOURED)
def test_whether_all_are_grey(mode, value, images):
    write_greys(images, 30, start=100)
    write(images / "005b.png", value, mode=mode)  # neither the first nor the last
    (images / "x.png").write_text("no image")
    (train_images, _), (test_images, _) = load_folder(images)
    channels = 1 if (mode, value) in GREY else 3
    assert train_images.shape[-1] == test_images.shape[-1] == channels
    assert len(train_images) + len(test_images) == 31
    (coloured, _), _ = load_folder(images, channels=3)  # the same are held out
    assert coloured.shape == (len(train_images), 16, 16, 3)
    np.testing.assert_array_equal(np.broadcast_to(train_images, coloured.shape), coloured)


@pytest.mark.parametrize(("palette", "channels"), [([7, 7, 7, 99, 99, 99], 1), ([7, 8, 9], 3)])
def test_a_palette_of_greys_is_grey(palette, channels, images):
    for index, name in enumerate(("a.png", "b.png")):
        image = Image.new("P", (8, 8), 0)
        image.putpalette(palette)
        image.putpixel((7, 7), index)
        image.save(images / name)
    (train_images, _), _ = load_folder(images)
    assert train_images[0, 0, 0].tolist() == palette[:channels]


def test_grey_images_on_a_coloured_ground_are_in_colour(images):
    for number in range(2):
        Image.new("LA", (4, 8), (10 + number, 255 - number)).save(images / f"{number}.png")
    (train, _), _ = load_folder(images, image_size=8, pad=True, ground="#0000ff")
    assert train.shape == (1, 8, 8, 3)
    assert train[0, 4, 0].tolist() == [0, 0, 255] and train[0, 4, 4].tolist() == [10, 10, 10]
    (train, _), _ = load_folder(images, image_size=8, pad=True, ground="#202020")
    assert train.shape == (1, 8, 8, 1) and train[0, 4, 0] == 32


def test_images_are_separated_in_many_blocks(images, monkeypatch):
    write_greys(images, 25)
    once = load_folder(images, image_size=8)
    assert [split[0].shape[1:] for split in once] == [(8, 8, 1)] * 2
    assert sorted(levels(once[0][0]) + levels(once[1][0])) == [*range(25)]
    assert all((array == array[:, :1, :1]).all() for array, _ in once)
    for size in (1, 3 * 8 * 8 * 3):  # an image at a time, three images
        monkeypatch.setattr(cache, "_BLOCK", size)
        (images / "024.png").touch()  # to decode them again
        for split, before in zip(load_folder(images, image_size=8), once, strict=True):
            for array, expected in zip(split, before, strict=True):
                np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("image_size", [0, -3, 6.5, (8,), (8, 0), (8, 8, 3), "8"]),
        ("channels", [0, 2, 4, "grey", 3.0, True]),
        ("ground", ["whit", 3, "#12"]),
    ],
)
def test_what_is_no_size_no_channels_or_no_color(name, values, images):
    write_greys(images, 2)
    for value in values:
        with pytest.raises(ValueError, match=f"`{name}` is .*Received: "):
            load_folder(images, **{name: value})


# The cache.


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files that were decoded, as they are."""
    names = []

    def noted(path, **wish):
        names.append(path.name)
        return decode(path, **wish)

    monkeypatch.setattr(folder, "decode", noted)
    return names


def test_images_are_decoded_once_until_something_changes(images, tmp_path, decoded):
    write_greys(images, 12)

    def load(images=images, *, anew=True, **wish):
        decoded.clear()
        loaded = load_folder(images, **wish)
        assert sorted(decoded) == (sorted(os.listdir(images)) if anew else [])
        return loaded

    first = load()
    for (array, labels), (again, labels_again) in zip(first, load(anew=False), strict=True):
        np.testing.assert_array_equal(array, again)
        np.testing.assert_array_equal(labels, labels_again)
    load(str(images), anew=False)
    for wish in ({"image_size": 32}, {"channels": 3}, {"pad": True}, {"ground": "black"}):
        load(**wish)
    write(images / "000.bmp", 66, mode="L")
    load()
    status = (images / "000.bmp").stat()
    write(images / "000.bmp", 77, mode="L")
    os.utime(images / "000.bmp", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert (images / "000.bmp").stat().st_size == status.st_size
    (train_images, _), (test_images, _) = load()
    assert 77 in levels(train_images) + levels(test_images)
    (images / "000.png").rename(images / "100.png")
    load()
    write(images / "101.png")
    load()
    load(shutil.copytree(images, tmp_path / "copy", copy_function=shutil.copy2))


@pytest.mark.parametrize("name", ["train.bin", "test.bin", "train.npy", "about.json"])
def test_a_damaged_entry_is_made_again(name, images, cache_folder, decoded):
    write_greys(images, 12)
    (whole, _), _ = load_folder(images)
    whole = whole.copy()
    (entry,) = (path / "images" for path in entries(cache_folder))
    content = (entry / name).read_bytes()
    # A header of an array is the text of a dict; here it has no end.
    other = content.replace(b"}", b" ", 1) if name.endswith("npy") else content + b"0"
    for damaged in (content[:-1], content[:5], b"", other):
        (entry / name).write_bytes(damaged)
        decoded.clear()
        (again, _), _ = load_folder(images)
        assert len(decoded) == 12
        np.testing.assert_array_equal(whole, again)
    (entry / name).unlink()
    load_folder(images)
    assert (entry / name).read_bytes() == content


@pytest.mark.slow
def test_of_several_processes_one_decodes_and_the_others_find_it(images, cache_folder):
    write_greys(images, 200)
    line = program("load_folder.py", images)
    running = [forked(line) for _ in range(3)]
    said = [process.communicate(timeout=PATIENCE) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert sorted(int(output.split()[2]) for output, _ in said) == [0, 0, 200]
    assert len({tuple(output.split()[:2]) for output, _ in said}) == 1
    assert len(entries(cache_folder)) == 1


@pytest.mark.slow
def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(
    images, cache_folder
):
    write_greys(images, 20)
    dead, living = (cache_folder / (letter * 64) for letter in "ab")
    processes = [forked(program("write_entry.py", path)) for path in (dead, living)]
    for path, process in zip((dead, living), processes, strict=True):
        wait_for((path / "unfinished" / "train.bin").exists, process)
    processes[0].kill()
    processes[0].communicate(timeout=PATIENCE)
    load_folder(images)
    assert not dead.exists() and (living / "unfinished" / "train.bin").exists()
    processes[1].kill()
    processes[1].communicate(timeout=PATIENCE)
    assert len(entries(cache_folder)) == 2


def test_a_file_that_could_not_be_read_is_tried_again_at_each_load(images, decoded, monkeypatch):
    """A file that is damaged is not, and neither are the others as long as it fails."""
    write_greys(images, 12)
    (images / "x.png").write_bytes(b"no image")
    failing = {"003.png", "005.png"}
    decode_one = folder.decode

    def failing_disk(path, **how):
        whole = decode_one(path, **how)
        return Decoded(reason="input/output error", retry=True) if path.name in failing else whole

    monkeypatch.setattr(folder, "decode", failing_disk)
    for tried in (13, 2):
        decoded.clear()
        assert count(load_folder(images)) == 10 and len(decoded) == tried
    failing.remove("005.png")
    assert count(load_folder(images)) == 11
    failing.clear()
    assert count(load_folder(images)) == 12
    decoded.clear()
    load_folder(images)
    assert decoded == []


def test_entries_that_were_not_opened_lately_make_room(cache_folder, monkeypatch):
    monkeypatch.setattr(cache, "_MOST_BYTES", 1000)
    features = cache_folder / "features-1" / "features.npz"
    features.parent.mkdir(parents=True)
    features.write_bytes(bytes(5000))
    entry_of = {letter: cache_folder / (letter * 64) for letter in "abcde"}
    for letter, days in (("a", 4), ("b", 5), ("c", 3), ("d", 0.9)):
        (entry_of[letter] / "images").mkdir(parents=True)
        (entry_of[letter] / "images" / "train.bin").write_bytes(bytes(200))
        (entry_of[letter] / ".lock").touch()
        os.utime(entry_of[letter], (time.time() - days * 86400,) * 2)
    new = entry_of["e"]
    new.mkdir()

    def left():
        return "".join(letter for letter, path in entry_of.items() if path.exists())

    assert cache.make_room(new, 200) == 1000 and left() == "abcde"
    assert cache.make_room(new, 300) == 900 and left() == "acde"  # b was not opened for longest
    with locked(entry_of["a"]):  # another process writes it
        assert cache.make_room(new, 500) == 900 and left() == "ade"
    # What was opened during the last day stays, and so does what is no entry.
    assert cache.make_room(new, 5000) == 5200 and left() == "de" and features.exists()


def test_each_load_counts_as_use_and_a_folder_of_somebody_else_is_left_alone(images, cache_folder):
    mine = cache_folder / "unfinished-paintings" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("not yet")
    write_greys(images, 4)
    load_folder(images)
    (entry,) = (path for path in entries(cache_folder) if path != mine.parent)
    os.utime(entry, (0, 0))
    load_folder(images)
    assert entry.stat().st_mtime > time.time() - 3600
    assert mine.read_text() == "not yet"


def test_a_cache_that_may_only_be_read(open_images):
    write_greys(open_images, 4)
    before = [len(labels) for _, labels in load_folder(open_images)]
    with as_nobody():
        assert [len(labels) for _, labels in load_folder(open_images)] == before
        with pytest.raises(OSError, match="cannot be written by this user"):
            load_folder(open_images, image_size=8)


def test_a_full_disk(images, cache_folder):
    """No file may grow beyond 20 kB here, as on a disk with that much room."""
    write_greys(images, 12)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"kept in .*cache: File too large\..* with 1 MB to spa"):
            load_folder(images, image_size=64)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not entries(cache_folder)
    load_folder(images, image_size=64)  # with room again


def test_where_the_cache_is(images, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_MODEL_CACHE", "/chosen")
    monkeypatch.setenv("XDG_CACHE_HOME", "/general")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache.cache_folder() == Path("/chosen")
    monkeypatch.setenv("GAN_MODEL_CACHE", "")
    assert cache.cache_folder() == Path("/general/gan-model")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder() == Path("/home/someone/.cache/gan-model")
    write_greys(images, 2)
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAN_MODEL_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match=r"kept in .*/file/cache: Not a directory\. Set GAN_MODEL_C"):
        load_folder(images)


def test_few_images_are_in_memory_at_once(images, decoded, monkeypatch):
    monkeypatch.setattr(folder, "_AHEAD", 4)
    write_greys(images, 40)
    stream = folder._decoded(images, sorted(os.listdir(images)), shape=(8, 8, 1))
    for taken, _ in enumerate(stream, start=1):
        assert len(decoded) <= taken + 4
    assert taken == 40


def test_long_decoding_is_mentioned(images, cache_folder, monkeypatch, capsys):
    write_greys(images, 40)
    load_folder(images)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(folder, "_PATIENCE", 0)
    load_folder(images, image_size=65)
    said = capsys.readouterr().err
    assert said.startswith("Decoding 40 images") and str(cache_folder) in said and "1 MB" in said
    load_folder(images, image_size=65)  # from the cache
    assert capsys.readouterr().err == ""
