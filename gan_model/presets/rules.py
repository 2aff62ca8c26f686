"""What the preset `modern` makes of the image size and the number of images.

docs/modern.md has the measurements. The widths of the networks follow from the size too, see
`gan_model.networks.modern`.
"""

import math
from dataclasses import replace

import keras

from gan_model.catalog import BATCH_SIZE
from gan_model.data.images import shape_with_channels
from gan_model.penalties import R1, weight_for

MANY = 10_000  # images; as many grey ones are better with clusters than without
_CLUSTERS = 20
_HALF = 50_000  # images seen, after which R1 has half its weight
_SIDE = 28  # pixels
_MOST_TIMES, _HEAVIEST, _SIDE_OF_HEAVIEST = 32, 384, 64  # about what was measured: docs/modern.md


def learning_rates_for(image_shape):
    """The learning rates (generator, discriminator): 1e-3 and 2e-3 up to 28 x 28, then less.

    The generator's is in inverse proportion to the side to the power of 1.5, down to a quarter at
    71 x 71 and above, the discriminator's to the square root of the side. The side is the geometric
    mean of height and width. At higher rates larger images are blurred. The discriminator's is that
    of `networks.equalized.EqualizedAdam`.

    Args:
        image_shape: (height, width), or with channels.
    """
    larger = max(_side_of(image_shape) / _SIDE, 1)
    return 1e-3 * max(larger**-1.5, 1 / 4), 2e-3 * larger**-0.5


def r1_for(image_shape, image_count=None, class_count=None):
    """R1 in every eighth step, with the weight that suits the images.

    The weight is `penalties.weight_for(image_shape)`. With fewer than 10,000 images it is
    multiplied by this factor, which is 32 at most:

        (10,000 / image_count) to the power of 1.5

    It is 384 at most up to 64 x 64. Above, that limit falls in inverse proportion to the side to
    the power of 1.5, to 136 at 128 x 128, where more hid the details of 1,308 textures. The fewer
    the images, the sooner the discriminator knows each of them, and the steeper it becomes around
    them.

    With 10,000 grey images or more and without classes, it falls with the images that were seen,
    in batches of 16, since a heavy R1 hides details from the discriminator:

        weight / (1 + images seen / 50,000)

    With classes a weight that falls made the images worse, and in colour no better: docs/modern.md.

    Args:
        image_shape: (height, width, channels).
        image_count: number of training images. None: unknown, the weight has no factor.
        class_count: number of classes, or None.
    """
    weight = weight_for(image_shape)
    if image_count is not None and image_count < MANY:
        times = min((MANY / max(image_count, 1)) ** 1.5, _MOST_TIMES)
        larger = max(_side_of(image_shape) / _SIDE_OF_HEAVIEST, 1)
        weight = min(times * weight, _HEAVIEST * larger**-1.5)
    elif image_count is not None and class_count is None and _are_grey(image_shape):
        weight = keras.optimizers.schedules.InverseTimeDecay(weight, _HALF / BATCH_SIZE, 1.0)
    return R1(weight, every=8)


def at_least_r1_for(image_shape, image_count, penalty):
    """A penalty as it is, or `r1_for` few images in the place of a lighter one.

    It is replaced if it is the one that falls, or an R1 of a smaller weight. For 10,000
    images or more, or an unknown number, it stays as it is.
    """
    if type(penalty) is not R1 or image_count is None or image_count >= MANY:
        return penalty
    needed = r1_for(image_shape, image_count)
    serialized = keras.saving.serialize_keras_object  # two equal schedules are not equal for Python
    if serialized(penalty) == serialized(r1_for(image_shape, MANY)):
        return needed
    smaller = isinstance(penalty.weight, (int, float)) and penalty.weight < needed.weight
    return replace(penalty, weight=needed.weight) if smaller else penalty


def clusters_for(image_shape, image_count):
    """20 clusters in the place of classes for 10,000 grey images or more; else None.

    Of images in colour clusters are mostly those of colours, and the images are less diverse.

    Args:
        image_shape: (height, width), or with channels.
        image_count: number of training images, or None.
    """
    many = image_count is not None and image_count >= MANY
    return _CLUSTERS if many and _are_grey(image_shape) else None


def _side_of(image_shape):
    return math.sqrt(math.prod(image_shape[:2]))


def _are_grey(image_shape):
    return shape_with_channels(image_shape)[2] == 1
