"""What docs/results.md compares: studies, each of several systems that are trained alike."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

NAMES = (
    "presets",
    "modern",
    "conditional",
    "objectives",
    "ema_and_augmentation",
    "modes",
)  # in the order of the page


@dataclass(frozen=True)
class System:
    """What is trained in a study.

    Args:
        what: how the page calls it.
        build: function of (image_shape, seed=...), and of class_count where it has classes,
            that gives a compiled GAN.
        by_loop: trained by the loop that `fit` replaces.
        images: how many training images it gets, the first; None: all.
    """

    what: str
    build: Callable
    by_loop: bool = False
    images: int | None = None


@dataclass(frozen=True)
class Study:
    """Systems to compare, and how.

    Args:
        title: of its part of the page.
        about: a sentence or two that stand under the title.
        systems: dict from the name of a folder to a `System`.
        minutes: of training after which each is measured.
        stacked: trained on three images in the colour channels, and measured by how many of
            the 1,000 combinations of classes come out.
        curve: whether the page draws the distance, and shows images of each system.
    """

    title: str
    about: str
    systems: dict[str, System]
    minutes: tuple[int, ...] = (1, 2, 4)
    stacked: bool = False
    curve: bool = False


def named(name):
    """The study of that name; it imports the package, which takes seconds."""
    return {
        "presets": of_presets,
        "modern": of_modern,
        "conditional": of_conditional,
        "objectives": of_objectives,
        "ema_and_augmentation": of_ema_and_augmentation,
        "modes": of_modes,
    }[name]()


def of_presets():
    from gan_model import presets

    systems = {"reference": _reference()}
    for name in ("dense", "dcgan", "guidelines"):
        systems[name] = System(f"`presets.{name}`", presets.named(name))
    return Study(
        "The loop and the first presets",
        "How much of the same recipe a minute buys, and the two recipes beside it.",
        systems,
        curve=True,
    )


def of_modern():
    from gan_model import presets

    return Study(
        "`presets.modern` against the loop",
        "Quality by the minute.",
        {"reference": _reference(), "modern": System("`presets.modern`", presets.modern)},
        minutes=(1, 5, 20),
        curve=True,
    )


def of_conditional():
    from gan_model import presets

    systems = {
        name: System(f"`presets.{name}`", presets.named(name))
        for name in ("modern", "modern_conditional")
    }
    return Study(
        "With classes and without",
        "The images of `modern_conditional` are of each class in turn.",
        systems,
        minutes=(1, 5),
        curve=True,
    )


def of_objectives():
    from gan_model import losses, presets

    objectives = {
        "non-saturating": losses.NonSaturating(),
        "minimax": losses.Minimax(),
        "least squares": losses.LeastSquares(),
        "hinge": losses.Hinge(),
        "Wasserstein": losses.Wasserstein(),
        "relativistic": losses.Relativistic(),
        "relativistic average": losses.RelativisticAverage(),
    }
    charged = _penalties()
    return Study(
        "Objectives and penalties",
        "Each loss with each penalty, everything else as in `presets.modern`. The penalties are "
        "taken every 8th step: R1 and R2 with the weight 0.3, WGAN-GP's with 10.",
        {
            f"{loss}-{penalty}".replace(" ", "-").lower(): System(
                f"{loss}, {penalty}",
                partial(presets.modern, loss=objectives[loss], penalty=charged[penalty]),
            )
            for loss in objectives
            for penalty in charged
        },
        minutes=(2,),
    )


def _penalties():
    from gan_model import penalties

    r1, r2 = penalties.R1(0.3, every=8), penalties.R2(0.3, every=8)
    gradient = penalties.GradientPenalty(10.0, every=8)
    return {"none": None, "R1": r1, "R1 + R2": r1 + r2, "WGAN-GP": gradient}


def of_ema_and_augmentation():
    from gan_model import augmenting, presets

    few, changed = 1000, augmenting.DiffAugment()
    return Study(
        "The averaged generator, and augmentation on few images",
        "`presets.modern` with all images and without its average; and with the first 1,000 "
        "images, without augmentation, with DiffAugment, and with as much of it as the target of "
        "adaptive augmentation asks for.",
        {
            "average": System("averaged generator", presets.modern),
            "raw": System("no average", partial(presets.modern, average=None)),
            "few": System("1,000 images", presets.modern, images=few),
            "few-diffaugment": System(
                "1,000 images, DiffAugment", partial(presets.modern, augment=changed), images=few
            ),
            "few-adaptive": System(
                "1,000 images, adaptive DiffAugment",
                partial(presets.modern, augment=augmenting.Adaptive(changed)),
                images=few,
            ),
        },
        minutes=(2, 6),
    )


def of_modes():
    from gan_model import presets

    systems = {"reference": _reference()}
    for name in ("dcgan", "modern"):
        systems[name] = System(f"`presets.{name}`", presets.named(name))
    return Study(
        "A thousand modes",
        "Three garments, drawn at random, stand in the three colour channels of an image, so there "
        "are 1,000 combinations of classes, equally likely. Of 25,600 generated images the "
        "classifier `fashion` tells which combinations they show. modes: how many of the 1,000 "
        "come up at all. kl: of the shares of the combinations from equal shares, in nats.",
        systems,
        minutes=(5,),
        stacked=True,
    )


def _reference():
    from gan_model import presets

    return System("the reference loop with the DCGAN recipe", presets.dcgan, by_loop=True)
