"""One change of a batch of images: (images, drawn, image_range) -> images.

Images are (batch, height, width, channels), `drawn` is (batch, 2), uniform between 0 and 1:
the numbers on which the change of each image depends. All are differentiable by the images.
"""

import tensorflow as tf


def flipped(images, drawn, image_range):
    """Half of the images, as in a mirror."""
    return tf.where(each(drawn[:, 0]) < 0.5, images[:, :, ::-1], images)


def brightness(images, drawn, image_range):
    """Images made lighter or darker by up to a quarter of the range."""
    low, high = image_range
    return images + (each(drawn[:, 0]) - 0.5) * (high - low) / 2


def saturation(images, drawn, image_range):
    """Images with 0 to 2 times the colour; grey ones as they are."""
    if images.shape[-1] == 1:
        return images
    return _stretched(images, 2.0 * each(drawn[:, 0]), axes=[3])


def contrast(images, drawn, image_range):
    """Images with 1/2 to 3/2 times the contrast."""
    return _stretched(images, 0.5 + each(drawn[:, 0]), axes=[1, 2, 3])


def translated(images, drawn, image_range, most):
    """Images moved by whole pixels, by up to the share `most` of each side."""
    height, width = images.shape[1:3]
    for axis, side in ((1, height), (2, width)):
        reach = round(most * side)
        around = [(0, 0), (0, 0), (0, 0), (0, 0)]
        around[axis] = (reach, reach)
        images = tf.pad(images, around, constant_values=image_range[0])
        first = _whole(drawn[:, axis - 1], 2 * reach + 1)
        rows = first[:, None] + tf.range(side)
        images = tf.gather(images, rows, axis=axis, batch_dims=1)
    return images


def cut_out(images, drawn, image_range, share):
    """Images with a black rectangle, each side `share` of the image's."""
    height, width = images.shape[1:3]
    rows, columns = (
        _covered(drawn[:, axis], side, round(share * side))
        for axis, side in enumerate((height, width))
    )
    hole = (rows[:, :, None] & columns[:, None, :])[..., None]
    return tf.where(hole, tf.constant(image_range[0], images.dtype), images)


def _covered(u, side, hole):
    """Which of the `side` pixels the hole covers, (batch, side); its middle may be any of them."""
    # As in the authors' program: one more place for an even hole, which has no middle pixel.
    first = _whole(u, side + 1 - hole % 2)[:, None] - hole // 2
    pixels = tf.range(side)[None]
    return (pixels >= first) & (pixels < first + hole)


def _stretched(images, times, axes):
    mean = tf.reduce_mean(images, axis=axes, keepdims=True)
    return mean + times * (images - mean)


def _whole(u, count):
    """u in (0, 1] -> 0 to count - 1."""
    return tf.minimum(tf.cast(u * count, tf.int32), count - 1)


def each(numbers):
    """One number for each image, as it meets the pixels."""
    return numbers[:, None, None, None]
