"""The commands that begin with a trained GAN: sample, invert, train --from."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import click
import numpy as np
import pytest
from PIL import Image
from processes import SIDE, finish, gan_model, images_in, without_graphs
from test_fine_tuning import IMAGES, LABELS, small_gan

from gan_model import commands, data, pictures, presets, runs
from gan_model.commands import invert as inverting
from gan_model.commands.completing import kept_by, read_alike
from gan_model.commands.program import Program
from gan_model.commands.run_images import class_of, load_for
from gan_model.data import load_images
from gan_model.data.images import fingerprint
from gan_model.run_settings import RunSettings


def command(*words):
    """Runs a command in this process; its exit status."""
    try:
        commands.group.main([*map(str, words)], obj=Program(["gan-model"]), standalone_mode=False)
    except SystemExit as end:
        return end.code
    return 0


@pytest.fixture
def refused(capsys):
    """What a command says that refuses its arguments."""

    def said(*words):
        assert command(*words) == 2
        return capsys.readouterr().err

    return said


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    gan = small_gan()
    gan.fit(IMAGES, LABELS % 2, batch_size=16, steps_per_epoch=2, verbose=0)
    path = tmp_path_factory.mktemp("source") / "gan.keras"
    gan.save(path)
    return path


@pytest.fixture(scope="module")
def compiled_source(tmp_path_factory):
    """One that is not trained, and runs as a graph, as a person has it."""
    path = tmp_path_factory.mktemp("compiled") / "gan.keras"
    small_gan(run_eagerly=False).save(path)
    return path


@pytest.fixture
def eagerly():
    with without_graphs():
        yield


@pytest.mark.slow
def test_a_trained_gan_is_sampled_by_its_name(tmp_path, refused):
    whole, near = tmp_path / "whole.npz", tmp_path / "near.npz"
    assert command("sample", "fashion", "--count", 30, "--out", whole) == 0
    assert command("sample", "fashion", "--count", 30, "--truncation", 0.3, "--out", near) == 0
    spread = [load_images(path).std(axis=0).mean() for path in (whole, near)]
    assert spread[1] < spread[0]
    assert "'--truncation': 1.5 is not in" in refused("sample", "fashion", "--truncation", 1.5)
    assert "no classes; leave --of-class out" in refused("sample", "fashion", "--of-class", 3)
    for asked in ("12", "trousers", "-1"):
        said = " ".join(refused("sample", "fashion_by_class", f"--of-class={asked}").split())
        assert f"--of-class is from 0 to 9 for this GAN; received {asked}. Its classes: 0 (" in said
    assert "1 (trouser)" in said
    assert "no trained GAN fashoin" in refused("sample", "fashoin")


@pytest.mark.slow
def test_an_image_is_inverted_to_a_file_that_gives_it_again(tmp_path, capsys, refused):

    gan = runs.open_model("fashion")
    made = gan.generate(7, seed=3)[6:]
    Image.fromarray(made[0, ..., 0]).save(tmp_path / "a.png")
    out = tmp_path / "found.png"
    asked = ["--image", tmp_path / "a.png", "--out", out, "--steps", 100, "--pixels-only"]
    assert command("invert", "fashion", *asked) == 0
    content = json.loads(out.with_suffix(".json").read_text())
    again = gan.sampler().images_of(content["codings"])
    apart, unlike = (
        np.sqrt(np.mean((np.float32(made) - other) ** 2)) for other in (again, gan.generate(1))
    )
    assert apart < unlike / 3
    assert f"{apart:.1f} grey levels" in capsys.readouterr().out
    with Image.open(out) as picture:
        assert picture.size[0] > picture.size[1] > 28
    assert "--image FILE, or --check N" in refused("invert", "fashion")
    asked += ["--of-class", 3]
    assert "no classes; leave --of-class out" in refused("invert", "fashion", *asked)
    (tmp_path / "b.png").write_text("none")
    assert "cannot be read as an image" in refused(
        "invert", "fashion", "--image", tmp_path / "b.png"
    )


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_training_and_held_out_images_are_compared(tmp_path, capsys):
    asked = ["--data", "sample", "--steps", 3, "--starts", 1, "--out", tmp_path / "check.png"]
    assert command("invert", "fashion", "--check", 5, *asked) == 0
    shown = capsys.readouterr().out
    assert "5 training images: median" in shown and "5 held-out images: median" in shown
    assert "with probability" in shown and (tmp_path / "check.png").exists()


def test_the_picture_shows_the_images_whose_distances_are_told(tmp_path, monkeypatch):
    """In one search, with the labels of the images."""
    searched, drawn = [], []

    def inversion(args, sampler, features, images, labels):
        searched.append((images, labels))
        distances = np.arange(len(images))[::-1]
        return SimpleNamespace(images=255 - images, distances=distances)

    monkeypatch.setattr(inverting, "_inversion", inversion)
    monkeypatch.setattr(pictures, "grid", lambda images, columns: drawn.append(images) or images[0])
    out = ["--data", "sample", "--out", tmp_path / "check.png"]
    assert command("invert", "fashion_by_class", "--check", 20, *out) == 0
    (training, labels), _ = searched  # training images and held-out ones, once each
    assert len(labels) == len(training) == 20
    assert np.array_equal(drawn[0][::2], training[:11:-1])
    assert np.array_equal(drawn[0][1::2], 255 - training[:11:-1])


@pytest.mark.slow
@pytest.mark.parametrize(("ground", "status"), [("black", 0), (None, 2)])
def test_the_images_of_a_run_are_read_as_the_run_read_them(ground, status, tmp_path, capsys):
    pictures, run = tmp_path / "pictures", runs.RunFolder(tmp_path / "run")
    pictures.mkdir()
    for number in range(40):
        pixels = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 4), np.uint8)
        Image.fromarray(pixels).save(pictures / f"{number}.png")
    (train, _), _ = data.load(pictures, image_size=SIDE, channels=1, ground="black")
    about = {"preset": "modern", "data": str(pictures), "images": fingerprint(train)}
    run.path.mkdir()
    run.note(about | {"ground": ground, "features": "sliced"}, versions={})
    run.save(presets.dense((SIDE, SIDE, 1), codings_size=4))  # looked at for its shape alone
    asked = ["--check", 3, "--steps", 2, "--starts", 1, "--out", tmp_path / "check.png"]
    assert command("invert", run.path, *asked) == status
    assert ("are not those that the run was trained on" in capsys.readouterr().err) == bool(status)


def test_pictures_among_the_images_of_a_run_are_refused(tmp_path, refused):
    images, run = images_in(tmp_path / "images", count=4), runs.RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.note({"data": str(images)}, versions={})
    out = ["--out", images / "samples.png"]
    for name, given in (("sample", out), ("invert", [*out, "--image", images / "000.png"])):
        assert "would be images to train on" in refused(name, run.path, *given)
    assert len(list(images.iterdir())) == 4


@pytest.mark.parametrize(
    ("names", "labels", "telling"),
    [
        (["2", "1", "a cat"], {"a cat": 2, "0": 0, "1": 1, "2": 0}, {"0", "2"}),
        (["1", "2", "3"], {"1": 0, "2": 1, "3": 2, "0": 0}, {"0", "1", "2", "3"}),
        ([*map(str, range(1, 13))], {"1": 0, "10": 9, "12": 11}, {"1", "10", "12"}),
        (["0", "1", "2"], {"0": 0, "1": 1, "2": 2}, set()),
        (["cat", "dog", "2024"], {"cat": 0, "1": 1, "2024": 2}, {"1", "2024"}),
        (["cat", "dog", "owl"], {"cat": 0, "1": 1}, set()),
        ([], {"0": 0, "2": 2}, set()),
    ],
)
def test_a_class_is_asked_for_by_name_or_number(names, labels, telling, capsys):
    """A name comes before a number, and stderr tells the class wherever a name is a number."""
    sampler, about = SimpleNamespace(class_count=len(names) or 3), {"class_names": names}
    about = about if names else None
    for text, label in labels.items():
        assert class_of(text, sampler, about) == label
        told = capsys.readouterr().err
        assert bool(told) == (text in telling), text
        assert not told or names[label] in told
    assert class_of(None, sampler, about) is None


def test_a_number_that_two_classes_have_is_refused_with_both():
    sampler, about = SimpleNamespace(class_count=3), {"class_names": ["01", "02", "03"]}
    assert class_of("02", sampler, about) == 1
    with pytest.raises(click.UsageError, match=r"(?=.*02)(?=.*03)"):
        class_of("2", sampler, about)


def test_a_class_that_the_gan_does_not_have_is_refused():
    sampler, about = SimpleNamespace(class_count=3), {"class_names": ["2", "1", "a cat"]}
    for given, known in (("3", about), ("dog", None), ("-1", {"data": "elsewhere"})):
        with pytest.raises(click.UsageError, match=f"from 0 to 2 for this GAN; received {given}"):
            class_of(given, sampler, known)
    assert class_of("trouser", SimpleNamespace(class_count=10), {"data": "sample"}) == 1


def test_the_labels_of_other_data_are_those_of_the_run_by_name(tmp_path):
    names = ["ant", "bee", "cat"]
    for name in names:
        images_in(tmp_path / name, count=10)
    settings = {"class_names": ["cat", "ant"], "data": "elsewhere"}
    asked = {"data_set": tmp_path, "folder": None, "image_size": SIDE, "channels": 1}
    labels = np.concatenate([labels for _, labels in load_for(settings, **asked)])
    assert sorted(labels.tolist()) == [-1] * 10 + [0] * 10 + [1] * 10
    (_, own), _ = load_for(None, **asked)
    assert names[own[0]] == "ant" and load_for(settings, **asked)[0][1][0] == 1


def test_a_grown_folder_holds_out_nothing_that_its_run_was_trained_on(tmp_path, capsys):
    pictures = images_in(tmp_path / "pictures", count=60)
    (train, _), _ = data.load(pictures, image_size=SIDE)
    settings = {"data": str(pictures), "images": fingerprint(train)}
    asked = {"folder": None, "image_size": SIDE, "channels": 1}
    load_for(settings, data_set=pictures, **asked)
    assert capsys.readouterr().err == ""
    for number, image in enumerate(np.random.default_rng(1).integers(0, 256, (18, SIDE, SIDE))):
        # Its name is among those of the others.
        Image.fromarray(image.astype(np.uint8)).save(pictures / f"0{number}b.png")
    with pytest.raises(ValueError, match="--data"):
        load_for(settings, data_set=None, **asked)
    (now, _), (held_out, _) = load_for(settings, data_set=pictures, **asked)
    assert capsys.readouterr().err and len(now) + len(held_out) == 78
    assert not {image.tobytes() for image in train} & {image.tobytes() for image in held_out}


def test_a_new_run_reads_a_folder_as_its_source_did(tmp_path):
    """Otherwise other images would be held out, some of which the source was trained on."""
    of_source = {"pad": True, "ground": "black"}
    for asked, ground in ((None, "black"), ("white", "white")):
        settings = read_alike(RunSettings(data=str(tmp_path), ground=asked), of_source)
        assert settings.pad and settings.ground == ground
    assert read_alike(RunSettings(), of_source) == RunSettings()  # of a data set


def test_a_file_in_the_folder_of_its_run_was_trained_on_the_same(tmp_path):
    run = runs.RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.note({"data": "pictures", "pad": True}, versions={})
    models = run.gan, run.best, run.generator
    for path in (*models, tmp_path / "other.keras", run.path / "source.keras"):
        path.touch()
    assert all(runs.trained_on(path) == runs.trained_on(run.path) for path in models)
    assert runs.trained_on(run.best)["pad"]
    assert runs.trained_on(tmp_path / "other.keras") is None
    assert runs.trained_on(run.path / "source.keras") is None
    run.settings.write_text('{"seed": 3}')  # of a trial of a search
    assert runs.trained_on(run.best) is None


def test_a_run_among_the_images_is_refused(tmp_path, refused):
    images = images_in(tmp_path / "images", count=4)
    for name in ("train", "sweep"):
        said = refused(name, "--data", images, "--run-dir", images / "runs" / "first")
        assert "would be images to train on" in " ".join(said.split()), said


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_a_finished_run_without_checkpoints_is_not_begun_again(tmp_path, source, refused):
    run = runs.RunFolder(tmp_path)
    run.note({"preset": "fine_tuned"}, versions={})
    run.save(runs.load_model(source))
    said = " ".join(refused("train", "--run-dir", tmp_path).split())
    assert "no checkpoint to continue from" in said and f"--from {run.gan}" in said


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_training_goes_on_from_a_file(tmp_path, source, capsys, refused):
    images, run = images_in(tmp_path / "images", count=40), tmp_path / "run"
    moving = shutil.copy(source, tmp_path / "moving.keras")
    asked = ["--data", images, "--from", moving, "--freeze-discriminator", 1, "--run-dir", run]
    asked += ["--batch-size", 8, "--features", "sliced", "--steps-per-epoch", 1]
    too_many = refused("train", *asked, "--freeze-discriminator", 99, "--epochs", 1)
    assert "99" in too_many
    assert not {"settings.json", "source.keras"} & {path.name for path in run.iterdir()}
    assert command("train", *asked, "--epochs", 1) == 0
    settings = runs.RunFolder(run).read_settings()
    assert settings["source"] == runs.checksum(runs.load_model(source))
    assert settings["image_shape"] == [SIDE, SIDE, 1] and settings["class_count"] == 1
    gan = runs.open_model(run)
    assert not next(layer for layer in gan.discriminator.layers if layer.weights).trainable
    moving.unlink()  # the run has a copy
    assert command("train", *asked, "--epochs", 2) == 0
    assert runs.RunFolder(run).epochs_done() == 2
    assert "Going on" in capsys.readouterr().out
    small_gan().save(tmp_path / "other.keras")
    other = [tmp_path / "other.keras" if word is moving else word for word in asked]
    assert "source was" in refused("train", *other, "--epochs", 3)


class Two:
    """A worker of two, of which the chief says what it knows."""

    count, said = 2, []

    def __init__(self, is_chief):
        self.is_chief = is_chief

    def all_gather_text(self, text):
        if self.is_chief:
            self.said[:] = [text, "null"]
        return self.said

    def barrier(self):
        self.said.append("left")


def test_workers_go_on_with_what_the_chief_finds_in_the_folder(tmp_path):
    run, nothing = runs.RunFolder(tmp_path / "run"), runs.RunFolder(tmp_path / "of the other")
    (run.path / "checkpoints").mkdir(parents=True)
    began = {"batch_size": 8, "steps_per_epoch": 100, "features": "sliced"}
    run.note(began | {"pad": True, "ground": "black"}, versions={})
    (run.path / "checkpoints" / "epoch-00002.npz").touch()
    asked = RunSettings(steps_per_epoch=7, ground="white")
    for worker, folder in ((Two(is_chief=True), run), (Two(is_chief=False), nothing)):
        resumed = asked.resumed(kept_by(folder, worker))
        found = {"batch_size": 8, "features": "sliced", "pad": True}
        assert resumed == dataclasses.replace(asked, **found)
    (run.path / "checkpoints" / "epoch-00002.npz").unlink()
    run.gan.touch()
    for worker, folder in ((Two(is_chief=True), run), (Two(is_chief=False), nothing)):
        with pytest.raises(ValueError, match="no checkpoint to continue from"):
            kept_by(folder, worker)
        assert worker.said.pop() == "left"


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_a_trained_gan_comes_before_a_folder_that_holds_no_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fashion").mkdir()
    images = tmp_path / "images"
    images.mkdir()
    for number, image in enumerate(data.load("sample")[0][0][:40]):
        Image.fromarray(image).save(images / f"{number}.png")
    asked = ["--from", "fashion", "--data", images, "--features", "sliced", "--steps-per-epoch", 1]
    for _ in range(2):  # the second goes on, without a step
        assert command("train", *asked, "--epochs", 1, "--run-dir", "run") == 0
    assert runs.RunFolder("run").read_settings()["from"] == "fashion"


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_a_run_with_a_new_generator_goes_on(tmp_path, source, refused):
    images, run = images_in(tmp_path / "images", count=40), tmp_path / "run"
    asked = ["--data", images, "--from", source, "--run-dir", run, "--batch-size", 8]
    asked += ["--features", "sliced", "--steps-per-epoch", 1]
    assert command("train", *asked, "--new-generator", "--epochs", 1) == 0
    made, began = (one.generator.get_weights() for one in map(runs.open_model, (run, source)))
    assert max(np.abs(a - b).max() for a, b in zip(made, began, strict=True)) > 0.1
    assert "new_generator was True" in refused("train", *asked, "--epochs", 2)
    assert command("train", *asked, "--new-generator", "--epochs", 2) == 0
    assert runs.RunFolder(run).epochs_done() == 2


@pytest.mark.slow
def test_a_source_that_goes_on_meanwhile_is_kept_as_the_run_began_with_it(tmp_path, source):
    folder = runs.RunFolder(tmp_path / "run")
    moving = shutil.copy(source, tmp_path / "moving.keras")
    settings = {"from": str(moving), "source": runs.checksum(runs.load_model(moving))}
    folder.path.mkdir()
    folder.keep_source(settings)
    small_gan(class_count=3).save(moving)
    folder.keep_source(settings)
    assert runs.checksum(runs.load_model(folder.source)) == settings["source"]
    folder.clear({})  # of a run that was killed here, so nothing is in the way of another one
    assert not folder.source.exists()
    with pytest.raises(ValueError, match="is not the GAN that the run began with"):
        folder.keep_source(settings)


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_by_the_clock_an_epoch_of_few_images_has_a_hundred_steps(tmp_path, source):
    images, run = images_in(tmp_path / "images", count=40), tmp_path / "run"
    asked = ["--data", images, "--from", source, "--run-dir", run, "--features", "sliced"]
    assert command("train", *asked, "--minutes", 0.001) == 0
    settings = runs.RunFolder(run).read_settings()
    assert settings["steps_per_epoch"] == 100 and settings["epochs"] is None
    assert 1 <= runs.open_model(run).step.numpy() < 100  # the clock cut the first epoch
    assert command("train", *asked, "--epochs", 1) == 0  # the same run, which has its epoch


@pytest.mark.slow
def test_what_does_not_go_together_is_refused(tmp_path, source, refused):
    assert "leave --preset" in refused("train", "--from", source, "--preset", "modern")
    assert "--bfloat16 out" in refused("train", "--from", source, "--bfloat16")
    assert "give --from too" in refused("train", "--freeze-discriminator", 1)
    assert "leave --of-class out" in refused("invert", source, "--check", 9, "--of-class", 1)
    assert "leave them out" in refused("invert", source, "--image", "a.png", "--data", "sample")
    (tmp_path / "shirt.json").write_text("[]")
    said = refused("invert", "fashion", "--image", "a.png", "--out", tmp_path / "shirt.png")
    assert "shirt.json exists" in said
    said = refused("sample", "--from", source, "--codings", "a.json", "--seed", 3)
    assert "leave --count, --seed" in said
    assert "--new-generator is for a run that goes on" in refused("train", "--new-generator")
    assert "makes images of shape (16, 16, 1)" in refused("train", "--from", source)
    runs.load_model(source).generator.save(tmp_path / "generator.keras")
    said = refused("train", "--from", tmp_path / "generator.keras")
    assert "holds a generator alone" in said


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.parametrize("several", ["--devices", "--workers"])
def test_several_devices_go_on_as_one_does(tmp_path, compiled_source, several):
    source = compiled_source
    images, ends = images_in(tmp_path / "images", count=40), []
    for name, options in (("one", ["--devices", 1]), ("two", [several, 2])):
        asked = ["--data", images, "--from", source, "--run-dir", tmp_path / name]
        asked += ["--batch-size", 8, "--features", "sliced", "--epochs", 1, *options]
        ended = finish(gan_model("train", *asked))
        assert ended.returncode == 0, ended.stderr
        ends.append(runs.open_model(tmp_path / name))
    before = runs.load_model(source).generator.get_weights()
    one, two = (gan.generator.get_weights() for gan in ends)
    assert max(np.abs(a - b).max() for a, b in zip(one, before, strict=True)) > 1e-3
    # Rounding, which Adam enlarges where a gradient is near 0: each step moves a weight by 1e-3.
    assert max(np.abs(a - b).max() for a, b in zip(one, two, strict=True)) < 2e-4
