"""Milliseconds in which workers add up as much as in a training step, without the step.

python experiments/sums.py --preset modern --sums 36 --workers 2
"""

import statistics
import time

import together
from command_line import Parser, plain_errors, positive, quiet

_STEPS, _REPEATS, _SMALL = 20, 5, 64  # figures, and statistics of batch normalization


def arguments():
    parser = Parser(__doc__.split("\n")[0])
    parser.add_argument("--preset", default="modern", help="whose weights are counted")
    parser.add_argument("--image-size", type=positive, default=28)
    parser.add_argument("--channels", type=positive, default=1)
    parser.add_argument("--sums", type=positive, default=36, help="in a step; two are of gradients")
    parser.add_argument("--workers", type=positive, help="start so many workers on this machine")
    return parser.parse_args()


def main(args):
    if args.workers:
        return together.start(args.workers)
    with quiet():
        import tensorflow as tf

        from gan_model import presets, replicas
    strategy = replicas.strategy()
    gan = presets.named(args.preset)((args.image_size, args.image_size, args.channels))
    players = [one.trainable_variables for one in (gan.generator, gan.discriminator)]
    weights = [sum(tf.size(variable).numpy() for variable in of_one) for of_one in players]
    sizes = [*weights, *[_SMALL] * (args.sums - 2)]

    def add(vectors):
        summed = []
        for vector in vectors:
            with tf.control_dependencies(summed[-1:]):  # in a step each sum waits for another
                summed.append(replicas.total(tf.identity(vector)))
        return summed[-1]

    step = tf.function(lambda vectors: strategy.run(add, args=(vectors,)))
    with together.as_one(strategy, vars(args)) as is_chief:
        found = milliseconds(lambda: step([tf.zeros(size) for size in sizes]))
        if is_chief:
            print(
                f"{args.preset}: {args.sums} sums, {sum(weights):,} weights: "
                f"{statistics.median(found):.1f} ms ({min(found):.1f} to {max(found):.1f})",
                flush=True,
            )
    return None


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
    with plain_errors():
        main(arguments())
