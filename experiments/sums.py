"""Milliseconds in which workers add up as much as in a training step, without the step.

    python experiments/sums.py --preset modern --workers 2

The sums of a step are counted in its graph; two of them are of gradients.
"""

import shlex
import statistics
import sys
import time
from types import SimpleNamespace

import click

from gan_model.arguments import POSITIVE, PRESET
from gan_model.commands import local_workers
from gan_model.commands.parsing import Command
from gan_model.commands.program import Program
from gan_model.commands.screen import quiet

_STEPS, _REPEATS, _SMALL = 20, 5, 64  # figures, and statistics of batch normalization


class Script(Program):
    """This script, whose workers are processes of it."""

    def started(self, arguments):
        return [sys.executable, __file__, *arguments]

    def again(self):
        return shlex.join(["python", *self.words])


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.option("--preset", type=PRESET, default="modern", help="Whose weights are counted.")
@click.option("--image-size", type=POSITIVE, default=28, help="Else 28.")
@click.option("--channels", type=POSITIVE, default=1, help="Else 1.")
@click.option("--workers", type=POSITIVE, help="Start so many workers on this machine.")
def main(**options):
    args = SimpleNamespace(**options)
    program = Script(sys.argv)
    if args.workers:
        return local_workers.start(args.workers, program)
    with quiet():
        import tensorflow as tf

        from gan_model import presets, replicas
    strategy = replicas.strategy()
    with strategy.scope():
        gan = presets.named(args.preset)((args.image_size, args.image_size, args.channels))
    count = sums_of_a_step(gan, strategy)
    players = [one.trainable_variables for one in (gan.generator, gan.discriminator)]
    weights = [sum(tf.size(variable).numpy() for variable in of_one) for of_one in players]
    sizes = [*weights, *[_SMALL] * (count - 2)]
    step = adder(strategy)
    with local_workers.as_one(strategy, vars(args), program) as is_chief:
        found = milliseconds(lambda: step([tf.zeros(size) for size in sizes]))
        if is_chief:
            print(
                f"{args.preset}: {count} sums, {sum(weights):,} weights: "
                f"{statistics.median(found):.1f} ms ({min(found):.1f} to {max(found):.1f})",
                flush=True,
            )
    return None


def adder(strategy):
    """A function that adds up each of some vectors over all workers, one after the other."""
    import tensorflow as tf

    from gan_model import replicas

    def add(vectors):
        summed = []
        for vector in vectors:
            with tf.control_dependencies(summed[-1:]):  # in a step each sum waits for another
                summed.append(replicas.total(tf.identity(vector)))
        return summed[-1]

    return tf.function(lambda vectors: strategy.run(add, args=(vectors,)))


def sums_of_a_step(gan, strategy):
    """The number of times that all workers meet in a step."""
    import tensorflow as tf

    batch = tf.TensorSpec([None, *gan.image_shape], tf.uint8)
    if gan.class_count is not None:
        batch = batch, tf.TensorSpec([None], tf.int32)
    step = tf.function(lambda data: strategy.run(gan.train_step, args=(data,)))
    graph = step.get_concrete_function(batch).graph.as_graph_def()
    operations = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    of_graph = sum(operation.op == "CollectiveReduceV2" for operation in operations)
    return of_graph + 1  # before it `fit` asks whether all workers have a batch


def milliseconds(step):
    """A step's, of each of some repeats."""
    step()
    found = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        for _ in range(_STEPS):
            step()
        found.append(1000 * (time.perf_counter() - began) / _STEPS)
    return found


if __name__ == "__main__":
    main()
