"""What the preset `modern` makes of the image size and the number of images.

docs/results.md has the measurements. The widths of the networks follow from the size too, see
`gan_model.networks.modern`.
"""

import math

from gan_model.augmenting import Adaptive, DiffAugment
from gan_model.penalties import R1

FEW = 20_000  # images; with fewer the discriminator begins to know them by heart
_WEIGHT_PER_VALUE = 0.3 / (28 * 28)


def r1_for(image_shape):
    """R1 whose weight grows with the values of an image: 0.3 for 28 x 28 grey, 4.7 for 64 x 64 x 3.

    An image of twice the side shows the same with four times as many pixels. A discriminator that
    looks at it at half its size has a quarter of the gradient in each pixel, so a quarter of the
    squared norm: with a weight in proportion to the values, it pays the same penalty.

    Args:
        image_shape: (height, width, channels).
    """
    return R1(_WEIGHT_PER_VALUE * math.prod(image_shape), every=8)


def augment_for(image_count):
    """Adaptive augmentation for fewer than 20,000 images; None for more, or an unknown number.

    Args:
        image_count: number of training images, or None.
    """
    if image_count is None or image_count >= FEW:
        return None
    return Adaptive(DiffAugment(), speed=100_000)
