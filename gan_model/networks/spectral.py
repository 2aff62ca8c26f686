"""Spectral normalisation, which bounds the gradient of a discriminator (Miyato et al., 2018).

    discriminator = networks.spectral.normalized(networks.dcgan.discriminator(image_shape))

`normalized` takes any Sequential or functional model.
"""

import keras
import tensorflow as tf
from keras import layers

from gan_model.keras_internals import every_layer


@keras.saving.register_keras_serializable("gan_model")
class SpectralNormalization(layers.Wrapper):
    """Wraps a layer and divides its kernel by the kernel's spectral norm.

        W = kernel as a matrix (inputs, outputs)
        sigma = |W u|,    u the unit vector that maximises |W u|
        output = activation(inputs (kernel / sigma) + bias)

    The Lipschitz constant of a dense layer becomes 1 at most (without its activation). That of a
    convolution can be larger, because its windows overlap. The gradient is propagated through
    sigma too, so it is orthogonal to the kernel, and the scale of the kernel has no effect.

    `u` is estimated by power iteration. `GAN` calls `update` once in each step, before the forward
    passes of the discriminator, as in the paper; calling the layer does not change `u`. So all
    forward passes of a network in a step use the same sigma, and training and inference compute the
    same. A generator has made the images of the step by then: it uses the new `u` in the next one.
    Neither the generator's step nor an evaluation changes a weight. `u` starts at random, so
    sigma is too small in the first steps.

    The Keras layer of the same name differs: it overwrites the kernel in every training call, so
    the forward passes of one step use different kernels.

    Args:
        layer: `Dense`, `Conv2D`, or another layer whose output is linear in its inputs and in a
            weight `kernel`, apart from bias and activation.

    Reference: Miyato et al. (2018), algorithm 1.
    """

    def __init__(self, layer, *, dtype="float32", **keras_arguments):
        # float32 also around a bfloat16 layer: sigma needs more than 8 bits of mantissa.
        super().__init__(layer, dtype=dtype, **keras_arguments)

    def build(self, input_shape):
        super().build(input_shape)
        if not hasattr(self.layer, "kernel"):
            raise ValueError(
                f"The layer {self.layer.name} has no kernel to normalise; expected a layer with "
                "a weight `kernel`. Wrap layers such as Dense and Conv2D."
            )
        self.u = self.add_weight(
            name="u",
            shape=(self.layer.kernel.shape[-1],),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
        )

    def call(self, inputs):
        # The layer is linear, so dividing its inputs has the same effect as dividing its kernel.
        return self.layer(inputs / self.sigma())

    def sigma(self):
        """|W u|, a scalar; the spectral norm of the kernel once `u` has converged."""
        return _length(tf.linalg.matvec(self._matrix(), _unit(self.u)))

    def update(self):
        """Runs one power iteration, which moves `u` towards the vector that maximises |W u|."""
        matrix = self._matrix()
        left = _unit(tf.linalg.matvec(matrix, _unit(self.u)))
        moved = _unit(tf.linalg.matvec(matrix, left, transpose_a=True))
        # A kernel of zeros, as some begin with, leaves no direction: from 0 it would never return.
        self.u.assign(tf.where(tf.reduce_any(moved != 0), moved, self.u))

    def _matrix(self):
        kernel = tf.cast(tf.convert_to_tensor(self.layer.kernel), self.u.dtype)
        return tf.reshape(kernel, (-1, kernel.shape[-1]))


def normalized(network):
    """A new network whose `Dense` and `Conv2D` layers are spectrally normalised.

    Other layers stay as they are. The scores of a discriminator with a `Projection` are therefore
    not bounded: its kernel and its embeddings are not normalised.

    Args:
        network: a Sequential or functional model. It is not changed. The new network has its
            own layers with newly initialised weights.
    """

    def wrapped(layer):
        copy = layer.from_config(layer.get_config())
        return SpectralNormalization(copy) if _can_be_wrapped(layer) else copy

    return keras.models.clone_model(network, clone_function=wrapped, recursive=True)


def update(network):
    """Calls `update` of every spectrally normalised layer of a network, including nested ones."""
    for layer in every_layer(network):
        if isinstance(layer, SpectralNormalization):
            layer.update()


def _can_be_wrapped(layer):
    return isinstance(layer, layers.Dense | layers.Conv2D)


def _unit(vector):
    return vector / _length(vector)


def _length(vector):
    # The square root has no derivative at 0; without the constant a kernel of zeros gives NaN.
    return tf.sqrt(tf.reduce_sum(tf.square(vector)) + 1e-12)
