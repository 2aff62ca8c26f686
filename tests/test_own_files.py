"""What gan-model wrote may be written over; what a person made is never lost."""

import json
from types import SimpleNamespace

import click
import numpy as np
import pytest
from PIL import Image

from gan_model import commands, pictures
from gan_model.commands.evaluate import folder_of_pictures
from gan_model.commands.program import Program
from gan_model.commands.sample import write_arrays
from gan_model.storage.own_files import check_replaceable, is_replaceable

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 16, 16), np.uint8)
GIF = [Image.fromarray(image) for image in IMAGES]


def figures(path):
    path.write_text(json.dumps({"versions": {"gan-model": "0.2.0"}, "readings": []}))


def chart(path):
    pictures.class_histogram([1, 2], ["cat", "dog"], path, real_counts=[2, 1])


@pytest.mark.parametrize(
    ("name", "own", "other"),
    [
        ("grid.png", lambda path: pictures.save(IMAGES[0], path), GIF[0].save),
        ("chart.png", chart, GIF[0].save),
        (
            "walk.gif",
            lambda path: pictures.animate([*IMAGES], path),
            lambda path: GIF[0].save(path, save_all=True, append_images=GIF[1:]),
        ),
        (
            "images.npz",
            lambda path: write_arrays(path, IMAGES, None),
            lambda path: np.savez(path, images=IMAGES),
        ),
        ("figures.json", figures, lambda path: path.write_text('{"codings": [[1.0]]}')),
        ("notes.html", None, lambda path: path.write_text("<title>my gan-model</title>")),
        ("net.onnx", None, lambda path: path.write_bytes(b"\x08\x08\x12\x07pytorch gan-model")),
        ("net.tflite", None, lambda path: path.write_bytes(b"TFL3")),
        ("text.txt", None, lambda path: path.write_text("gan-model")),
        ("deep.json", None, lambda path: path.write_text("[" * 100_000)),
    ],
)
def test_a_file_tells_whether_gan_model_wrote_it(name, own, other, tmp_path):
    path = tmp_path / name
    assert is_replaceable(path)
    path.touch()
    assert is_replaceable(path), "nothing in it can be lost"
    other(path)
    assert not is_replaceable(path)
    with pytest.raises(ValueError, match=name):
        check_replaceable(path)
    check_replaceable(path, overwrite=True)
    if own:
        own(path)
        assert is_replaceable(path)
        assert not is_replaceable(path, ".html"), "a file of another kind is no earlier one"


def test_what_is_marked_can_be_read_as_before(tmp_path):
    path = tmp_path / "images.npz"
    write_arrays(path, IMAGES, np.arange(4))
    with np.load(path) as arrays:
        assert sorted(arrays) == ["images", "labels"]
        assert np.array_equal(arrays["images"][..., 0], IMAGES)


def test_a_folder_of_a_person_is_not_replaced(tmp_path):
    assert is_replaceable(tmp_path)
    (tmp_path / "assets.extra").mkdir()
    assert not is_replaceable(tmp_path)
    figures(tmp_path / "assets.extra" / "about.json")
    assert is_replaceable(tmp_path)


OUTPUTS = [
    ("sample none --out {}", "a.png"),
    ("sample none --out {}", "a.gif"),
    ("sample none --out {}", "a.npz"),
    ("page none --out {}", "a.html"),
    ("export none --format onnx --out {}", "a.onnx"),
    ("export none --format litert --out {}", "a.tflite"),
    ("export none --format onnx --out a.onnx", "a.onnx.json"),
    ("invert none --image b.png --out {}", "a.png"),
    ("invert none --image b.png --out a.png", "a.json"),
    ("evaluate none --json {}", "a.json"),
    ("evaluate none --json {}", "a.npz"),
]


@pytest.mark.parametrize(("words", "name"), OUTPUTS)
def test_a_command_replaces_no_file_of_a_person(words, name, tmp_path, monkeypatch, capsys):
    """It ends before it looks for its GAN, and says what to type."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("of a person")
    words = words.format(name).split()

    def refused(*more):
        with pytest.raises(SystemExit) as ended:
            commands.group.main([*words, *more], obj=Program(["gan-model"]))
        assert ended.value.code == 2
        return capsys.readouterr().err

    said = refused()
    assert name in said and "--overwrite" in said
    assert "none" in refused("--overwrite"), "there is no such GAN"
    assert (tmp_path / name).read_text() == "of a person"


def test_evaluate_replaces_no_picture_of_a_person(tmp_path):
    args = SimpleNamespace(what=str(tmp_path), out=None, data=None, overwrite=False)
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "classes.png").write_text("of a person, or of version 0.2")
    folder_of_pictures(args, "sample", is_run=True)
    args.out, args.what = tmp_path / "evaluation", "none.keras"
    with pytest.raises(click.UsageError, match=r"classes\.png"):
        folder_of_pictures(args, None, is_run=False)
    args.overwrite = True
    folder_of_pictures(args, None, is_run=False)
