"""Images -> the codings whose generated images are nearest to them."""

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from gan_model.data.checks import check_images
from gan_model.data.images import to_levels, to_uint8
from gan_model.model.labels import of_each_class, with_labels
from gan_model.model.random import numbered
from gan_model.model.sampling import Sampler
from gan_model.storage.serializable import check_counts

_CANDIDATES = 512  # random codings of each class, of which the nearest ones are the starts
_BLOCK = 128  # codings that descend together
_BEYOND = 2.0  # one standard normal coding in 400, or fewer, is longer than sqrt(size) + 2
_AT_ONCE = 10  # steps of a descent in one call; Ctrl-C waits for the end of a call
_BETA_1, _BETA_2 = 0.9, 0.9  # of Adam; with 0.99 for the second, ends are farther away


@dataclass(frozen=True)
class Inversion:
    """Codings and what the generator makes of them, one row for each image that was looked for.

    Args:
        codings: float32 (n, codings_size).
        labels: int32 (n,); None without classes.
        images: uint8 (n, *image_shape).
        distances: (n,), root mean square of the differences of the pixels, in grey levels: 0 to
            255.
    """

    codings: np.ndarray
    labels: np.ndarray | None
    images: np.ndarray
    distances: np.ndarray


def invert(sampler, images, *, labels=None, features=None, starts=4, steps=400, rate=0.3, seed=0):
    """The `Inversion` of images: codings whose generated images are nearest to them.

    Of 512 random codings those with the nearest images are the starts. From each of them Adam
    descends the squared distance, and the best end is taken. The distance is that of the pixels,
    and of the features if some are given, each divided by its mean over the random codings, so
    that both count alike. A coding gets no longer than nearly all standard normal ones. The same
    arguments give the same codings.

    Args:
        sampler: `Sampler` of a generator, or a `GAN`.
        images: (n, height, width) or (n, height, width, channels), as the generator's: uint8, or
            floats in its range.
        labels: for a generator with classes, one label for all images or one for each, (n,). None:
            each class is tried, and the nearest is taken.
        features: `gan_model.features.Features`, which must be made of TensorFlow operations. None:
            pixels only.
        starts: descents for each image, and for each class that is tried; 512 at most.
        steps: of a descent.
        rate: learning rate of the first step; it falls to 0 by a cosine.
        seed: of the random codings.

    Raises:
        ValueError: images of another shape or type, labels that do not fit, or no `starts` or
            `steps`.

    Reference: Zhu et al. (2016), "Generative visual manipulation on the natural image manifold";
    Bora et al. (2017) for several starts and for short codings; Kingma and Ba (2015).
    """
    sampler = Sampler.of(sampler)
    generated = sampler.generate(1)
    images = check_images(images, generated.shape[1:], sampler.image_range)
    if images.dtype != np.uint8:
        images = to_uint8(images, sampler.image_range)
    check_counts(starts=starts, steps=steps)
    starts = min(starts, _CANDIDATES)
    targets = images.reshape(len(images), *generated.shape[1:])
    tried = _tried(sampler, len(targets), labels)
    distance = _Distance(sampler, features)
    wanted = distance.parts(tf.constant(targets, tf.float32))
    begun, scales = _starts(distance, wanted, tried, starts=starts, seed=seed)
    begun_labels = None if sampler.class_count is None else np.repeat(tried.ravel(), starts)
    descents = tried.shape[1] * starts  # of each image
    each = np.repeat(np.arange(len(targets)), descents)  # row -> image
    ends, paid = _descended(distance, begun, begun_labels, wanted, scales, each, steps, rate)
    best = np.arange(len(targets)) * descents + paid.reshape(-1, descents).argmin(axis=1)
    codings, labels = ends[best], None if begun_labels is None else begun_labels[best]
    made = sampler.images_of(codings, labels=labels)
    return Inversion(codings, labels, made, differences(made, targets))


def differences(images, others):
    """Root mean squares (n,) of the differences between pixels of uint8 images, in grey levels."""
    apart = np.asarray(images, np.float64) - np.asarray(others, np.float64)
    return np.sqrt((apart**2).reshape(len(apart), -1).mean(axis=1))


class _Distance:
    """What is compared of two images: their pixels, and their features if some are given."""

    def __init__(self, sampler, features):
        self.sampler, self.features = sampler, features

    def parts(self, values):
        """Grey or colour values (n, height, width, ...), 0 to 255 -> list of vectors (n, size)."""
        pixels = tf.reshape(values, (tf.shape(values)[0], -1))
        if self.features is None:
            return [pixels]
        channels = values if len(values.shape) == 4 else values[..., None]
        return [pixels, self.features.differentiable(channels)]

    def parts_of(self, codings, labels):
        """The same of the generator's images."""
        images = self.sampler.generator(with_labels(codings, labels), training=False)
        return self.parts(to_levels(tf.cast(images, tf.float32), self.sampler.image_range))


def _tried(sampler, count, labels):
    """The classes to try for each image, int32 (count, tried); one column without classes."""
    if sampler.class_count is not None and labels is None:
        return np.tile(np.arange(sampler.class_count, dtype=np.int32), (count, 1))
    labels = of_each_class(count, labels, sampler.class_count)
    return np.zeros((count, 1), np.int32) if labels is None else labels[:, None]


def _starts(distance, wanted, tried, *, starts, seed):
    """The nearest of random codings, and the scale of each part of the distance.

    Returns:
        Codings (images * tried * starts, codings_size), and scales (images, parts).
    """
    codings = numbered(0, _CANDIDATES, distance.sampler.codings_size, seed=seed).numpy()
    chosen, scales = [], []
    for squares in _squares(distance, codings, wanted, tried):  # (classes, parts, candidates)
        scales.append(squares.mean(axis=(0, 2)) + 1e-6)
        near = (squares / scales[-1][:, None]).sum(axis=1)
        chosen += [codings[np.argsort(row, kind="stable")[:starts]] for row in near]
    return np.concatenate(chosen), np.array(scales, np.float32)


def _squares(distance, codings, wanted, tried):
    """Mean squared differences (images, tried, parts, codings) from the images of codings.

    Only the images of some codings, of one class, are in memory at a time.
    """
    parts_of = tf.function(distance.parts_of, reduce_retracing=True)
    wanted = [part.numpy() for part in wanted]
    squares = np.empty((*tried.shape, len(wanted), len(codings)), np.float32)
    for label in np.unique(tried):
        pairs = np.argwhere(tried == label)
        for first in range(0, len(codings), _BLOCK):
            block = slice(first, first + _BLOCK)
            given = tf.constant(codings[block])
            labels = None if distance.sampler.class_count is None else tf.fill(len(given), label)
            for part, made in enumerate(one.numpy() for one in parts_of(given, labels)):
                for image, place in pairs:
                    apart = made - wanted[part][image]
                    squares[image, place, part, block] = (apart**2).mean(axis=1)
    return squares


def _descended(distance, codings, labels, wanted, scales, each, steps, rate):
    """Where the descents from `codings` end, and the distance there: arrays of equal length."""
    functions = _descent(distance, steps, rate)
    ends = []
    for first in range(0, len(codings), _BLOCK):
        rows = slice(first, first + _BLOCK)
        target = (
            None if labels is None else tf.constant(labels[rows]),
            [tf.gather(part, each[rows]) for part in wanted],
            tf.constant(scales[each[rows]]),
        )
        ends.append(_end_of(functions, tf.constant(codings[rows]), target, steps))
    return (np.concatenate([one.numpy() for one in part]) for part in zip(*ends, strict=True))


def _descent(distance, steps, rate):
    """Two functions: some steps of Adam on codings, and (codings, target) -> distances.

    A target is (labels, parts of the images that are looked for, scales).
    """
    longest = math.sqrt(distance.sampler.codings_size) + _BEYOND

    def paid_for(codings, target):
        labels, wanted, scales = target
        pairs = zip(distance.parts_of(codings, labels), wanted, strict=True)
        squares = [tf.reduce_mean((have - want) ** 2, axis=1) for have, want in pairs]
        return tf.reduce_sum(tf.stack(squares, axis=1) / scales, axis=1)

    def some_steps(first, end, codings, mean, square, target):
        for step in tf.range(first, end):
            with tf.GradientTape() as tape:
                tape.watch(codings)
                paid = paid_for(codings, target)
            gradient = tape.gradient(paid, codings)
            mean = _BETA_1 * mean + (1 - _BETA_1) * gradient
            square = _BETA_2 * square + (1 - _BETA_2) * gradient**2
            towards = mean / (1 - _BETA_1**step)
            towards /= tf.sqrt(square / (1 - _BETA_2**step)) + 1e-8
            now = rate * 0.5 * (1 + tf.cos(math.pi * (step - 1) / steps))
            codings = tf.clip_by_norm(codings - now * towards, longest, axes=[1])
        return codings, mean, square

    return [tf.function(each, reduce_retracing=True) for each in (some_steps, paid_for)]


def _end_of(functions, codings, target, steps):
    """The codings after all steps, and the distances there."""
    some_steps, paid_for = functions
    state = codings, tf.zeros_like(codings), tf.zeros_like(codings)
    for done in range(0, steps, _AT_ONCE):
        some = done + 1, min(done + _AT_ONCE, steps) + 1
        state = some_steps(*(tf.constant(float(step)) for step in some), *state, target)
    return state[0], paid_for(state[0], target)
