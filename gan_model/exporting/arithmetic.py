"""A program in TensorFlow: what the page's engine computes, to check it against the generator."""

import numpy as np
import tensorflow as tf

_FUNCTIONS = {
    "relu": tf.nn.relu,
    "selu": tf.nn.selu,
    "tanh": tf.nn.tanh,
    "sigmoid": tf.nn.sigmoid,
}


def run(program, codings, labels):
    """The images of codings, float32 (count, height, width, channels), in the program's range.

    Args:
        program: `PageProgram`.
        codings: float32 (count, codings_size).
        labels: int32 (count,); None without classes.
    """
    values = tf.convert_to_tensor(codings, tf.float32)
    if program.bounds:
        labels = (codings[:, :1] >= np.float32(program.bounds)).sum(axis=-1)
    labels = np.zeros(len(codings), np.int32) if labels is None else labels
    for operation in program.operations:
        values = _KINDS[operation.kind](values, operation, labels)
    return values.numpy().reshape(-1, *program.image_shape)


def _dense(values, operation, labels):
    return _with_bias(values @ operation.weights["kernel"], operation)


def _convolution(values, operation, labels):
    padding = operation.settings["padding"].upper()
    strides, kernel = operation.settings["strides"], operation.weights["kernel"]
    return _with_bias(tf.nn.conv2d(values, kernel, strides, padding), operation)


def _transposed(values, operation, labels):
    padding = operation.settings["padding"].upper()
    kernel = operation.weights["kernel"].transpose(0, 1, 3, 2)
    shape = (len(values), *operation.shape)
    strides = operation.settings["strides"]
    return _with_bias(tf.nn.conv2d_transpose(values, kernel, shape, strides, padding), operation)


def _with_bias(values, operation):
    return values + operation.weights["bias"] if "bias" in operation.weights else values


def _affine(values, operation, labels):
    scale, offset = (
        _of_each_image(operation.weights[name], labels, len(values.shape))
        for name in ("scale", "offset")
    )
    return values * scale + offset


def _of_each_image(table, labels, rank):
    """The row of each image's class, to broadcast over its pixels; a single row is of all."""
    rows = table[labels] if len(table) > 1 else table
    return rows.reshape(-1, *[1] * (rank - 2), table.shape[-1])


def _activation(values, operation, labels):
    if operation.settings["function"] == "leaky_relu":
        return tf.where(values > 0, values, values * operation.settings["slope"])
    return _FUNCTIONS[operation.settings["function"]](values)


def _reshape(values, operation, labels):
    return tf.reshape(values, (-1, *operation.shape))


def _upsampling(values, operation, labels):
    for axis, times in enumerate(operation.settings["size"], start=1):
        values = tf.repeat(values, times, axis=axis)
    return values


def _cropping(values, operation, labels):
    top, left = operation.settings["top"], operation.settings["left"]
    height, width, _ = operation.shape
    return values[:, top : top + height, left : left + width]


_KINDS = {
    "dense": _dense,
    "convolution": _convolution,
    "transposed_convolution": _transposed,
    "affine": _affine,
    "activation": _activation,
    "reshape": _reshape,
    "upsampling": _upsampling,
    "cropping": _cropping,
}
