"""The players of `presets.modern`: a few small convolutions, for quality by the minute.

The generator makes each size of the next smaller one by repeating pixels and a 3 x 3
convolution (Odena et al., 2016), so that no pixel is covered more often than its neighbours and
the last layers see the image at its full size. The discriminator halves it with strided
convolutions down to 4 x 4 and has no batch norm, so that it judges each image by itself and takes
penalties. Both have one convolution more where the image is small, as it costs little there.
With `class_count` both are told the class: conditional batch norm (Dumoulin et al., 2017), and
projection (Miyato and Koyama, 2018). The discriminator tells it too, by the image alone, so that
the generator learns what sets the classes apart.
"""

import keras
from keras import Input, layers

from gan_model.networks.conditional import ConditionalBatchNormalization, Projection
from gan_model.networks.guidelines import halvings

_SMALLEST, _MOST_FILTERS = 4, 256


def generator(image_shape, *, codings_size, filters=16, class_count=None):
    """Codings (batch, codings_size) -> images (batch, *image_shape) in [-1, 1].

    Args:
        image_shape: (height, width, channels); height and width are multiples of 4.
        codings_size: numbers in one coding.
        filters: of the layer next to the images; doubled with each halving of the size, to
            256 at most.
        class_count: classes; the generator then takes [codings, labels]. None: codings alone.
    """
    *size, channels = image_shape
    count = halvings(size)
    codings = Input((codings_size,))
    labels = Input((), dtype="int32") if class_count else None
    smallest = [side >> count for side in size]
    widest = _filters(filters, count)
    images = layers.Dense(smallest[0] * smallest[1] * widest, use_bias=False)(codings)
    images = layers.Reshape((*smallest, widest))(images)
    images = _normalized(images, labels, class_count)
    for level in reversed(range(count)):
        images = _convolved(images, _filters(filters, level + 1), labels, class_count)
        images = layers.UpSampling2D()(images)
        images = _convolved(images, _filters(filters, level), labels, class_count)
    images = layers.Conv2D(channels, 3, padding="same", activation="tanh", dtype="float32")(images)
    return keras.Model([codings, labels] if class_count else codings, images, name="generator")


def discriminator(image_shape, *, filters=32, class_count=None):
    """Images (batch, *image_shape) in [-1, 1] -> scores (batch, 1).

    Args:
        image_shape: (height, width, channels); height and width are multiples of 4.
        filters: of the layer next to the images; doubled with each halving of the size, to
            256 at most.
        class_count: classes; the discriminator then takes [images, labels] and gives
            [scores, class_logits]. None: images alone, and scores.
    """
    images = Input(image_shape)
    labels = Input((), dtype="int32") if class_count else None
    features, level = images, 0
    while min(features.shape[1:3]) > _SMALLEST:
        # 4 pixels in strides of 2 cover an even side evenly, 3 an odd one.
        kernel_size = [4 - side % 2 for side in features.shape[1:3]]
        features = _seen(features, _filters(filters, level), kernel_size=kernel_size, strides=2)
        level += 1
    features = _seen(features, features.shape[-1], kernel_size=3)
    features = layers.Flatten()(features)
    if class_count:
        scores = Projection(class_count, dtype="float32")([features, labels])
        class_logits = layers.Dense(class_count, dtype="float32")(features)
        return keras.Model([images, labels], [scores, class_logits], name="discriminator")
    scores = layers.Dense(1, dtype="float32")(features)
    return keras.Model(images, scores, name="discriminator")


def _seen(images, filters, **convolution):
    convolved = layers.Conv2D(filters, padding="same", **convolution)(images)
    return layers.LeakyReLU(negative_slope=0.2)(convolved)


def _filters(filters, level):
    return min(filters << level, _MOST_FILTERS)


def _convolved(images, filters, labels, class_count):
    convolved = layers.Conv2D(filters, 3, padding="same", use_bias=False)(images)
    return _normalized(convolved, labels, class_count)


def _normalized(images, labels, class_count):
    if class_count:
        normalized = ConditionalBatchNormalization(class_count)([images, labels])
    else:
        # 0.9, as the generator's average already is a mean over many steps.
        normalize = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True)
        normalized = normalize(images)
    return layers.ReLU()(normalized)
