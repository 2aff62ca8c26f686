"""One run <-> one folder: held by one process, and never mixed with another run."""

import json
import os
import platform
import shutil
import signal

import filelock
import keras
import numpy as np
import pytest
import tensorflow as tf
from processes import forked, program, wait_for
from untrained_features import untrained

from gan_model import features, metrics, runs
from gan_model.callbacks.checkpoints import saved
from gan_model.data.images import fingerprint
from gan_model.storage import checkpoint
from gan_model.storage.locks import is_locked, locked

IMAGES = np.random.default_rng(0).integers(0, 256, (16, 4, 4), np.uint8)
SETTINGS = {
    "preset": "dense",
    "data": "noise",
    "images": fingerprint(IMAGES),
    "image_shape": (4, 4),
    "codings_size": 3,
    "batch_size": 8,
    "steps_per_epoch": None,
    "seed": 5,
    "epochs": 2,
}


@pytest.fixture
def folder(tmp_path):
    return runs.RunFolder(tmp_path / "run")


def trained(folder, *, epochs=2):
    """Two steps an epoch, without a graph, which takes longer to make."""
    gan = runs.build(SETTINGS)
    optimizers = gan.generator_optimizer, gan.discriminator_optimizer
    optimizers = [type(one).from_config(one.get_config()) for one in optimizers]
    gan.compile(gan.loss, *optimizers, run_eagerly=True)
    with folder.opened(SETTINGS):
        listed = folder.callbacks(SETTINGS)
        gan.fit(IMAGES, batch_size=8, epochs=epochs, callbacks=listed, verbose=0)
    return gan


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory):
    folder = runs.RunFolder(tmp_path_factory.mktemp("runs") / "trained")
    trained(folder)
    return folder


@pytest.fixture
def begun(trained_once, folder):
    """A folder with a run of two epochs in it."""
    shutil.copytree(trained_once.path, folder.path)
    return folder


def files_in(folder):
    """Everything in it but the lock, with the times of the last change."""
    return {
        path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in folder.path.rglob("*")
        if path.name != ".lock"
    }


def refused(folder, settings, *, match):
    """Opens the folder in vain; returns the message, which is one line."""
    with pytest.raises(ValueError, match=match) as error, folder.opened(settings):
        raise AssertionError("the folder was opened")
    assert "\n" not in str(error.value)
    return str(error.value)


# The lock.


@pytest.mark.slow
def test_a_second_process_is_refused_until_the_first_is_killed(folder, tmp_path):
    held = tmp_path / "held"
    with forked(program("hold_a_run.py", folder.path, held)) as process:
        wait_for(held.exists, process)
        message = refused(folder, {}, match="Another process is training in")
        assert str(folder.path) in message and "--run-dir" in message
        process.send_signal(signal.SIGKILL)
        process.wait()
    with folder.opened({}):
        pass


def test_two_of_one_process_are_refused_too(folder):
    with folder.opened(SETTINGS):
        message = refused(runs.RunFolder(folder.path), SETTINGS, match="Another process")
    assert str(folder.path) in message


def test_an_error_inside_frees_the_folder(folder):
    with pytest.raises(KeyboardInterrupt), folder.opened(SETTINGS):
        raise KeyboardInterrupt
    with folder.opened(SETTINGS):
        pass


def test_a_lock_that_is_forgotten_runs_nothing_that_ctrl_c_could_meet(tmp_path, monkeypatch):
    """Python prints a KeyboardInterrupt of `__del__`, and loses it."""
    called = []
    monkeypatch.setattr(filelock.BaseFileLock, "__del__", called.append)
    with locked(tmp_path):
        pass
    assert not is_locked(tmp_path) and not called


# The settings.


def begin(folder, settings):
    """What the first moment of training does, without the training."""
    with folder.opened(settings):
        note = folder.callbacks(settings)[0]
        note.on_train_begin()
        note.on_epoch_begin(0)


def test_settings_and_versions_are_written_down(folder):
    with folder.opened(SETTINGS):
        assert not folder.settings.exists()  # a value refused later would block the folder
    begin(folder, SETTINGS)
    assert json.loads(folder.settings.read_text()) == {
        "format": 2,
        "kind": "run",
        "settings": {**SETTINGS, "image_shape": [4, 4]},
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    }


@pytest.mark.slow
def test_learned_features_are_part_of_the_folder(folder):
    learned = untrained((*IMAGES.shape[1:], 1))
    gan = runs.build(SETTINGS)
    gan.quality = metrics.Quality(metrics.FeatureMetrics(learned))
    gan.compile(run_eagerly=True)
    held_out = np.tile(IMAGES, (2, 1, 1))
    with folder.opened(SETTINGS):
        listed = folder.callbacks(SETTINGS)
        gan.fit(IMAGES, batch_size=8, validation_data=held_out, callbacks=listed, verbose=0)
    kept = features.from_file(folder.features)
    assert kept.name == learned.name
    np.testing.assert_array_equal(kept(IMAGES), learned(IMAGES))
    written = json.loads(folder.settings.read_text())["quality"]["measures"]
    assert written == [{"features": learned.name, "checksum": learned.checksum}]


@pytest.mark.slow
def test_other_settings_are_refused_with_a_list_and_touch_nothing(begun):
    before = files_in(begun)
    other = {**SETTINGS, "seed": 6, "image_shape": (4, 8), "epochs": 9}
    message = refused(begun, other, match="holds a run with other settings")
    assert "seed was 5, now 6" in message
    assert "image_shape was [4, 4], now [4, 8]" in message
    assert "epochs" not in message and "batch_size" not in message
    assert files_in(begun) == before


@pytest.mark.parametrize("name", sorted({*SETTINGS} - {"epochs", "data"}))
def test_each_setting_but_the_epochs_makes_another_run(begun, name):
    message = refused(begun, {**SETTINGS, name: "other"}, match=rf"{name} was .*, now other\.")
    assert message.count(" was ") == 1  # no other setting is named


def test_more_epochs_are_the_same_run(begun):
    begin(begun, {**SETTINGS, "epochs": 20})
    assert json.loads(begun.settings.read_text())["settings"]["epochs"] == 20


def test_the_images_of_a_run_may_move(begun):
    """They are told by their checksum, `images`."""
    begin(begun, {**SETTINGS, "data": "/elsewhere"})
    assert begun.read_settings()["data"] == "/elsewhere"


def test_a_run_that_is_over_keeps_its_settings(begun):
    with begun.opened(SETTINGS):
        begun.callbacks({**SETTINGS, "features": "sliced"})[0].on_train_begin()
    assert "features" not in begun.read_settings()


def test_a_run_that_never_finished_an_epoch_can_begin_with_other_settings(folder):
    """A mistyped batch size, say, that was noticed at the first step."""
    begin(folder, {**SETTINGS, "batch_size": 1000})
    begin(folder, SETTINGS)
    assert json.loads(folder.settings.read_text())["settings"]["batch_size"] == 8


UNREADABLE = ["", "{", "[]", "null", "{}", '{"settings": []}', "\0\xff"]


@pytest.mark.parametrize("content", UNREADABLE)
def test_settings_that_cannot_be_read_are_refused_and_kept(begun, content):
    begun.settings.write_text(content)
    assert str(begun.settings) in refused(begun, SETTINGS, match="cannot be read")
    assert begun.settings.read_text() == content


@pytest.mark.parametrize("content", UNREADABLE)
def test_a_run_whose_settings_cannot_be_read_is_not_loaded(begun, content):
    begun.settings.write_text(content)
    with pytest.raises(ValueError, match=f"^{begun.settings} cannot be read") as error:
        begun.load()
    assert "\n" not in str(error.value)


def test_in_the_folder_of_a_trial_the_file_to_give_is_named(folder):
    """Its `settings.json` is another one."""
    folder.path.mkdir()
    folder.settings.write_text('{"format": 2, "run": {"seed": 0}}')
    with pytest.raises(ValueError, match=r"`settings` is not .* Choose another folder\.$"):
        folder.load()
    for path in (folder.best, folder.gan):
        path.touch()
        with pytest.raises(ValueError, match=rf" Give {path} instead\.$"):
            runs.open_model(folder.path)
    refused(folder, SETTINGS, match="--run-dir DIR")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("a file")
    folder = runs.RunFolder(tmp_path / "file" / "run")
    message = refused(folder, SETTINGS, match="cannot be written")
    assert str(folder.path) in message and "--run-dir" in message
    refused(runs.RunFolder(tmp_path / "file"), SETTINGS, match="cannot be written")


def test_a_fingerprint_tells_images_and_their_order_apart():
    of_images = fingerprint(IMAGES)
    changed = IMAGES.copy()
    changed[7, 0, 0] += 1
    for other in (changed, IMAGES[::-1], IMAGES[1:], IMAGES.reshape(16, 2, 8), IMAGES.view("i1")):
        assert fingerprint(other) != of_images
    assert fingerprint(IMAGES.copy()) == of_images


# What comes out.


def test_epochs_done_are_those_of_the_newest_checkpoint(begun, tmp_path):
    assert begun.epochs_done() == 2
    assert runs.RunFolder(tmp_path / "none yet").epochs_done() == 0


def test_a_run_of_these_settings_always_begins_with_the_same_weights():
    weights = [checkpoint.collect(runs.build(SETTINGS)).values() for _ in range(2)]
    assert all(map(np.array_equal, *weights))


@pytest.mark.slow
def test_an_unfinished_run_gives_the_model_of_its_newest_checkpoint(folder):
    gan = trained(folder)
    assert not folder.gan.exists()
    loaded = folder.load()
    assert np.array_equal(loaded.generate(9, seed=1), gan.generate(9, seed=1))
    assert int(loaded.step) == 4
    newest = saved(folder.path / "checkpoints")[-1]
    newest.write_bytes(newest.read_bytes()[:-1])
    assert int(folder.load().step) == 2


@pytest.mark.slow
def test_a_finished_run_gives_its_gan(folder):
    gan = trained(folder)
    folder.save(gan)
    before = sorted(path.name for path in folder.path.iterdir())
    loaded, generator = folder.load(), runs.load_model(folder.generator)
    for weights in (loaded.get_weights(), loaded.generator.get_weights()):
        assert weights
    assert all(map(np.array_equal, loaded.get_weights(), gan.get_weights()))
    assert all(map(np.array_equal, generator.get_weights(), gan.generator.get_weights()))
    assert not [name for name in before if "part" in name]


@pytest.mark.slow
def test_a_finished_run_that_goes_on_gives_the_newer_state_wherever_it_is_copied(folder):
    folder.save(trained(folder, epochs=1))
    trained(folder)  # goes on, and is interrupted before it writes its GAN
    os.utime(folder.gan)  # as of a copy, whose files have any order
    assert int(folder.load().step) == 4


def test_a_file_holds_the_gan_that_was_saved(tmp_path):
    from gan_model.augmenting import Adaptive, DiffAugment
    from gan_model.averaging import ExponentialMovingAverage

    gan = runs.build(SETTINGS)
    gan.compile(augment=Adaptive(DiffAugment()), average=ExponentialMovingAverage(100))
    gan.save(tmp_path / "gan.keras")
    assert runs.checksum(runs.load_model(tmp_path / "gan.keras")) == runs.checksum(gan)


def test_a_folder_without_a_run_says_so(folder):
    with pytest.raises(ValueError, match=r"holds no run: there is no settings\.json in it\.$"):
        folder.load()
    folder.path.mkdir(exist_ok=True)
    folder.best.touch()  # as `callbacks.watch` leaves it, without settings
    with pytest.raises(ValueError, match=r"in it\. Give .*best\.keras\.$"):
        folder.load()


def test_a_run_without_a_finished_epoch_says_so(folder):
    begin(folder, SETTINGS)
    with pytest.raises(ValueError, match="has not finished an epoch yet"):
        folder.load()


def test_the_folder_of_a_run_may_end_in_keras(tmp_path):
    folder = runs.RunFolder(tmp_path / "run.keras")
    begin(folder, SETTINGS)
    with pytest.raises(ValueError, match="has not finished an epoch yet"):
        runs.open_model(folder.path)


def test_a_missing_model_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"^There is no file .*gan\.keras\.$"):
        runs.load_model(tmp_path / "gan.keras")


def cut(path, gan):
    gan.save(path)
    path.write_bytes(path.read_bytes()[:1000])


def changed(path, gan):
    gan.save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def of_an_unknown_class(path, gan):
    class Unknown(keras.layers.Layer):
        pass

    keras.Sequential([keras.Input((3,)), Unknown()]).save(path)


GARBAGE = {
    "empty": lambda path, gan: path.write_bytes(b""),
    "text": lambda path, gan: path.write_text("a text\n"),
    "a checkpoint": lambda path, gan: checkpoint.write(path, checkpoint.collect(gan), {}),
    "cut": cut,
    "changed": changed,
    "of an unknown class": of_an_unknown_class,
}


@pytest.mark.slow
@pytest.mark.parametrize("write", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_model_is_one_sentence(tmp_path, write):
    path = tmp_path / "gan.keras"
    write(path, runs.build(SETTINGS))
    with pytest.raises(ValueError, match=f"^{path} cannot be read as a Keras model: ") as error:
        runs.load_model(path)
    assert "\n" not in str(error.value)


def test_a_run_whose_settings_are_gone_is_no_other_run(begun):
    begun.settings.unlink()
    refused(begun, {**SETTINGS, "seed": 6}, match="cannot be read")
    assert not begun.settings.exists()


def test_of_a_run_that_ended_before_its_first_epoch_nothing_is_left_for_the_next(tmp_path):
    run = runs.RunFolder(tmp_path)
    for path in (run.features, run.source, run.settings):
        path.write_bytes(b"")
    run.clear({"from": str(run.source), "features": None})  # the next one goes on from it
    assert not run.features.exists() and run.source.exists()
    run.clear({"from": None, "features": None})
    assert not run.source.exists() and run.settings.exists()
    run.features.write_bytes(b"")
    run.gan.write_bytes(b"")
    run.clear({"features": None})
    assert run.features.exists()


@pytest.mark.parametrize("name", ["history.csv", "best.keras", "samples/epoch-00007.png"])
def test_files_that_a_run_would_write_over_are_in_the_way(tmp_path, name):
    run, path = runs.RunFolder(tmp_path), tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("precious")
    with pytest.raises(ValueError, match=rf"^{path} is in the way.*another folder: --run-dir DIR"):
        run.clear({})
    assert path.read_text() == "precious"
    run.settings.write_text("{}")  # they are of a run that ended before its first epoch
    run.clear({})


def test_the_first_grid_of_a_run_without_settings_is_not_in_the_way(tmp_path):
    run = runs.RunFolder(tmp_path)
    run.samples.mkdir()
    (run.samples / "epoch-00000.png").write_bytes(b"")
    run.clear({})


@pytest.mark.parametrize("name", ["features", "source"])
def test_files_of_ones_own_are_not_taken_for_those_of_a_run(tmp_path, name):
    run = runs.RunFolder(tmp_path)
    path = getattr(run, name)
    path.write_text("precious")
    with pytest.raises(ValueError, match=rf"^{path} is in the way.*another folder: --run-dir DIR"):
        run.clear({"from": None, "features": None})
    assert path.read_text() == "precious"
    run.clear({"from": str(run.source), "features": str(run.features)})
    assert path.exists()
