"""`~` is the home folder wherever a path is given, also in Python, where no shell sees it."""

import os
from pathlib import Path

import numpy as np
import pytest
from untrained_features import untrained

from gan_model import callbacks, exporting, features, pictures, presets, runs, sweeps
from gan_model.storage import checkpoint
from gan_model.storage.atomic import atomic_folder
from gan_model.storage.own_files import check_replaceable
from gan_model.storage.paths import expanded


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))  # that of Windows
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "home"
    assert not list(Path().iterdir()), "no folder of the name ~"


def test_a_tilde_is_the_home_folder(home):
    assert expanded("~/a") == expanded(Path("~/a")) == home / "a"
    assert expanded("~nobody.of.this.name") == Path("~nobody.of.this.name")
    assert expanded("a/~") == Path("a/~")


def test_folders_and_callbacks_know_it(home):
    assert runs.RunFolder("~/run").path == sweeps.SearchFolder("~/run").path == home / "run"
    assert callbacks.Checkpoints("~/run").directory == home / "run"
    assert callbacks.BestModel("~/best.keras", monitor="val_x").path == home / "best.keras"
    assert callbacks.SampleImages("~/run").directory == home / "run"
    assert callbacks.HistoryFile("~/history.csv").path == home / "history.csv"


@pytest.mark.slow
def test_what_is_written_there_is_read_there(home):
    picture = np.zeros((8, 8), np.uint8)
    pictures.save(picture, "~/a.png")
    pictures.animate(["~/a.png", picture], "~/a.gif")
    with atomic_folder("~/made") as folder:
        folder.mkdir()
    checkpoint.write("~/state.npz", {"w": picture}, {"epoch": 1})
    assert checkpoint.read("~/state.npz")[1]["epoch"] == 1
    learned = untrained((8, 8, 1))
    learned.save("~/features.npz")
    assert features.from_file("~/features.npz").name == learned.name
    names = ["a.gif", "a.png", "features.npz", "made", "state.npz"]
    assert sorted(os.listdir(home)) == names


@pytest.mark.slow
def test_models_are_opened_and_exported_there(home):
    gan = presets.dense((8, 8, 1), codings_size=4)
    gan.save(home / "gan.keras")
    assert runs.open_model("~/gan.keras").image_shape == (8, 8, 1)
    assert runs.trained_on("~/gan.keras") is None and exporting.known_of("~/gan.keras") == {}
    exporting.page(gan, "~/page.html")
    assert (home / "page.html").is_file()
    (home / "mine.html").write_text("of a person")
    with pytest.raises(ValueError, match=r"mine\.html"):
        check_replaceable("~/mine.html")
