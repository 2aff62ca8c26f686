"""The networks of `presets.modern`: small convolutional networks that train fast on a CPU.

The generator doubles the image size by repeating pixels and applying a 3 x 3 convolution (Odena et
al., 2016). This avoids checkerboard artifacts.
The discriminator halves the image size with strided convolutions down to 4 x 4. It has no batch
normalization, so the score of an image does not depend on other images and gradient penalties can
be used. Both networks have an extra convolution at small image sizes, where it is cheap.

The layer next to the images has 512 / side filters in the generator and 1024 / side in the
discriminator, and they double with each halving of the image size. So each size costs about as
much as any other, and images of twice the side cost a quarter more, not four times as much: for
some minutes of training, more images are worth more than wider layers.

Above 128 x 128 no layer has fewer than 8 filters, and the generator has no features of the full
image size: its last layer makes the image from features of half that size. Features of 4 filters
there make a step slower, and where all four are 0 an image has one and the same colour.

With `class_count` both networks take labels: the generator by conditional batch normalization
(Dumoulin et al., 2017), the discriminator by projection (Miyato and Koyama, 2018). The
discriminator also classifies images, from the image alone, so that the generator learns to make
the classes distinguishable.
"""

import math

import keras
from keras import Input, layers

from gan_model.networks.clusters import Clusters
from gan_model.networks.conditional import ConditionalBatchNormalization, Projection
from gan_model.networks.layers import UpsampledConv2D

_FIRST_SIDE, _LAST_SIDE, _MAX_FILTERS = 7, 4, 256
_GENERATOR, _DISCRIMINATOR = 512, 1024  # filters times side, next to the images
_LARGE, _LEAST = 128, 8  # pixels; filters of all layers for images of a greater side


def filters_for(image_shape, product):
    """Filters of the layer next to the images: `product` / side, rounded down to a power of two."""
    height, width, _ = image_shape
    return 2 ** max(1, math.floor(math.log2(product / math.sqrt(height * width))))


def sides_of(image_shape):
    """Sizes (height, width) of the generator's levels: the images' first, then halved.

    Odd sides are halved upwards. The last size has a shorter side of 4 to 7 pixels.
    """
    sizes = [tuple(image_shape[:2])]
    while min(sizes[-1]) > _FIRST_SIDE:
        sizes.append(tuple(-(-side // 2) for side in sizes[-1]))
    return sizes


def generator(image_shape, *, codings_size, filters=None, class_count=None, clusters=None):
    """Codings (batch, codings_size) -> images (batch, *image_shape) in [-1, 1].

    Args:
        image_shape: (height, width, channels); height and width are multiples of 4.
        codings_size: numbers in one coding.
        filters: filters of the layer next to the images, 512 / side if None. They double with
            each halving of the image size, up to 256. Above 128 x 128 there is no such layer: the
            first one has twice as many, and half the size. With None no layer has fewer than 8.
        class_count: number of classes; the generator then takes [codings, labels]. None: it takes
            codings only.
        clusters: number of clusters in the place of classes; it takes codings only.
    """
    width = _widths(filters, image_shape, _GENERATOR)
    *sizes, first_size = sides_of(image_shape)
    codings = Input((codings_size,))
    labels = Input((), dtype="int32") if class_count else None
    inputs = [codings, labels] if class_count else codings
    if clusters:
        labels, class_count = Clusters(clusters, image_shape)(codings), clusters
    first_filters = width(len(sizes))
    images = layers.Dense(math.prod(first_size) * first_filters, use_bias=False)(codings)
    images = layers.Reshape((*first_size, first_filters))(images)
    images = _batch_norm_relu(images, labels, class_count)
    for level, size in reversed(list(enumerate(sizes))):
        convolved = layers.Conv2D(width(level + 1), 3, padding="same", use_bias=False)(images)
        images = _batch_norm_relu(convolved, labels, class_count)
        if level == 0 and _are_large(image_shape):
            break
        images = _cropped(UpsampledConv2D(width(level))(images), size)
        images = _batch_norm_relu(images, labels, class_count)
    return keras.Model(inputs, _images_from(images, image_shape), name="generator")


def discriminator(image_shape, *, filters=None, class_count=None, clusters=None):
    """Images (batch, *image_shape) in [-1, 1] -> scores (batch, 1).

    Args:
        image_shape: (height, width, channels); height and width are multiples of 4.
        filters: filters of the layer next to the images, 1024 / side if None. They double with
            each halving of the image size, up to 256. With None, above 128 x 128, no layer has
            fewer than 8.
        class_count: number of classes; the discriminator then takes [images, labels] and returns
            [scores, class_logits]. None: it takes images and returns scores.
        clusters: number of clusters in the place of classes; it takes [images, labels] and returns
            scores. It predicts no clusters: they are no aim in themselves.
    """
    width = _widths(filters, image_shape, _DISCRIMINATOR)
    images = Input(image_shape)
    labels = Input((), dtype="int32") if class_count or clusters else None
    features, level = images, 0
    while min(features.shape[1:3]) > _LAST_SIDE:
        # With strides of 2, a kernel of 4 covers an even side symmetrically, one of 3 an odd side.
        kernel_size = [4 - side % 2 for side in features.shape[1:3]]
        features = _conv_leaky_relu(features, width(level), kernel_size=kernel_size, strides=2)
        level += 1
    features = _conv_leaky_relu(features, features.shape[-1], kernel_size=3)
    features = layers.Flatten()(features)
    if clusters:
        scores = Projection(clusters, dtype="float32")([features, labels])
        return keras.Model([images, labels], scores, name="discriminator")
    if class_count:
        scores = Projection(class_count, dtype="float32")([features, labels])
        class_logits = layers.Dense(class_count, dtype="float32")(features)
        return keras.Model([images, labels], [scores, class_logits], name="discriminator")
    scores = layers.Dense(1, dtype="float32")(features)
    return keras.Model(images, scores, name="discriminator")


def _conv_leaky_relu(images, filters, **convolution):
    convolved = layers.Conv2D(filters, padding="same", **convolution)(images)
    return layers.LeakyReLU(negative_slope=0.2)(convolved)


def _widths(filters, image_shape, product):
    """A function from a level to its filters; level 0 is next to the images."""
    least = _LEAST if filters is None and _are_large(image_shape) else 0
    filters = filters or filters_for(image_shape, product)
    return lambda level: min(max(filters << level, least), _MAX_FILTERS)


def _are_large(image_shape):
    return math.prod(image_shape[:2]) > _LARGE**2


def _images_from(features, image_shape):
    """Images in [-1, 1] from features of their size, or of half of it."""
    channels, exact = image_shape[-1], {"dtype": "float32"}
    if not _are_large(image_shape):
        return layers.Conv2D(channels, 3, padding="same", activation="tanh", **exact)(features)
    images = _cropped(UpsampledConv2D(channels, **exact)(features), image_shape[:2])
    return layers.Activation("tanh", **exact)(images)


def _cropped(images, size):
    """Without the last row or column that doubling an odd side has made too many."""
    surplus = [(0, have - want) for have, want in zip(images.shape[1:3], size, strict=True)]
    return layers.Cropping2D(surplus)(images) if any(map(any, surplus)) else images


def _batch_norm_relu(images, labels, class_count):
    if class_count:
        normalized = ConditionalBatchNormalization(class_count)([images, labels])
    else:
        # 0.9, because the averaged generator's weights already are a mean over many steps.
        normalize = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True)
        normalized = normalize(images)
    return layers.ReLU()(normalized)
