"""The model card: what is known of a GAN, to go with its generator, and as HTML for its page."""

import dataclasses
import html
import math
import shlex
from pathlib import Path

import gan_model
from gan_model import presets
from gan_model.callbacks.checkpoints import epochs_in
from gan_model.callbacks.history_file import read_history
from gan_model.data import class_names, data_sets, licence_of
from gan_model.exporting.formats import version_of
from gan_model.features import fashion
from gan_model.metrics import Direction, FeatureMetrics
from gan_model.run_settings import RunSettings
from gan_model.runs import RunFolder, is_pretrained
from gan_model.storage.paths import expanded
from gan_model.text import fixed_number

_PACKAGES = ("tensorflow", "keras", "numpy")
_BETTER = {Direction.LOWER: "less is better", Direction.HIGHER: "more is better"}


def versions(runtime):
    """The versions of gan-model, of what it is made of, and of the runtime of a format: a dict."""
    names = dict.fromkeys((*_PACKAGES, runtime))
    installed = {name: version_of(name) for name in names}
    return {"gan-model": gan_model.__version__, **installed}


def known_of(what):
    """What is known of a GAN, as JSON can hold it.

    A folder of images is told by its last name, since its path concerns this machine only.

    Args:
        what: as for `runs.open_model`: the folder of a run, a `.keras` file, or the name of a
            trained GAN.

    Returns:
        A dict; {} for a `.keras` file outside its run, and for a folder without `settings.json`.
        For a file in its run it lacks what depends on the epoch: training and quality.

    Raises:
        ValueError: the folder is of another version of gan-model.
    """
    path = expanded(what)
    run = RunFolder(path)
    if run.settings.is_file():
        return _of_run(run)
    if is_pretrained(what):
        return _of_trained(presets.about_pretrained(str(what)))
    run = RunFolder(path.parent)
    return _of_any_epoch(run.read_noted()) if run.settings_for(path) else {}


def _of_any_epoch(noted):
    settings = noted["settings"]
    return {
        "preset": settings["preset"],
        "data": Path(settings["data"]).name,
        "data_licence": licence_of(settings["data"]),
        **_class_names(settings["data"], settings.get("class_count"), settings.get("class_names")),
        "seed": settings["seed"],
        "trained_with": noted.get("versions"),
    }


def _of_run(run):
    noted, epochs = run.read_noted(), epochs_of(run)
    # Up to the newest checkpoint: a diverged epoch is in the file too.
    rows = [row for row in read_history(run.history) if int(row["epoch"]) <= epochs]
    last = rows[-1] if rows else {}
    trained = {name: int(last[name]) for name in ("epoch", "step", "images") if name in last}
    return {
        **_of_any_epoch(noted),
        "trained": {**trained, "minutes": run.minutes_until(epochs)},
        "quality": _quality(rows, noted.get("quality")),
        "command": train_command(run),
    }


def _of_trained(made):
    measured = made["quality"][made["data"]]
    return {
        **{name: made[name] for name in ("preset", "data", "seed", "command")},
        "data_licence": made["licence"],
        **_class_names(made["data"], made["arguments"].get("class_count")),
        "trained": {
            "epoch": made["epochs"],
            "images": made["images_seen"],
            "minutes": made["minutes"],
        },
        "quality": {
            "held_out_images": measured["count"],
            "figures": measured["gan"],
            "floor": measured["floor"],
            "metrics": [metric.about for metric in FeatureMetrics(fashion()).metrics],
        },
        "trained_with": made["versions"],
    }


def _class_names(data, count, known=None):
    """The names of the classes of a GAN, if it has any and they are known: a dict.

    A folder is not looked into, since it may have other sub-folders than when the run began.
    """
    names = known or (class_names(data) if data in data_sets() else [])
    return {"class_names": names} if names and len(names) == count else {}


def _quality(rows, measured):
    """The figures of the newest epoch that was measured, and their floors; None if none was.

    A figure that is not finite is None.
    """
    measured = measured or {}
    floor = measured.get("floor") or {}
    # Runs of version 0.2.0 have no records of the metrics.
    known = measured.get("metrics") or [{"name": name} for name in floor]
    for row in reversed(rows):
        figures = {metric["name"]: _finite(row.get(f"val_{metric['name']}")) for metric in known}
        if any(value is not None for value in figures.values()):
            return {
                "epoch": int(row["epoch"]),
                "held_out_images": measured["count"],
                "figures": figures,
                "floor": floor,
                "metrics": known,
            }
    return None


def _finite(text):
    """The number of a cell of the history; None if it is empty or not finite."""
    return float(text) if text and math.isfinite(float(text)) else None


def metadata_html(about):
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
        "Data": _data_text(about),
        "Training": _training_text(about.get("trained") or {}),
        "Quality": _quality_text(about.get("quality"), about.get("trained") or {}),
        "Made with": ", ".join(f"{k} {v}" for k, v in (about.get("trained_with") or {}).items()),
    }
    shown = [(name, html.escape(str(text))) for name, text in lines.items() if text]
    if about.get("command"):
        shown.append(("To train one like it", f"<code>{html.escape(about['command'])}</code>"))
    return "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>\n" for name, text in shown)


def _data_text(about):
    licence = about.get("data_licence")
    return about.get("data") and about["data"] + (f" ({licence})" if licence else "")


def _training_text(trained):
    parts = []
    if "epoch" in trained:
        parts.append(f"{trained['epoch']:,} epochs" if trained["epoch"] > 1 else "1 epoch")
    if "images" in trained:
        parts.append(f"{trained['images']:,} images")
    if trained.get("minutes"):
        parts.append(f"{fixed_number(trained['minutes'])} minutes")
    return ", ".join(parts)


def _quality_text(quality, trained):
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
    return "not finite" if value is None or not math.isfinite(value) else fixed_number(value)


def train_command(run):
    """What to type to train as many epochs as a run has had, with its settings.

    It makes the same GAN again, if the run did not end in the middle of an epoch by the clock.

    Args:
        run: `RunFolder`. A folder of images, and the GAN that it went on from, are told by their
            last names, as in `known_of`.

    Raises:
        ValueError: the settings of the run cannot be read.
    """
    settings = RunSettings.read(run.read_settings())
    told = {"data": Path(settings.data).name, "epochs": epochs_of(run) or None, "minutes": None}
    if settings.source:
        told["source"] = Path(settings.source).name
    of_folder = settings.data not in data_sets()
    if of_folder and len(settings.image_shape or ()) == 3:
        *sides, told["channels"] = settings.image_shape
        told["image_size"] = tuple(sides)
    # These change nothing in the GAN.
    told |= {"features": None, "validate_every": 1, "data_dir": None}
    settings = dataclasses.replace(settings, **told)
    return shlex.join(["gan-model", "train", *settings.words()])


def epochs_of(run):
    """The epochs of a run: by its history where its checkpoints were removed; 0 without both."""
    # The GAN of an unfinished run is of the newest checkpoint that can be read.
    newest = run.epochs_done() if run.gan.exists() else epochs_in(run.path / "checkpoints")
    if newest:
        return newest
    rows = read_history(run.history)
    return int(rows[-1]["epoch"]) if rows else 0
