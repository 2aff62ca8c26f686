"""A discriminator and images -> one number, added to what the discriminator pays.

A penalty bounds how steep the discriminator is where it matters, which is what keeps the two
players from circling for ever. It is an object that is called on the discriminator's tape:

    penalty(discriminator, real_images, fake_images, random) -> scalar

    discriminator  a function, images -> scores, in training mode
    real_images    (batch, height, width) or with channels, float32
    fake_images    as many, of the same shape
    random         `random.RandomStream` of this step: random.uniform(count, size),
                   random.normal(...), and random.step, the number of steps done before

All random numbers come from `random`, so that a run that was cut goes on as it would have. `+`
adds penalties: `R1(10) + R2(10)`. A function of these four is a penalty too; derive from
`Penalty` for one that has a weight and `every` and is saved with the model.

A weight may change along the way: a schedule of Keras, which is a function of the step,

    R1(keras.optimizers.schedules.CosineDecay(10.0, decay_steps=20_000, alpha=0.1))

begins with 10 and ends with 1. The step is the model's own, one for each batch.

With `every=k` a penalty is evaluated at every k-th step only, with k times its weight: nearly
the same push at a fraction of the time (lazy regularisation, Karras et al., 2020). Which steps
is a function of the step's number, 0, k, 2k, ...; at the others it is 0.

`WeightClipping` is no penalty but a constraint: it is applied to each weight of the
discriminator after its update.
"""

from gan_model.penalties.gradient_norms import DRAGAN, R1, R2, GradientPenalty
from gan_model.penalties.penalty import Penalty, Sum
from gan_model.penalties.weight_clipping import WeightClipping

__all__ = ["DRAGAN", "R1", "R2", "GradientPenalty", "Penalty", "Sum", "WeightClipping"]
