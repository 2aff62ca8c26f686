"""A generator -> one HTML file that runs it in a browser."""

import base64
import html
import json
import re
import zlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import keras
import numpy as np

from gan_model.exporting.exporter import COUNT, check_finite
from gan_model.exporting.inference_graph import directions, inference_graph
from gan_model.exporting.model_card import metadata_html
from gan_model.model.labels import of_each_class, with_labels
from gan_model.model.random import numbered
from gan_model.model.sampling import Sampler
from gan_model.networks.layers import UpsampledConv2D
from gan_model.storage.atomic import atomic_write
from gan_model.storage.own_files import check_replaceable
from gan_model.storage.paths import expanded

_MAX_DIFFERENCE = 0.5  # grey levels: half of what is promised, as other codings may differ more
# Steps in one standard deviation of a kernel, from coarse to fine; None: it is not rounded.
_STEPS_PER_DEVIATION = *(round(64 * 2 ** (half / 2)) for half in range(11)), None
_MAX_INT16 = 2**15 - 1


@dataclass(frozen=True)
class Page:
    """What `page` wrote; `print` shows it.

    Args:
        path: the file.
        size: in bytes.
        greatest_difference: between its images and those of the generator before they are
            rounded, in grey levels, computed by TensorFlow with the rounded weights.
    """

    path: Path
    size: int
    greatest_difference: float

    def __str__(self):
        return (
            f"{self.path} ({self.size / 1e6:.2f} MB). With its rounded weights {COUNT} images "
            f"differ from the generator's by at most {self.greatest_difference:.2f} grey levels."
        )


def page(model, path, *, title=None, about=None, overwrite=False):
    """Writes a page to walk through the codings of a generator: one HTML file, without a server.

    The page runs the generator in the browser. The weights in it are rounded as coarsely as keeps
    64 images within half a grey level of the generator's.

    Args:
        model: `GAN`, whose averaged generator is shown if there is one; a generator; or a
            `Sampler` of one whose codings size or value range cannot be read from its layers.
        path: the file, which ends in .html.
        title: of the page. None: the file's name.
        about: dict of what is known of the GAN, shown at the foot; see `exporting.known_of`. Its
            `class_names`, one for each class, are those that the page lets choose from.
        overwrite: whether a file that gan-model did not write may be replaced. Its own files always
            are.

    Returns:
        `Page`.

    Raises:
        ValueError: a layer is none that the page can run; the sentence names it. Or weights are
            not finite, or another file is in the way.
        OSError: the disk is full, or the folder cannot be written.
    """
    path = expanded(path)
    if path.suffix != ".html":
        raise ValueError(f"A page is a file that ends in .html. Received: {path}.")
    check_replaceable(path, overwrite=overwrite)
    sampler = Sampler.of(model)
    check_finite(sampler)
    graph = inference_graph(sampler)
    numbers, difference = _coarsest(graph, sampler)
    operations, weights = _packed(graph, numbers)
    program = {
        **_interface(graph, about or {}),
        "operations": operations,
        # Seven digits are all of a float32 that a direction needs.
        "directions": [[round(float(x), 7) for x in direction] for direction in directions(graph)],
    }
    text = _filled_template(title or path.stem, program, weights, metadata_html(about or {}))
    content = text.encode(errors="replace")  # the name of a folder may be no UTF-8
    with atomic_write(path) as beside:
        beside.write_bytes(content)
    return Page(path, len(content), difference)


def _coarsest(graph, sampler):
    """The coarsest kernels whose images are close, for each op (see `_rounded`), and how close."""
    codings = numbered(0, COUNT, graph.codings_size, seed=0).numpy()
    inputs = with_labels(codings, of_each_class(COUNT, None, graph.class_count))
    expected = np.asarray(sampler.generator(inputs, training=False))
    low, high = graph.image_range
    copy = keras.models.clone_model(sampler.generator, clone_function=_like_page, recursive=True)
    for steps in _STEPS_PER_DEVIATION:
        numbers = [_rounded(op.weights.get("kernel"), steps) for op in graph.ops]
        _assign(copy, sampler.generator, graph, numbers)
        images = np.asarray(copy(inputs, training=False))
        difference = np.abs(images - expected).max() * 255 / (high - low)
        if difference <= _MAX_DIFFERENCE:
            return numbers, float(difference)
    raise ValueError(
        f"The page's images differ from the generator's by {difference:.2f} grey levels, "
        f"{_MAX_DIFFERENCE} is allowed. Does the generator compute in bfloat16? Export it to "
        "another format instead."
    )


def _like_page(layer):
    """The layer in float32, in which the page computes, with the kernel that the page has."""
    if isinstance(layer, UpsampledConv2D):
        return keras.layers.Conv2DTranspose(
            layer.filters, 4, strides=2, padding="same", use_bias=False, name=layer.name
        )
    return layer.__class__.from_config({**layer.get_config(), "dtype": "float32"})


def _assign(copy, generator, graph, numbers):
    """Gives a copy of the generator its weights, with rounded kernels."""
    for ours, weight in zip(copy.weights, generator.weights, strict=True):
        if ours.shape == weight.shape:  # not those of `UpsampledConv2D`: they follow
            ours.assign(weight)
    kernels = (weight for weight in copy.weights if weight.name == "kernel")
    for op, pair in zip(graph.ops, numbers, strict=True):
        if "kernel" in op.weights:
            kernel = op.weights["kernel"] if pair is None else pair[0] * pair[1]
            next(kernels).assign(kernel if op.to_layer is None else op.to_layer(kernel))


def _interface(graph, about):
    names = list(map(str, about.get("class_names", ())))
    if names and len(names) != graph.class_count:
        raise ValueError(
            f"The generator has {graph.class_count} classes, but `class_names` of `about` has "
            f"{len(names)} names."
        )
    return {
        "codings_size": graph.codings_size,
        "class_count": graph.class_count,
        "class_names": names,
        "image_shape": list(graph.image_shape),
        "image_range": list(graph.image_range),
        "bounds": graph.bounds,
    }


def _filled_template(title, program, weights, metadata):
    """The file: the template, with everything that it names put in its place."""
    parts = {
        "title": html.escape(title),
        "style": _file("style.css"),
        "engine": _file("engine.js"),
        "explorer": _file("explorer.js"),
        "metadata": metadata,
        "program": _script_of(program),
        "weights": weights,
    }
    # In one pass: a part may hold such braces too.
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: parts[found[1]], _file("page.html"))


def _script_of(program):
    # A shape may hold numbers of numpy; "<" could end the script element.
    text = json.dumps(program, separators=(",", ":"), default=np.generic.item)
    return text.replace("<", "\\u003c")


def _file(name):
    return resources.files("gan_model.exporting").joinpath("explorer", name).read_text("utf-8")


def _rounded(kernel, fineness):
    """A kernel as int16 numbers of steps, and the float32 steps (outputs,); None where it stays.

    A step is a fraction of the standard deviation of the weights of an output. So a weight takes
    about 10 bits, where float16 takes 16. Biases, scales and offsets stay float32; they are few.
    """
    if kernel is None or fineness is None:
        return None
    rows = kernel.reshape(-1, kernel.shape[-1])
    steps = np.maximum(rows.std(axis=0) / fineness, np.abs(rows).max(axis=0) / _MAX_INT16)
    steps = np.where(steps > 0, steps, 1).astype(np.float32)
    return np.rint(kernel / steps).clip(-_MAX_INT16, _MAX_INT16).astype(np.int16), steps


def _packed(graph, numbers):
    """The operations as JSON can hold them, and the text of their weights.

    The text is base85 of gzip of all arrays, one after the other, little endian. Kernels stand as
    all low bytes, then all high bytes, which compresses better. Each array is described by
    {"offset": first byte, "shape": [...]}.
    """
    ops, content = [], bytearray()

    def added(array, data):
        offset = len(content)
        content.extend(data)
        return {"offset": offset, "shape": list(array.shape)}

    for op, pair in zip(graph.ops, numbers, strict=True):
        arrays = dict(op.weights)
        if pair:
            arrays.pop("kernel")
            arrays["steps"] = pair[1]
        weights = {name: added(each, each.astype("<f4").tobytes()) for name, each in arrays.items()}
        if pair:
            weights["kernel"] = added(pair[0], _planes(pair[0]))
        ops.append(
            {
                "kind": op.kind,
                "shape": list(op.shape),
                "settings": op.settings,
                "weights": weights,
            }
        )
    return ops, _base85(_gzipped(bytes(content)))


def _base85(content):
    """Bytes as text, 5 characters for 4 bytes. The digit "<", which HTML reads, is "." instead."""
    return base64.b85encode(content).decode("ascii").replace("<", ".")


def _gzipped(content):
    # Weights do not repeat, so a search for repetitions takes seconds and finds nothing.
    gzip = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS, 9, zlib.Z_HUFFMAN_ONLY)
    return gzip.compress(content) + gzip.flush()


def _planes(numbers):
    return numbers.astype("<i2").reshape(-1, 1).view(np.uint8).T.tobytes()
