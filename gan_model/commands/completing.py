"""Fills in what `gan-model train` was not given: stages from `RunSettings` to `RunSettings`."""

import inspect
import json
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from gan_model import data, presets, runs
from gan_model.arguments import SUITED
from gan_model.commands.run_images import as_read_for
from gan_model.data.images import fingerprint, shape_with_channels
from gan_model.model import GAN
from gan_model.presets.recipes import makes, nearest_size

_EPOCHS = 20
MINUTES = 10  # of training, for a folder
LEAST_STEPS = 100  # of an epoch of few images
_CROPPED_MUCH = 0.7  # of the median file; where less is left, the line says how much


def with_preset(settings):
    """Fills in the preset, or what stands for it."""
    usual = "modern" if settings.data in data.data_sets() else SUITED
    preset = presets.fine_tuned.__name__ if settings.source else settings.preset or usual
    return replace(settings, preset=preset)


def check_image_size(size, preset, data_set):
    """Refuses a size of which a preset makes no images, before those of a folder are decoded."""
    if size is None or not data.is_image_folder(data_set):
        return
    size = size if isinstance(size, tuple) else (size, size)
    preset = "modern" if preset == SUITED else preset
    nearest = nearest_size(size, preset)
    if nearest not in (None, size):
        asked, other = ("x".join(map(str, each)) for each in (size, nearest))
        raise ValueError(f"{makes(preset)}. The nearest to {asked} is --image-size {other}")


# By the trained GAN that it begins with.


@dataclass(frozen=True)
class Source:
    """What a run must know of the trained GAN that it begins with."""

    name: str
    image_shape: tuple
    class_count: int | None
    about: dict  # settings of the run that trained it; {} if they are unknown

    def check(self, images):
        """Refuses images of another shape."""
        expected, given = map(shape_with_channels, (self.image_shape, images.shape[1:]))
        if expected != given:
            height, width, channels = expected
            raise ValueError(
                f"{self.name} makes images of shape {expected}, and those to train on have "
                f"{given}. For a folder of images type --image-size {height}x{width} "
                f"--channels {channels}."
            )


def by_source(settings, folder):
    """Fills in what follows from the trained GAN of --from; gives its `Source`, or None, too.

    If the folder has a run that began with this GAN, the copy in it counts: the GAN may have
    trained on since, or be gone.
    """
    name = settings.source
    if not name:
        return settings, None
    place = name if runs.is_pretrained(name) else str(Path(name).resolve())
    gan = runs.open_model(folder.source if _began_with(place, folder) else name)
    if not isinstance(gan, GAN):
        raise ValueError(
            f"{name} holds a generator alone, and training needs its discriminator too. "
            "Give the gan.keras of a run, or the run's folder."
        )
    settings = replace(settings, source=place, source_checksum=runs.checksum(gan))
    if data.is_image_folder(settings.data):
        height, width, channels = shape_with_channels(gan.image_shape)
        settings = replace(
            settings,
            image_size=settings.image_size or (height, width),
            channels=settings.channels or channels,
        )
    return settings, Source(name, gan.image_shape, gan.class_count, runs.trained_on(name) or {})


def _began_with(place, folder):
    """Whether the folder has a run that goes on from this place, and its copy of that GAN."""
    if not folder.source.exists() or not folder.epochs_done():
        return False
    try:
        return folder.read_settings().get("from") == place
    except ValueError:  # `kept_by` says why
        return False


def read_alike(settings, about):
    """Reads a folder of images as a run of the settings `about` did: the same are held out."""
    if not data.is_image_folder(settings.data):
        return settings
    how = as_read_for(about)
    return replace(
        settings, pad=settings.pad or how["pad"], ground=settings.ground or how["ground"]
    )


# By the run that continues.


def kept_by(folder, workers):
    """What the run in a folder keeps, for `RunSettings.resumed`; None of a new run.

    All workers need the same values, and only the chief has the folder: it tells the others.
    """
    known = _known_of(folder) if workers.is_chief else None
    known = json.loads(workers.all_gather_text(json.dumps(known))[0])
    if "refused" in known:
        workers.barrier()
        raise ValueError(known["refused"])
    return known["kept"]


def _known_of(folder):
    """What a run keeps, as JSON can hold it, or why it cannot go on."""
    if not folder.begun():
        return {"kept": None}
    if not folder.epochs_done():
        reason = (
            f"{folder.path} has a finished GAN and no checkpoint to continue from. Choose another "
            f"folder: --run-dir DIR. To go on from the GAN: --from "
            f"{shlex.quote(str(folder.gan))}"
        )
        return {"refused": reason}
    try:
        kept = folder.read_settings()
    except ValueError as error:
        return {"refused": str(error)}
    if folder.features.exists():
        kept["features"] = None  # those of the folder
    return {"kept": kept}


# By the images.


def by_images(settings, splits, source, *, is_new, program):
    """Fills in the rest: preset, end of the run, batches, clusters, and what the images are."""
    (images, labels), (_, held_out_labels) = splits
    is_chosen = settings.preset == SUITED
    if source:
        source.check(images)
        preset = presets.fine_tuned
    elif is_chosen:
        preset = _suited(settings, program, images, labels, splits.class_names)
    else:
        preset = presets.named(settings.preset)
    found = {"preset": preset.__name__, "images": fingerprint(images)}
    found |= {"image_shape": images.shape[1:], **presets.image_count_for(preset, images)}
    if source is None or source.class_count is not None:
        found |= presets.classes_for(preset, labels, held_out_labels)
    if count := found.get("class_count"):
        # The files of a published data set may have images of the first classes only.
        names = tuple(splits.class_names or ())[:count]
        found |= {"labels": fingerprint(labels), "class_names": names or None}
    if not (settings.epochs or settings.minutes):
        by_clock = is_chosen or settings.data not in data.data_sets()
        found |= {"minutes": MINUTES} if by_clock else {"epochs": _EPOCHS}
    settings = replace(settings, **found)
    size = settings.batch_size or min(presets.batch_size_for(preset), len(images))
    settings = replace(settings, batch_size=size)
    # A run that continues may have other clusters; it is refused with what differs.
    return _of_a_new_run(settings, preset, images, long_epochs=is_chosen) if is_new else settings


def _of_a_new_run(settings, preset, images, *, long_epochs):
    """Fills in the clusters and the steps of an epoch."""
    if settings.clusters is None:
        settings = replace(settings, clusters=presets.clusters_for(preset, images))
    elif "clusters" not in inspect.signature(preset).parameters:
        raise ValueError(
            f"--clusters is for modern, not for {settings.preset}. Leave --clusters out."
        )
    # An epoch ends in a measurement and a checkpoint, which take longer than a few steps. Without
    # `suited`, epochs that somebody counts are passes over the images.
    if not settings.steps_per_epoch and (long_epochs or settings.minutes):
        steps = steps_of_few(len(images), [settings.batch_size])
        settings = replace(settings, steps_per_epoch=steps)
    return settings


def _suited(settings, program, images, labels, class_names):
    """The preset that suits the images; tells it."""
    choice = presets.choose(images, labels, class_names=class_names or ())
    given = [name for name in ("clusters", "batch_size") if getattr(settings, name) is not None]
    chosen = choice.told(given=given)
    by_hand = f"To choose yourself: {program.line('train', '--help')}"
    print(f"Chosen: {chosen}.{_files_line(settings, images.shape[1:])} {by_hand}", flush=True)
    return choice.preset


def steps_of_few(image_count, batch_sizes):
    """Steps of an epoch of so few images that a pass over them is too short; None of more.

    With each of the batch sizes it has as many steps, and is no less than a pass.
    """
    if image_count >= LEAST_STEPS * max(batch_sizes):
        return None
    return max(LEAST_STEPS, image_count // min(batch_sizes))


def _files_line(settings, shape):
    """What became of the files of a folder of images."""
    if not data.is_image_folder(settings.data):
        return ""
    height, width = data.own_size(settings.data)[1]
    proportions = width / height, shape[1] / shape[0]
    left = min(proportions) / max(proportions)  # of an image that is cropped
    cropped = f"other proportions are {'padded' if settings.pad else 'cropped'}"
    if left < _CROPPED_MUCH and not settings.pad:
        cropped = f"cropped to the middle {left:.0%} (--pad shows them whole)"
    ground = f"transparent parts are {settings.ground or 'white'}"
    return f" The files have {height} x {width} (median); {cropped}, {ground}."
