"""Trains a small GAN in all ways that `fit` shows differently, with a mark after each."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
import numpy as np
from terminal import mark

from gan_model import GAN, callbacks, progress
from gan_model.losses import BinaryCrossentropy
from gan_model.metrics import Direction, Kind, Metric

IMAGES = np.random.default_rng(0).integers(0, 256, (96, 8, 8), np.uint8)
HELD_OUT = IMAGES[:16]
SHORT = {"epochs": 1, "batch_size": 48}  # two steps, where only the line at the end counts
LONG = {"initial_epoch": 999, "epochs": 1000}


class FixedQuality:
    """Stands for a quality with these readings, one a measurement."""

    names, distance, classes = ("fid_fashion", "recall_fashion"), "fid_fashion", None
    recall = "recall_fashion"
    metrics = {"fid_fashion": Metric("fid_fashion", Direction.LOWER, Kind.DISTANCE, "fid")}  # noqa: RUF012
    further_names = ()
    floor, count, reference = {"fid_fashion": 0.08744}, 16, "none"

    def __init__(self, *readings):
        self._readings = list(readings)

    def refer_to(self, held_out, training=None):
        pass

    def of(self, sampler, labels=None):
        return {"fid_fashion": self._readings.pop(0), "recall_fashion": 0.714}


def small(*readings):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    generator = keras.Sequential(
        [keras.Input((2,)), layers.Dense(64, activation="sigmoid"), layers.Reshape((8, 8))]
    )
    discriminator = keras.Sequential([keras.Input((8, 8)), layers.Flatten(), layers.Dense(1)])
    gan = GAN(generator, discriminator)
    optimizers = [keras.optimizers.SGD(0.01) for _ in range(2)]
    gan.compile(BinaryCrossentropy(), *optimizers, run_eagerly=True)
    gan.quality = FixedQuality(*readings) if readings else None
    return gan


def fit(gan, *listed, **arguments):
    usual = dict(batch_size=16, epochs=3, validation_data=HELD_OUT)
    return gan.fit(IMAGES, callbacks=[*listed], **usual | arguments)


class AtBatch(keras.callbacks.Callback):
    """Acts after the third batch of an epoch, when the moving line is up to date."""

    def __init__(self, epoch, act, *, testing=None):
        super().__init__()
        self._epoch, self._act, self._testing = epoch, act, testing

    def on_epoch_begin(self, epoch, logs=None):
        self._now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self._now, batch) == (self._epoch, 2):
            time.sleep(0.11)  # so that a line is drawn
        if (self._now, batch) == (self._epoch, 3):
            self._act()

    def on_test_batch_end(self, batch, logs=None):
        if self._testing and self._now == self._epoch:
            self._testing()


def speak():
    mark("before-words")
    print("A line of print.")
    print("An Alarm: " + "long words " * 15, file=sys.stderr)
    print("without an end", end="")
    mark("words")


class Own(progress.Progress):
    """A user's own."""

    def place(self):
        return "mine"


class AtTest(keras.callbacks.Callback):
    """A mark in the middle of an evaluation."""

    def on_test_batch_end(self, batch, logs=None):
        if batch == 2:
            time.sleep(0.11)
        if batch == 3:
            mark("evaluating")


def main(folder):
    gan = small(6.214, 5.981, 12.3, 7.0, 8.0, 9.0)
    fit(gan, AtBatch(1, speak, testing=lambda: mark("measuring")))
    mark("trained")
    gan.evaluate(HELD_OUT, batch_size=4, callbacks=[AtTest()])
    mark("evaluated")
    gan.evaluate(HELD_OUT, verbose=2)
    mark("evaluated-in-lines")
    fit(small(), verbose=2, **SHORT)
    fit(small(), verbose=0, **SHORT)
    gan.evaluate(HELD_OUT, verbose=0)
    mark("lines")
    fit(small(), Own(), AtBatch(0, lambda: mark("own-moves")), epochs=1)
    mark("own")
    inside = small(1.0, 2.0)
    fit(inside, AtBatch(0, lambda: inside.evaluate(HELD_OUT)), epochs=1)
    mark("evaluated-inside")
    by_the_clock(folder)
    fit(small(98765.4, 98764.3), AtBatch(999, lambda: mark("long")), **LONG)
    mark("long-lines")
    print("Plain again.")


def by_the_clock(folder):
    gan = small()

    def end():
        mark("clock")
        gan.stop_training = True

    timed = callbacks.TrainingTime(folder / "time.csv", minutes=60)
    fit(gan, timed, AtBatch(0, end), epochs=10**6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
