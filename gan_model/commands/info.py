"""`gan-model info`: versions, devices, presets, trained GANs and runs; or one run."""

import csv
import importlib.metadata
import json
import platform
from pathlib import Path

import click

from gan_model.arguments import PATH
from gan_model.catalog import PRESETS, PRETRAINED
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet

_PACKAGES = ("gan-model", "tensorflow", "keras", "keras-tuner", "tensorboard", "numpy")


@click.command(cls=Command, example="info runs/modern-sample")
@click.argument("run", type=PATH, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(run, as_json):
    """Shows versions, devices, presets and runs, or one run.

    RUN is the folder of a run. A report of a bug needs what is shown without it.
    """
    found = _of_run(Path(run)) if run else _of_all()
    print(json.dumps(found, indent=2) if as_json else "\n".join(_lines(found)))


def _of_all():
    with quiet():
        import tensorflow as tf

        from gan_model import presets

        devices = [one.name for one in tf.config.list_logical_devices()]
    described = {name: presets.named(name).__doc__.split("\n")[0] for name in PRESETS}
    settings = sorted(Path("runs").glob("*/settings.json"))
    return {
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "devices": devices,
        "presets": described,
        "trained GANs": list(PRETRAINED),
        "runs": {str(one.parent): _best_line(one.parent) for one in settings},
    }


def _of_run(folder):
    with quiet():
        from gan_model.runs import RunFolder
    run = RunFolder(folder)
    noted = run.read_noted(instead="Give the folder of a run.")
    return {
        "settings": {k: v for k, v in noted["settings"].items() if v is not None},
        "versions": noted.get("versions", {}),
        "epochs done": run.epochs_done(),
        "minutes of training": round(run.minutes_until(run.epochs_done()), 1),
        "quality": _best_line(folder),
        "files": sorted(one.name for one in folder.iterdir()),
    }


def _best_line(folder):
    """The best distance of a run, and its epoch."""
    history = folder / "history.csv"
    if not history.is_file():
        return "no epoch yet"
    with open(history, newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        measured = json.loads((folder / "settings.json").read_text())["quality"]
        name = measured["metrics"][0]["name"]
    except (OSError, ValueError, LookupError, TypeError):
        return f"{len(rows)} epochs, not measured"
    values = [
        (float(row[f"val_{name}"]), int(row["epoch"])) for row in rows if row.get(f"val_{name}")
    ]
    if not values:
        return f"{len(rows)} epochs, not measured"
    best, epoch = min(values)
    return f"{len(rows)} epochs, best {name} {best:.4g} after epoch {epoch}"


def _lines(found, indent=""):
    for name, value in found.items():
        if isinstance(value, dict):
            yield f"{indent}{name}:"
            yield from _lines(value, indent + "  ")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{indent}{name}: {text}"
