"""Going on from a trained GAN with other images."""

import functools
import itertools
import math
import shutil

import keras
import numpy as np
import pytest
from keras import layers
from test_resume import CopyAfter

from gan_model import GAN, averaging, losses, penalties, presets, runs
from gan_model.data.images import fingerprint
from gan_model.networks import spectral
from gan_model.networks.conditional import ConditionalBatchNormalization, Projection
from gan_model.presets import rules

IMAGES = np.random.default_rng(0).integers(0, 256, (32, 16, 16), np.uint8)
LABELS = np.arange(32) % 3


def small_gan(class_count=2, run_eagerly=True):
    """Dense networks with each of the layers that know classes, and an average.

    Without a graph, which takes longer to make than a few steps; its file and who goes on from it
    keep to that.
    """
    codings, labels = keras.Input((4,)), keras.Input((), dtype="int32")
    hidden = ConditionalBatchNormalization(class_count)([layers.Dense(24)(codings), labels])
    named = layers.concatenate([hidden, layers.Embedding(class_count, 3)(labels)])
    made = layers.Reshape((16, 16, 1))(layers.Dense(256, activation="tanh")(named))
    images, of_class = keras.Input((16, 16, 1)), keras.Input((), dtype="int32")
    first = layers.LeakyReLU()(layers.Dense(16)(layers.Flatten()(images)))
    second = layers.LeakyReLU()(layers.Dense(16)(first))
    outputs = [Projection(class_count)([second, of_class]), layers.Dense(class_count)(second)]
    gan = GAN(
        keras.Model([codings, labels], made),
        keras.Model([images, of_class], outputs),
        class_count=class_count,
    )
    adam = [keras.optimizers.Adam(1e-3, beta_1=0.5) for _ in range(2)]
    average = averaging.ExponentialMovingAverage(100)
    gan.compile(losses.Hinge(), *adam, average=average, run_eagerly=run_eagerly)
    return gan


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The file of a small GAN with 2 classes, trained for two steps."""
    keras.utils.set_random_seed(3)
    gan = small_gan()
    gan.fit(IMAGES, LABELS % 2, batch_size=16, steps_per_epoch=2, verbose=0)
    path = tmp_path_factory.mktemp("source") / "gan.keras"
    gan.save(path)
    return path


def users_gan(shape=(8, 8), **compiled):
    """Of one layer each; compiled if there is something to compile it with."""
    flat = layers.Dense(math.prod(shape), activation="tanh")
    generator = keras.Sequential([keras.Input((3,)), flat, layers.Reshape(shape)])
    discriminator = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(1)])
    gan = GAN(generator, discriminator)
    if compiled:
        gan.compile(**compiled)
    return gan


def weights(network):
    return [np.array(weight) for weight in network.get_weights()]


def kernels_of(network):
    return [weight.numpy() for weight in network.weights if weight.path.endswith("kernel")]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.slow
def test_it_begins_with_the_weights_and_without_the_optimizers_state(source):
    before = runs.load_model(source)
    assert before.generator_optimizer.iterations.numpy() == 2
    begun = [*map(weights, (before.generator, before.discriminator, before.averaged_generator))]
    gan = presets.fine_tuned(before, seed=8, generator_learning_rate=0.5)
    networks = gan.generator, gan.discriminator, gan.averaged_generator
    assert all(same(one, weights(network)) for one, network in zip(begun, networks, strict=True))
    assert gan.step.numpy() == gan.generator_optimizer.iterations.numpy() == 0
    assert not any(np.any(moment) for moment in gan.discriminator_optimizer.variables[2:])
    rates = gan.generator_optimizer, gan.discriminator_optimizer
    assert [float(one.learning_rate) for one in rates] == pytest.approx([0.5, 1e-3])
    assert gan.loss == losses.Hinge() and gan.average == before.average and gan.seed == 8


def test_a_learning_rate_replaces_a_schedule():
    rates = [keras.optimizers.schedules.CosineDecay(1e-3, 100) for _ in range(2)]
    gan = users_gan()
    gan.compile(None, *map(keras.optimizers.Adam, rates))
    tuned = presets.fine_tuned(gan, generator_learning_rate=1e-4)
    assert float(tuned.generator_optimizer.learning_rate) == pytest.approx(1e-4)
    kept = tuned.discriminator_optimizer.get_config()["learning_rate"]
    assert kept["class_name"] == "CosineDecay"


@pytest.mark.parametrize(
    ("penalty", "image_count", "expected"),
    [
        (penalties.R1(1.0, every=4), 2500, penalties.R1(8.0, every=4)),
        (penalties.R1(9.0), 2500, penalties.R1(9.0)),
        (penalties.R1(1.0), 6400, penalties.R1(1.953125)),
        (penalties.R1(1.0), 10_000, penalties.R1(1.0)),
        (penalties.R1(1.0), None, penalties.R1(1.0)),
        (penalties.R2(1.0), 300, penalties.R2(1.0)),
        (None, 300, None),
    ],
)
def test_r1_is_as_heavy_as_few_images_need(penalty, image_count, expected):
    source = users_gan((28, 28, 1), penalty=penalty)
    assert presets.fine_tuned(source, image_count=image_count).penalty == expected


def test_the_falling_r1_of_many_images_becomes_that_of_few():
    source = users_gan((28, 28, 1), penalty=rules.r1_for((28, 28, 1), 60_000))
    few = presets.fine_tuned(source, image_count=300).penalty
    assert few == penalties.R1(32, every=8)
    for count in (10_000, None):
        assert presets.fine_tuned(source, image_count=count).penalty is source.penalty


def test_a_schedule_of_r1_stays():
    penalty = penalties.R1(keras.optimizers.schedules.CosineDecay(1.0, 100))
    source = users_gan((28, 28, 1), penalty=penalty)
    assert presets.fine_tuned(source, image_count=300).penalty is penalty


def test_as_many_layers_are_frozen_as_asked_for_also_in_the_next_gan():
    def frozen(gan):
        return [layer.trainable for layer in gan.discriminator.layers if layer.weights].count(False)

    gan = small_gan()
    for count in (2, 1, 0):
        gan = presets.fine_tuned(gan, freeze_discriminator=count)
        assert frozen(gan) == count


@pytest.mark.slow
def test_frozen_layers_stand_still_and_the_others_learn(source):
    gan = presets.fine_tuned(runs.load_model(source), freeze_discriminator=2)
    gan.run_eagerly = False  # it is a matter of the graph too
    with_weights = [layer for layer in gan.discriminator.layers if layer.weights]
    before = [weights(layer) for layer in with_weights]
    generator = weights(gan.generator)
    gan.fit(IMAGES, LABELS % 2, batch_size=16, steps_per_epoch=2, verbose=0)
    moved = [not same(b, weights(a)) for b, a in zip(before, with_weights, strict=True)]
    assert moved == [False, False] + [True] * (len(with_weights) - 2)
    assert not same(generator, weights(gan.generator))


@pytest.mark.slow
@pytest.mark.parametrize("class_count", [2, 3])
def test_a_new_generator_meets_the_discriminator_of_the_source(source, class_count):
    gans = []
    for seed in (1, 2):
        old = runs.load_model(source)
        names, scoring = [layer.name for layer in old.generator.layers], weights(old.discriminator)
        kernels = kernels_of(old.generator)
        keras.utils.set_random_seed(seed)
        gans.append(presets.fine_tuned(old, new_generator=True, class_count=class_count))
    gan, other = gans
    if class_count == 2:
        assert same(weights(gan.discriminator), scoring)
    assert [layer.name for layer in gan.generator.layers] == names
    assert same(weights(gan.averaged_generator), weights(gan.generator))
    for some in zip(kernels, *(kernels_of(made.generator) for made in gans), strict=True):
        assert not any(np.array_equal(a, b) for a, b in itertools.combinations(some, 2))
    gan.fit(IMAGES, LABELS % class_count, batch_size=16, steps_per_epoch=1, verbose=0)
    assert not same(weights(gan.averaged_generator), weights(other.averaged_generator))


@pytest.mark.slow
def test_new_classes_begin_as_the_mean_of_the_old_ones(source):
    old = runs.load_model(source)
    before = weights(old.generator)
    gan = presets.fine_tuned(old, class_count=3)
    assert gan.class_count == 3
    codings = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    of_each = [gan([codings, np.full(5, label, np.int32)]).numpy() for label in range(3)]
    assert np.array_equal(of_each[0], of_each[2]), "all new classes begin alike"
    pairs = zip(before, weights(gan.generator), strict=True)
    changed = [(a, b) for a, b in pairs if a.shape != b.shape]
    assert changed
    for before, after in changed:
        expected = np.repeat(before.mean(axis=0, keepdims=True), 3, axis=0)
        np.testing.assert_array_equal(after, expected)
    gan.fit(IMAGES, LABELS, batch_size=16, steps_per_epoch=1, verbose=0)
    logits = gan.discriminator([IMAGES[:1, ..., None] / 255.0, LABELS[:1]])[1]
    assert logits.shape == (1, 3)


@pytest.mark.parametrize("wrapper", [spectral.SpectralNormalization, layers.SpectralNormalization])
def test_classes_of_a_wrapped_layer_change_too(wrapper):
    images = keras.Input((16, 16, 1))
    features = layers.Flatten()(images)
    outputs = [layers.Dense(1)(features), wrapper(layers.Dense(2))(features)]
    gan = GAN(small_gan().generator, keras.Model(images, outputs), class_count=2)
    gan.compile(run_eagerly=True)
    more = presets.fine_tuned(gan, class_count=3)
    assert more.discriminator.output_shape == [(None, 1), (None, 3)]
    more.fit(IMAGES, LABELS, batch_size=16, steps_per_epoch=1, verbose=0)


@pytest.mark.slow
def test_the_classes_of_a_preset_change_too():
    gan = presets.modern_conditional((16, 16, 1), class_count=2, codings_size=4)
    more = presets.fine_tuned(gan, class_count=5)
    assert more.generate(5).shape == (5, 16, 16, 1)
    assert more.discriminator.output_shape == [(None, 1), (None, 5)]


def test_what_cannot_go_on_is_refused():
    gan = users_gan()
    with pytest.raises(ValueError, match=r"compiled GAN\. Received: GAN"):
        presets.fine_tuned(gan)
    with pytest.raises(ValueError, match="Received: Sequential"):
        presets.fine_tuned(gan.generator)
    gan.compile()
    with pytest.raises(ValueError, match="trained without classes, so it cannot learn 3"):
        presets.fine_tuned(gan, class_count=3)
    for count in (1, -1, True):
        with pytest.raises(ValueError, match=r"1 layers with weights.*0 to 0"):
            presets.fine_tuned(gan, freeze_discriminator=count)
    assert presets.fine_tuned(gan).average is None


class Subclassed(keras.Model):
    """A generator of a user, of which Keras does not know how it is made."""

    def __init__(self, units):
        super().__init__()
        self.dense = layers.Dense(units, activation="tanh")

    def call(self, codings):
        return keras.ops.reshape(self.dense(codings), (-1, 8, 8))


def test_a_generator_that_cannot_be_made_again_is_refused():
    gan = GAN(Subclassed(64), users_gan().discriminator, codings_size=3, image_range=(-1, 1))
    gan.compile()
    with pytest.raises(ValueError, match="Keras can't make another generator like 'subclassed"):
        presets.fine_tuned(gan, new_generator=True)
    assert presets.fine_tuned(gan).codings_size == 3


# The run folder.


@functools.cache
def checksum_of(path):
    return runs.checksum(runs.load_model(path))


def settings_of(source):
    return {
        "preset": "fine_tuned",
        "data": "noise",
        "images": fingerprint(IMAGES),
        "class_count": 3,
        "batch_size": 16,
        "seed": 4,
        "from": str(source),
        "source": checksum_of(source),
        "freeze_discriminator": 1,
    }


def go(folder, settings, *, epochs, also=()):
    with folder.opened(settings):
        gan = runs.build(settings)
        listed = [*folder.callbacks(settings), *also]
        shape = {"batch_size": 16, "steps_per_epoch": 2, "verbose": 0}
        gan.fit(IMAGES, LABELS, epochs=epochs, callbacks=listed, **shape)
    return gan


@pytest.fixture(scope="module")
def whole(source, tmp_path_factory):
    """A GAN after a run of two epochs, and its folder as it was after the first."""
    folder = runs.RunFolder(tmp_path_factory.mktemp("whole") / "run")
    begun = folder.path.with_name("begun")
    also = [CopyAfter(1, folder.path, begun)]
    return go(folder, settings_of(source), epochs=2, also=also), begun


@pytest.mark.slow
def test_a_resumed_run_is_the_same_to_the_bit(source, whole, tmp_path):
    settings, (ended, begun) = settings_of(source), whole
    folder = runs.RunFolder(shutil.copytree(begun, tmp_path / "parts"))
    moved = tmp_path / "moved.keras"
    moved.write_bytes(source.read_bytes())
    resumed = go(folder, settings | {"from": str(moved)}, epochs=2)
    states = [[np.array(v) for v in gan.state_variables] for gan in (ended, resumed)]
    assert same(*states)
    moved.unlink()  # the folder knows its source
    loaded = folder.load()
    assert same([np.array(v) for v in loaded.state_variables], states[0])


@pytest.mark.slow
def test_another_source_is_refused(source, whole, tmp_path):
    settings, (_, begun) = settings_of(source), whole
    folder = runs.RunFolder(shutil.copytree(begun, tmp_path / "run"))
    other = small_gan()
    other.save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match=r"source was .*, now "):
        go(folder, settings_of(tmp_path / "other.keras"), epochs=2)
    with pytest.raises(ValueError, match="is not the GAN that the run began with"):
        runs.build(settings | {"from": str(tmp_path / "other.keras")})
