"""Quiet TensorFlow, no cache outside the test's folders, small images for all."""

import gc
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import pytest

from gan_model.commands.local_workers import cores

# The files that take longest, in this order: each of pytest's processes takes a whole file at a
# time, and with short ones at the end all processes are done at about the same time.
LONGEST = """commands gan conditional sweeps sweep_command devices clusters resume from_trained
callbacks evaluate alarms train_workers penalties quality docs exporting workers progress spectral
averaging learned_features schedules trial_board page same_run wheel memory fine_tuning tensorboard
augmenting journal runs results tour charts dirac features""".split()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """For `-n auto`: one more than there are cores, as one often waits for a server or a file."""
    return cores() + 1


def pytest_collection_modifyitems(items):
    import without_xla  # not above: xdist's first process imports no TensorFlow

    without_xla.switch(False)
    places = {f"test_{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


def pytest_collection_finish():
    """A million objects of TensorFlow and the tests stay: Python need not look through them.

    Nor does keras-tuner, which collects garbage twice a trial.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True)
def cache_in_temporary_folder(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GAN_MODEL_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def xla_where_it_is_the_subject(request):
    if request.node.get_closest_marker("xla") is None:
        yield
        return
    import without_xla

    without_xla.switch(True)
    yield
    without_xla.switch(False)


@pytest.fixture
def seeded():
    """Weights and shuffles that are the same in every test run."""
    import keras

    keras.utils.set_random_seed(1)


@pytest.fixture
def images():
    """64 grey uint8 images (64, 16, 16) with some structure: a bright square on black."""
    rng = np.random.default_rng(0)
    made = rng.integers(0, 40, (64, 16, 16), dtype=np.uint8)
    for image, (top, left) in zip(made, rng.integers(2, 8, (64, 2)), strict=True):
        image[top : top + 6, left : left + 6] += 200
    return made
