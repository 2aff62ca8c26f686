"""Many training steps -> one call into XLA.

Keras calls into XLA once a step. Where a step takes a millisecond, a quarter of it is that call.
Here the loop over `steps_per_execution` steps is compiled as well. The steps are the same to the
bit, however many run together. (The brightness of `augmenting` is an exception: XLA may round once
or twice where an image is scaled and brightened, depending on the rest of the loop.)
"""

import contextlib
import functools
import itertools

import keras
import numpy as np
import tensorflow as tf

from gan_model import replicas
from gan_model.keras_internals import without_registry_leak
from gan_model.model import fit_arguments
from gan_model.model.labels import check_present, check_values
from gan_model.model.updating import UpdatePlan, next_update_plan


@contextlib.contextmanager
def whole_executions(gan, number_of_steps):
    """Uses fewer steps per execution if the compiled number does not divide the number of steps.

    Keras would complete the last execution: 12 steps for 10 asked for, with 4 per execution.
    """
    compiled, steps = gan.steps_per_execution, number_of_steps or 0  # 0: to the end of the data
    divisor = next(n for n in range(compiled, 0, -1) if steps % n == 0)
    if divisor == compiled:
        yield
        return
    _set_steps(gan, divisor)
    try:
        yield
    finally:
        _set_steps(gan, compiled)


def _set_steps(gan, steps_per_execution):
    # Kept, as Keras's loop may be in the middle of them, and others would be traced again.
    kept = gan.functions_by_steps
    kept[gan.steps_per_execution] = gan.train_function, gan.test_function
    gan.steps_per_execution = steps_per_execution
    gan.train_function, gan.test_function = kept.get(steps_per_execution, (None, None))


def train_function(gan):
    """The function from an iterator to logs that `fit` calls, for a GAN that has Keras's."""
    if not gan.jit_compile:
        return gan.train_function

    train_step = with_all_figures(gan, gan.train_step)

    def steps(stack, count):
        def step(number):
            train_step(tf.nest.map_structure(lambda batches: batches[number], stack))
            return [number + 1]

        tf.while_loop(lambda number: number < count, step, [0])
        return gan.get_metrics_result()

    compile_by_xla = functools.partial(tf.function, jit_compile=True, autograph=False)
    compiled = without_registry_leak(compile_by_xla, steps)
    return lambda iterator: _run(compiled, iterator, gan)


def on_devices(gan):
    """Returns a factory for train functions on several devices, or None to use Keras's.

    Keras's cannot run several steps on several devices. On workers it would take the mean of each
    figure over all of them, along an axis that it lacks. Even a strategy of one device inserts
    merge calls, which are not allowed inside a `tf.cond` of a step.
    """
    merging = tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy
    strategy = gan.distribute_strategy
    if strategy.num_replicas_in_sync == 1 and not isinstance(strategy, merging):
        return None
    return functools.partial(_on_all, gan)


def with_all_figures(gan, step):
    """A step whose figures of any name are logged, as means like the others.

    A `train_step` or `test_step` of one's own may return more than that of `GAN`. Keras would log
    what the last batch of an epoch returned; a loop in XLA, or on several devices, has no last one.
    """

    @functools.wraps(step)
    def tracked(data):
        logs = step(data)
        known = {metric.name for metric in gan.metrics}
        gan.trackers.add_returned(
            logs or {}, known, lambda: _share(data), evaluating=gan.evaluating
        )
        return gan.get_metrics_result()

    return tracked


def _share(data):
    return replicas.share(tf.shape(keras.utils.unpack_x_y_sample_weight(data)[0])[0])


def after_data(step):
    """A step that does nothing before its data are there.

    At the end of the data TensorFlow would still run the parts of a step that need no data, such as
    the count of an optimizer. And when an epoch begins, `data.dataset` reads `gan.step` to find its
    position, which nothing else orders before the step that writes it.
    """

    @functools.wraps(step)
    def ordered(data):
        with tf.control_dependencies([part for part in tf.nest.flatten(data) if part is not None]):
            return step(data)

    return ordered


def _on_all(gan, step):
    strategy = gan.distribute_strategy

    def one_step(data, plan):
        if isinstance(data, tf.distribute.DistributedIterator):
            data = next(data)
        gan.update_plan = plan  # each plan is traced by itself
        try:
            logs = strategy.run(step, args=(data,))
        finally:
            gan.update_plan = UpdatePlan()
        return {name: strategy.experimental_local_results(log)[0] for name, log in logs.items()}

    one_step = one_step if gan.run_eagerly else tf.function(one_step, autograph=False)

    def steps(iterator):
        logs = None
        for _ in range(gan.steps_per_execution):
            plan = UpdatePlan() if gan.evaluating else next_update_plan(gan)
            try:
                logs = one_step(_readable(iterator), plan)
            except (StopIteration, tf.errors.OutOfRangeError):
                if logs is None:
                    raise
                break
        return logs

    return steps


def _readable(iterator):
    # `train_on_batch` gives a generator of Python, which a graph would read once.
    return iterator if isinstance(iterator, tf.distribute.DistributedIterator) else next(iterator)


def _run(compiled, iterator, gan):
    given = itertools.islice(iterator, gan.steps_per_execution)
    # `train_on_batch` hands over (images, None, None), and numpy, whose uint8 a stack of arrays
    # would make int32.
    batches = [tf.nest.map_structure(tf.convert_to_tensor, _used(data, gan)) for data in given]
    if not batches:
        raise StopIteration  # what Keras expects of a train function at the end of the data
    for _, same_shapes in itertools.groupby(batches, key=_shapes):
        stack, count = _stacked(list(same_shapes), gan.steps_per_execution)
        logs = compiled(stack, count)
    return logs


def _used(data, gan):
    """What the steps need of a batch: XLA does not take what it would have to ignore."""
    images, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
    fit_arguments.refuse_weights(weights)
    if gan.class_count is None:
        return images
    check_present(labels, gan.class_count)
    check_values(np.asarray(labels), gan.class_count)  # XLA leaves out the check of the step
    return images, labels


def _stacked(batches, height):
    # Always as many, and the number of those that count: one compilation for all.
    padded = batches + batches[-1:] * (height - len(batches))
    return tf.nest.map_structure(lambda *b: tf.stack(b), *padded), tf.constant(len(batches))


def _shapes(batch):
    return [tensor.shape for tensor in tf.nest.flatten(batch)]
