"""A generator -> one HTML file that runs it in a browser."""

import html
import json
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from gan_model.exporting.arithmetic import run
from gan_model.exporting.comparison import COUNT, check_finite
from gan_model.exporting.directions import directions
from gan_model.exporting.foot import facts
from gan_model.exporting.packing import packed, rounded
from gan_model.exporting.program import program as program_of
from gan_model.model.labels import of_each_class, with_labels
from gan_model.model.random import numbered
from gan_model.model.sampling import Sampler
from gan_model.storage.atomic import atomic_write
from gan_model.storage.own_files import check_replaceable
from gan_model.storage.paths import expanded

_CLOSE = 0.5  # grey levels: half of what is promised, for other codings may differ more
_FINENESS = *(round(64 * 2 ** (half / 2)) for half in range(11)), None  # see `packing.rounded`


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
        about: dict of what is known of the GAN, shown at the foot; see `exporting.foot.facts`. Its
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
    program = program_of(sampler)
    small, numbers, difference = _as_small_as_close(program, sampler)
    operations, weights = packed(small, numbers)
    told = {
        **_interface(program, about or {}),
        "operations": operations,
        # Seven digits are all of a float32 that a direction needs.
        "directions": [[round(float(x), 7) for x in one] for one in directions(program)],
    }
    text = _joined(title or path.stem, told, weights, facts(about or {}))
    content = text.encode(errors="replace")  # the name of a folder may be no UTF-8
    with atomic_write(path) as beside:
        beside.write_bytes(content)
    return Page(path, len(content), difference)


def _as_small_as_close(program, sampler):
    """The program with the coarsest weights whose images are close, and how far they differ."""
    codings = numbered(0, COUNT, program.codings_size, seed=0).numpy()
    labels = of_each_class(COUNT, None, program.class_count)
    expected = np.asarray(sampler.generator(with_labels(codings, labels), training=False))
    low, high = program.image_range
    for fineness in _FINENESS:
        small, numbers = rounded(program, fineness)
        images = run(small, codings, labels)
        difference = np.abs(images - expected.reshape(images.shape)).max() * 255 / (high - low)
        if difference <= _CLOSE:
            return small, numbers, float(difference)
    raise ValueError(
        f"The page's images differ from the generator's by {difference:.2f} grey levels, {_CLOSE} "
        "is allowed. Does the generator compute in bfloat16? Export it to another format "
        "instead."
    )


def _interface(program, about):
    names = list(map(str, about.get("class_names", ())))
    if names and len(names) != program.class_count:
        raise ValueError(
            f"The generator has {program.class_count} classes, but `class_names` of `about` has "
            f"{len(names)} names."
        )
    return {
        "codings_size": program.codings_size,
        "class_count": program.class_count,
        "class_names": names,
        "image_shape": list(program.image_shape),
        "image_range": list(program.image_range),
        "bounds": program.bounds,
    }


def _joined(title, told, weights, facts):
    """The file: the template, with everything that it names put in its place."""
    parts = {
        "title": html.escape(title),
        "style": _file("style.css"),
        "engine": _file("engine.js"),
        "explorer": _file("explorer.js"),
        "facts": facts,
        "program": _script_of(told),
        "weights": weights,
    }
    # In one pass: a part may hold such braces too.
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: parts[found[1]], _file("page.html"))


def _script_of(told):
    # A shape may hold numbers of numpy; "<" could end the script element.
    text = json.dumps(told, separators=(",", ":"), default=np.generic.item)
    return text.replace("<", "\\u003c")


def _file(name):
    return resources.files("gan_model.exporting").joinpath("explorer", name).read_text("utf-8")
