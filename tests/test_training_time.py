"""The time that a run takes, and its end by the clock."""

import csv
import re
import time

import keras
import numpy as np
import pytest
from dense_gan import dense_gan
from processes import SIDE, images_in

from gan_model import callbacks, commands, runs
from gan_model.commands.program import Program
from gan_model.storage import checkpoint

IMAGES = np.zeros((32, 4, 4), np.uint8)  # 4 steps of 10 seconds are an epoch
LONG = 10**6  # epochs


def fit(listed, epochs=LONG, **arguments):
    gan = dense_gan((4, 4))
    gan.compile(run_eagerly=True)
    gan.fit(IMAGES, batch_size=8, epochs=epochs, callbacks=listed, **{"verbose": 0, **arguments})
    return gan, int(gan.step.numpy())


class Clock:
    """Stands still but for what steps, measuring and other callbacks are said to take."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def spend(self, seconds):
        self.now += seconds
        return self.now

    def ticks(self, step=10.0, **others):
        """A Keras callback that spends these seconds in its methods."""
        spent = {"on_train_batch_end": step, **others}
        return keras.callbacks.LambdaCallback(
            **{name: lambda *_, s=seconds, **__: self.spend(s) for name, seconds in spent.items()}
        )


def rows(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def timed(folder, minutes=None):
    return callbacks.TrainingTime(folder / "time.csv", minutes=minutes)


def test_it_ends_after_the_minutes_of_steps_in_the_middle_of_an_epoch(monkeypatch, tmp_path):
    """What measuring and other callbacks take costs no training time."""
    ticks = Clock(monkeypatch).ticks(on_test_batch_end=1000, on_epoch_end=1000)
    gan, steps = fit([ticks, timed(tmp_path, minutes=1.5)], validation_data=IMAGES[:8])
    assert steps == 9 and gan.history.epoch == [0, 1, 2]
    assert rows(tmp_path / "time.csv") == [
        ["epoch", "seconds"],
        ["1", "40.000"],
        ["2", "80.000"],
        ["3", "90.000"],
    ]


def test_a_resumed_run_gets_what_is_left(monkeypatch, tmp_path):
    def run(minutes, epochs=LONG):
        kept = callbacks.Checkpoints(tmp_path / "checkpoints")
        return fit([clock.ticks(), timed(tmp_path, minutes), kept], epochs=epochs)[1]

    clock = Clock(monkeypatch)
    run(minutes=None, epochs=1)  # without an end by the clock it is noted all the same
    assert rows(tmp_path / "time.csv")[1:] == [["1", "40.000"]]
    assert run(minutes=1) == 6
    assert run(minutes=1) == 6  # it has had its time: not one step more
    assert run(minutes=2) == 12
    assert [row[1] for row in rows(tmp_path / "time.csv")[1:]] == [
        *("40.000", "60.000", "100.000", "120.000")
    ]


def test_time_of_epochs_that_were_lost_is_not_counted(monkeypatch, tmp_path):
    clock, kept = Clock(monkeypatch), callbacks.Checkpoints(tmp_path / "checkpoints", keep=5)
    fit([clock.ticks(), timed(tmp_path), kept], epochs=3)
    for number in (2, 3):
        (tmp_path / "checkpoints" / f"epoch-0000{number}.npz").unlink()
    _, steps = fit([clock.ticks(step=5.0), timed(tmp_path, minutes=1), kept])
    assert steps == 4 + 4  # 40 seconds before, 4 steps of 5 seconds now


def test_what_is_left_and_that_no_line_names_the_epochs_that_cannot_be_done(
    monkeypatch, tmp_path, capsys
):
    clock, time_of, left = Clock(monkeypatch), timed(tmp_path, minutes=1), []
    ask = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: left.append(time_of.seconds_left())
    )
    fit([clock.ticks(), time_of, ask], verbose=2)
    assert left == [50.0, 40.0, 30.0, 20.0, 10.0, 0.0]
    first, second = capsys.readouterr().out.splitlines()
    assert re.match(r"epoch 1   discriminator loss .*   40 s$", first)
    assert re.match(r"epoch 2   discriminator loss .*   20 s$", second)
    assert timed(tmp_path).seconds_left() is None


@pytest.mark.parametrize(
    "lines", ["epoch,seconds\n1,40.0\n2\n", "epoch\n1\n", "epoch,seconds\n1,x"]
)
def test_a_file_without_the_seconds_is_refused(lines, tmp_path):
    path = tmp_path / "time.csv"
    path.write_text(lines)
    with pytest.raises(ValueError, match=f"^{path} cannot be read.*Restore the file, or remove it"):
        timed(tmp_path, minutes=1).is_over(2)


@pytest.mark.parametrize("minutes", [0, -1, float("inf"), float("nan")])
def test_no_time_at_all_is_refused(minutes, tmp_path):
    with pytest.raises(ValueError, match="`minutes` is a number above 0"):
        callbacks.TrainingTime(tmp_path / "time.csv", minutes=minutes)


@pytest.mark.slow
def test_of_many_images_an_epoch_takes_a_minute_and_the_bits_are_the_same(monkeypatch, tmp_path):
    images = images_in(tmp_path / "images", count=300)  # 135 steps, less what is held out

    def run(name, *more):
        clock, folder = Clock(monkeypatch), runs.RunFolder(tmp_path / name)
        monkeypatch.setattr(time, "perf_counter", lambda: clock.spend(30))
        asked = ("--preset", "dense", "--image-size", SIDE, "--channels", 1, "--batch-size", 2)
        asked += ("--data", images, "--run-dir", folder.path, "--features", "sliced", "--keep", 9)
        words = map(str, ("train", *asked, *more))
        commands.group.main([*words], obj=Program(["gan-model"]), standalone_mode=False)
        epochs = callbacks.checkpoints.saved(folder.path / "checkpoints")
        states = [checkpoint.read(path)[0] for path in epochs]
        return folder.read_settings()["steps_per_epoch"], states, len(rows(folder.history)) - 1

    steps, states, lines = run("by the clock", "--minutes", 20)
    assert 100 <= steps < 135 and len(states) == lines >= 2
    _, as_asked, _ = run("asked for", "--steps-per-epoch", steps, "--epochs", 2)
    for own, other in zip(states, as_asked, strict=False):
        assert all(map(np.array_equal, own.values(), other.values()))
