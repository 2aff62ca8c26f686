"""uint8 images -> pictures a person looks at: grids, PNG files, animations."""

import io
import math

import numpy as np
from PIL import Image, PngImagePlugin

from gan_model.storage.atomic import atomic_write
from gan_model.storage.own_files import PROGRAM
from gan_model.storage.paths import expanded

_GAP = 2  # white pixels between the images of a grid
_MIN_SIDE = 480  # pixels; smaller grids are enlarged by a whole factor to about this
_MAX_FRAMES, _LONGEST_OF_FRAME = 120, 1000  # of an animation; pixels


def grid(images, *, columns=None):
    """A picture of all images, row by row: uint8 (height, width), or with the images' channels.

    Args:
        images: uint8 (count, height, width) or (count, height, width, channels), any count.
        columns: images in a row, 1 or more. None: as many as make the grid nearly square.

    Raises:
        ValueError: no images, images of another type or shape, or `columns` below 1.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or not len(images):
        raise ValueError(
            f"A grid takes uint8 images, (count, height, width) or with channels. Received: "
            f"{images.dtype.name} of shape {images.shape}. Make them with gan.generate(count)."
        )
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if columns is None:
        columns = math.ceil(math.sqrt(len(images)))
    if columns < 1:
        raise ValueError(f"`columns` is 1 or more images. Received: columns={columns}.")
    rows = math.ceil(len(images) / columns)
    height, width = (side + _GAP for side in images.shape[1:3])
    picture = np.full((rows * height + _GAP, columns * width + _GAP, *images.shape[3:]), 255, "u1")
    for i, image in enumerate(images):
        top, left = i // columns * height + _GAP, i % columns * width + _GAP
        picture[top : top + height - _GAP, left : left + width - _GAP] = image
    return _enlarged(picture)


def save(picture, path):
    """Writes one picture as a PNG file.

    Args:
        picture: uint8 (height, width), or with 1, 3 or 4 channels.
        path: of the file.

    Raises:
        ValueError: no such picture.
    """
    content = png(picture)
    with atomic_write(path) as beside:
        beside.write_bytes(content)


def png(picture):
    """A picture as the bytes of a PNG; see `save`."""
    picture = np.asarray(picture)
    channels = picture.shape[2:]
    if picture.dtype != np.uint8 or channels not in ((), (1,), (3,), (4,)) or picture.ndim < 2:
        raise ValueError(
            f"A picture is uint8, (height, width) or with 1, 3 or 4 channels. Received: "
            f"{picture.dtype.name} of shape {picture.shape}. Of several images make one: "
            "pictures.grid(images)."
        )
    if channels == (1,):
        picture = picture[..., 0]
    about = PngImagePlugin.PngInfo()
    about.add_text("Software", PROGRAM)
    with io.BytesIO() as made:
        # Level 1 takes a quarter of the default's time and half more space.
        Image.fromarray(picture).save(made, "png", compress_level=1, pnginfo=about)
        return made.getvalue()


def read(path):
    """A picture in a file, as Pillow's `Image`.

    Raises:
        OSError: the file cannot be read, or is damaged.
    """
    try:
        with Image.open(expanded(path)) as image:
            return image.copy()
    except SyntaxError as error:  # Pillow's, of a PNG whose end is zeros
        raise OSError(f"{path} is damaged: {error}") from error


def animate(pictures, path, *, seconds=6.0):
    """Writes pictures of one size as an endless GIF.

    Args:
        pictures: list of uint8 arrays or of paths of picture files. Of more than 120, an evenly
            spaced selection is shown, with the first and the last.
        path: the file to write.
        seconds: from the first picture to the last, which is shown for a second longer.
    """
    chosen = np.linspace(0, len(pictures) - 1, min(len(pictures), _MAX_FRAMES)).round()
    first, *others = (pictures[int(i)] for i in chosen)
    durations = [max(20, round(1000 * seconds / len(chosen)))] * len(chosen)
    durations[-1] += 1000
    frames = map(_frame, others)  # one at a time: those of large images would fill the memory
    shown = {"append_images": frames, "duration": durations, "loop": 0, "comment": PROGRAM}
    with io.BytesIO() as made:  # not in the file: an error may be of a picture, not of the disk
        _frame(first).save(made, "gif", save_all=True, **shown)
        with atomic_write(path) as beside:
            beside.write_bytes(made.getvalue())


def _frame(picture):
    """A picture, scaled down to at most 1,000 pixels a side."""
    if isinstance(picture, np.ndarray):
        frame = Image.fromarray(picture)
    else:
        frame = read(picture)
    frame.thumbnail((_LONGEST_OF_FRAME,) * 2)
    return frame


def _enlarged(picture):
    factor = max(1, _MIN_SIDE // max(picture.shape[:2]))
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)
