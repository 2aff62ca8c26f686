"""Small trained GANs that come with the package.

`trained/` has two files for each: `NAME.npz`, the weights of the averaged generator and of the
discriminator as float16, and `NAME.json`, how they were made and how good they are.
experiments/make_pretrained.py writes both from the folder of a run.
"""

import functools
import json
from pathlib import Path

import numpy as np

from gan_model.catalog import PRETRAINED
from gan_model.presets import recipes
from gan_model.storage.messages import did_you_mean
from gan_model.storage.packaged import damaged, packaged_arrays

FOLDER = Path(__file__).with_name("trained")


def pretrained(name, *, seed=0):
    """A trained GAN that comes with the package, compiled.

    ```python
    gan = presets.pretrained("fashion")
    images = gan.generate(25)  # garments, uint8 (25, 28, 28, 1)
    ```

    Both `generator` and `averaged_generator` have the averaged weights. The discriminator is that
    of the end of the training; the optimizers and the counters are new.

    Args:
        name: "fashion", or "fashion_by_class", which takes labels: `generate(25, labels=7)`.
            Grey images of 28 x 28 both.
        seed: of the codings and of the order of the images, if it is trained on.

    Raises:
        ValueError: another name, or a damaged file.
    """
    made = about_pretrained(name)
    arrays = _arrays(name, made["sha256"])
    gan = getattr(recipes, made["preset"])(
        tuple(made["image_shape"]), seed=seed, **made["arguments"]
    )
    generator = [arrays[key] for key in sorted(arrays) if key.startswith("generator")]
    discriminator = [arrays[key] for key in sorted(arrays) if key.startswith("discriminator")]
    for network in (gan.generator, gan.averaged_generator):
        network.set_weights(generator)
    gan.discriminator.set_weights(discriminator)
    return gan


def about_pretrained(name):
    """How a trained GAN was made, and how good it is: a dict.

    Among its keys are `command`, `preset`, `data`, `seed`, `epochs`, `minutes`, `versions`,
    `licence` (of the data), and `quality`: for each data set, the numbers of images, of the GAN and
    of the floor.

    Raises:
        ValueError: there is no trained GAN with this name.
    """
    if name not in PRETRAINED:
        guess = did_you_mean(name, PRETRAINED)
        raise ValueError(
            f"There is no trained GAN {name!r}.{guess} Known: {', '.join(PRETRAINED)}."
        )
    try:
        return json.loads((FOLDER / f"{name}.json").read_text())
    except (OSError, ValueError) as error:
        raise damaged(FOLDER / f"{name}.json", error) from None


@functools.cache
def _arrays(name, sha256):
    arrays = packaged_arrays(FOLDER / f"{name}.npz", sha256)
    return {key: array.astype(np.float32) for key, array in arrays.items()}
