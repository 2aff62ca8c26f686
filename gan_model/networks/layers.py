"""The layers of a network, and one that tells the range of its images."""

import keras


def every_layer(network):
    """The network and all its layers, including wrapped and nested ones."""
    return network._flatten_layers()


@keras.saving.register_keras_serializable("gan_model")
class ImageRange(keras.layers.Layer):
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
