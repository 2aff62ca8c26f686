"""LiteRT, the `.tflite` file for phones and small devices (TensorFlow Lite until 2024)."""

import os
import tempfile
import zipfile

import tensorflow as tf

from gan_model.exporting.file_format import FileFormat
from gan_model.storage.json_file import to_json
from gan_model.storage.own_files import PROGRAM


def write(graph, path, about):
    """Writes the file, with what is known of the GAN as a zip archive behind the model.

    TensorFlow Lite keeps associated files in the same way, so `unzip` shows them.
    """
    with tempfile.TemporaryDirectory() as folder:
        # Not from the function: the weights of Keras would be variables without values.
        graph.save(folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        path.write_bytes(converter.convert())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("about.json", to_json(about, indent=1))
        archive.comment = PROGRAM.encode()


def load(path):
    """A function from a dict of arrays to uint8 images, run by `ai-edge-litert`."""
    from ai_edge_litert.interpreter import Interpreter

    # Alone it takes one thread; the other runtimes take all processors.
    signature = Interpreter(str(path), num_threads=os.cpu_count()).get_signature_runner()
    return lambda inputs: signature(**inputs)["images"]


LITERT = FileFormat(
    name="litert",
    title="LiteRT",
    suffix=".tflite",
    runtime="ai-edge-litert",
    modules=("ai_edge_litert.interpreter",),
    extra="litert",
    write=write,
    load=load,
    default_batch=1,  # delegates, such as those of GPUs, take fixed shapes only
)
