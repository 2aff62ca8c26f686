"""Two discriminators: one sees whole images, one the images at half their resolution.

    python experiments/examples/two_discriminators.py --epochs 10 --out two_discriminators.png

References: Durugkar et al. (2017), Wang et al. (2018).
"""

import keras
import tensorflow as tf
from example import IMAGE_SHAPE, run

from gan_model import GAN, networks


@keras.saving.register_keras_serializable("examples")
class TwoDiscriminatorsGAN(GAN):
    """A GAN whose losses and penalties are those of two scores for each image."""

    trained_with_discriminator = ("coarse_discriminator",)

    def __init__(self, generator, discriminator, coarse_discriminator, **arguments):
        super().__init__(generator, discriminator, **arguments)
        self.coarse_discriminator = coarse_discriminator

    def discriminate(self, batch, *, training):
        outputs = super().discriminate(batch, training=training)
        coarse = tf.nn.avg_pool2d(batch.images, 2, 2, "VALID")
        coarse_scores = self.coarse_discriminator(coarse, training=training)
        return outputs._replace(scores=tf.concat([outputs.scores, coarse_scores], axis=1))


def build(shape=IMAGE_SHAPE):
    """The compiled model."""
    height, width, channels = shape
    gan = TwoDiscriminatorsGAN(
        networks.dcgan.generator(shape, codings_size=64),
        networks.dcgan.discriminator(shape),
        networks.dcgan.discriminator((height // 2, width // 2, channels)),
    )
    gan.compile()
    return gan


def picture(gan, images):
    """100 generated images."""
    return gan.generate(100)


if __name__ == "__main__":
    run(build, picture)
