"""The size of a folder's images, from the files' own."""

import pytest
from PIL import Image

from gan_model.data import load, own_size


def write(folder, sizes):
    folder.mkdir(parents=True, exist_ok=True)
    for number, (height, width) in enumerate(sizes):
        Image.new("RGB", (width, height), (number, 0, 0)).save(folder / f"{number:03}.png")


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(28, 28)] * 3, (28, 28)),
        ([(72, 72)] * 3, (64, 64)),
        ([(240, 320)] * 3, (48, 64)),
        ([(196, 196)] * 3, (64, 64)),  # 196 * (64 / 196) is a little less than 64
        ([(320, 240)] * 3, (64, 48)),
        ([(30, 30)] * 3, (28, 28)),  # multiples of 4
        ([(8, 8)] * 3, (16, 16)),  # the least of the presets
        ([(50, 100), (100, 50), (80, 80)], (48, 48)),  # differing proportions: square
        ([(40, 40)] * 9 + [(40, 400)], (40, 40)),  # one that differs does not count
    ],
)
def test_the_size_follows_from_the_files(tmp_path, sizes, expected):
    write(tmp_path, sizes)
    assert own_size(tmp_path)[0] == expected


def test_the_size_of_the_files_is_told_too(tmp_path):
    write(tmp_path, [(240, 320)] * 3)
    assert own_size(tmp_path) == ((48, 64), (240, 320))
    assert own_size(tmp_path, longest=128)[0] == (96, 128)


def test_a_photograph_that_lies_on_its_side_counts_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (40, 60)).save(tmp_path / "a.jpg", exif=exif)
    assert own_size(tmp_path) == ((40, 60), (40, 60))


@pytest.mark.parametrize(("kind", "value"), [(3, b"\x09\0\0\0"), (2, b"6\0\0\0"), (7, b"6\0\0\0")])
def test_an_orientation_that_is_none_turns_nothing(tmp_path, kind, value):
    """A whole number of no meaning, a text and bytes."""
    count = {3: 1, 2: 2, 7: 1}[kind].to_bytes(4, "little")
    entry = (0x0112).to_bytes(2, "little") + kind.to_bytes(2, "little") + count + value
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + bytes(4)
    Image.new("RGB", (40, 60)).save(tmp_path / "a.jpg", exif=exif)
    assert own_size(tmp_path) == ((60, 40), (60, 40))


def test_files_and_exif_that_cannot_be_read_do_not_count(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="None of the images in"):
        own_size(tmp_path)
    write(tmp_path, [(20, 20)] * 2)
    Image.new("RGB", (40, 60)).save(tmp_path / "a.png", exif=b"Exif\0\0II*\0\x08")
    assert own_size(tmp_path)[0] == (20, 20)


def test_a_folder_is_loaded_at_that_size(tmp_path):
    write(tmp_path, [(240, 320)] * 12)
    (train, _), (held_out, _) = load(tmp_path)
    assert train.shape[1:] == held_out.shape[1:] == (48, 64, 3)
    assert load(tmp_path, image_size=20)[0][0].shape == (10, 20, 20, 3)
