"""A trained generator -> a file for programs without Keras: SavedModel, LiteRT, ONNX, or a page.

    exported = exporting.export(gan, "gan.onnx", format="onnx")
    print(exported)
    exporting.page(gan, "explorer.html")

The file takes float32 codings (batch, codings_size), standard normal, and with classes int32
labels (batch,). It returns uint8 images (batch, *image_shape), those of `gan.generate` to 1 grey
level: the averaged generator, its value range and the conversion to uint8 are part of the file. The
page is one HTML file, in which a browser runs the generator.

exporter       export: writes a file, checks it, moves it to its place
graph          ImageGraph: a generator -> a TensorFlow function from codings to uint8 images
file_format    FileFormat: how one format is written, and run by its own runtime
saved_model, litert, onnx_file   the formats
comparison     the images of a runtime, compared with those of `gan.generate`
provenance     known_of: what is known of a GAN: preset, data, licence, quality, seed, versions
page           page: one HTML file with the generator in it
program        program: a generator -> the operations that the page runs
operations     Operation, of_layer: what a layer becomes
arithmetic     the same operations in TensorFlow, to check the page's weights
packing        weights -> a small text
directions     the directions of codings that change images most
foot           what is known of a run, at the foot of its page
explorer/      the page's HTML and style, and its programs in JavaScript

Each format needs the packages of its runtime: `pip install "gan-model[onnx]"`,
`pip install "gan-model[litert]"`; SavedModel and the page need TensorFlow only.
"""

from gan_model.exporting.exporter import FORMATS, Exported, export
from gan_model.exporting.file_format import FileFormat
from gan_model.exporting.page import Page, page
from gan_model.exporting.provenance import known_of

__all__ = [
    "FORMATS",
    "Exported",
    "FileFormat",
    "Page",
    "export",
    "known_of",
    "page",
]
