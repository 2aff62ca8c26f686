"""What is known of a GAN -> the lines at the foot of its page."""

import html
import math
import shlex
from pathlib import Path

from gan_model.callbacks.checkpoints import epochs_in
from gan_model.callbacks.history_file import read_history
from gan_model.data import NAMES
from gan_model.metrics import Direction
from gan_model.progress.lines import three_digits

# Of `gan-model train`; left out where a run has none of its own.
_OPTIONS = (
    "ground",
    "freeze_discriminator",
    "clusters",
    "steps_per_epoch",
    "codings_size",
    "generator_learning_rate",
    "discriminator_learning_rate",
)
_FLAGS = "pad", "new_generator", "bfloat16"
_BETTER = {Direction.LOWER: "less is better", Direction.HIGHER: "more is better"}


def facts(about):
    """The HTML of a description list; "" if nothing is known.

    Args:
        about: dict with any of these keys, for example `exporting.known_of(folder)`.
            preset, data, data_licence: texts.
            seed: number.
            trained: dict with any of `epoch`, `images`, `minutes`.
            quality: dict with `figures` and `floor`, both from names to numbers,
                `held_out_images`, `metrics` (a list of `Metric.about`, if they are known), and
                the `epoch` of the figures if it is known.
            trained_with: dict from packages to their versions.
            command: what to type to train one like it.
    """
    lines = {
        "Preset": about.get("preset"),
        "Data": _data(about),
        "Training": _training(about.get("trained") or {}),
        "Quality": _quality(about.get("quality"), about.get("trained") or {}),
        "Made with": ", ".join(f"{k} {v}" for k, v in (about.get("trained_with") or {}).items()),
    }
    shown = [(name, html.escape(str(text))) for name, text in lines.items() if text]
    if about.get("command"):
        shown.append(("To train one like it", f"<code>{html.escape(about['command'])}</code>"))
    return "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>\n" for name, text in shown)


def _data(about):
    licence = about.get("data_licence")
    return about.get("data") and about["data"] + (f" ({licence})" if licence else "")


def _training(trained):
    parts = []
    if "epoch" in trained:
        parts.append(f"{trained['epoch']:,} epochs" if trained["epoch"] > 1 else "1 epoch")
    if "images" in trained:
        parts.append(f"{trained['images']:,} images")
    if trained.get("minutes"):
        parts.append(f"{three_digits(trained['minutes'])} minutes")
    return ", ".join(parts)


def _quality(quality, trained):
    """All figures, each with its standard error, its direction and its floor, if they are known."""
    if not quality:
        return ""
    figures, floor = quality["figures"], quality.get("floor") or {}
    metrics = {metric["name"]: metric for metric in quality.get("metrics") or ()}
    error_of = {metric["error_of"]: name for name, metric in metrics.items() if _is_error(metric)}
    shown = []
    for name, value in figures.items():
        metric = metrics.get(name, {})
        if _is_error(metric) and metric["error_of"] in figures:
            continue  # it stands beside its figure
        error = figures.get(error_of.get(name))
        text = _number(value) + (f" ± {error:.2g}" if error is not None else "")
        notes = [_BETTER.get(metric.get("direction"))]
        notes.append(f"real images {_number(floor[name])}" if name in floor else None)
        notes = ", ".join(filter(None, notes))
        shown.append(f"{name} {text}" + (f" ({notes})" if notes else ""))
    epoch = quality.get("epoch")
    after = "" if epoch in (None, trained.get("epoch")) else f", after epoch {epoch:,}"
    return f"{'; '.join(shown)}. On {quality['held_out_images']:,} held-out images{after}."


def _is_error(metric):
    return bool(metric.get("error_of"))


def _number(value):
    return "not finite" if value is None or not math.isfinite(value) else three_digits(value)


def train_command(run):
    """What to type to train as many epochs as a run has had, with its settings.

    It makes the same GAN again, if the run did not end in the middle of an epoch by the clock.

    Args:
        run: `RunFolder`. A folder of images, and the GAN that it went on from, are told by their
            last names, as in `known_of`.

    Raises:
        ValueError: the settings of the run cannot be read.
    """
    settings = run.read_settings()
    words = ["gan-model", "train"]
    if settings.get("source"):
        words += ["--from", Path(settings["from"]).name]
    else:
        words += ["--preset", settings["preset"]]
    words += ["--data", Path(settings["data"]).name]
    if settings["data"] not in NAMES and len(settings["image_shape"]) == 3:  # a folder of images
        height, width, channels = settings["image_shape"]
        words += ["--image-size", f"{height}x{width}", "--channels", channels]
    if epochs := epochs_of(run):
        words += ["--epochs", epochs]
    words += ["--batch-size", settings["batch_size"]]
    for name in _OPTIONS:
        # No clusters are a choice too: many images have them otherwise.
        if settings.get(name) or (name == "clusters" and settings.get(name) == 0):
            words += [_option(name), settings[name]]
    words += [_option(name) for name in _FLAGS if settings.get(name)]
    return shlex.join(map(str, [*words, "--seed", settings["seed"]]))


def epochs_of(run):
    """The epochs of a run: by its history where its checkpoints were removed; 0 without both."""
    # The GAN of an unfinished run is of the newest checkpoint that can be read.
    newest = run.epochs_done() if run.gan.exists() else epochs_in(run.path / "checkpoints")
    if newest:
        return newest
    rows = read_history(run.history)
    return int(rows[-1]["epoch"]) if rows else 0


def _option(setting):
    return f"--{setting.replace('_', '-')}"
