"""Writes a generator in a format, checks the file by the format's own runtime, and keeps it."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from gan_model.data.images import UINT8_MAX, to_levels
from gan_model.exporting.formats import FORMATS
from gan_model.exporting.model_card import versions
from gan_model.keras_internals import every_layer
from gan_model.model.labels import looked_up, of_each_class, with_labels
from gan_model.model.random import numbered
from gan_model.model.sampling import Sampler
from gan_model.storage.atomic import atomic_folder, atomic_write
from gan_model.storage.json_file import to_json, write_json
from gan_model.storage.messages import did_you_mean, fault_of, reason_of
from gan_model.storage.own_files import check_replaceable
from gan_model.storage.paths import expanded

COUNT = 64  # images that are compared
_TOLERANCE = 1  # grey levels: a value near a half may be rounded either way


@dataclass(frozen=True)
class Exported:
    """What `export` wrote; `print` shows it.

    Args:
        path: the file, or the folder of a SavedModel. `<path>.json` holds `about`.
        about: dict of what the file takes and gives, and of what is known of the GAN.
        greatest_difference: between its images and those of `gan.generate`, in grey levels.
        size: in bytes.
    """

    path: Path
    about: dict
    greatest_difference: int
    size: int

    def __str__(self):
        kind = FORMATS[self.about["format"]]
        meaning = {"codings": ", standard normal", "images": ""}
        if self.about["class_count"]:
            meaning["labels"] = f", 0 to {self.about['class_count'] - 1}"
        lines = [
            f"{way + ':':9}{name} {_shown(value)}{meaning[name]}"
            for way in ("inputs", "outputs")
            for name, value in self.about[way].items()
        ]
        return "\n".join(
            [
                f"{self.path}: {kind.title}, {self.size / 1e6:.2f} MB",
                *lines,
                f"checked: {COUNT} images by {kind.runtime} {kind.version}, greatest difference "
                f"{self.greatest_difference} of 255 grey levels",
            ]
        )


def export(model, path, *, format, batch=None, about=None, overwrite=False):
    """Writes the generator of a GAN as a file that makes uint8 images without Keras.

    The file is run at once by the format's own runtime on the first 64 codings of seed 0. It is
    kept only if its images are those of `gan.generate`, to 1 grey level. An earlier file of the
    same name stays until then.

    Args:
        model: `GAN`, whose averaged generator is exported if there is one; a generator; or a
            `Sampler` of one whose codings size or value range cannot be read from its layers.
        path: the file, `.tflite` or `.onnx`, or the folder of a SavedModel. `<path>.json` is
            written beside it.
        format: "savedmodel", "litert" or "onnx".
        batch: number of images in a call. None: any number; for LiteRT 1.
        about: dict of what is known of the GAN, which JSON can hold, for example `known_of(run)`.
            It is stored in the file and beside it.
        overwrite: whether files that gan-model did not write may be replaced. Its own files always
            are.

    Returns:
        `Exported`, with the greatest difference.

    Raises:
        ValueError: the format is unknown, another file or folder is in the way, a package is
            missing, the generator cannot be converted, or its images differ by more than 1 grey
            level; no file is left behind.
        TypeError: `about` holds something that JSON has no form for.
        OSError: the disk is full, or the folder cannot be written. The export may be there without
            its `<path>.json`.
    """
    if format not in FORMATS:
        guess = did_you_mean(format, FORMATS)
        raise ValueError(f"Unknown format {format!r}.{guess} Known: {', '.join(FORMATS)}.")
    kind, path = FORMATS[format], expanded(path)
    kind.check_path(path)
    beside_it = path.with_name(f"{path.name}.json")
    check_replaceable(path, beside_it, overwrite=overwrite)
    kind.check_installed()
    if batch is not None and batch < 1:
        raise ValueError(f"`batch` is 1 or more images. Received: batch={batch}.")
    to_json(about or {})  # its errors are not the converter's
    batch = batch or kind.default_batch
    sampler = Sampler.of(model)
    _check_generator(sampler, kind)
    graph = ImageGraph(sampler, batch)
    about = {**(about or {}), **_interface(kind, graph), "versions": versions(kind.runtime)}
    with (atomic_write if kind.suffix else atomic_folder)(path) as beside:
        _write(kind, graph, beside, about)
        difference = _checked(kind, beside, graph)
    compared = {"images": COUNT, "greatest_difference": difference}
    write_json(beside_it, {**about, "compared": compared})
    return Exported(path, about, difference, _size(path))


def _shown(value):
    """The type and shape of an input or output: "float32 (batch, 64)"."""
    shape = ", ".join(map(str, value["shape"]))
    return f"{value['dtype']} ({shape})"


def _interface(kind, graph):
    classes = graph.sampler.class_count
    labels = {"labels": f"0 to {classes - 1}; any other is an error"} if classes else {}
    return {
        "format": kind.name,
        "inputs": graph.inputs,
        "outputs": graph.outputs,
        "codings": "standard normal",
        "class_count": classes,
        **labels,
    }


def _check_generator(sampler, kind):
    types = {layer.compute_dtype for layer in every_layer(sampler.generator)}
    if "bfloat16" in types and not kind.takes_bfloat16:
        raise ValueError(
            f"The generator computes in bfloat16, which {kind.title} has no operations for. "
            "Export a SavedModel: savedmodel."
        )
    check_finite(sampler)


def _write(kind, graph, path, about):
    try:
        kind.write(graph, path, about)
    except OSError:
        raise
    except Exception as error:  # each converter raises its own
        if fault := fault_of(error):
            raise OSError(fault) from error
        raise ValueError(_unconverted(kind, error)) from error


def _checked(kind, path, graph):
    try:
        difference = _greatest_difference(kind.load(path), graph.sampler, graph.batch)
    except Exception as error:  # so does each runtime
        raise ValueError(_unconverted(kind, error, by=kind.runtime)) from error
    if difference > _TOLERANCE:
        raise ValueError(
            f"The exported images differ from those of `generate` by up to {difference} grey "
            f"levels, {_TOLERANCE} is allowed ({COUNT} images, run by {kind.runtime} "
            f"{kind.version}). No file was written. Export another format: {_others(kind)}."
        )
    return difference


def _unconverted(kind, error, by=None):
    what = f"cannot be run by {by}" if by else f"cannot be converted to {kind.title}"
    return (
        f"The generator {what}: {reason_of(error).rstrip('.')}. No file was written. Export "
        f"another format: {_others(kind)}."
    )


def _others(kind):
    return " or ".join(name for name in FORMATS if name != kind.name)


def _size(path):
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


class ImageGraph:
    """The TensorFlow function that every format is made from: codings, labels -> uint8 images.

    Args:
        sampler: `Sampler` of the generator.
        batch: number of images in a call. None: any number.

    Attributes:
        function: `tf.function` of `codings`, and of `labels` if there are classes, which returns
            {"images": uint8 (batch, *image_shape)}.
        signature: its `tf.TensorSpec`s, in order.
        inputs, outputs: dicts from names to {"dtype": ..., "shape": ...}; the first side is
            "batch" if it may be any number.
    """

    def __init__(self, sampler, batch=None):
        self.sampler, self.batch = sampler, batch
        self.signature = [tf.TensorSpec((batch, sampler.codings_size), tf.float32, name="codings")]
        if sampler.class_count is not None:
            self.signature.append(tf.TensorSpec((batch,), tf.int32, name="labels"))
        self.function = tf.function(self._images, input_signature=self.signature)
        self.inputs = {spec.name: _described(spec) for spec in self.signature}
        outputs = self.function.get_concrete_function().structured_outputs
        self.outputs = {name: _described(spec) for name, spec in outputs.items()}

    def save(self, path):
        """Writes a SavedModel, a folder, with the signature `serving_default`."""
        archive = keras.export.ExportArchive()
        archive.track(self.sampler.generator)
        archive.add_endpoint("serve", self._images, input_signature=self.signature)
        archive.write_out(str(path), verbose=False)

    def _images(self, codings, labels=None):
        if labels is not None:
            labels = looked_up(labels, self.sampler.class_count)
        images = self.sampler.generator(with_labels(codings, labels), training=False)
        levels = to_levels(tf.cast(images, tf.float32), self.sampler.image_range)
        # As data.images.to_uint8 does it in numpy: both round halves to the even number.
        levels = tf.clip_by_value(tf.round(levels), 0.0, UINT8_MAX)
        return {"images": tf.cast(levels, tf.uint8)}


def _described(spec):
    return {"dtype": spec.dtype.name, "shape": ["batch" if n is None else n for n in spec.shape]}


def check_finite(sampler):
    """Refuses the generator of a `Sampler` with weights that are not finite."""
    if not sampler.is_finite:
        raise ValueError(
            "The generator has weights that are not finite: its training diverged. Take an "
            "earlier epoch, such as best.keras of its run."
        )


def _greatest_difference(run, sampler, batch):
    """The greatest difference between the images of a runtime and of a `Sampler`, in grey levels.

    Args:
        run: function from a dict of arrays to uint8 images.
        sampler: `Sampler` of the generator that was exported.
        batch: number of images in a call; None if it may be any number, so two are tried.

    Raises:
        ValueError: the images have another type or shape than those of the sampler.
    """
    inputs = {"codings": numbered(0, COUNT, sampler.codings_size, seed=0).numpy()}
    if sampler.class_count is not None:
        inputs["labels"] = of_each_class(COUNT, None, sampler.class_count)
    expected = sampler.generate(COUNT, seed=0)
    images = np.concatenate([run(block) for block in _blocks(inputs, batch)])[:COUNT]
    if images.dtype != np.uint8 or images.shape != expected.shape:
        raise ValueError(
            f"Its images are {images.dtype.name} of shape {images.shape}; expected uint8 of shape "
            f"{expected.shape}."
        )
    return int(np.abs(images.astype(int) - expected).max())


def _blocks(inputs, batch):
    """The inputs of one call after the other; a fixed batch is filled up with zeros."""
    if batch is None:
        sizes = (1, COUNT - 1)
    else:
        calls = -(-COUNT // batch)
        sizes = (batch,) * calls
        missing = calls * batch - COUNT
        inputs = {k: np.pad(v, [(0, missing)] + [(0, 0)] * (v.ndim - 1)) for k, v in inputs.items()}
    first = 0
    for size in sizes:
        yield {name: array[first : first + size] for name, array in inputs.items()}
        first += size
