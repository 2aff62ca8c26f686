"""What a person sees on TensorBoard: a real server, with both of its loaders.

Four runs of the same three epochs: one that was never stopped, and three that were, in the ways
in which a process dies. All of them must look alike.
"""

import functools
import io
import json
import os
import re
import shutil
import signal
import time
import urllib.request
from urllib.parse import parse_qsl, urlencode

import keras
import numpy as np
import pytest
from dense_gan import dense_gan
from PIL import Image
from processes import PATIENCE, forked, program, until_killed

from gan_model import callbacks, features, losses, metrics
from gan_model.callbacks.board import quality_tag
from gan_model.callbacks.checkpoints import saved

pytestmark = pytest.mark.slow

EPOCHS, STEPS = 3, 2
EPOCH_ENDS = [STEPS * epoch for epoch in range(1, EPOCHS + 1)]
FIGURES = [
    "2 losses/discriminator_loss",
    "2 losses/generator_loss",
    "5 scores/real_score",
    "5 scores/fake_score",
]
GRADIENTS = ["8 gradients/discriminator_gradient_norm", "8 gradients/generator_gradient_norm"]
WATCHED = ["6 diversity/diversity", "7 training/recoveries"]
IN_PIXELS = metrics.Quality(metrics.FeatureMetrics(features.pixels()))
QUALITY = [quality_tag(name, IN_PIXELS) for name in IN_PIXELS.names]
RATES = ["7 training/generator_learning_rate", "7 training/discriminator_learning_rate"]
WHERE = {"train": FIGURES + GRADIENTS + WATCHED, "validation": FIGURES + QUALITY, "floor": QUALITY}
SPEED = "7 training/images_per_second"
LOADERS = [
    pytest.param([], id="fast loader"),  # the default
    pytest.param(["--load_fast=false"], id="slow loader", marks=pytest.mark.soak),
]
CUT = ["killed before the checkpoint", "two epochs lost", "watched live"]


def two_layers(*, rate, codings_size=30):
    """A GAN for images of 16 x 16, without a graph, which takes longer to make than a few steps."""
    gan = dense_gan(codings_size=codings_size)
    optimizers = [keras.optimizers.RMSprop(rate) for _ in range(2)]
    gan.compile(losses.BinaryCrossentropy(), *optimizers, run_eagerly=True)
    return gan


def train(run_dir, epochs, *more):
    """Trains, or goes on, as a new process would: with fresh objects."""
    images = np.random.default_rng(0).integers(0, 256, (STEPS * 32 + 32, 16, 16), dtype=np.uint8)
    keras.utils.set_random_seed(0)
    gan = two_layers(rate=1e-3)
    gan.quality = metrics.Quality(metrics.FeatureMetrics(features.pixels()))
    *first, checkpoints = callbacks.watch(run_dir, count=7)
    gan.fit(
        images[: STEPS * 32],
        validation_data=images[STEPS * 32 :],
        epochs=epochs,
        callbacks=[*first, *more, checkpoints],
        verbose=0,
    )


def killer(moment, epoch):
    """A callback that ends this process by SIGKILL at `moment`, a method of callbacks."""

    def kill(number, logs):
        if number + 1 == int(epoch):
            os.kill(os.getpid(), signal.SIGKILL)

    return keras.callbacks.LambdaCallback(**{moment: kill})


def train_until_killed(run_dir, epoch):
    """Trains in this process until it is killed, after the callbacks that show an epoch."""
    train(run_dir, EPOCHS, killer("on_epoch_end", epoch))


def lose_checkpoints(run_dir, count):
    """Leaves a run as if it had been killed before its last `count` checkpoints were written."""
    for path in sorted((run_dir / "checkpoints").iterdir())[-count:]:
        path.unlink()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with the runs as they are before a server looks at them."""
    folder = tmp_path_factory.mktemp("runs")
    train(folder / "whole", EPOCHS)

    until_killed("test_tensorboard", folder / CUT[0], 2)
    assert [path.name for path in saved(folder / CUT[0] / "checkpoints")] == ["epoch-00001.npz"]
    train(folder / CUT[2], 2)  # goes on when a server looks
    shutil.copytree(folder / "whole", folder / CUT[1])
    lose_checkpoints(folder / CUT[1], 2)
    for cut in CUT[:2]:
        train(folder / cut, EPOCHS)
    return folder


class Server:
    """A TensorBoard that runs, and what its pages ask it for."""

    def __init__(self, folder, options, log):
        # Port 0: the server takes a free one and prints it.
        self._log = log
        log.touch()
        where = ["--logdir", folder, "--host", "127.0.0.1", "--port", 0, "--reload_interval", 1]
        self._process = forked(program("tensorboard_server.py", log, *where, *options))

    def close(self):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # the loader that it has started, too
        self._process.communicate(timeout=PATIENCE)

    def wait_for_address(self):
        self.wait(lambda: re.search(r"http://127\.0\.0\.1:\d+/", self._log.read_text()))
        self._address = re.search(r"http://127\.0\.0\.1:\d+/", self._log.read_text()).group()

    def wait_for_step(self, run, step):
        """Until the last thing that a run writes for a step has been read."""
        written = [
            (f"{run}/tensorboard/validation", FIGURES[0]),
            (f"{run}/tensorboard/train", FIGURES[1]),
        ]

        def read():
            curves = [self.scalars(*where) for where in written]
            return all(curve and curve[-1][0] >= step for curve in curves) and (
                self.grids(run)[-1:] and self.grids(run)[-1]["step"] >= step
            )

        self.wait(read)

    def wait(self, due):
        deadline = time.monotonic() + PATIENCE
        while not due():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, f"Nothing in {PATIENCE} s: {self._log.read_text()}"
            time.sleep(0.2)

    def keep_answers(self):
        """Asks nothing twice from now on, when all has been read."""
        self._asked = functools.cache(self._asked)

    def get(self, page, **query):
        url = f"{self._address}data/{page}?{urlencode(query)}"
        return self._asked(url)

    def _asked(self, url):
        # Without a proxy, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=PATIENCE) as answer:
            return answer.read()

    def scalars(self, run, tag):
        """[(step, value), ...] of one curve, in the order in which it is drawn."""
        if tag not in json.loads(self.get("plugin/scalars/tags")).get(run, {}):
            return []
        points = json.loads(self.get("plugin/scalars/scalars", run=run, tag=tag))
        return [(step, value) for _, step, value in points]

    def grids(self, run):
        """The entries of the one image slider of a run."""
        run = f"{run}/tensorboard/samples"
        if run not in json.loads(self.get("plugin/images/tags")):
            return []
        return json.loads(self.get("plugin/images/images", run=run, tag="samples", sample=0))

    def pixels(self, grid):
        content = self.get("plugin/images/individualImage", **dict(parse_qsl(grid["query"])))
        with Image.open(io.BytesIO(content)) as image:
            assert image.format == "PNG"
            return np.asarray(image)


@pytest.fixture(scope="module", params=LOADERS)
def board(request, runs, tmp_path_factory):
    """A server that has read all runs; it watched one of them being killed and going on."""
    folder = tmp_path_factory.mktemp("board")
    shutil.copytree(runs, folder / "runs")
    live = folder / "runs" / CUT[2]
    server = Server(folder / "runs", request.param, folder / "log.txt")
    try:
        server.wait_for_address()
        server.wait_for_step(live.name, 2 * STEPS)
        lose_checkpoints(live, 1)
        train(live, EPOCHS)
        for run in ("whole", *CUT):
            server.wait_for_step(run, EPOCHS * STEPS)
        server.folder = folder / "runs"
        server.keep_answers()
        yield server
    finally:
        server.close()


def test_training_and_validation_have_a_chart_for_each_figure_together(board):
    tags = json.loads(board.get("plugin/scalars/tags"))
    for run in ("whole", *CUT):
        assert set(tags[f"{run}/tensorboard/validation"]) == {*FIGURES, *QUALITY}
        assert set(tags[f"{run}/tensorboard/floor"]) == set(QUALITY)
        assert set(tags[f"{run}/tensorboard/train"]) == {*WHERE["train"], *RATES, SPEED}


def test_the_curves_of_a_run_that_was_never_stopped(board):
    history = np.genfromtxt(board.folder / "whole" / "history.csv", delimiter=",", names=True)
    for where, prefix in [("train", ""), ("validation", "val_")]:
        for figure in FIGURES:
            expected = list(zip(EPOCH_ENDS, history[prefix + figure.split("/")[1]], strict=True))
            assert board.scalars(f"whole/tensorboard/{where}", figure) == expected
    for figure in QUALITY:
        values = history["val_" + figure.split("/")[1]]
        assert board.scalars("whole/tensorboard/validation", figure) == [
            (step, pytest.approx(value, rel=1e-6))
            for step, value in zip(EPOCH_ENDS, values, strict=True)
        ]
        floor = [value for _, value in board.scalars("whole/tensorboard/floor", figure)]
        assert len(set(floor)) == 1 and len(floor) == EPOCHS
    for rate in RATES:
        expected = [(step, pytest.approx(1e-3)) for step in EPOCH_ENDS]
        assert board.scalars("whole/tensorboard/train", rate) == expected


@pytest.mark.parametrize("cut", CUT)
def test_a_run_that_was_stopped_is_the_same_unbroken_curve(board, cut):
    for where, figures in WHERE.items():
        for figure in figures:
            curve = board.scalars(f"{cut}/tensorboard/{where}", figure)
            assert [step for step, _ in curve] == EPOCH_ENDS, figure
            assert curve == board.scalars(f"whole/tensorboard/{where}", figure)


@pytest.mark.parametrize("run", ["whole", *CUT])
def test_the_other_figures_have_one_point_an_epoch_too(board, run):
    for tag in [*RATES, SPEED]:
        curve = board.scalars(f"{run}/tensorboard/train", tag)
        assert [step for step, _ in curve] == EPOCH_ENDS, tag
        assert all(value > 0 for _, value in curve)


@pytest.mark.parametrize("run", ["whole", *CUT])
def test_the_slider_holds_every_grid_once_as_it_is_on_file(board, run):
    tags = json.loads(board.get("plugin/images/tags"))
    assert {tag: about["samples"] for tag, about in tags[f"{run}/tensorboard/samples"].items()} == {
        "samples": 1
    }
    grids = board.grids(run)
    assert [grid["step"] for grid in grids] == [0, *EPOCH_ENDS]
    for epoch, grid in enumerate(grids):
        for folder in (run, "whole"):
            with Image.open(board.folder / folder / "samples" / f"epoch-{epoch:05d}.png") as image:
                assert np.array_equal(board.pixels(grid), np.asarray(image))


def test_a_custom_chart_has_both_losses_and_one_both_scores(board):
    layout = json.loads(board.get("plugin/custom_scalars/layout"))
    (category,) = layout["category"]
    assert [set(chart["multiline"]["tag"]) for chart in category["chart"]] == [
        {"2 losses/discriminator_loss", "2 losses/generator_loss"},
        {"5 scores/real_score", "5 scores/fake_score"},
    ]
    # Tags are patterns there; each must match what there is, which is the same in all runs.
    for where in ("train", "validation"):
        for figure in FIGURES:
            query = {"run": f"whole/tensorboard/{where}", "tag": figure}
            answer = json.loads(board.get("plugin/custom_scalars/scalars", **query))
            assert answer["regex_valid"]
            assert list(answer["tag_to_events"]) == [figure]


def test_the_server_says_nothing_of_damaged_files(board):
    complaints = re.compile(r"corrupt|DataLoss|Traceback|checksum|truncated", re.IGNORECASE)
    assert not complaints.search(board._log.read_text())
