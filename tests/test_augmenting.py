"""Augmentation: each operation against slow loops, then in the steps of a real training."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_gan import conv_gan
from keras import layers
from test_dirac import dirac
from test_resume import same

from gan_model import GAN, augmenting, networks, presets, replicas
from gan_model.augmenting import Adaptive, Augmentation, DiffAugment, HorizontalFlip, operations
from gan_model.losses import LeastSquares, Relativistic, Wasserstein
from gan_model.model import Batch, Step, random
from gan_model.model.random import RandomStream
from gan_model.penalties import R1

SHAPES = [(28, 28, 1), (12, 20, 3), (9, 7, 3), (8, 6)]
RANGES = [(0.0, 1.0), (-1.0, 1.0)]
ALL = HorizontalFlip() + DiffAugment()
OFF = DiffAugment(colour=False, translation=0, cutout=0)
NOISE = RandomStream(seed=5, step=3, purpose=random.REAL_FOR_DISCRIMINATOR)


def some_images(shape=(12, 20, 3), count=64, image_range=(-1.0, 1.0), seed=1):
    made = np.random.default_rng(seed).uniform(*image_range, (count, *shape))
    return tf.constant(made, tf.float32)


def numbers(count=64, seed=2):
    """What an operation draws: (count, 2) between 0 and 1."""
    return RandomStream(seed=seed).uniform(count, 2)


# Operations, one image at a time.


def translated_slowly(image, u, least, most):
    moved = np.full_like(image, least)
    height, width = image.shape[:2]
    ways = []
    for number, side in zip(u, (height, width), strict=True):
        reach = round(most * side)
        ways.append(min(int(np.float32(number) * np.float32(2 * reach + 1)), 2 * reach) - reach)
    for row in range(height):
        for column in range(width):
            above, left = row + ways[0], column + ways[1]
            if 0 <= above < height and 0 <= left < width:
                moved[row, column] = image[above, left]
    return moved, ways


@pytest.mark.parametrize("shape", SHAPES[:3])
@pytest.mark.parametrize("image_range", RANGES)
def test_translation_is_by_whole_pixels_and_black_comes_in(shape, image_range):
    images, u = some_images(shape, image_range=image_range), numbers()
    found = operations.translate(images, u, image_range, 0.25).numpy()
    ways = []
    for image, number, moved in zip(images.numpy(), u.numpy(), found, strict=True):
        expected, way = translated_slowly(image, number, image_range[0], 0.25)
        assert np.array_equal(moved, expected)
        ways.append(way)
    for way, side in zip(np.transpose(ways), shape[:2], strict=True):
        assert way.min() == -round(side / 4) and way.max() == round(side / 4)


def test_every_translation_is_as_likely():
    u = numbers(9000)
    images = tf.tile(tf.reshape(tf.range(8.0), (1, 8, 1, 1)), (9000, 1, 1, 1))
    middle = operations.translate(images, u, (0.0, 1.0), 0.125)[:, 4, 0, 0].numpy()
    counts = [np.sum(middle == value) for value in (3, 4, 5)]
    assert sum(counts) == 9000
    assert counts == pytest.approx([3000] * 3, abs=5 * (9000 * 2 / 9) ** 0.5)


def cut_slowly(image, u, least, share):
    cut, sides = image.copy(), image.shape[:2]
    holes = [round(share * side) for side in sides]
    middles = [
        min(int(np.float32(n) * np.float32(s + 1 - h % 2)), s - h % 2)
        for n, s, h in zip(u, sides, holes, strict=True)
    ]
    for row in range(sides[0]):
        for column in range(sides[1]):
            inside = [
                m - h // 2 <= pixel < m - h // 2 + h
                for pixel, m, h in zip((row, column), middles, holes, strict=True)
            ]
            if all(inside):
                cut[row, column] = least
    return cut


@pytest.mark.parametrize("shape", SHAPES[:3])
@pytest.mark.parametrize("image_range", RANGES)
def test_cutout_is_one_black_rectangle(shape, image_range):
    images, u = some_images(shape, image_range=image_range), numbers()
    found = operations.cut_out(images, u, image_range, 0.5).numpy()
    for image, number, cut in zip(images.numpy(), u.numpy(), found, strict=True):
        assert np.array_equal(cut, cut_slowly(image, number, image_range[0], 0.5))


def test_cutout_takes_a_quarter_of_the_image_or_less_and_a_sixteenth_at_a_corner():
    images = tf.ones((4000, 28, 28, 1))
    lost = 1 - operations.cut_out(images, numbers(4000), (0.0, 1.0), 0.5).numpy().mean((1, 2, 3))
    assert lost.max() == pytest.approx(1 / 4) and lost.min() == pytest.approx(1 / 16)


def test_colours_by_hand():
    images, u = some_images(image_range=(0.0, 1.0)), numbers().numpy()
    first = u[:, 0].reshape(-1, 1, 1, 1)
    for image_range, width in (((0.0, 1.0), 1.0), ((-1.0, 1.0), 2.0)):
        found = operations.brightness(images, u, image_range)
        np.testing.assert_allclose(found, images + (first - 0.5) / 2 * width, atol=1e-6)
    grey = images.numpy().mean(3, keepdims=True)
    found = operations.saturation(images, u, (0.0, 1.0))
    np.testing.assert_allclose(found, grey + 2 * first * (images - grey), atol=1e-5)
    mean = images.numpy().mean((1, 2, 3), keepdims=True)
    found = operations.contrast(images, u, (0.0, 1.0))
    np.testing.assert_allclose(found, mean + (0.5 + first) * (images - mean), atol=1e-5)


@pytest.mark.parametrize("channels", [2, 4])
def test_without_three_channels_nothing_is_colour(channels):
    images = np.random.default_rng(0).uniform(size=(3, 4, 4, channels)).astype("f4")
    drawn = np.full((3, 2), 0.9, "f4")
    assert np.array_equal(operations.saturation(images, drawn, (0.0, 1.0)), images)


def test_grey_images_have_no_saturation():
    images = some_images((8, 8, 1))
    assert np.array_equal(operations.saturation(images, numbers(), (-1.0, 1.0)), images)


def test_half_of_the_images_are_flipped():
    images = some_images((6, 5, 3), count=2000)
    found = operations.flip(images, numbers(2000), (-1.0, 1.0)).numpy()
    flipped = np.array([np.array_equal(a, b[:, ::-1]) for a, b in zip(found, images, strict=True)])
    assert np.array_equal(found[~flipped], images.numpy()[~flipped])
    assert flipped.mean() == pytest.approx(0.5, abs=5 * 0.5 / 2000**0.5)


@pytest.mark.parametrize("u", [5e-8, 1.0])
def test_the_ends_of_what_can_be_drawn(u):
    """float32 rounds the greatest of 2^24 numbers up to 1."""
    images, drawn = some_images(count=2), tf.fill((2, 2), u)
    for image, number, *found in zip(
        images.numpy(),
        drawn.numpy(),
        operations.translate(images, drawn, (-1.0, 1.0), 0.25).numpy(),
        operations.cut_out(images, drawn, (-1.0, 1.0), 0.5).numpy(),
        strict=True,
    ):
        assert np.array_equal(found[0], translated_slowly(image, number, -1.0, 0.25)[0])
        assert np.array_equal(found[1], cut_slowly(image, number, -1.0, 0.5))


# All of them together.


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("image_range", RANGES)
def test_shapes_and_ranges(shape, image_range):
    low, high = image_range
    images = some_images(shape, image_range=image_range)
    changed = ALL(images, NOISE, image_range)
    assert changed.shape == images.shape and changed.dtype == tf.float32
    # 1/4 brighter, then 3 times the saturated contrast at most.
    assert np.abs(changed - (low + high) / 2).max() < 4 * (high - low)
    still = (HorizontalFlip() + DiffAugment(colour=False))(images, NOISE, image_range)
    assert low <= still.numpy().min() and still.numpy().max() <= high


@pytest.mark.parametrize("shape", SHAPES)
def test_off_it_changes_no_bit(shape):
    images = some_images(shape)
    assert np.array_equal(OFF(images, NOISE, (-1.0, 1.0)), images)
    assert np.array_equal(ALL(images, NOISE, (-1.0, 1.0), tf.constant(0.0)), images)


def test_of_probability_1_all_is_done():
    images = some_images()
    always = ALL(images, NOISE, (-1.0, 1.0), tf.constant(1.0 + 1e-6))
    assert np.array_equal(always, ALL(images, NOISE, (-1.0, 1.0)))


@keras.saving.register_keras_serializable("tests")
class Inverting(Augmentation):
    """One's own, without arguments."""

    def operations(self):
        return [lambda images, drawn, _: -images]


def test_ones_own_without_arguments_is_saved():
    config = keras.saving.serialize_keras_object(Inverting())
    assert isinstance(keras.saving.deserialize_keras_object(config), Inverting)


def test_each_operation_is_drawn_for_each_image_by_itself():
    class Marking(Augmentation):
        """Two operations, each of which leaves its mark in one corner."""

        def operations(self):
            def mark(row):
                return lambda images, drawn, _: images + tf.one_hot([[row]], 2)[..., None]

            return [mark(0), mark(1)]

    marked = Marking()(tf.zeros((4000, 1, 2, 1)), NOISE, (0.0, 1.0), tf.constant(0.3))
    first, second = np.transpose(marked.numpy()[:, 0, :, 0])
    for found, share in ((first, 0.3), (second, 0.3), (first * second, 0.09)):
        assert found.mean() == pytest.approx(share, abs=5 * (share / 4000) ** 0.5)


def test_the_numbers_are_fresh_for_each_image_step_and_purpose_and_no_others():
    images = tf.repeat(some_images(count=1), 16, axis=0)
    here = dict(seed=5, step=3, purpose=random.REAL_FOR_DISCRIMINATOR)
    first = ALL(images, RandomStream(**here), (-1.0, 1.0)).numpy()
    assert np.array_equal(first, ALL(images, RandomStream(**here), (-1.0, 1.0)))
    assert len({image.tobytes() for image in first}) == 16
    for other in (
        dict(seed=6),
        dict(step=4),
        dict(purpose=random.FAKE_FOR_DISCRIMINATOR),
        dict(purpose=random.REAL_FOR_GENERATOR),
        dict(purpose=random.FAKE_FOR_GENERATOR),
    ):
        others = ALL(images, RandomStream(**here | other), (-1.0, 1.0)).numpy()
        assert not {image.tobytes() for image in first} & {image.tobytes() for image in others}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES[1:])
def test_compiled_by_xla_it_is_the_same(shape):
    images = some_images(shape)

    def changed(images, probability):
        with tf.GradientTape() as tape:
            tape.watch(images)
            made = ALL(images, NOISE, (-1.0, 1.0), probability)
            loss = tf.reduce_sum(made**2)
        return made, tape.gradient(loss, images)

    plain = changed(images, tf.constant(0.7))
    compiled = tf.function(changed, jit_compile=True)(images, tf.constant(0.7))
    for a, b in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_is_that_of_finite_differences(shape):
    """All operations are linear in the image, so the difference is exact but for rounding."""
    images, way = some_images(shape, count=4), some_images(shape, count=4, seed=9)
    weights = some_images(shape, count=4, seed=10)

    def loss(images):
        return tf.reduce_sum(weights * ALL(images, NOISE, (-1.0, 1.0)))

    with tf.GradientTape() as tape:
        tape.watch(images)
        paid = loss(images)
    slope = float(tf.reduce_sum(tape.gradient(paid, images) * way))
    assert slope == pytest.approx(float(loss(images + way) - loss(images)), rel=1e-3, abs=1e-2)


# In a GAN.


IMAGES = np.random.default_rng(0).integers(0, 256, (64, 16, 16), np.uint8)


def gan_with(augment=None, **compiled):
    gan = conv_gan()
    gan.compile(augment=augment, **compiled)
    return gan


def trained(augment):
    """Weights of both players, and the history."""
    gan = gan_with(augment, run_eagerly=True)
    history = gan.fit(IMAGES[:32], epochs=2, batch_size=16, verbose=0).history
    return [w.numpy() for w in gan.generator.weights + gan.discriminator.weights], history


@pytest.fixture(scope="module")
def plain():
    return trained(None)


@pytest.mark.parametrize("shape", [(16, 16, 1), (16, 20, 3)])
def test_the_gradient_reaches_every_weight_of_the_generator(shape):
    keras.utils.set_random_seed(4)
    gan = presets.dcgan(shape, codings_size=4)
    gan.compile(augment=ALL)
    drawn = random.normal(8, 4, seed=0)
    with tf.GradientTape() as tape:
        real, fake = Batch(some_images(shape, count=8)), Batch(gan(drawn, training=True))
        streams, share = random.RandomStreams(0, 0), replicas.share(real.size)
        loss, _ = gan.generator_loss(Step(0, real, streams, share, True, fake))
    gradients = tape.gradient(loss, gan.generator.trainable_variables)
    for weight, gradient in zip(gan.generator.trainable_variables, gradients, strict=True):
        assert gradient is not None and np.isfinite(gradient).all(), weight.path
        # Before a batch norm a bias is no matter.
        assert "bias" in weight.path or np.abs(gradient).max() > 0, weight.path


class Noting(keras.layers.Layer):
    """Passes on the images that the discriminator sees, and notes them."""

    seen = ()

    def call(self, images):
        if not isinstance(images, keras.KerasTensor) and tf.executing_eagerly():
            self.seen = [*self.seen, images.numpy()]
        return images


def noting(augment, loss=None, **compiled):
    noted = Noting()
    discriminator = keras.Sequential(
        [keras.Input((8, 8)), noted, layers.Flatten(), layers.Dense(1)]
    )
    gan = GAN(networks.dense.generator((8, 8), codings_size=3), discriminator)
    gan.compile(loss, augment=augment, run_eagerly=True, **compiled)
    noted.seen = []
    return gan, noted


def test_all_that_is_judged_in_training_is_augmented_and_nothing_else():
    half_black = DiffAugment(colour=False, translation=0, cutout=1.0)
    gan, noted = noting(half_black, Relativistic(), penalty=R1(1.0))
    gan.train_on_batch(np.full((5, 8, 8), 255, np.uint8))
    assert len(noted.seen) == 5  # real and fake for both players, real for the penalty
    low = gan.image_range[0]
    for images in noted.seen:
        assert ((images == low).mean((1, 2)) >= 1 / 4).all()
    assert np.array_equal(noted.seen[0], noted.seen[2])  # the penalty's: no other draw
    holes = [images == low for images in (noted.seen[0], noted.seen[1], *noted.seen[3:])]
    for number, some in enumerate(holes):
        assert not any(np.array_equal(some, others) for others in holes[number + 1 :])
    noted.seen = []
    gan.evaluate(np.full((5, 8, 8), 255, np.uint8), verbose=0)
    assert noted.seen and all((images > low).all() for images in noted.seen)


def test_a_function_will_do_and_gets_real_and_fake_images(images):
    def upside_down(images, noise, image_range):
        assert image_range == (0.0, 1.0)
        return images[:, ::-1]

    gan, noted = noting(upside_down)
    image = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    gan.train_on_batch(image)
    np.testing.assert_allclose(noted.seen[0], image[:, ::-1] / 255, rtol=1e-6)
    assert len(noted.seen) == 3


@pytest.mark.slow
@pytest.mark.parametrize("augment", [OFF, Adaptive(ALL, every=1000)], ids=["off", "p is 0"])
def test_where_nothing_is_changed_no_bit_of_the_training_is(augment, plain):
    weights, history = trained(augment)
    logged = {} if augment is OFF else {"augmentation_probability": [0.0, 0.0]}
    assert history == plain[1] | logged
    assert same(weights, plain[0])


@pytest.mark.slow
def test_augmented_another_gan_is_trained(plain):
    weights, history = trained(ALL)
    assert not any(np.array_equal(*w) for w in zip(weights, plain[0], strict=True) if w[0].ndim > 1)
    assert set(history) == set(plain[1])  # p is logged only where it is


def test_in_bfloat16_it_trains(images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = gan_with(Adaptive(ALL, speed=100), penalty=R1(1.0), run_eagerly=True)
    finally:
        keras.config.set_dtype_policy("float32")
    history = gan.fit(images, batch_size=16, verbose=0).history
    assert gan.augmentation_probability.dtype == "float32"
    assert all(np.isfinite(values).all() for values in history.values())


# Adaptive.


@pytest.mark.parametrize(
    ("shares", "way"),
    [([1.0], 1), ([0.8], 1), ([0.75], -1), ([0.0], -1), ([1.0, 0.5], -1), ([1.0, 1.0, 0.5], 1)],
)
def test_p_moves_by_the_images_seen_over_the_speed(shares, way):
    """r is twice the share of positive scores, less 1; a target of 0.6 is a share of 0.8."""
    adaptive = Adaptive(ALL, target=0.55, every=len(shares), speed=1000)
    state = augmenting.adaptive.Probability()
    state.p.assign(0.4)
    for step, share in enumerate(shares):
        assert float(state.p) == pytest.approx(0.4)
        scores = np.where(np.arange(20) < 20 * share, 3.0, -0.1).astype("float32")[:, None]
        state.adjust(adaptive, tf.constant(scores), step)
    assert float(state.p) == pytest.approx(0.4 + way * 20 * len(shares) / 1000, abs=1e-6)
    assert float(state.signs) == float(state.images) == 0.0


def test_p_stays_within_its_limits():
    adaptive, state = Adaptive(ALL, every=1, speed=10, limit=0.7), augmenting.adaptive.Probability()
    for sign, expected in ((1.0, 0.5), (1.0, 0.7), (-1.0, 0.2), (-1.0, 0.0)):
        state.adjust(adaptive, tf.fill((5, 1), sign), 0)
        assert float(state.p) == pytest.approx(expected)


def test_scores_of_patches_count_as_one_image():
    state = augmenting.adaptive.Probability()
    scores = tf.constant([[[1.0, 1.0], [1.0, -1.0]], [[-1.0, -1.0], [-1.0, -1.0]]])[..., None]
    state.adjust(Adaptive(ALL, every=2), scores, 0)
    assert (float(state.signs), float(state.images)) == (0.5 - 1.0, 2.0)


@pytest.mark.parametrize(("score", "sign"), [(0.6, 1.0), (0.4, -1.0)])
def test_the_loss_says_which_scores_mean_real(score, sign):
    gan = dirac(LeastSquares(), augment=Adaptive(HorizontalFlip(), every=2))
    gan.objective.augmenter.adapt(tf.fill((5, 1), score), 0)
    assert float(gan.auxiliary_layers["augmentation"].signs) == 5 * sign


@pytest.mark.slow
@pytest.mark.parametrize(("value", "way"), [(255, 1), (0, -1)])
def test_in_a_gan_it_follows_the_scores_of_real_images_and_is_logged(value, way):
    """The Dirac GAN scores an image x with psi x, and here psi, more than 0, stays."""
    gan = dirac(Wasserstein(), augment=Adaptive(HorizontalFlip(), every=2, speed=100))
    gan.discriminator_optimizer.learning_rate = 0.0
    gan.augmentation_probability.assign(0.5)
    real = np.full((4, 1, 1), value / 255 - 0.5, "float32")
    logged = [
        gan.train_on_batch(real, return_dict=True)["augmentation_probability"] for _ in range(5)
    ]
    steps = np.array([0.5, 0.5, 0.5 + 0.08 * way, 0.5 + 0.08 * way, 0.5 + 0.16 * way])
    np.testing.assert_allclose(logged, steps, atol=1e-6)
    assert "augmentation" not in gan.evaluate(real, return_dict=True, verbose=0)


def test_compiled_again_p_stays_and_without_it_is_gone():
    gan = gan_with(Adaptive(ALL))
    gan.augmentation_probability.assign(0.25)
    gan.compile(augment=Adaptive(HorizontalFlip(), speed=7))
    assert float(gan.augmentation_probability) == 0.25
    gan.compile(augment=ALL)
    assert gan.augmentation_probability is None
    assert len(gan.weights) == len(gan_with().weights)


@pytest.mark.parametrize("augment", [ALL, DiffAugment(False, 0.2, 0.3), Adaptive(ALL)], ids=str)
def test_config_round_trip(augment):
    config = keras.saving.serialize_keras_object(augment)
    assert keras.saving.deserialize_keras_object(config) == augment


# Refused.


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DiffAugment(translation=2), "from 0 to 1. Received: translation=2"),
        (lambda: DiffAugment(cutout=-0.1), "from 0 to 1. Received: cutout=-0.1"),
        (lambda: Adaptive(0.5), r"Received: 0.5. Type Adaptive\(DiffAugment\(\)\)"),
        (lambda: Adaptive(ALL, every=0), "an integer of 1 or more. Received: every=0"),
        (lambda: Adaptive(ALL, target=1), "between -1 and 1.*Received: target=1"),
        (lambda: Adaptive(ALL, limit=2), "limit=2"),
        (lambda: gan_with(DiffAugment), r"Type DiffAugment\(\)"),
        (lambda: gan_with(0.5), r"Received: 0.5"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
