"""What is known of a GAN, to go with its generator: preset, data, licence, quality, versions."""

import math
from pathlib import Path

import gan_model
from gan_model import presets
from gan_model.callbacks.history_file import read_history
from gan_model.data import NAMES, class_names, licence_of
from gan_model.exporting.file_format import version_of
from gan_model.exporting.foot import epochs_of, train_command
from gan_model.features import fashion
from gan_model.metrics import FeatureMetrics
from gan_model.runs import RunFolder, is_pretrained
from gan_model.storage.paths import expanded

_OF_THE_GAN = ("tensorflow", "keras", "numpy")


def versions(runtime):
    """The versions of gan-model, of what it is made of, and of the runtime of a format: a dict."""
    names = dict.fromkeys((*_OF_THE_GAN, runtime))
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
    names = known or (class_names(data) if data in NAMES else [])
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
