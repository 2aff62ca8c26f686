"""The package as it is installed: from a wheel, used far from the repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import program

ROOT = Path(__file__).parent.parent


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
        program("train_on_the_sample.py", installed),
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
