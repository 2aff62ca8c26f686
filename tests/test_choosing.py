"""What is chosen for images, and that the rules behind the presets hold."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_model import losses, penalties, presets
from gan_model.model import Batch
from gan_model.networks import modern
from gan_model.networks.layers import UpsampledConv2D
from gan_model.presets import rules


def images(count, shape=(16, 16, 3)):
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


# The choice.


def test_images_without_classes_get_modern():
    choice = presets.choose(images(300))
    assert choice.preset is presets.modern
    assert choice.image_shape == (16, 16, 3) and choice.arguments == {"image_count": 300}
    assert "300 images of 16 x 16 in colour" in choice.told()


@pytest.mark.parametrize(
    ("counts", "preset"),
    [
        ((600, 400), presets.modern_conditional),
        ((600, 399), presets.modern),
        ((1000,), presets.modern),
    ],
)
def test_classes_are_used_where_each_has_enough(counts, preset):
    labels = np.repeat(np.arange(len(counts)), counts)
    choice = presets.choose(images(len(labels)), labels)
    assert choice.preset is preset
    assert choice.arguments.get("class_count", 1) == (1 if preset is presets.modern else 2)


def test_labels_may_be_a_column():
    labels = np.repeat([0, 1], 500)
    assert presets.choose(images(1000), labels[:, None]) == presets.choose(images(1000), labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(100) % 2 - 1, r"go from -1 to 0; expected 0 or more. Number the classes from 0"),
        (np.arange(100) % 2 + 0.5, r"labels are float64; expected integers from 0\. Type"),
        (np.array(["cat", "dog"] * 50), r"labels are texts.*return_inverse=True\)"),
        (np.eye(2, dtype=int)[np.arange(100) % 2], "argmax"),
    ],
    ids=["negative", "floats", "text", "one-hot"],
)
def test_labels_that_will_not_do_are_refused(labels, message):
    for of_labels in (
        lambda: presets.choose(images(100), labels),
        lambda: presets.classes_for(presets.modern_conditional, labels),
    ):
        with pytest.raises(ValueError, match=message):
            of_labels()
    column = presets.classes_for(presets.modern_conditional, np.array([[0], [2]]))
    assert column == {"class_count": 3}


def test_grey_images_may_come_without_a_channel():
    assert presets.choose(images(20, (28, 28))).image_shape == (28, 28, 1)


def test_what_was_given_is_not_told_as_chosen():
    choice = presets.choose(images(300))
    assert "batches of 16" in choice.told()
    assert "batches of" not in choice.told(given=["batch_size"])


def test_batches_are_no_larger_than_all_images():
    assert "batches of 9" in presets.choose(images(9)).told()


def test_many_images_without_classes_get_clusters():
    many = np.zeros((rules.MANY, 16, 16), np.uint8)
    assert "clusters for classes (10,000 grey images or more)" in presets.choose(many).told()
    assert "clusters" not in presets.choose(np.zeros((rules.MANY, 16, 16, 3), np.uint8)).told()
    assert "clusters" not in presets.choose(many, np.arange(len(many)) % 2).told()
    assert "clusters" not in presets.choose(many).told(given=["clusters"])


def test_a_preset_has_the_batch_size_that_it_was_measured_with():
    sizes = {preset: presets.batch_size_for(preset) for preset in presets.PRESETS.values()}
    assert sizes.pop(presets.modern) == sizes.pop(presets.modern_conditional) == 16
    assert set(sizes.values()) == {32} and presets.batch_size_for(presets.fine_tuned) == 16


def test_suited_gives_the_compiled_gan_and_tells_why(capsys):
    gan = presets.suited(images(1000), np.arange(1000) % 2, seed=3)
    assert gan.compiled and gan.class_count == 2 and gan.image_shape == (16, 16, 3)
    assert "modern_conditional (2 classes, 500 images or more in each)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("counts", "names", "reason"),
    [
        ((600, 600), ("test", "train"), "2 classes: test, train; 600 images or more in each"),
        ((60, 3), ("cats", "few"), "2 classes: cats, few; 'few' has 3, and 400 training images"),
        ((60, 60), ("a", "b", "empty"), "3 classes: a, b, empty; 'empty' has 0, and 400 training"),
        ((0, 60), (), "2 classes, '0' has 0, and 400 training images are the least"),
        ((500,) * 20, tuple("abcdefghijklmnopqrst"), "(20 classes, 500 images or more in each)"),
    ],
)
def test_the_classes_are_named(counts, names, reason):
    labels = np.repeat(np.arange(len(counts)), counts)
    choice = presets.choose(images(len(labels)), labels, class_names=names)
    assert reason in choice.told()


def test_a_list_of_images_will_do():
    labels = np.repeat([0, 1], 60)
    assert presets.choose(list(images(120)), labels) == presets.choose(images(120), labels)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((images(8).transpose(0, 3, 1, 2),), r"channels first.*np.moveaxis\(images, 1, -1\)"),
        ((images(8)[:0],), "of one image or more"),
        ((images(8)[0, 0],), r"shape \(16, 3\); expected \(n, height, width\), or with"),
        (("path",), "Received str in the place of images"),
        (((images(8), np.zeros(8, int)),), "Received tuple in the place of images"),
        ((images(8), np.zeros(9, int)), "8 images and 9 labels; expected one for each"),
    ],
    ids=["channels first", "none", "one", "path", "pair", "labels"],
)
def test_what_nothing_suits_is_refused(given, message):
    for method in (presets.choose, presets.suited):
        with pytest.raises(ValueError, match=message):
            method(*given)


def test_each_choice_can_be_overruled(capsys):
    gan = presets.suited(images(100), augment=None, penalty=None, codings_size=7)
    assert "augmentation" not in capsys.readouterr().out
    assert gan.augment is None and gan.penalty is None and gan.codings_size == 7


@pytest.mark.parametrize("given", [{"loss": losses.Wasserstein()}, {"image_count": None}], ids=str)
def test_what_an_argument_rules_out_is_not_told(capsys, given):
    gan = presets.suited(images(20), **given)
    assert gan.augment is None and "augmentation" not in capsys.readouterr().out


# The rules.


def weight_at(penalty, step):
    weight = penalty.weight
    return float(weight(step)) if callable(weight) else weight


@pytest.mark.parametrize(
    ("shape", "weight"),
    [((28, 28, 1), 1), ((64, 64, 3), 15.67), ((128, 128, 3), 16), ((16, 20, 1), 0.408)],
)
def test_the_penalty_grows_with_the_values_of_an_image_up_to_16(shape, weight):
    penalty = rules.r1_for(shape)
    assert penalty.weight == pytest.approx(weight, rel=0.01) and penalty.every == 8


@pytest.mark.parametrize(
    ("count", "weight", "large"),
    [
        (None, 1, 15.67),
        (60_000, 1, 15.67),
        (10_000, 1, 15.67),
        (5_000, 2.83, 44.3),
        (2_500, 8, 125.4),
        (1_000, 31.6, 384),
        (300, 32, 384),
    ],
)
def test_the_penalty_grows_as_images_get_few(count, weight, large):
    for shape, expected in (((28, 28, 1), weight), ((64, 64, 3), large)):
        penalty = rules.r1_for(shape, count)
        assert weight_at(penalty, 0) == pytest.approx(expected, rel=0.01) and penalty.every == 8


def test_of_few_large_images_the_penalty_grows_less():
    weights = [rules.r1_for((side, side, 3), 300).weight for side in (64, 128, 256)]
    assert weights == pytest.approx([384, 384 / 8**0.5, 384 / 8])
    assert rules.r1_for((256, 256, 3), 9_000).weight == pytest.approx(16 * (10 / 9) ** 1.5)


@pytest.mark.parametrize(
    ("count", "weights"),
    [(10_000, [1, 1 / 2, 1 / 3, 1 / 5]), (9_999, [1.00015] * 4), (None, [1] * 4), (2_500, [8] * 4)],
)
def test_the_penalty_falls_with_the_images_seen_where_there_are_many(count, weights):
    penalty = rules.r1_for((28, 28, 1), count)
    for images, weight in zip((0, 50_000, 100_000, 200_000), weights, strict=True):
        assert weight_at(penalty, images // 16) == pytest.approx(weight)
    assert rules.r1_for((28, 28, 1), count, class_count=10).weight == pytest.approx(weights[0])


def test_it_falls_for_grey_images_without_classes_only():
    assert rules.r1_for((28, 28, 3), 10_000) == penalties.R1(3.0, every=8)
    assert weight_at(rules.r1_for((28, 28, 1), 10_000), 3_125) == pytest.approx(1 / 2)
    assert rules.r1_for((28, 28, 1), 10_000, 10) == penalties.R1(1.0, every=8)


@pytest.mark.slow
def test_the_presets_keep_to_the_rules():
    shape = 16, 16, 1
    few = presets.modern(shape, image_count=1_000)
    assert few.penalty == rules.r1_for(shape, 1_000)
    assert few.clusters is None and few.augment is None
    many = presets.modern(shape, image_count=rules.MANY)
    assert weight_at(many.penalty, 3_125) == weight_at(rules.r1_for(shape, rules.MANY), 3_125)
    assert many.clusters.count == 20 and many.augment is None
    assert presets.modern(shape, image_count=rules.MANY, clusters=None).clusters is None
    by_class = presets.modern_conditional(shape, image_count=rules.MANY)
    assert by_class.penalty == rules.r1_for(shape, rules.MANY, 10)


def test_a_discriminator_of_the_shrunk_image_pays_the_same_at_each_size():
    """The reason for the rule: what the discriminator sees decides, not how many pixels show it."""
    weights = tf.random.Generator.from_seed(0).normal((8 * 8, 1))
    paid = []
    for side in (8, 16, 32):
        shrink = keras.layers.AveragePooling2D(side // 8)
        score = keras.Sequential(
            [keras.layers.Input((side, side, 1)), shrink, keras.layers.Flatten()]
        )
        penalty = rules.r1_for((side, side, 1))
        real = tf.random.Generator.from_seed(1).normal((4, side, side, 1))

        def scores(batch, score=score):
            return score(batch.images) @ weights

        each = penalty.of_each(scores, Batch(real), Batch(real), None)
        paid.append(float(tf.reduce_mean(each)) * penalty.weight)
    assert paid[1] == pytest.approx(paid[0], rel=1e-5)
    assert paid[2] == pytest.approx(paid[0], rel=1e-5)


def test_many_grey_images_get_clusters():
    assert rules.clusters_for((16, 16, 1), rules.MANY) == rules.clusters_for((16, 16), 10**6) == 20
    for shape, count in (((16, 16, 1), rules.MANY - 1), ((16, 16), None), ((16, 16, 3), 10**6)):
        assert rules.clusters_for(shape, count) is None


def test_only_modern_has_clusters():
    many = np.zeros((rules.MANY, 1, 1), np.uint8)
    colour = np.zeros((rules.MANY, 1, 1, 3), np.uint8)
    assert presets.clusters_for(presets.modern, colour) is None
    made = {preset: presets.clusters_for(preset, many) for preset in presets.PRESETS.values()}
    assert made.pop(presets.modern) == 20 and set(made.values()) == {None}


@pytest.mark.parametrize(
    ("shape", "generator", "discriminator"),
    [
        ((28, 28, 1), 16, 32),
        ((64, 64, 3), 8, 16),
        ((48, 64, 3), 8, 16),
        ((128, 128, 3), 4, 8),
        ((256, 256, 3), 2, 4),
        ((16, 16, 1), 32, 64),
    ],
)
def test_widths_follow_from_the_size(shape, generator, discriminator):
    assert modern.filters_for(shape, 512) == generator
    assert modern.filters_for(shape, 1024) == discriminator


@pytest.mark.parametrize(
    ("side", "widths"), [(64, (8, 16)), (128, (4, 8)), (132, (8, 8)), (256, (8, 8))]
)
def test_above_128_no_layer_is_narrow_and_the_generator_has_none_at_full_size(side, widths):
    """With 2 or 4 filters there, all of them may be 0: an area of one colour."""
    shape = (side, side, 3)
    generator = modern.generator(shape, codings_size=4)
    *inner, to_colours = _filters_in(generator)
    assert (min(inner), to_colours) == (widths[0], 3)
    outputs = [layer.output.shape for layer in generator.layers]
    channels = {one[3] for one in outputs if len(one) == 4 and one[1] >= side}
    assert channels == ({3} if side > 128 else {3, widths[0]})
    assert generator.output.shape == (None, *shape)
    assert min(_filters_in(modern.discriminator(shape))) == widths[1]
    assert min(_filters_in(modern.discriminator(shape, filters=2))) == 2


def _filters_in(network):
    return [layer.filters for layer in network.layers if hasattr(layer, "filters")]


@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ((64, 64, 3), [64, 32, 16, 8, 4]),
        ((28, 28, 1), [28, 14, 7]),
        ((100, 100, 3), [100, 50, 25, 13, 7]),
        ((16, 16, 1), [16, 8, 4]),
    ],
)
def test_the_generator_starts_from_a_few_pixels(shape, sides):
    assert modern.sides_of(shape) == [(side, side) for side in sides]


@pytest.mark.parametrize(
    "shape", [(16, 16, 1), (36, 20, 3), (100, 60, 1), (48, 64, 3), (256, 16, 1)]
)
def test_sides_that_are_multiples_of_4(shape):
    generator = modern.generator(shape, codings_size=5)
    assert generator(tf.zeros((2, 5))).shape == (2, *shape)
    assert modern.discriminator(shape)(tf.zeros((2, *shape))).shape == (2, 1)


@pytest.mark.parametrize("shape", [(18, 16, 1), (12, 16, 1), (16, 260, 1), (16, 16, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="multiples of 4 from 16 to 256, with 1 or 3 channels"):
        presets.modern(shape)


# The layer.


@pytest.mark.parametrize(("height", "width"), [(4, 4), (7, 5), (1, 3)])
def test_upsampled_convolution_computes_what_two_layers_compute(height, width):
    inputs = tf.random.Generator.from_seed(0).normal((2, height, width, 3))
    fused = UpsampledConv2D(6)
    plain = keras.Sequential(
        [keras.layers.UpSampling2D(), keras.layers.Conv2D(6, 3, padding="same", use_bias=False)]
    )
    plain(inputs)
    fused(inputs)
    plain.layers[-1].set_weights(fused.get_weights())
    with tf.GradientTape(persistent=True) as tape:
        made = [tf.reduce_sum(tf.sin(layer(inputs))) for layer in (fused, plain)]
    np.testing.assert_allclose(fused(inputs), plain(inputs), rtol=1e-5, atol=1e-5)
    gradients = [
        tape.gradient(total, layer.trainable_variables[0])
        for total, layer in zip(made, (fused, plain), strict=True)
    ]
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-4)


def test_upsampled_convolution_is_saved(tmp_path):
    model = modern.generator((16, 16, 1), codings_size=5)
    model.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    codings = tf.ones((2, 5))
    np.testing.assert_array_equal(model(codings), loaded(codings))
