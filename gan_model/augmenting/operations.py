"""The operations of augmentations: (images, drawn, image_range) -> images.

Images are (batch, height, width, channels). `drawn` is (batch, 2), uniform between 0 and 1: the
random parameters of each image. `image_range` is the least and greatest value of the images. All
operations are differentiable with respect to the images.
"""

import tensorflow as tf


def flip(images, drawn, image_range):
    """Flips half of the images horizontally."""
    return tf.where(per_image(drawn[:, 0]) < 0.5, images[:, :, ::-1], images)


def brightness(images, drawn, image_range):
    """Makes images lighter or darker by at most a quarter of the range."""
    low, high = image_range
    return images + (per_image(drawn[:, 0]) - 0.5) * (high - low) / 2


def saturation(images, drawn, image_range):
    """Scales colour by 0 to 2; images without three channels stay the same."""
    if images.shape[-1] != 3:
        return images
    return _scaled(images, 2.0 * per_image(drawn[:, 0]), axes=[3])


def contrast(images, drawn, image_range):
    """Scales contrast by 1/2 to 3/2."""
    return _scaled(images, 0.5 + per_image(drawn[:, 0]), axes=[1, 2, 3])


def translate(images, drawn, image_range, max_fraction):
    """Moves images by whole pixels, by at most `max_fraction` of each side."""
    height, width = images.shape[1:3]
    for axis, side in ((1, height), (2, width)):
        reach = round(max_fraction * side)
        padding = [(0, 0), (0, 0), (0, 0), (0, 0)]
        padding[axis] = (reach, reach)
        images = tf.pad(images, padding, constant_values=image_range[0])
        first = _whole(drawn[:, axis - 1], 2 * reach + 1)
        rows = first[:, None] + tf.range(side)
        images = tf.gather(images, rows, axis=axis, batch_dims=1)
    return images


def cut_out(images, drawn, image_range, fraction):
    """Covers images with a black rectangle whose sides are `fraction` of the image's."""
    height, width = images.shape[1:3]
    rows, columns = (
        _covered(drawn[:, axis], side, round(fraction * side))
        for axis, side in enumerate((height, width))
    )
    hole = (rows[:, :, None] & columns[:, None, :])[..., None]
    return tf.where(hole, tf.constant(image_range[0], images.dtype), images)


def _covered(u, side, hole):
    """Which pixels of a side the hole covers, bool (batch, side); its centre may be any pixel."""
    # As in the authors' program, a hole of even length has one more possible position.
    first = _whole(u, side + 1 - hole % 2)[:, None] - hole // 2
    pixels = tf.range(side)[None]
    return (pixels >= first) & (pixels < first + hole)


def _scaled(images, factor, axes):
    mean = tf.reduce_mean(images, axis=axes, keepdims=True)
    return mean + factor * (images - mean)


def _whole(u, count):
    """Integers from 0 to `count - 1` from u in (0, 1]."""
    return tf.minimum(tf.cast(u * count, tf.int32), count - 1)


def per_image(numbers):
    """Numbers (batch,) in a shape that broadcasts over pixels, (batch, 1, 1, 1)."""
    return numbers[:, None, None, None]
