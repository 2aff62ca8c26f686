"""Images and labels -> the preset that suits them, and its arguments."""

import inspect
from dataclasses import dataclass, field

import numpy as np

from gan_model.catalog import BATCH_SIZE, PRESETS
from gan_model.data.images import shape_with_channels
from gan_model.model.labels import check_values
from gan_model.presets import rules
from gan_model.presets.recipes import modern, modern_conditional
from gan_model.storage.messages import printable

LEAST_IN_CLASS = 400  # images; docs/modern.md: 430 helped, and fewer than 90 did not
_NAMED = 12  # classes, at most; of more only the number is told
_OF_ARGUMENTS = {
    "clusters": "clusters for classes",
    "batch_size": "batches of ",
}


@dataclass(frozen=True)
class Choice:
    """What was chosen for some images.

    Args:
        preset: function of `gan_model.presets`.
        image_shape: (height, width, channels).
        arguments: dict of the preset's other arguments.
        reasons: dict from what was chosen to why, both texts.
    """

    preset: object
    image_shape: tuple
    arguments: dict = field(default_factory=dict)
    reasons: dict = field(default_factory=dict)

    def told(self, given=()):
        """One line on what was chosen, and why.

        Args:
            given: names of arguments that were given and not chosen: the preset's, and
                "batch_size".
        """
        not_chosen = tuple(_OF_ARGUMENTS[name] for name in given if name in _OF_ARGUMENTS)
        return ", ".join(
            f"{what} ({why})" if why else what
            for what, why in self.reasons.items()
            if not what.startswith(not_chosen)
        )


def choose(images, labels=None, *, class_names=()):
    """The `Choice` for training images.

    Classes are used where there are two or more, and 400 images or more of each.

    Args:
        images: array (n, height, width) or (n, height, width, channels), or a list of images.
        labels: integers (n,) or (n, 1) from 0 to the number of classes - 1; None: the images have
            no classes.
        class_names: texts; the reasons name classes by them.

    Raises:
        ValueError: no such images, or labels that are no such integers.
    """
    return _choice(_checked(images), labels, class_names, len(images))


def _checked(images):
    if isinstance(images, list):
        images = np.asarray(images)
    if not hasattr(images, "shape") or not hasattr(images, "__len__"):
        raise ValueError(
            f"Received {type(images).__name__} in the place of images; expected an array, such as "
            "those of (images, labels), held_out = data.load('path/to/pictures')."
        )
    shape = tuple(images.shape)
    if len(shape) == 4 and shape[-1] not in (1, 3) and shape[1] in (1, 3):
        raise ValueError(
            f"The images have the shape {shape}, with the channels first. Move them: "
            "np.moveaxis(images, 1, -1)."
        )
    if len(shape) not in (3, 4) or not shape[0] or shape[3:] not in ((), (1,), (3,)):
        raise ValueError(
            f"The images have the shape {shape}; expected (n, height, width), or with 1 or 3 "
            "channels, of one image or more."
        )
    return images


def _choice(images, labels, class_names, image_count):
    """The same, for a number of images that may have been given."""
    images_shape = shape_with_channels(images.shape[1:])
    height, width, channels = images_shape
    colours = "colour" if channels == 3 else "grey"
    reasons = {f"{len(images):,} images of {height} x {width} in {colours}": ""}
    arguments, preset = {"image_count": image_count}, modern
    counts = _counts(labels, len(images), class_names)
    if len(counts) > 1 and min(counts) >= LEAST_IN_CLASS:
        preset, arguments["class_count"] = modern_conditional, len(counts)
    reasons[preset.__name__] = _of_classes(counts, class_names)
    if preset is modern and rules.clusters_for(images_shape, image_count):
        reasons[_OF_ARGUMENTS["clusters"]] = f"{rules.MANY:,} grey images or more"
    reasons[f"{_OF_ARGUMENTS['batch_size']}{min(BATCH_SIZE, len(images))}"] = ""
    return Choice(preset, images_shape, arguments, reasons)


def _counts(labels, image_count, class_names):
    """The number of images of each class; [] without labels."""
    if labels is None:
        return []
    labels = np.asarray(labels)
    check_values(labels)
    if len(labels) != image_count:
        raise ValueError(
            f"There are {image_count:,} images and {len(labels):,} labels; expected one for each."
        )
    return np.bincount(np.ravel(labels), minlength=len(class_names)).tolist()


def _of_classes(counts, class_names):
    """Why classes are used or not, a text."""
    if len(counts) < 2:
        return "no classes"
    names, least = class_names or [*map(str, range(len(counts)))], min(counts)
    classes = f"{len(counts)} classes, "
    if class_names and len(names) <= _NAMED:
        classes = f"{len(counts)} classes: {', '.join(map(printable, names))}; "
    if least >= LEAST_IN_CLASS:
        return f"{classes}{least:,} images or more in each"
    fewest = f"{names[counts.index(least)]!r} has {least:,}"
    return f"{classes}{fewest}, and {LEAST_IN_CLASS} training images are the least"


def suited(images, labels=None, *, seed=0, **arguments):
    """A compiled GAN that suits the images, and one line on stdout about what was chosen.

    ```python
    (images, labels), held_out = data.load("path/to/pictures")
    gan = presets.suited(images, labels)
    # `fit` leaves labels alone if the GAN has no classes.
    gan.fit(images, labels, batch_size=16, callbacks=callbacks.watch("run"))
    ```

    Args:
        images, labels: see `choose`.
        seed: of the codings and of the order of the images.
        **arguments: of the preset, instead of those chosen, e.g. `image_count=None`.
    """
    count = arguments.get("image_count", len(images))
    choice = _choice(_checked(images), labels, (), count)
    print(f"Chosen: {choice.told(given=arguments)}.")
    return choice.preset(choice.image_shape, seed=seed, **(choice.arguments | arguments))


def batch_size_for(preset):
    """The batch size of a preset: 32 for `dense`, `dcgan` and `guidelines`, 16 for the others.

    Args:
        preset: a function of `gan_model.presets`.
    """
    known = PRESETS.get(preset.__name__)
    return known.batch_size if known else BATCH_SIZE


def clusters_for(preset, images):
    """The number of clusters that a preset makes of images; None for none.

    Args:
        preset: a function of `gan_model.presets`.
        images: training images, an array.
    """
    return rules.clusters_for(images.shape[1:], len(images)) if _takes(preset, "clusters") else None


def classes_for(preset, *labels):
    """The `class_count` argument of a preset: {"class_count": 10}; {} if the preset takes none.

    Args:
        preset: a function of `gan_model.presets`.
        *labels: arrays of integers (n,) or (n, 1), for example the training and the held-out
            labels. The classes are 0 to the greatest label.

    Raises:
        ValueError: labels that are no such integers.
    """
    if not _takes(preset, "class_count"):
        return {}
    for each in labels:
        check_values(np.asarray(each))
    return {"class_count": 1 + max(int(np.max(each)) for each in labels)}


def image_count_for(preset, images):
    """The `image_count` argument of a preset: {"image_count": 3000}; {} if the preset takes none.

    Args:
        preset: a function of `gan_model.presets`.
        images: those to train on.
    """
    return {"image_count": len(images)} if _takes(preset, "image_count") else {}


def _takes(preset, argument):
    return argument in inspect.signature(preset).parameters
