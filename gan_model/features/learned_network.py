"""The network of the learned features: a Keras model to learn with, plain arrays to use.

    image -> strided convolutions, down to a side of 4 -> one convolution -> 32 numbers

The 32 numbers are a linear function of the last convolution and of the mean of every strided one,
which sees details. The arrays are the kernels and biases, with batch norms folded into them, so
they say nothing about how they were learned.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import initializers, layers

from gan_model.features.area import averaged_down

SIZE = 32  # numbers in a vector
_FILTERS = (16, 32, 64, 128)  # of the strided convolutions, the last for all further ones
_LONGEST, _SHORTEST = 64, 4  # pixels: of the longer side that is seen, and of the last convolution
_SLOPE, _EPSILON = 0.1, 1e-3


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
    """A Keras model, images (batch, *shape) in [-1, 1] -> vectors (batch, 32), to learn with.

    Its layers are those that `arrays_of` reads. All random numbers come from `seed`.
    """
    seeds = iter(np.random.default_rng(seed).integers(2**31, size=64).tolist())
    images = features = layers.Input(shape, dtype="float32")
    pooled, strides = [], strides_of(shape)
    for level, stride in enumerate(strides):
        features = layers.Conv2D(
            _FILTERS[min(level, len(_FILTERS) - 1)],
            3 if stride == 1 else 4,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer=initializers.GlorotUniform(next(seeds)),
            dtype="float32",
        )(features)
        features = layers.BatchNormalization(momentum=0.95, epsilon=_EPSILON, dtype="float32")(
            features
        )
        features = layers.LeakyReLU(negative_slope=_SLOPE, dtype="float32")(features)
        if stride == 2:
            pooled.append(layers.GlobalAveragePooling2D(dtype="float32")(features))
    everything = [layers.Flatten(dtype="float32")(features), *pooled]
    everything = layers.Concatenate(dtype="float32")(everything) if pooled else everything[0]
    dense = layers.Dense(
        SIZE, kernel_initializer=initializers.GlorotUniform(next(seeds)), dtype="float32"
    )
    return keras.Model(images, dense(everything))


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
