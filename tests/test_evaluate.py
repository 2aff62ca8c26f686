"""The command that measures: what it prints, draws and keeps, of runs, models and image sets."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from dense_gan import dense_gan
from PIL import Image
from processes import SIDE, images_in, invoke, one_cache
from test_data_sources import idx

from gan_model import data, runs, text
from gan_model.commands.evaluation import Evaluation, load_compared, open_subject
from gan_model.data.images import fingerprint
from gan_model.data.reading import IDX_FILES
from gan_model.metrics import Direction, Kind, Metric, report
from gan_model.metrics.copying import Copies

PREFIX = "gan-model evaluate: "
FIRST_LINES = "{what} against held-out images of {data}\nn = {n} generated and {n} held-out images"


@pytest.fixture(scope="module", autouse=True)
def cache_in_temporary_folder(tmp_path_factory):
    with one_cache(tmp_path_factory):
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run on 200 images, 20 of them held out, and the images."""
    folder = tmp_path_factory.mktemp("run")
    images = images_in(folder / "images")
    asked = ["--preset", "dense", "--batch-size", 8, "--epochs", 1, "--validate-every", 2]
    ended = invoke("train", "--data", images, *asked, "--run-dir", folder / "run")
    assert ended.exit_code == 0, ended.stderr
    return folder / "run", images


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """A set that is nothing but training images of the sample, 300 of one class: shoes."""
    (images, labels), _ = data.load("sample")
    path = tmp_path_factory.mktemp("copies") / "copies.npz"
    np.savez(path, images=images[labels == 7][:300, ..., None])
    return path


@pytest.fixture(scope="module")
def measured(run, tmp_path_factory):
    """What the command prints of the run, and what it writes as JSON."""
    file = tmp_path_factory.mktemp("measured") / "figures.json"
    ended = evaluate(run[0], "--json", file, cwd=file.parent)
    assert (ended.exit_code, ended.stderr) == (0, "")
    return ended.stdout, json.loads(file.read_text()), file.parent


def evaluate(*options, cwd):
    return invoke("evaluate", *options, cwd=cwd)


def row(output, name):
    """Mean, spread, floor and noise of a number, as text."""
    line = re.search(rf"^  {name}  .*$", output, re.MULTILINE)[0]
    return re.split(r" {2,}", line.strip())[1:]


def assert_is_picture(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG" and picture.width == 800


# Of a run.


@pytest.mark.slow
def test_a_run_needs_nothing_but_its_folder(run, measured):
    (run_dir, images), (output, figures, here) = run, measured
    what = f"{run_dir} (last weights)"
    assert output.startswith(FIRST_LINES.format(what=what, data=images, n=20) + ", seeds 0 to")
    assert "features pixels, checksum 8x8" in output.splitlines()[1]
    for name in ("swd", "fid_pixels", "kid_pixels", "recall_pixels"):
        assert len(row(output, name)) == 4, name
    assert all("±" in row(output, "kid_pixels")[place] for place in (0, 2, 3))
    assert "to 180 training images in pixels, checksum 8x8" in output
    assert "kid_pixels_error" not in output and "Classes" not in output
    assert_is_picture(run_dir / "evaluation" / "neighbours.png")
    assert not (here / "evaluation").exists()

    assert figures["count"] == 20 and figures["weights"] == "last"
    distances = [reading["swd"] for reading in figures["readings"]]
    assert len(set(distances)) == 3, "each seed makes other images"
    mean, spread, floor, _ = row(output, "swd")
    assert mean == text.number(np.mean(distances))
    assert spread == f"{text.number(min(distances))} to {text.number(max(distances))}"
    assert floor == text.number(figures["floor"]["swd"])
    assert figures["copying"]["counts"] == [20, 20, 180]
    assert set(figures["versions"]) == {"gan-model", "tensorflow", "keras", "numpy"}


@pytest.mark.slow
def test_a_run_remembers_the_folder_of_a_named_data_set(tmp_path):
    mnist = tmp_path / "mn"
    mnist.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)
    labels = images[:, 0, 0] % 10
    splits = images[:40], labels[:40], images[40:], labels[40:]
    for name, array in zip(IDX_FILES, splits, strict=True):
        (mnist / name).write_bytes(idx(array))
    asked = ["--preset", "dense", "--data", "mnist", "--data-dir", "mn", "--epochs", 1]
    asked += ["--steps-per-epoch", 1, "--validate-every", 2]
    assert invoke("train", *asked, "--run-dir", "run", cwd=tmp_path).exit_code == 0
    ended = evaluate("run", "--seeds", 1, "--out", tmp_path, cwd=tmp_path)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert runs.trained_on(tmp_path / "run")["data_dir"] == str(mnist)


@pytest.mark.slow
def test_a_model_and_its_images_read_as_the_run_does(run, measured, tmp_path):
    (run_dir, images), (_, of_run, _) = run, measured
    made = ["--count", 20, "--seed", 0, "--out", tmp_path / "made.npz"]
    assert invoke("sample", run_dir, *made).exit_code == 0
    for what in (run_dir / "generator.keras", "made.npz"):
        options = ["--data", images, "--seeds", 1, "--json", "figures.json", "--overwrite"]
        ended = evaluate(what, *options, cwd=tmp_path)
        assert (ended.exit_code, ended.stderr) == (0, ""), what
        figures = json.loads((tmp_path / "figures.json").read_text())
        assert figures["readings"] == of_run["readings"][:1] and figures["weights"] is None
        for name in ("floor", "noise", "copying", "measures", "count"):
            assert figures[name] == of_run[name], name


@pytest.mark.slow
def test_images_that_are_not_those_of_the_run_are_refused_unless_asked_for(run, tmp_path):
    run_dir, _ = run
    other = tmp_path / "other"
    other.mkdir()
    for name in ("gan.keras", "settings.json"):
        (other / name).write_bytes((run_dir / name).read_bytes())
    noted = json.loads((other / "settings.json").read_text())
    noted["settings"]["images"] = "180 images, 0123456789abcdef"
    (other / "settings.json").write_text(json.dumps(noted))
    message = complaint(other, cwd=tmp_path)
    assert "are not those that the run was trained on" in message
    again = [*message.split(": ")[-1].split(), "--seeds", 1]
    assert evaluate(other, *again, cwd=tmp_path).exit_code == 0


# Of image sets.


@pytest.mark.slow
def test_copies_of_one_class_are_found_out(copies, tmp_path):
    line = [copies, "--data", "sample", "--count", 150, "--seeds", 5, "--json", "figures.json"]
    ended = evaluate(*line, cwd=tmp_path)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout.startswith(FIRST_LINES.format(what=copies, data="sample", n=150))
    first = ended.stdout.splitlines()[1]
    assert ", parts 0 to 1; features fashion, checksum " in first, "300 images are 2 parts of 150"
    assert re.search(
        r"^  copying probability  1\.000 .*: look for copies in the picture$", ended.stdout, re.M
    )
    assert re.search(r"^  duplicates +1\.000 ", ended.stdout, re.M)
    assert re.search(r"^  sneaker +(?:9\d|100)\.\d% +\d+\.\d%  #{40}$", ended.stdout, re.M)
    warning = re.search(r"^  Warning: .*$", ended.stdout, re.M)[0]
    assert "trouser (0.0%)" in warning and "sneaker" not in warning
    assert re.search(
        r"^  entropy 0\.\d\d of 2\.30 nats, of the real images 2\.\d\d$", ended.stdout, re.M
    )
    for name in ("classes.png", "neighbours.png"):
        assert_is_picture(tmp_path / "evaluation" / name)
        assert f"  evaluation/{name}" in ended.stdout
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert sum(figures["classes"]["generated"]) == 300
    assert sum(figures["classes"]["held_out"]) == 150


def evaluation(what, **options):
    """The `Evaluation` of some images or of a model, on the sample."""
    values = {"what": what, "data": None, "data_dir": None, "pad": None, "ground": None}
    subject = open_subject(what, "last")
    images = load_compared(subject, SimpleNamespace(**values | options))
    return Evaluation(subject, images, count=500, features=None)


def test_real_images_read_as_the_floor_does_and_noise_as_the_ceiling(tmp_path):
    (images, _), _ = data.load("sample")
    np.savez(tmp_path / "real.npz", images=images[5000:5500])
    measuring = evaluation(tmp_path / "real.npz", data="sample")
    (reading,), bounds = measuring.readings(3), measuring.bounds()
    real, floor, noise = reading.numbers, bounds["floor"], bounds["noise"]
    # Of sets of 500 training images the distance reads 0.3 to 0.9, of noise 32.
    assert 0 < real["fid_fashion"] < 1.5 and 0 < floor["fid_fashion"] < 1.5
    assert noise["fid_fashion"] > 20
    assert noise["coverage_fashion"] < 0.2 < real["coverage_fashion"]


def test_images_with_one_channel_are_compared_with_data_without(tmp_path):
    """As of `make train; make evaluate`: dcgan makes (28, 28, 1), the sample has (28, 28)."""
    dense_gan((28, 28, 1)).generator.save(tmp_path / "generator.keras")
    found = evaluation(tmp_path / "generator.keras", data="sample").images
    assert found.train.shape[1:] == found.held_out.shape[1:] == (28, 28, 1)


def test_a_run_is_measured_in_the_features_that_it_was_trained_with(tmp_path):
    folder, images = runs.RunFolder(tmp_path), fingerprint(data.load("sample")[0][0])
    folder.note({"data": "sample", "images": images, "features": "sliced"})
    folder.save(dense_gan((28, 28)))
    names = evaluation(tmp_path).reference.metrics
    assert "swd" in names and "fid_fashion" not in names


@pytest.mark.slow
def test_a_folder_of_pictures(run, tmp_path):
    _, images = run
    ended = evaluate(images, "--data", images, "--seeds", 2, cwd=tmp_path)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ", parts 0 to 1; " in ended.stdout.splitlines()[1]


@pytest.mark.slow
def test_a_folder_is_read_as_the_images_compared_with_it_were_made(tmp_path):
    """The held-out images have the distance 0 from themselves, if they are read alike."""
    folder, rng = tmp_path / "wide", np.random.default_rng(0)
    folder.mkdir()
    for number in range(300):
        pixels = rng.integers(0, 256, (8, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    how = {"image_size": (SIDE, SIDE), "channels": 1, "pad": True, "ground": "black"}
    _, (held_out, _) = data.load(folder, **how)
    np.savez(tmp_path / "made.npz", images=held_out)
    read = ("made.npz", "--data", folder, "--features", "sliced", "--json", "figures.json")
    ended = evaluate(*read, "--pad", "--ground", "black", cwd=tmp_path)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert json.loads((tmp_path / "figures.json").read_text())["readings"][0]["swd"] == 0


@pytest.mark.slow
def test_pictures_are_not_written_among_the_images(run, tmp_path):
    pictures = images_in(tmp_path / "pictures", count=4)
    for what, out, cwd in ((".", [], pictures), (run[0], ["--out", "pictures/of"], tmp_path)):
        ended = evaluate(what, "--data", pictures, *out, cwd=cwd)
        assert ended.exit_code == 2 and "Choose a folder elsewhere: --out DIR." in ended.stderr
    assert len(list(pictures.iterdir())) == 4
    ended = evaluate(run[0], "--out", run[1] / "of", cwd=tmp_path)  # those that it was trained on
    assert ended.exit_code == 2 and "Choose a folder elsewhere: --out DIR." in ended.stderr


# Wrong values: one line each.


def complaint(*options, cwd):
    ended = evaluate(*options, cwd=cwd)
    assert ended.exit_code == 2 and ended.stdout == "", ended
    assert ended.stderr.count("\n") == 1 and ended.stderr.startswith(PREFIX), ended.stderr
    assert not (cwd / "evaluation").exists()
    return ended.stderr.removeprefix(PREFIX).rstrip("\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("made.npz", "Say what to compare with: --data NAME, or the path of a folder."),
        ("gone", "There is no file or folder gone."),
        ("gone --data sample", "There is no file or folder gone."),
        ("gone.keras --data sample", "There is no file gone.keras."),
        ("made.npz --data smaple", "Unknown data 'smaple'. Did you mean 'sample'?"),
        ("made.npz --data sample", f"made.npz holds images of shape ({SIDE}, {SIDE}); expected"),
        ("made.npz --data sample --weights best", "--weights best is for the folder of a run, and"),
        ("few.npz --data sample", "Quality is measured on 20 images or more. Received: 5."),
        (
            "grey.npz --data sample --pad",
            "--pad and --ground are for --data FOLDER; leave them out",
        ),
        ("grey.npz --data sample --out grey.npz", "grey.npz is no folder; choose another"),
    ],
)
def test_what_does_not_go_together_is_one_line(options, message, tmp_path):
    np.savez(tmp_path / "made.npz", images=np.zeros((30, SIDE, SIDE), np.uint8))
    np.savez(tmp_path / "few.npz", images=np.zeros((5, 28, 28), np.uint8))
    np.savez(tmp_path / "grey.npz", images=np.zeros((30, 28, 28), np.uint8))
    ended = evaluate(*options.split(), cwd=tmp_path)
    assert ended.exit_code in (1, 2)
    assert ended.stderr.strip().count("\n") == 0 and "Traceback" not in ended.stderr
    assert ended.stderr.strip().removeprefix(PREFIX).startswith(message)
    assert not (tmp_path / "evaluation").exists()


@pytest.mark.slow
def test_what_a_run_lacks_is_one_line(run, tmp_path):
    run_dir, _ = run
    other = tmp_path / "other"
    other.mkdir()
    (other / "gan.keras").write_bytes((run_dir / "gan.keras").read_bytes())
    (other / "settings.json").write_bytes((run_dir / "settings.json").read_bytes())
    message = complaint(other, "--weights", "best", cwd=tmp_path)
    assert message == f"There is no {other}/best.keras: leave out --weights best."
    message = complaint(other, "--data", "sample", cwd=tmp_path)
    assert f"makes images of shape ({SIDE}, {SIDE}, 1), those of sample have (28, 28)" in message
    (other / "settings.json").write_text("{")
    message = complaint(other, cwd=tmp_path)
    assert message.startswith(f"{other}/settings.json cannot be read (")
    assert message.endswith(f". Give {other}/gan.keras instead.")


# The text.


def test_the_table_by_hand():
    readings = [
        {"fid": 1.0, "kid": 0.1, "kid_error": 0.01},
        {"fid": 3, "kid": 0.3, "kid_error": 0.03},
    ]
    floor, noise = {"fid": 0, "kid": -1, "kid_error": 0.5}, {"fid": 1e4, "kid": 2, "kid_error": 1}
    measured = [
        Metric("fid", Direction.LOWER, Kind.DISTANCE),
        Metric("kid", Direction.LOWER, Kind.DISTANCE),
        Metric("kid_error", Direction.LOWER, Kind.ERROR, error_of="kid"),
    ]
    assert report.table(measured, readings, floor=floor, noise=noise).splitlines() == [
        "             mean  least to greatest     floor   noise",
        "  fid           2             1 to 3         0  10,000",
        "  kid  0.2 ± 0.02         0.1 to 0.3  -1 ± 0.5   2 ± 1",
    ]
    assert "one reading" in report.table(measured, readings[:1], floor=floor, noise=noise)


def test_dropped_classes_by_hand():
    assert report.dropped((90, 1, 9), (50, 20, 30)) == [1]
    assert report.dropped((98, 2), (80, 20)) == [], "a tenth of its share is not less than it"
    assert report.dropped((10, 0), (10, 0)) == [], "there is nothing to leave out"


def test_the_bars_of_classes():
    lines = report.classes(["bag", "coat"], [30, 10], [20, 20]).splitlines()
    assert lines[1] == f"  bag   75.0%  50.0%  {'#' * 40}"
    assert lines[2] == f"  coat  25.0%  50.0%  {'#' * 13}"
    assert lines[3] == "  entropy 0.56 of 0.69 nats, of the real images 0.69"
    assert len(lines) == 4
    assert report.classes(["bag", "coat"], [40, 0], [20, 20]).endswith(
        "real fraction: coat (0.0%)."
    )


def test_copies_among_bad_images_are_not_called_no_sign():
    """Half copies, half far away: `copying_probability` is 0.5, but `duplicates` tells."""
    found = Copies(0.5, 0.5, (1000, 1000, 10_000), None, None, None)
    assert "too many are as near as copies" in report.copying(found, "pixels")
    new = Copies(0.5, 0.012, (1000, 1000, 10_000), None, None, None)
    assert "no sign of copying" in report.copying(new, "pixels")
