"""`compile`, `fit` and files refuse what cannot work before anything changes."""

import json
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, optimizers

from gan_model import GAN, augmenting, averaging, losses, networks, penalties
from gan_model.storage import checkpoint

SHAPE = (16, 16, 1)


def small(**compiled):
    keras.utils.set_random_seed(2)
    generator = networks.dcgan.generator(SHAPE, codings_size=4)
    gan = GAN(generator, networks.dcgan.discriminator(SHAPE))
    gan.compile(**compiled)
    return gan


# What would silently do something else than it says.


class Follower:
    """No average."""


class ReadsRealScores(losses.Hinge):
    """A loss that does not say what it reads."""

    def generator(self, real_scores, fake_scores):
        return tf.reduce_mean(real_scores - fake_scores)


REFUSED = [
    (dict(loss=losses.Hinge), r"`loss` is a class; expected an object. Type Hinge\(\)"),
    (dict(penalty=penalties.R1), r"`penalty` is a class"),
    (dict(penalty=lambda scores, real, fake: 0.0), "`penalty` is called with"),
    (dict(loss=ReadsRealScores()), "needs_real_scores = True"),
    (dict(augment=3), "`augment` is called with"),
    (dict(augment=keras.layers.RandomFlip()), "takes images alone.*Type augment=gan_model"),
    (dict(average=Follower()), "`average` must be an object of gan_model.averaging"),
    (dict(steps_per_execution=0), "`steps_per_execution` is an integer of 1 or more"),
    (dict(class_loss=losses.ClassCrossEntropy()), "this one gives scores only"),
    (
        dict(generator_optimizer=optimizers.Adam(loss_scale_factor=2.0)),
        "`loss_scale_factor` divides the gradient.*Leave loss_scale_factor=2.0 out",
    ),
    (
        dict(discriminator_optimizer=optimizers.LossScaleOptimizer(optimizers.Adam())),
        r"A LossScaleOptimizer divides.*Pass the inner optimizer, Adam\(...\)",
    ),
    (
        dict(generator_optimizer=optimizers.Adam(use_ema=True)),
        "`use_ema` of an optimizer has no effect here",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("given", "message"), REFUSED, ids=[str(m)[:30] for _, m in REFUSED])
def test_compile_refuses_before_it_changes_anything(given, message):
    """All else that is given is new, so that any of it would show."""
    gan = small(average=averaging.ExponentialMovingAverage())
    before, weights = vars(gan).copy(), [w.numpy() for w in gan.weights]
    auxiliary, optimizer = dict(gan.auxiliary_layers), gan.generator_optimizer
    new = dict(loss=losses.LeastSquares(), augment=augmenting.Adaptive(augmenting.DiffAugment()))
    with pytest.raises(ValueError, match=message):
        gan.compile(**{**new, "discriminator_steps": 2, "jit_compile": True, **given})
    after = vars(gan)
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] is not before[name]] == []
    assert dict(gan.auxiliary_layers) == auxiliary and gan.generator_optimizer is optimizer
    assert all(map(np.array_equal, weights, (w.numpy() for w in gan.weights)))


def test_no_numbers_in_a_coding_are_refused_where_the_generator_does_not_tell_them():
    generator = keras.Sequential([layers.Dense(16), layers.Reshape((4, 4))])
    discriminator = keras.Sequential([keras.Input((4, 4)), layers.Flatten(), layers.Dense(1)])
    wanted = r"`codings_size` is an integer of 1 or more\. Received: codings_size=0"
    with pytest.raises(ValueError, match=wanted):
        GAN(generator, discriminator, codings_size=0)


# Steps.


@pytest.mark.slow
@pytest.mark.parametrize(("asked", "together"), [(10, 4), (7, 4)])
def test_a_data_set_of_ones_own_trains_as_many_steps_as_asked_for(asked, together):
    point = keras.Sequential([keras.Input((1,)), layers.Dense(1), layers.Reshape((1, 1))])
    line = keras.Sequential([keras.Input((1, 1)), layers.Flatten(), layers.Dense(1)])
    gan = GAN(point, line)
    gan.compile(steps_per_execution=together)
    batches = tf.data.Dataset.from_tensors(np.zeros((2, 1, 1), "float32")).repeat()
    gan.fit(batches, steps_per_epoch=asked, epochs=2, verbose=0)
    assert int(gan.step) == 2 * asked
    assert gan.steps_per_execution == together
    numbers = iter(range(100))
    given = tf.data.Dataset.from_generator(
        lambda: (np.full((2, 1, 1), next(numbers) / 1e3, "float32") for _ in range(50)),
        output_signature=tf.TensorSpec((2, 1, 1), tf.float32),
    )
    gan.evaluate(given, steps=asked, verbose=0)
    fed = gan.trackers.shown(evaluating=True)[0].weights[0]
    assert int(fed) == 2 * asked  # images


def test_an_activity_regularizer_counts_in_mixed_bfloat16(images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        generator = networks.dense.generator((16, 16), codings_size=4)
        activity = keras.Sequential(
            [
                keras.Input((16, 16)),
                layers.Flatten(),
                layers.Dense(4, activity_regularizer=keras.regularizers.L2(1.0)),
                layers.Dense(1, dtype="float32"),
            ]
        )
    finally:
        keras.config.set_dtype_policy("float32")
    gan = GAN(generator, activity)
    gan.compile(losses.Wasserstein(), run_eagerly=True)
    gan.discriminator_optimizer.learning_rate = 0.1
    before = gan.discriminator.get_weights()[0]
    history = gan.fit(images[:32], verbose=0).history
    assert np.isfinite(history["discriminator_loss"]).all()
    assert not np.array_equal(before, gan.discriminator.get_weights()[0])


# Files.


@pytest.mark.slow
def test_an_averaged_generator_comes_back_without_compile_too(images, tmp_path):
    gan = small(average=averaging.ExponentialMovingAverage(half_life=100), run_eagerly=True)
    gan.fit(images, batch_size=16, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras", compile=False)
    assert not loaded.compiled
    assert np.array_equal(loaded.generate(5), gan.generate(5))
    raw = small()
    raw.generator.set_weights(gan.generator.get_weights())
    assert not np.array_equal(raw.generate(5), gan.generate(5))
    loaded.compile()  # without an average there is none
    assert loaded.averaged_generator is None
    assert np.array_equal(loaded.generate(5), raw.generate(5))


def test_a_file_of_another_version_is_refused(tmp_path):
    path, old = tmp_path / "gan.keras", tmp_path / "old.keras"
    small().save(path)
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(old, "w") as written:
        for name in file.namelist():
            content = file.read(name)
            if name == "config.json":
                config = json.loads(content)
                assert config["config"].pop("format") == 2
                content = json.dumps(config).encode()
            written.writestr(name, content)
    with pytest.raises(ValueError, match="written by another version of gan-model"):
        keras.models.load_model(old)


# The order of variables, which checkpoints and files rely on.

LEARNED = ["kernel", "bias", "gamma", "beta"]
NORMALIZED = [*LEARNED, "moving_mean", "moving_variance"]
GENERATOR = [*NORMALIZED, *NORMALIZED, "kernel", "bias"]
DROPPED = ["kernel", "bias", "seed_generator_state"]
ORDER = [
    *("step", "images_seen", "evaluation_step"),
    *GENERATOR,
    *(*DROPPED, *DROPPED, "kernel", "bias"),
    *("p", "signs", "images"),
    *GENERATOR,  # the averaged one
    *("iteration", "learning_rate", *LEARNED, *LEARNED, "kernel", "bias"),
    *("iteration", "learning_rate", *["kernel", "bias"] * 3),
]


@pytest.mark.parametrize("late", [False, True])
def test_the_order_of_variables_is_that_of_all_checkpoints(late):
    """Recorded in version 0.1. Also where the augmentation came in a later `compile`."""
    average = averaging.ExponentialMovingAverage()
    augment = augmenting.Adaptive(augmenting.HorizontalFlip())
    gan = small(average=average)
    gan.compile(
        losses.Hinge(),
        *(optimizers.RMSprop(0.1), optimizers.RMSprop(0.1)),
        augment=augment,
        average=average if late else None,
    )
    gan.compile(None, "rmsprop", "rmsprop", augment=augment, average=average)
    names = [name.removesuffix("_velocity") for name in checkpoint.collect(gan)]
    assert [int(name.split("/")[0]) for name in names] == list(range(len(ORDER)))
    for name, expected in zip(names, ORDER, strict=True):
        assert name.endswith(expected), (name, expected)
