"""Exports, each run by its own runtime: TensorFlow, ai-edge-litert, onnxruntime."""

import dataclasses
import datetime
import importlib.metadata
import json
import os
import shutil
import signal
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from conv_gan import conv_gan
from dense_gan import dense_gan
from PIL import Image

from gan_model import (
    GAN,
    Sampler,
    averaging,
    commands,
    data,
    exporting,
    features,
    metrics,
    networks,
    presets,
    runs,
)
from gan_model.commands.export import beside
from gan_model.exporting import FORMATS
from gan_model.exporting.exporter import ImageGraph
from gan_model.exporting.model_card import metadata_html, versions
from gan_model.model.random import numbered
from gan_model.storage.atomic import atomic_folder, atomic_write
from gan_model.storage.own_files import is_replaceable

PATHS = {"savedmodel": "gan", "litert": "gan.tflite", "onnx": "gan.onnx"}


@pytest.fixture(autouse=True)
def without_layers_of_other_tests(seeded):
    keras.utils.clear_session(free_memory=False)


def lively(model):
    """Gives the generator other weights, so that its images have all grey levels."""
    rng, sampler = np.random.default_rng(0), Sampler.of(model)
    for weight in sampler.generator.weights:
        shape, old = weight.shape, weight.numpy()
        if weight.path.endswith("variance"):
            new = rng.uniform(0.5, 1.5, shape)
        elif weight.path.endswith("kernel"):
            # The inputs of a kernel are its last but one side, of a transposed one its last.
            inputs = shape[-1] if "transpose" in weight.path else shape[-2]
            taps = np.prod(shape[:-2]) / (4 if "transpose" in weight.path else 1)
            new = rng.normal(0, np.sqrt(2 / (inputs * taps)), shape)
        else:
            new = old + rng.normal(0, 0.3, shape)
        weight.assign(new)
    assert sampler.generate(64).std() > 30
    return model


def about_in(path, format):
    """What a program reads of the GAN in a file."""
    import onnxruntime

    if format == "savedmodel":
        return json.loads((path / "assets.extra" / "about.json").read_text())
    if format == "litert":
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("about.json"))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    texts = session.get_modelmeta().custom_metadata_map
    return {name: value_of(text) for name, text in texts.items()}


def value_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def images_of(path, format, codings, labels=None):
    """What a program gets that knows the file only."""
    inputs = {"codings": codings} | ({} if labels is None else {"labels": labels})
    return FORMATS[format].load(path)(inputs)


# What each runtime tells of the inputs and outputs of a file, as `Exported.about` has them.


def reported_by_tensorflow(path):
    loaded = tf.saved_model.load(str(path)).signatures["serving_default"]
    return tuple(
        {name: {"dtype": one.dtype.name, "shape": list(one.shape)} for name, one in specs.items()}
        for specs in (loaded.structured_input_signature[1], loaded.structured_outputs)
    )


def reported_by_litert(path):
    from ai_edge_litert.interpreter import Interpreter

    signature = Interpreter(str(path)).get_signature_runner()
    return tuple(
        {
            name: {"dtype": np.dtype(one["dtype"]).name, "shape": one["shape"].tolist()}
            for name, one in details.items()
        }
        for details in (signature.get_input_details(), signature.get_output_details())
    )


def reported_by_onnxruntime(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    types = {"tensor(float)": "float32", "tensor(int32)": "int32", "tensor(uint8)": "uint8"}
    return tuple(
        {one.name: {"dtype": types[one.type], "shape": one.shape} for one in ends}
        for ends in (session.get_inputs(), session.get_outputs())
    )


REPORTED = {
    "savedmodel": reported_by_tensorflow,
    "litert": reported_by_litert,
    "onnx": reported_by_onnxruntime,
}


def small_gan():
    return lively(dense_gan((8, 8, 1)))


def conditional_generator():
    """The layers of `networks.modern`, smaller: codings (8) and labels (3) -> (8, 8, 3)."""
    codings, labels = keras.Input((8,)), keras.Input((), dtype="int32")
    maps = keras.layers.Reshape((4, 4, 4))(keras.layers.Dense(64)(codings))
    maps = networks.conditional.ConditionalBatchNormalization(3)([maps, labels])
    maps = keras.layers.UpSampling2D()(keras.layers.ReLU()(maps))
    images = keras.layers.Conv2D(3, 3, padding="same", activation="tanh")(maps)
    return lively(keras.Model([codings, labels], images))


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_another_program_gets_the_images_of_generate(format, tmp_path):
    generator = conditional_generator()
    exported = exporting.export(generator, tmp_path / PATHS[format], format=format, batch=7)
    assert exported.greatest_difference <= 1
    assert is_replaceable(exported.path)
    assert is_replaceable(exported.path.with_name(f"{exported.path.name}.json"))
    assert exported.about["inputs"] == {
        "codings": {"dtype": "float32", "shape": [7, 8]},
        "labels": {"dtype": "int32", "shape": [7]},
    }
    assert exported.about["outputs"] == {"images": {"dtype": "uint8", "shape": [7, 8, 8, 3]}}
    reported = REPORTED[format](exported.path)
    assert reported == (exported.about["inputs"], exported.about["outputs"])
    # Other codings and labels than those that `export` compared.
    labels = np.array([2, 2, 0, 1, 1, 0, 2], np.int32)
    images = images_of(exported.path, format, numbered(0, 7, 8, seed=5).numpy(), labels)
    wanted = Sampler.of(generator).generate(7, seed=5, labels=labels)
    assert images.dtype == np.uint8 and images.shape == wanted.shape
    assert np.abs(images.astype(int) - wanted).max() <= 1
    for label in (-1, 3):
        labels[4] = label
        with pytest.raises(Exception, match=r"[Ll]abel|indices|gather"):
            images_of(exported.path, format, numbered(0, 7, 8, seed=5).numpy(), labels)


# `modern_conditional` has the layers of `modern`, and more; with those of `dcgan` it has those of
# `guidelines`; and `dense` is the GAN of most tests here. LiteRT is made of a SavedModel, whose
# images with the layers of `modern_conditional` are compared above.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "formats"),
    [
        ("dcgan", ("litert", "onnx")),
        ("modern_conditional", ("onnx",)),
        *(
            pytest.param(preset, tuple(FORMATS), marks=pytest.mark.soak)
            for preset in presets.PRESETS
        ),
    ],
    ids=str,
)
def test_every_preset_in_every_format(preset, formats, tmp_path):
    make = presets.named(preset)
    gan = lively(make((16, 16, 3), **presets.classes_for(make, [0, 2])))
    for format in formats:
        exported = exporting.export(gan, tmp_path / PATHS[format], format=format)
        assert exported.greatest_difference <= 1, format


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_what_is_known_of_the_gan_is_in_the_file_and_beside_it(format, tmp_path):
    """Without `batch` the file takes any number of images in a call, where its format can."""
    gan, path, batch = small_gan(), tmp_path / PATHS[format], 1 if format == "litert" else "batch"
    about = {"preset": "dense", "seed": 3, "quality": {"fid_fashion": 1.5}, "data_licence": None}
    about["data"] = "2024"  # a folder, and no number
    exported = exporting.export(gan, path, format=format, about=about)
    inside = about_in(path, format)
    assert {name: inside[name] for name in about} == about
    assert inside["versions"]["keras"] == keras.__version__
    assert inside["inputs"] == exported.about["inputs"]
    compared = {"images": 64, "greatest_difference": exported.greatest_difference}
    beside = json.loads(path.with_name(f"{path.name}.json").read_text())
    assert beside == {**inside, "compared": compared}
    assert exported.about["inputs"]["codings"]["shape"] == [batch, 4]
    assert str(exported).splitlines()[1:3] == [
        f"inputs:  codings float32 ({batch}, 4), standard normal",
        f"outputs: images uint8 ({batch}, 8, 8, 1)",
    ]
    for count in (1,) if format == "litert" else (1, 2, 65):
        images = images_of(path, format, numbered(0, count, 4, seed=0).numpy())
        assert np.abs(images.astype(int) - gan.generate(count)).max() <= 1


@keras.saving.register_keras_serializable("tests")
class Painter(keras.Model):
    """A generator without `Input`: its codings size is not to be read from it."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.hidden = keras.layers.Dense(16, activation="relu")
        self.noise = keras.layers.Dropout(0.5)
        self.pixels = keras.layers.Dense(64, activation="sigmoid")
        self.reshape = keras.layers.Reshape((8, 8, 1))

    def call(self, codings, training=False):
        hidden = self.noise(self.hidden(codings), training=training)
        return self.reshape(self.pixels(hidden))


def painting_gan():
    discriminator = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    discriminator.add(keras.layers.Dense(1))
    gan = GAN(Painter(), discriminator, codings_size=5, image_range=(0, 1))
    gan.compile(average=averaging.ExponentialMovingAverage())
    return gan


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_the_average_of_a_users_own_model_class(format, tmp_path):
    gan = lively(painting_gan())
    exported = exporting.export(gan, tmp_path / PATHS[format], format=format, batch=1)
    codings = numbered(0, 1, 5, seed=0).numpy()
    images = images_of(exported.path, format, codings).astype(int)
    assert np.abs(images - gan.generate(1)).max() <= 1
    raw = Sampler(gan.generator, codings_size=5, image_range=(0, 1))
    assert np.abs(images - raw.generate(1)).max() > 20


def test_a_generator_and_a_sampler_are_exported_too(tmp_path):
    with pytest.raises(ValueError, match="codings size is unknown"):
        exporting.export(Painter(), tmp_path / "gan.onnx", format="onnx")
    exporting.export(small_gan().sampler(), tmp_path / "gan.onnx", format="onnx")
    exporting.export(small_gan().generator, tmp_path / "gan.onnx", format="onnx")  # again
    assert {path.name for path in tmp_path.iterdir()} == {"gan.onnx", "gan.onnx.json"}


# What is refused.


def off_by(levels):
    """ONNX whose runtime gives other images."""

    onnx = FORMATS["onnx"]

    def load(path):
        run = onnx.load(path)
        return lambda inputs: np.clip(run(inputs).astype(int) + levels, 0, 255).astype(np.uint8)

    return dataclasses.replace(onnx, load=load)


def test_values_between_two_levels_are_rounded_and_those_beyond_are_clipped():
    """Each runtime may differ by a level, so only the graph of which all are made can tell."""
    levels = np.append(np.arange(62) * 4 + np.tile([0.3, 0.7], 31), [-9, 300])
    generator = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(64), keras.layers.Reshape((8, 8))]
    )
    generator.set_weights([np.zeros((4, 64)), levels / 127.5 - 1])
    sampler = Sampler(generator, image_range=(-1, 1))
    images = ImageGraph(sampler).function(tf.zeros((1, 4)))["images"].numpy()
    assert images.ravel().tolist() == np.clip(levels.round(), 0, 255).tolist()
    assert np.array_equal(images, sampler.generate(1))


def test_a_difference_of_two_grey_levels_is_an_error_and_leaves_the_old_file(tmp_path, monkeypatch):
    path, gan = tmp_path / "gan.onnx", small_gan()
    wrong = {levels: off_by(levels) for levels in (1, 2)}
    monkeypatch.setitem(FORMATS, "onnx", wrong[2])
    with pytest.raises(ValueError, match=r"by up to 2 grey levels, 1 is allowed .*onnxruntime"):
        exporting.export(gan, path, format="onnx")
    assert list(tmp_path.iterdir()) == []
    path.write_text("of a person")
    with pytest.raises(ValueError, match="gan-model did not write it"):
        exporting.export(gan, path, format="onnx")
    with pytest.raises(ValueError, match="No file was written"):
        exporting.export(gan, path, format="onnx", overwrite=True)
    assert path.read_text() == "of a person" and list(tmp_path.iterdir()) == [path]
    monkeypatch.setitem(FORMATS, "onnx", wrong[1])
    exported = exporting.export(gan, path, format="onnx", overwrite=True)
    assert exported.greatest_difference == 1


def test_a_file_with_other_weights_is_an_error(tmp_path, monkeypatch):
    gan, saved = small_gan(), FORMATS["savedmodel"]

    def write(graph, path, about):
        saved.write(graph, path, about)
        gan.generator.weights[-1].assign_add(tf.fill(64, 0.5))

    monkeypatch.setitem(FORMATS, "savedmodel", dataclasses.replace(saved, write=write))
    with pytest.raises(ValueError, match=r"differ .* by up to \d\d grey levels"):
        exporting.export(gan, tmp_path / "gan", format="savedmodel")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_no_fault_of_the_generator(tmp_path, monkeypatch):
    def write(graph, path, about):
        raise tf.errors.ResourceExhaustedError(None, None, "/gan; No space left on device")

    monkeypatch.setitem(FORMATS, "onnx", dataclasses.replace(FORMATS["onnx"], write=write))
    said = r"gan\.onnx could not be written \(/gan; No space left on device\); what was there"
    with pytest.raises(OSError, match=said):
        exporting.export(small_gan(), tmp_path / "gan.onnx", format="onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("format", "module"), [("onnx", "tf2onnx"), ("litert", "ai_edge_litert")])
def test_a_missing_package_is_a_sentence_with_what_to_type(format, module, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    for name in list(sys.modules):
        if name.startswith(f"{module}."):
            monkeypatch.delitem(sys.modules, name)
    wanted = rf'needs the package {module}, .* Type pip install "gan-model\[{format}\]"\.'
    with pytest.raises(ValueError, match=wanted):
        exporting.export(small_gan(), tmp_path / PATHS[format], format=format)


def test_a_runtime_may_be_of_another_package(monkeypatch):
    """As onnxruntime is of onnxruntime-gpu."""
    import onnxruntime

    def of_another(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", of_another)
    assert FORMATS["onnx"].version == onnxruntime.__version__
    assert versions("onnxruntime")["onnxruntime"] == onnxruntime.__version__


def test_wrong_arguments_are_refused(tmp_path):
    gan = small_gan()
    with pytest.raises(ValueError, match=r"Unknown format 'onx'\. Did you mean 'onnx'"):
        exporting.export(gan, tmp_path / "gan.onnx", format="onx")
    with pytest.raises(ValueError, match=r"ends in \.onnx.*Type .*gan\.onnx"):
        exporting.export(gan, tmp_path / "gan.tflite", format="onnx")
    with pytest.raises(ValueError, match="written to a folder"):
        exporting.export(gan, tmp_path / "gan.onnx", format="savedmodel")
    with pytest.raises(ValueError, match="1 or more images"):
        exporting.export(gan, tmp_path / "gan.onnx", format="onnx", batch=0)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "mine.png").touch()
    with pytest.raises(ValueError, match="pictures exists and is no SavedModel"):
        exporting.export(gan, tmp_path / "pictures", format="savedmodel")
    (tmp_path / "pictures" / "saved_model.pb").touch()
    with pytest.raises(ValueError, match=r"pictures holds more than a SavedModel \(mine\.png\)"):
        exporting.export(gan, tmp_path / "pictures", format="savedmodel")
    with pytest.raises(OSError, match="could not be written"):
        exporting.export(gan, tmp_path / "nowhere" / "gan.onnx", format="onnx")
    gan.generator.weights[0].assign(tf.fill(gan.generator.weights[0].shape, np.nan))
    with pytest.raises(ValueError, match="not finite: its training diverged"):
        exporting.export(gan, tmp_path / "gan.onnx", format="onnx")


@pytest.mark.parametrize("content", ["no JSON", "[1]", '{"format": 8, "settings": {}}'])
def test_a_file_of_ones_own_beside_the_export_is_not_written_over(content, tmp_path):
    beside = tmp_path / "gan.json"
    beside.write_text(content)
    with pytest.raises(ValueError, match=r"gan\.json exists"):
        exporting.export(small_gan(), tmp_path / "gan", format="savedmodel")
    assert beside.read_text() == content and list(tmp_path.iterdir()) == [beside]


class Digamma(keras.layers.Layer):
    def call(self, inputs):
        return tf.math.digamma(1 + tf.nn.relu(inputs))


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_what_a_format_cannot_express_is_a_sentence(format, tmp_path):
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(64), Digamma()])
    generator.add(keras.layers.Reshape((8, 8, 1)))
    sampler, path = Sampler(generator, image_range=(-1, 1)), tmp_path / PATHS[format]
    if format == "savedmodel":
        assert exporting.export(sampler, path, format=format).greatest_difference <= 1
        return
    with pytest.raises(ValueError, match=r"The generator cannot be .*Export another format"):
        exporting.export(sampler, path, format=format)
    assert list(tmp_path.iterdir()) == []


def test_bfloat16_goes_into_a_saved_model_only(tmp_path):
    layers = [keras.Input((4,)), keras.layers.Dense(64, dtype="mixed_bfloat16")]
    layers += [keras.layers.Dense(64, "tanh", dtype="float32"), keras.layers.Reshape((8, 8))]
    generator = lively(keras.Sequential(layers))
    for format in ("litert", "onnx"):
        with pytest.raises(ValueError, match=r"computes in bfloat16.*savedmodel"):
            exporting.export(generator, tmp_path / PATHS[format], format=format)
    for _ in range(2):  # the second replaces the first
        exported = exporting.export(generator, tmp_path / "gan", format="savedmodel")
        assert exported.greatest_difference <= 1


@pytest.mark.slow
def test_the_average_of_a_gan_in_bfloat16_goes_anywhere(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = conv_gan((8, 8, 1))
    finally:
        keras.config.set_dtype_policy("float32")
    gan.compile(average=averaging.ExponentialMovingAverage())
    lively(gan.averaged_generator)
    exported = exporting.export(gan, tmp_path / PATHS["onnx"], format="onnx")
    assert exported.greatest_difference <= 1
    exporting.page(gan, tmp_path / "page.html")


def test_a_folder_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "gan"
    for content in ("old", "new"):
        with atomic_folder(folder) as beside:
            beside.mkdir()
            (beside / content).write_text(content)
        assert [path.name for path in folder.iterdir()] == [content]
    with pytest.raises(OSError, match="could not be written"), atomic_folder(folder) as beside:
        beside.mkdir()
        raise OSError(28, "No space left on device")
    with pytest.raises(OSError, match="could not be written"), atomic_folder(folder):
        pass  # nothing can be moved to where the earlier one was
    assert (folder / "new").exists() and list(tmp_path.iterdir()) == [folder]


def test_a_link_stays_and_its_target_is_written(tmp_path):
    for name in ("folder", "file"):
        (tmp_path / f"link to {name}").symlink_to(tmp_path / name)
    for content in ("old", "new"):
        with atomic_folder(tmp_path / "link to folder") as beside:
            beside.mkdir()
            (beside / content).touch()
        with atomic_write(tmp_path / "link to file") as beside:
            beside.write_text(content)
        assert [path.name for path in (tmp_path / "folder").iterdir()] == [content]
        assert (tmp_path / "file").read_text() == content
    assert len(list(tmp_path.iterdir())) == 4


# From a run folder, and by the command.


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one epoch on images of a folder that only this machine has."""
    keras.utils.set_random_seed(0)
    folder = runs.RunFolder(tmp_path_factory.mktemp("runs") / "run")
    settings = {
        "preset": "dense",
        "data": "/home/me/icons",
        "seed": 4,
        "batch_size": 32,
        "image_shape": [8, 8, 1],
    }
    gan = runs.build(settings)
    images = np.random.default_rng(0).integers(0, 256, (64, 8, 8), np.uint8)
    gan.fit(images, epochs=1, verbose=0, callbacks=folder.callbacks(settings))
    folder.save(gan)
    return folder


def test_what_is_known_of_a_run(run):
    about = exporting.known_of(run.path)
    assert (about["preset"], about["data"], about["seed"]) == ("dense", "icons", 4)
    assert about["data_licence"] is None and about["quality"] is None
    trained = about["trained"]
    assert (trained["epoch"], trained["step"], trained["images"]) == (1, 2, 64)
    assert about["trained_with"]["keras"] == keras.__version__


def test_what_is_known_of_a_file_in_its_run_does_not_depend_on_the_epoch(run, tmp_path):
    of_run = exporting.known_of(run.path)
    for path in (run.gan, run.generator):
        about = exporting.known_of(path)
        assert about == {name: of_run[name] for name in about}
        assert {"preset", "data", "data_licence", "seed", "trained_with"} <= set(about)
        assert not {"trained", "quality", "command"} & set(about)
    assert exporting.known_of(shutil.copy(run.gan, tmp_path / "gan.keras")) == {}


def test_what_json_cannot_hold_is_not_blamed_on_the_generator(run, tmp_path):
    gan, about = runs.open_model(run.path), {"when": datetime.date(2026, 1, 2)}
    with pytest.raises(TypeError, match="date has no form in JSON"):
        exporting.export(gan, tmp_path / "gan", format="savedmodel", about=about)


def test_the_epochs_of_a_run_are_known_without_its_checkpoints(run, tmp_path):
    lighter = runs.RunFolder(shutil.copytree(run.path, tmp_path / "run"))
    shutil.rmtree(lighter.path / "checkpoints")
    about = exporting.known_of(lighter.path)
    assert "--epochs 1 " in about["command"] and about == exporting.known_of(run.path)


def test_of_a_damaged_checkpoint_the_epoch_before_it_is_told(run, tmp_path):
    damaged = runs.RunFolder(shutil.copytree(run.path, tmp_path / "run"))
    damaged.gan.unlink()
    (damaged.path / "checkpoints" / "epoch-00002.npz").write_bytes(b"half")
    about = exporting.known_of(damaged.path)
    assert about["trained"]["epoch"] == 1 and "--epochs 1 " in about["command"]


def test_the_classes_of_a_gan_are_named_if_its_data_names_them(tmp_path):
    names = exporting.known_of("fashion_by_class")["class_names"]
    assert names == list(features.CLASSES)
    assert "class_names" not in exporting.known_of("fashion")
    for level, name in enumerate(("icons/boats", "icons/cars")):
        (tmp_path / name).mkdir(parents=True)
        Image.new("L", (8, 8), level).save(tmp_path / name / "0.png")
    run = runs.RunFolder(tmp_path / "run")
    run.path.mkdir()
    settings = {"preset": "modern_conditional", "seed": 0, "batch_size": 32, "class_count": 2}
    settings |= {"image_shape": [8, 8, 1], "pad": False, "ground": "white"}
    run.note(settings | {"data": str(tmp_path / "icons")}, versions={}, quality=None)
    assert "class_names" not in exporting.known_of(run.path)
    # A run notes the names when it begins: the folder may have others later.
    settings |= {"data": str(tmp_path / "icons"), "class_names": ["ships", "cars"]}
    run.note(settings, versions={}, quality=None)
    assert exporting.known_of(run.path)["class_names"] == ["ships", "cars"]


@pytest.mark.parametrize(
    ("preset", "more", "words"),
    [
        ("modern", {"clusters": 20, "bfloat16": True}, "--clusters 20 --bfloat16"),
        ("modern", {"clusters": 0}, "--clusters 0"),
        (
            "fine_tuned",
            {"from": "/home/me/gan.keras", "source": "1f", "freeze_discriminator": 2},
            "--freeze-discriminator 2",
        ),
        (
            "fine_tuned",
            {"from": "fashion", "source": "1f", "freeze_discriminator": 0, "new_generator": True},
            "--new-generator",
        ),
    ],
)
def test_the_command_of_a_run_makes_it_again(preset, more, words, tmp_path):
    from test_docs import understood

    run = runs.RunFolder(tmp_path)
    settings = {"preset": preset, "data": "sample", "seed": 7, "batch_size": 32} | more
    run.note(settings, versions={}, quality=None)
    beginning = f"--from {Path(more['from']).name}" if "from" in more else f"--preset {preset}"
    command = exporting.known_of(run.path)["command"]
    expected = f"gan-model train {beginning} --data sample --batch-size 32 {words} --seed 7"
    assert sorted(command.split()) == sorted(expected.split())
    assert understood(command)


def test_the_quality_of_a_run_is_that_of_the_last_epoch_measured(tmp_path):
    run = runs.RunFolder(tmp_path)
    floor = {"fid_fashion": 0.1, "recall_fashion": 0.9}
    settings = {"preset": "modern", "data": "sample", "seed": 0, "batch_size": 32}
    run.note(settings, versions={}, quality={"count": 2000, "measures": [], "floor": floor})
    (tmp_path / "history.csv").write_text(
        "epoch,step,images,val_fid_fashion,val_recall_fashion\n"
        "1,10,320,9.5,0.25\n2,20,640,8.5,0.5\n3,30,960,,\n"
    )
    about = exporting.known_of(tmp_path)
    assert about["trained"]["epoch"] == 3 and about["data_licence"] == "MIT, Zalando SE"
    assert about["quality"] == {
        "epoch": 2,
        "held_out_images": 2000,
        "figures": {"fid_fashion": 8.5, "recall_fashion": 0.5},
        "floor": floor,
        "metrics": [{"name": "fid_fashion"}, {"name": "recall_fashion"}],
    }
    assert "On 2,000 held-out images, after epoch 2.<" in metadata_html(about)
    assert "On 2,000 held-out images.<" in metadata_html(about | {"trained": {"epoch": 2}})


def test_a_page_shows_every_figure_by_what_its_measure_says(tmp_path):
    """Also without a floor, and where one of the figures is never finite."""
    edges = metrics.Metric("edge_width_p90", metrics.Direction.LOWER, metrics.Kind.DISTANCE)
    hue = metrics.Metric("hue", metrics.Direction.HIGHER, metrics.Kind.COVERAGE)
    error = metrics.Metric("hue_error", metrics.Direction.LOWER, metrics.Kind.ERROR, error_of="hue")
    odd = metrics.Metric("odd", metrics.Direction.LOWER, metrics.Kind.DISTANCE)
    stages = dict.fromkeys(("describe", "statistics", "numbers"), len)  # not called here
    own = SimpleNamespace(metrics=(edges, hue, error, odd), about={}, **stages)
    spectrum = metrics.PowerSpectrum()
    quality = metrics.Quality(own, spectrum)
    quality.reference = SimpleNamespace(
        about={"count": 40, "measures": []}, floor={"spectrum": 0.512}, features=None
    )
    settings = {"preset": "modern", "data": "sample", "seed": 0, "batch_size": 32}
    run = runs.RunFolder(tmp_path)
    first, *_ = run.callbacks(settings)
    first.set_model(SimpleNamespace(quality=quality))
    first.on_train_begin()
    first.on_epoch_begin(0)
    (tmp_path / "history.csv").write_text(
        "epoch,step,images,val_edge_width_p90,val_hue,val_hue_error,val_odd,val_spectrum\n"
        "1,10,320,2.53,0.751,0.123,nan,1.52\n"
    )
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "epoch-00001.npz").write_bytes(b"")
    shown = metadata_html(exporting.known_of(tmp_path))
    for figure in (
        "edge_width_p90 2.53 (less is better)",
        "hue 0.751 ± 0.12 (more is better)",
        "odd not finite (less is better)",
        "spectrum 1.52 (less is better, real images 0.512)",
    ):
        assert figure in shown
    assert "hue_error" not in shown


def test_of_a_diverged_run_the_exported_epoch_is_told(run, tmp_path):
    diverged = runs.RunFolder(shutil.copytree(run.path, tmp_path / "run"))
    noted = diverged.read_noted()
    diverged.note(noted["settings"], quality={"count": 9, "floor": {"swd": 0.5}})
    rows = "epoch,step,images,val_swd\n1,2,64,{}\n2,4,128,nan\n"
    for figure, told in (("1.5", {"swd": 1.5}), ("nan", None)):
        diverged.history.write_text(rows.format(figure))
        about = exporting.known_of(diverged.path)
        assert (about["trained"]["epoch"], about["trained"]["step"]) == (1, 2)
        assert (about["quality"] or {}).get("figures") == told


def typed(*words):
    return CliRunner().invoke(commands.named("export"), list(map(str, words)))


def test_the_command_exports_a_run_and_a_keras_file(run, tmp_path):
    shown = typed(run.path, "--format", "onnx")
    assert shown.exit_code == 0, shown.output
    path = run.path / "gan.onnx"
    assert shown.output.startswith(f"{path}: ONNX, ") and "checked: 64 images" in shown.output
    assert about_in(path, "onnx")["data"] == "icons"
    out = tmp_path / "g.onnx"
    assert typed(run.gan, "--format", "onnx", "--out", out, "--batch", 2).exit_code == 0
    images = images_of(out, "onnx", numbered(0, 2, 30, seed=0).numpy()).astype(int)
    assert np.abs(images - run.load().generate(2)).max() <= 1


def test_a_folder_with_the_name_of_a_trained_gan_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("fashion").mkdir()
    assert beside(Path("fashion"), "onnx") == Path("fashion.onnx")
    Path("fashion", "settings.json").touch()
    assert beside(Path("fashion"), "onnx") == Path("fashion", "gan.onnx")


def test_ctrl_c_ends_the_command_at_once_and_leaves_nothing(run, monkeypatch):
    def write(graph, path, about):
        path.write_text("half")
        os.kill(os.getpid(), signal.SIGINT)
        later.append(path)

    before, later = sorted(run.path.iterdir()), []
    monkeypatch.setitem(FORMATS, "litert", dataclasses.replace(FORMATS["litert"], write=write))
    with pytest.raises(KeyboardInterrupt):
        commands.named("export").callback(
            run=run.path, format="litert", out=None, batch=None, overwrite=False
        )
    assert sorted(run.path.iterdir()) == before and later == []


def test_the_command_says_what_is_wrong(run, tmp_path, capfd):
    wrong = {
        (): "Missing argument 'RUN'",
        (run.path, "--format", "coreml"): "'coreml' is not one of 'savedmodel', 'litert', 'onnx'",
        (run.path, "--format", "onnx", "--out", tmp_path / "no" / "g.onnx"): "there is no folder",
        (tmp_path, "--format", "onnx"): "holds no run",
    }
    for words, sentence in wrong.items():
        shown = typed(*words)
        assert shown.exit_code == 2 and sentence in shown.stderr, (words, shown.output)


def test_licences_of_the_data_sets():
    known = {name for name in data.data_sets() if data.licence_of(name)}
    assert known == {"sample", "fashion_mnist", "mnist"}
    assert data.licence_of(Path("some/folder")) is None
