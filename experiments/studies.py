"""The studies of docs/results.md, each of several systems that are trained alike."""

from pathlib import Path

from ablation import of_ablation
from folder_studies import of_few_images, of_fine_tuning, of_images
from study import Study, System, preset


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
        "Quality by the minute: the same recipe in a loop and in `fit`, and two other recipes.",
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
    systems = {"reference": _reference()}
    for name in ("modern", "modern_conditional"):
        systems[name] = preset(name)
    return Study(
        "An hour",
        "What longer training achieves.",
        systems,
        minutes=(5, 20, 60),
        curve=True,
    )


def of_modes():
    systems = {"reference": _reference()}
    for name in ("dcgan", "modern"):
        systems[name] = preset(name)
    return Study(
        "A thousand modes",
        "Each image has three random garments in its color channels, so there are 1,000 equally "
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
    "ablation": of_ablation,
    "modes": of_modes,
    "images": of_images,
    "few_images": of_few_images,
    "fine_tuning": of_fine_tuning,
}
NAMES = tuple(_STUDIES)  # in the order of the page
