"""A generator -> a second generator for the moving average of its weights."""

import contextlib

import keras
import tensorflow as tf

from gan_model.keras_internals import every_layer
from gan_model.model.labels import with_labels
from gan_model.networks.layers import dtype_policy
from gan_model.storage.checkpoint import compute_constants
from gan_model.storage.messages import reason_of

_BFLOAT16 = "bfloat16"


def clone_generator(generator, codings_size, class_count=None):
    """A copy of a generator with its own, frozen weights.

    Of a Sequential or functional model, layers that compute in bfloat16 become layers that compute
    in float32: the copy makes the images that people see, and is not part of a training step.

    Raises:
        ValueError: if the generator cannot be cloned, or has bfloat16 weights.
    """
    for weight in generator.weights:
        if weight.dtype == _BFLOAT16:
            raise ValueError(
                f"The weight {weight.path} is bfloat16, which is too coarse for an average (8 bits "
                "of mantissa); expected float32. Type keras.config.set_dtype_policy("
                "'mixed_bfloat16') before building the generator."
            )
    try:
        clone = _cloned(generator)
        labels = None if class_count is None else tf.zeros(1, tf.int32)
        # Builds the clone if it is of a subclass of keras.Model.
        clone(with_labels(tf.zeros((1, codings_size)), labels), training=False)
        clone.set_weights(generator.get_weights())
        compute_constants(clone)
    except Exception as error:  # Keras and the user's own layers may raise anything
        raise _not_cloned(generator, reason_of(error)) from error
    own = {id(weight) for weight in clone.weights}
    if any(id(weight) in own for weight in generator.weights):
        raise _not_cloned(generator, "its clone shares weights with it")
    clone.trainable = False
    return clone


def _cloned(generator):
    if any(layer.compute_dtype == _BFLOAT16 for layer in every_layer(generator)):
        # A class of its own is copied below: Keras copies it by its get_config alone.
        with contextlib.suppress(ValueError, TypeError), dtype_policy("float32"):
            return keras.models.clone_model(generator, clone_function=_in_float32, recursive=True)
    return keras.models.clone_model(generator)


def _in_float32(layer):
    """A copy of a layer, or of an operation such as `a + b`, which has no precision of its own."""
    config = layer.get_config()
    if getattr(layer, "compute_dtype", None) == _BFLOAT16:
        config["dtype"] = "float32"
    if isinstance(layer, keras.layers.Wrapper):
        config["layer"] = keras.saving.serialize_keras_object(_in_float32(layer.layer))
    return type(layer).from_config(config)


def _not_cloned(generator, reason):
    return ValueError(
        f"The generator, a {type(generator).__name__}, cannot be cloned for an average: {reason}. "
        "Use a Sequential or functional model, define get_config in its class, or leave `average` "
        "out."
    )
