"""Folders of images: what a pixel becomes, what is skipped, how it is split and kept."""

import contextlib
import errno
import functools
import os
import resource
import shutil
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile
from processes import PATIENCE, forked, program, wait_for

from gan_model import features
from gan_model.data import cache, class_names, folder, listing, splits
from gan_model.data.colors import flattened
from gan_model.data.decoding import Decoded, decode
from gan_model.data.folder import load_folder
from gan_model.data.image_sets import load_images
from gan_model.storage.locks import locked
from gan_model.storage.names import printable

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


def write_noise(images, numbers, *, side=8):
    """Images 000.png, ... of grey noise, which differ by their number."""
    images.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        noise = np.random.default_rng(number).integers(0, 256, (side, side), np.uint8)
        Image.fromarray(noise).save(images / f"{number:03}.png")


def as_set(array):
    """The pixels of images, to be compared as sets."""
    return {image.tobytes() for image in array}


def entries(cache_folder):
    """All that lies in the cache."""
    return list(cache_folder.iterdir())


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
    np.testing.assert_array_equal(np.asarray(flattened(image, ground="white", mode="L")), expected)
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
    write(images / "a.png", format="PCX")
    assert decode(images / "a.png", image_size=(8, 8), channels=3).reason == "not an image"


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
    write(images / "a.png")

    def fail(image):
        raise error

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


def test_a_dangling_link_is_skipped(images, capsys):
    write_greys(images, 2)
    (images / "a.png").symlink_to(images / "gone.png")
    load_folder(images)
    assert "a.png (no such file or directory)." in capsys.readouterr().err


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
        assert sum(len(labels) for _, labels in load_folder(open_images)) == 2
    assert capsys.readouterr().err == (
        "Skipped 1 unreadable image of 3: 001.png (permission denied).\n"
    )
    (open_images / "001.png").chmod(0o644)
    with as_nobody():
        assert sum(len(labels) for _, labels in load_folder(open_images)) == 3
    assert capsys.readouterr().err == ""


def test_a_folder_that_may_not_be_listed_is_skipped_and_named(open_images, capsys):
    write_greys(open_images, 3)
    write(open_images / "lost+found" / "a.png")
    (open_images / "lost+found").chmod(0)
    with as_nobody():
        (train, _), (test, _) = load_folder(open_images)
        assert len(train) + len(test) == 3 and class_names(open_images) == ["."]
        assert "lost+found" in capsys.readouterr().err
        with pytest.raises(
            ValueError, match=r"lost\+found"
        ):  # nothing is left out of a measurement
            load_images(open_images)
        for path in open_images.glob("*.png"):
            path.unlink()
        with pytest.raises(ValueError, match=r"no images .*lost\+found"):
            load_folder(open_images)
    (open_images / "lost+found").chmod(0o755)


def test_a_folder_that_may_not_be_listed_itself_is_an_error(open_images):
    write_greys(open_images / "a", 3)
    (open_images / "a").chmod(0)
    with as_nobody(), pytest.raises(ValueError, match="cannot be listed"):
        load_folder(open_images / "a")
    (open_images / "a").chmod(0o755)


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


def test_names_are_printable():
    for name in ("größe 图像 カタカナ.png", "क\u094d\u200dष", "👩\u200d🚀"):
        assert printable(name) == name
    assert printable("a\tb\r\x9b\udcff\u2028") == r"a\tb\r\x9b\udcff\u2028"


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
    with pytest.raises(ValueError, match=r"There is no folder .*absent\. Give the path"):
        load_folder(images / "absent")


# Labels, order and split.


def test_sub_folders_are_classes_at_any_depth(images):
    names = "b/0.png", "b/deep/er/1.PNG", "a/0.png", "a-z/0.png", "c/notes.txt"
    for level, name in enumerate(names):
        write(images / name, level, mode="L", format="PNG")
    (images / "c" / ".hidden.png").touch()
    assert class_names(images) == ["a", "a-z", "b"]
    (_, train_labels), (_, test_labels) = load_folder(images)
    assert train_labels.tolist() == [0, 1, 2] and test_labels.tolist() == [2]


def test_names_that_are_numbers_are_sorted_as_numbers(images):
    names = ["1", "2", "009", "10", "b", "b10", "b2"]
    for name in names:
        write(images / name / "0.png", (len(name), 0, 0))
    assert class_names(images) == names
    assert [listing.class_of(name) for name in listing.images_in(images).names] == names


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
    assert listing.images_in(images).names == ["a/0.png", "b/0.png"]


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
    assert listing.images_in(images).names == [f"{number:03}.png" for number in range(30)]
    assert levels(train_images) == sorted(levels(train_images)) and len(train_images) > 20


def test_a_tenth_is_held_out_and_the_rest_keeps_its_order(images):
    for name, start in (("a", 0), ("b", 100)):
        write_noise(images / name, range(start, start + 60))
    (train_images, train_labels), (test_images, test_labels) = load_folder(images, image_size=8)
    all_images = [np.asarray(Image.open(images / name)) for name in listing.images_in(images).names]
    hashes = [splits.hash_of(image[..., None]) for image in all_images]
    rows = splits.held_out(hashes, [0] * 60 + [1] * 60)
    np.testing.assert_array_equal(test_images[..., 0], np.array(all_images)[rows])
    np.testing.assert_array_equal(train_images[..., 0], np.array(all_images)[~rows])
    assert test_labels.tolist() == np.repeat([0, 1], 60)[rows].tolist()
    assert np.bincount(test_labels).min() >= 1 and 6 <= len(test_labels) <= 20
    assert train_labels.dtype == test_labels.dtype == np.int32


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
    [
        ["train", "car", "bus"],
        ["test", "val"],
        ["trained", "tests"],
        ["a/train", "b/test"],
        ["train"],
    ],
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
    loaded = load_folder(images)
    assert loaded.class_names == ["b", "c"] and class_names(images) == ["a", "b", "c"]


def test_images_of_other_types_are_told(images, capsys):
    write_greys(images, 4)
    for name in ("a.svg", "b.SVG", "c.heic", "notes.txt", ".hidden.svg"):
        (images / name).touch()
    load_folder(images)
    told = capsys.readouterr().err
    assert told.startswith("Left out 3 files of other types: .heic, .svg. Only .png, .jpg,")
    for name in ("a.svg", "b.SVG", "c.heic"):
        (images / name).unlink()
    load_folder(images)
    assert capsys.readouterr().err == ""


# Shape.


def test_the_shape_wished(images):
    for number in range(2):
        write(images / f"{number}.png", (99 * number, 0, 0), size=(30 + number, 20))
    (train_images, _), _ = load_folder(images)
    assert train_images.shape == (1, 20, 28, 3)  # multiples of 4, from 30 x 20
    (train_images, _), _ = load_folder(images, image_size=64)
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
    assert (
        train_images.shape[-1] == channels and (train_images[0, 0, 0] == palette[:channels]).all()
    )


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
    (train_images, _), (test_images, _) = load_anew()
    assert 77 in levels(train_images) + levels(test_images)
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
    (entry,) = (path / "images" for path in entries(cache_folder))
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
        splits = load_folder(images)
        assert sum(len(labels) for _, labels in splits) == 10 and len(decoded) == tried
    failing.remove("005.png")
    assert sum(len(labels) for _, labels in load_folder(images)) == 11
    failing.clear()
    assert sum(len(labels) for _, labels in load_folder(images)) == 12
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


def test_each_load_counts_as_use(images, cache_folder):
    write_greys(images, 4)
    load_folder(images)
    (entry,) = entries(cache_folder)
    os.utime(entry, (0, 0))
    load_folder(images)
    assert entry.stat().st_mtime > time.time() - 3600


def test_a_cache_that_may_only_be_read(open_images):
    write_greys(open_images, 4)
    before = [len(labels) for _, labels in load_folder(open_images)]
    with as_nobody():
        assert [len(labels) for _, labels in load_folder(open_images)] == before
        with pytest.raises(OSError, match="cannot be written by this user"):
            load_folder(open_images, image_size=8)


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
            load_folder(images, image_size=64)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "Set GAN_MODEL_CACHE to a folder with 1 MB to spare." in str(error.value)
    assert not entries(cache_folder)
    load_folder(images, image_size=64)  # with room again


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
