"""The full Fashion-MNIST -> gan_model/features/fashion.npz, the classifier behind `fashion`.

It trains on the 60,000 training images, shifted by up to one pixel. The 10,000 test images are used
only at the end, to count how many are classified correctly. The seed is fixed, but on another
machine the last bits differ, and so does the checksum.

    python experiments/make_classifier.py

After a change, put the checksum that is printed into gan_model/features/fashion_mnist.py.
"""

import hashlib
from pathlib import Path

import click
import numpy as np

from gan_model.arguments import POSITIVE
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

WEIGHTS = Path(__file__).parent.parent / "gan_model" / "features" / "fashion.npz"
SEED = 0
BATCH_SIZE = 128


def classifier():
    """Images (batch, 28, 28, 1), 0 to 255 -> logits (batch, 10); 64 features before the last.

    20 million multiplications and additions an image: measuring 10,000 images must take a
    second, not a minute. `inner` of gan_model.features.fashion_mnist is the same, folded.
    """
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Rescaling(1 / 127.5, offset=-1.0),
            *convolution(16),
            *convolution(48, strides=2),
            *convolution(64),
            layers.MaxPooling2D(),
            *convolution(96),
            layers.GlobalAveragePooling2D(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10),
        ],
        name="fashion",
    )


def convolution(filters, strides=1):
    from keras import layers

    # No bias: the batch norm's offset takes its place.
    kernel = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)
    return kernel, layers.BatchNormalization(), layers.Activation("relu")


def augmented(images, labels):
    """Each image shifted by up to one pixel, in batches.

    Not mirrored: a shoe that points the other way should look strange to the features.
    """
    import tensorflow as tf

    def moved(image, label):
        padded = tf.pad(image, [[1, 1], [1, 1], [0, 0]])
        return tf.image.random_crop(padded, (28, 28, 1)), label

    rows = tf.data.Dataset.from_tensor_slices((images[..., None], labels))
    rows = rows.shuffle(len(images), seed=SEED)
    return rows.map(moved, num_parallel_calls=2, deterministic=True).batch(BATCH_SIZE).prefetch(4)


def train(model, images, labels, epochs):
    import keras

    steps = epochs * -(-len(images) // BATCH_SIZE)
    rates = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=3e-3, warmup_steps=steps // 10
    )
    model.compile(
        keras.optimizers.Adam(rates),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=20,
    )
    model.fit(augmented(images, labels), epochs=epochs, verbose=2, shuffle=False)


def folded(model):
    """The arrays that `gan_model.features.fashion_mnist` works with: batch norms folded in."""
    from keras import layers

    def of_kind(kind):
        return [layer for layer in model.layers if isinstance(layer, kind)]

    arrays = {}
    pairs = zip(of_kind(layers.Conv2D), of_kind(layers.BatchNormalization), strict=True)
    for i, (kernel, norm) in enumerate(pairs):
        gamma, beta, mean, variance = norm.get_weights()
        scale = gamma / np.sqrt(variance + norm.epsilon)
        arrays[f"kernel_{i}"] = kernel.get_weights()[0] * scale
        arrays[f"bias_{i}"] = beta - mean * scale
    for name, dense in zip(("features", "logits"), of_kind(layers.Dense), strict=True):
        arrays[f"kernel_{name}"], arrays[f"bias_{name}"] = dense.get_weights()
    return arrays


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.option("--epochs", type=POSITIVE, default=20, help="Passes over the images; else 20.")
@click.option("--out", type=Path, default=WEIGHTS, help="File to write; else the package's.")
def main(epochs, out):
    with quiet():
        import keras

        from gan_model import data
        from gan_model.features.fashion_mnist import FashionFeatures
    (images, labels), (test_images, test_labels) = data.load("fashion_mnist")
    keras.utils.set_random_seed(SEED)
    model = classifier()
    train(model, images, labels, epochs)
    weights = folded(model)
    vectors = FashionFeatures(weights)(images).astype(np.float64)
    weights |= {"mean": vectors.mean(axis=0), "covariance": np.cov(vectors, rowvar=False)}
    np.savez(out, **weights)
    right = (FashionFeatures(weights).classes(test_images) == test_labels).mean()
    print(f"{right:.2%} of the {len(test_images):,} test images right")
    print(f"{out}: {hashlib.sha256(Path(out).read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
