"""The formats that `export` writes: SavedModel, LiteRT, ONNX.

A format is one `FileFormat` in `FORMATS`. The command line takes its names from there, so nothing
here imports TensorFlow before a file is written or run.
"""

import importlib
import importlib.metadata
import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from gan_model.storage.json_file import to_json, write_json
from gan_model.storage.own_files import ABOUT, PROGRAM

_FILE_SUFFIXES = (".onnx", ".tflite", ".keras", ".json")  # endings that no SavedModel has
_SAVED_MODEL_NAMES = {
    *("saved_model.pb", "fingerprint.pb", "keras_metadata.pb"),
    *("variables", "assets", "assets.extra"),
}


@dataclass(frozen=True)
class FileFormat:
    """A format that `export` writes.

    Args:
        name: as `export` takes it.
        title: as messages name it.
        suffix: of its files; "" for a folder.
        runtime: package on PyPI that runs it.
        modules: what must be importable to write and check it.
        extra: of gan-model, which installs these modules; None if they always are installed.
        write: function of (graph, path, about): writes an `ImageGraph`, and the dict `about`.
        load: function from a path to a function that runs it: from a dict of arrays by input
            name to the images.
        takes_bfloat16: whether networks that compute in bfloat16 can be written.
        default_batch: number of images in a call unless asked for another; None: any number.
    """

    name: str
    title: str
    suffix: str
    runtime: str
    modules: tuple
    extra: str | None
    write: Callable
    load: Callable
    takes_bfloat16: bool = False
    default_batch: int | None = None

    def check_installed(self):
        """Raises a `ValueError` that names the missing package, and what to type."""
        for module in self.modules:
            try:
                importlib.import_module(module)
            except ImportError as error:
                raise ValueError(
                    f"{self.title} needs the package {module.split('.')[0]}, which cannot be "
                    f'imported ({error}). Type pip install "gan-model[{self.extra}]".'
                ) from error

    def check_path(self, path):
        """Refuses a path whose ending does not suit the format, and folders of other things."""
        if path.suffix != self.suffix and (self.suffix or path.suffix in _FILE_SUFFIXES):
            wanted = f"a file that ends in {self.suffix}" if self.suffix else "a folder"
            raise ValueError(
                f"{self.title} is written to {wanted}. Received: {path}. Type "
                f"{path.with_suffix(self.suffix)}, or choose another format."
            )
        if self.suffix or not path.exists():
            return
        if any(path.iterdir()) and not (path / "saved_model.pb").exists():
            raise ValueError(
                f"{path} exists and is no {self.title}, so it is not replaced. Choose another "
                "folder."
            )
        if others := sorted({file.name for file in path.iterdir()} - _SAVED_MODEL_NAMES):
            raise ValueError(
                f"{path} holds more than a {self.title} ({', '.join(others)}), so it is not "
                "replaced. Choose another folder."
            )

    @property
    def version(self):
        """The installed version of the runtime."""
        return version_of(self.runtime)


def version_of(package):
    """The installed version of a package; of its module where another package provides it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # as onnxruntime-gpu does
        return importlib.import_module(package.replace("-", "_")).__version__


def _write_saved_model(graph, path, about):
    """Writes the folder; `about` goes to `assets.extra/about.json`."""
    graph.save(path)
    (path / ABOUT).parent.mkdir()
    write_json(path / ABOUT, about)


def _load_saved_model(path):
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))

    def run(inputs):
        # By `loaded`, which must outlive its signature: the weights belong to it.
        signature = loaded.signatures["serving_default"]
        tensors = {name: tf.constant(array) for name, array in inputs.items()}
        return signature(**tensors)["images"].numpy()

    return run


def _write_litert(graph, path, about):
    """Writes the file, with `about` in a zip archive behind the model.

    TensorFlow Lite keeps associated files in the same way, so `unzip` shows them.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        # Not from the function: the weights of Keras would be variables without values.
        graph.save(folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        path.write_bytes(converter.convert())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("about.json", to_json(about, indent=1))
        archive.comment = PROGRAM.encode()


def _load_litert(path):
    from ai_edge_litert.interpreter import Interpreter

    # Alone it takes one thread; the other runtimes take all processors.
    signature = Interpreter(str(path), num_threads=os.cpu_count()).get_signature_runner()
    return lambda inputs: signature(**inputs)["images"]


def _write_onnx(graph, path, about):
    """Writes the file; `about` goes to its `metadata_props`, by name."""
    import onnx
    import tf2onnx

    model, _ = tf2onnx.convert.from_function(graph.function, graph.signature)
    for value in (*model.graph.input, *model.graph.output):
        first = value.type.tensor_type.shape.dim[0]
        if not first.HasField("dim_value"):
            first.dim_param = "batch"
    onnx.helper.set_model_props(model, {name: _as_text(value) for name, value in about.items()})
    model.producer_name, model.producer_version = PROGRAM, about["versions"][PROGRAM]
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _load_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(["images"], inputs)[0]


def _as_text(value):
    """Texts as they are, everything else as JSON, also a text like "2024" that JSON would read."""
    if isinstance(value, str):
        value = value.encode(errors="backslashreplace").decode()  # names of files may be no UTF-8
        try:
            json.loads(value)
        except ValueError:
            return value
    return to_json(value)


_ALL = (
    FileFormat(
        name="savedmodel",
        title="SavedModel",
        suffix="",
        runtime="tensorflow",
        modules=("tensorflow",),
        extra=None,
        write=_write_saved_model,
        load=_load_saved_model,
        takes_bfloat16=True,
    ),
    FileFormat(
        name="litert",
        title="LiteRT",
        suffix=".tflite",
        runtime="ai-edge-litert",
        modules=("ai_edge_litert.interpreter",),
        extra="litert",
        write=_write_litert,
        load=_load_litert,
        default_batch=1,  # delegates, such as those of GPUs, take fixed shapes only
    ),
    FileFormat(
        name="onnx",
        title="ONNX",
        suffix=".onnx",
        runtime="onnxruntime",
        modules=("onnx", "tf2onnx", "onnxruntime"),
        extra="onnx",
        write=_write_onnx,
        load=_load_onnx,
    ),
)
FORMATS = {format.name: format for format in _ALL}
