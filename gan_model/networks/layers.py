"""A layer that tells the range of the images of a generator."""

import keras


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
