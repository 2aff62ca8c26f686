"""A step that TensorFlow traces -> a function that keeps no graph in memory after its model.

TensorFlow has a registry of gradients that lasts as long as the process. Whenever
`tf.custom_gradient` is traced it adds an entry, and the entry holds the graph. Keras adds some in
each training step: its optimizers and synchronized batch normalization call `all_reduce`, which
has a custom gradient. The entries serve to differentiate the graph later. A training step takes
its gradients while it is traced, so its entries are removed right after that.
"""

import functools
import inspect

import tensorflow as tf
from tensorflow.python.framework import ops

_CUSTOM = "CustomGradient-"  # begins the names that `tf.custom_gradient` gives


def released(make_function, step):
    """The function that `make_function` makes of a step, without the entries of its graphs.

    It costs nothing in a call that traces nothing. Entries of other graphs stay, also those of
    a `tf.function` that the step calls: somebody else may call and differentiate it.

    Args:
        make_function: from a step to a function that traces it when it is called.
        step: of training or of evaluation.
    """
    graphs = []

    @functools.wraps(step)
    def noted(*arguments):
        if not tf.executing_eagerly():
            graphs.append(_function_graph(tf.compat.v1.get_default_graph()))
        return step(*arguments)

    function = make_function(noted)

    def call(*arguments):
        try:
            return function(*arguments)
        finally:
            if graphs:
                _release(graphs)
                graphs.clear()

    return call


def _release(graphs):
    # There is no public way to remove an entry. Where TensorFlow keeps them elsewhere, they stay.
    entries = getattr(ops.gradient_registry, "_registry", {})
    for name, entry in list(entries.items()):
        if name.startswith(_CUSTOM) and _graph_of(entry["type"]) in graphs:
            entries.pop(name, None)


def _graph_of(gradient):
    """The graph of a function that a custom gradient is part of; None where it is unknown."""
    # The gradient function has the results of the forward pass in its closure.
    held = inspect.getclosurevars(gradient).nonlocals
    held = inspect.getclosurevars(held["tape_grad_fn"]).nonlocals if "tape_grad_fn" in held else {}
    tensors = (one for one in tf.nest.flatten(held.get("result")) if isinstance(one, tf.Tensor))
    return next((_function_graph(tensor.graph) for tensor in tensors), None)


def _function_graph(graph):
    """The graph itself, or, of a branch or the body of a loop, the graph that it is a part of."""
    while getattr(graph, "is_control_flow_graph", False):
        graph = graph.outer_graph
    return graph
