"""Everything that this package uses of Keras and TensorFlow although they do not call it public.

Tested with Keras 3.15.1 and TensorFlow 2.21. Each entry says why it is needed, and which public
issue would end it. `tests/test_private_names.py` tells in a sentence what another version broke.
"""

import functools
import inspect

import keras
import tensorflow as tf
from tensorflow.compiler.xla.tsl.protobuf.coordination_config_pb2 import CoordinatedJob
from tensorflow.python.eager import context
from tensorflow.python.framework import ops


class Model(keras.Model):
    """`keras.Model` that lets a subclass decide how a step becomes a function.

    Keras has public methods for the step and for the whole function only. Between them it makes a
    graph of the step, which on several devices cannot be the graph of a GAN.
    """

    def make_step_function(self, step, make):
        """The function from an iterator to logs, of a step of training or of evaluation.

        Args:
            step: method of this model, from a batch to logs.
            make: what Keras does: from a step to such a function.
        """
        return make(step)

    def _make_function(self, step_function):
        return self.make_step_function(step_function, super()._make_function)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Does nothing: a GAN is built, and Keras would add up batches of different sizes."""


def every_layer(model):
    """A model and all its layers. `model.layers` lacks those inside wrappers and nested models."""
    return model._flatten_layers()


def called_by_fit(arguments):
    """Whether it is Keras's `fit` that calls `evaluate` with these arguments, a dict."""
    return arguments.get("_use_cached_eval_dataset", False)


def set_steps_of_evaluation(model):
    """Evaluates `steps_per_execution` batches at a time, also those that `fit` evaluates.

    `fit` makes their iterator once, with the `steps_per_execution` of training.
    """
    model._eval_epoch_iterator.steps_per_execution = model.steps_per_execution


def take_gradients_as_sums(optimizer):
    """Has an optimizer not add up gradients over devices: they are sums already.

    Keras clips the gradients of each device and then adds them up. No issue was found;
    tensorflow/tensorflow#33929 tells why it is so.
    """
    optimizer._all_reduce_sum_gradients = list


def batches_seen(optimizer):
    """The number of batches of an optimizer. Its `iterations` are updates if it accumulates."""
    return int(optimizer._iterations.numpy())


def accumulate(optimizer, gradients, variables, *, update):
    """Adds gradients to those that a Keras optimizer has accumulated, or updates by their mean.

    It is what Keras does, without its `tf.cond`, in which devices cannot meet: until
    keras-team/keras#20582.

    Args:
        optimizer: one with `gradient_accumulation_steps`.
        gradients: one for each variable, or None.
        variables: Keras variables.
        update: whether this batch ends in the update.
    """
    pairs = [pair for pair in zip(gradients, variables, strict=True) if pair[0] is not None]
    gradients, variables = map(list, zip(*pairs, strict=True))
    indices = map(optimizer._get_variable_index, variables)
    sums = [optimizer._accumulated_gradients[index] for index in indices]
    if update:
        steps = optimizer.gradient_accumulation_steps
        means = [(new + old) / steps for new, old in zip(gradients, sums, strict=True)]
        optimizer._apply_weight_decay(variables)
        means = optimizer._clip_gradients(means)
        optimizer._backend_update_step(means, variables, optimizer.learning_rate)
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        gradients = [-old for old in sums]
    optimizer._backend_increment_gradient_accumulators(gradients, sums)
    optimizer._iterations.assign_add(1)


def write_event(writer, event):
    """Writes an event as it is. `tf.summary` writes summaries only, not the start of a session.

    Args:
        writer: `tf.summary.SummaryWriter`.
        event: `tf.compat.v1.Event`.
    """
    tf.raw_ops.ImportEvent(writer=writer._resource, event=event.SerializeToString())


# Workers. `tf.distribute` tells neither how long they wait for each other, nor their texts.


def configure_workers(count, *, wait, heartbeat):
    """Sets how long the workers of a cluster wait; before its strategy is made.

    Args:
        count: number of workers.
        wait: seconds until all have come.
        heartbeat: seconds without a sign of life after which a worker counts as dead.
    """
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader="/job:worker/replica:0/task:0",
        cluster_register_timeout_in_ms=wait * 1000,
        heartbeat_timeout_in_ms=heartbeat * 1000,
        shutdown_barrier_timeout_in_ms=heartbeat * 1000,
        coordinated_jobs=[CoordinatedJob(name="worker", num_tasks=count)],
    )


def tell_workers(key, text):
    """Leaves a text at the chief, for all workers; once for each key."""
    context.context().set_config_key_value(key, text)


def told_by_worker(key, *, wait):
    """A text that a worker leaves at the chief within `wait` seconds.

    Raises:
        tf.errors.OpError: it has not come, or the chief is lost.
    """
    return context.context().get_config_key_value(key, wait * 1000)


# Memory. TensorFlow keeps the gradient of each `tf.custom_gradient` that it traces for as long as
# the process lives, and with it the graph of the step: tensorflow/tensorflow#97697. Keras adds some
# in each training step, since optimizers and synchronized batch norms call `all_reduce`. They are
# for differentiating the graph later. A step takes its gradients while it is traced.


def without_registry_leak(make_function, step):
    """The function that `make_function` makes of a step, whose graphs end with their model.

    It costs nothing in a call that traces nothing. Entries of other graphs stay, also those of
    a `tf.function` that the step calls: somebody else may call and differentiate it.
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
                forget_gradients(graphs)
                graphs.clear()

    return call


def forget_gradients(graphs):
    """Removes the custom gradients of some graphs from TensorFlow's registry."""
    # Where another TensorFlow keeps them elsewhere, they stay: better than no training.
    entries = getattr(ops.gradient_registry, "_registry", {})
    for name, entry in list(entries.items()):
        if name.startswith("CustomGradient-") and _graph_of(entry["type"]) in graphs:
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
