"""The same folder again: the run continues, or a sentence says what it was begun with."""

import json
import shutil
import signal
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras.optimizers import schedules
from processes import forked, program, wait_for

from gan_model import GAN, callbacks, penalties
from gan_model.callbacks.checkpoints import saved
from gan_model.data.images import fingerprint
from gan_model.storage import checkpoint

IMAGES = np.random.default_rng(0).integers(0, 256, (16, 4, 4), np.uint8)  # two steps
RATES = (1e-3, 2e-3)


@keras.saving.register_keras_serializable("tests")
class Weighted(GAN):
    """Has a setting of its own."""

    def __init__(self, *networks, weight=1.0, **arguments):
        super().__init__(*networks, **arguments)
        self.weight = weight

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


def small(rates=RATES, seed=0, optimizer=keras.optimizers.SGD, *, weight=1.0, **compiled):
    """Of one layer each, without a graph, which takes longer to make than all steps here."""
    keras.utils.set_random_seed(1)
    flat = layers.Dense(16, activation="tanh")
    generator = keras.Sequential([keras.Input((3,)), flat, layers.Reshape((4, 4))])
    discriminator = keras.Sequential([keras.Input((4, 4)), layers.Flatten(), layers.Dense(1)])
    gan = Weighted(generator, discriminator, seed=seed, weight=weight)
    gan.compile(None, *map(optimizer, rates), run_eagerly=True, **compiled)
    return gan


def fit(gan, folder, *, epochs, batch_size=8, more=(), images=IMAGES):
    listed = [*more, callbacks.Checkpoints(folder)]
    if not isinstance(images, np.ndarray):
        batch_size = None
    return gan.fit(images, batch_size=batch_size, epochs=epochs, callbacks=listed, verbose=0)


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("once") / "run"
    fit(small(), folder, epochs=1)
    return folder


@pytest.fixture
def begun(trained_once, tmp_path):
    """A folder with a run of one epoch."""
    return shutil.copytree(trained_once, tmp_path / "begun")


def state(gan):
    return [value.tobytes() for value in checkpoint.collect(gan).values()]


def refusal(gan, folder, **arguments):
    """The sentence that refuses to continue; nothing has changed then, also not the second time."""
    before, files = state(gan), {path.name: path.read_bytes() for path in saved(folder)}
    for _ in range(2):
        with pytest.raises(ValueError, match="belongs to a run with other settings") as error:
            fit(gan, folder, epochs=9, **arguments)
        assert state(gan) == before
    assert {path.name: path.read_bytes() for path in saved(folder)} == files
    assert "\n" not in str(error.value)
    return str(error.value)


# Learning rates, batch size, seed.


def test_each_difference_is_named_with_what_it_was_what_it_is_and_what_to_type(begun):
    message = refusal(small((1e-4, 3e-4), seed=5), begun, batch_size=16)
    for said in (
        "generator learning rate was 0.001, now 0.0001: "
        "type gan.generator_optimizer.learning_rate = 0.001",
        "discriminator learning rate was 0.002, now 0.0003: "
        "type gan.discriminator_optimizer.learning_rate = 0.002",
        "seed was 0, now 5: type seed=0",
        "batch size was 8, now 16: type batch_size=8 in gan.fit or data.dataset",
    ):
        assert said in message
    assert str(saved(begun)[-1]) in message


def test_what_the_message_says_to_type_continues_the_run(begun):
    gan = small((1e-4, 2e-3))
    message = refusal(gan, begun)
    assert "discriminator" not in message and "batch" not in message
    gan.generator_optimizer.learning_rate = 0.001
    assert fit(gan, begun, epochs=2).epoch == [0, 1]


def test_other_arguments_of_compile_and_of_a_subclass_are_refused(begun):
    changed = small(weight=2.0, penalty=penalties.R1(3.0), discriminator_steps=2)
    message = refusal(changed, begun)
    assert "weight was 1.0, now 2.0: type weight=1.0" in message
    assert "penalty was None, now R1(weight=3.0, every=1): type penalty=None" in message
    assert "discriminator_steps was 1, now 2" in message


@pytest.mark.slow
def test_the_batch_size_of_a_dataset_is_unknown_and_that_of_an_earlier_process_is_kept(begun):
    batches = tf.data.Dataset.from_tensor_slices(IMAGES).batch(4)
    fit(small(), begun, epochs=2, images=batches)
    assert "batch size was 8, now 4" in refusal(small(), begun, batch_size=4)


def test_other_images_are_refused(begun):
    """A folder that got one more file has other held-out images, too."""
    message = refusal(small(), begun, images=np.concatenate([IMAGES, IMAGES[:1]]))
    assert f"images was {fingerprint(IMAGES)}, now {len(IMAGES) + 1} images" in message
    assert "type those of the run as the images of gan.fit" in message
    assert "images was" in refusal(small(), begun, images=255 - IMAGES)
    assert fit(small(), begun, epochs=2).epoch == [0, 1]


def test_two_fits_of_one_process_continue_the_run(tmp_path):
    gan = small()
    fit(gan, tmp_path, epochs=1)
    assert fit(gan, tmp_path, epochs=3).epoch == [0, 1, 2]


@pytest.mark.slow
def test_epochs_keep_their_numbers_and_a_history_of_the_user_has_each_once(tmp_path):
    mine, checkpoints = keras.callbacks.History(), callbacks.Checkpoints(tmp_path)
    for epochs in (12, 13):
        listed = [mine, checkpoints]
        gan, about = small(), dict(batch_size=8, initial_epoch=10, verbose=0)
        gan.fit(IMAGES, epochs=epochs, callbacks=listed, **about)
    assert mine.epoch == [10, 11, 12] and len(mine.history["generator_loss"]) == 3


def test_callbacks_may_be_in_a_list_of_their_own(begun):
    gan, own = small(), keras.callbacks.Callback()
    listed = [[callbacks.Checkpoints(begun)], own]
    assert gan.fit(IMAGES, batch_size=8, epochs=3, callbacks=listed, verbose=0).epoch == [0, 1, 2]
    with pytest.raises(ValueError, match="LearningRateScheduler sets the learning rate of one"):
        small().fit(IMAGES, batch_size=8, callbacks=[[keras.callbacks.LearningRateScheduler(abs)]])


def test_without_a_checkpoint_the_steps_that_a_gan_has_done_are_told(tmp_path, capsys):
    gan = small()
    gan.fit(IMAGES, batch_size=8, verbose=0)
    assert capsys.readouterr().err == ""
    fit(gan, tmp_path, epochs=1)
    assert f"training goes on from step {len(IMAGES) // 8} of this GAN" in capsys.readouterr().err


class Halved(keras.callbacks.Callback):
    """Halves the generator's rate when an epoch begins; may stop the process in one of them."""

    def __init__(self, interrupted=None):
        super().__init__()
        self.interrupted = interrupted

    def on_epoch_begin(self, epoch, logs=None):
        self.model.generator_optimizer.learning_rate = RATES[0] / 2**epoch

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1 and self.interrupted == len(self.model.history.epoch):
            raise KeyboardInterrupt


@pytest.mark.slow
def test_rates_that_a_callback_lowers_are_no_other_run(tmp_path):
    """In a new process with the rate at the beginning; in the same one with whatever it left."""
    gan = small()
    with pytest.raises(KeyboardInterrupt):
        fit(gan, tmp_path, epochs=4, more=[Halved(interrupted=2)])
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(RATES[0] / 4)
    fit(gan, tmp_path, epochs=3, more=[Halved()])
    fresh = small()
    assert fit(fresh, tmp_path, epochs=4, more=[Halved()]).epoch == [0, 1, 2, 3]
    whole = small()
    fit(whole, tmp_path / "whole", epochs=4, more=[Halved()])
    assert state(fresh) == state(whole)


@pytest.mark.slow
def test_the_rate_that_a_run_left_is_that_of_its_own_folder_only(tmp_path, begun):
    gan = small()
    with pytest.raises(KeyboardInterrupt):
        fit(gan, tmp_path / "one", epochs=4, more=[Halved(interrupted=2)])
    refusal(gan, begun)


def decay(rate, steps=100):
    return schedules.ExponentialDecay(rate, steps, 0.5)


@pytest.mark.slow
def test_schedules_are_compared_by_their_configuration(tmp_path):
    fit(small((decay(1e-3), 2e-3)), tmp_path, epochs=1)
    fit(small((decay(1e-3), 2e-3)), tmp_path, epochs=2)
    message = refusal(small((decay(1e-3, 50), 2e-3)), tmp_path)
    assert "was ExponentialDecay(initial_learning_rate=0.001, decay_steps=100" in message
    assert "now ExponentialDecay(initial_learning_rate=0.001, decay_steps=50" in message
    message = refusal(small(), tmp_path)
    assert "now 0.001: type gan.compile(..., generator_optimizer=...)" in message


def test_a_schedule_may_hold_tuples_which_a_file_gives_back_as_lists(tmp_path):
    steps = schedules.PiecewiseConstantDecay((1, 20), (1e-3, 1e-4, 1e-5))
    fit(small((steps, 2e-3)), tmp_path, epochs=1)
    assert fit(small((steps, 2e-3)), tmp_path, epochs=2).epoch == [0, 1]


class Unsaveable(schedules.LearningRateSchedule):
    def __call__(self, step):
        return 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("rate", [Unsaveable(), lambda: 1e-3], ids=["schedule", "function"])
def test_a_rate_that_cannot_be_compared_does_not_end_the_run(tmp_path, rate):
    fit(small((rate, 2e-3)), tmp_path, epochs=1)
    assert fit(small((rate, 2e-3)), tmp_path, epochs=2).epoch == [0, 1]


# Two processes.


def train_and_hold(folder, held):
    """Trains in this process, and stays in the first epoch that it ends, where `held` appears."""

    class Held(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            Path(held).touch()
            time.sleep(1000)

    fit(small(), folder, epochs=2, more=[Held()])


@pytest.mark.slow
def test_a_second_process_is_refused_at_once_until_the_first_is_killed(tmp_path, begun):
    folder, held = begun, tmp_path / "held"
    files = {path.name: path.read_bytes() for path in saved(folder)}
    half = folder / ".part-epoch-00002.npz"  # which the first one is writing
    line = program("call.py", "test_same_run", "train_and_hold", folder, held)
    with forked(line) as process:
        wait_for(held.exists, process)
        half.write_bytes(b"half")
        gan = small()
        before = state(gan)
        with pytest.raises(ValueError, match="Another process is training in") as error:
            fit(gan, folder, epochs=2)
        assert str(folder) in str(error.value) and "\n" not in str(error.value)
        assert state(gan) == before and half.exists()
        assert {path.name: path.read_bytes() for path in saved(folder)} == files
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert fit(gan, folder, epochs=2).epoch == [0, 1]
    assert not half.exists()


@pytest.mark.slow
def test_two_fits_at_once_in_one_process_are_refused_too(tmp_path):
    class Second(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            with pytest.raises(ValueError, match="Another process is training in"):
                fit(small(), tmp_path, epochs=2)

    fit(small(), tmp_path, epochs=1, more=[Second()])


@pytest.mark.slow
def test_after_ctrl_c_and_after_an_error_the_folder_is_free(begun):
    for error in (KeyboardInterrupt, ValueError):

        class Fails(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None, error=error):
                raise error

        with pytest.raises(error):
            fit(small(), begun, epochs=2, more=[Fails()])
    refusal(small(seed=3), begun)
    assert fit(small(), begun, epochs=2).epoch == [0, 1]


# Figures of others, lower precision.


class LogsNaN(keras.callbacks.Callback):
    """A user's callback with a figure that is not known."""

    def on_train_batch_end(self, batch, logs=None):
        logs |= {"my_figure": float("nan")}

    def on_epoch_end(self, epoch, logs=None):
        logs |= {"my_figure": float("nan"), "distance": 1.0 / (epoch + 1)}


@pytest.mark.slow
def test_a_figure_of_a_users_callback_may_be_nan(tmp_path, capsys):
    best = callbacks.BestModel(tmp_path / "best.keras", monitor="distance")
    checkpoints = callbacks.Checkpoints(tmp_path / "run")
    listed = [callbacks.Alarms(), LogsNaN(), callbacks.Recover(checkpoints), best, checkpoints]
    gan = small()
    history = gan.fit(IMAGES, batch_size=8, epochs=2, callbacks=listed, verbose=0)
    assert history.epoch == [0, 1] and history.history["recoveries"] == [0, 0]
    assert [path.stem for path in saved(tmp_path / "run")] == ["epoch-00001", "epoch-00002"]
    assert int(keras.models.load_model(tmp_path / "best.keras").step) == 4
    assert capsys.readouterr().err == ""


@pytest.fixture
def bfloat16():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("bfloat16")
    yield
    keras.config.set_dtype_policy(before)


@pytest.mark.slow
def test_training_in_bfloat16_continues_to_the_bit(tmp_path, bfloat16):
    whole, begun, ended = (small(optimizer=keras.optimizers.Adam) for _ in range(3))
    assert {weight.dtype for weight in whole.weights} >= {"bfloat16"}
    fit(whole, tmp_path / "whole", epochs=3)
    fit(begun, tmp_path / "cut", epochs=2)
    assert fit(ended, tmp_path / "cut", epochs=3).epoch == [0, 1, 2]
    assert state(ended) == state(whole) != state(begun)


@pytest.mark.slow
def test_a_gan_in_bfloat16_is_loaded_as_it_was_saved(tmp_path, bfloat16):
    gan = small(optimizer=keras.optimizers.Adam)
    fit(gan, tmp_path / "run", epochs=1)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert state(loaded) == state(gan)
    assert np.array_equal(loaded.generate(3), gan.generate(3))


@pytest.mark.slow
def test_what_a_checkpoint_says_is_what_its_run_began_with(tmp_path):
    gan = small()
    fit(gan, tmp_path, epochs=2, more=[Halved()])
    with np.load(saved(tmp_path)[-1]) as file:
        about = json.loads(file["about"].tobytes())
    rates = {"generator": np.float32(1e-3), "discriminator": np.float32(2e-3)}
    assert about["learning_rates"] == rates and about["batch_size"] == 8
    assert about["format"] == 2
