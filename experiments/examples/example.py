"""What the examples share: a small convolutional network, and a command that trains and draws."""

import argparse
from pathlib import Path

import keras
from keras import layers

from gan_model import callbacks, data, pictures

IMAGE_SHAPE = (28, 28, 1)


def convolutions(shape, outputs):
    """A Keras model from images (batch, *shape) to numbers (batch, outputs)."""
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(32, 5, strides=2, padding="same", activation="leaky_relu"),
            layers.Conv2D(64, 5, strides=2, padding="same", activation="leaky_relu"),
            layers.Flatten(),
            layers.Dense(outputs),
        ]
    )


def run(build, picture):
    """Trains a model on the embedded sample, and saves a picture of 10 columns.

    Args:
        build: function without arguments that returns a compiled `GAN`.
        picture: function from the `GAN` and held-out images, uint8 (n, 28, 28), to uint8 images.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--out", default="example.png", help="the picture")
    parser.add_argument("--run-dir", type=Path, help="where the run is kept, to continue it")
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    (train_images, _), (test_images, _) = data.load("sample")
    gan = build()
    gan.fit(
        train_images,
        batch_size=64,
        epochs=options.epochs,
        validation_data=test_images,
        callbacks=callbacks.watch(options.run_dir) if options.run_dir else None,
    )
    pictures.save(pictures.grid(picture(gan, test_images), columns=10), options.out)
    print(f"Picture: {options.out}")
