"""A network -> the last activation of each output, whatever the network's class."""

import tensorflow as tf

from gan_model.model.labels import with_labels

LINEAR = "linear"
# Operations that move or cast values and keep their range.
_RANGE_KEEPING = {
    *("Identity", "Reshape", "Cast", "Squeeze", "ExpandDims", "Transpose"),
    *("StridedSlice", "Slice"),
}
# A network whose last operation is one of these, or adds a bias, has no last activation.
_WITHOUT_ACTIVATION = {"BiasAdd", "MatMul", "BatchMatMulV2", "Conv2D", "Conv2DBackpropInput"}


def last_activations(network, input_shape, class_count):
    """For each output the type of its last TensorFlow operation, such as "Tanh"; or `LINEAR`.

    Args:
        network: Keras model, also a subclass of `keras.Model`.
        input_shape: shape of one input, without labels.
        class_count: classes, where the network takes labels too.
    """
    labels = None if class_count is None else tf.TensorSpec((None,), tf.int32)
    given = with_labels(tf.TensorSpec((None, *input_shape), tf.float32), labels)
    traced = tf.function(lambda x: network(x, training=False)).get_concrete_function(given)
    return [_activation_of(output) for output in traced.graph.outputs]


def _activation_of(output):
    operation = _source(output)
    without = operation.type in _WITHOUT_ACTIVATION or _adds_a_bias(operation)
    return LINEAR if without else operation.type


def _source(tensor):
    operation = tensor.op
    while operation.type in _RANGE_KEEPING:
        operation = operation.inputs[0].op
    return operation


def _adds_a_bias(operation):
    return operation.type in ("Add", "AddV2") and any(
        _source(added).type == "ReadVariableOp" for added in operation.inputs
    )
