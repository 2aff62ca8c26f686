"""A small classifier of garments: features for grey images of 28 x 28.

experiments/make_classifier.py trains it on Fashion-MNIST. The file has only what inference needs:
kernels and biases, with the batch norms folded into them.
"""

import functools
from pathlib import Path

import tensorflow as tf

from gan_model.catalog import FASHION_MNIST
from gan_model.features.extractor import Features, with_channels
from gan_model.storage.packaged import packaged_arrays

WEIGHTS = Path(__file__).with_name("fashion.npz")
# Printed by experiments/make_classifier.py.
_SHA256 = "0e7e754f2f50f04de6bd16899ee6e263d1751f9ee0b081d24c7ec1ebc7677944"
STRIDES = (1, 2, 1, 1)  # of the four convolutions
CLASSES = FASHION_MNIST.class_names


class FashionFeatures(Features):
    """The 64 numbers, 0 or more, before the last layer of a classifier of garments.

    It takes grey images (n, 28, 28) or (n, 28, 28, 1) with bright garments on black, as in
    Fashion-MNIST. The accuracy of the classifier is 93.27% on the 10,000 test images.

    Args:
        weights: dict from names to arrays, as in `fashion.npz`.

    Attributes:
        mean: (64,), of the features of the 60,000 training images.
        covariance: (64, 64), of the same features.
        class_names: of the ten classes.
    """

    class_names = CLASSES

    def __init__(self, weights):
        # They are missing only in experiments/make_classifier.py, which computes them.
        self.mean, self.covariance = weights.get("mean"), weights.get("covariance")
        layers = _constants(weights)
        super().__init__(
            "fashion",
            lambda images: inner(images, layers),
            checksum=_SHA256[:8],
            image_shape=(28, 28, 1),
        )
        self._logits = tf.function(lambda images: logits(inner(images, layers), layers))

    def classes(self, images):
        """The class of each image, an index into `CLASSES`: int64 (n,)."""
        images = with_channels(images, self.image_shape, self.name)
        return self.map_in_blocks(self._logits, images).argmax(axis=1)


@functools.cache
def fashion():
    """`FashionFeatures` with the weights that come with the package.

    Raises:
        ValueError: the file of the weights is damaged.
    """
    return FashionFeatures(packaged_arrays(WEIGHTS, _SHA256))


def inner(images, layers):
    """Grey values 0 to 255 (batch, 28, 28, 1) -> features (batch, 64)."""
    values = images / 127.5 - 1.0
    for i, stride in enumerate(STRIDES):
        if i == len(STRIDES) - 1:
            values = tf.nn.max_pool2d(values, 2, 2, "VALID")
        values = tf.nn.conv2d(values, layers[f"kernel_{i}"], stride, "SAME")
        values = tf.nn.relu(values + layers[f"bias_{i}"])
    values = tf.reduce_mean(values, axis=(1, 2))
    return tf.nn.relu(values @ layers["kernel_features"] + layers["bias_features"])


def logits(features, layers):
    """Features (batch, 64) -> logits of the classes (batch, 10)."""
    return features @ layers["kernel_logits"] + layers["bias_logits"]


def _constants(weights):
    return {
        name: tf.constant(array)
        for name, array in weights.items()
        if name.startswith(("kernel_", "bias_"))
    }
