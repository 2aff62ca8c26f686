"""MirroredStrategy over two logical CPUs, case after case, each a function of this file.

    python tests/programs/two_devices.py FOLDER CASE...

Says `CASE: passed`, or why not, of each case; its status is the number of those that failed.
"""

import gc
import shutil
import sys
import traceback
import weakref
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import ops
from test_dirac import PSI, RATE, THETA, NonSaturating, Wasserstein, dirac, sigmoid, state

from gan_model import GAN, averaging, callbacks, features, metrics, networks, presets, replicas
from gan_model.augmenting import Adaptive, HorizontalFlip
from gan_model.data import dataset
from gan_model.losses import RelativisticAverage
from gan_model.penalties import DRAGAN, R1, R2, GradientPenalty, WeightClipping
from gan_model.random import TRAINING, RandomStreams

IMAGES = np.random.default_rng(0).integers(0, 256, (64, 16, 16), dtype=np.uint8)
ZEROS = np.zeros((8, 1, 1), "float32")


def two_devices():
    (cpu, *_) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def assert_same_on_both(variables):
    for variable in variables:
        first, second = variable.value.values
        assert np.array_equal(first, second), variable.path


def dirac_by_hand(strategy, folder):
    with strategy.scope():
        gan = dirac(NonSaturating())
    psi, theta = PSI, THETA
    for _ in range(5):
        history = gan.fit(ZEROS, batch_size=8, epochs=1, verbose=0).history
        loss = np.log(2) + np.log(1 + np.exp(psi * theta))
        psi -= RATE * sigmoid(psi * theta) * theta
        theta += RATE * sigmoid(-psi * theta) * psi
        np.testing.assert_allclose(state(gan), (psi, theta), atol=1e-6)
        np.testing.assert_allclose(history["discriminator_loss"], loss, rtol=1e-5)
    assert int(gan.step.numpy()) == 5 and int(gan.images_seen.numpy()) == 40


def penalties_by_hand(strategy, folder):
    with strategy.scope():
        gan = dirac(NonSaturating(), penalty=R1(2.0, every=2) + R2(1.0))
    psi, theta = PSI, THETA
    for step in range(5):
        gan.fit(ZEROS, batch_size=8, epochs=1, verbose=0)
        charged = psi + 4.0 * psi * (step % 2 == 0)
        paid = psi**2 / 2 + 4.0 * psi**2 / 2 * (step % 2 == 0)
        np.testing.assert_allclose(gan.history.history["penalty"], paid, rtol=1e-5)
        psi -= RATE * (sigmoid(psi * theta) * theta + charged)
        theta += RATE * sigmoid(-psi * theta) * psi
        np.testing.assert_allclose(state(gan), (psi, theta), atol=1e-6)


def adaptive_augmentation(strategy, folder):
    with strategy.scope():
        gan = dirac(Wasserstein(), augment=Adaptive(HorizontalFlip(), every=2, speed=100))
    gan.discriminator_optimizer.learning_rate = 0.0
    # All scores of the first device are above 0, three of four of the second: together r is 3/4.
    real = np.array([1, 1, 1, 1, 1, 1, 1, -1], "float32").reshape(8, 1, 1)
    for step in range(4):
        gan.fit(real, batch_size=8, shuffle=False, verbose=0)
        assert abs(gan.augmentation_probability.numpy() - 0.16 * ((step + 1) // 2)) < 1e-6


def no_coding_is_drawn_twice(strategy, folder):
    with strategy.scope():
        gan = presets.dcgan((16, 16))

    def codings():
        return RandomStreams(0, gan.step, replicas.index()).stream(TRAINING).normal(4, 30)

    drawn = strategy.experimental_local_results(strategy.run(codings))
    first, second = (replica.numpy() for replica in drawn)
    assert first.shape == second.shape == (4, 30) and not np.isin(first, second).any()


def other_turns_are_refused(strategy, folder):
    with strategy.scope():
        message = "On 2 devices the generator learns in every step"
        with pytest.raises(ValueError, match=message):
            dirac(Wasserstein(), discriminator_steps=2)


def gradients_of_one_device_are_refused(strategy, folder):
    settings = {"clipnorm": 1.0}, {"clipvalue": 1.0}, {"global_clipnorm": 1.0}
    for setting in (*settings, {"gradient_accumulation_steps": 2}):
        (name,) = setting
        with strategy.scope():
            gan = dirac(Wasserstein())
            message = f"On 2 devices Keras applies `{name}` to the gradient of each"
            with pytest.raises(ValueError, match=message):
                gan.compile(discriminator_optimizer=keras.optimizers.Adam(0.1, **setting))


def bounded_discriminator(strategy, folder):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        discriminator = networks.spectral.normalized(networks.dcgan.discriminator((16, 16, 1)))
        gan = GAN(networks.dcgan.generator((16, 16, 1), codings_size=4), discriminator)
        penalty = GradientPenalty(1.0, every=2) + DRAGAN(1.0, every=3)
        gan.compile(RelativisticAverage(), penalty=penalty, constraint=WeightClipping(0.1))
    options = {"validation_data": IMAGES[:20], "epochs": 2, "batch_size": 8, "verbose": 0}
    history = gan.fit(IMAGES, **options).history
    assert np.isfinite(history["penalty"]).all() and "val_penalty" not in history
    assert_same_on_both(gan.discriminator.weights)
    for variable in gan.discriminator.weights:
        first, _ = variable.value.values
        assert variable.path.endswith("/u") or np.abs(first).max() <= np.float32(0.1)


def preset_resumes(strategy, folder):
    def fit(name, epochs):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            gan = presets.modern((16, 16))
        gan.quality = metrics.Quality(metrics.FeatureMetrics(features.pixels()))
        options = {"validation_data": IMAGES[:20], "batch_size": 8, "verbose": 0}
        gan.fit(IMAGES, epochs=epochs, callbacks=callbacks.watch(folder / name), **options)
        return gan

    gan = fit("whole", 2)
    assert_same_on_both(gan.trainable_variables)
    reference = metrics.Reference(gan.quality.measures, IMAGES[:20, ..., None])
    numbers = reference.compare(gan.generate(20))
    assert numbers["fid_pixels"] == gan.history.history["val_fid_pixels"][-1]
    # As if it had been killed within the second epoch.
    shutil.copytree(folder / "whole", folder / "cut")
    (folder / "cut" / "checkpoints" / "epoch-00002.npz").unlink()
    again = fit("cut", 2)
    assert int(again.step.numpy()) == 16 and int(again.images_seen.numpy()) == 128
    for one, other in zip(gan.variables, again.variables, strict=True):
        assert np.array_equal(one.numpy(), other.numpy()), one.path


def uneven_batches(strategy, folder):
    """33 held-out images by 32, and 5 training images by 4: a device is left without images."""
    with strategy.scope():
        gan = dirac(NonSaturating(), penalty=R1(1.0))
    zeros = np.zeros((33, 1, 1), "float32")
    found = gan.evaluate(zeros, batch_size=32, return_dict=True, verbose=0)
    with strategy.scope():
        again = dirac(NonSaturating())
    expected = again.evaluate(zeros[:32], batch_size=32, return_dict=True, verbose=0)
    assert found.keys() == expected.keys()
    for name, figure in expected.items():
        np.testing.assert_allclose(found[name], figure, rtol=1e-5, err_msg=name)
    batches = tf.data.Dataset.from_tensor_slices(zeros[:5]).batch(4)
    history = gan.fit(batches, verbose=0).history
    psi, theta, losses = PSI, THETA, []
    for _ in range(2):
        losses.append(np.log(2) + np.log(1 + np.exp(psi * theta)))
        psi -= RATE * (sigmoid(psi * theta) * theta + psi)
        theta += RATE * sigmoid(-psi * theta) * psi
    np.testing.assert_allclose(state(gan), (psi, theta), atol=1e-6)
    np.testing.assert_allclose(history["discriminator_loss"], np.mean(losses), rtol=1e-5)
    assert int(gan.images_seen.numpy()) == 5


class Images(np.ndarray):
    """Images that a weak reference can watch."""


def images_are_freed(strategy, folder):
    for ready in (lambda data: data, iter):
        images = np.arange(40, dtype=np.int32).reshape(-1, 1, 1).view(Images)
        data, alive = dataset(images, batch_size=8, shuffle=False), weakref.ref(images)
        reading = ready(strategy.experimental_distribute_dataset(data))
        del data, images
        gc.collect()
        parts = [strategy.experimental_local_results(batch) for batch in reading]
        assert np.concatenate([np.ravel(p) for two in parts for p in two]).tolist() == [*range(40)]
        assert alive() is not None
        del reading
        gc.collect()
        assert alive() is None
    gone = trained_and_dropped(strategy)
    gc.collect()
    assert [one() for one in gone] == [None, None]


def trained_and_dropped(strategy):
    """Weak references to a GAN and its images."""
    entries = set(ops.gradient_registry.list())
    images = np.zeros((40, 16, 16), np.uint8).view(Images)
    with strategy.scope():
        gan = presets.modern((16, 16))
    gan.fit(images, validation_data=images[:10], batch_size=8, verbose=0)
    assert set(ops.gradient_registry.list()) == entries
    return weakref.ref(gan), weakref.ref(images)


def average_of_both(strategy, folder):
    def read(weights):
        return [weight.numpy().astype("float64") for weight in weights]

    with strategy.scope():
        gan = presets.dcgan((16, 16), codings_size=4)
        gan.compile(average=averaging.ExponentialMovingAverage(half_life=30, warm_up=0.2))
    average = read(gan.generator.weights)
    for step in range(4):
        gan.fit(IMAGES[:8], batch_size=8, verbose=0)
        fraction = 1 if step == 0 else 1 - 0.5 ** (8 / min(30, 0.2 * 8 * step))
        now = read(gan.generator.weights)
        average = [a + fraction * (w - a) for a, w in zip(average, now, strict=True)]
    for expected, found in zip(average, read(gan.averaged_generator.weights), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert_same_on_both(gan.averaged_generator.weights)


def main(folder, *cases):
    strategy, failed = two_devices(), 0
    for case in cases:
        try:
            globals()[case](strategy, Path(folder) / case)
        except Exception:
            failed += 1
            print(f"{case}: {traceback.format_exc()}", flush=True)
        else:
            print(f"{case}: passed", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
