"""A trained generator -> a file for programs without Keras: SavedModel, LiteRT or ONNX.

    exported = exporting.export(gan, "gan.onnx", format="onnx")
    print(exported)

The file takes float32 codings (batch, codings_size), standard normal, and with classes int32
labels (batch,). It returns uint8 images (batch, *image_shape), the same as `gan.generate`: the
averaged generator, its value range and the conversion to uint8 are part of the file.

exporter       export: writes a file, checks it, moves it to its place
graph          ImageGraph: a generator -> a TensorFlow function from codings to uint8 images
file_format    FileFormat: how one format is written, and run by its own runtime
saved_model, litert, onnx_file   the formats
comparison     the images of a runtime, compared with those of `gan.generate`
provenance     what is known of a run: preset, data, licence, quality, seed, versions

Each format needs the packages of its runtime: `pip install "gan-model[onnx]"`,
`pip install "gan-model[litert]"`; SavedModel needs TensorFlow only.
"""

from gan_model.exporting.exporter import FORMATS, Exported, export, named
from gan_model.exporting.file_format import FileFormat
from gan_model.exporting.provenance import of_run

__all__ = ["FORMATS", "Exported", "FileFormat", "export", "named", "of_run"]
