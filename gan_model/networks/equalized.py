"""Updates of the weights in proportion to what they are initialised with."""

import math

import keras

_SIGMA = 0.1  # a kernel of this standard deviation learns at the learning rate itself


@keras.saving.register_keras_serializable("gan_model")
class EqualizedAdam(keras.optimizers.Adam):
    """Adam with an update of each kernel in proportion to the weights that it begins with.

        update = 10 sigma * update of Adam,   sigma = sqrt(2 / (inputs + outputs))

    sigma is the standard deviation with which Keras initialises a kernel (Glorot and Bengio, 2010).
    Its inputs and outputs are those of one unit: for a convolution, channels times pixels of the
    window. Adam changes all weights by about the learning rate. But the wider a layer, the smaller
    are its weights: the widest layer changes fastest, and the rate that it can bear is too low for
    the layers next to the images, which are the narrowest. Here all layers change at the same pace,
    so that a learning rate suits networks of different widths.

    Vectors, such as biases and the scales of a normalization, are updated as by Adam.

    Args:
        learning_rate: that of a kernel with a sigma of 0.1, and of vectors.
        beta_1, beta_2, and the rest: see `keras.optimizers.Adam`.

    Reference: Karras et al. (2018), "equalized learning rate". There layers hold weights of
    standard deviation 1 and multiply them by sigma. Here the weights are Keras's own.
    """

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, learning_rate * relative_rate(variable.shape))


def relative_rate(shape):
    """The learning rate of a weight of a shape, as a fraction of that of the optimizer."""
    if len(shape) < 2:
        return 1.0
    *window, inputs, outputs = shape
    return math.sqrt(2 / ((inputs + outputs) * math.prod(window))) / _SIGMA
