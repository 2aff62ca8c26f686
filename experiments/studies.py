"""The studies of docs/results.md, each of several systems that are trained alike."""

from functools import partial
from pathlib import Path

from folder_studies import (
    of_few_images,
    of_fine_tuning,
    of_images,
    of_learning_rate,
    of_penalty_weight,
)
from loss_studies import of_losses, of_objectives
from study import Study, System, preset
from wgan_gp import of_wgan_gp


def page_name(study_name, data):
    """The name of a page: that of the study, and of the images unless they are Fashion-MNIST."""
    name = Path(data).name
    return study_name if name == "fashion_mnist" else f"{study_name}-{name}"


def named(name):
    """The study of that name. It imports the package, which takes seconds."""
    return _STUDIES[name]()


def of_presets():
    systems = {"reference": _reference()}
    for name in ("dense", "dcgan", "guidelines"):
        systems[name] = preset(name)
    return Study(
        "The loop and the first presets",
        "How far each system comes in a minute: the same recipe by a loop and by `fit`, and two "
        "other recipes.",
        systems,
        curve=True,
    )


def of_modern():
    from former_modern import modern_of_0_1

    systems = {
        "reference": _reference(),
        "former": System("`presets.modern` of 0.1", modern_of_0_1),
        "modern": preset("modern"),
    }
    return Study(
        "`presets.modern` against the loop",
        "Quality by the minute.",
        systems,
        minutes=(1, 5, 20),
        curve=True,
    )


def of_conditional():
    systems = {name: preset(name) for name in ("modern", "modern_conditional")}
    return Study(
        "With classes and without",
        "`modern_conditional` generates as many images of each class as are held out.",
        systems,
        minutes=(1, 5),
        curve=True,
    )


def of_an_hour():
    return Study(
        "An hour",
        "How far longer training leads.",
        {name: preset(name) for name in ("modern", "modern_conditional")},
        minutes=(5, 20, 60),
        curve=True,
    )


def of_ema_and_augmentation():
    from gan_model import augmenting, presets
    from gan_model.presets.rules import BATCH_SIZE

    few, augment = 1000, augmenting.DiffAugment()
    variants = {
        "average": ("averaged generator", {}, None),
        "raw": ("no average", {"average": None}, None),
        "few": ("1,000 images", {"augment": None}, few),
        "few-diffaugment": ("1,000 images, DiffAugment", {"augment": augment}, few),
        "few-adaptive": (
            "1,000 images, adaptive DiffAugment",
            {"augment": augmenting.Adaptive(augment)},
            few,
        ),
    }
    return Study(
        "The averaged generator, and augmentation on few images",
        "`presets.modern` on all images, with and without the averaged generator; and on 1,000 "
        "images, without augmentation, with DiffAugment, and with DiffAugment at the "
        "probability that adaptive augmentation chooses.",
        {
            name: System(what, partial(presets.modern, **how), images=count, batch_size=BATCH_SIZE)
            for name, (what, how, count) in variants.items()
        },
        minutes=(2, 6),
    )


def of_modes():
    systems = {"reference": _reference()}
    for name in ("dcgan", "modern"):
        systems[name] = preset(name)
    return Study(
        "A thousand modes",
        "Each image has three random garments in its colour channels, so there are 1,000 equally "
        "likely combinations of classes. The classifier `fashion` tells which combinations 25,600 "
        "generated images show. modes: how many of the 1,000 occur. kl: Kullback-Leibler "
        "divergence of their fractions from equal fractions, in nats.",
        systems,
        minutes=(5,),
        stacked=True,
    )


def _reference():
    from gan_model import presets

    return System("the reference loop with the DCGAN recipe", presets.dcgan, by_loop=True)


_STUDIES = {
    "presets": of_presets,
    "modern": of_modern,
    "conditional": of_conditional,
    "hour": of_an_hour,
    "losses": of_losses,
    "objectives": of_objectives,
    "wgan_gp": of_wgan_gp,
    "ema_and_augmentation": of_ema_and_augmentation,
    "modes": of_modes,
    "images": of_images,
    "penalty_weight": of_penalty_weight,
    "learning_rate": of_learning_rate,
    "few_images": of_few_images,
    "fine_tuning": of_fine_tuning,
}
NAMES = tuple(_STUDIES)  # in the order of the page
