"""Writes a generator in a format, checks the file by the format's own runtime, and keeps it."""

from dataclasses import dataclass
from pathlib import Path

from gan_model.exporting.comparison import ALLOWED, COUNT, check_finite, greatest_difference
from gan_model.exporting.graph import ImageGraph
from gan_model.exporting.litert import LITERT
from gan_model.exporting.onnx_file import ONNX
from gan_model.exporting.provenance import versions
from gan_model.exporting.saved_model import SAVED_MODEL
from gan_model.model.sampling import Sampler
from gan_model.networks.layers import every_layer
from gan_model.storage import disk
from gan_model.storage.atomic import atomic_folder, atomic_write
from gan_model.storage.json_file import check_replaceable, to_json, write_json
from gan_model.storage.names import did_you_mean
from gan_model.storage.reasons import reason_of

FORMATS = {one.name: one for one in (SAVED_MODEL, LITERT, ONNX)}


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


def export(model, path, *, format, batch=None, about=None):
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
    kind, path = FORMATS[format], Path(path)
    kind.check_path(path)
    beside_it = path.with_name(f"{path.name}.json")
    check_replaceable(beside_it, "format", "inputs")
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
            "Export a SavedModel: format='savedmodel'."
        )
    check_finite(sampler)


def _write(kind, graph, path, about):
    try:
        kind.write(graph, path, about)
    except OSError:
        raise
    except Exception as error:  # each converter raises its own
        if fault := disk.fault_of(error):
            raise OSError(fault) from error
        raise ValueError(_unconverted(kind, error)) from error


def _checked(kind, path, graph):
    try:
        difference = greatest_difference(kind.load(path), graph.sampler, graph.batch)
    except Exception as error:  # so does each runtime
        raise ValueError(_unconverted(kind, error, by=kind.runtime)) from error
    if difference > ALLOWED:
        raise ValueError(
            f"The exported images differ from those of `generate` by up to {difference} grey "
            f"levels, {ALLOWED} is allowed ({COUNT} images, run by {kind.runtime} {kind.version}). "
            f"No file was written. Export another format: {_others(kind)}."
        )
    return difference


def _unconverted(kind, error, by=None):
    what = f"cannot be run by {by}" if by else f"cannot be converted to {kind.title}"
    return (
        f"The generator {what}: {reason_of(error).rstrip('.')}. No file was written. Export "
        f"another format: {_others(kind)}."
    )


def _others(kind):
    return " or ".join(f"format={name!r}" for name in FORMATS if name != kind.name)


def _size(path):
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
