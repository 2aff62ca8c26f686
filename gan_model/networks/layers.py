"""Layers that networks of several kinds have, and the precision in which layers compute."""

import contextlib

import keras
import tensorflow as tf
from keras import layers


@contextlib.contextmanager
def dtype_policy(name):
    """Layers that are made meanwhile have this dtype policy; None leaves it as it is."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@keras.saving.register_keras_serializable("gan_model")
class ImageRange(layers.Layer):
    """The least and the greatest value of images, which it leaves as they are.

    It is the last layer of a generator's file whose last activation does not tell the range.

    Args:
        low, high: least and greatest value.
    """

    def __init__(self, low, high, **keras_arguments):
        super().__init__(**keras_arguments)
        self.low, self.high = float(low), float(high)

    def call(self, images):
        return images

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "low": self.low, "high": self.high}


@keras.saving.register_keras_serializable("gan_model")
class UpsampledConv2D(layers.Layer):
    """Repeats each pixel 2 x 2 and applies a 3 x 3 convolution, in one transposed convolution.

    It computes what `UpSampling2D()` and `Conv2D(filters, 3, padding="same", use_bias=False)`
    compute, with 16 multiplications for a pixel and pair of channels instead of 36. Each output
    pixel sees only 2 x 2 different input pixels, so that some of the 3 x 3 weights share an input
    and are added first:

        along an axis, weights (a, b, c) become the transposed kernel (c, b + c, a + b, a)

    Args:
        filters: number of channels of the result.

    Input (batch, height, width, channels), output (batch, 2 height, 2 width, filters).
    """

    def __init__(self, filters, **keras_arguments):
        super().__init__(**keras_arguments)
        self.filters = filters

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(3, 3, input_shape[-1], self.filters), initializer="glorot_uniform"
        )

    def call(self, images):
        kernel = self.transposed_kernel()
        batch, (height, width) = tf.shape(images)[0], images.shape[1:3]
        shape = (batch, 2 * height, 2 * width, self.filters)
        return tf.nn.conv2d_transpose(images, kernel, shape, strides=2, padding="SAME")

    def transposed_kernel(self):
        """The kernel of the transposed convolution with strides 2, (4, 4, filters, channels)."""
        kernel = tf.cast(tf.convert_to_tensor(self.kernel), self.compute_dtype)
        return tf.transpose(_added(_added(kernel, axis=0), axis=1), (0, 1, 3, 2))

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return batch, 2 * height, 2 * width, self.filters

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


def _added(kernel, *, axis):
    """Weights (a, b, c) along an axis -> (c, b + c, a + b, a)."""
    first, second, third = tf.split(kernel, 3, axis=axis)
    return tf.concat([third, second + third, first + second, first], axis=axis)
