"""SavedModel, the folder that TensorFlow, TensorFlow Serving and its converters read."""

import tensorflow as tf

from gan_model.exporting.file_format import FileFormat
from gan_model.storage.json_file import write_json
from gan_model.storage.own_files import ABOUT


def write(graph, path, about):
    """Writes the folder; what is known of the GAN goes to `assets.extra/about.json`."""
    graph.save(path)
    (path / ABOUT).parent.mkdir()
    write_json(path / ABOUT, about)


def load(path):
    """A function from a dict of arrays to uint8 images, run by TensorFlow."""
    loaded = tf.saved_model.load(str(path))

    def run(inputs):
        # By `loaded`, which must outlive its signature: the weights belong to it.
        signature = loaded.signatures["serving_default"]
        tensors = {name: tf.constant(array) for name, array in inputs.items()}
        return signature(**tensors)["images"].numpy()

    return run


SAVED_MODEL = FileFormat(
    name="savedmodel",
    title="SavedModel",
    suffix="",
    runtime="tensorflow",
    modules=("tensorflow",),
    extra=None,
    write=write,
    load=load,
    takes_bfloat16=True,
)
