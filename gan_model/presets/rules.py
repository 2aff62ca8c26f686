"""What the preset `modern` makes of the image size and the number of images.

docs/results.md has the measurements. The widths of the networks follow from the size too, see
`gan_model.networks.modern`.
"""

from gan_model.augmenting import Adaptive, DiffAugment
from gan_model.penalties import R1, weight_for

FEW = 5_000  # images; with fewer the discriminator begins to know them by heart


def r1_for(image_shape):
    """R1 in every eighth step, with the weight that suits the image size.

    Args:
        image_shape: (height, width, channels).
    """
    return R1(weight_for(image_shape), every=8)


def augment_for(image_count):
    """Adaptive augmentation for fewer than 5,000 images; None for more, or an unknown number.

    Args:
        image_count: number of training images, or None.
    """
    if image_count is None or image_count >= FEW:
        return None
    return Adaptive(DiffAugment(), speed=100_000)
