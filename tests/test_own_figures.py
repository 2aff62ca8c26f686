"""Figures that a subclass of GAN returns from its steps: they are logged like all others."""

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf
from dense_gan import dense_gan

from gan_model import GAN, callbacks, data

IMAGES = np.arange(6 * 16, dtype="uint8").reshape(6, 4, 4)
WAYS = [
    {"run_eagerly": True},
    pytest.param({"steps_per_execution": 3}, marks=pytest.mark.soak),
    pytest.param({"jit_compile": True, "steps_per_execution": 3}, marks=pytest.mark.slow),
]


class WithFigures(GAN):
    """Returns the mean pixel of each batch, and the number of batches by a metric of its own."""

    def __init__(self, *networks, **arguments):
        super().__init__(*networks, **arguments)
        self.batches = keras.metrics.Sum(name="batches")

    def train_step(self, data):
        figures = super().train_step(data)
        self.batches.update_state(1.0)
        pixels = tf.reduce_mean(tf.cast(data, tf.float32), axis=(1, 2))
        return {**figures, "pixel": pixels, "batches": self.batches.result()}

    def test_step(self, data):
        return {**super().test_step(data), "penalty": tf.reduce_max(tf.cast(data, tf.float32))}


def made(**how):
    parts = dense_gan((4, 4), codings_size=2)
    gan = WithFigures(parts.generator, parts.discriminator)
    gan.compile(**how)
    return gan


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_figures_of_a_step_are_means_over_the_epoch(how, tmp_path):
    gan = made(**how)
    batches = data.dataset(IMAGES, batch_size=2, seed=0)
    kept = callbacks.HistoryFile(tmp_path / "history.csv")
    history = gan.fit(
        batches, validation_data=IMAGES[:4], epochs=2, callbacks=[kept], verbose=0
    ).history
    assert history["pixel"] == pytest.approx([IMAGES.mean()] * 2)
    assert history["batches"] == [3.0, 3.0]  # reset at the beginning of each epoch
    assert history["val_penalty"] == [63.0, 63.0]
    assert "penalty" not in history and "val_pixel" not in history
    with open(tmp_path / "history.csv", newline="") as file:
        assert [float(row["pixel"]) for row in csv.DictReader(file)] == history["pixel"]
