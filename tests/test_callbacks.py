"""What is shown and kept while `fit` runs: real fits, real files, Keras's callbacks beside ours."""

import copy
import csv
import functools
import io
import math
import shutil
import time
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image
from test_resume import Watched, bytes_in, same, shown

from gan_model import GAN, callbacks, losses, pictures
from gan_model.callbacks import history_file
from gan_model.storage import checkpoint

STEPS = 2  # of 32 images, in an epoch; no multiple of 3, at which `update_freq=3` writes
STEPS_DONE = [STEPS, 2 * STEPS, 3 * STEPS]  # after each of three epochs
TAGS = {
    "discriminator_loss": "2 losses/discriminator_loss",
    "generator_loss": "2 losses/generator_loss",
    "real_score": "5 scores/real_score",
    "fake_score": "5 scores/fake_score",
}
FIGURES = list(TAGS)
GRADIENTS = {
    "discriminator_gradient_norm": "8 gradients/discriminator_gradient_norm",
    "generator_gradient_norm": "8 gradients/generator_gradient_norm",
}
RATES = ["7 training/discriminator_learning_rate", "7 training/generator_learning_rate"]
SPEED = "7 training/images_per_second"
RATE = 2.0**-10  # halves of it are exact


def test_a_path_from_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = [one.directory for one in callbacks.watch("~/run") if hasattr(one, "directory")]
    assert tmp_path / "run" / "checkpoints" in paths


def random_images(count, shape=(16, 16)):
    return np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)


IMAGES, HELD_OUT = random_images(STEPS * 32), random_images(32)


def tiny(image_shape=(16, 16), rates=(1e-3, 1e-3), drawn=0):
    """Few layers without a graph, which takes longer to make than a few steps.

    `drawn`: seed of the weights, which a resumed process must not depend on.
    """
    keras.utils.set_random_seed(drawn)
    made = [layers.Dense(math.prod(image_shape), activation="sigmoid"), layers.Reshape(image_shape)]
    generator = [keras.Input((30,)), layers.Dense(20, activation="selu"), *made]
    discriminator = [keras.Input(image_shape), layers.Flatten(), layers.Dense(1)]
    gan = GAN(keras.Sequential(generator), keras.Sequential(discriminator))
    optimizers = [keras.optimizers.RMSprop(rate) for rate in rates]
    gan.compile(losses.BinaryCrossentropy(), *optimizers, run_eagerly=True)
    return gan


untrained = functools.cache(tiny)  # one for all that only look at it


def fit(gan, epochs, listed=None, **arguments):
    arguments = {"x": IMAGES, "validation_data": HELD_OUT, "verbose": 0, **arguments}
    return gan.fit(epochs=epochs, callbacks=listed, **arguments)


def by_hand(callback, model, epochs=(0,), logs=lambda epoch: {}):
    """What `fit` would call around these epochs, without the training."""
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in epochs:
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, logs(epoch))
    callback.on_train_end()


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def frames_of(path):
    with Image.open(path) as animation:
        frames = []
        for number in range(animation.n_frames):
            animation.seek(number)
            frames.append(np.asarray(animation.convert("L")))
        return frames


def events(run):
    """Everything written for one TensorBoard run: {tag: [(step, tensor), ...]}."""
    found = {}
    for path in sorted(run.glob("events.*"), key=lambda path: path.stat().st_mtime_ns):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                tensor = tf.make_ndarray(value.tensor)
                found.setdefault(value.tag, []).append((event.step, tensor))
    return found


def curve(run, tag):
    return [(step, float(value)) for step, value in events(run)[tag]]


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def state(gan):
    """All that a checkpoint holds: the optimizers and the counters too."""
    return list(checkpoint.collect(gan).values())


def assert_same_weights(one, other):
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        assert np.array_equal(a, b)


def files_in(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of three epochs: its folder, the GAN, and what `fit` returned."""
    folder = tmp_path_factory.mktemp("run")
    gan = tiny()
    history = fit(gan, 3, callbacks.watch(folder, count=7))
    return types.SimpleNamespace(folder=folder, gan=gan, history=history.history)


@pytest.mark.parametrize(
    ("made", "wrong"),
    [
        (callbacks.SampleImages, {"count": 0}),
        (callbacks.SampleImages, {"every": -2}),
        (callbacks.Checkpoints, {"keep": 0}),
    ],
)
def test_less_than_one_is_refused(made, wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"1 or more.*{name}={value}"):
        made("folder", **wrong)


# Sample images.


@pytest.mark.parametrize(
    ("count", "shape", "seed"), [(1, (16, 16, 1), 0), (7, (16, 16), 5), (25, (16, 16, 3), 0)]
)
def test_grids_of_any_count_grey_and_colour(tmp_path, count, shape, seed):
    gan = untrained(shape)
    expected = pictures.grid(gan.generate(count, seed=seed))

    by_hand(callbacks.SampleImages(tmp_path, log_dir=tmp_path, count=count, seed=seed), gan)

    assert expected.shape[2:] == ((3,) if shape[2:] == (3,) else ())
    assert np.array_equal(pixels(tmp_path / "epoch-00000.png"), expected)
    (_, shown), _ = events(tmp_path / "samples")["samples"]
    width, height, *encoded = shown
    assert (int(height), int(width), len(encoded)) == (*expected.shape[:2], 1)
    assert np.array_equal(pixels(io.BytesIO(encoded[0])), expected)


@pytest.mark.slow
def test_a_grid_before_the_first_step_and_after_every_epoch_and_all_in_the_animation(run):
    samples = run.folder / "samples"
    names = [f"epoch-0000{epoch}.png" for epoch in range(4)]
    assert sorted(path.name for path in samples.iterdir()) == [*names, "training.gif"]
    grids = [pixels(samples / name) for name in names]
    # From the same codings each time: the first of a new GAN, the last of the trained one.
    for grid, gan in ((grids[0], untrained()), (grids[3], run.gan)):
        assert np.array_equal(grid, pictures.grid(gan.generate(7)))
    assert np.array_equal(frames_of(samples / "training.gif"), grids)


def test_files_of_others_among_the_grids_stay_and_do_not_matter(tmp_path):
    others = [tmp_path / f"epoch-{name}.png" for name in ("best", "00003 copy", "00009")]
    for path in others:
        path.write_bytes(b"")
    by_hand(callbacks.SampleImages(tmp_path), untrained(), epochs=(0, 1))
    names = {path.name for path in tmp_path.iterdir()}
    grids = {f"epoch-0000{epoch}.png" for epoch in range(3)}
    assert names == {"epoch-best.png", "epoch-00003 copy.png", "training.gif"} | grids


def test_a_removed_folder_is_made_again_and_a_cut_grid_ends_no_run(tmp_path, capsys):
    grids, gan = callbacks.SampleImages(tmp_path / "samples"), untrained()
    grids.set_model(gan)
    grids.on_train_begin()
    shutil.rmtree(tmp_path / "samples")
    grids.on_epoch_end(0)
    (tmp_path / "samples" / "epoch-00000.png").write_bytes(b"")
    grids.on_train_end()
    assert "There is no training.gif: cannot identify image file" in capsys.readouterr().err
    assert (tmp_path / "samples" / "epoch-00001.png").exists()


def test_a_removed_folder_of_tensorboard_begins_anew(tmp_path):
    writer = callbacks.board.Writer(tmp_path / "train", 0)
    for step in (1, 2, 3):
        if step == 2:
            shutil.rmtree(tmp_path / "train")
        with writer.drawing(step):
            callbacks.board.scalars({"figure": step})
    writer.close()
    assert events(tmp_path / "train")["figure"] == [(2, 2.0), (3, 3.0)]


@pytest.mark.parametrize("written", ["epoch,loss\n3.0,1\n", "epoch;loss\n3;1\n", "3,1\n4,1\n"])
def test_an_edited_history_is_refused_with_its_name(written, tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(written)
    with pytest.raises(ValueError, match=f"^{path} cannot be read.*Restore the file, or remove it"):
        history_file.read_history(path)
    path.write_text("\ufeffepoch,loss\n\n3,1\n", encoding="utf-8")  # as a spreadsheet does
    assert history_file.read_history(path) == [{"epoch": "3", "loss": "1"}]


def test_the_animation_leaves_out_grids_of_an_earlier_run(tmp_path):
    by_hand(callbacks.SampleImages(tmp_path), untrained(), epochs=range(3))
    fit(tiny(), 1, [callbacks.SampleImages(tmp_path, count=2)])  # another one, begun anew
    frames = frames_of(tmp_path / "training.gif")
    assert len(frames) == 2
    grids = [pixels(tmp_path / f"epoch-0000{epoch}.png") for epoch in range(2)]
    assert np.array_equal(frames, grids)


def stand_in(sampler):
    """A GAN that only counts its steps, one an epoch, for `SampleImages`."""
    return types.SimpleNamespace(step=tf.Variable(0), sampler=lambda: sampler)


# A grid of 482 x 5 pixels, which is not enlarged.
FLAT = types.SimpleNamespace(
    is_finite=True, for_grid=lambda *_, **__: (np.zeros((1, 1, 478), np.uint8), 1)
)


def test_every_thins_the_grids(tmp_path):
    grids = callbacks.SampleImages(tmp_path, log_dir=tmp_path, every=2)
    by_hand(grids, stand_in(FLAT), range(5))
    epochs = [int(path.stem[-5:]) for path in sorted(tmp_path.glob("epoch-*.png"))]
    assert epochs == [0, 2, 4]
    assert len(events(tmp_path / "samples")["samples"]) == 3


@pytest.mark.parametrize("ends", [(1, 104, 105, 110, 237), (241, 237)], ids=str)
def test_of_a_long_run_some_grids_and_the_last_one_stay(tmp_path, monkeypatch, ends):
    """However often it was stopped, and whatever was shown after the last checkpoint."""
    monkeypatch.setattr(pictures, "animate", lambda grids, path: None)
    gan, begin = stand_in(FLAT), 0
    for end in ends:
        gan.step.assign(begin)
        by_hand(callbacks.SampleImages(tmp_path), gan, range(begin, end))
        begin = min(end, 200)
    names = [path.stem for path in sorted(tmp_path.glob("*.png"))]
    assert names == [f"epoch-{epoch:05d}" for epoch in (*range(101), *range(110, 237, 10), 237)]


def test_tensorboard_has_the_grids_that_stay(tmp_path):
    grids = callbacks.SampleImages(log_dir=tmp_path, count=1)
    by_hand(grids, stand_in(FLAT), (0, 99, 100, 108, 109, 999, 1000, 1008, 1009, 1099))
    assert len(events(tmp_path / "samples")["samples"]) == 1 + 5
    assert [path.name for path in tmp_path.iterdir()] == ["samples"]  # no files


# Scalars; `test_tensorboard.py` has what a server shows of them.


def test_without_validation_there_is_no_such_run(tmp_path):
    by_hand(callbacks.Scalars(tmp_path), untrained(), logs=lambda epoch: {"generator_loss": 1.0})
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


class Clock(keras.callbacks.Callback):
    """A batch of training takes 2 s, one of validation 1000 s, what follows an epoch 500 s."""

    now = 0.0

    def on_train_batch_end(self, batch, logs=None):
        self.now += 2

    def on_test_batch_end(self, batch, logs=None):
        self.now += 1000

    def on_epoch_end(self, epoch, logs=None):
        self.now += 500


def test_learning_rates_as_they_change_and_the_speed_of_training_alone(tmp_path, monkeypatch):
    def change(epoch, logs):
        gan.generator_optimizer.learning_rate = 0.25 / (epoch + 1)

    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    gan = tiny(rates=(0.5, keras.optimizers.schedules.ExponentialDecay(0.25, STEPS, 0.5)))
    changing = keras.callbacks.LambdaCallback(on_epoch_begin=change)
    fit(gan, 2, [clock, changing, callbacks.Scalars(tmp_path)], validation_freq=2)
    assert clock.now == 2 * STEPS * 2 + 1000 + 2 * 500
    by_schedule, by_callback, speed = (curve(tmp_path / "train", tag) for tag in (*RATES, SPEED))
    assert by_schedule == [(STEPS, 0.125), (2 * STEPS, 0.0625)]
    assert by_callback == [(STEPS, 0.25), (2 * STEPS, 0.125)]
    assert speed == [(step, 16.0) for step in STEPS_DONE[:2]]


# The history as a file.


@pytest.mark.slow
def test_the_history_file_is_the_history_to_the_last_digit(run):
    lines = rows(run.folder / "history.csv")
    assert [line["epoch"] for line in lines] == ["1", "2", "3"]
    assert [line["step"] for line in lines] == [str(step) for step in STEPS_DONE]
    assert [line["images"] for line in lines] == [str(32 * step) for step in STEPS_DONE]
    assert set(lines[0]) == {"epoch", "step", "images", *run.history}
    held_out = [f"val_{figure}" for figure in FIGURES]
    alarms = {"alarm_exploding", "alarm_discriminator_won", "alarm_collapse"}
    watched = {"diversity", "recoveries", *alarms}
    assert set(run.history) == {*FIGURES, *GRADIENTS, *held_out, *watched}
    for name, values in run.history.items():
        assert [float(line[name]) for line in lines] == values


# All that it asks of a model.
COUNTERS = types.SimpleNamespace(step=tf.constant(1), images_seen=tf.constant(2))


def test_a_run_begun_anew_begins_its_history_anew(tmp_path):
    by_hand(callbacks.HistoryFile(tmp_path / "history.csv"), COUNTERS, epochs=range(2))
    by_hand(callbacks.HistoryFile(tmp_path / "history.csv"), COUNTERS)
    assert len(rows(tmp_path / "history.csv")) == 1


def test_any_float_is_read_back_exactly_and_columns_may_come_later(tmp_path):
    values = [0.1 + 0.2, 1e-320, -5e300, 1 / 3, float("inf")]
    path = tmp_path / "new" / "history.csv"
    by_hand(
        callbacks.HistoryFile(path),
        COUNTERS,
        epochs=range(5),
        logs=lambda epoch: {"loss": values[epoch]} | ({"more": -values[epoch]} if epoch else {}),
    )
    assert [float(line["loss"]) for line in rows(path)] == values
    assert [line["more"] for line in rows(path)] == ["", *(repr(-value) for value in values[1:])]


def test_a_reader_of_the_history_file_never_sees_half_a_line(tmp_path):
    path = tmp_path / "history.csv"
    by_hand(callbacks.HistoryFile(path), COUNTERS)
    before = path.read_text()
    with open(path) as reader:
        by_hand(callbacks.HistoryFile(path), COUNTERS, epochs=[1])
        assert reader.read() == before  # the old file, whole
    assert [row["epoch"] for row in rows(path)] == ["1", "2"]
    assert files_in(tmp_path) == ["history.csv"]


# Checkpoints.


def test_the_newest_checkpoints_are_kept(tmp_path, run):
    for keep in (1, 2, 9):
        folder = tmp_path / str(keep)
        by_hand(callbacks.Checkpoints(folder, keep=keep), run.gan, epochs=range(3))
        names = [f"epoch-0000{epoch}.npz" for epoch in (1, 2, 3)][-keep:]
        assert sorted(files_in(folder)) == names


def lose(checkpoints, as_found):
    """Leaves a run as if it had been cut before it wrote its newest checkpoints."""
    _, second, third = sorted(checkpoints.iterdir())
    if as_found == "newest damaged":
        third.write_bytes(third.read_bytes()[:-100])
    else:
        third.rename(checkpoints / ".part-epoch-00009.npz")
    if as_found == "two epochs lost":
        second.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("as_found", ["newest damaged", "newest unfinished", "two epochs lost"])
def test_a_resumed_run_is_the_whole_run(tmp_path, run, capsys, as_found):
    """What was shown of epochs that are trained again is replaced."""
    shutil.copytree(run.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "checkpoints" / ".lock").unlink(missing_ok=True)
    lose(tmp_path / "checkpoints", as_found)
    gan = tiny(drawn=1)

    history = fit(gan, 3, callbacks.watch(tmp_path, count=7))

    assert same(state(gan), state(run.gan))
    assert history.epoch == [0, 1, 2] and history.history == run.history
    assert shown(tmp_path) == shown(run.folder)
    assert len(shown(tmp_path)) == 1 + 4 + 1  # history, epochs 0 to 3, the GIF
    assert not list((tmp_path / "checkpoints").glob(".part-*"))
    assert ("epoch-00003.npz" in capsys.readouterr().err) == (as_found == "newest damaged")


def test_no_checkpoint_that_can_be_read_is_an_error(tmp_path):
    (tmp_path / "epoch-00001.npz").write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match=r"None of the 1 checkpoints.*Remove the folder"):
        fit(tiny(), 1, [callbacks.Checkpoints(tmp_path)])


@pytest.mark.slow
def test_a_finished_run_that_is_fitted_again_stays_as_it_is(tmp_path, run):
    shutil.copytree(run.folder, tmp_path, dirs_exist_ok=True)
    gan, images = tiny(drawn=1), Watched.over(IMAGES)
    history = fit(gan, 3, callbacks.watch(tmp_path, count=7), x=images)
    assert images.asked == []
    assert history.history == run.history
    assert same(state(gan), state(run.gan))
    patterns = ("history.csv", "samples/*", "checkpoints/*")
    assert bytes_in(tmp_path, *patterns) == bytes_in(run.folder, *patterns)


# All of them together.


def test_watch_gives_one_folder_all_eight_alarms_first_and_the_checkpoint_last(tmp_path):
    watching = callbacks.watch(tmp_path, count=2, keep=5, minutes=3)
    kinds = [type(callback).__name__ for callback in watching]
    shown = ["SampleImages", "Scalars", "HistoryFile", "BestModel"]
    assert kinds == ["Alarms", "Recover", *shown, "TrainingTime", "Checkpoints"]
    assert (watching[2].count, watching[-1].keep, watching[-2].minutes) == (2, 5, 3)
    assert watching[1].checkpoints is watching[-1]
    assert not list(tmp_path.iterdir())  # nothing is written before `fit`


@pytest.mark.slow
def test_copies_made_before_fit_work_alike(tmp_path, run):
    """keras-tuner deep-copies the callbacks for every trial. The second one resumes the first."""
    originals = callbacks.watch(tmp_path, count=7)
    fit(tiny(), 2, copy.deepcopy(originals))
    gan = tiny()
    history = fit(gan, 3, copy.deepcopy(originals))
    assert history.history == run.history
    assert_same_weights(gan, run.gan)
    assert shown(tmp_path) == shown(run.folder)


# Keras's own callbacks beside ours.


@pytest.mark.slow
def test_keras_callbacks_work_beside_ours(tmp_path, run):
    epochs_seen = []
    k = keras.callbacks
    others = [
        k.BackupAndRestore(tmp_path / "backup"),
        k.TerminateOnNaN(),
        k.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs_seen.append(epoch)),
        k.CSVLogger(tmp_path / "log.csv"),
        k.TensorBoard(tmp_path / "keras", update_freq=3),
        k.ModelCheckpoint(tmp_path / "epoch-{epoch}.keras"),
        k.ModelCheckpoint(tmp_path / "epoch-{epoch}.weights.h5", save_weights_only=True),
        # An improvement of 100 never comes: two more epochs of patience, then the end.
        k.EarlyStopping(monitor="val_generator_loss", mode="min", min_delta=100, patience=2),
    ]
    gan = tiny()

    history = fit(gan, 9, [*others, *callbacks.watch(tmp_path, count=7)])

    # It was stopped after 3 of 9 epochs, and is the run that was asked for 3.
    assert history.epoch == epochs_seen == [0, 1, 2]
    assert history.history == run.history
    assert_same_weights(gan, run.gan)
    # Ours wrote what they write alone, although TensorBoard(update_freq=3) filters summaries.
    assert shown(tmp_path) == shown(run.folder)
    for name in ("train", "validation", "samples"):
        ours, alone = (events(at / "tensorboard" / name) for at in (tmp_path, run.folder))
        assert list(ours) == list(alone)
        for tag in ours:
            assert [step for step, _ in ours[tag]] == [step for step, _ in alone[tag]]
    # Theirs wrote theirs.
    # It stood before the alarms, and so has not what they add.
    for name in [*FIGURES, *GRADIENTS]:
        logged = [float(row[name]) for row in rows(tmp_path / "log.csv")]
        assert logged == history.history[name]
    assert not (tmp_path / "backup").exists()  # removed at the end of a finished run
    assert {"epoch_generator_loss", "batch_generator_loss"} <= set(
        events(tmp_path / "keras" / "train")
    )
    images = gan.generate(2)
    assert np.array_equal(keras.models.load_model(tmp_path / "epoch-3.keras").generate(2), images)
    weights = tiny()
    weights.load_weights(tmp_path / "epoch-3.weights.h5")
    assert np.array_equal(weights.generate(2), images)


@pytest.fixture(scope="module")
def saved_by_keras(tmp_path_factory):
    """A folder with what Keras's callback saved of two epochs: the model, and its weights."""
    folder = tmp_path_factory.mktemp("saved")
    names = {"epoch-{epoch}.keras": False, "epoch-{epoch}.weights.h5": True}
    kind = keras.callbacks.ModelCheckpoint
    fit(tiny(), 2, [kind(folder / name, save_weights_only=only) for name, only in names.items()])
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("saved", ["epoch-2.keras", "epoch-2.weights.h5"])
def test_what_model_checkpoint_saved_trains_on_as_if_never_stopped(saved_by_keras, run, saved):
    if saved.endswith("h5"):
        gan = tiny()
        gan.load_weights(saved_by_keras / saved)
    else:
        gan = keras.models.load_model(saved_by_keras / saved)
    history = fit(gan, 3, initial_epoch=2)
    assert {*FIGURES, *GRADIENTS} < set(history.history)
    assert history.history == {figure: run.history[figure][2:] for figure in history.history}
    assert_same_weights(gan, run.gan)


@pytest.mark.slow
def test_early_stopping_brings_back_the_best_weights(tmp_path, run):
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_generator_loss",
        mode="min",
        min_delta=100,
        patience=1,
        restore_best_weights=True,
    )
    gan, first = tiny(), tiny()
    history = fit(gan, 9, [stopping, *callbacks.watch(tmp_path)])
    assert history.epoch == [0, 1]
    path = run.folder / "checkpoints" / "epoch-00001.npz"
    checkpoint.restore(first, checkpoint.read(path)[0], path)
    assert_same_weights(gan, first)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cut", "ours"),
    [
        ("on_epoch_begin", False),
        ("on_epoch_end", True),
        pytest.param("on_epoch_begin", True, marks=pytest.mark.soak),
        pytest.param("on_epoch_end", False, marks=pytest.mark.soak),
    ],
)
def test_backup_and_restore_goes_on_where_it_was_cut(tmp_path, run, ours, cut):
    """`on_epoch_end`: the backup is written, but the checkpoint not yet."""

    def listed():
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        return [backup, *(callbacks.watch(tmp_path / "run", count=7) if ours else [])]

    def interrupt(epoch, logs):
        if epoch == (2 if cut == "on_epoch_begin" else 1):
            raise KeyboardInterrupt

    interrupting = keras.callbacks.LambdaCallback(**{cut: interrupt})
    backup, *rest = listed()
    with pytest.raises(KeyboardInterrupt):
        fit(tiny(), 3, [backup, interrupting, *rest])
    assert (tmp_path / "backup").exists()
    gan = tiny()
    fit(gan, 3, listed())
    assert_same_weights(gan, run.gan)


def test_a_run_that_is_lost_ends_at_once_also_beside_terminate_on_nan():
    """Keras's callback looks for a figure named `loss`, which a GAN has not."""

    def poison(epoch, logs):
        kernel = gan.generator.layers[0].kernel
        kernel.assign(kernel * (math.nan if epoch == 1 else 1))

    gan, poisoning = tiny(), keras.callbacks.LambdaCallback(on_epoch_begin=poison)
    listed = [poisoning, keras.callbacks.TerminateOnNaN()]
    history = fit(gan, 5, listed, validation_data=None)
    assert history.epoch == [0, 1] and int(gan.step) == STEPS + 1
    assert np.isfinite(history.history["generator_loss"]).tolist() == [True, False]


def for_player(kind, player):
    """Keras's learning-rate callbacks for one player: they ask for `model.optimizer`."""

    class ForPlayer(kind):
        @property
        def model(self):
            return types.SimpleNamespace(optimizer=getattr(self._model, f"{player}_optimizer"))

    return ForPlayer


@pytest.mark.slow
def test_keras_changes_the_learning_rate_of_one_player_also_after_a_resume(tmp_path):
    reducing = for_player(keras.callbacks.ReduceLROnPlateau, "discriminator")
    scheduling = for_player(keras.callbacks.LearningRateScheduler, "generator")
    for epochs in (2, 3):
        reduce = reducing("val_generator_loss", factor=0.5, patience=1, mode="min", min_delta=100)
        schedule = scheduling(lambda epoch, rate: rate / 2)
        watching = callbacks.watch(tmp_path)
        fit(tiny(rates=(RATE, RATE)), epochs, [reduce, schedule, *watching])
    discriminator, generator = (
        [value for _, value in curve(tmp_path / "tensorboard" / "train", rate)] for rate in RATES
    )
    # The callbacks come in turn, so the board shows the rate that the next epoch has. After the
    # resume Keras's callback has no epoch yet to compare with.
    assert discriminator == [RATE, RATE / 2, RATE / 2]
    assert generator == [RATE / 2, RATE / 4, RATE / 8]


def test_a_run_with_another_seed_is_refused(run):
    other = tiny()
    other.seed = 9
    with pytest.raises(ValueError, match="seed was 0, now 9: type seed=0 where the GAN is made"):
        fit(other, 4, [callbacks.Checkpoints(run.folder / "checkpoints")])


def test_figures_of_validation_do_not_decide_what_is_kept(tmp_path, run):
    keeping = callbacks.Checkpoints(tmp_path)
    by_hand(keeping, run.gan, epochs=range(2), logs=lambda epoch: {"val_distance": math.nan})
    by_hand(keeping, run.gan, epochs=[2], logs=lambda epoch: {"generator_loss": math.nan})
    assert sorted(files_in(tmp_path)) == ["epoch-00001.npz", "epoch-00002.npz"]
