"""Two devices in one process: MirroredStrategy over two logical CPUs, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

TWO_DEVICES = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np, tensorflow as tf, keras
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
images = np.random.default_rng(0).integers(0, 256, (64, 16, 16), dtype=np.uint8)
"""

DIRAC = """
from test_dirac import NonSaturating, PSI, RATE, THETA, dirac, sigmoid, state
with strategy.scope():
    gan = dirac(NonSaturating())
psi, theta = PSI, THETA
for step in range(1, 6):
    history = gan.fit(np.zeros((8, 1, 1), "float32"), batch_size=8, epochs=1, verbose=0).history
    loss = np.log(2) + np.log(1 + np.exp(psi * theta))
    psi -= RATE * sigmoid(psi * theta) * theta
    theta += RATE * sigmoid(-psi * theta) * psi
    np.testing.assert_allclose(state(gan), (psi, theta), atol=1e-6)
    np.testing.assert_allclose(history["discriminator_loss"], loss, rtol=1e-5)
assert int(gan.step.numpy()) == 5 and int(gan.images_seen.numpy()) == 40
"""

PRESET = """
from gan_model import callbacks, features, metrics, presets
def made():
    keras.utils.set_random_seed(0)
    with strategy.scope():
        gan = presets.modern((16, 16))
    gan.quality = metrics.Quality(metrics.FeatureMetrics(features.pixels()))
    return gan
def weights(gan):
    return [v.numpy() for v in gan.variables]
gan = made()
gan.fit(images, validation_data=images[:20], epochs=2, batch_size=8, verbose=0,
        callbacks=callbacks.watch("whole"))
for variable in gan.trainable_variables:
    first, second = variable.value.values
    assert np.array_equal(first, second), variable.path
reference = metrics.Reference(gan.quality.measures, images[:20, ..., None])
numbers = reference.compare(gan.generate(20))
assert numbers["fid_pixels"] == gan.history.history["val_fid_pixels"][-1]
for epochs in (1, 2):
    again = made()
    again.fit(images, validation_data=images[:20], epochs=epochs, batch_size=8, verbose=0,
              callbacks=callbacks.watch("cut"))
assert int(again.step.numpy()) == 16 and int(again.images_seen.numpy()) == 128
for a, b in zip(weights(gan), weights(again), strict=True):
    assert np.array_equal(a, b)
"""

CODINGS = """
from gan_model import presets
with strategy.scope():
    gan = presets.dcgan((16, 16))
from gan_model import replicas
from gan_model.random import RandomStreams, TRAINING
def codings():
    return RandomStreams(0, gan.step, replicas.index()).stream(TRAINING).normal(4, 30)
drawn = strategy.run(codings)
first, second = (replica.numpy() for replica in strategy.experimental_local_results(drawn))
assert not np.isin(first, second).any()
"""


PENALTIES = """
from gan_model.penalties import R1, R2
from test_dirac import NonSaturating, PSI, RATE, THETA, dirac, sigmoid, state
with strategy.scope():
    gan = dirac(NonSaturating(), penalty=R1(2.0, every=2) + R2(1.0))
psi, theta = PSI, THETA
for step in range(5):
    gan.fit(np.zeros((8, 1, 1), "float32"), batch_size=8, epochs=1, verbose=0)
    charged = psi + 4.0 * psi * (step % 2 == 0)
    paid = psi**2 / 2 + 4.0 * psi**2 / 2 * (step % 2 == 0)
    np.testing.assert_allclose(gan.history.history["penalty"], paid, rtol=1e-5)
    psi -= RATE * (sigmoid(psi * theta) * theta + charged)
    theta += RATE * sigmoid(-psi * theta) * psi
    np.testing.assert_allclose(state(gan), (psi, theta), atol=1e-6)
"""

BOUNDED = """
from gan_model import GAN, networks
from gan_model.losses import RelativisticAverage
from gan_model.penalties import DRAGAN, GradientPenalty, WeightClipping
keras.utils.set_random_seed(0)
with strategy.scope():
    discriminator = networks.spectral.normalized(networks.dcgan.discriminator((16, 16, 1)))
    gan = GAN(networks.dcgan.generator((16, 16, 1), codings_size=4), discriminator)
    penalty = GradientPenalty(1.0, every=2) + DRAGAN(1.0, every=3)
    gan.compile(RelativisticAverage(), penalty=penalty, constraint=WeightClipping(0.1))
history = gan.fit(images, validation_data=images[:20], epochs=2, batch_size=8, verbose=0).history
assert np.isfinite(history["penalty"]).all() and "val_penalty" not in history
for variable in gan.discriminator.weights:
    first, second = variable.value.values
    assert np.array_equal(first, second), variable.path
    assert variable.path.endswith("/u") or np.abs(first).max() <= np.float32(0.1)
"""


AVERAGE = """
from gan_model import averaging, presets
def read(weights):
    return [w.numpy().astype("float64") for w in weights]
with strategy.scope():
    gan = presets.dcgan((16, 16), codings_size=4)
    gan.compile(average=averaging.ExponentialMovingAverage(half_life=30, warm_up=0.2))
average = read(gan.generator.weights)
for step in range(4):
    gan.fit(images[:8], batch_size=8, verbose=0)
    share = 1 if step == 0 else 1 - 0.5 ** (8 / min(30, 0.2 * 8 * step))
    average = [a + share * (w - a) for a, w in zip(average, read(gan.generator.weights))]
for a, w in zip(average, read(gan.averaged_generator.weights), strict=True):
    np.testing.assert_allclose(w, a, rtol=1e-4, atol=1e-6)
for variable in gan.averaged_generator.weights:
    first, second = variable.value.values
    assert np.array_equal(first, second), variable.path
"""


AUGMENT = """
from gan_model.augmenting import Adaptive, HorizontalFlip
from test_dirac import Wasserstein, dirac
with strategy.scope():
    gan = dirac(Wasserstein(), augment=Adaptive(HorizontalFlip(), every=2, speed=100))
gan.discriminator_optimizer.learning_rate = 0.0
# Of the first device's scores all are above 0, of the second's three of four: together r is 3/4.
real = np.array([1, 1, 1, 1, 1, 1, 1, -1], "float32").reshape(8, 1, 1)
for step in range(4):
    gan.fit(real, batch_size=8, shuffle=False, verbose=0)
    assert abs(gan.augmentation_probability.numpy() - 0.16 * ((step + 1) // 2)) < 1e-6
"""


TURNS = """
from test_dirac import Wasserstein, dirac
with strategy.scope():
    try:
        dirac(Wasserstein(), discriminator_steps=2)
    except ValueError as error:
        assert "On 2 devices the generator moves in every step" in str(error)
    else:
        raise AssertionError
"""


ONE_DEVICES_GRADIENT = """
from test_dirac import Wasserstein, dirac
settings = {"clipnorm": 1.0}, {"clipvalue": 1.0}, {"global_clipnorm": 1.0}
for setting in (*settings, {"gradient_accumulation_steps": 2}):
    with strategy.scope():
        gan = dirac(Wasserstein())
        try:
            gan.compile(discriminator_optimizer=keras.optimizers.Adam(0.1, **setting))
        except ValueError as error:
            (name,) = setting
            assert f"On 2 devices Keras applies `{name}` to the gradient of each" in str(error)
        else:
            raise AssertionError(setting)
"""


def on_two_devices(code, folder):
    (folder / "on_two_devices.py").write_text(TWO_DEVICES.format(tests=str(HERE)) + code)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "on_two_devices.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_two_devices_play_the_game_that_is_known_by_hand(tmp_path):
    """Gradients and penalties are shared out, not added up twice; no coding is drawn twice."""
    on_two_devices(DIRAC + PENALTIES + AUGMENT + CODINGS, tmp_path)


@pytest.mark.slow
def test_what_several_devices_would_do_wrong_is_refused(tmp_path):
    on_two_devices(TURNS + ONE_DEVICES_GRADIENT, tmp_path)


@pytest.mark.slow
def test_what_bounds_the_discriminator_keeps_it_the_same_on_both_devices(tmp_path):
    on_two_devices(BOUNDED, tmp_path)


@pytest.mark.slow
def test_a_preset_trains_and_resumes_on_two_devices(tmp_path):
    on_two_devices(PRESET, tmp_path)


@pytest.mark.slow
def test_an_average_counts_the_images_of_both_devices(tmp_path):
    on_two_devices(AVERAGE, tmp_path)
