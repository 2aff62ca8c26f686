"""A DCGAN by the guidelines of its paper, for any image size (Radford et al., 2016).

Strided convolutions instead of pooling, no fully connected hidden layer, batch norm
everywhere but at the generator's output and the discriminator's input, ReLU in the generator,
leaky ReLU in the discriminator.
"""

from keras import Input, Sequential, initializers, layers

_STRIDED = dict(kernel_size=5, strides=2, padding="same", use_bias=False)
_SMALLEST, _MOST_FILTERS = 4, 512


def generator(image_shape, *, codings_size, filters=64):
    """Codings (batch, codings_size) -> images (batch, *image_shape) in [-1, 1].

    Args:
        image_shape: (height, width, channels); height and width are multiples of 4.
        codings_size: numbers in one coding.
        filters: of the layer next to the images; doubled with each halving of the size, to
            512 at most.
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
    """Images (batch, *image_shape) in [-1, 1] -> scores (batch, 1); `filters` as above."""
    *size, _ = image_shape
    first = layers.Conv2D(filters, kernel_initializer=_normal(), **{**_STRIDED, "use_bias": True})
    stack = [Input(image_shape), first, layers.LeakyReLU(negative_slope=0.2)]
    for level in range(1, halvings(size)):
        down = layers.Conv2D(_filters(filters, level), kernel_initializer=_normal(), **_STRIDED)
        stack += [down, _batch_norm(), layers.LeakyReLU(negative_slope=0.2)]
    score = layers.Dense(1, kernel_initializer=_normal(), dtype="float32")
    return Sequential([*stack, layers.Flatten(), score], name="discriminator")


def halvings(size):
    """How often both sides halve evenly without going below 4 pixels; 2 or more."""
    count = 0
    while all(side % 2 == 0 and side // 2 >= _SMALLEST for side in size):
        size, count = [side // 2 for side in size], count + 1
    return count


def _filters(filters, level):
    return min(filters << level, _MOST_FILTERS)


def _batch_norm():
    # 0.9 as in the paper's own program; with Keras's 0.99 the images of the first epochs,
    # made with the moving averages, lag behind what was trained.
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True)


def _normal():
    return initializers.RandomNormal(stddev=0.02)
