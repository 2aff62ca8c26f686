"""The GAN as a Keras model: any two players, and all that Keras offers around `fit`."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_gan import conv_gan
from dense_gan import dense_gan
from keras import layers
from test_dirac import dirac

from gan_model import GAN, Sampler, losses, presets
from gan_model.model import random
from gan_model.presets import PRESETS

PLAYERS = ["generator", "discriminator"]
GRADIENTS = ["discriminator_gradient_norm", "generator_gradient_norm"]
LEARNING_RATES = {"generator_learning_rate": 0.01, "discriminator_learning_rate": 0.02}
NOISE = np.random.default_rng(0).integers(0, 256, (16, 16, 16), dtype=np.uint8)
SHAPE = {name: (16, 16) if name == "dense" else (16, 16, 1) for name in PRESETS}
# Those with classes, which want labels, are in test_conditional.
every_preset = pytest.mark.parametrize(
    "name", [name for name in PRESETS if not presets.classes_for(PRESETS[name], [0])]
)


def small(name="dense", **arguments):
    keras.utils.set_random_seed(5)
    return PRESETS[name](SHAPE[name], **arguments)


def convolving(*, seed=0, **compiled):
    """Batch norm, convolution and dropout as in a preset, in few layers."""
    gan = conv_gan(seed=seed)
    gan.compile(**compiled)
    return gan


def state(gan):
    optimizers = gan.generator_optimizer, gan.discriminator_optimizer
    variables = [*gan.variables, *(v for o in optimizers for v in o.variables)]
    return [variable.numpy() for variable in variables]


def same(some, others):
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


@pytest.fixture(scope="module")
def trained():
    """After a step without a graph, which takes longer to make than a few steps."""
    gan = convolving(run_eagerly=True)
    gan.fit(NOISE, batch_size=16, verbose=0)
    return gan


@pytest.mark.parametrize(("still", "learns"), [PLAYERS, PLAYERS[::-1]])
def test_the_step_of_one_network_leaves_the_other_alone(still, learns, images):
    gan = tiny(run_eagerly=True)
    gan.optimizers[still].learning_rate = 0.0
    before = {name: [w.numpy() for w in n.trainable_variables] for name, n in gan.networks.items()}
    gan.fit(images[:16, :8, :8], batch_size=16, verbose=0)
    after = {name: [w.numpy() for w in n.trainable_variables] for name, n in gan.networks.items()}
    assert same(before[still], after[still]) and not same(before[learns], after[learns])


# What Keras offers.


@pytest.mark.slow
@every_preset
def test_a_preset_takes_its_arguments_and_learns(name, images):
    """The arguments, then `fit`, `evaluate`, `predict`, `gan(...)`, `generate`; without a graph."""
    loss = losses.NonSaturating(label_smoothing=0.1)
    gan = small(name, codings_size=12, loss=loss, **LEARNING_RATES)
    assert_took_the_arguments(gan)
    gan.run_eagerly, images = True, images[:16]
    before = {w.path: w.numpy() for w in gan.trainable_variables}
    history = gan.fit(images, batch_size=8, validation_data=images[:8], verbose=0).history
    still = [w.path for w in gan.trainable_variables if np.array_equal(before[w.path], w.numpy())]
    assert still == []  # every weight of both players learns
    figures = ["discriminator_loss", "generator_loss", "real_score", "fake_score"]
    logged = [*figures, *GRADIENTS, *(f"val_{name}" for name in figures)]
    assert sorted(history) == sorted(logged + ["penalty"] * bool(gan.penalty))
    assert all(np.isfinite(values).all() for values in history.values())
    codings = np.random.default_rng(0).normal(size=(5, 12)).astype("float32")
    predicted = gan.predict(codings, verbose=0)
    assert predicted.shape == (5, *SHAPE[name])
    np.testing.assert_allclose(predicted, gan(codings), atol=1e-6)
    low, high = gan.image_range
    assert predicted.min() >= low and predicted.max() <= high
    made = gan.generate(5)
    assert made.shape == (5, *SHAPE[name]) and made.dtype == np.uint8


@pytest.mark.slow
def test_a_preset_with_classes_takes_its_arguments():
    loss = losses.NonSaturating(label_smoothing=0.1)
    given = dict(codings_size=12, loss=loss, class_count=3, **LEARNING_RATES)
    assert_took_the_arguments(small("modern_conditional", **given))


def assert_took_the_arguments(gan):
    assert gan.codings_size == 12 and gan.loss.label_smoothing == 0.1
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(0.01)
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(0.02)


def test_evaluate_touches_no_weight_and_repeats_itself(trained, images):
    before = state(trained)
    first = trained.evaluate(images[:32], return_dict=True, verbose=0)
    assert same(before, state(trained))
    assert trained.evaluate(images[:32], return_dict=True, verbose=0) == first
    # Not one batch of codings over and over: another batch size, other groups, other mean.
    assert trained.evaluate(images[:32], batch_size=16, return_dict=True, verbose=0) != first


def test_each_image_of_an_evaluation_counts_equally(images):
    gan, held_out = tiny(run_eagerly=True), images[:21, :8, :8]
    for weight in gan.generator.weights:
        weight.assign(tf.zeros_like(weight))  # all fake images are the same
    whole, batches = (
        gan.evaluate(held_out, batch_size=size, verbose=0, return_dict=True) for size in (21, 16)
    )
    assert whole == pytest.approx(batches, rel=1e-5)


@pytest.mark.slow
def test_a_run_is_a_function_of_its_seed_whether_it_is_validated_or_not(images):
    runs = [convolving(seed=seed, run_eagerly=True) for seed in (0, 0, 1)]
    for gan, held_out in zip(runs, (images[:32], None, None), strict=True):
        gan.fit(images[:32], validation_data=held_out, batch_size=16, verbose=0)
    assert same(state(runs[0]), state(runs[1]))
    assert not same(state(runs[0]), state(runs[2]))


@pytest.mark.slow
def test_keras_file_round_trip(trained, tmp_path):
    """Networks, both optimizers, loss, counters, random state; and training goes on alike."""
    trained.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert same(state(trained), state(loaded))
    for name in ("loss", "seed", "image_range", "steps_per_execution"):
        assert getattr(loaded, name) == getattr(trained, name)
    loaded.run_eagerly, before = True, int(trained.step)
    for model in (trained, loaded):
        model.fit(NOISE, batch_size=16, verbose=0)
    assert same(state(trained), state(loaded)) and int(loaded.step) == before + 1


def test_a_gan_is_saved_as_a_keras_file_only(tmp_path):
    with pytest.raises(ValueError, match=r"is saved as a \.keras file.*gan\.save\('.*\.keras'\)"):
        tiny().save(tmp_path / "gan.h5")
    assert not list(tmp_path.iterdir())


def test_weights_round_trip(trained, tmp_path):
    other = convolving(seed=9)
    trained.save_weights(tmp_path / "gan.weights.h5")
    other.load_weights(tmp_path / "gan.weights.h5")
    assert same(state(trained), state(other))


def test_loss_of_ones_own_is_saved_if_it_can_be(tmp_path):
    @keras.saving.register_keras_serializable("tests")
    class Least:
        def discriminator(self, real_scores, fake_scores):
            return tf.reduce_mean((real_scores - 1) ** 2) + tf.reduce_mean(fake_scores**2)

        def generator(self, real_scores, fake_scores):
            return tf.reduce_mean((fake_scores - 1) ** 2)

        def get_config(self):
            return {}

        @classmethod
        def from_config(cls, config):
            return cls(**config)

    gan = tiny()
    gan.compile(Least())
    gan.save(tmp_path / "gan.keras")
    assert type(keras.models.load_model(tmp_path / "gan.keras").loss).__name__ == "Least"


@pytest.mark.slow
def test_eager_and_compiled_steps_agree():
    """By XLA 14 images by 4: three full batches run together, and one of two, which can't."""
    images, ends = 5 * np.cos(np.arange(14, dtype="float32")).reshape(14, 1, 1), []
    batches = tf.data.Dataset.from_tensor_slices(images).batch(4)
    by_xla = {"jit_compile": True, "steps_per_execution": 5}
    for how in ({"jit_compile": False}, {"run_eagerly": True}, by_xla):
        gan = dirac(losses.BinaryCrossentropy(), **how)
        gan.fit(batches, verbose=0)
        assert int(gan.images_seen) == 14 and int(gan.step) == 4
        ends.append(state(gan))
    for other in ends[1:]:
        for a, b in zip(ends[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.soak
def test_steps_compiled_together_change_no_bit_either(images):
    """20 images by 8: two full batches, which run together, and one of four, which can't."""
    runs = []
    for steps_per_execution in (1, 5):
        gan = tiny(steps_per_execution=steps_per_execution, jit_compile=True)
        labels = np.zeros(20)
        batches = tf.data.Dataset.from_tensor_slices((images[:20, :8, :8], labels)).batch(8)
        history = gan.fit(batches, epochs=2, verbose=0).history
        assert int(gan.images_seen) == 40 and int(gan.step) == 6
        runs.append([*state(gan), *map(np.array, history.values())])
    assert same(*runs)


@pytest.mark.slow
def test_nothing_of_a_step_happens_once_the_data_are_over(images):
    """A data set whose length is unknown is asked for one more batch after each epoch."""
    known = as_dataset(images[:48, :8, :8])
    states = []
    for batches in (known, known.filter(lambda batch: True)):
        gan = tiny()
        with warnings.catch_warnings(action="ignore"):  # Keras: that the data ran out
            gan.fit(batches, epochs=3, verbose=0)
            gan.evaluate(batches, verbose=0)
        states.append(state(gan))
        assert gan.discriminator_optimizer.iterations == gan.step == 9
    assert same(*states)


@pytest.mark.slow
def test_a_callback_evaluates_some_batches_between_two_epochs(images):
    images = images[:, :8, :8]
    evaluate = lambda epoch, logs: gan.evaluate(as_dataset(images), steps=3, verbose=0)  # noqa: E731
    asks = keras.callbacks.LambdaCallback(on_epoch_end=evaluate)
    alone, gan = tiny(steps_per_execution=2), tiny(steps_per_execution=2)
    alone.fit(as_dataset(images), epochs=2, verbose=0)
    gan.fit(as_dataset(images), epochs=2, verbose=0, callbacks=[asks])
    assert same(state(gan), state(alone))


def test_training_and_its_evaluations_each_have_their_steps_per_execution(images):
    gan, given = tiny(steps_per_execution=4), as_dataset(images[:, :8, :8])
    calls = {"train": [], "test": []}
    each = {
        f"on_{name}_batch_end": lambda batch, logs, numbers=numbers: numbers.append(batch)
        for name, numbers in calls.items()
    }
    told = gan.fit(
        given.repeat(),
        steps_per_epoch=8,
        validation_data=given,
        validation_steps=3,
        epochs=2,
        callbacks=[keras.callbacks.LambdaCallback(**each)],
        verbose=0,
    ).history
    assert calls == {"train": [3, 7] * 2, "test": [2] * 2}
    by_itself = gan.evaluate(given.take(3), verbose=0, return_dict=True)
    assert told["val_discriminator_loss"][-1] == by_itself["discriminator_loss"]


def test_no_step_is_traced_again_for_a_number_of_steps_seen_before(images):
    gan, traced = tiny(steps_per_execution=4), []
    for name in ("train_step", "test_step"):
        step = getattr(gan, name)
        setattr(gan, name, lambda *data, step=step, name=name: traced.append(name) or step(*data))
    counts = []
    for _ in range(2):
        gan.fit(as_dataset(images[:, :8, :8]).repeat(), steps_per_epoch=6, verbose=0)
        gan.evaluate(as_dataset(images[:, :8, :8]), steps=3, verbose=0)
        counts.append(len(traced))
    assert {*traced} == {"train_step", "test_step"} and counts[0] == counts[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dcgan", "guidelines", "modern"])
def test_mixed_bfloat16(name):
    """`dense` is trained so in test_devices."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = small(name)
    finally:
        keras.config.set_dtype_policy("float32")
    gan.run_eagerly = True
    gan.fit(NOISE[:4], batch_size=4, verbose=0)
    assert all(np.isfinite(values).all() for values in state(gan))
    made = gan(random.normal(4, gan.codings_size, seed=0))
    assert made.dtype == tf.float32 and len(np.unique(made)) > 16


def test_mixed_float16_is_refused_with_what_to_use():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with pytest.raises(ValueError, match="mixed_bfloat16"):
            small()
    finally:
        keras.config.set_dtype_policy("float32")


def test_compile_without_arguments(images):
    gan = GAN(*user_networks("sequential"))
    gan.compile()
    assert gan.loss == losses.NonSaturating()
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(2e-4)
    assert gan.generator_optimizer.beta_1 == 0.5
    gan.run_eagerly = True
    gan.fit(images[:32, :8, :8], verbose=0)


def test_regularizers_of_the_players_count(images):
    """One weight decays by hand: the gradient of 0.5 w^2 is w."""
    generator, _ = user_networks("sequential")
    decay = layers.Dense(1, use_bias=False, kernel_regularizer=keras.regularizers.L2(0.5))
    flat = keras.Sequential([keras.Input((8, 8)), layers.Flatten(), decay])
    gan = GAN(generator, flat)

    class Nothing:
        def discriminator(self, real_scores, fake_scores):
            return 0.0 * tf.reduce_mean(real_scores)

        def generator(self, real_scores, fake_scores):
            return 0.0 * tf.reduce_mean(fake_scores)

    gan.compile(Nothing(), *(keras.optimizers.SGD(0.1) for _ in range(2)), run_eagerly=True)
    before = decay.kernel.numpy()
    gan.train_on_batch(images[:4, :8, :8])
    np.testing.assert_allclose(decay.kernel.numpy(), 0.9 * before, rtol=1e-5)


# Networks that a user would write.


class SubclassedGenerator(keras.Model):
    def __init__(self, **keras_arguments):
        super().__init__(**keras_arguments)
        self.dense, self.reshape = layers.Dense(64), layers.Reshape((8, 8, 1))
        self.norm = layers.BatchNormalization()

    def call(self, codings, training=False):
        return tf.sigmoid(self.reshape(self.norm(self.dense(codings), training=training)))


class SubclassedDiscriminator(keras.Model):
    def __init__(self, **keras_arguments):
        super().__init__(**keras_arguments)
        self.conv, self.flatten = layers.Conv2D(4, 3, strides=2), layers.Flatten()
        self.dropout, self.score = layers.Dropout(0.3), layers.Dense(1)

    def call(self, images, training=False):
        hidden = self.dropout(self.flatten(self.conv(images)), training=training)
        return self.score(tf.nn.leaky_relu(hidden))


def user_networks(kind):
    if kind == "sequential":
        return (
            keras.Sequential(
                [
                    keras.Input((7,)),
                    layers.Dense(64),
                    layers.Activation("tanh"),
                    layers.Reshape((8, 8)),
                ]
            ),
            keras.Sequential([keras.Input((8, 8)), layers.Flatten(), layers.Dense(1)]),
        )
    if kind == "functional":
        codings, images = keras.Input((5,)), keras.Input((8, 8, 3))
        made = layers.Reshape((8, 8, 3))(layers.Dense(192, activation="tanh")(codings))
        score = layers.Dense(1)(layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(images)))
        return keras.Model(codings, made), keras.Model(images, score)
    if kind == "linear":
        generator, discriminator = user_networks("functional")
        linear = layers.Conv2D(3, 3, padding="same")
        return keras.Sequential([generator, linear]), discriminator
    if kind == "without an input":
        return (
            keras.Sequential([layers.Dense(64, activation="sigmoid"), layers.Reshape((8, 8, 1))]),
            keras.Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(1)]),
        )
    if kind == "one score without an axis":
        generator, discriminator = user_networks("sequential")
        score = layers.Reshape(())(discriminator(discriminator.inputs[0]))
        return generator, keras.Model(discriminator.inputs[0], score)
    if kind == "patches":
        generator, _ = user_networks("functional")
        return generator, keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(1, 3)])
    return SubclassedGenerator(), SubclassedDiscriminator()


def tiny(**compiled):
    """A GAN of one layer each, and the same weights each time.

    Of SGD there is less to trace and compile than of Adam, and its momentum is a state too.
    """
    keras.utils.set_random_seed(5)
    gan = GAN(*user_networks("sequential"))
    gan.compile(None, *(keras.optimizers.SGD(0.1, 0.9) for _ in range(2)), **compiled)
    return gan


# Each of the first two has a functional model in it, the third a sequential one.
KINDS = {
    "linear": ((-1, 1), (8, 8, 3), None),
    "without an input": ((0, 1), (8, 8, 1), 9),
    "subclassed": ((0, 1), (8, 8, 1), 6),
    "one score without an axis": ((-1, 1), (8, 8), None),
    "patches": ((-1, 1), (8, 8, 3), None),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_any_two_keras_models(kind, tmp_path):
    """Only the subclassed ones with a graph: of functional models there are many elsewhere."""
    image_range, image_shape, codings_size = KINDS[kind]
    gan = GAN(*user_networks(kind), codings_size=codings_size)
    assert gan.image_range == image_range and gan.image_shape == image_shape
    gan.compile(run_eagerly=kind != "subclassed")
    images = np.random.default_rng(0).integers(0, 256, (10, *image_shape), dtype=np.uint8)
    gan.fit(images, batch_size=5, validation_data=images, verbose=0)
    assert gan.generate(3).shape == (3, *image_shape)
    gan.save_weights(tmp_path / "gan.weights.h5")
    if kind == "subclassed":
        gan.save(tmp_path / "gan.keras")
        known = {c.__name__: c for c in (SubclassedGenerator, SubclassedDiscriminator)}
        loaded = keras.models.load_model(tmp_path / "gan.keras", custom_objects=known)
        assert same(state(gan), state(loaded))


# What fit takes.


def as_dataset(*arrays):
    return tf.data.Dataset.from_tensor_slices(arrays if len(arrays) > 1 else arrays[0]).batch(16)


class ArrayLike:
    """As a data set of h5py, or a tensor of another library."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return self._array

    def __len__(self):
        return len(self._array)


def test_batches_of_keras_are_shuffled(images):
    """A `PyDataset` tells Keras the order of its batches itself, if it is not shuffled."""

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 8

        def __getitem__(self, number):
            asked.append(number)
            return images[number : number + 1, :8, :8]

    gan, orders = tiny(run_eagerly=True), []
    for shuffle in (True, False):
        asked = []
        gan.fit(Batches(), shuffle=shuffle, verbose=0)
        orders.append(asked[-8:])
    assert sorted(orders[0]) == orders[1] == list(range(8)) and orders[0] != orders[1]


def test_in_their_own_order_the_last_images_are_trained_on_too(images):
    """One that is left out of a shuffled epoch is in another one."""
    gan, before = tiny(run_eagerly=True), 0
    for shuffle, seen in ((False, 20), (True, 16)):
        gan.fit(images[:20, :8, :8], batch_size=16, shuffle=shuffle, verbose=0)
        assert int(gan.images_seen) == before + seen
        before += seen


@pytest.mark.slow
def test_what_fit_takes(images):
    """Without a graph, but for floats of 64 bits, of which a graph must make 32."""
    images = images[:16, :8, :8].copy()
    labels, floats = np.zeros(16, "uint8"), (images / 127.5 - 1).astype("float32")
    of_64_bits = dict(x=as_dataset(floats.astype("float64"), labels))
    given = [
        dict(x=images),
        dict(x=images[..., None]),
        dict(x=images, y=labels),
        dict(x=(images, labels)),
        dict(x=floats),
        dict(x=as_dataset(images)),
        dict(x=as_dataset(images[..., None], labels)),
        of_64_bits,
        dict(x=tf.constant(images)),
        dict(x=ArrayLike(images), y=ArrayLike(labels)),
        dict(x=images, validation_data=(images, labels)),
        dict(x=images, validation_data=as_dataset(images, labels)),
    ]
    eager, with_graph = tiny(run_eagerly=True), tiny()
    for gan, arguments in [*((eager, one) for one in given), (with_graph, of_64_bits)]:
        before = int(gan.images_seen)
        batched = isinstance(arguments["x"], tf.data.Dataset)
        gan.fit(verbose=0, batch_size=None if batched else 16, **arguments)
        assert int(gan.images_seen) == before + 16


def test_what_is_held_out_is_not_trained_on(monkeypatch):
    """Images of one level each, which is their label, too."""
    levels = np.arange(40, dtype=np.uint8)
    images, seen = np.tile(levels[:, None, None], (1, 8, 8)), {}

    def note(step):
        def noting(gan, data):
            images, labels = data
            assert np.array_equal(images[:, 0, 0], labels)
            seen.setdefault(step, set()).update(labels.numpy().tolist())
            return step(gan, data)

        return noting

    steps = GAN.train_step, GAN.test_step
    for step in steps:
        monkeypatch.setattr(GAN, step.__name__, note(step))
    gan = tiny(run_eagerly=True)
    fit = gan.fit(images, levels, validation_split=0.25, batch_size=6, verbose=0)
    assert "val_real_score" in fit.history
    trained, held_out = (seen[step] for step in steps)
    assert trained == set(range(30)) and held_out == set(range(30, 40))


def test_each_use_has_codings_of_its_own(images, monkeypatch):
    """Training, evaluation and `generate` of one seed: no coding of one is in another."""
    gan, used = tiny(run_eagerly=True), {True: [], False: []}
    call = GAN.call

    def noting(self, codings, training=False):
        used[bool(training)].append(codings.numpy())
        return call(self, codings, training=training)

    monkeypatch.setattr(GAN, "call", noting)
    held_out = images[:20, :8, :8]
    gan.fit(images[:32, :8, :8], validation_data=held_out, batch_size=16, epochs=2, verbose=0)
    rows = {"seed": 0, "size": gan.codings_size}
    trained, evaluated = np.concatenate(used[True]), used[False]
    steps = [random.normal(16, step=step, purpose=random.TRAINING, **rows) for step in range(4)]
    np.testing.assert_allclose(trained, np.concatenate(steps), rtol=1e-6)
    for step, count in enumerate([16, 4, 16, 4]):  # both evaluations have the same codings
        codings = random.normal(count, step=step % 2, purpose=random.EVALUATION, **rows)
        np.testing.assert_allclose(evaluated[step], codings, rtol=1e-6)
    generated = random.numbered(0, 64, gan.codings_size, seed=0)
    all_rows = np.concatenate([trained, *evaluated[:2], generated])
    assert len(np.unique(all_rows, axis=0)) == len(all_rows)


@pytest.mark.slow
def test_uint8_and_floats_of_the_same_images_train_alike(images):
    for make, floats in ((dense_gan, images / 255), (conv_gan, images / 127.5 - 1)):
        runs = []
        for given in (images, floats.astype("float32")):
            keras.utils.set_random_seed(5)
            gan = make()
            gan.compile(run_eagerly=True)
            gan.fit(given[:8], batch_size=8, verbose=0)
            runs.append(gan.generator.get_weights())
        for a, b in zip(*runs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-4)


def test_many_gans_in_one_process_are_no_warning(caplog):
    for _ in range(7):
        tiny().generate(1)
    assert "retracing" not in caplog.text


def test_generate_is_a_function_of_seed_and_number():
    gan = conv_gan()
    hundred = gan.generate(100, seed=3)
    assert np.array_equal(gan.generate(70, seed=3), hundred[:70])
    assert np.array_equal(gan.generate(1, seed=3), hundred[:1])
    assert not np.array_equal(gan.generate(100, seed=4), hundred)
    assert len(np.unique(hundred.reshape(100, -1), axis=0)) == 100


def test_a_walk_follows_arcs_through_the_codings_of_a_seed():
    """The images are the codings themselves, from -6 to 6."""
    generator = keras.Sequential([keras.Input((64,)), layers.Reshape((8, 8))])
    sampler = Sampler(generator, image_range=(-6, 6))
    walk = np.stack(list(sampler.walk(50, stops=3, frames=4, seed=5)))
    walk = walk.reshape(12, 50, 64) * (12 / 255) - 6
    stops = random.numbered(0, 150, 64, seed=5).numpy().reshape(3, 50, 64)
    np.testing.assert_allclose(walk[::4], stops, atol=0.03)
    np.testing.assert_allclose(walk[10], (stops[2] + stops[0]) / 2**0.5, atol=0.03)  # it is closed
    # As long as any coding everywhere; half way on a straight line the square would be halved.
    assert (walk**2).mean(axis=(1, 2)) == pytest.approx(np.ones(12), abs=0.08)
    steps = np.linalg.norm(np.diff(walk, axis=0), axis=2).mean(axis=1)
    assert steps == pytest.approx(np.full(11, steps.mean()), rel=0.05)  # all equally long


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64, tf.bool])
def test_integers_that_are_not_uint8_are_refused_while_a_step_is_traced(dtype):
    from gan_model.data.images import to_range

    with pytest.raises(ValueError, match=rf"The images are {dtype.name}; expected uint8"):
        to_range(tf.zeros((2, 16, 16), dtype), (16, 16), (-1, 1))


def test_generate_inverts_the_scaling():
    from gan_model.data.images import to_range, to_uint8

    every_grey = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    for image_range in ((0.0, 1.0), (-1.0, 1.0), (-3.0, 2.0)):
        scaled = to_range(tf.constant(every_grey), (16, 16), image_range)
        assert np.array_equal(to_uint8(scaled, image_range), every_grey)
        assert float(tf.reduce_min(scaled)) == image_range[0]
        assert float(tf.reduce_max(scaled)) == pytest.approx(image_range[1], abs=1e-6)
    assert np.array_equal(to_uint8(np.array([-2.0, 2.0]), (-1.0, 1.0)), [0, 255])


@pytest.mark.slow
@pytest.mark.soak
def test_train_on_batch_under_xla(images):
    """Keras hands it (images, None, None), as numpy arrays."""
    by_fit, by_hand = (tiny(jit_compile=True, steps_per_execution=3) for _ in range(2))
    by_fit.fit(images[:32, :8, :8], shuffle=False, verbose=0)
    by_hand.train_on_batch(images[:32, :8, :8])
    for a, b in zip(state(by_fit), state(by_hand), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_scores_of_patches_are_logged_as_their_mean():
    score = keras.layers.Conv2D(
        1, 2, strides=2, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(3)
    )
    gan = GAN(
        keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(16, activation="tanh"),
                keras.layers.Reshape((4, 4, 1)),
            ]
        ),
        keras.Sequential([keras.Input((4, 4, 1)), score]),
    )
    gan.compile(run_eagerly=True)
    figures = gan.evaluate(np.zeros((6, 4, 4), np.uint8), batch_size=4, verbose=0, return_dict=True)
    assert figures["real_score"] == figures["fake_score"] == 3.0
