"""`gan-model train --from`: a trained GAN to go on from."""

from dataclasses import dataclass
from pathlib import Path

import click

from gan_model.commands.run_images import as_read_for

PRESET = "fine_tuned"  # stands for the preset in the settings of such a run


@dataclass(frozen=True)
class Source:
    """What a run must know of the GAN that it goes on from.

    Args:
        name: a run's folder, a .keras file, or the name of a trained GAN.
        image_shape: of its images.
        class_count: its classes; None for none.
        settings: dict for the settings of the run.
        about: dict of the settings of the run that trained it; {} if they are unknown.
    """

    name: str
    image_shape: tuple
    class_count: int | None
    settings: dict
    about: dict

    def read_alike(self, args):
        """Has a folder of images read as for the source, so that the same ones are held out."""
        from gan_model import data  # imported by now

        if data.is_image_folder(args.data):
            how = as_read_for(self.about)
            args.pad, args.ground = args.pad or how["pad"], args.ground or how["ground"]

    def check(self, images):
        """Refuses images of another shape."""
        from gan_model.data.images import shape_with_channels  # imported by now

        expected, given = map(shape_with_channels, (self.image_shape, images.shape[1:]))
        if expected != given:
            height, width, channels = expected
            raise ValueError(
                f"{self.name} makes images of shape {expected}, and those to train on have "
                f"{given}. For a folder of images type --image-size {height}x{width} "
                f"--channels {channels}."
            )


def check(args):
    """Raises a UsageError where options do not go together."""
    if args.source and (args.preset or args.codings_size or args.bfloat16):
        raise click.UsageError(
            "--from has the networks already; leave --preset, --codings-size, --bfloat16 out"
        )
    for given, option in (
        (args.freeze_discriminator, "--freeze-discriminator"),
        (args.new_generator, "--new-generator"),
    ):
        if given and not args.source:
            raise click.UsageError(f"{option} is for a run that goes on: give --from too")


def source_of(args, folder):
    """The `Source` that was asked for; None for none. Has a folder's images get its shape.

    Args:
        args: values of the options of `gan-model train`.
        folder: `RunFolder`. If it has a run that began with this source, the copy in it counts:
            the source may have trained on since, or be gone.
    """
    from gan_model import data, runs  # imported by now
    from gan_model.data.images import shape_with_channels
    from gan_model.model import GAN

    if not args.source:
        return None
    place = args.source if runs.is_pretrained(args.source) else str(Path(args.source).resolve())
    gan = runs.open_model(folder.source if _began_with(place, folder) else args.source)
    if not isinstance(gan, GAN):
        raise ValueError(
            f"{args.source} holds a generator alone, and training needs its discriminator too. "
            "Give the gan.keras of a run, or the run's folder."
        )
    height, width, channels = shape_with_channels(gan.image_shape)
    if data.is_image_folder(args.data):
        args.image_size = args.image_size or (height, width)
        args.channels = args.channels or channels
    settings = {
        "from": place,
        "source": runs.checksum(gan),
        "freeze_discriminator": args.freeze_discriminator,
    }
    if args.new_generator:  # not otherwise: runs of older versions know nothing of it
        settings |= {"new_generator": True}
    about = runs.trained_on(args.source) or {}
    return Source(args.source, gan.image_shape, gan.class_count, settings, about)


def _began_with(place, folder):
    """Whether the folder has a run that goes on from this place, and its copy of that GAN."""
    if not folder.source.exists() or not folder.epochs_done():
        return False
    try:
        return folder.read_settings().get("from") == place
    except ValueError:  # `complete_by_run` says why
        return False
