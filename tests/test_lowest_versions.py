"""The lowest versions of all dependencies that `pyproject.toml` allows, in an environment."""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from processes import PATIENCE, environment, wait_for

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOWEST_PYTHON = f">={sys.version_info.major}.{sys.version_info.minor},"
# Fast tests of what other versions have changed, or may change.
FILES = """private_names gan turns compile conditional averaging dirac checkpoint journal quality
networks losses penalties data_folder charts""".split()

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        not PROJECT["requires-python"].startswith(LOWEST_PYTHON),
        reason="other Pythons have no wheels of some of these versions",
    ),
]


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of an environment with these versions, and without the package."""
    folder = tmp_path_factory.mktemp("lowest")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=PATIENCE)
    python = folder / "bin" / "python"
    versions = [line.replace(">=", "==") for line in PROJECT["dependencies"]]
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    # A gigabyte comes over the network, and 2.5 are written.
    subprocess.run([*pip, *versions, "pytest"], check=True, timeout=4 * PATIENCE)
    return python


@pytest.fixture
def gan_model(python, tmp_path):
    """Starts the command in an empty folder."""

    def start(*words):
        return subprocess.Popen(
            [python, "-m", "gan_model", *words], cwd=tmp_path, env=variables(), text=True
        )

    return start


def variables():
    return environment() | {"PYTHONPATH": str(ROOT), "TMPDIR": tempfile.gettempdir()}


def test_a_killed_run_ends_as_one_that_was_not(gan_model, tmp_path):
    train = "train --preset dense --epochs 3 --seed 1 --run-dir".split()
    assert gan_model(*train, "whole").wait(PATIENCE) == 0
    with gan_model(*train, "killed") as process:
        wait_for((tmp_path / "killed" / "history.csv").exists, process)  # after an epoch
        process.kill()
    assert gan_model(*train, "killed").wait(PATIENCE) == 0
    for run in ("whole", "killed"):
        assert gan_model("sample", run, "--count", "4", "--out", f"{run}.npz").wait(PATIENCE) == 0
    for name in ("{}/history.csv", "{}.npz"):
        whole, killed = ((tmp_path / name.format(run)) for run in ("whole", "killed"))
        assert whole.read_bytes() == killed.read_bytes()


def test_the_fast_tests_pass(python):
    files = [f"tests/test_{name}.py" for name in FILES]
    pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    # Old versions warn of what newer ones of their own dependencies have given up.
    pytest += ["-m", "not slow and not soak", "-o", "filterwarnings=default"]
    subprocess.run([*pytest, *files], cwd=ROOT, env=variables(), check=True, timeout=PATIENCE)
