"""The package as it is installed: from a wheel, used far from the repository."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from processes import PATIENCE, start, wait_for

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The `bin` of an environment in which the wheel is installed, and nothing else is.

    What the package depends on is found in the environment of the tests.
    """
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"  # a copy: setuptools would pack what an older `build` has left
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "runs", "site"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet"]
    # In PYTHONPATH pip may find the package already installed.
    elsewhere = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    install = [*pip, "--disable-pip-version-check", "install", "--no-deps", source]  # by a wheel
    subprocess.run(install, check=True, env=elsewhere, timeout=PATIENCE)
    dependencies = "".join(f"{path}\n" for path in sys.path if path.endswith("site-packages"))
    (packages_of(python) / "dependencies.pth").write_text(dependencies)
    return python.parent


def packages_of(python):
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())


@pytest.fixture
def outside(installed, monkeypatch, tmp_path):
    """An empty folder, with the command on the PATH and no way to the repository."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PATH", str(installed), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_wheel_has_all_files_of_the_package(installed):
    package = packages_of(installed / "python") / "gan_model"
    assert contents(package) == contents(ROOT / "gan_model")


def contents(folder):
    """The bytes of all files but what Python makes of them, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.mark.slow
def test_the_command_alone_trains_on_the_sample(outside):
    """`gan-model train` in an empty folder; stopped, it says what to type to go on."""
    settings = outside / "runs" / "modern-sample" / "settings.json"
    with start(["gan-model", "train"]) as process:
        wait_for(settings.exists, process)  # it trains
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    stopped = "gan-model train: stopped. Finished epochs are kept; to go on: gan-model train"
    assert output == "" and errors.strip() == stopped
    asked = json.loads(settings.read_text())["settings"]
    assert (asked["preset"], asked["data"], asked["epochs"]) == ("modern", "sample", 20)


@pytest.mark.slow
def test_the_command_and_the_module_are_one_program(installed):
    command, module = (
        subprocess.run([installed / words[0], *words[1:], "--version"], capture_output=True)
        for words in (["gan-model"], ["python", "-P", "-m", "gan_model"])
    )
    assert command.stdout == module.stdout and command.stdout.startswith(b"gan-model ")
