"""A discriminator and images -> a scalar that is added to the discriminator loss.

A penalty bounds the gradient of the discriminator by its input, which stabilizes training. It is
called inside the discriminator's gradient tape:

    penalty(scores, real, fake, random) -> scalar

    scores  a function from a `model.Batch` to the discriminator's scores, in training mode
    real    `model.Batch` of augmented real images, with `images` (batch, height, width) or
            (batch, height, width, channels), float32, and `labels`
    fake    the same of generated images, with `codings`
    random  `model.random.RandomStream` of this step, with random.uniform(count, size),
            random.normal(count, size) and random.step, the number of completed steps

For the scores of other images than these, such as mixtures: `scores(real._replace(images=...))`.

`+` adds penalties: `R1(10) + R2(10)`.

The weight of a penalty may be a Keras schedule, which is called with the training step, one per
batch. This one starts at 10 and ends at 1:

    R1(keras.optimizers.schedules.CosineDecay(10.0, decay_steps=20_000, alpha=0.1))

With `every=k` the penalty is evaluated at steps 0, k, 2k, ... with k times its weight, and is 0
at all other steps. This has nearly the same effect in less time (lazy regularization, Karras et
al., 2020).

Your own penalty is a function of the four arguments above, a `PenaltyFunction`. Take all random
numbers from `random`, so that a resumed run equals an uninterrupted one. It gives the same numbers
at each call: draw all at once and cut them. There is one row for each image of the batch: for more
numbers draw longer rows. Derive from `Penalty` for a weight, `every`, and saving with the model. To
add a penalty to this package, write one class in one file, import it here, and add a row in
tests/test_penalties.py.

`WeightClipping` is a constraint: it is applied to each weight of the discriminator after its
update.
"""

from gan_model.penalties.gradient_norms import (
    DRAGAN,
    R1,
    R2,
    GradientPenalty,
    weight_for,
)
from gan_model.penalties.penalty import Penalty, PenaltyFunction, Sum
from gan_model.penalties.weight_clipping import WeightClipping

__all__ = [
    "DRAGAN",
    "R1",
    "R2",
    "GradientPenalty",
    "Penalty",
    "PenaltyFunction",
    "Sum",
    "WeightClipping",
    "weight_for",
]
