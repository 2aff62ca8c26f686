"""What a person at the keyboard sees: of each script, and of `make`."""

import csv
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from processes import (
    PATIENCE,
    REPOSITORY,
    SIDE,
    environment,
    finish,
    forked,
    gan_model,
    images_in,
    invoke,
    one_cache,
    start,
    train,
    without_graphs,
)
from processes import wait_for as wait
from untrained_features import untrained

from gan_model import GAN, data, features, metrics, runs
from gan_model.callbacks.checkpoints import saved
from gan_model.commands.local_workers import free_ports
from gan_model.data.images import fingerprint
from gan_model.presets import choosing

_PYTHON_FILES = (REPOSITORY / "experiments").glob("*.py")
# The others are what scripts share or are made of.
SCRIPTS = sorted(path for path in _PYTHON_FILES if "__main__" in path.read_text())
MAPS = Path("/proc/self/maps")
NOISE = re.compile(r"tensorflow|cuda|onednn|cpu|gpu|xla|warning|absl|^[IWE]0000", re.I | re.M)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder of 40 images: 36 to train on, 4 held out."""
    return images_in(tmp_path_factory.mktemp("data") / "images", count=40)


@pytest.fixture(scope="module", autouse=True)
def cache_in_temporary_folder(tmp_path_factory):  # one for all commands
    with one_cache(tmp_path_factory):
        yield


@pytest.fixture(scope="module")
def finished(images, tmp_path_factory):
    """A short run, its command and what it said."""
    run_dir = tmp_path_factory.mktemp("finished") / "run"
    line = train(images, run_dir, "--preset", "dense", "--epochs", 2)
    return run_dir, line[3:], finish(line)  # in a process of its own: TensorFlow's lines are in it


def complaint(*words, **options):
    """The one line on stderr with which a command ends that was given wrong values."""
    ended = invoke(*words, **options)
    assert (ended.exit_code, ended.stdout) == (2, ""), ended.output
    assert ended.stderr.count("\n") == 1 and ended.stderr.endswith("\n"), ended.stderr
    name, message = ended.stderr.split(": ", 1)
    assert name == f"gan-model {words[0]}"
    return message


def said(*words, **options):
    """What a command prints that goes well."""
    ended = invoke(*words, **options)
    assert (ended.exit_code, ended.stderr) == (0, ""), ended.output
    return ended.stdout


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


# Help, without TensorFlow.


@pytest.mark.slow
def test_help_comes_at_once_without_tensorflow(tmp_path):
    for module in ("tensorflow", "keras"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('it was imported')\n")
    code = """if True:
        import contextlib, io, runpy, sys
        for path in sys.argv[1:]:
            sys.argv = [path, "--help"]
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                try:
                    runpy.run_path(path, run_name="__main__")
                except SystemExit as end:
                    assert not end.code, (path, end)
            assert shown.getvalue().lower().startswith("usage: "), (path, shown.getvalue())
    """
    paths = os.pathsep.join([str(tmp_path), str(SCRIPTS[0].parent), str(REPOSITORY)])
    ended = subprocess.run(
        [sys.executable, "-c", code, *SCRIPTS],
        capture_output=True,
        text=True,
        env=environment() | {"PYTHONPATH": paths},
        timeout=PATIENCE,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def make():
    told = dict(cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE)
    return subprocess.run(["make"], **told)


def test_make_alone_lists_the_verbs():
    ended = make()
    assert (ended.returncode, ended.stderr) == (0, "")
    for verb in ("train", "sample", "board", "test", "quick", "bench", "lint", "check", "clean"):
        assert re.search(rf"^  make {verb} +\w+", ended.stdout, re.MULTILINE), verb


# Of a shell that has them for other programs. `make` takes none of them.
_OF_THE_SHELL = dict.fromkeys("DATA PRESET SEED RUN OUT EPOCHS COUNT WORKERS ARGS".split(), "7")


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["train"], "train"),
        (["train", "DATA=a 'b\" $(c)"], "train --data"),
        (["train", "ARGS=--data pics"], "train --data pics"),
        (["train", "PRESET=dense", "SEED=1", "RUN=a b"], "train --preset dense --seed 1 --run-dir"),
        (["train", "ARGS=--from x.keras"], "train --from x.keras"),
        (["sample"], "sample runs/modern-sample"),
        (["sample", "COUNT=3", "OUT=x.npz"], "sample runs/modern-sample --count 3 --out x.npz"),
        (["sample", "RUN=runs/a"], "sample runs/a"),
        (["sample", "ARGS=--from gan.keras"], "sample --from gan.keras"),
        (["sample", "DATA=mnist", "PRESET=dense"], "sample runs/dense-mnist"),
        (["sample", "DATA=../nowhere/pics/"], "sample runs/suited-pics"),
        (["evaluate", "DATA=."], f"evaluate runs/suited-{REPOSITORY.name}"),
        (["sweep"], "sweep"),
        (["sweep", "PRESET=dense", "TRIALS=2"], "sweep --preset dense --trials 2"),
    ],
)
def test_make_passes_on_what_is_typed_and_nothing_of_the_shell(words, typed):
    # MAKEFLAGS would hold the settings of a `make test` that runs this.
    env = {"PATH": os.environ["PATH"], **_OF_THE_SHELL}
    dry = ["make", "--dry-run", *(word.replace("$", "$$") for word in words)]
    made = subprocess.run(dry, cwd=REPOSITORY, capture_output=True, text=True, env=env)
    line = made.stdout[made.stdout.index("gan-model") :].replace("\\\n", " ")
    values = [word[5:] for word in words if word.startswith("DATA=a ")]
    values += [word[4:] for word in words if word == "RUN=a b"]
    assert shlex.split(line) == ["gan-model", *typed.split(), *values], made


def test_make_takes_a_python_in_a_folder_with_a_space():
    dry = ["make", "--dry-run", "--always-make", ".venv/ready", "PYTHON=/a b/python3"]
    env = {"PATH": os.environ["PATH"]}
    made = subprocess.run(dry, cwd=REPOSITORY, capture_output=True, text=True, env=env)
    assert made.stdout.count('"/a b/python3" -') == 2, made


def test_every_verb_of_make_is_listed():
    text = (REPOSITORY / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()
    listed = make()
    assert set(re.findall(r"^  make (\w+)", listed.stdout, re.MULTILINE)) == set(phony)


# Wrong values: one line each.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--preset dcgna", "Invalid value for '--preset': 'dcgna' is not one of"),
        ("--data fashion_mnits", "Unknown data 'fashion_mnits'. Did you mean 'fashion_mnist'?"),
        (
            "--preset dcgan --batch-size 37",
            "36 images do not fill one batch of 37. Use a smaller batch",
        ),
        ("--preset dcgan --image-size 15", "`presets.dcgan` makes images whose height and width"),
        ("--seed 99999999999999999999999", ""),
    ],
    ids=lambda value: value[:30],
)
def test_what_does_not_go_together_is_one_line_and_leaves_no_run(
    images, tmp_path, options, message
):
    words = train(images, tmp_path / "run", "--epochs", 1, *options.split())[3:]
    assert complaint(*words, cwd=tmp_path).startswith(message)
    assert not (tmp_path / "run" / "settings.json").exists()


@pytest.mark.slow
def test_what_sample_cannot_read_is_one_line(tmp_path):
    (tmp_path / "bad.keras").write_text("a text\n")
    for options, message in (
        (
            ["no run"],
            "There is no run, no .keras file and no trained GAN no run. The trained ones are",
        ),
        (["--from", "gone.keras"], "There is no file gone.keras."),
        (["--from", "bad.keras"], "bad.keras cannot be read as a Keras model: "),
    ):
        assert complaint("sample", *options, cwd=tmp_path).startswith(message)


# A run that goes well.


@pytest.mark.slow
def test_a_run_is_quiet_and_names_what_it_made(finished):
    run_dir, _, ended = finished
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r"^epoch 2/2   .* s$", ended.stdout, re.MULTILINE)
    assert f"{run_dir}/samples/training.gif" in ended.stdout
    figures = re.search(r"^Last epoch:  number 2, (.*)$", ended.stdout, re.MULTILINE)[1]
    assert re.search(r"generator_loss \d+\.\d{3},$", figures)
    for name in ("gan.keras", "generator.keras", "samples/training.gif", "samples/epoch-00002.png"):
        assert (run_dir / name).stat().st_size > 0, name
    spoken = ended.stdout.replace(str(run_dir), "").replace(sys.prefix, "")
    assert not NOISE.search(re.sub(r"^Dashboard: .*$", "", spoken, flags=re.MULTILINE))


@pytest.mark.slow
def test_the_commands_that_a_run_names_exist(finished):
    run_dir, _, ended = finished
    here = os.getcwd()
    dashboard = shlex.split(re.search(r"^Dashboard: +(.*)$", ended.stdout, re.MULTILINE)[1])
    assert os.path.samefile(os.path.join(here, dashboard[0]), sys.executable)
    assert dashboard[1:] == ["-m", "gan_model", "board", str(run_dir / "tensorboard")]
    assert list((run_dir / "tensorboard").rglob("events.out.tfevents.*"))
    sample = shlex.split(re.search(r"^More images: +(.*)$", ended.stdout, re.MULTILINE)[1])
    assert os.path.samefile(os.path.join(here, sample[0]), sys.executable)
    assert sample[1:4] == ["-m", "gan_model", "sample"]
    assert sample[4:] == [str(run_dir), "--out", "more.png"]


@pytest.mark.slow
def test_a_finished_run_says_so_and_stays_the_same(finished):
    run_dir, words, first = finished
    kept = ("settings.json", "history.csv", "samples/", "checkpoints/")
    before = {name: made for name, made in digests(run_dir).items() if name.startswith(kept)}
    weights = keras.models.load_model(run_dir / "gan.keras").get_weights()
    again = said(*words)
    assert again.startswith("This run has its 2 epochs. For more: --epochs 4\n")
    assert "epoch 2/2" not in again
    reports = [text[text.index("Last epoch") :] for text in (first.stdout, again)]
    assert reports[1] == re.sub(r"(?m)^(\w[\w ]*: +).*-m gan_model", r"\1gan-model", reports[0])
    after = digests(run_dir)
    assert before == {name: made for name, made in after.items() if name.startswith(kept)}
    for old, new in zip(
        weights, keras.models.load_model(run_dir / "gan.keras").get_weights(), strict=True
    ):
        assert np.array_equal(old, new)


@pytest.mark.slow
def test_a_run_whose_newest_checkpoint_is_damaged_goes_on(finished, tmp_path):
    run_dir, words, _ = finished
    again = shutil.copytree(run_dir, tmp_path / "run")
    os.truncate(saved(again / "checkpoints")[-1], 1000)
    ended = invoke(*(str(again) if one == str(run_dir) else one for one in words))
    assert ended.stdout.startswith("Going on with the run in ") and "epoch 2/2 " in ended.stdout
    assert "is damaged" in ended.stderr or "no readable checkpoint" in ended.stderr


@pytest.mark.slow
def test_other_settings_are_one_line_and_change_nothing(finished):
    run_dir, words, _ = finished
    before = digests(run_dir)
    message = complaint(*words, "--seed", "1", "--epochs", "3")
    assert "seed was 0, now 1" in message and "epochs" not in message.replace("epoch was", "")
    assert digests(run_dir) == before


# Several devices.


@pytest.mark.slow
@pytest.mark.soak
def test_a_run_of_two_devices_goes_on_with_one(images, tmp_path):
    options = "--preset", "dense", "--features", "sliced"
    two = train(images, tmp_path, *options, "--epochs", 1, "--devices", 2)
    one = train(images, tmp_path, *options, "--epochs", 2)
    for line in (two, one):
        ended = finish(line, starting=forked)
        assert (ended.returncode, ended.stderr) == (0, ""), ended
    assert ended.stdout.startswith("Going on with the run") and "epoch 2/2" in ended.stdout
    assert int(keras.models.load_model(tmp_path / "gan.keras").step) == 2 * (36 // 8)


# Ctrl-C.


@pytest.mark.slow
def test_ctrl_c_ends_a_run_and_the_command_it_names_goes_on(images, tmp_path):
    run_dir = tmp_path / "a run"
    line = train(images, run_dir, "--preset", "dense", "--epochs", 6, "--steps-per-epoch", 30)
    with forked(line, cwd=tmp_path) as process:
        wait(lambda: len(saved(run_dir / "checkpoints")) > 1, process)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors + output
    assert errors.count("\n") == 2 and " train: stopped. Finished epochs are kept" in errors
    epoch = runs.RunFolder(run_dir).epochs_done()
    assert 2 <= epoch < 6

    sampled_early = tmp_path / "early.npz"
    said("sample", run_dir, "--out", sampled_early)
    assert len(np.load(sampled_early)["images"]) == 25

    to_go_on = shlex.split(errors.split("to go on: ")[1])
    assert os.path.samefile(os.path.join(tmp_path, to_go_on[0]), sys.executable)
    assert to_go_on[1:3] == ["-m", "gan_model"]
    shown = said(*to_go_on[3:], cwd=tmp_path)
    assert re.match(rf"Going on with the run in .*\.\nepoch +{epoch + 1}/6 ", shown)
    assert len(re.findall("^epoch ", shown, re.MULTILINE)) == 6 - epoch


@pytest.mark.slow
@pytest.mark.skipif(not MAPS.exists(), reason="it takes Linux to see what a process has loaded")
@pytest.mark.parametrize("library", [pytest.param("numpy", marks=pytest.mark.soak), "tensorflow"])
def test_ctrl_c_while_it_starts_is_as_plain(images, tmp_path, library):
    line = train(images, tmp_path / "run", "--preset", "dense")
    with start(line) as process:
        maps = Path(str(MAPS).replace("self", str(process.pid)))
        wait(lambda: library in maps.read_text(), process)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    assert output == ""
    assert " train: stopped. " in errors and errors.count("\n") == 2, errors


# Images from a trained GAN.


@pytest.mark.slow
def test_a_run_its_gan_and_its_generator_give_the_same_images(finished, tmp_path):
    run_dir, *_ = finished
    made = []
    for source in (
        [run_dir],
        ["--from", run_dir / "gan.keras"],
        ["--from", run_dir / "generator.keras"],
    ):
        out = tmp_path / f"{len(made)}.npz"
        shown = said("sample", *source, "--count", 70, "--seed", 4, "--out", out)
        assert shown == f"70 images in {out}\n"
        with np.load(out) as file:
            assert file.files == ["images"]
            made.append(file["images"])
    assert made[0].dtype == np.uint8 and made[0].shape == (70, SIDE, SIDE, 1)
    assert len(np.unique(made[0], axis=0)) == 70
    assert np.array_equal(made[0], made[1]) and np.array_equal(made[0], made[2])
    assert np.array_equal(
        made[0], keras.models.load_model(run_dir / "gan.keras").generate(70, seed=4)
    )


@pytest.mark.slow
def test_a_grid_and_a_walk_are_pictures(finished, tmp_path):
    run_dir, *_ = finished
    for name in ("grid.png", "walk.gif"):
        shown = said("sample", run_dir, "--count", 4, "--out", name, cwd=tmp_path)
        assert shown == f"4 images in {name}\n"
    with Image.open(tmp_path / "grid.png") as grid, Image.open(tmp_path / "walk.gif") as walk:
        assert grid.size == walk.size and grid.width >= 2 * SIDE
        assert getattr(grid, "n_frames", 1) == 1 and walk.n_frames > 20


@pytest.mark.slow
def test_the_images_have_channels_also_where_the_generator_makes_none(tmp_path):
    layers = keras.layers.Dense(20, activation="sigmoid"), keras.layers.Reshape((4, 5))
    keras.Sequential([keras.Input((3,)), *layers]).save(tmp_path / "generator.keras")
    said("sample", "--from", "generator.keras", "--count", 2, "--out", "two.npz", cwd=tmp_path)
    assert np.load(tmp_path / "two.npz")["images"].shape == (2, 4, 5, 1)


# Classes, from training to images.


@pytest.fixture(scope="module")
def by_folder(tmp_path_factory):
    """A short run on two classes, ended by the clock: its place, its command, what it printed."""
    place, rng = tmp_path_factory.mktemp("by folder"), np.random.default_rng(0)
    for name in ("left", "right"):
        (place / "pictures" / name).mkdir(parents=True)
        for number in range(60):
            pixels = rng.integers(0, 256, (16, 24, 4), np.uint8)
            Image.fromarray(pixels).save(place / "pictures" / name / f"{number}.png")
    words = "train", "--data", "pictures", "--minutes", 0.01, "--steps-per-epoch", 4
    # As few images as that take no classes by default, and no time.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "LEAST_IN_CLASS", 50)
        with without_graphs():
            shown = said(*words, cwd=place)
        yield place, words, shown


@pytest.fixture(scope="module")
def by_class(tmp_path_factory):
    """A run of a GAN with the classes of the sample, as one that has just begun."""
    folder = runs.RunFolder(tmp_path_factory.mktemp("by class") / "run")
    images = fingerprint(data.load("sample")[0][0])
    folder.path.mkdir()
    folder.note({"data": "sample", "images": images, "image_shape": (28, 28), "class_count": 10})
    codings, labels = keras.Input((4,)), keras.Input((), dtype="int32")
    named = keras.layers.Embedding(10, 28 * 28)(labels) + keras.layers.Dense(28 * 28)(codings)
    made = keras.layers.Reshape((28, 28, 1))(keras.layers.Activation("tanh")(named))
    pixels = keras.Input((28, 28, 1))
    logits = [keras.layers.Dense(size)(keras.layers.Flatten()(pixels)) for size in (1, 10)]
    networks = keras.Model([codings, labels], made), keras.Model(pixels, logits)
    gan = GAN(*networks, class_count=10)
    gan.compile(run_eagerly=True)
    folder.save(gan)
    return folder.path


@pytest.mark.slow
def test_a_run_with_classes_ends_by_the_clock_and_is_over(by_folder, tmp_path):
    place, words, shown = by_folder
    run_dir = place / "runs" / "suited-pictures"
    assert re.search(r"^epoch 1   .* s$", shown, re.MULTILINE)  # not: of a million
    with open(run_dir / "time.csv", newline="") as file:
        assert float(list(csv.DictReader(file))[-1]["seconds"]) >= 0.6
    again = said(*words, cwd=place)
    assert "This run has its 0.01 minutes. For more: --minutes " in again
    made = tmp_path / "made.npz"
    said("sample", run_dir, "--of-class", 1, "--count", 3, "--out", made)
    with np.load(made) as arrays:
        assert arrays["images"].shape == (3, 16, 24, 3) and arrays["labels"].tolist() == [1] * 3


@pytest.mark.slow
def test_images_of_a_class(by_class, tmp_path):
    for chosen, labels in ((["--of-class", "3"], [3] * 12), ([], [*range(10), 0, 1])):
        made = tmp_path / f"{len(chosen)}.npz"
        said("sample", by_class, "--count", 12, "--out", made, *chosen)
        with np.load(made) as arrays:
            assert arrays["images"].shape == (12, 28, 28, 1)
            assert arrays["labels"].tolist() == labels
    assert said("sample", by_class, "--out", tmp_path / "grid.png").startswith("80 images in ")
    refused = complaint("sample", by_class, "--of-class", 10, "--out", tmp_path / "none.png")
    assert "--of-class is from 0 to 9 for this GAN; received 10" in refused


@pytest.mark.slow
def test_each_class_is_measured_by_itself(by_class, tmp_path):
    figures = tmp_path / "figures.json"
    asked = "--seeds", 1, "--count", 60, "--json", figures, "--out", tmp_path
    shown = said("evaluate", by_class, *asked)
    assert "By class, against the held-out images of that class alone" in shown
    rows = json.loads(figures.read_text())["by_class"]
    assert [row["class"] for row in rows] == list(range(10)) and rows[7]["name"] == "sneaker"
    assert {row["count"] for row in rows} == {60}
    assert all(row["floor"]["fid_fashion"] < row["readings"]["fid_fashion"] for row in rows)
    assert all(0 <= row["as_asked"] <= 1 for row in rows)
    (train_images, _), held_out = data.load("sample")
    real, labels = (data.images.random_subset(each, 60) for each in held_out)
    reference = metrics.Reference(metrics.measures(real, training=train_images), real)
    gan = keras.models.load_model(by_class / "gan.keras")
    # All together, each class has the share that it has of the real images.
    expected = reference.compare(gan.generate(60, labels=labels)[..., 0])
    (reading,) = json.loads(figures.read_text())["readings"]
    assert reading == pytest.approx(expected)


@pytest.mark.slow
def test_a_folder_alone_is_enough(by_folder):
    """What is not asked for follows from the images, and one line says so."""
    place, _, shown = by_folder
    chosen = shown.splitlines()[0]
    (images, labels), _ = data.load(place / "pictures")
    assert 100 <= len(images) <= 116 and np.bincount(labels).min() >= 50
    of = f"Chosen: {len(images)} images of 16 x 24 in colour, modern_conditional (2 class"
    assert chosen.startswith(of)
    assert "transparent parts are white" in chosen
    folder = place / "runs" / "suited-pictures"
    settings = json.loads((folder / "settings.json").read_text())["settings"]
    assert settings["preset"] == "modern_conditional" and settings["image_shape"] == [16, 24, 3]
    assert settings["image_count"] == len(images) and settings["class_count"] == 2
    assert "as too few images are held out" in " ".join(shown.split())
    assert "All numbers:" not in shown  # `evaluate` would refuse them too


@pytest.mark.slow
def test_a_run_is_measured_in_the_features_of_another(tmp_path):
    images = images_in(tmp_path / "pictures", count=220)  # 22 are held out
    learned = untrained((SIDE, SIDE, 1))
    learned.save(tmp_path / "other.npz")
    asked = "--preset", "dense", "--steps-per-epoch", 2, "--epochs", 1
    words = train(images, tmp_path / "run", *asked)[3:]
    with without_graphs():
        first = said(*words, "--features", tmp_path / "other.npz")
        assert f"fid_{learned.name}" in first
        assert features.from_file(tmp_path / "run" / "features.npz").name == learned.name
        longer = said(*words[:-1], 2)  # the last option is the epochs
    assert f"fid_{learned.name}" in longer


@pytest.mark.slow
def test_the_board_serves_until_ctrl_c_and_only_tensorboard_speaks(tmp_path):
    (port,) = free_ports(1)
    with start(gan_model("board", tmp_path, "--port", port)) as process:
        wait(lambda: answers(f"http://localhost:{port}/"), process)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, 130) and "Traceback" not in output + errors
    shown = [line for line in errors.splitlines() if NOISE.search(line)]
    assert all(
        re.match(r"TensorBoard \d|.*github\.com/tensorflow/tensorboard", one) for one in shown
    )


def answers(address):
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status == 200
    except OSError:
        return False
