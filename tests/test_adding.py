"""A preset, a format, a command and an option from outside, as docs/contributing.md has them."""

import os
import re

import pytest
from processes import REPOSITORY, images_in, invoke

from gan_model import catalog, commands, exporting, presets
from gan_model.commands.program import Program


@pytest.fixture(scope="module")
def added():
    """Runs the program of the page; takes back what it has registered."""
    page = (REPOSITORY / "docs" / "contributing.md").read_text()
    source = re.search(r"^```python\n(# mine\.py\n.*?)^```", page, re.MULTILINE | re.DOTALL)[1]
    tables = catalog.PRESETS, presets.PRESETS, exporting.FORMATS, commands.group.commands
    before, options = [*map(dict, tables)], [*commands.named("train").params]
    exec(source, {"__name__": "mine"})
    yield
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)
    commands.named("train").params[:] = options


@pytest.fixture(scope="module")
def run(added, tmp_path_factory):
    """A run of `--preset mine`."""
    folder = tmp_path_factory.mktemp("added")
    images_in(folder / "images", count=40)
    words = "train --data images --preset mine --epochs 1 --steps-per-epoch 1 --features sliced"
    ended = invoke(*words.split(), "--run-dir", "run", cwd=folder)
    assert ended.exit_code == 0, ended.output
    return folder / "run"


def test_a_preset_trains_by_its_name(run):
    assert presets.named("mine").__name__ == "mine"
    settings = (run / "settings.json").read_text()
    assert '"preset": "mine"' in settings and '"batch_size": 32' in settings
    assert "modern_conditional|mine|suited" in invoke("train", "--help").output
    images = run.parent / "images"
    refused = invoke("train", "--preset", "mine", "--data", images, "--image-size", 90)
    assert refused.exit_code == 2 and "--image-size 64x64" in refused.output


def test_a_format_is_written_and_checked(run):
    ended = invoke("export", run, "--format", "zip")
    assert ended.exit_code == 0, ended.output
    assert (run / "gan.zip").exists()
    with pytest.raises(ValueError, match=r"ends in \.zip"):
        exporting.export(presets.named("mine")((8, 8)), "gan.onnx", format="zip")


def test_a_command_runs(run):
    ended = invoke("size", run)
    assert ended.exit_code == 0 and re.fullmatch(r"[\d,]+\n", ended.output)
    listed = invoke("--help").output
    assert "size      Tells how many weights a trained GAN has." in listed and "board" in listed
    assert "Did you mean 'size'?" in invoke("sise").output


def test_an_option_runs(added, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(os, "nice", asked.append)
    assert invoke("train", "--nice", 3, "--data", tmp_path / "none").exit_code == 2
    assert asked == [3]


def test_lines_to_type_begin_with_the_program_of_the_user(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    program = Program(["mine.py", "train", "--workers", 2])
    assert program.name == "python mine.py"
    assert program.again().endswith(" mine.py train --workers 2")
    assert program.started(["train"])[1:] == ["mine.py", "train"]
