"""Equalized learning rates: the closed form, and the layers of the paper as reference program."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_model import GAN, presets
from gan_model.networks.equalized import EqualizedAdam, relative_rate

SHAPES = {(100, 100): 1.0, (8,): 1.0, (): 1.0, (3, 3, 16, 16): (2 / 288) ** 0.5 / 0.1}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_first_update_is_the_learning_rate_times_the_relative_rate(shape):
    """Adam's first update is the learning rate, whatever the gradient."""
    assert relative_rate(shape) == pytest.approx(SHAPES[shape])
    weight = keras.Variable(np.zeros(shape, "float32"))
    optimizer = EqualizedAdam(0.01, beta_1=0.0, beta_2=0.99)
    optimizer.apply([tf.fill(shape, 3.0)], [weight])
    np.testing.assert_allclose(weight, -0.01 * SHAPES[shape], rtol=1e-5)


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (keras.layers.Dense(300), (200,)),
        (keras.layers.Conv2D(64, 3), (8, 8, 32)),
        (keras.layers.Conv2D(64, (4, 3)), (8, 8, 3)),
    ],
    ids=["dense", "convolution", "few inputs"],
)
def test_it_is_in_proportion_to_the_kernels_that_keras_makes(layer, inputs, seeded):
    layer.build((None, *inputs))
    kernel, bias = layer.trainable_weights
    assert 0.1 * relative_rate(kernel.shape) == pytest.approx(np.std(kernel), rel=0.05)
    assert relative_rate(bias.shape) == 1.0


class Equalized(keras.layers.Layer):
    """The dense layer of Karras et al. (2018): its weights have the standard deviation 1."""

    def __init__(self, kernel):
        super().__init__()
        self.sigma = (2 / sum(kernel.shape)) ** 0.5
        self.weight = self.add_weight(shape=kernel.shape)
        self.weight.assign(kernel / self.sigma)

    def call(self, inputs):
        return inputs @ (self.sigma * self.weight)


def test_it_trains_as_the_layers_of_the_paper_do(seeded):
    kernels = [np.random.default_rng(0).normal(0, 0.2, shape) for shape in ((6, 50), (50, 3))]
    ours = [keras.Variable(kernel.astype("float32")) for kernel in kernels]
    theirs = [Equalized(kernel.astype("float32")) for kernel in kernels]
    settings = dict(beta_1=0.5, beta_2=0.9, epsilon=1e-20)
    rate = 1e-3
    players = [
        (EqualizedAdam(rate, **settings), ours, lambda x, kernel: x @ kernel),
        # A kernel of sigma 0.1 learns at our rate; a layer of the paper's at sigma times its own.
        (keras.optimizers.Adam(rate / 0.1, **settings), theirs, lambda x, layer: layer(x)),
    ]
    inputs, targets = tf.random.normal((32, 6)), tf.random.normal((32, 3))
    for optimizer, layers, apply in players:
        weights = [getattr(layer, "weight", layer) for layer in layers]
        for _ in range(5):
            with tf.GradientTape() as tape:
                outputs = apply(tf.tanh(apply(inputs, layers[0])), layers[1])
                loss = tf.reduce_mean(tf.square(outputs - targets))
            optimizer.apply(tape.gradient(loss, [w.value for w in weights]), weights)
    for our, their, kernel in zip(ours, theirs, kernels, strict=True):
        np.testing.assert_allclose(our, their.sigma * their.weight, rtol=1e-3, atol=1e-5)
        assert np.abs(our - kernel).max() > 2e-3


@pytest.mark.slow
def test_it_is_saved_with_a_gan(tmp_path):
    gan = presets.modern((16, 16, 1), discriminator_learning_rate=3e-4)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert isinstance(loaded, GAN)
    for gans_own in (gan, loaded):
        assert type(gans_own.discriminator_optimizer) is EqualizedAdam
        assert float(gans_own.discriminator_optimizer.learning_rate) == pytest.approx(3e-4)
