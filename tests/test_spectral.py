"""Spectral normalisation: against numpy's singular values, and in the steps of a training."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_gan import conv_gan
from keras import layers
from test_resume import SHAPE, CopyAfter, Process, same
from test_schedules import small_gan

from gan_model import GAN, networks
from gan_model.keras_internals import every_layer
from gan_model.losses import Hinge
from gan_model.networks import spectral
from gan_model.networks.layers import dtype_policy
from gan_model.networks.spectral import SpectralNormalization
from gan_model.penalties import R1

KINDS = {
    "dense": (lambda: layers.Dense(5), (7,)),
    "one score": (lambda: layers.Dense(1), (7,)),
    "conv": (lambda: layers.Conv2D(4, 3, strides=2, padding="same"), (8, 8, 3)),
    "activation": (lambda: layers.Conv2D(4, 3, activation="selu"), (8, 8, 3)),
    "wide": (lambda: layers.Dense(40, use_bias=False), (7,)),
}
for_all = pytest.mark.parametrize("kind", KINDS)


def made(kind, updates=0):
    keras.utils.set_random_seed(3)
    make, shape = KINDS[kind]
    layer = SpectralNormalization(make())
    layer.build((None, *shape))
    if layer.layer.use_bias:
        layer.layer.bias.assign(np.linspace(-1, 1, layer.layer.bias.shape[0]))
    for _ in range(updates):
        layer.update()
    return layer


def matrix(layer):
    kernel = layer.layer.kernel.numpy().astype("float64")
    return kernel.reshape(-1, kernel.shape[-1])


def greatest_stretch(layer):
    return np.linalg.svd(matrix(layer), compute_uv=False)[0]


def inputs(kind, count=3):
    return np.random.default_rng(1).normal(size=(count, *KINDS[kind][1])).astype("float32")


def unit(vector):
    return vector / np.linalg.norm(vector)


def iterated(layer, u, times=1):
    """Power iterations in float64."""
    for _ in range(times):
        u = unit(matrix(layer).T @ unit(matrix(layer) @ u))
    return u


# The number.


@pytest.mark.slow
@for_all
def test_sigma_is_the_greatest_singular_value(kind):
    layer = made(kind, updates=300)
    assert float(layer.sigma()) == pytest.approx(greatest_stretch(layer), rel=1e-4)
    normalised = matrix(layer) / float(layer.sigma())
    assert np.linalg.norm(normalised, 2) == pytest.approx(1.0, rel=1e-4)


@for_all
def test_an_update_is_one_power_iteration(kind):
    layer = made(kind)
    before = unit(layer.u.numpy().astype("float64"))
    layer.update()
    np.testing.assert_allclose(layer.u.numpy(), iterated(layer, before), rtol=1e-4, atol=1e-5)
    stretch = np.linalg.norm(matrix(layer) @ layer.u.numpy())
    assert float(layer.sigma()) == pytest.approx(stretch, rel=1e-5)
    assert float(layer.sigma()) <= greatest_stretch(layer) * (1 + 1e-6)


@for_all
def test_the_layer_computes_with_the_divided_kernel(kind):
    layer = made(kind, updates=2)
    plain = KINDS[kind][0]()
    plain.build((None, *KINDS[kind][1]))
    plain.set_weights(layer.layer.get_weights())
    plain.kernel.assign(plain.kernel / layer.sigma())
    np.testing.assert_allclose(layer(inputs(kind)), plain(inputs(kind)), rtol=1e-4, atol=1e-5)


def test_a_dense_layer_stretches_no_input():
    layer = made("wide", updates=300)
    given = inputs("wide", count=1000)
    stretch = np.linalg.norm(layer(given), axis=1) / np.linalg.norm(given, axis=1)
    assert stretch.max() <= 1 + 1e-4 and stretch.max() > 0.8


def test_a_kernel_of_zeros_is_no_division_by_zero():
    layer = made("dense")
    layer.layer.kernel.assign(np.zeros((7, 5)))
    layer.update()
    assert np.isfinite(layer.u.numpy()).all() and np.isfinite(layer(inputs("dense"))).all()


def test_a_kernel_that_begins_with_zeros_is_normalised_later():
    layer = made("dense")
    kernel = layer.layer.kernel.numpy()
    layer.layer.kernel.assign(np.zeros((7, 5)))
    layer.update()
    layer.layer.kernel.assign(kernel)
    for _ in range(300):
        layer.update()
    assert float(layer.sigma()) == pytest.approx(np.linalg.norm(kernel, 2), rel=1e-4)


@pytest.mark.parametrize("policy", ["bfloat16", "float64"])
def test_in_a_policy_of_one_type(policy):
    with dtype_policy(policy):
        network = keras.Sequential([keras.Input((7,)), layers.Dense(5)])
    normalised = spectral.normalized(network)
    spectral.update(normalised)
    assert np.isfinite(np.asarray(normalised(np.ones((2, 7))), "f4")).all()


# The gradient.


def gradient(layer, given, wanted):
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(given) * wanted)
    return tape.gradient(value, layer.layer.kernel).numpy()


@for_all
def test_the_gradient_goes_through_sigma(kind):
    """Orthogonal to the kernel; and as finite differences have it."""
    layer, given = made(kind, updates=1), inputs(kind)
    wanted = np.random.default_rng(2).normal(size=layer(given).shape).astype("float32")
    found, kernel = gradient(layer, given, wanted), layer.layer.kernel.numpy()
    scale = float(np.linalg.norm(found) * np.linalg.norm(kernel))
    assert np.sum(found * kernel) == pytest.approx(0.0, abs=1e-4 * scale + 1e-6)
    step, random = 1e-3, np.random.default_rng(3)
    for _ in range(3):
        way = random.normal(size=kernel.shape).astype("float32")
        ends = []
        for sign in (1, -1):
            layer.layer.kernel.assign(kernel + sign * step * way)
            ends.append(float(tf.reduce_sum(layer(given) * wanted)))
        layer.layer.kernel.assign(kernel)
        measured = (ends[0] - ends[1]) / (2 * step)
        assert measured == pytest.approx(float(np.sum(found * way)), abs=0.02 * scale + 1e-2)


def test_the_size_of_the_kernel_has_no_say():
    layer, given = made("conv", updates=1), inputs("conv")
    before = layer(given).numpy()
    layer.layer.kernel.assign(7.0 * layer.layer.kernel)
    np.testing.assert_allclose(layer(given), before, rtol=1e-4, atol=1e-5)


# As a layer of Keras.


@for_all
def test_calls_change_nothing(kind):
    layer = made(kind)
    before = layer.get_weights()
    for training in (True, False):
        layer(inputs(kind), training=training)
    assert same(layer.get_weights(), before)
    kernel = layer.layer.kernel.numpy()
    layer.update()
    assert np.array_equal(layer.layer.kernel.numpy(), kernel)


@for_all
@pytest.mark.parametrize("jit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_compiled_it_is_the_same(kind, jit):
    eager, compiled = made(kind), made(kind)

    @tf.function(jit_compile=jit)
    def updated(given):
        compiled.update()
        return compiled(given)

    eager.update()
    found = updated(tf.constant(inputs(kind)))
    np.testing.assert_allclose(found, eager(inputs(kind)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(compiled.u.numpy(), eager.u.numpy(), rtol=1e-4, atol=1e-6)


def test_in_half_precision_sigma_stays_float32():
    for policy in ("mixed_bfloat16", "mixed_float16"):
        layer = SpectralNormalization(layers.Dense(5, dtype=policy))
        scores = layer(inputs("dense"))
        assert scores.dtype == policy.removeprefix("mixed_")
        assert layer.u.dtype == "float32" and layer.sigma().dtype == tf.float32
        assert float(layer.sigma()) < greatest_stretch(layer) * (1 + 1e-6)


def test_file_round_trip(tmp_path):
    keras.utils.set_random_seed(3)
    network = spectral.normalized(networks.dcgan.discriminator(SHAPE))
    spectral.update(network)
    network.save(tmp_path / "discriminator.keras")
    loaded = keras.models.load_model(tmp_path / "discriminator.keras")
    assert same(loaded.get_weights(), network.get_weights())
    images = np.random.default_rng(0).normal(size=(4, *SHAPE)).astype("float32")
    assert np.array_equal(loaded(images), network(images))


def test_a_layer_without_a_kernel_is_refused():
    with pytest.raises(ValueError, match=r"has no kernel to normalise.*Dense and Conv2D"):
        SpectralNormalization(layers.BatchNormalization()).build((None, 3))


# A network.


@pytest.mark.parametrize("family", ["dense", "dcgan", "guidelines"])
def test_a_normalised_network_is_the_same_but_for_its_kernels(family):
    plain = getattr(networks, family).discriminator(SHAPE)
    normalised = spectral.normalized(plain)
    assert len(normalised.layers) == len(plain.layers)
    for before, after in zip(plain.layers, normalised.layers, strict=True):
        if isinstance(before, layers.Dense | layers.Conv2D):
            assert isinstance(after, SpectralNormalization)
            after = after.layer
        assert type(after) is type(before) and after is not before
        assert after.get_config() == before.get_config()
    assert not {id(w) for w in plain.weights} & {id(w) for w in normalised.weights}
    assert normalised.name == plain.name


def test_every_layer_is_updated_however_deep():
    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = SpectralNormalization(layers.Dense(4))

        def call(self, inputs):
            return self.inner(inputs)

    inner = keras.Sequential([keras.Input((4,)), Block(), SpectralNormalization(layers.Dense(3))])
    network = keras.Sequential([keras.Input((4,)), inner, SpectralNormalization(layers.Dense(2))])
    found = [x for x in every_layer(network) if isinstance(x, SpectralNormalization)]
    assert len(found) == 3
    before = [layer.u.numpy() for layer in found]
    spectral.update(network)
    for layer, u in zip(found, before, strict=True):
        np.testing.assert_allclose(layer.u.numpy(), iterated(layer, u), rtol=1e-4, atol=1e-5)


# In a GAN.


def spectral_gan(plain=None, **compiled):
    plain = plain or conv_gan(SHAPE)
    gan = GAN(plain.generator, spectral.normalized(plain.discriminator), seed=3)
    gan.compile(Hinge(), **compiled)
    return gan


def normalised_layers(gan):
    return [x for x in gan.discriminator.layers if isinstance(x, SpectralNormalization)]


@pytest.mark.slow
def test_u_turns_once_in_each_step_of_the_discriminator(images):
    """With a still kernel: as many power iterations as steps, whatever passes they have."""
    gan = spectral_gan(penalty=R1(1.0), run_eagerly=True)
    gan.discriminator_optimizer.learning_rate = 0.0
    before = [layer.u.numpy().astype("float64") for layer in normalised_layers(gan)]
    gan.fit(images[:48], batch_size=16, validation_data=images[:16], verbose=0)
    for layer, u in zip(normalised_layers(gan), before, strict=True):
        expected = iterated(layer, u, times=3)
        np.testing.assert_allclose(layer.u.numpy(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_in_the_generator_u_turns_too(images):
    plain = networks.dense.generator((16, 16), codings_size=4)
    gan = GAN(spectral.normalized(plain), networks.dense.discriminator((16, 16)))
    gan.compile(generator_optimizer=keras.optimizers.SGD(0.0), run_eagerly=True)
    layer = gan.generator.layers[0]
    u = layer.u.numpy().astype("float64")
    gan.fit(images[:48], batch_size=16, verbose=0)
    expected = iterated(layer, u, times=3)
    np.testing.assert_allclose(layer.u.numpy(), expected, rtol=1e-3, atol=1e-4)


def test_evaluating_and_generating_turn_nothing(images):
    gan = spectral_gan()
    before = gan.discriminator.get_weights()
    gan.evaluate(images, verbose=0)
    gan.generate(3)
    gan.discriminator(np.zeros((1, *SHAPE), "float32"), training=True)
    assert same(gan.discriminator.get_weights(), before)


@pytest.mark.slow
def test_sigma_is_found_while_the_kernels_move(images):
    gan = spectral_gan()
    gan.fit(images, batch_size=16, epochs=15, verbose=0)
    for layer in normalised_layers(gan):
        assert 0.85 < float(layer.sigma()) / greatest_stretch(layer) < 1 + 1e-5


@pytest.mark.slow
@pytest.mark.soak
def test_it_trains_compiled_by_xla_and_in_bfloat16(images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = spectral_gan(jit_compile=True)
    finally:
        keras.config.set_dtype_policy("float32")
    history = gan.fit(images, batch_size=16, validation_data=images, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert {layer.u.dtype for layer in normalised_layers(gan)} == {"float32"}


@pytest.mark.slow
def test_an_epoch_and_one_more_are_two(tmp_path):
    def process(drawn=0):
        gan = spectral_gan(small_gan(0), run_eagerly=True)
        keras.utils.set_random_seed(drawn)
        return Process(None, model=gan)

    settings = {"epochs": 2, "steps": 2, "validation_data": None}
    also = [CopyAfter(1, tmp_path / "whole", tmp_path / "cut")]
    whole = process().fit(tmp_path / "whole", also=also, **settings)
    ended = process(drawn=1).fit(tmp_path / "cut", **settings)
    assert same(ended.state, whole.state)
    assert ended.history.history == whole.history.history


@pytest.mark.slow
@pytest.mark.soak
def test_the_steps_of_one_execution_are_no_matter_of_the_result():
    runs = [Process(None, model=spectral_gan(steps_per_execution=n)) for n in (1, 4)]
    for run in runs:
        run.fit(None, epochs=2, steps=7)
    assert same(runs[0].state, runs[1].state)


@pytest.mark.slow
def test_a_gan_is_saved_with_it(tmp_path, images):
    gan = spectral_gan(run_eagerly=True)
    gan.fit(images[:16], batch_size=16, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert same(loaded.get_weights(), gan.get_weights())
    assert loaded.run_eagerly
    for model in (gan, loaded):
        model.fit(images[:16], batch_size=16, verbose=0)
    assert same(loaded.get_weights(), gan.get_weights())
