"""One image file -> uint8 pixels of a given shape, or the reason why it cannot be read."""

import contextlib
import errno
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError, features

from gan_model.data.colors import (
    UnknownRange,
    flattened,
    ignore_empty_alpha,
    is_grey,
    scale_clear_level,
)

# Older versions of Pillow warn about a feature that they do not know.
READS_AVIF = "avif" in features.modules and features.check("avif")
# The formats that Pillow may try, whatever the file's suffix is.
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", *(["AVIF"] if READS_AVIF else []))
_ORIENTATION = 0x0112  # EXIF tag
_UPRIGHT = {  # its values, and what turns such an image upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED = 5, 6, 7, 8  # those that exchange height and width
# Where Pillow keeps EXIF and XMP data it has already read.
_METADATA = ("exif", "xmp", "Raw profile type exif", "XML:com.adobe.xmp")
_LARGE_PIXELS = 1 << 22  # images with more are averaged over blocks before they are scaled
_LOADING_BYTES = 512 << 20  # of the images that all threads load at the same time
# Bytes for each pixel of a file while Pillow loads it, where it is more than the image itself has.
_BYTES_PER_PIXEL = {"WEBP": 16, "AVIF": 10}
_BYTES_PER_PIXEL_OF_PROGRESSIVE_JPEG = 7
# Pillow takes memory in blocks. Those that are larger than 32 MiB go back to the system when they
# are freed; the C library keeps smaller ones, for each thread.
_BLOCK_BYTES = 64 << 20


@dataclass(frozen=True)
class Decoded:
    """The result for one file.

    Args:
        pixels: uint8 (height, width, channels), or None if the file cannot be read.
        grey: whether the file is stored as grey and its ground, where visible, is grey too; True
            if the file cannot be read.
        blank: whether the image has transparent parts, and the pixels show the ground alone.
        reason: why it cannot be read, in a few words; else "".
        retry: whether the reason may pass while the file stays the same: a disk or a network that
            fails, missing permission, too little memory, `PIL.Image.MAX_IMAGE_PIXELS`.
        size: (height, width) of the image before it was scaled, upright; None if it cannot be read.
            Of a large JPEG, that of a smaller copy.
    """

    pixels: np.ndarray | None = None
    grey: bool = True
    blank: bool = False
    reason: str = ""
    retry: bool = False
    size: tuple | None = None


class _Room:
    """Bytes of memory that threads share."""

    def __init__(self, size):
        self._size = self._free = size
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def taken(self, size):
        """Waits until so many bytes are free, or all if it is more than all, and takes them."""
        size = min(size, self._size)
        with self._changed:
            self._changed.wait_for(lambda: size <= self._free)
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()


_ROOM = _Room(_LOADING_BYTES)


def decode(path, *, image_size, channels, pad=False, ground="white"):
    """The first frame or page of an image: upright, in sRGB, on a plain ground, and scaled.

    The file has at most `PIL.Image.MAX_IMAGE_PIXELS`, a JPEG twice as many. Levels that are
    floating-point numbers are from 0 to 1, or else to 255.

    Args:
        path: of the file.
        image_size: (height, width) of the result.
        channels: 1 (grey) or 3 (colour), of the result.
        pad: whether to show images of other proportions whole, with the ground beside them; else
            they are cropped around the center.
        ground: the color behind transparent images, as Pillow names it: "white", "#ff8800".
    """
    mode = "L" if channels == 1 else "RGB"
    try:
        if not path.stat().st_size:
            return Decoded(reason="empty")
        # Unlike `with open_image(path)`, this frees the memory of the pixels too.
        with contextlib.closing(open_image(path)) as image:
            stored_pixels = math.prod(image.size)
            # A large JPEG is decoded at a lower resolution, at least twice that of the result.
            image.draft(None, (2 * max(image_size),) * 2)
            if Image.MAX_IMAGE_PIXELS and math.prod(image.size) > Image.MAX_IMAGE_PIXELS:
                return Decoded(reason="too large", retry=True)
            scale_clear_level(image)
            with _ROOM.taken(_bytes_to_load(image, stored_pixels)):
                image.load()
                ignore_empty_alpha(image)
                orientation = image.getexif().get(_ORIENTATION)
                size = displayed_size(image)
                factor = _reduction(size, image_size, pad)
                plain = flattened(image, ground=ground, mode=mode, factor=factor)
                grey, has_transparency = is_grey(image), image.has_transparency_data
        if orientation in _UPRIGHT:
            plain = plain.transpose(_UPRIGHT[orientation])
        colour = ImageColor.getcolor(ground, mode)
        if pad:
            fitted = ImageOps.pad(plain, image_size[::-1], color=colour)
        else:
            fitted = ImageOps.fit(plain, image_size[::-1])
        pixels = np.asarray(fitted).reshape(*image_size, channels)
        grey = grey and bool((pixels == pixels[..., :1]).all())
        blank = has_transparency and bool((pixels == colour).all())
        return Decoded(pixels, grey, blank, size=size)
    except Exception as error:  # a decoder may raise anything on a damaged file
        return _failure(error)


def open_image(path):
    """The image of a file as Pillow opens it; its pixels are not decoded."""
    # Nothing in a TGA file says that it is one, so only its name can.
    is_tga = path.suffix.lower() == ".tga"
    return Image.open(path, formats=(*_FORMATS, "TGA") if is_tga else _FORMATS)


def decoders():
    """Threads that decode files beside each other, a `ThreadPoolExecutor`."""
    Image.core.set_block_size(max(_BLOCK_BYTES, Image.core.get_block_size()))
    return ThreadPoolExecutor(min(8, os.cpu_count() or 1))


def displayed_size(image):
    """(height, width) of an image that Pillow has opened, as displayed; pixels are not decoded."""
    # Without this check `getexif` decodes a whole PNG, to look for metadata at its end.
    has_metadata = any(name in image.info for name in _METADATA)
    has_metadata &= image.format != "TIFF"  # which Pillow turns by itself
    turned = has_metadata and image.getexif().get(_ORIENTATION) in _TURNED
    return image.size if turned else image.size[::-1]


def _bytes_to_load(image, stored_pixels):
    """About how much memory an opened image takes while it is loaded."""
    if image.info.get("progressive"):  # decoded in full before it is made smaller
        return stored_pixels * _BYTES_PER_PIXEL_OF_PROGRESSIVE_JPEG
    return math.prod(image.size) * _BYTES_PER_PIXEL.get(image.format, 4)


def _reduction(size, image_size, pad):
    """The side of the blocks of a large image that leave it at least twice as large as needed."""
    if math.prod(size) <= _LARGE_PIXELS:
        return 1
    ratios = [side // (2 * wanted) for side, wanted in zip(size, image_size, strict=True)]
    return max(1, max(ratios) if pad else min(ratios))


def _failure(error):
    """The `Decoded` of a file that cannot be read."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or "out of memory" in text:  # the second: a decoder's
        return Decoded(reason="out of memory", retry=True)
    if isinstance(error, Image.DecompressionBombError):
        return Decoded(reason="too large", retry=True)
    if isinstance(error, UnidentifiedImageError):
        return Decoded(reason="not an image")
    # Only the system's errors have a number. EINVAL is from an offset in the file beyond all files.
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        return Decoded(reason=error.strerror.lower(), retry=True)  # e.g. permission denied
    if isinstance(error, UnknownRange):
        return Decoded(reason=text)
    return Decoded(reason="truncated" if "truncated" in text else "damaged")
