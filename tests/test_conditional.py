"""Class-conditional GANs: layers against their equations, a step by hand, what a label does."""

import shutil

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from py_batches import Batches

from gan_model import (
    GAN,
    augmenting,
    averaging,
    callbacks,
    data,
    features,
    losses,
    metrics,
    penalties,
    pictures,
    presets,
    sweeps,
)
from gan_model.data.images import random_subset, subset_like
from gan_model.metrics.diversity import diversity
from gan_model.model.random import normal
from gan_model.model.sampling import Sampler
from gan_model.networks.conditional import ConditionalBatchNormalization, Projection

CLASSES, SIDE, CODINGS = 3, 8, 4
LABELS = np.random.default_rng(1).integers(0, CLASSES, 96).astype("u1")
# Each class has a brightness of its own: 40, 120, 200, give or take 20.
IMAGES = (
    40 + 80 * LABELS[:, None, None] + np.random.default_rng(2).integers(-20, 21, (96, SIDE, SIDE))
).astype("u1")
KINDS = ["projection", "classifier", "both"]
TELLS = ("classifier", "both")


def generator(classes=CLASSES):
    codings, labels = keras.Input((CODINGS,)), keras.Input((), dtype="int32")
    hidden = layers.Dense(16)(codings)
    hidden = layers.ReLU()(ConditionalBatchNormalization(classes)([hidden, labels]))
    joined = layers.Concatenate()([hidden, layers.Embedding(classes, 4)(labels)])
    images = layers.Dense(SIDE * SIDE, activation="tanh")(joined)
    return keras.Model([codings, labels], layers.Reshape((SIDE, SIDE))(images))


def discriminator(kind="projection", classes=CLASSES):
    images, labels = keras.Input((SIDE, SIDE)), keras.Input((), dtype="int32")
    features = layers.LeakyReLU()(layers.Dense(16)(layers.Flatten()(images)))
    logits = layers.Dense(classes)(features)
    if kind == "classifier":
        return keras.Model(images, [layers.Dense(1)(features), logits])
    scores = Projection(classes)([features, labels])
    return keras.Model([images, labels], scores if kind == "projection" else [scores, logits])


def compiled(kind="projection", *, seed=0, run_eagerly=True, **rule):
    """Without a graph, which takes longer to make than a few steps."""
    keras.utils.set_random_seed(seed)
    gan = GAN(generator(), discriminator(kind), class_count=CLASSES, seed=seed)
    gan.compile(losses.NonSaturating(), *optimizers(), run_eagerly=run_eagerly, **rule)
    return gan


def optimizers():
    return [keras.optimizers.Adam(2e-3, beta_1=0.5) for _ in range(2)]


def fit(gan, images=IMAGES, labels=LABELS, **arguments):
    arguments = {"batch_size": 8, "verbose": 0, **arguments}
    return gan.fit(images, labels, **arguments)


def weights(gan):
    return [*gan.generator.get_weights(), *gan.discriminator.get_weights()]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


def test_a_run_does_not_go_on_with_other_labels(tmp_path):
    few, others = (IMAGES[:8], LABELS[:8]), (LABELS[:8] + 1) % CLASSES
    fit(compiled(), *few, callbacks=[callbacks.Checkpoints(tmp_path)])
    with pytest.raises(ValueError, match=r"labels was .*: type those of the run as the labels"):
        fit(compiled(), few[0], others, callbacks=[callbacks.Checkpoints(tmp_path)], epochs=2)


def test_the_floor_is_of_images_with_the_labels_of_the_held_out_ones():
    gan, pixels = compiled(), metrics.FeatureMetrics(features.pixels())
    gan.quality = metrics.Quality(pixels)
    (held_out, wanted), (images, labels) = (IMAGES[:30], LABELS[:30]), (IMAGES[30:], LABELS[30:])
    fit(gan, images, labels, validation_data=(held_out, wanted), steps_per_epoch=1)
    reference = gan.quality.reference
    alike = subset_like(images, 30, labels=labels, wanted=wanted)
    assert gan.quality.floor == reference.compare(alike)
    assert gan.quality.floor != reference.compare(random_subset(images, 30))


# The layers.


@pytest.mark.parametrize("shape", [(6, 5), (6, 3, 2, 5)], ids=["vectors", "images"])
def test_conditional_batch_norm_is_its_equation(shape):
    inputs = np.random.default_rng(0).normal(3, 2, shape).astype("f4")
    labels = np.array([0, 1, 2, 1, 0, 2])
    layer = ConditionalBatchNormalization(3, epsilon=1e-3)
    layer([inputs, labels])
    scale, offset = np.random.default_rng(1).normal(size=(2, 3, 5)).astype("f4")
    layer.scale.set_weights([scale])
    layer.offset.set_weights([offset])
    axes = tuple(range(len(shape) - 1))
    normal_ones = (inputs - inputs.mean(axes)) / np.sqrt(inputs.var(axes) + 1e-3)
    rows = (len(labels), *[1] * (len(shape) - 2), 5)
    expected = scale[labels].reshape(rows) * normal_ones + offset[labels].reshape(rows)
    np.testing.assert_allclose(layer([inputs, labels], training=True), expected, atol=1e-5)


def test_conditional_batch_norm_begins_as_plain_batch_norm():
    inputs = np.random.default_rng(0).normal(3, 2, (6, 5)).astype("f4")
    plain = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    conditional = ConditionalBatchNormalization(2)
    for training in (True, False):
        np.testing.assert_allclose(
            conditional([inputs, np.array([0, 1, 0, 1, 1, 1])], training=training),
            plain(inputs, training=training),
            atol=1e-6,
        )


def test_projection_is_its_equation():
    features, labels = np.random.default_rng(0).normal(size=(4, 5)).astype("f4"), [2, 0, 1, 2]
    layer = Projection(3)
    assert layer([features, np.array(labels)]).shape == (4, 1)
    layer.of_class.set_weights([np.random.default_rng(1).normal(size=(3, 5)).astype("f4")])
    kernel, bias = layer.score.get_weights()
    expected = features @ kernel + bias
    expected += (features * layer.of_class.get_weights()[0][labels]).sum(1, keepdims=True)
    np.testing.assert_allclose(layer([features, np.array(labels)]), expected, atol=1e-6)


def test_projection_scores_each_place_of_a_feature_map():
    features = np.random.default_rng(0).normal(size=(3, 2, 3, 5)).astype("f4")
    labels, layer = np.array([2, 0, 2]), Projection(3)
    scores = layer([features, labels])
    assert scores.shape == (3, 2, 3, 1)
    layer.of_class.set_weights([np.random.default_rng(1).normal(size=(3, 5)).astype("f4")])
    scores, one_place = layer([features, labels]), layer([features[:, 1, 2], labels])
    np.testing.assert_allclose(scores[:, 1, 2], one_place, atol=1e-6)


def test_projection_takes_labels_in_a_column():
    """As a functional model gives them whose `Input` for labels is (1,)."""
    features, labels = np.random.default_rng(0).normal(size=(4, 5)).astype("f4"), np.arange(4) % 3
    layer = Projection(3)
    layer([features, labels])
    layer.of_class.set_weights([np.random.default_rng(1).normal(size=(3, 5)).astype("f4")])
    inputs = keras.Input((5,)), keras.Input((1,), dtype="int32")
    model = keras.Model(inputs, layer(inputs))
    np.testing.assert_array_equal(model([features, labels]), layer([features, labels]))


@pytest.mark.parametrize("kind", [ConditionalBatchNormalization, Projection])
def test_a_frozen_layer_comes_back_frozen(kind):
    layer = kind(3, trainable=False)
    for one in (layer, kind.from_config(layer.get_config())):
        one.build([(None, 5), (None,)])
        assert one.weights and not one.trainable_variables
        assert not any(variable.trainable for variable in one.weights)


def test_wrong_classes_cost_their_cross_entropy():
    logits = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, 1000.0]], "f4")
    shares = np.exp(logits[0]) / np.exp(logits[0]).sum()
    expected = 0.3 * (-np.log(shares[2]) + 997.0) / 2
    cost = losses.ClassCrossEntropy(0.3)(tf.constant([2, 1]), tf.constant(logits))
    assert float(cost) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_of_wrong_classes_that_is_none(weight):
    with pytest.raises(ValueError, match="`weight` is 0 or more"):
        losses.ClassCrossEntropy(weight)


# The step.


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_the_one_by_hand(kind):
    gan, rate, weight = compiled(kind), 0.1, 0.7
    own = {} if kind == "projection" else {"class_loss": losses.ClassCrossEntropy(weight)}
    sgd = [keras.optimizers.SGD(rate) for _ in range(2)]
    gan.compile(losses.NonSaturating(), *sgd, run_eagerly=True, **own)
    keras.utils.set_random_seed(0)
    maker, judge = generator(), discriminator(kind)
    maker.set_weights(gan.generator.get_weights())
    judge.set_weights(gan.discriminator.get_weights())
    real, labels = tf.constant(IMAGES[:8] / 127.5 - 1, tf.float32), tf.constant(LABELS[:8])
    labels = tf.cast(labels, tf.int32)

    def judged(images):
        if kind == "projection":
            return judge([images, labels]), 0.0
        scores, logits = judge(images if kind == "classifier" else [images, labels])
        return scores, weight * tf.reduce_mean(
            keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        )

    codings = normal(8, CODINGS, seed=0, step=0)
    with tf.GradientTape() as tape:
        fake = maker([codings, labels], training=True)
        with tape.stop_recording(), tf.GradientTape() as own_tape:
            (r, of_real), (f, of_fake) = judged(real), judged(fake)
            cost = tf.reduce_mean(tf.nn.softplus(-r)) + tf.reduce_mean(tf.nn.softplus(f))
            cost += of_real + of_fake
        moves = own_tape.gradient(cost, judge.trainable_variables)
        for weight_, move in zip(judge.trainable_variables, moves, strict=True):
            weight_.assign_sub(rate * tf.convert_to_tensor(move))
        f, of_fake = judged(fake)
        cost = tf.reduce_mean(tf.nn.softplus(-f)) + of_fake
    moves = tape.gradient(cost, maker.trainable_variables)
    for weight_, move in zip(maker.trainable_variables, moves, strict=True):
        weight_.assign_sub(rate * tf.convert_to_tensor(move))

    gan.fit(IMAGES[:8], LABELS[:8], batch_size=8, shuffle=False, verbose=0)
    for ours, theirs in ((gan.generator, maker), (gan.discriminator, judge)):
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "loss"),
    [("classifier", losses.NonSaturating()), ("projection", losses.Relativistic())],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_the_generator_makes_what_it_is_asked_for(kind, loss):
    rule = {"penalty": penalties.R1(0.1), "average": averaging.ExponentialMovingAverage(500)}
    gan = compiled(kind)
    gan.compile(loss, *optimizers(), steps_per_execution=120, **rule)
    fit(gan, epochs=10, steps_per_epoch=120)  # 100 passes
    means = [gan.generate(32, labels=label).mean() for label in range(CLASSES)]
    np.testing.assert_allclose(means, [40, 120, 200], atol=20)


# What goes with it.


@pytest.mark.slow
@pytest.mark.soak
def test_it_is_the_same_however_many_steps_go_together():
    graph = {"run_eagerly": False, "jit_compile": False}
    one, many = compiled("both", **graph), compiled("both", steps_per_execution=5, **graph)
    fit(one, epochs=2)
    fit(many, epochs=2)
    assert same(one, many)


@pytest.fixture(scope="module")
def by_xla():
    """A GAN that XLA has compiled, and its weights after an epoch."""
    gan = by_sgd(steps_per_execution=2, jit_compile=True)
    return gan, weights(gan)


def by_sgd(**how):
    """After an epoch; without Adam, which makes whole steps of gradients that are but rounding."""
    gan = compiled("both")
    gan.compile(losses.NonSaturating(), *(keras.optimizers.SGD(0.1) for _ in range(2)), **how)
    fit(gan, labels=LABELS.astype("i4"))  # of another kind it would be compiled once more
    return gan


@pytest.mark.slow
def test_xla_compiles_it(by_xla):
    for a, b in zip(weights(by_sgd(run_eagerly=True)), by_xla[1], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.mark.slow
def test_it_goes_on_to_the_bit(tmp_path):
    rule = dict(
        penalty=penalties.R1(0.1, every=3) + penalties.GradientPenalty(0.1),
        average=averaging.ExponentialMovingAverage(100),
        augment=augmenting.DiffAugment(),
    )

    def trained(folder, *others):
        """The cut lies between two of the steps with R1."""
        gan, folder = compiled("both", **rule), tmp_path / folder
        listed = (
            callbacks.Checkpoints(folder / "checkpoints"),
            callbacks.HistoryFile(folder / "history.csv"),
        )
        fit(gan, IMAGES[:16], LABELS[:16], epochs=2, callbacks=[*listed, *others])
        return gan

    def keep(epoch, logs):
        """As the run would be found that was killed after its first epoch."""
        if epoch == 0:
            shutil.copytree(tmp_path / "whole", tmp_path / "cut")

    whole = trained("whole", keras.callbacks.LambdaCallback(on_epoch_end=keep))
    kept = tmp_path / "cut" / "checkpoints"
    assert [path.name for path in kept.glob("*.npz")] == ["epoch-00001.npz"]
    cut = trained("cut")
    assert same(whole, cut)
    histories = [(tmp_path / name / "history.csv").read_bytes() for name in ("cut", "whole")]
    assert histories[0] == histories[1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_wrong_classes_are_logged_and_a_file_brings_all_back(kind, tmp_path):
    own = {"class_loss": losses.ClassCrossEntropy(0.25)} if kind in TELLS else {}
    gan = compiled(kind, average=averaging.ExponentialMovingAverage(100), **own)
    few, costs = (IMAGES[:8], LABELS[:8]), {"class_loss", "val_class_loss"}
    logged = fit(gan, *few, validation_data=few).history
    assert costs & {*logged} == (costs if kind in TELLS else set())
    gan.save(tmp_path / "gan.keras")
    gan.sampled_generator.save(tmp_path / "generator.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert again.class_count == CLASSES and again.class_loss == gan.class_loss
    alone = Sampler.of(keras.models.load_model(tmp_path / "generator.keras"))
    for sampler in (again, alone):
        assert np.array_equal(sampler.generate(5, labels=1), gan.generate(5, labels=1))
    for model in (gan, again):
        fit(model, *few)
    assert same(gan, again)


@pytest.mark.slow
def test_a_data_set_with_labels_will_do():
    few = IMAGES[:16], LABELS[:16]
    batches = tf.data.Dataset.from_tensor_slices(few).batch(8)
    ours, theirs = compiled(), compiled()
    ours.fit(batches, verbose=0, validation_data=batches)
    fit(theirs, *few, shuffle=False)
    assert same(ours, theirs)
    ours.fit(data.dataset(*few, batch_size=8), verbose=0)


def test_held_out_images_keep_their_labels():
    history = fit(compiled(), IMAGES[:32], LABELS[:32], validation_split=0.25).history
    assert np.isfinite(history["val_discriminator_loss"]).all()


@pytest.mark.parametrize("of_a_data_set", [False, True])
def test_the_measured_images_have_the_labels_of_the_held_out_ones(of_a_data_set):
    """27 of class 0 and 3 of class 1; as many of each class would be far from them."""
    rows = np.concatenate([np.flatnonzero(LABELS == 0)[:27], np.flatnonzero(LABELS == 1)[:3]])
    images, labels = IMAGES[rows], LABELS[rows]
    given = images, labels
    measured = random_subset(labels, 24)
    if of_a_data_set:
        given = (tf.data.Dataset.from_tensor_slices(given).batch(8),)
        measured = labels[:24]
    gan = compiled()
    gan.quality = metrics.Quality(metrics.FeatureMetrics(features.pixels()), count=24)
    figures = gan.evaluate(*given, verbose=0, return_dict=True)
    expected = gan.quality.reference.compare(gan.generate(24, labels=measured))
    assert {name: figures[name] for name in expected} == expected
    in_turn = gan.quality.reference.compare(gan.generate(24))
    assert in_turn["fid_pixels"] != expected["fid_pixels"]


# Images of a class.


def test_image_i_depends_on_seed_i_and_label_alone():
    gan = compiled()
    many = gan.generate(70, seed=3)
    assert np.array_equal(gan.generate(5, seed=3), many[:5])
    labels = np.arange(70) % CLASSES
    assert np.array_equal(gan.generate(70, labels=labels, seed=3), many)
    ones = gan.generate(70, labels=1, seed=3)
    assert np.array_equal(ones[labels == 1], many[labels == 1])
    assert not np.array_equal(ones[labels == 0], many[labels == 0])


def test_a_grid_has_a_row_for_each_class():
    sampler = compiled().sampler()
    images, columns = sampler.for_grid(seed=2)
    assert len(images) == 8 * CLASSES and columns == 8
    for label in range(CLASSES):
        row = images[8 * label : 8 * label + 8]
        assert np.array_equal(row, sampler.generate(8, labels=label, seed=2))
    assert sampler.for_grid(7)[1] == 3  # 9 images, as there is a row for each class
    picture = pictures.grid(images, columns=columns)
    assert picture.shape[0] / picture.shape[1] == pytest.approx(CLASSES / 8, rel=0.05)


def test_a_walk_keeps_the_classes():
    sampler = compiled().sampler()
    walk = list(sampler.walk(CLASSES, stops=2, frames=3, seed=1))
    assert len(walk) == 6
    assert np.abs(walk[0].astype(int) - sampler.generate(CLASSES, seed=1)).max() <= 1


ASKED_WRONGLY = {
    "no class": (CLASSES, "go from 3 to 3"),
    "negative": (-1, "go from -1 to -1"),
    "half": (0.5, "float64"),
    "too few": ([0, 1], "one for each of 4 images"),
    "one-hot": (np.eye(4, dtype=int), "one for each of 4 images"),
}


@pytest.mark.parametrize("case", ASKED_WRONGLY)
def test_asked_for_what_there_is_not(case):
    labels, told = ASKED_WRONGLY[case]
    with pytest.raises(ValueError, match=told):
        compiled().generate(4, labels=labels)


def test_without_classes_there_is_none_to_ask_for():
    codings = keras.Sequential([keras.Input((4,)), layers.Dense(64), layers.Reshape((8, 8))])
    gan = GAN(codings, keras.Sequential([keras.Input((8, 8)), layers.Flatten(), layers.Dense(1)]))
    with pytest.raises(ValueError, match="built without classes"):
        gan.generate(4, labels=1)


# Mistakes, before the first step.

GIVEN_WRONGLY = {
    "none": (None, "received images only"),
    "too great": (LABELS + 1, "go from 1 to 3"),
    "floats": (LABELS.astype("f4"), "labels are float32"),
    "one-hot": (np.eye(CLASSES, dtype=int)[LABELS], "argmax"),
    "too few": (LABELS[:-1], "95 labels came with 96 images"),
}


@pytest.mark.parametrize("case", GIVEN_WRONGLY)
def test_labels_that_will_not_do(case):
    labels, told = GIVEN_WRONGLY[case]
    gan = compiled()
    with pytest.raises(ValueError, match=told):
        fit(gan, labels=labels)
    with pytest.raises(ValueError, match=told):
        fit(gan, validation_data=(IMAGES, labels))
    assert int(gan.step) == 0


@pytest.mark.slow
@pytest.mark.parametrize("case", ["none", "too great", "floats", "one-hot"])
def test_labels_of_batches_that_will_not_do(case):
    labels, told = GIVEN_WRONGLY[case]
    gan = compiled(run_eagerly=False)
    batch = (IMAGES,) if labels is None else (IMAGES, labels)
    with pytest.raises(ValueError, match=told):
        gan.fit(Batches(batch), verbose=0)
    if case != "too great":  # what a generator brings is known in a step alone, by kind
        with pytest.raises(ValueError, match=told):
            gan.fit((batch for _ in range(2)), verbose=0)
        with pytest.raises(ValueError, match=told):
            gan.train_on_batch(*batch)
    assert int(gan.step) == 0
    if case == "none":  # the others leave no more behind: it is refused while a step is traced
        gan.fit(Batches((IMAGES[:8], LABELS[:8, None].astype("i4"))), verbose=0)
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"not among the 3 classes.* -1"):
            gan.fit(with_a_later_label(-1), verbose=0)


def with_a_later_label(label, count=32):
    labels = np.append(LABELS[: count - 1], label).astype("i4")
    return tf.data.Dataset.from_tensor_slices((IMAGES[:count], labels)).batch(8)


@pytest.mark.parametrize(
    ("kind", "label"),
    [("projection", -1), ("projection", CLASSES), ("classifier", -1), ("both", CLASSES)],
)
def test_a_later_label_that_is_no_class_ends_the_training(kind, label):
    gan = compiled(kind)
    with pytest.raises(tf.errors.InvalidArgumentError, match="not among the 3 classes"):
        gan.fit(with_a_later_label(label), verbose=0)
    assert int(gan.step) == 3


@pytest.mark.slow
def test_a_later_label_that_is_no_class_ends_a_training_by_xla(by_xla):
    """It is in the first batch of the second execution of two."""
    gan, _ = by_xla
    before = int(gan.step)
    with pytest.raises(ValueError, match="The labels go from -1 to 2; expected 0 to 2"):
        gan.fit(with_a_later_label(-1, count=24), verbose=0)
    assert int(gan.step) == before + 2


def test_a_data_set_without_labels_will_not_do():
    batches = tf.data.Dataset.from_tensor_slices(IMAGES).batch(8)
    with pytest.raises(ValueError, match="received images only"):
        compiled().fit(batches)


def plain_generator():
    return keras.Sequential(
        [keras.Input((CODINGS,)), layers.Dense(SIDE * SIDE), layers.Reshape((SIDE, SIDE))]
    )


def plain_discriminator():
    return keras.Sequential([keras.Input((SIDE, SIDE)), layers.Flatten(), layers.Dense(1)])


def copying():
    """A discriminator whose class logits are the labels that it was told."""
    images, labels = keras.Input((SIDE, SIDE)), keras.Input((), dtype="int32")
    scores = layers.Dense(1)(layers.Flatten()(images))
    return keras.Model([images, labels], [scores, layers.Embedding(CLASSES, CLASSES)(labels)])


def telling_probabilities():
    images = keras.Input((SIDE, SIDE))
    features = layers.Flatten()(images)
    return keras.Model(
        images, [layers.Dense(1)(features), layers.Dense(CLASSES, activation="softmax")(features)]
    )


PLAYERS_THAT_DO_NOT_FIT = {
    "no classes told": (
        generator,
        discriminator,
        None,
        r"takes 2 inputs; expected one, .*Type GAN\(generator, discriminator, class_count=10\)",
    ),
    "generator without labels": (
        plain_generator,
        discriminator,
        CLASSES,
        "takes one input; expected",
    ),
    "discriminator without labels": (generator, plain_discriminator, CLASSES, "Projection"),
    "classes told, but not known": (
        *(plain_generator, lambda: discriminator("classifier"), None),
        "has 2 outputs; expected one, or",
    ),
    "other number of classes": (
        generator,
        lambda: discriminator("classifier", 5),
        3,
        "3 class logits",
    ),
    "told what to tell": (generator, copying, CLASSES, "depend on its input labels"),
    "probabilities": (generator, telling_probabilities, CLASSES, r"end in a softmax.*Dense\(3\)"),
    "no number": (generator, discriminator, 3.0, "`class_count` is an integer of 1 or more"),
    "none at all": (generator, discriminator, 0, "`class_count` is an integer of 1 or more"),
}


@pytest.mark.parametrize("case", PLAYERS_THAT_DO_NOT_FIT)
def test_players_that_do_not_fit(case):
    maker, judge, class_count, told = PLAYERS_THAT_DO_NOT_FIT[case]
    with pytest.raises(ValueError, match=told):
        GAN(maker(), judge(), class_count=class_count)


def test_codings_without_labels_are_refused_with_what_to_type():
    gan = compiled()
    for codings in (np.zeros((2, CODINGS), "f4"), np.zeros((5, CODINGS), "f4")):
        with pytest.raises(ValueError, match=r"Type gan\(\[codings, labels\]\)"):
            gan(codings)


def test_a_class_loss_that_nobody_would_pay():
    with pytest.raises(ValueError, match="this one gives scores only"):
        compiled(class_loss=losses.ClassCrossEntropy())
    with pytest.raises(ValueError, match=r"Type ClassCrossEntropy\(\)"):
        compiled("classifier", class_loss=losses.ClassCrossEntropy)


# The preset.


@pytest.mark.slow
def test_all_weights_of_the_preset_learn_and_a_file_has_them(tmp_path):
    images, labels = np.repeat(np.repeat(IMAGES[:4], 2, 1), 2, 2), LABELS[:4]
    keras.utils.set_random_seed(0)
    classes = LABELS.max() + np.int64(1)  # a number of NumPy
    gan = presets.modern_conditional((16, 16, 1), class_count=classes, codings_size=4)
    assert gan.class_count == CLASSES and isinstance(gan.class_count, int)
    gan.run_eagerly = True
    before = [weight.numpy() for weight in gan.trainable_variables]
    fit(gan, images, labels, epochs=2, batch_size=4)
    pairs = zip(gan.trainable_variables, before, strict=True)
    assert [weight.path for weight, then in pairs if np.array_equal(then, weight)] == []
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert np.array_equal(again.generate(6), gan.generate(6))


def test_a_preset_is_told_of_classes_only_where_it_asks():
    assert presets.classes_for(presets.modern_conditional, [0, 4, 2]) == {"class_count": 5}
    assert presets.classes_for(presets.modern_conditional, [0, 1], LABELS) == {"class_count": 3}
    assert presets.classes_for(presets.modern, [0, 4, 2]) == {}


# What a review found.


@pytest.mark.parametrize("given", ["clipnorm", "global_clipnorm"])
def test_the_gradient_of_an_embedding_is_clipped_as_a_whole(given):
    """Rows of the same label are added up first: a step of rate 1 is no longer than 1."""
    gan = compiled()
    gan.compile(
        losses.Wasserstein(),
        keras.optimizers.SGD(0.0),
        keras.optimizers.SGD(1.0, **{given: 1.0}),
        run_eagerly=True,
    )
    before = gan.discriminator.get_weights()
    fit(gan, 255 * (IMAGES[:8] > 0).astype("u1"), np.zeros(8, int))
    after = gan.discriminator.get_weights()
    moved = [np.square(a - b).sum() for a, b in zip(after, before, strict=True)]
    assert np.sqrt(sum(moved) if given == "global_clipnorm" else max(moved)) <= 1 + 1e-5
    assert sum(moved) > 0.5


def test_a_layer_computes_in_the_precision_it_was_made_with():
    inputs, labels = np.ones((2, 4), "f4"), np.array([0, 1])
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        own = ConditionalBatchNormalization(2, dtype="float32")
        mixed = ConditionalBatchNormalization(2)
        assert own([inputs, labels]).dtype == tf.float32
        assert mixed([inputs, labels]).dtype == tf.bfloat16
    finally:
        keras.config.set_dtype_policy("float32")
    again = ConditionalBatchNormalization.from_config(mixed.get_config())
    assert again([inputs, labels]).dtype == tf.bfloat16


def test_a_column_of_labels_will_do():
    row, column = compiled(), compiled()
    images, labels = IMAGES[:8], LABELS[:8]
    fit(row, images, labels)
    fit(column, images, labels[:, None], validation_data=(images, labels[:, None]))
    assert same(row, column)


def test_a_grid_of_many_classes_has_twenty_rows():
    keras.utils.set_random_seed(0)
    gan = GAN(generator(100), discriminator(classes=100), class_count=100)
    images, columns = gan.sampler().for_grid()
    assert len(images) == 20 * columns == 160
    assert np.array_equal(images[-8:], gan.generate(8, labels=99))


def test_images_that_differ_by_class_alone_have_no_variety():
    labels = np.arange(64) % 4
    by_class = np.repeat((60 * labels).astype("u1"), 64).reshape(64, 8, 8)
    real = by_class + np.random.default_rng(0).integers(0, 60, by_class.shape).astype("u1")
    assert diversity(by_class, real) > 0.5
    assert diversity(by_class, real, labels) == pytest.approx(0, abs=1e-6)
    assert diversity(real, real, labels) == pytest.approx(1)
    assert diversity(by_class[:4], real[:4], labels[:4]) > 0.5  # one of each tells nothing within


# keras-tuner's: its lock asks for the thread as it was done before Python 3.10.
@pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:getName:DeprecationWarning")
@pytest.mark.slow
def test_a_search_takes_labels(tmp_path):
    """A generator that hears the class alone makes one image a class: a search sees that too."""

    def build(hp):
        gan = compiled()
        if hp.Choice("deaf", [0, 1]):
            codings, labels = gan.generator.inputs
            images = gan.generator([layers.Rescaling(0.0)(codings), labels])
            maker = keras.Model([codings, labels], images)
            gan = GAN(maker, gan.discriminator, class_count=CLASSES, image_range=(-1, 1))
        gan.compile(losses.NonSaturating(), *optimizers(), run_eagerly=True)
        return gan

    quality = metrics.Quality(metrics.FeatureMetrics(features.pixels()))
    hypergan = sweeps.HyperGAN(build, tmp_path, held_out=(IMAGES, LABELS), quality=quality)
    tuner = keras_tuner.GridSearch(
        hypergan, hypergan.objective, max_trials=2, directory=tmp_path / "of the tuner"
    )
    tuner.search(IMAGES, LABELS, epochs=1, batch_size=48, verbose=0)
    outcomes = {one.hyperparameters["deaf"]: one for one in sweeps.outcomes_in(tmp_path / "trials")}
    assert [outcomes[deaf].state for deaf in (0, 1)] == ["finished", "collapsed"]
    assert all(np.isfinite(one.score) for one in outcomes.values())
    # The confirmation trains in the same way, and is to see the same.
    again = {"x": IMAGES, "y": LABELS, "epochs": 1, "batch_size": 48}
    (confirmed,) = sweeps.confirm(hypergan, [outcomes[1]], seeds=1, fit_arguments=again)
    assert [one.state for one in confirmed.readings] == ["collapsed"]


def test_a_batch_without_labels_is_told_with_xla_too():
    """Before it is compiled."""
    gan = compiled(run_eagerly=False, jit_compile=True)
    with pytest.raises(ValueError, match=f"{CLASSES} classes"):
        gan.train_on_batch(IMAGES[:4])


@pytest.mark.parametrize("label", [-1, CLASSES])
def test_images_of_a_label_that_is_no_class_are_refused(label):
    gan, codings = compiled(), tf.zeros((2, CODINGS))
    for make in (gan, gan.predict_on_batch):
        with pytest.raises(tf.errors.InvalidArgumentError, match=str(label)):
            make([codings, tf.constant([0, label])])


@pytest.mark.slow
def test_keras_exports_images_of_the_average_by_class(tmp_path):
    gan = compiled(average=averaging.ExponentialMovingAverage())
    gan.averaged_generator.set_weights([w + 0.1 for w in gan.generator.get_weights()])
    gan.export(tmp_path / "exported", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "exported"))
    inputs = [tf.ones((2, CODINGS)), tf.constant([0, CLASSES - 1])]
    assert np.allclose(loaded.serve(inputs), gan(inputs), atol=1e-6)
    with pytest.raises(tf.errors.InvalidArgumentError):
        loaded.serve([inputs[0], tf.constant([0, -1])])
