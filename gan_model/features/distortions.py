"""Distorts real images, and says by how much: what the learned features are taught to see.

Images are float32 (batch, height, width, channels) in [-1, 1]. Random numbers come from a
`tf.random.Generator`. Each function but `erase`, which returns images only, returns the distorted
images and the amounts, (batch, kinds), 0 for an image that it has left alone.
"""

import numpy as np
import tensorflow as tf

_RARE, _COMMON = 0.3, 0.5  # fraction of the images that get a distortion
_BINOMIAL = np.outer([1, 2, 1], [1, 2, 1]).astype(np.float32) / 16


def distort(images, random):
    """Each image with several distortions of random strength.

    Returns:
        (images, amounts): float32 (batch, height, width, channels) in [-1, 1], and
        (batch, kinds), between -1 and 1.
    """
    steps = [shift, mix, paste, coarsen, warp, shade, blur, add_noise]
    if images.shape[-1] == 3:
        steps.insert(steps.index(blur), recolour)
    amounts = []
    for step in steps:
        images, amount = step(images, random)
        amounts.append(amount)
    return tf.clip_by_value(images, -1.0, 1.0), tf.concat(amounts, axis=1)


def erase(images, random):
    """Images with a rectangle replaced by the image's mean colour."""
    hole = _rectangles(images, random, fraction=0.4)
    return images + hole * (tf.reduce_mean(images, axis=(1, 2), keepdims=True) - images)


def shift(images, random):
    """By whole pixels, at most an eighth of the shorter side; edges are repeated."""
    height, width = images.shape[1:3]
    most = max(1, round(min(height, width) / 8))
    pixels = random.uniform((tf.shape(images)[0], 2), -most, most + 1, tf.int32)
    rows = tf.clip_by_value(tf.range(height) + pixels[:, :1], 0, height - 1)
    columns = tf.clip_by_value(tf.range(width) + pixels[:, 1:], 0, width - 1)
    images = tf.gather(images, rows, batch_dims=1, axis=1)
    return tf.gather(images, columns, batch_dims=1, axis=2), tf.cast(pixels, tf.float32) / most


def mix(images, random):
    """With up to half of the next image of the batch."""
    amount = _amounts(images, random, _RARE)
    return images + _wide(amount / 2) * (tf.roll(images, 1, axis=0) - images), amount


def paste(images, random):
    """With a rectangle of another image."""
    amount = tf.math.ceil(_amounts(images, random, _RARE))
    hole = _rectangles(images, random, fraction=0.5) * _wide(amount)
    return images + hole * (tf.roll(images, 2, axis=0) - images), amount


def coarsen(images, random):
    """Towards the image at a quarter of its resolution."""
    amount = _amounts(images, random, _RARE)
    height, width = images.shape[1:3]
    small = tf.image.resize(images, (max(1, height // 4), max(1, width // 4)), method="area")
    return images + _wide(amount) * (tf.image.resize(small, (height, width)) - images), amount


def warp(images, random):
    """By smooth random displacements of some pixels."""
    amount = _amounts(images, random, _RARE)
    height, width = images.shape[1:3]
    coarse = random.normal((tf.shape(images)[0], max(2, height // 8), max(2, width // 8), 2))
    moved = tf.image.resize(coarse, (height, width)) * _wide(2 * amount)
    rows = tf.range(height, dtype=tf.float32)[:, None] + moved[..., 0]
    columns = tf.range(width, dtype=tf.float32) + moved[..., 1]
    sources = [
        tf.cast(tf.clip_by_value(tf.round(places), 0, side - 1), tf.int32)
        for places, side in ((rows, height), (columns, width))
    ]
    return tf.gather_nd(images, tf.stack(sources, axis=-1), batch_dims=1), amount


def shade(images, random):
    """Brightness and contrast."""
    brightness, contrast = (_signed_amounts(images, random) for _ in range(2))
    shaded = images * tf.exp(_wide(contrast) / 2) + 0.3 * _wide(brightness)
    return shaded, tf.concat([brightness, contrast], axis=1)


def recolour(images, random):
    """An offset for each channel, and the saturation."""
    offsets, saturation = _signed_amounts(images, random, 3), _signed_amounts(images, random)
    images += 0.3 * offsets[:, None, None]
    grey = tf.reduce_mean(images, axis=-1, keepdims=True)
    images = grey + (images - grey) * tf.exp(0.7 * _wide(saturation))
    return images, tf.concat([offsets, saturation], axis=1)


def blur(images, random):
    """Towards the image after two passes of a 3 x 3 binomial filter."""
    amount = _amounts(images, random, _COMMON)
    kernel = tf.constant(np.repeat(_BINOMIAL[:, :, None, None], images.shape[-1], axis=2))
    blurred = images
    for _ in range(2):
        padded = tf.pad(blurred, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        blurred = tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], "VALID")
    return images + _wide(amount) * (blurred - images), amount


def add_noise(images, random):
    """Normal noise of a standard deviation up to 0.3."""
    amount = _amounts(images, random, _COMMON)
    return images + 0.3 * _wide(amount) * random.normal(tf.shape(images)), amount


def _amounts(images, random, fraction, count=1, *, low=0.0):
    """Uniform from `low` to 1 for a fraction of the images, 0 for the others: (batch, count)."""
    size = tf.shape(images)[0]
    chosen = tf.cast(random.uniform((size, 1)) < fraction, tf.float32)
    return random.uniform((size, count), low, 1.0) * chosen


def _signed_amounts(images, random, count=1):
    return _amounts(images, random, _COMMON, count, low=-1.0)


def _rectangles(images, random, *, fraction):
    """1 in a rectangle at a random place, 0 elsewhere: (batch, height, width, 1)."""
    centres = random.uniform((tf.shape(images)[0], 2))
    rows, columns = (
        tf.cast(
            tf.abs(tf.range(side, dtype=tf.float32) / side - centres[:, axis, None]) < fraction / 2,
            tf.float32,
        )
        for axis, side in enumerate(images.shape[1:3])
    )
    return (rows[:, :, None] * columns[:, None])[..., None]


def _wide(amounts):
    """(batch, 1) -> (batch, 1, 1, 1)."""
    return amounts[:, None, None]
