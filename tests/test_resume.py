"""A run that was cut, anywhere and often, ends as the one that never was: the same to the bit."""

import re
import shutil
import zipfile

import keras
import numpy as np
import pytest
from dense_gan import dense_gan
from processes import finish, forked, images_in, kill_when, program, train

from gan_model import callbacks, losses, presets, runs
from gan_model.callbacks.checkpoints import saved
from gan_model.data import dataset
from gan_model.storage import checkpoint

BATCH = 8
PASS = 6  # batches; 2 of the 50 images are left out of each pass
SHAPE = (16, 16, 1)
NOISE = np.random.default_rng(0)
IMAGES = NOISE.integers(0, 256, (50, *SHAPE), np.uint8)
HELD_OUT = NOISE.integers(0, 256, (16, *SHAPE), np.uint8)


class Watched(np.ndarray):
    """Images that note which rows were asked for."""

    @classmethod
    def over(cls, images):
        watched = images.view(cls)
        watched.asked = []
        return watched

    def __getitem__(self, rows):
        self.asked.append(np.asarray(rows).tolist())
        return np.asarray(self)[rows]


class CopyAfter(keras.callbacks.Callback):
    """Copies the folder of a run after some epochs: what a process leaves that is killed then.

    Args:
        epochs: number of epochs.
        run: the folder.
        copy: where the copy goes, which another process goes on with.
    """

    def __init__(self, epochs, run, copy):
        super().__init__()
        self.epochs, self.run, self.copy = epochs, run, copy

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epochs:
            shutil.copytree(self.run, self.copy)


class Process:
    """What a new process has: new objects.

    Args:
        preset: name of one, or "two layers", or "normalized two layers".
        drawn: seed of weights and dropout, which a resumed process must not depend on.
        compiled: arguments of `compile` in place of the preset's.
    """

    def __init__(self, preset, *, drawn=0, model=None, compiled=None):
        keras.utils.set_random_seed(drawn)
        if preset and preset.endswith("two layers"):
            model = two_layers(normalized=preset.startswith("normalized"))
        self.gan = model or presets.named(preset)(SHAPE, codings_size=4, seed=3)
        if compiled:
            self.gan.compile(self.gan.loss, self._optimizer(), self._optimizer(), **compiled)
        self.images = Watched.over(IMAGES)

    def fit(self, folder, *, epochs, steps=None, also=(), **options):
        watching = callbacks.watch(folder, count=4) if folder else []
        self.history = self.gan.fit(
            self.images,
            batch_size=BATCH,
            epochs=epochs,
            steps_per_epoch=steps,
            callbacks=[*watching, *also],
            verbose=0,
            **{"validation_data": HELD_OUT, **options},
        )
        return self

    @property
    def batches(self):
        return [batch for stack in self.images.asked for batch in stack]

    @property
    def state(self):
        return list(checkpoint.collect(self.gan).values())

    def _optimizer(self):
        return self.gan.generator_optimizer.from_config(self.gan.generator_optimizer.get_config())


def two_layers(*, normalized):
    """A GAN that draws random numbers and is made faster than a preset."""
    gan = dense_gan(SHAPE, normalized=normalized, dropout=0.3, seed=3)
    sgds = (keras.optimizers.SGD(0.01, momentum=0.9) for _ in range(2))
    by_xla = {"jit_compile": True, "steps_per_execution": 24}
    gan.compile(losses.BinaryCrossentropy(), *sgds, **by_xla)
    return gan


def same(some, others):
    return len(some) == len(others) and all(
        a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(some, others, strict=True)
    )


def bytes_in(folder, *patterns):
    """Names and contents of the files whose bytes follow from data, settings and seed."""
    paths = [path for pattern in patterns for path in folder.glob(pattern)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def shown(folder):
    # Without what a kill leaves: the temporary folder of the last picture, already empty.
    return bytes_in(folder, "history.csv", "samples/[!.]*")


# In this process: what a new process has is new objects.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "steps"),
    [
        ("normalized two layers", 8),
        pytest.param("dcgan", 4, marks=pytest.mark.soak),
        pytest.param("modern", 4, marks=pytest.mark.soak),  # test_all_at_once has its aids
    ],
)
def test_two_epochs_and_two_more_are_four(tmp_path, preset, steps):
    """However many steps an execution has; the cut lies in the middle of a pass."""
    processes = [
        Process(preset, drawn=drawn, compiled={"steps_per_execution": count, "jit_compile": False})
        for drawn, count in ((0, 2), (0, 1), (1, 4))
    ]
    whole, begun, ended = processes
    whole.fit(tmp_path / "whole", epochs=4, steps=steps)
    begun.fit(tmp_path / "cut", epochs=2, steps=steps)
    ended.fit(tmp_path / "cut", epochs=4, steps=steps)
    assert begun.batches + ended.batches == whole.batches and len(whole.batches) == 4 * steps
    passes = dataset(Watched.over(IMAGES), batch_size=BATCH, seed=3)
    while len(passes.images.asked) < 4 * steps / PASS:
        list(passes)
    assert whole.batches == [batch for one in passes.images.asked for batch in one][: 4 * steps]
    assert same(ended.state, whole.state)
    assert ended.history.history == whole.history.history
    assert ended.history.epoch == whole.history.epoch == [0, 1, 2, 3]
    assert shown(tmp_path / "cut") == shown(tmp_path / "whole")
    assert len(shown(tmp_path / "whole")) == 1 + 5 + 1  # history, epochs 0 to 4, the GIF


@pytest.mark.slow
@pytest.mark.xla
@pytest.mark.parametrize("preset", ["two layers", pytest.param("dense", marks=pytest.mark.soak)])
def test_a_gan_that_xla_compiles_resumes_to_the_bit(tmp_path, preset):
    def fit(process, *also, epochs):
        also = [callbacks.Checkpoints(tmp_path / "run"), *also]
        return process.fit(None, also=also, epochs=epochs, steps=7, validation_data=None)

    after_one = CopyAfter(1, tmp_path / "run", tmp_path / "cut")
    whole = fit(Process(preset), after_one, epochs=2)
    shutil.rmtree(tmp_path / "run")
    (tmp_path / "cut").rename(tmp_path / "run")
    ended = fit(Process(preset, drawn=1), epochs=2)
    assert ended.batches == whole.batches[7:]
    assert whole.gan.jit_compile and ended.gan.jit_compile
    assert same(ended.state, whole.state)
    assert ended.history.history == whole.history.history


# Processes, and SIGKILL.

EPOCHS = 3
OPTIONS = ("--preset", "dense", "--epochs", EPOCHS, "--steps-per-epoch", 25)


class Moments:
    """When to kill a run: where it would hurt most, each told by the files that are there."""

    def __init__(self, folder):
        self.folder = folder
        self.checkpoints, self.history = folder / "checkpoints", folder / "history.csv"

    def half_written(self):
        """In the middle of writing a checkpoint: the paths of what is there of it.

        Of one that has just got its name the temporary folder may be left, with nothing in it.
        """
        return [*self.checkpoints.glob(".part-*/new-*")]

    def in_an_epoch(self):
        """In the epoch after the next one that is finished."""
        return (self.checkpoints / f"epoch-{self.epochs_done() + 1:05d}.npz").exists

    def epochs_done(self):
        return runs.RunFolder(self.folder).epochs_done()

    def before_a_checkpoint(self):
        """When the figures of an epoch are written, and its checkpoint is not."""
        written = self.history.stat().st_mtime_ns

        def due():
            lines = len(self.history.read_text().splitlines()) - 1
            return self.history.stat().st_mtime_ns != written and lines > self.epochs_done()

        return due

    def at_the_end(self):
        """When the training is done and its results are being written."""
        return (self.folder / "samples" / "training.gif").exists


def states(folder):
    """Arrays and history of the newest checkpoint."""
    arrays, about = checkpoint.read(saved(folder / "checkpoints")[-1])
    assert about["epoch"] == EPOCHS
    return list(arrays.values()), about["history"]


def report(output):
    (figures,) = re.findall(r"^Last epoch: .*(?:\n  .*)*$", output, re.MULTILINE)
    (quality,) = re.findall(r"^Quality: .*(?:\n  .*)*$", output, re.MULTILINE)
    assert f"number {EPOCHS}," in figures and " read " in quality
    return figures, quality


def players(folder):
    """The weights in the models that a run leaves, without the time when they were saved."""
    files = [zipfile.ZipFile(folder / f"{name}.keras") for name in ("gan", "generator", "best")]
    return [file.read("model.weights.h5") for file in files]


@pytest.mark.slow
def test_a_run_that_was_killed_ends_like_one_that_never_was(tmp_path):
    images, moments = images_in(tmp_path / "images"), Moments(tmp_path / "killed")
    lines = [train(images, tmp_path / name, *OPTIONS) for name in ("whole", "killed")]
    kill_when(moments.in_an_epoch(), lines[1])
    assert 0 < moments.epochs_done() < EPOCHS
    whole, ended = (finish(line, starting=forked) for line in lines)
    assert whole.returncode == ended.returncode == 0, (whole.stderr, ended.stderr)
    assert_same_run(tmp_path, ended, whole)


@pytest.mark.soak
@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_like_one_that_never_was(tmp_path):
    """The one that never was is a process of its own; the others are forked, to begin at once."""
    images = images_in(tmp_path / "images")
    asked = train(images, tmp_path / "whole", *OPTIONS)[3:]
    whole = finish(program("command_without_xla.py", *asked))
    assert whole.returncode == 0, whole.stderr

    command = train(images, tmp_path / "killed", *OPTIONS)
    into_a_checkpoint = program("train_into_a_checkpoint.py", *command[3:])
    moments = Moments(tmp_path / "killed")
    kill_when(moments.half_written, into_a_checkpoint)
    assert len(moments.half_written()) == 1 and moments.epochs_done() == 0
    kill_when(moments.in_an_epoch(), command)
    before = moments.before_a_checkpoint()
    kill_when(moments.half_written, into_a_checkpoint)
    assert len(moments.half_written()) == 1 and before() and moments.epochs_done() > 0
    kill_when(moments.at_the_end(), command)
    ended = finish(command, starting=forked)
    assert ended.returncode == 0, ended.stderr
    assert_same_run(tmp_path, ended, whole)


def assert_same_run(folder, ended, whole):
    """Of the run in its folder `killed` and of the one in `whole`, with how they ended."""
    arrays, history = states(folder / "killed")
    expected_arrays, expected_history = states(folder / "whole")
    assert same(arrays, expected_arrays)
    assert history == expected_history
    assert shown(folder / "killed") == shown(folder / "whole")
    assert len(shown(folder / "killed")) == 1 + EPOCHS + 1 + 1
    assert players(folder / "killed") == players(folder / "whole")
    assert report(ended.stdout) == report(whole.stdout)
    assert not Moments(folder / "killed").half_written()
