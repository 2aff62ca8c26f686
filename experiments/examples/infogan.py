"""InfoGAN: ten categories in the codings, which a recognizer reads off the images.

    python experiments/examples/infogan.py --epochs 10 --out infogan.png

Reference: Chen et al. (2016).
"""

import math

import keras
import tensorflow as tf
from example import IMAGE_SHAPE, convolutions, run
from keras import layers, ops

from gan_model import GAN, networks

CATEGORIES, REST = 10, 54  # numbers of a coding


@keras.saving.register_keras_serializable("examples")
class InfoGAN(GAN):
    """A GAN whose generator is also trained to make its category recognizable."""

    trained_with_generator = ("recognizer",)

    def __init__(self, generator, discriminator, recognizer, **arguments):
        super().__init__(generator, discriminator, **arguments)
        self.recognizer = recognizer

    def generator_loss(self, step):
        loss, logs = super().generator_loss(step)
        categories = tf.argmax(step.fake.codings[:, :CATEGORIES], axis=1)
        logits = self.recognizer(step.fake.images, training=step.training)
        losses = keras.losses.sparse_categorical_crossentropy(categories, logits, from_logits=True)
        loss += tf.reduce_mean(losses)
        # A lower bound of the mutual information of category and image, in nats.
        return loss, logs | {"mutual_information": math.log(CATEGORIES) - losses}


def build(shape=IMAGE_SHAPE):
    """The compiled model."""
    codings = keras.Input((CATEGORIES + REST,))
    # The largest of ten normal numbers is each of them equally often.
    category = ops.one_hot(ops.argmax(codings[:, :CATEGORIES], axis=1), CATEGORIES)
    inputs = layers.Concatenate()([category, codings[:, CATEGORIES:]])
    images = networks.dcgan.generator(shape, codings_size=CATEGORIES + REST)(inputs)
    recognizer = convolutions(shape, CATEGORIES)
    gan = InfoGAN(keras.Model(codings, images), networks.dcgan.discriminator(shape), recognizer)
    gan.compile()
    return gan


def picture(gan, images):
    """A category in each row, with the same other numbers of the codings in all rows."""
    rest = tf.tile(tf.random.stateless_normal((10, REST), seed=(0, 0)), (CATEGORIES, 1))
    category = tf.repeat(tf.one_hot(tf.range(CATEGORIES), CATEGORIES), 10, axis=0)
    return gan.sampler().images_of(tf.concat([category, rest], axis=1))


if __name__ == "__main__":
    run(build, picture)
