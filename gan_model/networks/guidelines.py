"""The DCGAN of `presets.guidelines`, by the guidelines of its paper (Radford et al., 2016).

It uses strided convolutions instead of pooling and no fully connected hidden layers. It has batch
normalization everywhere except in the generator's output layer and the discriminator's input
layer, ReLU in the generator, and leaky ReLU in the discriminator.
"""

from keras import Input, Sequential, initializers, layers

_STRIDED = dict(kernel_size=5, strides=2, padding="same", use_bias=False)
_MIN_SIDE, _MAX_FILTERS = 4, 512


def generator(image_shape, *, codings_size, filters=64):
    """Codings (batch, codings_size) -> images (batch, *image_shape) in [-1, 1].

    Args:
        image_shape: (height, width, channels); height and width are multiples of 4.
        codings_size: numbers in one coding.
        filters: filters of the layer next to the images. They double with each halving of the
            image size, up to 512.
    """
    *size, channels = image_shape
    count = halvings(size)
    stack = [
        Input((codings_size,)),
        layers.Reshape((1, 1, codings_size)),
        layers.Conv2DTranspose(
            _filters(filters, count - 1),
            kernel_size=[side >> count for side in size],
            use_bias=False,
            kernel_initializer=_normal(),
        ),
        _batch_norm(),
        layers.ReLU(),
    ]
    for level in reversed(range(count - 1)):
        up = layers.Conv2DTranspose(
            _filters(filters, level), kernel_initializer=_normal(), **_STRIDED
        )
        stack += [up, _batch_norm(), layers.ReLU()]
    to_images = layers.Conv2DTranspose(
        channels,
        activation="tanh",
        dtype="float32",
        kernel_initializer=_normal(),
        **{**_STRIDED, "use_bias": True},
    )
    return Sequential([*stack, to_images], name="generator")


def discriminator(image_shape, *, filters=64):
    """Images (batch, *image_shape) in [-1, 1] -> scores (batch, 1); `filters` as in `generator`."""
    *size, _ = image_shape
    first = layers.Conv2D(filters, kernel_initializer=_normal(), **{**_STRIDED, "use_bias": True})
    stack = [Input(image_shape), first, layers.LeakyReLU(negative_slope=0.2)]
    for level in range(1, halvings(size)):
        down = layers.Conv2D(_filters(filters, level), kernel_initializer=_normal(), **_STRIDED)
        stack += [down, _batch_norm(), layers.LeakyReLU(negative_slope=0.2)]
    score = layers.Dense(1, kernel_initializer=_normal(), dtype="float32")
    return Sequential([*stack, layers.Flatten(), score], name="discriminator")


def halvings(size):
    """How often (height, width) can be halved without a remainder, down to 4 pixels or more."""
    count = 0
    while all(side % 2 == 0 and side // 2 >= _MIN_SIDE for side in size):
        size, count = [side // 2 for side in size], count + 1
    return count


def _filters(filters, level):
    return min(filters << level, _MAX_FILTERS)


def _batch_norm():
    # Momentum 0.9 as in the authors' program. With Keras's default of 0.99 the moving statistics
    # lag behind the weights, which degrades the images of the first epochs.
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True)


def _normal():
    return initializers.RandomNormal(stddev=0.02)
