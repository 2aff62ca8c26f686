"""An image that Pillow has loaded -> the same in 8 bits, in sRGB, on a plain ground."""

import contextlib
import functools
import io

import numpy as np
from PIL import Image, ImageCms

_STRIP_PIXELS = 1 << 20
_PHOTOMETRIC, _BITS = 262, 258  # TIFF tags
_WHITE_IS_ZERO = 0  # a value of the first
_ALPHA_OR_NOT = ("BMP", "TGA")  # formats whose files may have an alpha channel that nobody fills
_UNCHANGED = 2  # levels: a profile that moves none further is one of the many writings of sRGB


class UnknownRange(ValueError):
    """The numbers of an image do not tell which of them is white."""


def is_grey(image):
    """Whether a loaded image is stored as grey."""
    if image.mode in ("P", "PA"):
        colours = np.reshape(image.getpalette("RGB"), (-1, 3))
        return bool((colours == colours[:, :1]).all())
    return image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")


def scale_clear_level(image):
    """The transparent level of a PNG of 1, 2, 4 or 16 bits, as of the 8 bits that Pillow makes.

    Before the image is loaded: afterwards nothing tells how many bits there were.
    """
    clear, mode = image.info.get("transparency"), image.tile[0][3] if image.tile else None
    if isinstance(clear, int) and mode == "1":
        image.info["transparency"] = 255 if clear else 0  # Pillow 12.2 has done so already
    elif isinstance(clear, int) and mode in ("L;2", "L;4"):
        image.info["transparency"] = clear * (85 if mode == "L;2" else 17)
    elif isinstance(clear, tuple) and mode == "RGB;16B":
        image.info["transparency"] = tuple(level >> 8 for level in clear)


def ignore_empty_alpha(image):
    """Makes an image opaque whose alpha is 0 everywhere because its program wrote none."""
    if image.format in _ALPHA_OR_NOT and image.mode in ("LA", "RGBA") and not image.getbbox():
        image.putalpha(255)


def flattened(image, *, ground, mode, factor=1):
    """The image in 8 bits, in sRGB, on a plain ground.

    This is done in strips, so that a large image is in memory only once.

    Args:
        image: a loaded image of any mode.
        ground: the color behind transparent parts.
        mode: of the result, "L" or "RGB".
        factor: side of the square blocks of pixels of which each becomes one, their average. The
            ground is below them by then, so that the color of transparent pixels does not count.

    Raises:
        UnknownRange: the numbers of the image do not tell which of them is white.
    """
    convert = _srgb_conversion(image, grey=is_grey(image))
    white = _white_of(image)
    rows = factor * max(1, _STRIP_PIXELS // (factor * image.width))
    size = -(-image.width // factor), -(-image.height // factor)
    flat = Image.new(mode, size)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        if white is not None:
            strip = _in_8_bits(strip, white)
        strip = _on_ground(strip, ground, convert).convert(mode)
        flat.paste(strip.reduce(factor) if factor > 1 else strip, (0, top // factor))
    return flat


def _on_ground(image, ground, convert):
    if image.mode == "La":  # which Pillow converts into LA only
        image = image.convert("LA")
    if image.has_transparency_data:
        image = image.convert("RGBA")
    if convert:
        image = convert(image)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, ground), image)
    return image


def _white_of(image):
    """(black, white): the levels of an image of more than 8 bits; None for one of 8 bits."""
    tags = image.tag_v2 if image.format == "TIFF" else {}
    if image.mode.startswith("I;16"):
        white = 4095 if tags.get(_BITS) == (12,) else 65535
    elif image.mode in ("I", "F"):
        low, high = image.getextrema()
        whites = (1, 255) if image.mode == "F" else (65535,)
        white = next((level for level in whites if 0 <= low and high <= level), None)
        if white is None:
            raise UnknownRange(f"levels beyond 0 to {whites[-1]}")
    else:
        return None
    return (white, 0) if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else (0, white)


def _in_8_bits(image, levels):
    """Pillow's own conversion would clip at 255."""
    black, white = levels
    deep = np.asarray(image, np.float64)
    if not np.isfinite(deep).all():
        raise UnknownRange("levels that are no numbers")
    shallow = Image.fromarray(np.rint((deep - black) * (255 / (white - black))).astype(np.uint8))
    clear = image.info.get("transparency")  # a level of 16 bits, or None
    if clear is not None:
        shallow.putalpha(Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8)))
    return shallow


def _srgb_conversion(image, *, grey):
    """A function from (strips of) an image to the same in sRGB; None if it is in sRGB already.

    Images without a profile are taken for sRGB. A profile that is damaged, or does not suit the
    image, is ignored, as browsers do. Grey images stay grey.
    """
    if image.mode == "LAB":
        return functools.partial(_convert, _lab_transform())
    profile = image.info.get("icc_profile")
    if not profile:
        return None
    # An ICC profile comes from a file, so what it makes the library raise is not known.
    with contextlib.suppress(Exception):
        if grey:
            levels = _grey_levels(profile)
            return levels and functools.partial(_replace_levels, levels)
        transform = _transform(profile, "CMYK" if image.mode == "CMYK" else "RGB")
        return transform and functools.partial(_convert, transform)
    return None


@functools.lru_cache(maxsize=8)
def _transform(profile, mode):
    """The transform from a profile to sRGB; None for one that changes nothing."""
    source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    if mode == "CMYK":
        return ImageCms.buildTransform(source, srgb, "CMYK", "RGB")
    transform = ImageCms.buildTransform(source, srgb, "RGBA", "RGBA")  # alpha stays
    cube = np.indices((9, 9, 9, 1)).reshape(4, 9, 81).transpose(1, 2, 0) * 255 // 8
    cube = Image.fromarray(cube.astype(np.uint8), "RGBA")
    return None if _is_unchanged(cube, ImageCms.applyTransform(cube, transform)) else transform


@functools.lru_cache(maxsize=8)
def _grey_levels(profile):
    """The level of sRGB for each of the 256 levels of grey; None if it is the same."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    mode = "L" if source.profile.xcolor_space.strip() == "GRAY" else "RGB"
    transform = ImageCms.buildTransform(source, srgb, mode, "RGB")
    converted = ImageCms.applyTransform(ramp.convert(mode), transform).convert("L")
    return None if _is_unchanged(ramp, converted) else tuple(np.asarray(converted)[0].tolist())


@functools.cache
def _lab_transform():
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")


def _is_unchanged(before, after):
    return np.abs(np.asarray(before, int) - np.asarray(after, int)).max() <= _UNCHANGED


def _convert(transform, image):
    if transform.input_mode == "RGBA":
        has_alpha = image.mode == "RGBA"
        converted = ImageCms.applyTransform(image.convert("RGBA"), transform)
        return converted if has_alpha else converted.convert("RGB")
    return ImageCms.applyTransform(image, transform)


def _replace_levels(levels, image):
    if image.mode == "RGBA":
        return image.point([*levels * 3, *range(256)])
    return image.convert("L").point(levels)
