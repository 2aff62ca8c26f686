"""(seed, step, purpose) -> codings and all other random numbers of a step.

Random numbers are stateless: the same (seed, step, purpose) gives the same numbers in any
process. A resumed run therefore draws the same numbers as an uninterrupted one, and checkpoints
hold no state of a random number generator. Several devices draw the numbers of the whole batch, and
each takes those of its images.
"""

import math
from dataclasses import dataclass

import tensorflow as tf

from gan_model.replicas import Share

# Numbers that are drawn for different purposes are independent.
TRAINING, EVALUATION, GENERATION, PENALTY = 0, 1, 2, 3
# Augmentation of the real or the fake images in the step of one network.
REAL_FOR_DISCRIMINATOR, FAKE_FOR_DISCRIMINATOR, REAL_FOR_GENERATOR, FAKE_FOR_GENERATOR = 4, 5, 6, 7
# Purposes from 4 on change other bits of the key, so that adding them left the numbers of the
# first four as they were.
_PURPOSES = 4

_BLOCK = 64  # codings that `numbered` draws at a time; changing it changes every generated image


def normal(count, size, *, seed, step=0, purpose=TRAINING, share=None):
    """Codings (count, size), float32, standard normal.

    Within the precision of float32 they are the same on every device, with and without XLA.

    Args:
        count: number of rows, an integer or a scalar tensor.
        size: numbers in one coding.
        seed: seed of the run, an integer from 0 to 2**32 - 1.
        step: number of the training step, an integer or a scalar tensor.
        purpose: what the numbers are for: a constant of this module, for example `TRAINING`.
        share: `replicas.Share` of this device in a batch, of which `count` is the number of images.
            The rows are then those of its images among the rows of the batch.

    Reference: Box and Muller (1958); Salmon et al. (2011) for the random bits.
    """
    shape = (2, count if share is None else share.total, (size + 1) // 2)
    drawn = _between_0_and_1(shape, seed, step, purpose)
    first, second = tf.unstack(drawn if share is None else share.rows(drawn, axis=1))
    radius, angle = tf.sqrt(-2.0 * tf.math.log(first)), 2.0 * math.pi * second
    return tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=-1)[:, :size]


def uniform(count, size, *, seed, step=0, purpose=TRAINING, share=None):
    """Numbers (count, size), float32, uniform between 0 and 1. Same arguments as `normal`."""
    if share is None:
        return _between_0_and_1((count, size), seed, step, purpose)
    return share.rows(_between_0_and_1((share.total, size), seed, step, purpose))


@dataclass(frozen=True)
class RandomStream:
    """The random numbers of one step of a run for one purpose.

    It gives the same numbers at each call: draw all at once and cut them. With a `share` there is
    one row for each image of the batch, and `count` is their number: for more numbers draw longer
    rows.

    Args:
        seed, step, purpose, share: see `normal`.
    """

    seed: int
    step: int = 0
    purpose: int = TRAINING
    share: Share | None = None

    def normal(self, count, size):
        return normal(count, size, **vars(self))

    def uniform(self, count, size):
        return uniform(count, size, **vars(self))


@dataclass(frozen=True)
class RandomStreams:
    """The random numbers of one step of a run on one device, by purpose.

    Args:
        seed, step, share: see `normal`.
    """

    seed: int
    step: int
    share: Share | None = None

    def stream(self, purpose):
        """The `RandomStream` for a purpose, for example `TRAINING`.

        Args:
            purpose: integer. 0 to 7 are the package's own; use 8, 9, ... in a subclass.
        """
        return RandomStream(self.seed, self.step, purpose, self.share)


def numbered(first, count, size, *, seed):
    """Codings number `first` to `first + count - 1` of an infinite list, float32 (count, size).

    Coding number i depends only on (seed, i), not on `first` and `count`.
    """
    first_block, skipped = divmod(first, _BLOCK)
    blocks = range(first_block, (first + count - 1) // _BLOCK + 1)
    drawn = [normal(_BLOCK, size, seed=seed, step=b, purpose=GENERATION) for b in blocks]
    return tf.concat(drawn, axis=0)[skipped : skipped + count]


def _between_0_and_1(shape, seed, step, purpose):
    group, purpose = divmod(purpose, _PURPOSES)
    step = tf.cast(step, tf.int64) * _PURPOSES + purpose
    key = tf.stack([tf.cast(seed, tf.int64) + group * 2**48, step])
    # TensorFlow 2.21's stateless generators give the same raw bits with and without XLA, but not
    # the same floats. So the floats are made from the bits here.
    bits = tf.random.stateless_uniform(
        shape, key, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    # float32 holds 24 bits. Adding one half keeps the argument of the logarithm above 0.
    bits = tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32))
    return (tf.cast(bits, tf.float32) + 0.5) * 2.0**-24
