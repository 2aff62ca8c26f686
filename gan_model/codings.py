"""A seed and a place in the run -> codings.

Codings are drawn statelessly: the same (seed, place) gives the same numbers in any process.
So a run does not depend on how it was cut, and nothing about the noise needs to be saved.
"""

import math

import tensorflow as tf

# What codings are drawn for. Streams of different purposes never meet.
TRAINING, EVALUATION, GENERATION = 0, 1, 2
_PURPOSES = 4  # room for more without moving the streams there are

_BLOCK = 64  # codings drawn together by `numbered`; changing it changes every generated image


def normal(count, size, *, seed, place=0, purpose=TRAINING, replica=0):
    """Codings (count, size), float32, standard normal.

    To the accuracy of float32 they are the same on every device, compiled by XLA or not.

    Args:
        count: rows; a number or a scalar tensor.
        size: numbers in one coding.
        seed: of the run.
        place: where in the run, for example the step. A number or an integer tensor.
        purpose: one of `TRAINING`, `EVALUATION`, `GENERATION`.
        replica: which of several devices draws, so that no two draw the same.

    Reference: Box and Muller (1958); Salmon et al. (2011) for the bits.
    """
    place = tf.cast(place, tf.int64) * _PURPOSES + purpose
    key = tf.stack([tf.cast(seed, tf.int64) + tf.cast(replica, tf.int64) * 2**32, place])
    # Of TensorFlow 2.21's stateless generators only the raw bits are the same under XLA, so
    # the normal numbers are made of them here.
    bits = tf.random.stateless_uniform(
        (2, count, (size + 1) // 2), key, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    # 24 bits are what float32 holds; half a unit keeps the logarithm off zero.
    bits = tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32))
    first, second = tf.unstack((tf.cast(bits, tf.float32) + 0.5) * 2.0**-24)
    radius, angle = tf.sqrt(-2.0 * tf.math.log(first)), 2.0 * math.pi * second
    return tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=-1)[:, :size]


def numbered(first, count, size, *, seed):
    """Codings number `first` to `first + count - 1` of an endless list, float32 (count, size).

    Coding number i depends on (seed, i) alone, not on how many are asked for at a time.
    """
    first_block, skipped = divmod(first, _BLOCK)
    blocks = range(first_block, (first + count - 1) // _BLOCK + 1)
    drawn = [normal(_BLOCK, size, seed=seed, place=b, purpose=GENERATION) for b in blocks]
    return tf.concat(drawn, axis=0)[skipped : skipped + count]
