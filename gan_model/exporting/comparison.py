"""The images of an exported file, run by its own runtime, against those of `gan.generate`."""

import numpy as np

from gan_model.model.labels import of_each_class
from gan_model.model.random import numbered

COUNT = 64  # images that are compared
ALLOWED = 1  # grey levels: a value near a half may be rounded either way


def check_finite(sampler):
    """Refuses the generator of a `Sampler` with weights that are not finite."""
    if not sampler.is_finite:
        raise ValueError(
            "The generator has weights that are not finite: its training diverged. Take an "
            "earlier epoch, such as best.keras of its run."
        )


def greatest_difference(run, sampler, batch):
    """The greatest difference between the images of a runtime and of a `Sampler`, in grey levels.

    Args:
        run: function from a dict of arrays to uint8 images.
        sampler: `Sampler` of the generator that was exported.
        batch: number of images in a call; None if it may be any number, so two are tried.

    Raises:
        ValueError: the images have another type or shape than those of the sampler.
    """
    inputs = {"codings": numbered(0, COUNT, sampler.codings_size, seed=0).numpy()}
    if sampler.class_count is not None:
        inputs["labels"] = of_each_class(COUNT, None, sampler.class_count)
    expected = sampler.generate(COUNT, seed=0)
    images = np.concatenate([run(block) for block in _blocks(inputs, batch)])[:COUNT]
    if images.dtype != np.uint8 or images.shape != expected.shape:
        raise ValueError(
            f"Its images are {images.dtype.name} of shape {images.shape}; expected uint8 of shape "
            f"{expected.shape}."
        )
    return int(np.abs(images.astype(int) - expected).max())


def _blocks(inputs, batch):
    """The inputs of one call after the other; a fixed batch is filled up with zeros."""
    if batch is None:
        sizes = (1, COUNT - 1)
    else:
        calls = -(-COUNT // batch)
        sizes = (batch,) * calls
        missing = calls * batch - COUNT
        inputs = {k: np.pad(v, [(0, missing)] + [(0, 0)] * (v.ndim - 1)) for k, v in inputs.items()}
    first = 0
    for size in sizes:
        yield {name: array[first : first + size] for name, array in inputs.items()}
        first += size
