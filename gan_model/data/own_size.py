"""The sizes of the images in a folder -> the size to train at."""

import warnings

import numpy as np

from gan_model.data.decoding import displayed_size, open_image
from gan_model.data.listing import existing_folder, image_names

LONGEST = 64  # pixels of the longer side: larger images need more than some minutes of two cores
SHORTEST, STEP = 16, 4  # pixels: of a side, and what the presets' sides are multiples of
_READ = 200  # files whose headers are read, evenly spread
_ALIKE = 0.1  # how far proportions may lie from the median, as a fraction of it


def own_size(folder, *, longest=LONGEST, names=None):
    """The size at which the images of a folder are decoded if nobody asks for another.

    The median of the files' sizes, made smaller to a longer side of at most `longest`, each side
    a multiple of 4 and 16 or more. It is square if the proportions of the files differ.

    Args:
        folder: path, as for `data.load`.
        longest: pixels.
        names: paths of the images in the folder, if they are known.

    Returns:
        ((height, width), files): the size, and the median size of the files, (height, width).

    Raises:
        ValueError: there is no folder, or no file that can be read.
    """
    root = existing_folder(folder)
    names = names or image_names(root)
    rows = np.linspace(0, len(names) - 1, min(len(names), _READ)).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about files that it reads correctly
        sizes = [size for size in (_size_of(root / names[row]) for row in rows) if size]
    if not sizes:
        raise ValueError(f"None of the images in {root} can be read.")
    sizes = np.array(sizes, float)
    median, proportions = np.median(sizes, axis=0), sizes[:, 0] / sizes[:, 1]
    middle = np.median(proportions)
    if np.mean(np.abs(proportions - middle) <= _ALIKE * middle) < 0.9:
        median_side = np.median(sizes.min(axis=1))
        wanted = np.array([median_side, median_side])
    else:
        wanted = median
    if wanted.max() > longest:
        wanted = wanted * longest / wanted.max()  # in this order the longer side is exact
    height, width = (max(SHORTEST, STEP * int(side // STEP)) for side in wanted)
    return (height, width), tuple(int(side) for side in median)


def _size_of(path):
    try:
        with open_image(path) as image:
            return displayed_size(image)
    except Exception:  # a decoder may raise anything on a damaged file
        return None
