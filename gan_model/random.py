"""(seed, step, purpose) -> codings, and the other random numbers of a step.

They are drawn statelessly: the same (seed, step) gives the same numbers in any process.
So a run does not depend on how it was cut, and nothing about the noise needs to be saved.
"""

import math
from dataclasses import dataclass

import tensorflow as tf

# What numbers are drawn for. Streams of different purposes never meet.
TRAINING, EVALUATION, GENERATION, PENALTY = 0, 1, 2, 3
# Augmenting, for one player's step, the images of one kind.
REAL_FOR_DISCRIMINATOR, FAKE_FOR_DISCRIMINATOR, REAL_FOR_GENERATOR, FAKE_FOR_GENERATOR = 4, 5, 6, 7
_PURPOSES = (
    4  # at one step; the later ones have bits of their own, to leave the earlier as they are
)

_BLOCK = 64  # codings drawn together by `numbered`; changing it changes every generated image


def normal(count, size, *, seed, step=0, purpose=TRAINING, replica=0):
    """Codings (count, size), float32, standard normal.

    To the accuracy of float32 they are the same on every device, compiled by XLA or not.

    Args:
        count: rows; a number or a scalar tensor.
        size: numbers in one coding.
        seed: of the run.
        step: where in the run, for example the step. A number or an integer tensor.
        purpose: one of `TRAINING`, `EVALUATION`, `GENERATION`, `PENALTY`, or one of those of
            augmenting, as `REAL_FOR_DISCRIMINATOR`.
        replica: which of several devices draws, so that no two draw the same.

    Reference: Box and Muller (1958); Salmon et al. (2011) for the bits.
    """
    shape = (2, count, (size + 1) // 2)
    first, second = tf.unstack(_between_0_and_1(shape, seed, step, purpose, replica))
    radius, angle = tf.sqrt(-2.0 * tf.math.log(first)), 2.0 * math.pi * second
    return tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=-1)[:, :size]


def uniform(count, size, *, seed, step=0, purpose=TRAINING, replica=0):
    """Numbers (count, size), float32, uniform between 0 and 1; arguments as those of `normal`."""
    return _between_0_and_1((count, size), seed, step, purpose, replica)


@dataclass(frozen=True)
class RandomStream:
    """The random numbers that one step of a run has for one purpose.

    Args:
        seed, step, purpose, replica: as those of `normal`.
    """

    seed: int
    step: int = 0
    purpose: int = TRAINING
    replica: int = 0

    def normal(self, count, size):
        return normal(count, size, **vars(self))

    def uniform(self, count, size):
        return uniform(count, size, **vars(self))


@dataclass(frozen=True)
class RandomStreams:
    """The random numbers of one step of a run on one device, by purpose.

    Args:
        seed, step, replica: as those of `normal`.
    """

    seed: int
    step: int
    replica: int = 0

    def stream(self, purpose):
        """The `RandomStream` of a purpose, for example `TRAINING`."""
        return RandomStream(self.seed, self.step, purpose, self.replica)


def numbered(first, count, size, *, seed):
    """Codings number `first` to `first + count - 1` of an endless list, float32 (count, size).

    Coding number i depends on (seed, i) alone, not on how many are asked for at a time.
    """
    first_block, skipped = divmod(first, _BLOCK)
    blocks = range(first_block, (first + count - 1) // _BLOCK + 1)
    drawn = [normal(_BLOCK, size, seed=seed, step=b, purpose=GENERATION) for b in blocks]
    return tf.concat(drawn, axis=0)[skipped : skipped + count]


def _between_0_and_1(shape, seed, step, purpose, replica):
    group, purpose = divmod(purpose, _PURPOSES)
    step = tf.cast(step, tf.int64) * _PURPOSES + purpose
    replica = tf.cast(replica, tf.int64) + group * 2**16
    key = tf.stack([tf.cast(seed, tf.int64) + replica * 2**32, step])
    # Of TensorFlow 2.21's stateless generators only the raw bits are the same under XLA, so
    # the numbers are made of them here.
    bits = tf.random.stateless_uniform(
        shape, key, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
    )
    # 24 bits are what float32 holds; half a unit keeps the logarithm off zero.
    bits = tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32))
    return (tf.cast(bits, tf.float32) + 0.5) * 2.0**-24
