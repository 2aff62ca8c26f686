"""The averaged generator: the average by hand, and that nothing else of a run is touched."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_gan import conv_gan
from keras import layers
from test_dirac import PSI, RATE, THETA, dirac
from test_resume import same

from gan_model import GAN, features, metrics, networks, runs
from gan_model.averaging import ExponentialMovingAverage
from gan_model.keras_internals import every_layer
from gan_model.losses import Wasserstein
from gan_model.model.cloning import clone_generator
from gan_model.model.sampling import Sampler
from gan_model.storage import checkpoint

SHAPE = (16, 16, 1)
QUICKLY = ExponentialMovingAverage(
    half_life=40, warm_up=0.3
)  # images: a run of a test is a few hundred


def averaged(gan):
    return gan.averaged_generator.get_weights()[0].item()


def zeros(count=4):
    return np.zeros((count, 1, 1), "float32")


# Closed forms.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("average", "half_life"),
    [
        (ExponentialMovingAverage(20, warm_up=None), lambda seen: 20),
        (ExponentialMovingAverage(20, warm_up=0.5), lambda seen: min(20, 0.5 * seen)),
        (ExponentialMovingAverage(), lambda seen: 0.05 * seen),
    ],
)
def test_the_average_of_a_path_known_by_hand(average, half_life):
    gan = dirac(Wasserstein(), average=average)
    psi, theta, expected = PSI, THETA, THETA
    for step in range(30):
        gan.train_on_batch(zeros())
        psi -= RATE * theta
        theta += RATE * psi
        now = half_life(4 * step)
        beta = 0.5 ** (4 / now) if now else 0.0
        expected += (1 - beta) * (theta - expected)
        assert averaged(gan) == pytest.approx(expected, abs=1e-5)
        assert gan.generator.get_weights()[0].item() == pytest.approx(theta, abs=1e-5)


def still(average):
    """A GAN whose players never move, but for a jump of the generator from THETA to 0."""
    gan = dirac(Wasserstein(), average=average)
    gan.generator_optimizer.learning_rate = gan.discriminator_optimizer.learning_rate = 0.0
    gan.generator.set_weights([zeros(1)])
    return gan


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 4, 16, 64])
def test_half_of_a_jump_is_left_after_the_half_life_whatever_the_batch_size(batch_size):
    gan = still(ExponentialMovingAverage(half_life=64, warm_up=None))
    for times in (1, 2):
        gan.fit(zeros(64), batch_size=batch_size, verbose=0)
        assert averaged(gan) == pytest.approx(THETA / 2**times, rel=1e-5)


def test_a_long_half_life_is_no_matter_of_float32():
    """1 - 0.5^(1 / 10^7) has one digit in float32."""
    share = float(ExponentialMovingAverage(1e7, warm_up=None).fraction(1, 0))
    assert share == pytest.approx(6.931471566e-08, rel=1e-6)


def test_with_a_warm_up_the_random_start_is_forgotten_at_once():
    gan = still(ExponentialMovingAverage(half_life=10_000))
    assert averaged(gan) == pytest.approx(THETA)
    gan.train_on_batch(zeros())
    assert averaged(gan) == pytest.approx(0.0, abs=1e-7)


@pytest.mark.slow
def test_a_weight_that_moves_in_a_line_is_followed_alike_in_half_batches():
    """It lags behind by speed * half life / log 2, to first order in batch / half life."""
    lags = []
    for batch_size in (2, 4):
        gan = still(ExponentialMovingAverage(half_life=100, warm_up=None))
        for seen in range(0, 1000, batch_size):
            gan.generator.set_weights([np.full((1, 1, 1), 0.001 * (seen + batch_size))])
            gan.average.follow(
                gan.averaged_generator, gan.generator, images=batch_size, seen=tf.constant(seen)
            )
        lags.append(1.0 - averaged(gan))
    assert lags[0] == pytest.approx(lags[1], rel=0.02)
    assert lags[0] == pytest.approx(0.001 * 100 / np.log(2), rel=0.02)


# Every weight of a network.


def gan_with(average=None, **compiled):
    gan = conv_gan(SHAPE)
    gan.compile(average=average, **compiled)
    return gan


def read(network):
    return [weight.numpy() for weight in network.weights]


def dense_gan(average, **compiled):
    """With batch norm in the generator, and so little else that XLA compiles it soon."""
    keras.utils.set_random_seed(4)
    flat = layers.Dense(256, activation="tanh")
    generator = [layers.Dense(8), layers.BatchNormalization(), flat, layers.Reshape(SHAPE)]
    discriminator = [keras.Input(SHAPE), layers.Flatten(), layers.Dense(1)]
    gan = GAN(keras.Sequential([keras.Input((4,)), *generator]), keras.Sequential(discriminator))
    sgd = [keras.optimizers.SGD(0.1) for _ in range(2)]
    gan.compile(None, *sgd, average=average, **compiled)
    return gan


@pytest.mark.parametrize(
    "how", [{}, pytest.param({"jit_compile": True}, marks=pytest.mark.slow)], ids=str
)
def test_batch_norm_statistics_are_averaged_as_all_weights_are(how, images):
    gan = dense_gan(QUICKLY, **how)
    paths = [weight.path for weight in gan.averaged_generator.weights]
    assert any("moving_mean" in path for path in paths)
    first = expected = read(gan.generator)
    assert same(read(gan.averaged_generator), first)
    for step in range(4):
        gan.train_on_batch(images[16 * step : 16 * (step + 1)])
        share = 1 - 0.5 ** (16 / min(40, 0.3 * 16 * step)) if step else 1.0
        weights = read(gan.generator)
        expected = [a + share * (w - a) for a, w in zip(expected, weights, strict=True)]
    for path, found, value in zip(paths, read(gan.averaged_generator), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-6, err_msg=path)
    assert not any(np.array_equal(*pair) for pair in zip(expected, weights, strict=True))


def test_an_adapted_normalization_is_copied_with_what_it_computes():
    adapted = layers.Normalization(axis=None)
    adapted.adapt(np.array([[1.0, 2.0, 6.0]], np.float32))
    generator = keras.Sequential(
        [keras.Input((3,)), adapted, layers.Dense(36, activation="tanh"), layers.Reshape((6, 6))]
    )
    gan = GAN(generator, networks.dense.discriminator((6, 6)))
    gan.compile(average=QUICKLY)
    codings = np.ones((2, 3), np.float32)
    assert np.array_equal(generator(codings), gan.averaged_generator(codings))


def test_what_is_no_float_is_copied():
    class Counting(layers.Layer):
        def build(self, input_shape):
            self.calls = self.add_weight(name="calls", dtype="int32", trainable=False)

        def call(self, codings, training=False):
            if training:
                self.calls.assign_add(1)
            return codings

    generator = keras.Sequential(
        [keras.Input((3,)), Counting(), layers.Dense(36, activation="tanh"), layers.Reshape((6, 6))]
    )
    gan = GAN(generator, networks.dense.discriminator((6, 6)))
    gan.compile(average=QUICKLY, run_eagerly=True)
    gan.fit(np.zeros((8, 6, 6), np.uint8), batch_size=4, verbose=0)
    assert int(gan.averaged_generator.layers[0].calls) == 2


@pytest.mark.slow
def test_in_the_average_u_is_averaged_and_not_turned():
    """Spectral normalisation turns `u` in each step; here that is the generator's alone."""
    plain = networks.dense.generator((6, 6), codings_size=3)
    generator = networks.spectral.normalized(plain)
    gan = GAN(generator, networks.dense.discriminator((6, 6)))
    gan.compile(average=ExponentialMovingAverage(half_life=4, warm_up=None), run_eagerly=True)
    before = generator.layers[0].u.numpy()
    gan.train_on_batch(np.zeros((4, 6, 6), np.uint8))
    expected = (before + generator.layers[0].u.numpy()) / 2
    np.testing.assert_allclose(gan.averaged_generator.layers[0].u, expected, rtol=1e-5, atol=1e-6)


# What is made with it.


@pytest.mark.slow
def test_all_images_are_made_by_the_average_and_the_raw_generator_is_at_hand(images, tmp_path):
    gan = gan_with(ExponentialMovingAverage(half_life=500, warm_up=None), run_eagerly=True)
    gan.quality = metrics.Quality(metrics.FeatureMetrics(features.pixels()))
    held_out = images[:20]
    history = gan.fit(images[:32], validation_data=held_out, epochs=2, verbose=0).history
    ours, raw = Sampler(gan.averaged_generator), Sampler(gan.generator)
    assert np.array_equal(gan.generate(20), ours.generate(20))
    assert not np.array_equal(gan.generate(20), raw.generate(20))
    reference = metrics.Reference(gan.quality.measures, images[:20, ..., None])
    assert reference.compare(ours.generate(20))["fid_pixels"] == history["val_fid_pixels"][-1]
    codings = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    assert np.array_equal(gan(codings), gan.averaged_generator(codings))
    np.testing.assert_allclose(gan.predict(codings, verbose=0), gan(codings), atol=1e-5)
    runs.RunFolder(tmp_path).save(gan)
    saved = [keras.models.load_model(tmp_path / f"{name}.keras") for name in ("generator", "gan")]
    assert same(read(saved[0]), read(gan.averaged_generator))
    assert same(read(saved[1].averaged_generator), read(gan.averaged_generator))
    assert same(read(saved[1].generator), read(gan.generator))


def test_held_out_figures_are_those_of_the_average():
    gan = still(ExponentialMovingAverage(half_life=64, warm_up=None))
    figures = gan.evaluate(zeros(), return_dict=True, verbose=0)
    assert figures["fake_score"] == pytest.approx(PSI * THETA, rel=1e-5)
    assert gan.train_on_batch(zeros(), return_dict=True)["fake_score"] == pytest.approx(0.0)


@pytest.mark.slow
def test_in_bfloat16_the_average_is_kept_and_computes_in_float32(images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = gan_with(QUICKLY, run_eagerly=True)
    finally:
        keras.config.set_dtype_policy("float32")
    gan.fit(images[:32], batch_size=16, verbose=0)
    assert {weight.dtype for weight in gan.averaged_generator.weights} == {"float32"}
    assert {layer.compute_dtype for layer in gan.averaged_generator.layers} == {"float32"}
    assert "bfloat16" in {layer.compute_dtype for layer in gan.generator.layers}
    plain = conv_gan(SHAPE).generator
    plain.set_weights(gan.averaged_generator.get_weights())
    codings = tf.random.stateless_normal((5, gan.codings_size), (1, 2))
    assert same([gan.averaged_generator(codings).numpy()], [plain(codings).numpy()])
    assert not same(read(gan.averaged_generator), read(gan.generator))
    assert all(np.isfinite(weight).all() for weight in read(gan.averaged_generator))
    assert gan.generate(3).dtype == np.uint8


def test_operations_and_wrapped_layers_in_bfloat16_are_copied_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        codings = keras.Input((4,))
        wrapped = networks.spectral.SpectralNormalization(layers.Dense(64))(codings)
        images = layers.Reshape(SHAPE[:2])(layers.Dense(256, dtype="float32")(wrapped + wrapped))
        generator = keras.Model(codings, layers.Activation("tanh", dtype="float32")(images))
    finally:
        keras.config.set_dtype_policy("float32")
    clone = clone_generator(generator, 4)
    assert {layer.compute_dtype for layer in every_layer(clone)} == {"float32"}
    assert same(read(clone), read(generator))


# Runs.


@pytest.mark.slow
def test_the_players_learn_as_they_do_without(images):
    plain, followed = (gan_with(average, run_eagerly=True) for average in (None, QUICKLY))
    for gan in (plain, followed):
        gan.fit(images[:32], epochs=2, batch_size=16, verbose=0)
    assert same(read(followed.generator), read(plain.generator))
    assert same(read(followed.discriminator), read(plain.discriminator))
    assert plain.averaged_generator is None and plain.sampled_generator is plain.generator


def test_without_an_average_a_checkpoint_holds_what_it_always_held():
    gan = gan_with()
    players = [*gan.generator.weights, *gan.discriminator.weights]
    optimizers = [*gan.generator_optimizer.variables, *gan.discriminator_optimizer.variables]
    random = [v for v in gan.discriminator.variables if v.path.endswith("seed_generator_state")]
    counters = [gan.step, gan.images_seen, gan.evaluation_step]
    expected = len(players) + len(random) + len(optimizers) + len(counters)
    assert len(checkpoint.collect(gan)) == expected
    assert sorted(gan._own_state()) == ["images_seen", "random_0", "step"]


@pytest.mark.slow
def test_compiled_again_the_average_goes_on_and_without_one_it_is_dropped(images):
    gan, images = gan_with(QUICKLY, run_eagerly=True), images[:32]
    gan.fit(images, verbose=0)
    before, made = read(gan.averaged_generator), gan.generate(3)
    slower = ExponentialMovingAverage(half_life=80)
    gan.compile(average=slower)
    assert gan.average == slower
    assert same(read(gan.averaged_generator), before)
    assert np.array_equal(gan.generate(3), made)
    gan.compile(run_eagerly=True)
    assert gan.averaged_generator is None
    assert len(gan.weights) == len(gan_with().weights)
    assert np.array_equal(gan.generate(3), Sampler(gan.generator).generate(3))
    gan.fit(images, verbose=0)
    gan.compile(average=slower)  # begins where the generator stands
    assert same(read(gan.averaged_generator), read(gan.generator))


# Refused.


class Subclassed(keras.Model):
    """A generator of a user's own class."""

    def __init__(self, sides=6):
        super().__init__()
        self.sides = sides
        self.dense = layers.Dense(sides**2, activation="tanh")

    def call(self, codings):
        return tf.reshape(self.dense(codings), (-1, self.sides, self.sides))


class Described(Subclassed):
    def get_config(self):
        return {"sides": self.sides}


def test_a_generator_that_cannot_be_copied_is_refused():
    gan = GAN(Subclassed(8), networks.dense.discriminator((8, 8)), codings_size=3)
    with pytest.raises(ValueError, match=r"a Subclassed, cannot be cloned.*get_config"):
        gan.compile(average=ExponentialMovingAverage())
    gan.compile()


def test_a_class_with_get_config_can_be_copied():
    gan = GAN(Described(8), networks.dense.discriminator((8, 8)), codings_size=3)
    gan.compile(average=ExponentialMovingAverage())
    assert same(read(gan.averaged_generator), read(gan.generator))


def test_weights_in_bfloat16_are_refused():
    keras.config.set_dtype_policy("bfloat16")
    try:
        generator = networks.dense.generator((8, 8), codings_size=3)
    finally:
        keras.config.set_dtype_policy("float32")
    gan = GAN(generator, networks.dense.discriminator((8, 8)))
    with pytest.raises(ValueError, match=r"too coarse for an average.*mixed_bfloat16"):
        gan.compile(average=ExponentialMovingAverage())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: ExponentialMovingAverage(0),
            "is a number of images, more than 0. Received: half_life=0",
        ),
        (lambda: ExponentialMovingAverage(warm_up=0), "or None. Received: warm_up=0"),
        (
            lambda: gan_with(ExponentialMovingAverage),
            r"Type ExponentialMovingAverage\(\)",
        ),
        (lambda: gan_with(0.999), r"Received: 0.999"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
