"""Commands and scripts as a person starts them: real processes, real files."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from forked import Forked
from PIL import Image

from gan_model import commands
from gan_model.commands.program import Program

REPOSITORY = Path(__file__).parents[1]
SIDE = 16
# Seconds for anything that a process has to do. They find what hangs, not what is slow.
PATIENCE = 900


def images_in(folder, *, count=200):
    """Writes grey images of noise, `SIDE` pixels a side; returns the folder.

    The second of each ten is held out, so that the number of images to train on is known.
    """
    from gan_model.data.splits import hash_of

    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        low, high = (0, 0.1) if number % 10 == 1 else (0.2, 1)
        image = rng.integers(0, 256, (SIDE, SIDE, 1), np.uint8)
        while not low * 2**64 <= hash_of(image) < high * 2**64:
            image = rng.integers(0, 256, (SIDE, SIDE, 1), np.uint8)
        Image.fromarray(image[..., 0]).save(folder / f"{number:03d}.png")
    return folder


def gan_model(*options):
    """The command `gan-model`, whether it is installed or not."""
    return [sys.executable, "-m", "gan_model", *map(str, options)]


def script(name, *options):
    """The command that runs a file of `experiments/`."""
    return [sys.executable, REPOSITORY / "experiments" / name, *map(str, options)]


def invoke(*words, cwd="."):
    """Runs `gan-model` in this process, which need not import and trace anew; see `CliRunner`."""
    words = [*map(str, words)]
    with contextlib.chdir(cwd):
        program = Program(["gan-model", *words])
        return CliRunner().invoke(commands.group, words, prog_name="gan-model", obj=program)


@contextlib.contextmanager
def without_graphs():
    """For a few steps of a large network, of which the graph takes longer than the steps."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Even though the .tf.config")
            yield
    finally:
        tf.config.run_functions_eagerly(False)


def program(name, *options):
    """The command that runs a file of `tests/programs/`."""
    return [sys.executable, REPOSITORY / "tests" / "programs" / name, *map(str, options)]


def train(images, run_dir, *options):
    """The command that trains on a folder of `images_in`; later options win."""
    shape = ("--image-size", SIDE, "--channels", 1, "--batch-size", 8)
    return gan_model("train", "--data", images, *shape, "--run-dir", run_dir, *options)


def finish(command, *, starting=None, **options):
    """Runs a command to its end; `starting` is `start`, unless it is `forked`."""
    with (starting or start)(command, **options) as process:
        try:
            output, errors = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def start(command, *, variables=(), **options):
    """Starts a command and returns the process; what it prints is kept for `communicate`.

    `variables` are set in its environment.
    """
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment() | dict(variables),
        **options,
    )


def forked(command, **options):
    """As `start`, without the seconds that Python and TensorFlow take to begin."""
    return Forked(command, env=environment(), **options)


def wait_for(due, process):
    """Looks every millisecond whether `due()`; an error if the process ends before."""
    deadline = time.monotonic() + PATIENCE
    while not due():
        if process.poll() is not None:
            raise AssertionError(f"It ended too early, with {process.communicate()}")
        if time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"Nothing within {PATIENCE} s: {process.communicate()}")
        time.sleep(0.001)


def kill_when(due, command):
    """Starts a command and kills it as soon as `due()`, which comes before its end."""
    with forked(command) as process:
        wait_for(due, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


def until_killed(module, *arguments):
    """Lets another process call `train_until_killed` of a test module, which SIGKILL ends."""
    call = program("call.py", module, "train_until_killed", *arguments)
    ended = finish(call, starting=forked)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@contextlib.contextmanager
def one_cache(tmp_path_factory):
    """Commands that run meanwhile find the images that the first of them has decoded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_MODEL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def environment():
    """This environment as a person has it: nothing set that keeps TensorFlow quiet.

    Temporary files, which a killed process leaves behind, go where the test's cache is, if it
    has one yet: what a whole module shares is made before.
    """
    ours = ("TF_", "COLUMNS")  # xdist tells its workers the width of the terminal
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"TMPDIR": os.environ.get("GAN_MODEL_CACHE", tempfile.gettempdir())}
