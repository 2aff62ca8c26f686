"""Spectral normalisation: a discriminator whose layers stretch nothing (Miyato et al., 2018).

    networks.spectral.normalized(networks.dcgan.discriminator(image_shape))

makes such a one of any Sequential or functional model.
"""

import keras
import tensorflow as tf
from keras import layers


@keras.saving.register_keras_serializable("gan_model")
class SpectralNormalization(layers.Wrapper):
    """A layer that computes with its kernel divided by the kernel's greatest stretch.

        W = kernel as a matrix (inputs, outputs)
        sigma = |W u|,    u the unit vector that W stretches most
        output = activation(inputs (kernel / sigma) + bias)

    Under it the layer has a slope of 1 at most, but for the overlap of a convolution's
    windows. The gradient goes through sigma too, so it is orthogonal to the kernel and the
    kernel's size has no say. Keras's own layer of this name overwrites the kernel at every
    call instead, so that each pass of a step sees another one.

    `u` is found by power iteration, once in each step of the discriminator (`GAN` calls
    `update` before the passes of that step, the order of the paper) and never in a call. So
    the real, the fake and the penalty's pass of a step see one function, training and
    evaluating are alike, and neither the generator's step nor an evaluation changes a weight.
    From a random `u` it takes some steps until sigma is found; meanwhile it is below the true
    one.

    Args:
        layer: `Dense`, `Conv2D`, or another whose output is linear in a weight `kernel` and
            in its inputs, apart from bias and activation.

    Reference: Miyato et al. (2018), algorithm 1.
    """

    def __init__(self, layer, *, dtype="float32", **keras_arguments):
        # float32 also around a layer that computes in bfloat16, whose 8 bits would show in sigma.
        super().__init__(layer, dtype=dtype, **keras_arguments)

    def build(self, input_shape):
        super().build(input_shape)
        if not hasattr(self.layer, "kernel"):
            raise ValueError(
                f"The layer {self.layer.name} has no kernel to normalise. Wrap layers such as "
                "Dense and Conv2D."
            )
        self.u = self.add_weight(
            name="u",
            shape=(self.layer.kernel.shape[-1],),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
        )

    def call(self, inputs):
        # The layer is linear: to divide what goes in is to divide the kernel.
        return self.layer(inputs / self.sigma())

    def sigma(self):
        """The stretch of the kernel along `u`, a scalar; the greatest one once `u` is found."""
        return _length(tf.linalg.matvec(self._matrix(), _unit(self.u)))

    def update(self):
        """One power iteration, which turns `u` towards where the kernel stretches most."""
        matrix = self._matrix()
        there = _unit(tf.linalg.matvec(matrix, _unit(self.u)))
        self.u.assign(_unit(tf.linalg.matvec(matrix, there, transpose_a=True)))

    def _matrix(self):
        kernel = tf.convert_to_tensor(self.layer.kernel)
        return tf.reshape(kernel, (-1, kernel.shape[-1]))


def normalized(network):
    """The same network, its dense and convolutional layers spectrally normalised.

    Args:
        network: a Sequential or functional model. It is left as it is; the new one has layers
            of its own, with weights drawn anew.
    """

    def copied(layer):
        copy = layer.from_config(layer.get_config())
        return SpectralNormalization(copy) if _can_be_wrapped(layer) else copy

    return keras.models.clone_model(network, clone_function=copied, recursive=True)


def update(network):
    """Updates every spectrally normalised layer of a network, however deep it lies."""
    for layer in every_layer(network):
        if isinstance(layer, SpectralNormalization):
            layer.update()


def every_layer(network):
    """The network and every layer inside it, wrapped and nested ones too."""
    return network._flatten_layers()


def _can_be_wrapped(layer):
    return isinstance(layer, layers.Dense | layers.Conv2D)


def _unit(vector):
    return vector / _length(vector)


def _length(vector):
    # The root has no derivative at 0, where a kernel of zeros would put it.
    return tf.sqrt(tf.reduce_sum(tf.square(vector)) + 1e-12)
