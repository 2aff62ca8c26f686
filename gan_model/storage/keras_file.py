"""A `.keras` file -> its model, or a sentence."""

import keras

from gan_model.storage.messages import reason_of
from gan_model.storage.paths import expanded


def load_model(path):
    """The Keras model in a `.keras` file: a `GAN`, or a generator alone.

    Raises:
        ValueError: there is no such file, or it cannot be read.
    """
    path = expanded(path)
    if not path.is_file():
        raise ValueError(f"There is no file {path}.")
    try:
        return keras.models.load_model(path)
    except Exception as error:  # Keras passes on the errors of zip, h5py and JSON
        raise ValueError(f"{path} cannot be read as a Keras model: {reason_of(error)}") from error
