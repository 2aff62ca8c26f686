"""The penalties: closed forms, laws for all of them, and the steps of a real training."""

import functools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_gan import conv_gan
from keras import layers
from test_resume import same

from gan_model import GAN, networks, presets
from gan_model.losses import NonSaturating, Wasserstein
from gan_model.model import Batch
from gan_model.model.random import PENALTY, RandomStream
from gan_model.penalties import DRAGAN, R1, R2, GradientPenalty, WeightClipping

PENALTIES = [R1(2.0), R2(2.0), GradientPenalty(2.0), DRAGAN(2.0), R1(1.0) + R2(2.0)]
for_all = pytest.mark.parametrize("penalty", PENALTIES, ids=str)
SHAPES = [(3, 4), (3, 4, 2)]
RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.normal(size=24).astype("float32")
NOISE = RandomStream(seed=5, step=0, purpose=PENALTY)


def some_images(shape=(6, 6, 1), count=4, seed=1):
    return tf.constant(np.random.default_rng(seed).uniform(-1, 1, (count, *shape)), tf.float32)


def evaluated(penalty, scores, real, fake, noise):
    """A penalty at images, with a function from images to scores."""
    return penalty(lambda batch: scores(batch.images), Batch(real), Batch(fake), noise)


def flat(images):
    return tf.reshape(images, (images.shape[0], -1))


def linear(images):
    """A score whose slope is w everywhere."""
    pixels = flat(images)
    return tf.linalg.matvec(pixels, WEIGHTS[: pixels.shape[1]])[:, None]


def bowl(images):
    """A score whose slope at x is x."""
    return tf.reduce_sum(flat(images) ** 2, axis=1, keepdims=True) / 2


# Closed forms.


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_linear_discriminator_pays(shape):
    real, fake = some_images(shape), some_images(shape, seed=2)
    length = np.linalg.norm(WEIGHTS[: np.prod(shape)])
    for penalty in (R1(3.0), R2(3.0)):
        paid = float(evaluated(penalty, linear, real, fake, NOISE))
        assert paid == pytest.approx(3.0 / 2 * length**2, rel=1e-5)
    for penalty in (GradientPenalty(3.0), DRAGAN(3.0)):
        paid = float(evaluated(penalty, linear, real, fake, NOISE))
        assert paid == pytest.approx(3.0 * (length - 1) ** 2, rel=1e-5)


def test_r1_is_about_the_real_images_and_r2_about_the_fake_ones():
    real, fake = some_images(seed=1), some_images(seed=2)
    for penalty, images in ((R1(3.0), real), (R2(3.0), fake)):
        expected = 3.0 / 2 * np.mean(np.sum(flat(images).numpy() ** 2, axis=1))
        assert float(evaluated(penalty, bowl, real, fake, NOISE)) == pytest.approx(
            expected, rel=1e-5
        )


def test_a_sum_is_the_sum():
    real, fake = some_images(seed=1), some_images(seed=2)
    parts = [R1(1.0), R2(2.0), GradientPenalty(3.0)]
    expected = sum(float(evaluated(part, bowl, real, fake, NOISE)) for part in parts)
    paid = float(evaluated(parts[0] + parts[1] + parts[2], bowl, real, fake, NOISE))
    assert paid == pytest.approx(expected, rel=1e-6)


@for_all
def test_scores_of_patches_are_summed(penalty):
    real, fake = some_images(seed=1), some_images(seed=2)
    pixels = lambda images: tf.reshape(images**2 / 2, (-1, 6, 6, 1))  # noqa: E731
    whole, patched = (float(evaluated(penalty, d, real, fake, NOISE)) for d in (bowl, pixels))
    assert patched == pytest.approx(whole, rel=1e-5)


# Where the images lie.


def looked_at(penalty, real, fake, step=0):
    """The images at which a penalty takes the slope."""
    seen = []

    def watching(images):
        seen.append(images.numpy())
        return bowl(images)

    noise = RandomStream(seed=5, step=step, purpose=PENALTY)
    evaluated(penalty, watching, real, fake, noise)
    (images,) = seen
    return images


def test_the_gradient_penalty_looks_between_real_and_fake_with_a_share_for_each_image():
    real, fake = some_images(count=2000), some_images(count=2000, seed=2)
    between = looked_at(GradientPenalty(), real, fake)
    shares = ((between - fake) / (real - fake)).numpy().reshape(2000, -1)
    shares = np.median(shares, axis=1)
    expected = shares.reshape(-1, 1, 1, 1) * real + (1 - shares.reshape(-1, 1, 1, 1)) * fake
    np.testing.assert_allclose(between, expected, atol=1e-3)
    assert len(np.unique(shares)) == 2000
    assert 0 < shares.min() < 0.01 and 0.99 < shares.max() < 1
    assert shares.mean() == pytest.approx(1 / 2, abs=5 * (1 / 12 / 2000) ** 0.5)
    assert shares.var() == pytest.approx(1 / 12, abs=5 * (1 / 180 / 2000) ** 0.5)


def test_dragan_looks_near_real_images():
    real, fake = some_images(count=500) + 1, some_images(count=500, seed=2)
    for spread in (0.5, 0.1):
        away = looked_at(DRAGAN(spread=spread), real, fake) - real.numpy()
        assert away.std() == pytest.approx(spread * real.numpy().std(), rel=0.02)
        assert abs(away.mean()) < 0.02


@pytest.mark.parametrize("penalty", [GradientPenalty(), DRAGAN()], ids=str)
def test_the_images_are_drawn_anew_in_each_step_and_are_a_function_of_it(penalty):
    real, fake = some_images(), some_images(seed=2)
    first, again, later = (looked_at(penalty, real, fake, step) for step in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.isclose(first, later).any()


# Gradients.


# Few units where an activation has a kink: the slope jumps there, and a difference with it.
PRESET_LAYERS = {
    "Dense, selu": lambda: [layers.Flatten(), layers.Dense(8, activation="selu"), layers.Dense(1)],
    "Conv2D, strided": lambda: [layers.Conv2D(4, 5, strides=2, padding="same")],
    "LeakyReLU": lambda: [layers.Conv2D(4, 5, strides=2), layers.LeakyReLU(negative_slope=0.2)],
    "Dropout": lambda: [layers.Conv2D(4, 5, strides=2), layers.Dropout(0.4)],
    "Conv2DTranspose": lambda: [layers.Conv2DTranspose(3, 5, strides=2, padding="same")],
    "Reshape, tanh": lambda: [layers.Reshape((12, 3)), layers.Dense(2, activation="tanh")],
    "spectral": lambda: [
        networks.spectral.SpectralNormalization(layers.Conv2D(4, 5, strides=2)),
        layers.Flatten(),
        networks.spectral.SpectralNormalization(layers.Dense(3)),
    ],
}


def network(name):
    """These layers, then a smooth bend, so that the second derivative is not 0."""
    keras.utils.set_random_seed(2)
    return keras.Sequential([keras.Input((6, 6, 1)), *PRESET_LAYERS[name]()])


def charged(model, penalty):
    """What a network pays, as a function of its weights, and these weights."""
    random = [v for v in model.variables if v.path.endswith("seed_generator_state")]
    before = [v.numpy() for v in random]
    real, fake = some_images(seed=1), some_images(seed=2)

    def scores(images):
        return tf.reduce_sum(flat(tf.tanh(model(images, training=True))), axis=1, keepdims=True)

    def pay():
        for variable, value in zip(random, before, strict=True):
            variable.assign(value)  # the same dropout each time
        return evaluated(penalty, scores, real, fake, NOISE)

    return pay, [w for w in model.trainable_variables if "bias" not in w.path]


def gradients_of(pay, weights, **how):
    @tf.function(**how)
    def gradients():
        with tf.GradientTape() as tape:
            paid = pay()
        return tape.gradient(paid, weights)

    return [gradient.numpy() for gradient in gradients()]


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESET_LAYERS)
@pytest.mark.parametrize("penalty", [R1(2.0), GradientPenalty(2.0)], ids=str)
def test_gradients_agree_with_finite_differences(name, penalty):
    """Along three directions of all kernels together."""
    pay, weights = charged(network(name), penalty)
    found = gradients_of(pay, weights)
    values, step = [w.numpy() for w in weights], 1e-3
    for seed in range(3):
        random = np.random.default_rng(seed)
        way = [random.normal(size=v.shape).astype("float32") for v in values]
        ends = []
        for sign in (1, -1):
            for weight, value, part in zip(weights, values, way, strict=True):
                weight.assign(value + sign * step * part)
            ends.append(float(pay()))
        expected = sum(np.sum(a * b) for a, b in zip(found, way, strict=True))
        scale = float(sum(np.sum(a**2) for a in found)) ** 0.5
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(expected, abs=0.01 * scale)
        for weight, value in zip(weights, values, strict=True):
            weight.assign(value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", sorted(PRESET_LAYERS.keys() - {"Dropout"})
)  # XLA draws other masks
def test_gradients_are_the_same_under_xla(name):
    pay, weights = charged(network(name), GradientPenalty(2.0))
    plain, compiled = (gradients_of(pay, weights, jit_compile=jit) for jit in (False, True))
    for a, b in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


@for_all
def test_a_flat_discriminator_has_finite_gradients(penalty):
    """The length of a slope has no derivative where the slope is 0."""
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), layers.Flatten(), layers.Dense(1, kernel_initializer="zeros")]
    )
    (gradient,) = gradients_of(*charged(model, penalty))
    assert np.isfinite(gradient).all()


# Lazily.


@pytest.mark.parametrize("kind", [R1, R2, GradientPenalty, DRAGAN])
def test_every_third_step_it_is_three_times_as_much_and_else_nothing(kind):
    real, fake = some_images(seed=1), some_images(seed=2)
    for step in range(7):
        noise = RandomStream(seed=5, step=tf.constant(step, tf.int64), purpose=PENALTY)
        paid = float(evaluated(kind(2.0, every=3), bowl, real, fake, noise))
        full = float(evaluated(kind(6.0), bowl, real, fake, noise))
        assert paid == pytest.approx(full if step % 3 == 0 else 0.0, rel=1e-6)


PLAYERS = ["generator", "discriminator"]
LAZY = R1(2.0, every=3) + GradientPenalty(1.0, every=2)


# In a GAN.


IMAGES = np.random.default_rng(0).integers(0, 256, (64, 16, 16), np.uint8)


def gan_with(penalty=None, **compiled):
    """Without a graph, which takes longer to make than a few steps."""
    gan = conv_gan()
    gan.compile(NonSaturating(), penalty=penalty, run_eagerly=True, **compiled)
    return gan


def dense_gan(penalty, **compiled):
    """Without dropout, and with a loss of its activations in the discriminator."""
    keras.utils.set_random_seed(4)
    made = [layers.Dense(256, activation="sigmoid"), layers.Reshape((16, 16))]
    generator = [keras.Input((3,)), layers.Dense(9, activation="selu"), *made]
    hidden = layers.Dense(9, activation="tanh", activity_regularizer="l2")
    discriminator = keras.Sequential(
        [keras.Input((16, 16)), layers.Flatten(), hidden, layers.Dense(1)]
    )
    gan = GAN(keras.Sequential(generator), discriminator)
    gan.compile(penalty=penalty, **compiled)
    return gan


def weights(gan):
    return [w.numpy() for w in gan.weights]


@pytest.mark.slow
def test_it_is_logged_by_itself_and_only_where_there_is_one(images):
    without, with_one = gan_with(), gan_with(R1(1.0))
    logs = [g.fit(images, validation_data=images, verbose=0).history for g in (without, with_one)]
    figures = ["discriminator_loss", "generator_loss", "real_score", "fake_score"]
    gradients = ["discriminator_gradient_norm", "generator_gradient_norm"]
    held_out = [f"val_{name}" for name in figures]
    assert sorted(logs[0]) == sorted([*figures, *gradients, *held_out])
    assert set(logs[1]) - set(logs[0]) == {"penalty"}
    assert logs[1]["penalty"][0] > 0
    assert len(with_one.evaluate(images, verbose=0)) == len(figures)
    with_one.compile(run_eagerly=True)
    assert sorted(with_one.fit(images, verbose=0).history) == sorted([*figures, *gradients])


@functools.cache
def ends(penalty):
    """The weights that a training ends with."""
    gan = dense_gan(penalty, run_eagerly=True)
    gan.fit(IMAGES, epochs=2, verbose=0)
    return weights(gan)


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 2])
def test_of_no_weight_it_changes_no_bit(every):
    assert same(ends(None), ends(R1(0.0, every=every)))


@pytest.mark.slow
def test_it_makes_the_discriminator_less_steep(images):
    real = tf.constant(images[..., None] / 127.5 - 1, tf.float32)
    steep = []
    for penalty in (None, R1(100.0)):
        gan = gan_with(penalty, discriminator_optimizer=keras.optimizers.Adam(0.01, beta_1=0.5))
        gan.fit(images, epochs=3, verbose=0)
        scores = lambda x, gan=gan: gan.discriminator(x, training=False)  # noqa: E731
        steep.append(float(evaluated(R1(1.0), scores, real, real, NOISE)))
    assert steep[1] < steep[0] / 2


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_it_leaves_the_generators_step_alone(rate):
    """But for what the discriminator learns by it, which is nothing where its rate is 0."""
    rates, generators = dict(zip(PLAYERS, (0.1, rate), strict=True)), []
    for penalty in (None, R1(100.0) + R2(100.0)):
        sgd = {f"{player}_optimizer": keras.optimizers.SGD(r) for player, r in rates.items()}
        gan = dense_gan(penalty, run_eagerly=True, **sgd)
        before = gan.generator.get_weights()
        gan.fit(IMAGES[:32], batch_size=16, verbose=0)
        generators.append(gan.generator.get_weights())
    assert not same(before, generators[0])
    assert same(*generators) == (rate == 0.0)


@pytest.mark.slow
def test_in_bfloat16_it_is_float32_and_finite(images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = gan_with(R1(1.0) + GradientPenalty(1.0, every=2))
    finally:
        keras.config.set_dtype_policy("float32")
    history = gan.fit(images, epochs=2, batch_size=16, verbose=0).history
    assert (
        np.isfinite(history["penalty"]).all()
        and np.isfinite(np.concatenate([w.ravel() for w in weights(gan)])).all()
    )


def run(**how):
    rates = {f"{player}_optimizer": keras.optimizers.SGD(0.01) for player in PLAYERS}
    gan = dense_gan(LAZY, loss=Wasserstein(), **rates, **how)
    history = gan.fit(IMAGES, batch_size=16, verbose=0).history
    return [*weights(gan), np.array(history["penalty"])]


@pytest.fixture(scope="module")
def as_a_graph():
    return run(jit_compile=False)


@pytest.mark.slow
@pytest.mark.parametrize("how", [{"run_eagerly": True}, {"jit_compile": True}], ids=str)
def test_eager_and_compiled_steps_agree(how, as_a_graph):
    for a, b in zip(as_a_graph, run(**how), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_a_function_is_a_penalty_too():
    def of_scores(scores, real, fake, noise):
        return 0.1 * tf.reduce_mean(scores(real) ** 2)

    paid = []
    for penalty in (of_scores, R1(1.0), R1(1.0) + of_scores):
        gan = dense_gan(penalty, run_eagerly=True)
        paid += gan.fit(IMAGES[:32], verbose=0).history["penalty"]  # of the first step
    assert paid[0] > paid[1] / 1000 and paid[1] > 0
    assert paid[2] == pytest.approx(paid[0] + paid[1], rel=1e-5)


@pytest.mark.slow
def test_weight_clipping_bounds_every_weight_of_the_discriminator_alone(images):
    gan = gan_with(constraint=WeightClipping(0.02))
    gan.fit(images, epochs=2, batch_size=16, verbose=0)
    for weight in gan.discriminator.trainable_variables:
        assert np.abs(weight.numpy()).max() <= np.float32(0.02)
    assert max(np.abs(w.numpy()).max() for w in gan.generator.trainable_variables) > 0.04


def test_a_constraint_of_keras_will_do(images):
    gan = gan_with(constraint=keras.constraints.NonNeg())
    gan.fit(images[:32], verbose=0)
    assert min(w.numpy().min() for w in gan.discriminator.trainable_variables) == 0


# Saved.


@for_all
def test_config_round_trip(penalty):
    config = keras.saving.serialize_keras_object(penalty)
    assert keras.saving.deserialize_keras_object(config) == penalty


# Refused.


def normed(norm):
    class Block(layers.Layer):
        """A user's own layer, whose inner layers its network does not list."""

        def __init__(self):
            super().__init__()
            self.norm = norm

        def call(self, inputs, training=False):
            return self.norm(inputs, training=training)

    discriminator = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(2, 3), Block(), layers.Flatten(), layers.Dense(1)]
    )
    return GAN(networks.dense.generator((8, 8, 1), codings_size=3), discriminator)


@for_all
def test_batch_norm_in_the_discriminator_is_refused(penalty):
    gan = normed(layers.BatchNormalization())
    with pytest.raises(ValueError, match=r"mixes the images of a batch.*LayerNormalization"):
        gan.compile(penalty=penalty)
    gan.compile(penalty=lambda *_: 0.0)  # a user's own may mean something else


@pytest.mark.slow
@for_all
def test_what_keeps_images_apart_is_not(penalty):
    for norm in (layers.LayerNormalization(), layers.BatchNormalization(trainable=False)):
        gan = normed(norm)
        gan.compile(penalty=penalty)
        assert gan.compiled and gan.penalty == penalty


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(penalty=R1), r"`penalty` is a class; expected an object. Type R1\(\)"),
        (dict(penalty=10), r"Received: 10. Type penalty=gan_model.penalties.R1\(10\)"),
        (dict(constraint=WeightClipping), r"Type WeightClipping\(\)"),
        (dict(constraint=0.01), r"Received: 0.01. Type constraint="),
    ],
)
def test_what_is_no_penalty_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        presets.dense((8, 8)).compile(**arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: R1(-1.0), "`weight` is 0 or more. Received: weight=-1.0"),
        (lambda: R1(math.inf), "`weight` is 0 or more. Received: weight=inf. Type a finite"),
        (lambda: R1(every=0), "an integer of 1 or more. Received: every=0"),
        (lambda: GradientPenalty(every=1.5), "every=1.5"),
        (lambda: WeightClipping(0.0), "`limit` is more than 0"),
        (lambda: WeightClipping(math.nan), "Received: limit=nan. Type a finite number"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
