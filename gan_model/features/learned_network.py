"""The network of the learned features: what it computes, and how it learns without labels.

    image -> strided convolutions, down to a side of 4 -> one convolution -> 32 numbers

The 32 numbers are a linear function of the last convolution and of the mean of every strided one,
which sees details. A Keras model learns. What is kept are plain arrays: the kernels and biases,
with batch norms folded into them, so they say nothing about how they were learned.

It learns two things at once, from the training images alone:

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
from gan_model.features.extractor import averaged_down
from gan_model.networks.layers import dtype_policy

SIZE = 32  # numbers in a vector
_FILTERS = (16, 32, 64, 128)  # of the strided convolutions, the last for all further ones
_LONGEST, _SHORTEST = 64, 4  # pixels: of the longer side that is seen, and of the last convolution
_SLOPE, _EPSILON = 0.1, 1e-3

STEPS = 1500
_BATCH, _RATE, _LAST_RATE = 64, 2e-3, 0.05  # the rate falls to a fraction of the first
_TEMPERATURE, _WEIGHT = 0.2, 10.0  # of the cosines; of the error in the amounts
_PROJECTED = 256
_LEAST_VARIANCE = 1e-3  # as a fraction of the mean variance: smaller ones are taken as that
_BLOCK = 256


def seen_shape(image_shape):
    """The (height, width, channels) in which the network sees images: at most 64 pixels a side."""
    *size, channels = image_shape
    factor = max(1.0, max(size) / _LONGEST)
    return (*(max(1, round(side / factor)) for side in size), channels)


def to_seen(images, shape):
    """uint8 or float 0 to 255 (batch, ...) -> float32 (batch, *shape), 0 to 255, averaged down."""
    images = tf.cast(images, tf.float32)
    return images if images.shape[1:3] == shape[:2] else averaged_down(images, shape[:2])


def to_range(images):
    """0 to 255 -> [-1, 1], in which the network takes images."""
    return images / 127.5 - 1.0


def strides_of(shape):
    """The stride of each convolution for images of the given shape: 2, ..., 2, 1."""
    side, count = min(shape[:2]), 0
    while side > _SHORTEST:
        side, count = -(-side // 2), count + 1
    return [2] * count + [1]


def network(shape, *, seed):
    """A Keras model, images (batch, *shape) in [-1, 1] -> vectors (batch, 32), to learn with."""
    seeds = iter(np.random.default_rng(seed).integers(2**31, size=64).tolist())
    pooled = []
    with dtype_policy("float32"):
        images = features = layers.Input(shape)
        for level, stride in enumerate(strides_of(shape)):
            features = layers.Conv2D(
                _FILTERS[min(level, len(_FILTERS) - 1)],
                3 if stride == 1 else 4,
                strides=stride,
                padding="same",
                use_bias=False,
                kernel_initializer=initializers.GlorotUniform(next(seeds)),
            )(features)
            features = layers.BatchNormalization(momentum=0.95, epsilon=_EPSILON)(features)
            features = layers.LeakyReLU(negative_slope=_SLOPE)(features)
            if stride == 2:
                pooled.append(layers.GlobalAveragePooling2D()(features))
        flat = layers.Flatten()(features)
        described = layers.Concatenate()([flat, *pooled]) if pooled else flat
        return keras.Model(images, _dense(SIZE, next(seeds))(described))


def arrays_of(model):
    """Dict of the arrays that `vectors` takes: `kernel_0`, `bias_0`, ..., `kernel`, `bias`."""
    arrays = {}
    convolutions = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for level, (convolution, norm) in enumerate(zip(convolutions, norms, strict=True)):
        gamma, beta, mean, variance = norm.get_weights()
        scale = gamma / np.sqrt(variance + _EPSILON)
        arrays[f"kernel_{level}"] = convolution.get_weights()[0] * scale
        arrays[f"bias_{level}"] = beta - mean * scale
    arrays["kernel"], arrays["bias"] = model.layers[-1].get_weights()
    return arrays


def vectors(images, arrays):
    """Images (batch, *shape) in [-1, 1] -> vectors (batch, 32), float32."""
    features, pooled = images, []
    for level, stride in enumerate(strides_of(images.shape[1:])):
        features = tf.nn.conv2d(features, arrays[f"kernel_{level}"], stride, "SAME")
        features = tf.nn.leaky_relu(features + arrays[f"bias_{level}"], _SLOPE)
        if stride == 2:
            pooled.append(tf.reduce_mean(features, axis=(1, 2)))
    flat = tf.reshape(features, (tf.shape(features)[0], -1))
    return tf.concat([flat, *pooled], axis=1) @ arrays["kernel"] + arrays["bias"]


def learn(images, *, seed=0, steps=STEPS, tell=None):
    """Learns a network from uint8 images as it sees them; returns the arrays of `vectors`.

    The result depends on the images, the seed and the machine alone. No global random state is
    read or changed. `tell` is called with the number of steps done, after each.
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
        kinds = distortions.distort(tf.zeros((1, *shape)), self.random)[1].shape[1]
        with dtype_policy("float32"):
            hidden = _dense(_PROJECTED, seed + 1, use_bias=False)
            parts = hidden, layers.BatchNormalization(), layers.ReLU(), _dense(_PROJECTED, seed + 2)
            self._projector = keras.Sequential([layers.Input((SIZE,)), *parts])
            self._amounts = keras.Sequential([layers.Input((SIZE,)), _dense(kinds, seed + 3)])
        schedule = keras.optimizers.schedules.CosineDecay(_RATE, steps, alpha=_LAST_RATE)
        self._optimizer = keras.optimizers.Adam(schedule)
        networks = self.network, self._projector, self._amounts
        self._variables = [weight for each in networks for weight in each.trainable_variables]
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

    The views of image i are the rows i and n + i. Equal projections give log(2 n - 1).
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
    whitening = directions * variances**-0.25
    whitening /= np.sqrt(np.square((described - mean) @ whitening).mean())
    return arrays | {
        "kernel": (arrays["kernel"] @ whitening).astype(np.float32),
        "bias": ((arrays["bias"] - mean) @ whitening).astype(np.float32),
    }


def _dense(size, seed, **arguments):
    return layers.Dense(size, kernel_initializer=initializers.GlorotUniform(seed), **arguments)
