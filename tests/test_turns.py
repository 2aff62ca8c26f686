"""Several steps of the discriminator to one of the generator."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_gan import conv_gan
from test_dirac import PSI, RATE, THETA, dirac
from test_resume import same
from test_schedules import EVERY_WAY, ZEROS, states_after

from gan_model import presets
from gan_model.losses import Wasserstein

TURNS = [1, 2, 5]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("every", "how"),
    [
        *((every, {}) for every in TURNS),
        *((2, how) for how in EVERY_WAY[1:]),
        # Without turns test_schedules plays in every way; five steps differ from two in a number.
        *(
            pytest.param(every, how, marks=pytest.mark.soak)
            for every in (1, 5)
            for how in EVERY_WAY[1:]
        ),
    ],
    ids=str,
)
def test_turns_by_hand(every, how):
    """psi moves with each batch, theta with every n-th; the n-th is played as ever."""
    gan, psi, theta = dirac(Wasserstein(), discriminator_steps=every, **how), PSI, THETA
    for step, found in enumerate(states_after(11, gan)):
        psi -= RATE * theta
        if (step + 1) % every == 0:
            theta += RATE * psi
        assert found == pytest.approx((psi, theta), abs=1e-6)
    assert int(gan.step) == 11 and int(gan.generator_optimizer.iterations) == 11 // every


@pytest.mark.slow
def test_turns_by_hand_on_one_device_of_a_strategy():
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        gan = dirac(Wasserstein(), discriminator_steps=2)
    psi, theta = PSI, THETA
    for step, found in enumerate(states_after(4, gan)):
        psi -= RATE * theta
        theta += RATE * psi * (step % 2)
        assert found == pytest.approx((psi, theta), abs=1e-6)
    assert gan.evaluate(ZEROS, verbose=0, return_dict=True)["real_score"] == pytest.approx(0.0)


def test_the_generators_loss_is_the_mean_over_its_own_steps():
    gan = dirac(Wasserstein(), discriminator_steps=2)
    gan.discriminator_optimizer.learning_rate = gan.generator_optimizer.learning_rate = 0.0
    batches = tf.data.Dataset.from_tensors(ZEROS).repeat(4)
    history = gan.fit(batches, verbose=0).history
    assert history["generator_loss"] == pytest.approx([-PSI * THETA])
    assert history["discriminator_loss"] == pytest.approx([PSI * THETA])


@pytest.mark.slow
def test_the_first_steps_leave_the_generators_weights_alone(images):
    """But for batch norm's statistics: fake images are made as in training."""
    gan = conv_gan()
    gan.compile(discriminator_steps=3)
    before = [weight.numpy() for weight in gan.generator.trainable_variables]
    gan.fit(images[:32], batch_size=16, verbose=0)
    assert same([weight.numpy() for weight in gan.generator.trainable_variables], before)
    gan.fit(images[:16], batch_size=16, verbose=0)
    after = [weight.numpy() for weight in gan.generator.trainable_variables]
    assert not any(np.array_equal(*pair) for pair in zip(before, after, strict=True))


def test_of_a_file_the_turns_are_read(tmp_path):
    gan = presets.dense((8, 8))
    gan.compile(discriminator_steps=2)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.discriminator_steps == 2
    config = gan.get_compile_config()
    del config["discriminator_steps"]  # of before there were turns
    gan.compile_from_config(config)
    assert gan.discriminator_steps == 1


@pytest.mark.parametrize("steps", [0, 1.5, True, None])
def test_what_makes_no_sense_is_refused(steps):
    with pytest.raises(ValueError, match="`discriminator_steps` is an integer of 1 or more"):
        dirac(Wasserstein(), discriminator_steps=steps)
