"""One image file -> uint8 pixels of a given shape, or the reason why it cannot be read."""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

# The formats that Pillow may try, whatever the file's suffix is.
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
_ORIENTATION = 0x0112  # EXIF tag
_TURNED = 5, 6, 7, 8  # its values that exchange height and width
# Where Pillow keeps EXIF and XMP data it has already read.
_METADATA = ("exif", "xmp", "Raw profile type exif", "XML:com.adobe.xmp")


@dataclass(frozen=True)
class Decoded:
    """The result for one file.

    Args:
        pixels: uint8 (height, width, channels), or None if the file cannot be read.
        grey: whether the file is stored as grey and its ground, where visible, is grey too; True
            if the file cannot be read.
        reason: why it cannot be read, in a word or two; else "".
        size: (height, width) of the image before it was scaled, upright; None if it cannot be read.
            Of a large JPEG, that of a smaller copy.
    """

    pixels: np.ndarray | None = None
    grey: bool = True
    reason: str = ""
    size: tuple | None = None


def decode(path, *, image_size, channels, pad=False, ground="white"):
    """The first frame of an image: upright, on a plain ground, and scaled.

    Args:
        path: a PNG, JPEG, GIF, BMP or WebP file of at most `PIL.Image.MAX_IMAGE_PIXELS`, a JPEG of
            twice as many. Pillow reads PNG of 16 bits in grey with alpha as colour.
        image_size: (height, width) of the result.
        channels: 1 (grey) or 3 (colour), of the result.
        pad: how an image of other proportions fits: False, cropped around its centre; True, whole,
            with the ground beside it.
        ground: the colour behind transparent images and beside padded ones, as Pillow names it:
            "white", "#ff8800".
    """
    try:
        if not path.stat().st_size:
            return Decoded(reason="empty")
        with Image.open(path, formats=_FORMATS) as image:
            # A large JPEG is decoded at a lower resolution, at least twice that of the result.
            image.draft(None, (2 * max(image_size),) * 2)
            if Image.MAX_IMAGE_PIXELS and math.prod(image.size) > Image.MAX_IMAGE_PIXELS:
                return Decoded(reason="too large")
            _scale_clear_level(image)
            image.load()
            grey = _is_grey(image)
            plain = _plain(image, ground).convert("L" if channels == 1 else "RGB")
        if pad:
            colour = ImageColor.getcolor(ground, plain.mode)
            fitted = ImageOps.pad(plain, image_size[::-1], color=colour)
        else:
            fitted = ImageOps.fit(plain, image_size[::-1])
        pixels = np.asarray(fitted).reshape(*image_size, channels)
        grey = grey and bool((pixels == pixels[..., :1]).all())
        return Decoded(pixels, grey, size=plain.size[::-1])
    except Exception as error:  # a decoder may raise anything on a damaged file
        return Decoded(reason=_reason(error))


def decoders():
    """Threads that decode files beside each other, a `ThreadPoolExecutor`."""
    return ThreadPoolExecutor(min(8, os.cpu_count() or 1))


def displayed_size(image):
    """(height, width) of an image that Pillow has opened, as displayed; pixels are not decoded."""
    # Without this check `getexif` decodes a whole PNG, to look for metadata at its end.
    has_metadata = any(name in image.info for name in _METADATA)
    turned = has_metadata and image.getexif().get(_ORIENTATION) in _TURNED
    return image.size if turned else image.size[::-1]


def _is_grey(image):
    if image.mode == "P":
        colours = np.reshape(image.getpalette("RGB"), (-1, 3))
        return bool((colours == colours[:, :1]).all())
    return image.mode in ("1", "L", "LA") or image.mode.startswith("I")


def _scale_clear_level(image):
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


def _plain(image, ground):
    """The image upright, in 8 bits, on a plain ground."""
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I"):
        # Of 16 bits. Pillow's own conversion would clip them at 255. 65535 / 257 = 255.
        deep = np.asarray(image).clip(0, 65535).astype(np.uint32)
        clear = image.info.get("transparency")  # a level of 16 bits, or None
        image = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
        if clear is not None:
            image.putalpha(Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, ground), image)
    return image


def _reason(error):
    if isinstance(error, Image.DecompressionBombError):
        return "too large"
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()  # e.g. permission denied
    return "truncated" if "truncated" in str(error).lower() else "damaged"
