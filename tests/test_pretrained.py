"""The trained GANs that come with the package."""

import json

import numpy as np
import pytest

from gan_model import data, features, metrics, presets, runs
from gan_model.model import Sampler
from gan_model.presets import pretrained_models


@pytest.fixture(scope="module")
def held_out():
    return data.load("sample")[1]


@pytest.fixture(scope="module")
def reference(held_out):
    return metrics.Reference((metrics.FeatureMetrics(features.fashion()),), held_out[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", presets.PRETRAINED)
def test_its_quality_is_what_its_record_says(name, held_out, reference):
    about, gan = presets.about_pretrained(name), presets.pretrained(name)
    said = about["quality"]["sample"]
    assert said["count"] == len(held_out[0])
    labels = held_out[1] if gan.class_count else None
    read = reference.compare(gan.generate(said["count"], labels=labels))
    # Another machine rounds otherwise, which moves some pixels by one grey level.
    for number in ("fid_fashion", "precision_fashion", "recall_fashion"):
        assert read[number] == pytest.approx(said["gan"][number], abs=0.02)
    assert said["floor"]["fid_fashion"] < read["fid_fashion"] < 0.6
    exact, rounded = (about[f"fid_fashion_in_{kind}"]["sample"] for kind in ("float32", "float16"))
    assert rounded == pytest.approx(exact, rel=0.02), "float16 cost quality"
    # As these two were measured, with the classes in turn.
    in_turn = reference.compare(gan.generate(said["count"])) if gan.class_count else read
    assert in_turn["fid_fashion"] == pytest.approx(rounded, abs=0.02)
    if gan.class_count:  # images of the classes that were asked for
        assert np.mean(features.fashion().classes(gan.generate(200)) == np.arange(200) % 10) > 0.85


@pytest.mark.slow
@pytest.mark.parametrize("name", presets.PRETRAINED)
def test_it_can_be_trained_on_and_tells_how_it_was_made(name):
    gan = presets.pretrained(name)
    assert gan.compiled and int(gan.step.value) == 0
    weights = zip(gan.generator.get_weights(), gan.averaged_generator.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in weights)
    about = presets.about_pretrained(name)
    told = {"command", "preset", "data", "seed", "epochs", "minutes", "licence", "versions"}
    assert told <= set(about)
    assert f"--preset {about['preset']}" in about["command"]


@pytest.mark.slow
def test_the_discriminator_tells_real_garments_from_generated_ones(held_out):
    gan = presets.pretrained("fashion")
    images = held_out[0][:500, ..., None], gan.generate(500)
    real, fake = (gan.discriminator.predict(one / 127.5 - 1, verbose=0).mean() for one in images)
    assert real > fake


def test_the_files_are_small():
    sizes = [path.stat().st_size for path in pretrained_models.FOLDER.iterdir()]
    assert len(sizes) == 2 * len(presets.PRETRAINED)
    assert sum(sizes) < 3_000_000


def test_a_damaged_file_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(pretrained_models, "FOLDER", tmp_path)
    about = {"sha256": "0", "preset": "modern", "image_shape": [28, 28, 1], "arguments": {}}
    (tmp_path / "fashion.json").write_text(json.dumps(about))
    (tmp_path / "fashion.npz").write_bytes(b"none")
    with pytest.raises(ValueError, match=r"fashion\.npz is damaged: its checksum is wrong"):
        presets.pretrained("fashion")
    (tmp_path / "fashion.json").write_text("{")
    with pytest.raises(ValueError, match=r"fashion\.json is damaged.*Install gan-model again"):
        presets.pretrained("fashion")


@pytest.mark.slow
def test_names_are_resolved_in_one_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    gan = runs.open_model("fashion")
    assert Sampler.of(gan).generate(1).shape == (1, 28, 28, 1)
    assert runs.trained_on("fashion")["data"] == "fashion_mnist"
    gan.save("own.keras")
    assert runs.checksum(runs.open_model("own.keras")) == runs.checksum(gan)
    assert runs.trained_on("own.keras") is None
    with pytest.raises(ValueError, match=r"no trained GAN fashoin.*fashion, fashion_by_class"):
        runs.open_model("fashoin")
    with pytest.raises(ValueError, match="Did you mean 'fashion'"):
        presets.pretrained("fashoin")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no run"):
        runs.open_model("empty")


def test_truncation_makes_images_more_alike():
    sampler = presets.pretrained("fashion").sampler()
    spread = [sampler.generate(64, truncation=t).std(axis=0).mean() for t in (1, 0.5, 0)]
    assert spread[0] > spread[1] > spread[2] == 0
    assert np.array_equal(sampler.generate(3, truncation=1), sampler.generate(3))
    for refused in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="factor from 0 to 1"):
            sampler.generate(1, truncation=refused)
