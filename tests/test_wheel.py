"""The package as it is installed: from a wheel, used far from the repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

TRAIN = """
import gan_model
from gan_model import callbacks, data, metrics, presets

assert gan_model.__file__.startswith({installed!r}), gan_model.__file__
(images, labels), (held_out, _) = data.load("sample")
assert images.shape == (10000, 28, 28) and held_out.shape == (2000, 28, 28)
gan = presets.dense()
gan.quality = metrics.Quality()
watched = callbacks.watch("run")
gan.fit(images[:640], validation_data=held_out, epochs=1, verbose=0, callbacks=watched)
assert gan.quality.distance == "fid_fashion"
assert gan.generate(3).shape == (3, 28, 28)
print("trained")
"""


@pytest.mark.slow
def test_a_wheel_trains_on_the_sample_from_another_directory(tmp_path):
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheels, installed, elsewhere = (tmp_path / name for name in ("wheels", "installed", "cwd"))
    elsewhere.mkdir()
    subprocess.run([*pip, "wheel", ROOT, "--no-deps", "-w", wheels], check=True, timeout=300)
    wheel = next(wheels.glob("gan_model-*.whl"))
    subprocess.run([*pip, "install", "--no-deps", "--target", installed, wheel], check=True)
    environment = {**os.environ, "PYTHONPATH": str(installed), "TF_CPP_MIN_LOG_LEVEL": "3"}
    trained = subprocess.run(
        [sys.executable, "-c", TRAIN.format(installed=str(installed))],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert trained.stdout.strip() == "trained", trained.stderr
    assert (installed / "gan_model" / "data" / "sample.LICENSE").exists()
    names = {path.name for path in (elsewhere / "run").iterdir()}
    assert names == {
        "checkpoints",
        "history.csv",
        "time.csv",
        "samples",
        "tensorboard",
        "best.keras",
    }
