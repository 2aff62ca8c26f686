"""A trained generator -> a file for programs without Keras: SavedModel, LiteRT, ONNX, or a page.

    exported = exporting.export(gan, "gan.onnx", format="onnx")
    print(exported)
    exporting.page(gan, "explorer.html")

The file takes float32 codings (batch, codings_size), standard normal, and with classes int32
labels (batch,). It returns uint8 images (batch, *image_shape), those of `gan.generate` to 1 grey
level: the averaged generator, its value range and the conversion to uint8 are part of the file. The
page is one HTML file, in which a browser runs the generator.

formats          FORMATS: how each format is written, and run by its own runtime
exporter         export: writes a file, compares its images, moves it to its place
model_card       known_of: preset, data, licence, quality, seed, versions; as HTML for the page
inference_graph  a generator -> the operations that the page runs
web_page         page: one HTML file with the generator in it
explorer/        the page's HTML and style, and its programs in JavaScript

Each format needs the packages of its runtime: `pip install "gan-model[onnx]"`,
`pip install "gan-model[litert]"`; SavedModel and the page need TensorFlow only.
"""

import importlib
from typing import TYPE_CHECKING

from gan_model.exporting.formats import FORMATS, FileFormat

if TYPE_CHECKING:  # for editors and type checkers; see `__getattr__`
    from gan_model.exporting.exporter import Exported, export
    from gan_model.exporting.model_card import known_of
    from gan_model.exporting.web_page import Page, page

__all__ = [
    "FORMATS",
    "Exported",
    "FileFormat",
    "Page",
    "export",
    "known_of",
    "page",
]

_FILES = {
    "Exported": "exporter",
    "Page": "web_page",
    "export": "exporter",
    "known_of": "model_card",
    "page": "web_page",
}


def __getattr__(name):
    """Imports a file when it is used: the command line needs the names of the formats alone."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"gan_model.exporting.{_FILES[name]}"), name)
