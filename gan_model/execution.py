"""Many training steps -> one call into XLA."""

import functools
import itertools

import keras
import tensorflow as tf

from gan_model.tracing import released


class RunInOneCall:
    """Runs the `steps_per_execution` of a compiled Keras model as one XLA computation.

    Keras calls into XLA once a step. Where a step takes a millisecond, a quarter of it is that
    call. Here the loop over the steps is compiled as well; the steps are the same ones, to
    the bit, however many run together. (An exception is brightness of `augmenting`: XLA may
    round once or twice where an image is scaled and made lighter, as the rest of the loop has it.)
    """

    def make_train_function(self, force=False):
        if self.train_function is not None and not force:
            return
        super().make_train_function(force)
        if self.jit_compile:
            compiled = functools.partial(tf.function, jit_compile=True, autograph=False)
            steps = released(compiled, self._steps)
            self.train_function = lambda iterator: self._run(steps, iterator)

    def _make_function(self, step_function):  # Keras calls it, for training and for evaluation
        return released(super()._make_function, step_function)

    def _run(self, steps, iterator):
        given = itertools.islice(iterator, self.steps_per_execution)
        # `train_on_batch` hands over (images, None, None), and numpy, whose uint8 a stack of
        # arrays would make int32.
        batches = [tf.nest.map_structure(tf.convert_to_tensor, self._used(data)) for data in given]
        if not batches:
            raise StopIteration  # what Keras expects of a train function at the end of the data
        for _, alike in itertools.groupby(batches, key=_shapes):
            stack, count = self._stacked(list(alike))
            logs = steps(stack, count)
        return logs

    def _used(self, data):
        """What the steps need of a batch: XLA would have to be told what the rest is."""
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        return images if self.class_count is None else (images, labels)

    def _stacked(self, batches):
        # Always as many, and told how many count: one compilation for all.
        missing = self.steps_per_execution - len(batches)
        padded = batches + batches[-1:] * missing
        return tf.nest.map_structure(lambda *b: tf.stack(b), *padded), tf.constant(len(batches))

    def _steps(self, stack, count):
        def step(number):
            self.train_step(tf.nest.map_structure(lambda batches: batches[number], stack))
            return [number + 1]

        tf.while_loop(lambda number: number < count, step, [0])
        return self.get_metrics_result()


def devices():
    """How many play the same step at once, each with its share of the batch."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def _shapes(batch):
    return [tensor.shape for tensor in tf.nest.flatten(batch)]
