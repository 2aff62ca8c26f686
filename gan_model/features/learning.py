"""Images -> a network that describes such images, learned without labels.

Two things are learned at once, from the training images alone:

    which image    two distorted views of an image are told from views of all other images of the
                   batch, by the cosine of their projections (Chen et al., 2020, SimCLR)
    how distorted  the amount of each distortion is a linear function of the vector, as in
                   equivariant contrastive learning (Dangovski et al., 2021)

The first makes the vectors differ for different images. The second keeps in them what the first
would throw away: blur, noise, wrong colours, shifts, warps, pieces of other images.

The vectors are then half whitened: a direction with the variance v on the training images is
divided by v^(1/4). Without that a few directions make up all of a Fréchet distance; fully whitened,
the directions in which real images hardly differ do.

Reference: Morozov et al. (2021), who show that features learned without labels rank generators
better than those of ImageNet's classifiers outside photographs.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import initializers, layers

from gan_model.features import distortions
from gan_model.features.learned_network import SIZE, arrays_of, network, to_range, vectors

STEPS = 1500
_BATCH, _RATE, _LAST_RATE = 64, 2e-3, 0.05  # the rate falls to a fraction of the first
_TEMPERATURE, _WEIGHT = 0.2, 10.0  # of the cosines; of the error in the amounts
_PROJECTED = 256
_LEAST_VARIANCE = 1e-3  # as a fraction of the mean variance: smaller ones are taken as that
_BLOCK = 256


def learn(images, *, seed=0, steps=STEPS, tell=None):
    """Learns a network from images.

    The result depends on the images, the seed and the machine alone. No global random state is
    read or changed.

    Args:
        images: uint8 (n, height, width, channels), as the network sees them.
        seed: of the initial weights, of the images drawn and of the distortions.
        steps: of 64 images.
        tell: function that is called with the number of steps done, after each.

    Returns:
        Dict from names to float32 arrays, see `learned_network.vectors`.

    Raises:
        ValueError: in the scope of a strategy.
    """
    if tf.distribute.has_strategy():
        raise ValueError(
            "Features are learned on one device. Learn them, or call gan.fit, after the block "
            "`with strategy.scope():`, not in it."
        )
    learner = _Learner(images.shape[1:], seed=seed, steps=steps)
    order = np.random.default_rng(seed)
    for done in range(1, steps + 1):
        rows = order.integers(len(images), size=_BATCH)
        learner.step(tf.constant(images[np.sort(rows)]))
        if tell is not None:
            tell(done)
    return half_whitened(arrays_of(learner.network), images)


class _Learner:
    def __init__(self, shape, *, seed, steps):
        self.random = tf.random.Generator.from_seed(seed)
        self.network = network(shape, seed=seed)
        self._projector = keras.Sequential(
            [
                layers.Input((SIZE,)),
                _dense(_PROJECTED, seed + 1, use_bias=False),
                layers.BatchNormalization(dtype="float32"),
                layers.ReLU(dtype="float32"),
                _dense(_PROJECTED, seed + 2),
            ]
        )
        kinds = distortions.distort(tf.zeros((1, *shape)), self.random)[1].shape[1]
        self._amounts = keras.Sequential([layers.Input((SIZE,)), _dense(kinds, seed + 3)])
        schedule = keras.optimizers.schedules.CosineDecay(_RATE, steps, alpha=_LAST_RATE)
        self._optimizer = keras.optimizers.Adam(schedule)
        parts = self.network, self._projector, self._amounts
        self._variables = [one for part in parts for one in part.trainable_variables]
        self._optimizer.build(self._variables)
        self.step = tf.function(self._step)

    def _step(self, images):
        images = to_range(tf.cast(images, tf.float32))
        views = [distortions.distort(images, self.random) for _ in range(2)]
        distorted, amounts = (tf.concat(both, axis=0) for both in zip(*views, strict=True))
        distorted = distortions.erase(distorted, self.random)
        with tf.GradientTape() as tape:
            described = self.network(distorted, training=True)
            which = contrast(self._projector(described, training=True))
            error = tf.reduce_mean(tf.square(self._amounts(described) - amounts))
            loss = which + _WEIGHT * error
        gradients = tape.gradient(loss, self._variables)
        self._optimizer.apply(gradients, self._variables)


def contrast(projections):
    """Cross-entropy of finding each view's other view among all views of the batch.

    Args:
        projections: (2 n, size); the views of image i are the rows i and n + i.

    Returns:
        A scalar. Equal projections give log(2 n - 1).
    """
    count = tf.shape(projections)[0]
    directions = tf.math.l2_normalize(projections, axis=1)
    cosines = tf.matmul(directions, directions, transpose_b=True) / _TEMPERATURE
    others = cosines - 1e9 * tf.eye(count)
    partners = tf.roll(tf.range(count), count // 2, axis=0)
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=partners, logits=others)
    )


def half_whitened(arrays, images):
    """The arrays of a network whose vectors have the variance v^(1/2) where they had v.

    The vectors of `images` get the mean 0 and, over all directions, the mean variance 1.

    Args:
        arrays: of `learned_network.arrays_of`.
        images: uint8 (n, height, width, channels), as the network sees them.
    """
    described = np.concatenate(
        [
            vectors(to_range(tf.cast(images[first : first + _BLOCK], tf.float32)), arrays).numpy()
            for first in range(0, len(images), _BLOCK)
        ]
    ).astype(np.float64)
    mean = described.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(described, rowvar=False))
    variances = np.maximum(variances, _LEAST_VARIANCE * variances.mean())
    turn = directions * variances**-0.25
    turn /= np.sqrt(np.square((described - mean) @ turn).mean())
    return arrays | {
        "kernel": (arrays["kernel"] @ turn).astype(np.float32),
        "bias": ((arrays["bias"] - mean) @ turn).astype(np.float32),
    }


def _dense(size, seed, **arguments):
    return layers.Dense(
        size, kernel_initializer=initializers.GlorotUniform(seed), dtype="float32", **arguments
    )
