"""Feature matching: the generator imitates the mean features of a layer of the discriminator.

    python experiments/examples/feature_matching.py --epochs 10 --out feature_matching.png

Reference: Salimans et al. (2016).
"""

import keras
import tensorflow as tf
from example import IMAGE_SHAPE, run

from gan_model import GAN, networks


@keras.saving.register_keras_serializable("examples")
class FeatureMatchingGAN(GAN):
    """A GAN whose generator minimizes the squared distance of mean features alone."""

    def __init__(self, generator, discriminator, **arguments):
        super().__init__(generator, discriminator, **arguments)
        # It shares the layers of the discriminator, so it is no further network.
        self.features = keras.Model(discriminator.inputs, discriminator.layers[-2].output)

    def generator_loss(self, step):
        of_real = self.features(step.real.images, training=step.training)
        of_fake = self.features(step.fake.images, training=step.training)
        # `step.mean` is over the images on all devices: the square of a mean is no mean.
        distance = tf.reduce_mean(tf.square(step.mean(of_real) - step.mean(of_fake)))
        return distance, {"feature_distance": distance}


def build(shape=IMAGE_SHAPE):
    """The compiled model."""
    generator = networks.dcgan.generator(shape, codings_size=64)
    gan = FeatureMatchingGAN(generator, networks.dcgan.discriminator(shape))
    gan.compile()
    return gan


def picture(gan, images):
    """100 generated images."""
    return gan.generate(100)


if __name__ == "__main__":
    run(build, picture)
