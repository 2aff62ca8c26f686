"""GANs as Keras models: `fit` drives the training.

How the package is laid out, in the order in which a batch passes through it. A package imports
only from those above it.

    text             numbers, seconds              -> what a person reads
    keras_internals  what Keras and TensorFlow do not call public
    storage          files that are written atomically, locks, checkpoints
    catalog          the names of presets, features and data sets, and what is known of each
    data             files                         -> batches of images
    replicas         the devices that run one step together
    networks         codings -> images, images -> scores
    losses           scores                        -> what each network minimizes
    penalties        discriminator, images         -> a term for its gradients
    augmenting       images                        -> images as the discriminator sees them
    averaging        a generator                   -> the moving average of its weights
    features         images                        -> vectors that a distance compares
    metrics          images, held-out images       -> how far apart they are
    pictures         images, numbers               -> grids, PNG, GIF, charts
    progress         steps and figures             -> what a terminal shows while `fit` runs
    model            all of the above              -> GAN, the Keras model
    callbacks        what is shown and kept while `fit` runs
    presets          complete recipes by name
    arguments        what a person types           -> values
    run_settings     the options of a run, and what they came to
    runs             one run                      <-> one folder
    sweeps           a search space of recipes     -> the best of them
    exporting        a trained generator           -> SavedModel, LiteRT, ONNX, a page
    commands         what a person types           -> all of the above
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors and type checkers; see `__getattr__`
    from gan_model import (
        augmenting,
        averaging,
        callbacks,
        data,
        exporting,
        features,
        losses,
        metrics,
        networks,
        penalties,
        pictures,
        presets,
        progress,
        replicas,
        runs,
        sweeps,
    )
    from gan_model.model import GAN, RunCallback, Sampler

__version__ = "0.2.0"

__all__ = [
    "GAN",
    "RunCallback",
    "Sampler",
    "augmenting",
    "averaging",
    "callbacks",
    "data",
    "exporting",
    "features",
    "losses",
    "metrics",
    "networks",
    "penalties",
    "pictures",
    "presets",
    "progress",
    "replicas",
    "runs",
    "sweeps",
]

_OF_MODEL = ("GAN", "RunCallback", "Sampler")


def __getattr__(name):
    """Imports a part when it is used: all take seconds, and `gan-model --help` needs none."""
    if name in _OF_MODEL:
        return getattr(importlib.import_module("gan_model.model"), name)
    if name in (*__all__, "catalog", "commands", "model", "storage", "text"):
        return importlib.import_module(f"gan_model.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
