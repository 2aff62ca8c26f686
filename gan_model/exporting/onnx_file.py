"""ONNX, the file that most runtimes read, also outside Python and in browsers."""

import json

from gan_model.exporting.file_format import FileFormat
from gan_model.storage.json_file import to_json
from gan_model.storage.own_files import PROGRAM


def write(graph, path, about):
    """Writes the file; what is known of the GAN goes to its `metadata_props`, by name.

    Texts stand there as they are, everything else as JSON, and so does a text like "2024", which
    would be read as a number.
    """
    import onnx
    import tf2onnx

    model, _ = tf2onnx.convert.from_function(graph.function, graph.signature)
    for value in (*model.graph.input, *model.graph.output):
        first = value.type.tensor_type.shape.dim[0]
        if not first.HasField("dim_value"):
            first.dim_param = "batch"
    texts = {name: _text(value) for name, value in about.items()}
    onnx.helper.set_model_props(model, texts)
    model.producer_name, model.producer_version = PROGRAM, about["versions"][PROGRAM]
    onnx.checker.check_model(model)
    onnx.save(model, path)


def load(path):
    """A function from a dict of arrays to uint8 images, run by `onnxruntime` on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(["images"], inputs)[0]


def _text(value):
    if isinstance(value, str):
        value = value.encode(errors="backslashreplace").decode()  # names of files may be no UTF-8
        try:
            json.loads(value)
        except ValueError:
            return value
    return to_json(value)


ONNX = FileFormat(
    name="onnx",
    title="ONNX",
    suffix=".onnx",
    runtime="onnxruntime",
    modules=("onnx", "tf2onnx", "onnxruntime"),
    extra="onnx",
    write=write,
    load=load,
)
