"""What is gone leaves no memory behind: images, data sets, traced steps."""

import ctypes
import gc
import itertools
import sys
import tracemalloc
import weakref
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from dense_gan import dense_gan
from tensorflow.python.framework import ops
from tensorflow.python.framework.func_graph import FuncGraph

from gan_model import GAN, features, keras_internals, metrics, networks, presets
from gan_model.commands import evaluate, evaluation
from gan_model.data import dataset
from gan_model.data.images import random_subset
from gan_model.metrics.diversity import diversity


class Images(np.ndarray):
    """Images that a weak reference can watch."""


def numbered(count=40):
    """Images whose only pixel is their number, and a weak reference to them."""
    images = np.arange(count, dtype=np.int32).reshape(-1, 1, 1).view(Images)
    return images, weakref.ref(images)


def batches_of(images):
    return dataset(images, batch_size=8, shuffle=False)


def entries():
    """Names in TensorFlow's registry of gradients."""
    return set(ops.gradient_registry.list())


def graphs():
    """Weak references to the graphs of functions that are alive."""
    gc.collect()
    return {weakref.ref(one) for one in gc.get_objects() if isinstance(one, FuncGraph)}


def assert_same(weights, others):
    for a, b in zip(weights, others, strict=True):
        assert np.array_equal(a, b)


def inside_another(images):
    batches = batches_of(images)
    return tf.data.Dataset.range(1).flat_map(lambda _: batches)


READERS = {
    "a loop": lambda images: batches_of(images),
    "an iterator": lambda images: iter(batches_of(images)),
    "its numpy iterator": lambda images: batches_of(images).as_numpy_iterator(),
    "map and take": lambda images: batches_of(images).map(lambda x: x + 0).take(5),
    "an iterator of map": lambda images: iter(batches_of(images).map(lambda x: x + 0)),
    "epochs": lambda images: batches_of(images).epochs_from(tf.Variable(0)),
    "an iterator of epochs": lambda images: iter(batches_of(images).epochs_from(tf.Variable(0))),
    "two together": lambda images: tf.data.Dataset.zip(batches_of(images), batches_of(images)).map(
        lambda x, _: x
    ),
    "one after another": lambda images: (
        batches_of(images).take(2).concatenate(batches_of(images).skip(2))
    ),
    "one inside another": inside_another,
    "with options": lambda images: batches_of(images).with_options(tf.data.Options()).prefetch(2),
}


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_images_live_as_long_as_somebody_reads_them(reader):
    images, alive = numbered()
    reading = READERS[reader](images)
    del images
    gc.collect()
    assert np.array_equal(np.ravel(list(reading)), np.arange(40))
    assert alive() is not None
    del reading
    gc.collect()
    assert alive() is None


def test_a_keras_model_reads_images_that_nobody_else_holds():
    images, alive = numbered()
    model = keras.Sequential([keras.Input((1, 1)), keras.layers.Flatten()])
    assert np.array_equal(model.predict(batches_of(images), verbose=0).ravel(), np.arange(40))
    del images
    gc.collect()
    assert alive() is None


@pytest.mark.slow
def test_images_outlive_a_cleared_session():
    images, alive = numbered()
    reading = batches_of(images)
    del images
    keras.utils.clear_session()
    gc.collect()
    assert len(list(reading)) == 5
    del reading
    gc.collect()
    assert alive() is None


def test_a_dataset_that_holds_nothing_says_so_and_does_not_end_early():
    def variant():
        data = batches_of(numbered()[0])
        return tf.data.experimental.to_variant(data), data.element_spec

    variant, spec = variant()
    gc.collect()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"is gone. Keep it"):
        list(tf.data.experimental.from_variant(variant, spec))


def small(images=None, **settings):
    """A GAN of 16 x 16 images whose generator has a batch norm that is synchronized."""
    generator = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(16),
            keras.layers.BatchNormalization(synchronized=True),
            keras.layers.Dense(256, activation="tanh"),
            keras.layers.Reshape((16, 16, 1)),
        ]
    )
    discriminator = keras.Sequential(
        [keras.Input((16, 16, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    gan = GAN(generator, discriminator)
    gan.compile(**settings)
    if images is not None:
        gan.fit(images, batch_size=16, validation_data=images[:20], verbose=0)
    return gan


SETTINGS = {
    "plain": {},
    "three at a time, in turns": {"steps_per_execution": 3, "discriminator_steps": 2},
    "eager": {"run_eagerly": True},
    "xla": {"jit_compile": True, "steps_per_execution": 2},
}
SOAK = {"xla": pytest.mark.soak}


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(n, marks=SOAK.get(n, ())) for n in SETTINGS])
def test_a_gan_leaves_no_gradient_and_no_graph(images, name):
    settings = SETTINGS[name]
    known, before = entries(), graphs()
    gan = small(images, **settings)
    assert entries() == known
    if not settings.get("run_eagerly"):
        assert any("step" in one().name for one in graphs() - before)
    gan, gone = None, weakref.ref(gan)
    assert graphs() <= before
    assert gone() is None


@pytest.mark.slow
def test_there_would_be_gradients_to_leave(images, monkeypatch):
    monkeypatch.setattr(keras_internals, "forget_gradients", lambda graphs: None)
    known = entries()
    small(images)
    assert len(entries() - known) > 4  # two optimizers, three sums of the batch norm


@pytest.mark.slow
def test_images_are_free_after_fit(images):
    taken = images.view(Images)
    alive = weakref.ref(taken)
    gan = small()
    gan.fit(taken, batch_size=16, verbose=0)
    del taken
    gc.collect()
    assert gan.compiled and alive() is None


def trained_in_three_shapes(images):
    keras.utils.set_random_seed(0)
    gan = small()
    for batch_size in (8, 16, 8):
        gan.fit(images, batch_size=batch_size, epochs=1, verbose=0)
    gan.evaluate(images[:20], verbose=0)
    return gan.get_weights()


@pytest.mark.slow
@pytest.mark.soak
def test_a_step_traced_again_trains_as_if_nothing_were_released(images, monkeypatch):
    released = trained_in_three_shapes(images)
    monkeypatch.setattr(keras_internals, "forget_gradients", lambda graphs: None)
    assert_same(released, trained_in_three_shapes(images))


@pytest.mark.slow
def test_two_gans_in_turns_train_as_each_alone(images):
    def made(seed):
        keras.utils.set_random_seed(seed)
        return small()

    pair, alone = [made(0), made(1)], [made(0)]
    # The step of the first is traced again after the other's.
    batches = (images[:16], images[16:24], images[24:40]), (images[:16],) * 3
    for turn, number in itertools.product(range(3), range(2)):
        pair[number].train_on_batch(batches[number][turn])
    for batch in batches[0]:
        alone[0].train_on_batch(batch)
    assert_same(pair[0].get_weights(), alone[0].get_weights())


@pytest.mark.slow
def test_a_saved_gan_trains_on(images, tmp_path):
    gan = small(images)
    gan.save(tmp_path / "gan.keras")
    again = keras.models.load_model(tmp_path / "gan.keras")
    for one in (gan, again):
        one.fit(images, batch_size=16, verbose=0)
    assert_same(gan.get_weights(), again.get_weights())


@keras.saving.register_keras_serializable("tests")
class Doubled(keras.layers.Layer):
    """Doubles; its own gradient says that it triples. In a `tf.function` of its own."""

    def __init__(self):
        super().__init__()
        self.function = tf.function(doubled)

    def call(self, inputs):
        return self.function(inputs)


@tf.custom_gradient
def doubled(inputs):
    return 2 * inputs, lambda upstream: 3 * upstream


def gradient(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return float(tape.gradient(y, x)[0, 0])


@pytest.mark.slow
def test_gradients_of_others_stay(images):
    """Of a function traced before, and of one that the step itself was the first to trace."""
    before, x = tf.function(doubled), tf.ones((16, 1))
    before(x)
    layer = Doubled()
    gan = GAN(
        networks.dense.generator((16, 16), codings_size=4),
        keras.Sequential(
            [keras.Input((16, 16)), keras.layers.Flatten(), keras.layers.Dense(1), layer]
        ),
    )
    gan.compile()
    gan.fit(images, batch_size=16, verbose=0)
    del gan
    gc.collect()
    traced = layer.function.experimental_get_tracing_count()
    assert gradient(before, x) == gradient(layer, x) == 3.0
    assert layer.function.experimental_get_tracing_count() == traced  # the step's own trace


class Brightness:
    """A measure whose descriptors need next to no memory."""

    metrics = (metrics.Metric("brightness", metrics.Direction.LOWER, metrics.Kind.DISTANCE),)
    about = {"brightness": "mean"}  # noqa: RUF012

    def describe(self, images, first=0):
        return images.reshape(len(images), -1).mean(axis=1, keepdims=True, dtype=np.float32)

    def statistics(self, described):
        return described.mean()

    def numbers(self, real, fake):
        return {"brightness": float(abs(real - fake))}


def peak_of(call):
    """Bytes that numpy and Python take at most during a call, and its result."""
    tracemalloc.start()
    try:
        result = call()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


def random_images(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


@pytest.mark.slow
def test_a_quality_reads_and_generates_some_images_at_a_time():
    images, sampler = random_images(7000, 32, 32), dense_gan((32, 32)).sampler()
    quality = metrics.Quality(Brightness(), count=6000)
    sampler.generate(1)  # traced
    described, _ = peak_of(lambda: quality.refer_to(images, images))
    measured, numbers = peak_of(lambda: quality.of(sampler))
    assert max(described, measured) < 6000 * 32 * 32 * 0.75
    assert numbers == quality.reference.compare(sampler.generate(6000))
    assert quality.floor == quality.reference.compare(random_subset(images, 6000))


@pytest.mark.slow
def test_an_evaluation_holds_no_set_of_images(monkeypatch, tmp_path):
    shape, count = (64, 64, 3), 1500
    train, held_out = random_images(count, *shape), random_images(count, *shape, seed=1)
    sampler = dense_gan(shape).sampler()
    sampler.generate(1)  # traced
    subject = evaluation.Subject(sampler, {"data": "images"}, is_run=False)
    monkeypatch.setattr(evaluation, "open_subject", lambda what, weights: subject)
    labels = np.zeros(count, int)
    splits = [(train, labels), (held_out, labels)]
    monkeypatch.setattr(evaluation, "load_for", lambda *args, **options: splits)
    measures = Brightness(), metrics.FeatureMetrics(features.pixels(), measures=())
    monkeypatch.setattr(metrics, "measures", lambda *args, **options: measures)
    line = ["gan", "--count", str(count), "--seeds", "3", "--out", str(tmp_path / "out")]
    peak, _ = peak_of(lambda: evaluate.command.main(line, standalone_mode=False))
    assert peak < 4.5 * train.nbytes  # 40 MB are distances between features


def test_the_diversity_of_images_makes_no_copy_of_all_as_floats():
    images, real = random_images(500, 64, 64), random_images(500, 64, 64, seed=1) // 2
    peak, value = peak_of(lambda: diversity(images, real))
    assert peak < images.nbytes
    floats = images.astype(np.float32), real.astype(np.float32)
    assert value == np.divide(*(float(np.var(one, axis=0).mean()) for one in floats))


def resident_mib():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if "VmRSS" in line).split()[1]) / 1024


def deep_gan():
    """23 tiny layers, 92 variables of optimizers."""
    dense = [[keras.layers.Dense(4) for _ in range(10)] for _ in range(2)]
    ends = [keras.layers.Dense(16, activation="tanh"), keras.layers.Reshape((4, 4))]
    starts = [keras.Input((4, 4)), keras.layers.Flatten()]
    return GAN(
        keras.Sequential([keras.Input((4,)), *dense[0], *ends]),
        keras.Sequential([*starts, *dense[1], keras.layers.Dense(1)]),
    )


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_optimizers_of_a_new_gan_leave_no_operations():
    """TensorFlow keeps the operation that makes a variable, one for each name."""
    for count in (2, 5):
        before = resident_mib()
        for _ in range(count):
            gan = deep_gan()
            gan.compile()
            del gan
    assert (resident_mib() - before) / count < 3  # 4.8 with the names that Keras gives


def test_the_names_of_the_optimizers_of_a_gan_stay():
    gan = deep_gan()
    gan.compile()
    paths = [variable.path for variable in gan.generator_optimizer.variables]
    assert len({*paths}) == len(paths) and all("adam" in path for path in paths)


@pytest.mark.soak
@pytest.mark.slow
def test_none_of_six_gans_leaves_a_graph(images):
    known, before = None, None
    for _ in range(6):
        others = graphs()
        gan = presets.modern((16, 16))
        gan.fit(images, batch_size=16, validation_data=images[:20], verbose=0)
        gan.generate(3)
        own = {one for one in graphs() - others if "one_step_on_data" in one().name}
        assert len(own) == 2  # training and evaluation
        del gan
        left = graphs()
        assert not own & left
        # What TensorFlow and the features of the measures trace once is there after the first.
        known, before = known or entries(), before if before is not None else left
        assert entries() == known and left <= before
