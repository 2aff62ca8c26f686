"""A seed and a place in the run -> codings.

Codings are drawn statelessly: the same (seed, place) gives the same numbers in any process,
on any device, compiled or not. So a run does not depend on how it was cut, and nothing about
the noise needs to be saved.
"""

import tensorflow as tf

# What codings are drawn for. Streams of different purposes never meet.
TRAINING, EVALUATION, GENERATION = 0, 1, 2
_PURPOSES = 4  # room for more without moving the streams there are

_BLOCK = 64  # codings drawn together by `numbered`; changing it changes every generated image


def normal(count, size, *, seed, place=0, purpose=TRAINING, replica=0):
    """Codings (count, size), float32, standard normal.

    Args:
        count: rows; a number or a scalar tensor.
        size: numbers in one coding.
        seed: of the run.
        place: where in the run, for example the step. A number or an integer tensor.
        purpose: one of `TRAINING`, `EVALUATION`, `GENERATION`.
        replica: which of several devices draws, so that no two draw the same.
    """
    place = tf.cast(place, tf.int64) * _PURPOSES + purpose
    key = tf.stack([tf.cast(seed, tf.int64) + tf.cast(replica, tf.int64) * 2**32, place])
    # By name: "auto_select" gives other numbers under XLA and on other devices.
    return tf.random.stateless_normal((count, size), seed=key, alg="philox")


def numbered(first, count, size, *, seed):
    """Codings number `first` to `first + count - 1` of an endless list, float32 (count, size).

    Coding number i depends on (seed, i) alone, not on how many are asked for at a time.
    """
    first_block, skipped = divmod(first, _BLOCK)
    blocks = range(first_block, (first + count - 1) // _BLOCK + 1)
    drawn = [normal(_BLOCK, size, seed=seed, place=b, purpose=GENERATION) for b in blocks]
    return tf.concat(drawn, axis=0)[skipped : skipped + count]
