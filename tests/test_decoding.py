"""One image file -> pixels: modes, formats, transparency, color profiles, proportions, memory."""

import struct
import threading
import zlib

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from gan_model.data import colors, decoding
from gan_model.data.decoding import decode, displayed_size, open_image
from gan_model.data.listing import images_in

RAMP = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)  # 257 levels apart
GREY = np.arange(256, dtype=np.uint8).reshape(16, 16)
NOISE = np.random.default_rng(0).integers(0, 256, (16, 16, 4), dtype=np.uint8)
WHITE = [255, 255, 255]


def pixels_of(path, channels=3, size=(16, 16), **options):
    decoded = decode(path, image_size=size, channels=channels, **options)
    assert not decoded.reason, decoded.reason
    assert decoded.pixels.dtype == np.uint8 and decoded.pixels.shape == (*size, channels)
    return decoded.pixels


# Modes and formats.


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
def test_modes_of_png(mode, value, expected, tmp_path):
    Image.new(mode, (16, 16), value).save(tmp_path / "a.png")
    assert (pixels_of(tmp_path / "a.png") == expected).all()


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        *[(f"a.{end}", 0) for end in ("png", "bmp", "gif", "tif", "TIFF", "tga", "ppm", "pnm")],
        *[(f"a.{end}", 3) for end in ("webp", "jpg", "JPEG", "jfif", "jpe", "avif")],
    ],
)
def test_formats(name, tolerance, tmp_path):
    if name == "a.avif" and not decoding.READS_AVIF:
        pytest.skip("this Pillow reads no AVIF")
    Image.new("RGB", (16, 16), (200, 100, 50)).save(tmp_path / name)
    assert images_in(tmp_path).names == [name]
    pixels = pixels_of(tmp_path / name).astype(int)
    assert np.abs(pixels - [200, 100, 50]).max() <= tolerance


def test_the_content_counts_and_not_the_name(tmp_path):
    Image.fromarray(NOISE[..., :3]).save(tmp_path / "a.png", format="BMP")
    assert (pixels_of(tmp_path / "a.png") == NOISE[..., :3]).all()
    Image.fromarray(NOISE[..., :3]).save(tmp_path / "a.png", format="PCX")
    assert decode(tmp_path / "a.png", image_size=(8, 8), channels=3).reason == "not an image"


def test_colour_to_grey(tmp_path):
    """Rec. 601: 0.299 red + 0.587 green + 0.114 blue."""
    Image.new("RGB", (16, 16), (100, 150, 200)).save(tmp_path / "a.png")
    assert (pixels_of(tmp_path / "a.png", 1) == 141).all()  # 29.9 + 88.05 + 22.8


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])  # modes I;16 and I
def test_16_bits_are_scaled_and_not_clipped(dtype, tmp_path):
    image = Image.fromarray(RAMP.astype(dtype))
    np.testing.assert_array_equal(colors.flattened(image, ground="white", mode="L"), GREY)
    if dtype == np.uint16:  # which PNG can hold
        image.save(tmp_path / "a.png")
        np.testing.assert_array_equal(pixels_of(tmp_path / "a.png", 1)[..., 0], GREY)


def test_cmyk_without_a_profile(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    assert np.abs(pixels_of(tmp_path / "a.jpg").astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("end", ["gif", "tif"])
def test_the_first_frame_or_page_counts(end, tmp_path):
    pages = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    pages[0].save(tmp_path / f"a.{end}", save_all=True, append_images=pages[1:])
    assert (pixels_of(tmp_path / f"a.{end}", 1)[..., 0] == GREY).all()


@pytest.mark.parametrize("name", ["a.pgm", "a.pbm"])
def test_grey_and_bits_of_ppm(name, tmp_path):
    grey = GREY if name == "a.pgm" else np.where(GREY > 99, 255, 0).astype(np.uint8)
    Image.fromarray(grey).convert("1" if name == "a.pbm" else "L").save(tmp_path / name)
    decoded = decode(tmp_path / name, image_size=(16, 16), channels=1)
    assert decoded.grey and (decoded.pixels[..., 0] == grey).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK"])
def test_a_tiff_has_the_pixels_of_the_png(mode, tmp_path):
    """CMYK without a profile is what Pillow makes of it: (255 - C) * (255 - K) / 255, ..."""
    image = Image.fromarray(NOISE)
    image = image.convert("RGB").convert(mode) if "P" in mode else image.convert(mode)
    image.save(tmp_path / "a.tif")
    plain = image.convert("RGB") if mode in ("CMYK", "PA") else image
    plain.save(tmp_path / "a.png")
    expected = pixels_of(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels_of(tmp_path / "a.tif"), expected)
    for compression in ("tiff_lzw", "tiff_deflate"):
        image.save(tmp_path / "a.tif", compression=compression)
        np.testing.assert_array_equal(pixels_of(tmp_path / "a.tif"), expected)


@pytest.mark.parametrize("levels", [RAMP, RAMP.astype(">u2"), RAMP.astype(np.int32)])
def test_tiffs_of_16_and_32_bits(levels, tmp_path):
    Image.fromarray(levels).save(tmp_path / "a.tif")
    decoded = decode(tmp_path / "a.tif", image_size=(16, 16), channels=1)
    assert decoded.grey and (decoded.pixels[..., 0] == GREY).all()


@pytest.mark.parametrize("white", [1, 255])
def test_floating_point_levels_are_from_0_to_1_or_255(white, tmp_path):
    Image.fromarray((GREY / 255 * white).astype(np.float32)).save(tmp_path / "a.tif")
    assert (pixels_of(tmp_path / "a.tif", 1)[..., 0] == GREY).all()


@pytest.mark.parametrize("value", [-1, 256, np.nan])
def test_levels_of_an_unknown_range_are_refused(value, tmp_path):
    levels = GREY.astype(np.float32)
    levels[8, 8] = value
    Image.fromarray(levels).save(tmp_path / "a.tif")
    failure = decode(tmp_path / "a.tif", image_size=(16, 16), channels=1)
    assert failure.pixels is None and "levels" in failure.reason and not failure.retry


def write_tiff(path, bits, white_is_zero, content):
    """A grey TIFF of 16 x 16 pixels, as Pillow writes none."""
    photometric = 0 if white_is_zero else 1
    tags = [(256, 16), (257, 16), (258, bits), (259, 1), (262, photometric), (273, 8), (277, 1)]
    tags += [(278, 16), (279, len(content))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = b"II*\0" + struct.pack("<I", 8 + len(content))
    path.write_bytes(head + content + struct.pack("<H", len(tags)) + entries + bytes(4))


def test_a_tiff_whose_zero_is_white(tmp_path):
    write_tiff(tmp_path / "a.tif", 16, True, RAMP.tobytes())
    assert (pixels_of(tmp_path / "a.tif", 1)[..., 0] == 255 - GREY).all()


def test_a_tiff_of_12_bits(tmp_path):
    levels = np.linspace(0, 4095, 256).round().astype(int)
    packed = bytearray()
    for first, second in levels.reshape(-1, 2):  # two levels in three bytes
        packed += bytes([first >> 4, (first & 15) << 4 | second >> 8, second & 255])
    write_tiff(tmp_path / "a.tif", 12, False, bytes(packed))
    assert (pixels_of(tmp_path / "a.tif", 1)[..., 0] == GREY).all()


def test_cielab(tmp_path):
    """L* of 53.59 is the grey 128 of sRGB; L* 0 and 100 are black and white."""
    lab = np.zeros((16, 16, 3), np.uint8)  # a* and b* of 0
    lab[4:10, :, 0], lab[10:, :, 0] = round(53.59 * 2.55), 255
    Image.frombytes("LAB", (16, 16), lab.tobytes()).save(tmp_path / "a.tif")
    pixels = pixels_of(tmp_path / "a.tif").astype(int)
    expected = np.repeat([0, 128, 255], [4, 6, 6])
    assert np.abs(pixels - expected[:, None, None]).max() <= 2


@pytest.mark.parametrize("end", ["tif", "avif", "png", "jpg", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_turned_upright_once(orientation, end, tmp_path):
    if end == "avif" and not decoding.READS_AVIF:
        pytest.skip("this Pillow reads no AVIF")
    quarters = np.kron([[0, 80, 160], [240, 40, 120]], np.ones((16, 16))).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"exif": exif, "quality": 95}
    if end == "tif":
        options = {"tiffinfo": TiffImagePlugin.ImageFileDirectory_v2()}
        options["tiffinfo"][0x0112] = orientation
        options["tiffinfo"][700] = f'<x tiff:Orientation="{orientation}"/>'.encode()  # XMP
    Image.fromarray(quarters).convert("RGB").save(tmp_path / f"a.{end}", **options)
    turned = {3: np.rot90(quarters, 2), 6: np.rot90(quarters, -1), 8: np.rot90(quarters)}
    turned |= {1: quarters, 2: quarters[:, ::-1], 4: quarters[::-1], 5: quarters.T}
    turned |= {7: np.rot90(quarters, 2).T}
    expected = turned[orientation]
    with open_image(tmp_path / f"a.{end}") as image:
        assert displayed_size(image) == expected.shape
    pixels = pixels_of(tmp_path / f"a.{end}", 1, expected.shape)[..., 0].astype(int)
    assert np.abs(pixels - expected)[8::16, 8::16].max() <= 4


# Proportions and sizes.


@pytest.mark.parametrize("is_tall", [False, True])
def test_the_middle_of_a_wide_or_tall_image_is_kept(is_tall, tmp_path):
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = [0, 255, 0]
    Image.fromarray(wide.swapaxes(0, 1) if is_tall else wide).save(tmp_path / "a.png")
    assert (pixels_of(tmp_path / "a.png", size=(8, 8)) == [0, 255, 0]).all()
    # 4 of 8 rows and 12 of 24 columns: nothing is cut off, the outer thirds stay black.
    whole = pixels_of(tmp_path / "a.png", size=(12, 4) if is_tall else (4, 12))
    whole = whole.swapaxes(0, 1) if is_tall else whole
    assert whole[:, 1].max() < 20 and whole[:, 6, 1].min() > 235


def test_wide_images_may_be_shown_whole(tmp_path):
    Image.new("RGB", (40, 20), (200, 0, 0)).save(tmp_path / "a.png")
    padded = pixels_of(tmp_path / "a.png", size=(20, 20), pad=True, ground="blue")
    assert (padded[:5] == (0, 0, 255)).all() and (padded[15:] == (0, 0, 255)).all()
    assert (padded[6:14] == (200, 0, 0)).all()


@pytest.mark.parametrize("end", ["png", "jpg"])
def test_scaling_down_averages(end, tmp_path):
    """Lines of one pixel, black and white, become grey and no lines of other widths."""
    lines = np.tile(np.uint8([0, 255]), (512, 256))
    Image.fromarray(lines).save(tmp_path / f"a.{end}", quality=95)
    pixels = pixels_of(tmp_path / f"a.{end}", 1, (32, 32))
    assert np.abs(pixels.astype(int) - 127.5).max() <= 16


# Transparency.


@pytest.mark.parametrize(
    ("ground", "expected"), [("white", WHITE), ("black", [0, 0, 0]), ("#102030", [16, 32, 48])]
)
def test_the_ground_shows_through_transparent_images(ground, expected, tmp_path):
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert (pixels_of(tmp_path / "a.png", ground=ground) == expected).all()
    assert (pixels_of(tmp_path / "a.png", 1) == 255).all()


@pytest.mark.parametrize("end", ["png", "gif"])
def test_a_transparent_entry_of_a_palette_is_white(end, tmp_path):
    image = Image.new("P", (16, 16), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (0, 0, 8, 16))
    for options, right in (({}, [255, 0, 0]), ({"transparency": 0}, WHITE)):
        image.save(tmp_path / f"a.{end}", **options)
        pixels = pixels_of(tmp_path / f"a.{end}")
        assert (pixels[:, :8] == [0, 0, 255]).all() and (pixels[:, 8:] == right).all()


@pytest.mark.parametrize(("mode", "value"), [("L", 9), ("RGB", (9, 8, 7))])
def test_a_transparent_colour_is_white(mode, value, tmp_path):
    Image.new(mode, (16, 16), value).save(tmp_path / "a.png", transparency=value)
    assert (pixels_of(tmp_path / "a.png") == WHITE).all()


def test_a_transparent_grey_or_colour_of_16_bits_is_white(tmp_path):
    deep = np.array([[1000, 1001], [0, 65535]], np.uint16)  # the first two are one grey of 8 bits
    Image.fromarray(deep).save(tmp_path / "a.png", transparency=1000)
    assert pixels_of(tmp_path / "a.png", 1, (2, 2))[..., 0].tolist() == [[255, 4], [0, 255]]
    pixel = bytes([9, 1, 8, 2, 7, 3])
    write_png(tmp_path / "a.png", 16, [pixel * 8] * 8, pixel, kind=2)
    assert (pixels_of(tmp_path / "a.png") == WHITE).all()


@pytest.mark.parametrize(("bits", "highest"), [(1, 1), (2, 3), (4, 15), (8, 255)])
def test_a_transparent_grey_of_few_bits_is_white(bits, highest, tmp_path):
    black, white = b"\0" * bits, b"\xff" * bits  # 8 pixels
    for clear, expected in ((0, [128, 255]), (highest, [0, 128])):
        write_png(tmp_path / "a.png", bits, [black] * 4 + [white] * 4, clear.to_bytes(2, "big"))
        seen = pixels_of(tmp_path / "a.png", 1, (8, 8), ground="#808080")
        assert seen[:, 0, 0].tolist() == [expected[0]] * 4 + [expected[1]] * 4


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


def write_bmp(path, image):
    """A BMP of 32 bits with an alpha mask, as Pillow writes none."""
    pixels = np.asarray(image)[::-1, :, [2, 1, 0, 3]].tobytes()
    head = struct.pack("<IiiHHIIiiII", 108, *image.size, 1, 32, 3, len(pixels), 0, 0, 0, 0)
    head += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
    size = 14 + len(head)
    path.write_bytes(b"BM" + struct.pack("<IHHI", size + len(pixels), 0, 0, size) + head + pixels)


@pytest.mark.parametrize("end", ["bmp", "tga"])
def test_an_alpha_channel_that_nobody_filled_is_none(end, tmp_path):
    for alpha in (0, 255):
        image = Image.fromarray(NOISE)
        image.putalpha(alpha)
        path = tmp_path / f"{alpha}.{end}"
        write_bmp(path, image) if end == "bmp" else image.save(path)
        np.testing.assert_array_equal(pixels_of(path), NOISE[..., :3])
    image.putpixel((0, 0), (0, 0, 0, 0))  # a filled one
    write_bmp(path, image) if end == "bmp" else image.save(path)
    assert (pixels_of(path)[0, 0] == 255).all() and (pixels_of(path)[1, 1] == NOISE[1, 1, :3]).all()


@pytest.mark.parametrize(
    ("value", "ground", "blank"),
    [
        ((9, 9, 9, 0), "white", True),
        ((255, 255, 255, 99), "white", True),
        ((255, 255, 255, 99), "black", False),
        ((9, 9, 9, 99), "white", False),
    ],
)
def test_images_that_show_nothing_but_the_ground(value, ground, blank, tmp_path):
    Image.new("RGBA", (16, 16), value).save(tmp_path / "a.png")
    assert decode(tmp_path / "a.png", image_size=(8, 8), channels=3, ground=ground).blank is blank
    Image.new("RGB", (16, 16), ground).save(tmp_path / "b.png")
    assert not decode(tmp_path / "b.png", image_size=(8, 8), channels=3, ground=ground).blank


# Color profiles.

XYZ_OF_P3 = [[0.51512, 0.29198, 0.1571], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
XYZ_OF_SRGB = [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.7141]]


def profile(space, tags):
    """An ICC profile, version 2.

    Args:
        space: b"RGB ", b"GRAY" or b"CMYK".
        tags: dict from names to contents, bytes.
    """
    start, table, body = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    pcs = b"Lab " if space == b"CMYK" else b"XYZ "
    head = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 2 << 24, b"mntr", space, pcs)
    head += bytes(12) + b"acsp" + bytes(28) + fixed(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def fixed(*numbers):
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def gamma(exponent):
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(exponent * 256))


def rgb_profile(columns, exponent):
    tags = {b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1, 0.8249)}
    for name, xyz in zip(b"rgb", np.transpose(columns), strict=True):
        tags[bytes([name]) + b"XYZ"] = b"XYZ " + bytes(4) + fixed(*xyz)
        tags[bytes([name]) + b"TRC"] = gamma(exponent)
    return profile(b"RGB ", tags)


def grey_profile(exponent):
    return profile(
        b"GRAY", {b"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1, 0.8249), b"kTRC": gamma(exponent)}
    )


def cmyk_profile():
    """Black ink is black, that of any other color the grey of a lightness L* of 50."""
    identity = bytes(range(256))
    inks = np.ndindex(2, 2, 2, 2)  # cyan, magenta, yellow, black
    lightness = [0 if black else 128 if any(colors) else 255 for *colors, black in inks]
    grid = b"".join(bytes([level, 128, 128]) for level in lightness)
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    return profile(b"CMYK", {b"A2B0": table + identity * 4 + grid + identity * 3})


def srgb_of(linear):
    """The sRGB level, 0 to 255, of linear light (IEC 61966-2-1)."""
    linear = np.clip(linear, 0, 1)
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return 255 * curve


@pytest.mark.parametrize("end", ["png", "tif", "jpg"])
def test_a_wide_color_space_becomes_srgb(end, tmp_path):
    color = np.array([200, 120, 60])
    icc = rgb_profile(XYZ_OF_P3, 2.2)
    Image.new("RGB", (16, 16), tuple(color)).save(
        tmp_path / f"a.{end}", icc_profile=icc, **({"quality": 100} if end == "jpg" else {})
    )
    to_srgb = np.linalg.inv(XYZ_OF_SRGB) @ XYZ_OF_P3
    expected = srgb_of(to_srgb @ (color / 255) ** 2.2)
    assert np.abs(expected - color).max() > 8
    assert np.abs(pixels_of(tmp_path / f"a.{end}") - expected).max() <= 2 + 2 * (end == "jpg")


def test_transparency_and_palettes_keep_their_profile(tmp_path):
    icc = rgb_profile(XYZ_OF_SRGB, 1.0)  # linear light
    image = Image.new("RGBA", (16, 16), (51, 51, 102, 255))
    image.paste((51, 51, 102, 0), (0, 0, 16, 8))
    image.save(tmp_path / "a.png", icc_profile=icc)
    image.convert("RGB").quantize(4).save(tmp_path / "b.png", icc_profile=icc)
    expected = srgb_of(np.array([51, 51, 102]) / 255)
    pixels = pixels_of(tmp_path / "a.png", ground="#102030")
    assert np.abs(pixels[8:] - expected).max() <= 2 and (pixels[:8] == [16, 32, 48]).all()
    assert np.abs(pixels_of(tmp_path / "b.png") - expected).max() <= 2


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
@pytest.mark.parametrize("icc", [grey_profile(1.5), rgb_profile(XYZ_OF_SRGB, 1.5)])
def test_grey_stays_grey(mode, icc, tmp_path):
    image = Image.fromarray(RAMP) if mode == "I;16" else Image.fromarray(GREY).convert(mode)
    image.save(tmp_path / "a.png", icc_profile=icc)
    decoded = decode(tmp_path / "a.png", image_size=(16, 16), channels=3)
    assert decoded.grey
    assert np.abs(decoded.pixels - srgb_of((GREY / 255) ** 1.5)[..., None]).max() <= 2


@pytest.mark.parametrize("end", ["tif", "jpg"])
def test_cmyk_with_a_profile(end, tmp_path):
    image = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    image.paste((0, 0, 0, 0), (0, 0, 16, 8))
    image.save(tmp_path / f"a.{end}", icc_profile=cmyk_profile())
    pixels = pixels_of(tmp_path / f"a.{end}").astype(int)
    assert pixels[:6].min() >= 252
    assert np.abs(pixels[10:] - 119).max() <= 4  # L* 50.2


@pytest.mark.parametrize(
    "icc",
    [b"no profile", rgb_profile(XYZ_OF_P3, 2.2)[:300], cmyk_profile(), grey_profile(1.0)],
    ids=["garbage", "cut", "of CMYK", "of grey"],
)
def test_a_profile_that_is_damaged_or_of_other_images_is_ignored(icc, tmp_path):
    Image.fromarray(NOISE[..., :3]).save(tmp_path / "a.png", icc_profile=icc)
    np.testing.assert_array_equal(pixels_of(tmp_path / "a.png"), NOISE[..., :3])


def test_a_profile_of_srgb_changes_no_bit(tmp_path):
    from PIL import ImageCms

    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for image in (Image.fromarray(NOISE[..., :3]), Image.fromarray(GREY)):
        image.save(tmp_path / "a.png", icc_profile=icc)
        np.testing.assert_array_equal(pixels_of(tmp_path / "a.png"), np.array(image.convert("RGB")))


# Large images.


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "I;16"])
def test_a_large_image_is_averaged_in_strips(mode, tmp_path, monkeypatch):
    """Blocks of 4 x 4, on the ground: 128 x 88 pixels are scaled to 16 x 8 all the same."""
    rng = np.random.default_rng(0)
    noise = np.kron(rng.integers(0, 256, (11, 16, 4), dtype=np.uint8), np.ones((8, 8, 1)))
    image = Image.fromarray(noise.astype(np.uint8))
    image = Image.fromarray(noise[..., 0].astype(np.uint16) * 257) if mode == "I;16" else image
    (image if mode == "I;16" else image.convert(mode)).save(tmp_path / "a.png")
    whole = pixels_of(tmp_path / "a.png", size=(8, 16), ground="#204060").astype(int)
    monkeypatch.setattr(colors, "_STRIP_PIXELS", 300)
    np.testing.assert_array_equal(
        pixels_of(tmp_path / "a.png", size=(8, 16), ground="#204060"), whole
    )
    monkeypatch.setattr(decoding, "_LARGE_PIXELS", 1000)
    assert decoding._reduction((88, 128), (8, 16), False) == 4
    reduced = pixels_of(tmp_path / "a.png", size=(8, 16), ground="#204060").astype(int)
    assert 0 < np.abs(reduced - whole).max() <= 40 and np.abs(reduced - whole).mean() <= 6


def test_transparent_pixels_do_not_bleed_into_a_large_image(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "_LARGE_PIXELS", 100)
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))  # a red that nobody sees
    image.paste((0, 0, 0, 255), (0, 0, 32, 64))
    image.save(tmp_path / "a.png")
    pixels = pixels_of(tmp_path / "a.png", size=(8, 8), ground="black")
    assert not pixels.any()


def test_threads_share_the_room_for_large_images():
    """Two of 60 do not fit into 100 at the same time; one of 500 waits until it is alone."""
    room, held, most = decoding._Room(100), [], []

    def hold(size):
        for _ in range(20):
            with room.taken(size):
                held.append(size)
                most.append(list(held))
                held.remove(size)

    threads = [threading.Thread(target=hold, args=[size]) for size in (60, 60, 40, 500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(most) == 80
    assert all(sum(sizes) <= 100 or sizes == [500] for sizes in most)
