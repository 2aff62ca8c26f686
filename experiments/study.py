"""A study of docs/results.md: systems to compare, and how."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """What is trained in a study.

    Args:
        what: its name on the page.
        build: function of (image_shape, seed=...), and of class_count if it has classes, that
            returns a compiled GAN.
        by_loop: whether it is trained by the loop that `fit` replaces.
        images: number of training images, drawn from all; None: all.
        batch_size: images in a batch.
    """

    what: str
    build: Callable
    by_loop: bool = False
    images: int | None = None
    batch_size: int = 32


@dataclass(frozen=True)
class Study:
    """Systems to compare, and how.

    Args:
        title: of its part of the page.
        about: one or two sentences below the title.
        systems: dict from the name of a folder to a `System`.
        minutes: of training after which each system is measured.
        stacked: whether images have three garments in their colour channels, and systems are
            measured by how many of the 1,000 combinations of classes they generate.
        curve: whether the page draws the distance and shows images of each system.
        of_folders: whether it is of a folder of images, which each have a page then.
    """

    title: str
    about: str
    systems: dict[str, System]
    minutes: tuple[int, ...] = (1, 2, 4)
    stacked: bool = False
    curve: bool = False
    of_folders: bool = False


def preset(name):
    """The system of a preset, with the batches that the commands give it."""
    from gan_model import presets

    build = presets.named(name)
    return System(f"`presets.{name}`", build, batch_size=presets.batch_size_for(build))
