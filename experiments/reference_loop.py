"""The loop that `fit` replaces: two compiled models, `trainable` toggled around each batch.

The baseline for equivalence (`test_equivalence.py`) and for speed (`experiments/benchmark.py`).
The networks are those of `gan_model.networks`, with the sigmoid that the loop's
`binary_crossentropy` wants at the discriminator's end.
"""

import keras
import numpy as np


def compiled(generator, discriminator, *, optimizers=None):
    """The two models of the loop, `discriminator` and `gan`, over the given layers.

    Args:
        generator: codings -> images.
        discriminator: Sequential, images -> logits; the same weights train here.
        optimizers: one for each model, discriminator's first. None: "rmsprop" for both.
    """
    first, second = optimizers or ("rmsprop", "rmsprop")
    layers = discriminator.layers  # of a functional model the first is its input
    *hidden, logits = [one for one in layers if not isinstance(one, keras.layers.InputLayer)]
    # A Dense layer of the same weights with the activation of the original.
    probability = keras.layers.Dense(1, activation="sigmoid")
    classifier = keras.Sequential(
        [keras.Input(discriminator.input_shape[1:]), *hidden, probability]
    )
    probability.set_weights(logits.get_weights())
    classifier.compile(loss="binary_crossentropy", optimizer=first)
    classifier.trainable = False
    gan = keras.Sequential([generator, classifier])
    gan.compile(loss="binary_crossentropy", optimizer=second)
    return classifier, gan


def batches(gan, images, batch_size=32):
    """Images in the range of a GAN, in shuffled batches, as the original has them."""
    import tensorflow as tf

    low, high = gan.image_range
    scaled = (images / 255 * (high - low) + low).astype("float32").reshape(-1, *gan.image_shape)
    rows = tf.data.Dataset.from_tensor_slices(scaled).shuffle(1000)
    return rows.batch(batch_size, drop_remainder=True).prefetch(1)


def turn(generator, discriminator, gan, real_images, codings, more_codings, *, training=False):
    """One turn of the loop: each player learns from one batch.

    Args:
        real_images: in the generator's range, as the discriminator takes them.
        codings, more_codings: what the discriminator's phase and the generator's are fed with.
        training: the mode in which the discriminator's phase makes its images. The original
            calls `generator(codings)`, which is inference mode.
    """
    batch_size = len(real_images)
    # Phase 1 - training the discriminator
    generated_images = generator(codings, training=training)
    X_fake_and_real = np.concatenate([generated_images, real_images], axis=0)
    y1 = np.array([[0.0]] * batch_size + [[1.0]] * batch_size)
    discriminator.trainable = True
    discriminator.train_on_batch(X_fake_and_real, y1)
    # Phase 2 - training the generator
    y2 = np.array([[1.0]] * batch_size)
    discriminator.trainable = False
    gan.train_on_batch(more_codings, y2)


def train(generator, discriminator, gan, dataset, codings_size, *, epochs=1):
    """Runs the loop over a data set of real images, with codings drawn as the original does."""
    import tensorflow as tf

    for _ in range(epochs):
        for real_images in dataset:
            draws = [tf.random.normal([len(real_images), codings_size]) for _ in range(2)]
            turn(generator, discriminator, gan, real_images, *draws)
