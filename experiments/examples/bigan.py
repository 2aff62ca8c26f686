"""BiGAN: an encoder learns to invert the generator, as the discriminator judges pairs.

    python experiments/examples/bigan.py --epochs 10 --out bigan.png

References: Donahue et al. (2017), Dumoulin et al. (2017).
"""

import keras
import numpy as np
from example import IMAGE_SHAPE, convolutions, run
from keras import layers

from gan_model import GAN, losses, networks, penalties
from gan_model.data.images import to_range
from gan_model.model import Discriminated

CODINGS = 32


@keras.saving.register_keras_serializable("examples")
class BiGAN(GAN):
    """A GAN of pairs: real images with inferred codings, codings with generated images."""

    trained_with_generator = ("encoder",)

    def __init__(self, generator, discriminator, encoder, **arguments):
        super().__init__(generator, discriminator, **arguments)
        self.encoder = encoder

    def forward(self, step):
        step = super().forward(step)
        codings = self.encoder(step.real.images, training=step.training)
        return step._replace(real=step.real._replace(codings=codings))

    def discriminate(self, batch, *, training):
        return Discriminated(self.discriminator([batch.images, batch.codings], training=training))


def build(shape=IMAGE_SHAPE):
    """The compiled model."""
    images, codings = keras.Input(shape), keras.Input((CODINGS,))
    pair = layers.Concatenate()([convolutions(shape, 128)(images), codings])
    hidden = layers.Dense(256, activation="leaky_relu")(pair)
    discriminator = keras.Model([images, codings], layers.Dense(1)(hidden))
    generator = networks.dcgan.generator(shape, codings_size=CODINGS)
    gan = BiGAN(generator, discriminator, convolutions(shape, CODINGS))
    # The encoder learns from the real pairs. Without a penalty the discriminator wins at once.
    gan.compile(losses.Relativistic(), penalty=penalties.R1(1.0))
    return gan


def picture(gan, images):
    """Pairs of columns: held-out images, and what the generator makes of their codings."""
    real = to_range(images[:50], gan.image_shape, gan.image_range)
    codings = gan.encoder.predict(real, verbose=0)
    made = gan.sampler().images_of(codings).reshape(-1, *gan.image_shape)
    return np.stack([images[:50].reshape(made.shape), made], axis=1).reshape(-1, *gan.image_shape)


if __name__ == "__main__":
    run(build, picture)
