"""Folders of images: what a pixel becomes, what is skipped, how it is split and kept."""

import functools
import os
import resource
import shutil
import subprocess
import tempfile
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import PATIENCE, program

from gan_model import features
from gan_model.data import cache, class_names, decoding, folder
from gan_model.data.decoding import decode
from gan_model.data.folder import load_folder

WHITE = [255, 255, 255]


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


def pixels_of(path, size=(8, 8), channels=3):
    decoded = decode(path, image_size=size, channels=channels)
    assert not decoded.reason
    assert decoded.pixels.dtype == np.uint8 and decoded.pixels.shape == (*size, channels)
    return decoded.pixels


def entries(cache_folder):
    """All that lies in the cache, except its lock."""
    return [path for path in cache_folder.iterdir() if path.name != ".lock"]


def levels(array):
    """The grey level, or red, of the first pixel of each image."""
    return array[:, 0, 0, 0].tolist()


# What a pixel becomes.


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("1", 1, WHITE),
        ("L", 77, [77, 77, 77]),
        ("LA", (100, 255), [100, 100, 100]),
        ("LA", (100, 0), WHITE),
        ("RGB", (10, 20, 30), [10, 20, 30]),
        ("RGBA", (10, 20, 30, 255), [10, 20, 30]),
        ("RGBA", (10, 20, 30, 0), WHITE),
        ("RGBA", (10, 20, 30, 51), [206, 208, 210]),  # 1/5 of the colour, 4/5 white
    ],
)
def test_modes_of_png(mode, value, expected, images):
    write(images / "a.png", value, mode=mode)
    assert (pixels_of(images / "a.png") == expected).all()


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("a.png", 0), ("a.bmp", 0), ("a.gif", 0), ("a.webp", 3), ("a.jpg", 3), ("A.JPEG", 3)],
)
def test_formats(name, tolerance, images):
    write(images / name, (200, 100, 50))
    assert np.abs(pixels_of(images / name).astype(int) - [200, 100, 50]).max() <= tolerance


def test_the_content_counts_and_not_the_name(images):
    write(images / "a.png", (200, 100, 50), format="BMP")
    assert (pixels_of(images / "a.png") == [200, 100, 50]).all()


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])  # modes I;16 and I
def test_16_bits_are_scaled_and_not_clipped(dtype, images):
    deep = np.linspace(0, 65535, 400).astype(dtype).reshape(20, 20)
    expected = np.rint(deep / 257).astype(np.uint8)
    assert expected.max() == 255 and len(np.unique(expected)) == 256
    image = Image.fromarray(deep)
    np.testing.assert_array_equal(np.asarray(decoding._plain(image, "white")), expected)
    if dtype == np.uint16:  # which PNG can hold
        image.save(images / "a.png")
        pixels = pixels_of(images / "a.png", (20, 20), 1)
        np.testing.assert_array_equal(pixels[:, :, 0], expected)


@pytest.mark.parametrize("end", ["png", "gif"])
def test_a_transparent_entry_of_a_palette_is_white(end, images):
    image = Image.new("P", (8, 8), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (0, 0, 4, 8))
    image.save(images / f"opaque.{end}")
    image.save(images / f"clear.{end}", transparency=0)
    for name, right in (("opaque", [255, 0, 0]), ("clear", WHITE)):
        pixels = pixels_of(images / f"{name}.{end}")
        assert (pixels[:, :4] == [0, 0, 255]).all() and (pixels[:, 4:] == right).all()


@pytest.mark.parametrize(("mode", "value"), [("L", 9), ("RGB", (9, 8, 7))])
def test_a_transparent_colour_is_white(mode, value, images):
    write(images / "a.png", value, mode=mode, transparency=value)
    assert (pixels_of(images / "a.png") == WHITE).all()


def test_a_transparent_grey_of_16_bits_is_white(images):
    deep = np.array([[1000, 1001], [0, 65535]], np.uint16)  # the first two are one grey of 8 bits
    Image.fromarray(deep).save(images / "a.png", transparency=1000)
    assert pixels_of(images / "a.png", (2, 2), 1)[..., 0].tolist() == [[255, 4], [0, 255]]


@pytest.mark.parametrize(("bits", "highest"), [(1, 1), (2, 3), (4, 15), (8, 255)])
def test_a_transparent_grey_of_few_bits_is_white(bits, highest, images):
    black, white = b"\0" * bits, b"\xff" * bits  # 8 pixels
    for clear, expected in ((0, [128, 255]), (highest, [0, 128])):
        write_png(images / "a.png", bits, [black] * 4 + [white] * 4, clear.to_bytes(2, "big"))
        seen = decode(images / "a.png", image_size=(8, 8), channels=1, ground="#808080").pixels
        assert seen[:, 0, 0].tolist() == [expected[0]] * 4 + [expected[1]] * 4


def test_a_transparent_colour_of_16_bits_is_white(images):
    pixel = bytes([9, 1, 8, 2, 7, 3])
    write_png(images / "a.png", 16, [pixel * 8] * 8, pixel, kind=2)
    assert (pixels_of(images / "a.png") == WHITE).all()


def write_png(path, bits, rows, clear, kind=0):
    """A PNG of 8 x 8 as Pillow writes none: levels of some bits, of which one is transparent.

    The kind is 0 for grey, 2 for colour.
    """

    def chunk(name, content):
        checksum = zlib.crc32(name + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + name + content + checksum

    head = (8).to_bytes(4, "big") * 2 + bytes([bits, kind, 0, 0, 0])
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = (b"IHDR", head), (b"tRNS", clear), (b"IDAT", pixels), (b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))


def test_cmyk(images):
    write(images / "a.jpg", (0, 255, 255, 0), mode="CMYK")
    assert np.abs(pixels_of(images / "a.jpg").astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("end", ["png", "jpg", "webp"])
def test_the_image_is_turned_upright(end, images):
    """Orientation 6: the camera's top row is the right-hand column of the picture."""
    image = Image.new("L", (16, 16), 0)
    image.paste(255, (0, 0, 16, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(images / f"a.{end}", exif=exif)
    upright = pixels_of(images / f"a.{end}", (16, 16), 1)
    assert upright[:, 10:].min() > 250 and upright[:, :6].max() < 5


def test_only_the_first_frame_counts(images):
    frames = [Image.new("L", (8, 8), value) for value in (40, 200)]
    frames[0].save(images / "a.gif", save_all=True, append_images=frames[1:])
    assert (pixels_of(images / "a.gif") == 40).all()


@pytest.mark.parametrize("is_tall", [False, True])
def test_the_middle_of_a_wide_or_tall_image_is_kept(is_tall, images):
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = [0, 255, 0]
    Image.fromarray(wide.swapaxes(0, 1) if is_tall else wide).save(images / "a.png")
    assert (pixels_of(images / "a.png") == [0, 255, 0]).all()
    # 4 of 8 rows and 12 of 24 columns: nothing is cut off, the outer thirds stay black.
    whole = pixels_of(images / "a.png", (12, 4) if is_tall else (4, 12))
    whole = whole.swapaxes(0, 1) if is_tall else whole
    assert whole[:, 1].max() < 20 and whole[:, 6, 1].min() > 235


@pytest.mark.parametrize("end", ["png", "jpg"])
def test_scaling_down_averages(end, images):
    """Lines of one pixel, black and white, become grey and no lines of other widths."""
    lines = np.tile(np.uint8([0, 255]), (512, 256))
    Image.fromarray(lines).save(images / f"a.{end}", quality=95)
    assert np.abs(pixels_of(images / f"a.{end}", (32, 32), 1).astype(int) - 127.5).max() <= 16


def test_colour_to_grey(images):
    """Rec. 601: 0.299 red + 0.587 green + 0.114 blue."""
    write(images / "a.png", (100, 150, 200))
    assert (pixels_of(images / "a.png", channels=1) == 141).all()  # 29.9 + 88.05 + 22.8


# What is skipped.


def test_a_jpeg_that_is_decoded_smaller_may_be_larger_than_others(images, monkeypatch):
    """As those of phones with 108 megapixels are. The limit here is that of a 40th."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2_000_000)
    for name in ("a.jpg", "b.png"):
        Image.new("L", (2048, 1024), 90).save(images / name)
    write_greys(images, 2)
    (train, _), (test, _) = load_folder(images)
    assert len(train) + len(test) == 3


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
    load_folder(images)
    line = (
        "Skipped 5 unreadable images of 7: a.png (empty), b.png (not an image), "
        "c.jpg (truncated), d.png (too large), e.png (too large).\n"
    )
    assert capsys.readouterr().err == line
    load_folder(images)  # from the cache
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("end", ["png", "jpg", "gif", "bmp", "webp"])
def test_half_a_file_is_skipped(end, images):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = images / f"a.{end}"
    Image.fromarray(noise).save(path)
    assert decode(path, image_size=(8, 8), channels=3).pixels is not None
    whole = path.read_bytes()
    for share in (0.01, 0.1, 0.5, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        decoded = decode(path, image_size=(8, 8), channels=3)
        assert decoded.pixels is None and decoded.reason


def test_garbage_inside_a_file_never_raises(images):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    for end in ("png", "jpg", "gif", "bmp", "webp"):
        path = images / f"a.{end}"
        Image.fromarray(noise).save(path)
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(20):
            content = whole.copy()
            content[rng.integers(0, len(whole), 8)] ^= 255
            path.write_bytes(content.tobytes())
            with folder._mentioned("slow"):  # that Pillow's remarks are no errors here
                decoded = decode(path, image_size=(8, 8), channels=3)
            assert (decoded.pixels is None) == bool(decoded.reason)


def test_other_formats_are_no_images(images):
    write(images / "a.png", format="TIFF")
    assert decode(images / "a.png", image_size=(8, 8), channels=3).reason == "not an image"


def test_a_dangling_link_is_skipped(images, capsys):
    write_greys(images, 2)
    (images / "a.png").symlink_to(images / "gone.png")
    load_folder(images)
    assert "a.png (no such file or directory)." in capsys.readouterr().err


def test_a_file_without_permission_is_skipped(monkeypatch, capsys):
    """Outside tmp_path, which is closed to the user that root becomes here."""
    with tempfile.TemporaryDirectory() as open_to_all:
        images = Path(open_to_all)
        monkeypatch.setenv("GAN_MODEL_CACHE", str(images / ".cache"))
        write_greys(images, 3)
        images.chmod(0o777)
        (images / "001.png").chmod(0)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            load_folder(images)
        finally:
            if root:
                os.seteuid(0)
        assert capsys.readouterr().err == (
            "Skipped 1 unreadable image of 3: 001.png (permission denied).\n"
        )


def test_many_skipped_files_are_counted(images, capsys):
    write_greys(images, 2)
    for number in range(17):
        (images / f"x{number:02}.png").touch()
    load_folder(images)
    line = capsys.readouterr().err
    assert line.startswith("Skipped 17 unreadable images of 19: x00.png (empty), ")
    assert line.endswith("x04.png (empty) and 12 more.\n") and line.count("\n") == 1


def test_copies_are_counted(images, capsys):
    write_greys(images, 3)
    shutil.copy(images / "000.png", images / "000 (1).png")
    write(images / "other" / "1.bmp", 0, mode="L")  # the same pixels in another format
    for _ in range(2):  # the second time from the cache
        load_folder(images)
        assert "2 of 5 images are copies of others" in capsys.readouterr().err


@pytest.mark.parametrize("readable", [0, 1])
def test_too_few_readable_images(readable, images, cache_folder):
    write_greys(images, readable)
    (images / "x.png").write_text("no image")
    expected = rf"holds {readable} readable image.*2 are the least.*x\.png \(not an image\)"
    with pytest.raises(ValueError, match=expected):
        load_folder(images)
    assert not entries(cache_folder)


def test_a_folder_without_images(images):
    (images / "notes.txt").touch()
    (images / ".hidden.png").touch()
    write(images / ".thumbnails" / "a.png")
    with pytest.raises(ValueError, match=r"There are no images in .*images: no name ends in \.png"):
        load_folder(images)
    with pytest.raises(ValueError, match=r"There is no folder .*absent\. Give the path"):
        load_folder(images / "absent")


# Labels, order and split.


def test_sub_folders_are_classes_at_any_depth(images):
    for name in ("b/0.png", "b/deep/er/1.PNG", "a/0.png", "a-z/0.png", "c/notes.txt"):
        write(images / name, format="PNG")
    (images / "c" / ".hidden.png").touch()
    assert class_names(images) == ["a", "a-z", "b"]
    (_, train_labels), (_, test_labels) = load_folder(images)
    assert train_labels.tolist() == [0, 1, 2] and test_labels.tolist() == [2]


def test_the_classes_of_each_data_set_have_names():
    assert class_names("sample") == list(features.CLASSES) == class_names("fashion_mnist")
    assert class_names("mnist")[7] == "7" and class_names("cifar10")[3] == "cat"
    with pytest.raises(ValueError, match="Did you mean 'fashion_mnist'"):
        class_names("fashion")


def test_idx_files_name_no_classes(images):
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


def test_a_path_from_the_home_folder(images, monkeypatch):
    monkeypatch.setenv("HOME", str(images.parent))
    write(images / "a" / "0.png")
    assert class_names("~/images") == ["a"]


def test_links_to_folders_are_followed_once(images, tmp_path):
    write(tmp_path / "elsewhere" / "0.png")
    write(images / "a" / "0.png")
    (images / "b").symlink_to(tmp_path / "elsewhere")
    (images / "a" / "loop").symlink_to(images)
    assert folder.image_names(images) == ["a/0.png", "b/0.png"]


class Backwards:
    """What `os.scandir` gives, from Z to A."""

    def __init__(self, scandir, path):
        self.entries = sorted(scandir(path), key=lambda entry: entry.name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def __next__(self):
        if not self.entries:
            raise StopIteration
        return self.entries.pop()


def test_the_order_is_that_of_the_paths(images, monkeypatch):
    write_greys(images, 30)
    (train_images, _), _ = load_folder(images)
    monkeypatch.setattr(os, "scandir", functools.partial(Backwards, os.scandir))
    assert folder.image_names(images) == [f"{number:03}.png" for number in range(30)]
    assert levels(train_images) == [level for level in range(30) if level % 10 != 1]


def test_every_tenth_image_is_held_out(images):
    for name, start in (("a", 0), ("b", 100)):
        write_greys(images / name, 40, start)
    (train_images, train_labels), (test_images, test_labels) = load_folder(images)
    assert levels(test_images) == [1, 11, 21, 31, 101, 111, 121, 131]
    assert sorted(levels(train_images) + levels(test_images)) == [*range(40), *range(100, 140)]
    assert np.bincount(train_labels).tolist() == [36, 36]
    assert np.bincount(test_labels).tolist() == [4, 4]
    assert train_labels.dtype == test_labels.dtype == np.int32


def test_classes_that_are_no_multiple_of_ten_stay_balanced(images):
    for name in "abcde":
        write_greys(images / name, 15)
    _, (_, test_labels) = load_folder(images)
    assert set(np.bincount(test_labels).tolist()) == {1, 2}


def test_the_only_image_of_a_class_is_trained_on(images):
    for name, count, start in (("a", 1, 0), ("b", 1, 1), ("c", 18, 2)):
        write_greys(images / name, count, start)
    (train_images, train_labels), (test_images, _) = load_folder(images)
    assert levels(test_images) == [3, 13] and set(train_labels.tolist()) == {0, 1, 2}
    assert sorted(levels(train_images) + levels(test_images)) == [*range(20)]


def test_classes_of_one_image_leave_the_others_their_tenth(images):
    for number in range(12):
        write_greys(images / f"{number:02}", 1)
    write_greys(images / "z", 2)
    (_, train_labels), (_, test_labels) = load_folder(images)
    assert sorted(train_labels.tolist()) == [*range(13)] and test_labels.tolist() == [12]


def test_an_image_is_held_out_whatever_can_be_read(images):
    for name in "ab":
        write_greys(images / name, 1)
    assert [len(labels) for _, labels in load_folder(images)] == [1, 1]
    write_greys(images / "a", 2)
    (images / "a" / "001.png").write_bytes(b"")
    (train_images, _), (test_images, test_labels) = load_folder(images)
    assert len(train_images) == 1 and levels(test_images) == [0] and test_labels.tolist() == [1]


def test_images_of_other_types_are_told(images, capsys):
    write_greys(images, 4)
    for name in ("a.tif", "b.TIFF", "c.heic", "notes.txt", ".hidden.tif"):
        (images / name).touch()
    load_folder(images)
    told = capsys.readouterr().err
    assert told.startswith("Left out 3 files of other types: .heic, .tif, .tiff. Only .png, .jpg,")
    for name in ("a.tif", "b.TIFF", "c.heic"):
        (images / name).unlink()
    load_folder(images)
    assert capsys.readouterr().err == ""


def test_skipped_files_do_not_count_in_the_split(images):
    write_greys(images, 12)
    (images / "000.png").write_bytes(b"")
    _, (test_images, _) = load_folder(images)
    assert levels(test_images) == [2]


@pytest.mark.parametrize("count", [2, 3, 9, 19])
def test_few_images_still_give_both_splits(count, images):
    write_greys(images, count)
    (train_images, _), (test_images, _) = load_folder(images)
    assert len(test_images) == (1 if count < 12 else 2)
    assert len(train_images) + len(test_images) == count


# Shape.


def test_the_shape_wished(images):
    for number in range(2):
        write(images / f"{number}.png", size=(30 + number, 20))
    (train_images, _), _ = load_folder(images)
    assert train_images.shape == (1, 64, 64, 3)
    (train_images, _), (test_images, _) = load_folder(images, image_size=(6, 10), channels=1)
    assert train_images.shape == test_images.shape == (1, 6, 10, 1)


def test_maps_that_cannot_be_written(images):
    write_greys(images, 2)
    (train_images, _), (test_images, _) = load_folder(images)
    for array in (train_images, test_images):
        assert isinstance(array, np.memmap) and array.dtype == np.uint8
        assert not array.flags.writeable


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
    assert levels(test_images) == [101, 110, 120]
    (coloured, _), _ = load_folder(images, channels=3)
    assert coloured.shape == (28, 64, 64, 3)
    np.testing.assert_array_equal(np.broadcast_to(train_images, coloured.shape), coloured)


@pytest.mark.parametrize(("palette", "channels"), [([7, 7, 7, 99, 99, 99], 1), ([7, 8, 9], 3)])
def test_a_palette_of_greys_is_grey(palette, channels, images):
    for name in ("a.png", "b.png"):
        image = Image.new("P", (8, 8), 0)
        image.putpalette(palette)
        image.save(images / name)
    (train_images, _), _ = load_folder(images)
    assert (
        train_images.shape[-1] == channels and (train_images[0, 0, 0] == palette[:channels]).all()
    )


def test_channels_of_many_blocks(images, monkeypatch):
    monkeypatch.setattr(cache, "_BLOCK", 3 * 50)  # so that images are cut
    write_greys(images, 25)
    (train_images, _), (test_images, _) = load_folder(images, image_size=8)
    assert [np.unique(image).tolist() for image in test_images] == [[1], [11], [21]]
    assert (train_images == train_images[:, :1, :1]).all()
    assert levels(train_images) == [level for level in range(25) if level % 10 != 1]


@pytest.mark.parametrize("image_size", [0, -3, 6.5, (8,), (8, 0), (8, 8, 3), "8"])
def test_image_sizes_that_are_none(image_size, images):
    write_greys(images, 2)
    with pytest.raises(ValueError, match=r"`image_size` is pixels of a side, or \(height, width\)"):
        load_folder(images, image_size=image_size)


@pytest.mark.parametrize("channels", [0, 2, 4, "grey", 3.0, True])
def test_channels_that_are_none(channels, images):
    write_greys(images, 2)
    with pytest.raises(ValueError, match=r"`channels` is 1 \(grey\) or 3 \(colour\)\. Received"):
        load_folder(images, channels=channels)


def test_channels_of_numpy(images):
    write_greys(images, 2)
    assert load_folder(images, channels=np.int64(3), image_size=8)[0][0].shape[-1] == 3


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


def test_images_are_decoded_once(images, decoded):
    write_greys(images, 12)
    (first, _), _ = load_folder(images)
    assert sorted(decoded) == [f"{number:03}.png" for number in range(12)]
    (second, _), _ = load_folder(str(images))
    assert len(decoded) == 12
    np.testing.assert_array_equal(first, second)


def test_what_changes_the_images_makes_a_new_entry(images, tmp_path, decoded):
    write_greys(images, 12)

    def load_anew(**wish):
        decoded.clear()
        splits = load_folder(images, **wish)
        assert len(decoded) == len(list(images.iterdir()))
        return splits

    load_anew()
    load_anew(image_size=32)
    load_anew(channels=3)
    write(images / "000.bmp", 66, mode="L")
    load_anew()
    status = (images / "000.bmp").stat()
    write(images / "000.bmp", 77, mode="L")
    os.utime(images / "000.bmp", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert (images / "000.bmp").stat().st_size == status.st_size
    (train_images, _), _ = load_anew()
    assert levels(train_images)[0] == 77
    (images / "000.png").rename(images / "100.png")
    load_anew()
    write(images / "101.png")
    load_anew()
    images = shutil.copytree(images, tmp_path / "copy", copy_function=shutil.copy2)
    load_anew()


def _in_header(content):
    """An array whose header, the text of a dict, has no end."""
    return content.replace(b"}", b" ", 1)


@pytest.mark.parametrize("name", ["train.bin", "test.bin", "train.npy", "about.json"])
def test_a_damaged_entry_is_made_again(name, images, cache_folder, decoded):
    write_greys(images, 12)
    (whole, _), _ = load_folder(images)
    whole = whole.copy()
    (entry,) = entries(cache_folder)
    content = (entry / name).read_bytes()
    others = [_in_header(content)] if name.endswith("npy") else [content + b"0"]
    for damaged in (content[:-1], content[:5], b"", *others):
        (entry / name).write_bytes(damaged)
        decoded.clear()
        (again, _), _ = load_folder(images)
        assert len(decoded) == 12
        np.testing.assert_array_equal(whole, again)
    (entry / name).unlink()
    load_folder(images)
    assert (entry / name).read_bytes() == content


def test_of_two_writers_the_first_wins(images, cache_folder):
    """Both are at work when one of them finishes; a map of its files stays what it is."""
    entry = cache.entry_of("a test")
    wish = {"image_shape": (1, 1, 3), "images": 2}
    with cache.new_entry(entry, **wish) as late:
        with cache.new_entry(entry, **wish) as early:
            for level in (1, 2):
                early.add(np.full((1, 1, 3), level, np.uint8), level)
            early.finish("early")
        for level in (3, 4):
            late.add(np.full((1, 1, 3), level, np.uint8), level)
        late.finish("late")
    ((train_images, train_labels), (test_images, test_labels)), notice = cache.open_entry(entry)
    assert (levels(train_images), levels(test_images)) == ([1], [2]) and notice == "early"
    assert (train_labels.tolist(), test_labels.tolist()) == ([1], [2])
    assert entries(cache_folder) == [entry]


def test_no_writer_removes_what_another_publishes_meanwhile(cache_folder, monkeypatch):
    entry, remove, removed, others = cache.entry_of("a test"), shutil.rmtree, [], []

    def make():
        with cache.new_entry(entry, (1, 1, 3), images=2) as writer:
            for level in (1, 2):
                writer.add(np.full((1, 1, 3), level, np.uint8), level)
            writer.finish("")

    def remove_late(path, **how):
        if path == entry and not others:
            others.append(threading.Thread(target=make))
            others[0].start()
            others[0].join(timeout=1)
            removed.append(cache.open_entry(entry))
        remove(path, **how)

    monkeypatch.setattr(cache.shutil, "rmtree", remove_late)
    make()
    others[0].join()
    assert removed == [None] and cache.open_entry(entry) is not None


def test_processes_that_load_at_once(images, cache_folder):
    write_greys(images, 60)
    line = program("load_folder.py", images)
    running = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    total = sum(level for level in range(60) if level % 10 != 1)
    for process in running:
        assert process.communicate(timeout=PATIENCE)[0] == f"54 {total}\n"
        assert process.returncode == 0
    assert len(entries(cache_folder)) == 1


def writing(entry):
    """A process that has begun an entry, and finishes it when its input ends."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(program("write_entry.py", entry), text=True, **pipes)
    assert process.stdout.readline() == "begun\n"
    return process


def unfinished(cache_folder):
    return list(cache_folder.glob("gan-model-unfinished-*"))


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(
    images, cache_folder
):
    write_greys(images, 20)
    with writing(cache_folder / "dead") as dead:
        dead.kill()
        dead.communicate()
    (left,) = unfinished(cache_folder)
    with writing(cache_folder / "living") as living:
        assert len(unfinished(cache_folder)) == 1 and not left.exists()
        load_folder(images)
        assert len(unfinished(cache_folder)) == 1
        living.communicate("")
    assert living.returncode == 0 and not unfinished(cache_folder)
    ((pixels, _), _), _ = cache.open_entry(cache_folder / "living")
    assert len(pixels) == 1 and len(entries(cache_folder)) == 2


def test_a_folder_of_somebody_else_is_left_alone(images, cache_folder):
    mine = cache_folder / "unfinished-paintings" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("not yet")
    write_greys(images, 20)
    load_folder(images)
    assert mine.read_text() == "not yet"


def test_a_full_disk(images, cache_folder):
    """No file may grow beyond 20 kB here, as on a disk with that much room."""
    write_greys(images, 12)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"cannot be kept in .*cache: File too large\.") as error:
            load_folder(images)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "Set GAN_MODEL_CACHE to a folder with 1 MB to spare." in str(error.value)
    assert not entries(cache_folder)
    load_folder(images)  # with room again


def test_a_cache_folder_that_cannot_be(images, tmp_path, monkeypatch):
    write_greys(images, 2)
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAN_MODEL_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match=r"kept in .*/file/cache: Not a directory\. Set GAN_MODEL_C"):
        load_folder(images)


def test_where_the_cache_is(monkeypatch):
    monkeypatch.setenv("GAN_MODEL_CACHE", "/chosen")
    monkeypatch.setenv("XDG_CACHE_HOME", "/general")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache.cache_folder() == Path("/chosen")
    monkeypatch.setenv("GAN_MODEL_CACHE", "")
    assert cache.cache_folder() == Path("/general/gan-model")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder() == Path("/home/someone/.cache/gan-model")


def test_few_images_are_in_memory_at_once(images, decoded, monkeypatch):
    monkeypatch.setattr(folder, "_AHEAD", 4)
    write_greys(images, 40)
    stream = folder._decoded(images, sorted(os.listdir(images)), (8, 8, 1), {})
    for taken, _ in enumerate(stream, start=1):
        assert len(decoded) <= taken + 4
    assert taken == 40


def test_long_decoding_is_mentioned(images, cache_folder, monkeypatch, capsys):
    write_greys(images, 40)
    load_folder(images)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(folder, "_PATIENCE", 0)
    load_folder(images, image_size=65)
    assert capsys.readouterr().err == f"Decoding 40 images into {cache_folder} (once)...\n"
    load_folder(images, image_size=65)  # from the cache
    assert capsys.readouterr().err == ""


# The ground, and what is done with other proportions.


def test_the_ground_shows_through_transparent_images(images):
    write(images / "a.png", (0, 0, 0, 0), mode="RGBA")
    path = images / "a.png"
    for ground, expected in (("white", 255), ("black", 0), ("#102030", (16, 32, 48))):
        decoded = decode(path, image_size=(4, 4), channels=3, ground=ground)
        np.testing.assert_array_equal(decoded.pixels, np.broadcast_to(expected, (4, 4, 3)))
    grey = decode(path, image_size=(4, 4), channels=1, ground="white")
    assert (grey.pixels == 255).all()


def test_wide_images_are_cropped_or_shown_whole(images):
    write(images / "a.png", (200, 0, 0), size=(40, 20))  # 40 wide
    cropped = decode(images / "a.png", image_size=(20, 20), channels=3)
    assert (cropped.pixels == (200, 0, 0)).all()
    padded = decode(images / "a.png", image_size=(20, 20), channels=3, pad=True, ground="blue")
    assert (padded.pixels[:5] == (0, 0, 255)).all() and (padded.pixels[15:] == (0, 0, 255)).all()
    assert (padded.pixels[6:14] == (200, 0, 0)).all()


def test_each_way_to_decode_has_its_own_entry(images, cache_folder):
    write_greys(images, 3)
    for options in ({}, {"pad": True}, {"ground": "black"}):
        load_folder(images, image_size=8, **options)
    assert len(entries(cache_folder)) == 3


def test_grey_images_on_a_coloured_ground_are_in_colour(images):
    for number in range(2):
        Image.new("LA", (4, 8), (10 + number, 255 - number)).save(images / f"{number}.png")
    (train, _), _ = load_folder(images, image_size=8, pad=True, ground="#0000ff")
    assert train.shape == (1, 8, 8, 3)
    assert train[0, 4, 0].tolist() == [0, 0, 255] and train[0, 4, 4].tolist() == [10, 10, 10]
    (train, _), _ = load_folder(images, image_size=8, pad=True, ground="#202020")
    assert train.shape == (1, 8, 8, 1) and train[0, 4, 0] == 32


@pytest.mark.parametrize("ground", ["whit", 3, "#12"])
def test_a_ground_that_is_no_colour_is_refused(images, ground):
    write_greys(images, 3)
    with pytest.raises(ValueError, match="`ground` is a colour"):
        load_folder(images, ground=ground)
