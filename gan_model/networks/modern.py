"""The networks of `presets.modern`: small convolutional networks that train fast on a CPU.

The generator doubles the image size by repeating pixels and applying a 3 x 3 convolution (Odena et
al., 2016). This avoids checkerboard artifacts, and the last layers work at the full image size.
The discriminator halves the image size with strided convolutions down to 4 x 4. It has no batch
normalization, so the score of an image does not depend on other images and gradient penalties can
be used. Both networks have an extra convolution at small image sizes, where it is cheap.

With `class_count` both networks take labels: the generator by conditional batch normalization
(Dumoulin et al., 2017), the discriminator by projection (Miyato and Koyama, 2018). The
discriminator also classifies images, from the image alone, so that the generator learns to make
the classes distinguishable.
"""

import math

import keras
from keras import Input, layers

from gan_model.networks.conditional import ConditionalBatchNormalization, Projection
from gan_model.networks.guidelines import halvings

_MIN_SIDE, _MAX_FILTERS = 4, 256


def generator(image_shape, *, codings_size, filters=16, class_count=None):
    """Codings (batch, codings_size) -> images (batch, *image_shape) in [-1, 1].

    Args:
        image_shape: (height, width, channels); height and width are multiples of 4.
        codings_size: numbers in one coding.
        filters: filters of the layer next to the images. They double with each halving of the
            image size, up to 256.
        class_count: number of classes; the generator then takes [codings, labels]. None: it takes
            codings only.
    """
    *size, channels = image_shape
    count = halvings(size)
    codings = Input((codings_size,))
    labels = Input((), dtype="int32") if class_count else None
    first_size = [side >> count for side in size]
    first_filters = _filters(filters, count)
    images = layers.Dense(math.prod(first_size) * first_filters, use_bias=False)(codings)
    images = layers.Reshape((*first_size, first_filters))(images)
    images = _batch_norm_relu(images, labels, class_count)
    for level in reversed(range(count)):
        images = _conv_batch_norm_relu(images, _filters(filters, level + 1), labels, class_count)
        images = layers.UpSampling2D()(images)
        images = _conv_batch_norm_relu(images, _filters(filters, level), labels, class_count)
    images = layers.Conv2D(channels, 3, padding="same", activation="tanh", dtype="float32")(images)
    return keras.Model([codings, labels] if class_count else codings, images, name="generator")


def discriminator(image_shape, *, filters=32, class_count=None):
    """Images (batch, *image_shape) in [-1, 1] -> scores (batch, 1).

    Args:
        image_shape: (height, width, channels); height and width are multiples of 4.
        filters: filters of the layer next to the images. They double with each halving of the
            image size, up to 256.
        class_count: number of classes; the discriminator then takes [images, labels] and returns
            [scores, class_logits]. None: it takes images and returns scores.
    """
    images = Input(image_shape)
    labels = Input((), dtype="int32") if class_count else None
    features, level = images, 0
    while min(features.shape[1:3]) > _MIN_SIDE:
        # With strides of 2, a kernel of 4 covers an even side symmetrically, one of 3 an odd side.
        kernel_size = [4 - side % 2 for side in features.shape[1:3]]
        features = _conv_leaky_relu(
            features, _filters(filters, level), kernel_size=kernel_size, strides=2
        )
        level += 1
    features = _conv_leaky_relu(features, features.shape[-1], kernel_size=3)
    features = layers.Flatten()(features)
    if class_count:
        scores = Projection(class_count, dtype="float32")([features, labels])
        class_logits = layers.Dense(class_count, dtype="float32")(features)
        return keras.Model([images, labels], [scores, class_logits], name="discriminator")
    scores = layers.Dense(1, dtype="float32")(features)
    return keras.Model(images, scores, name="discriminator")


def _conv_leaky_relu(images, filters, **convolution):
    convolved = layers.Conv2D(filters, padding="same", **convolution)(images)
    return layers.LeakyReLU(negative_slope=0.2)(convolved)


def _filters(filters, level):
    return min(filters << level, _MAX_FILTERS)


def _conv_batch_norm_relu(images, filters, labels, class_count):
    convolved = layers.Conv2D(filters, 3, padding="same", use_bias=False)(images)
    return _batch_norm_relu(convolved, labels, class_count)


def _batch_norm_relu(images, labels, class_count):
    if class_count:
        normalized = ConditionalBatchNormalization(class_count)([images, labels])
    else:
        # 0.9, because the averaged generator's weights already are a mean over many steps.
        normalize = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True)
        normalized = normalize(images)
    return layers.ReLU()(normalized)
