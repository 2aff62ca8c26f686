"""Finished images, made by any program -> one uint8 array: what is to be measured.

Here nothing is held out, scaled, cropped or left out: each of these would change what is measured
without a word. Whatever does not fit is refused in a sentence.
"""

import functools
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from gan_model.data.decoding import decode
from gan_model.data.folder import image_names
from gan_model.data.reading import DAMAGE

_BLOCK = 256  # pictures that are decoded, or compared, at a time
_ORIENTATION = 0x0112  # of EXIF; from 5 on the picture lies on its side
_SAYING = ("exif", "xmp", "Raw profile type exif", "XML:com.adobe.xmp")  # where Pillow keeps it


def load_images(path, *, image_shape=None):
    """All images of a `.npz` or `.npy` file, or of a folder of pictures.

    Args:
        path: a `.npz` file with an array named `images`, or with only one that can be images; a
            `.npy` file, which is read through a map; or a folder with PNG, JPEG, GIF, BMP or
            WebP files at any depth, all of one size.
        image_shape: (height, width) or (height, width, channels) that is expected. Of a folder,
            grey pictures are taken for colour ones, and coloured ones never for grey. None:
            whatever there is; of a folder, one channel if all pixels are grey.

    Returns:
        uint8 (n, *image_shape); without `image_shape` as the file has it, and
        (n, height, width, channels) for a folder. (n, height, width) and (n, height, width, 1)
        are the same images.

    Raises:
        ValueError: no such file, not all of it, no images, or images of another type or shape.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        return _of_folder(path, image_shape)
    if not path.exists():
        raise ValueError(f"There is no file or folder {path}.")
    if path.suffix not in (".npz", ".npy"):
        raise ValueError(
            f"{path} is neither a .npz or .npy file nor a folder of pictures. Save the images as "
            "one: np.savez(path, images=images)."
        )
    images = _checked(path, _of_file(path))
    _refuse_other(path, images.shape[1:], image_shape)
    return images.reshape(len(images), *(image_shape or images.shape[1:]))


def disjoint_parts(images, count, *, most, seed=0):
    """Parts of `count` images each, as many as there are whole ones and at most `most`: a list.

    They are drawn by a seed, as sets are often sorted by class. Of 7 images there are three
    parts of 2.
    """
    order = np.random.default_rng(seed).permutation(len(images))
    parts = min(most, len(images) // count)
    return [images[np.sort(order[i * count : (i + 1) * count])] for i in range(parts)]


def _of_file(path):
    """The array of images in a file, of any type and shape."""
    try:
        with open(path, "rb") as file:
            if file.read(2) != b"PK":
                return np.load(path, mmap_mode="r", allow_pickle=False)
            file.seek(0)
            with np.load(file, allow_pickle=False) as content:
                arrays = {name: content[name] for name in _worth_reading(content.files)}
    except DAMAGE as error:
        raise ValueError(
            f"{path} cannot be read: {_reason(path, error)}. Save the images again."
        ) from None
    return _choice(path, arrays)


def _reason(path, error):
    if not _size(path):
        return "it is empty"
    if "pickle" in str(error):  # numpy's guess at what it does not know, and its bad advice
        return "it holds no arrays of numbers"
    return str(error).rstrip(".") or type(error).__name__


def _worth_reading(names):
    return ["images"] if "images" in names else names


def _choice(path, arrays):
    if "images" in arrays:
        return arrays["images"]
    kinds = {name: array for name, array in arrays.items() if array.ndim in (3, 4)}
    images = [array for array in kinds.values() if array.dtype == np.uint8] or [*kinds.values()]
    if len(images) != 1:
        held = ", ".join(f"{name} {a.dtype} {a.shape}" for name, a in arrays.items()) or "nothing"
        raise ValueError(
            f"{path} holds {held}; expected an array named `images`, or only one that can be "
            "images. Save them so: np.savez(path, images=images)."
        )
    return images[0]


def _checked(path, images):
    if images.dtype != np.uint8:
        raise ValueError(_other_type(path, images))
    channels = images.shape[3:] or (1,)
    if images.ndim not in (3, 4) or channels[0] not in (1, 3):
        turn = (
            ": np.moveaxis(images, 1, -1)" if images.ndim == 4 and images.shape[1] in (1, 3) else ""
        )
        raise ValueError(
            f"{path} holds an array of shape {images.shape}; expected (n, height, width), or with "
            f"1 or 3 channels (n, height, width, channels). Save the images so{turn}."
        )
    if not images.size:
        raise ValueError(f"{path} holds no images: its array has the shape {images.shape}.")
    return images


def _other_type(path, images):
    """The sentence on images that are not uint8, with what makes them so."""
    came = f"{path} holds {images.dtype.name} images"
    if not np.issubdtype(images.dtype, np.number) or not images.size:
        return f"{came} of shape {images.shape}; expected uint8 from 0 to 255."
    low, high = float(images.min()), float(images.max())
    scaled = "images"
    if np.issubdtype(images.dtype, np.floating) and -1 <= low and high <= 1:
        scaled = "(images + 1) * 127.5" if low < 0 else "images * 255"
    return (
        f"{came} from {low:g} to {high:g}. What these numbers mean as grey or colour is not in "
        "the file, so expected is uint8 from 0 to 255: save them as uint8, for example as "
        f"np.rint({scaled}).astype('uint8')."
    )


def _refuse_other(path, shape, expected):
    if expected is not None and _with_channels(shape) != _with_channels(expected):
        raise ValueError(
            f"{path} holds images of shape {tuple(shape)}, expected is {tuple(expected)}. Make "
            "them of that shape: scaling them here would change what is measured."
        )


def _with_channels(shape):
    return tuple(shape) if len(shape) == 3 else (*shape, 1)


def _of_folder(folder, image_shape):
    paths = [folder / name for name in image_names(folder)]
    sides = _sides(paths[0]) if image_shape is None else tuple(image_shape[:2])
    channels = _with_channels(image_shape)[2] if image_shape else 3
    images = np.empty((len(paths), *sides, channels), np.uint8)
    job = functools.partial(_pixels, sides=sides, channels=channels)
    # Around all threads, as it is the process's: Pillow remarks on files that are read all right.
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")
        for first in range(0, len(paths), _BLOCK):
            block = paths[first : first + _BLOCK]
            images[first : first + _BLOCK] = [*pool.map(job, block)]
    if image_shape is None and all(map(_is_grey, images)):
        images = images[..., :1]
    return images if image_shape is None else images.reshape(len(images), *image_shape)


def _pixels(path, *, sides, channels):
    """uint8 (height, width, channels) of one picture, with no pixel changed."""
    if _sides(path) != sides:
        raise ValueError(
            f"{path} has {_by(_sides(path))} pixels, expected are {_by(sides)}. Make all images "
            "of that size: scaling them here would change what is measured."
        )
    decoded = decode(path, image_size=sides, channels=3)
    if decoded.reason:
        raise _unreadable(path, decoded.reason)
    if channels == 1 and not _is_grey(decoded.pixels):
        raise ValueError(
            f"{path} is in colour, expected are grey images. Make them grey first: what is "
            "measured would otherwise be other images than yours."
        )
    return decoded.pixels[..., :channels]


def _sides(path):
    """(height, width) of a picture as it is seen, from the head of its file."""
    try:
        with Image.open(path) as image:
            # Where it says nothing, Pillow would decode all of a PNG to look behind its pixels.
            said = any(name in image.info for name in _SAYING)
            lies = said and image.getexif().get(_ORIENTATION, 1) >= 5
            return image.size if lies else image.size[::-1]
    except Exception as error:  # a decoder may raise anything on a damaged file
        strange = "it is no picture" if _size(path) else "it is empty"
        raise _unreadable(path, getattr(error, "strerror", None) or strange) from None


def _size(path):
    return path.stat().st_size if path.exists() else 0


def _unreadable(path, reason):
    return ValueError(f"{path} cannot be read: {reason}. Make it again, or take it away.")


def _is_grey(pixels):
    return bool((pixels == pixels[..., :1]).all())


def _by(sides):
    return f"{sides[1]}x{sides[0]}"
