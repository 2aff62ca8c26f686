"""What is known of a GAN -> the lines at the foot of its page."""

import html
import shlex
from pathlib import Path

from gan_model.callbacks.checkpoints import epochs_in
from gan_model.callbacks.history_file import read_history
from gan_model.data import NAMES
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
_LESS_IS_BETTER = ("fid", "swd")


def facts(about):
    """The HTML of a description list; "" if nothing is known.

    Args:
        about: dict with any of these keys, for example `exporting.known_of(folder)`.
            preset, data, data_licence: texts.
            seed: number.
            trained: dict with any of `epoch`, `images`, `minutes`.
            quality: dict with `figures` and `floor`, both from names to numbers,
                `held_out_images`, and the `epoch` of the figures if it is known.
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
    """The distance, precision and recall, each with its floor."""
    if not quality:
        return ""
    shown = []
    for name, value in quality["figures"].items():
        kind = name.split("_")[0]
        if kind not in ("fid", "swd", "precision", "recall"):
            continue
        better = "less is better, " if kind in _LESS_IS_BETTER else ""
        floor = three_digits(quality["floor"][name])
        shown.append(f"{name} {three_digits(value)} ({better}real images {floor})")
    epoch = quality.get("epoch")
    after = "" if epoch in (None, trained.get("epoch")) else f", after epoch {epoch:,}"
    return f"{'; '.join(shown)}. On {quality['held_out_images']:,} held-out images{after}."


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
