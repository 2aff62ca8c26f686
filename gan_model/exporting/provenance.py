"""What is known of a run, to go with its generator: preset, data, licence, quality, versions."""

import csv
import importlib.metadata
from pathlib import Path

import gan_model
from gan_model.data import licence_of
from gan_model.runs import RunFolder

_OF_THE_GAN = ("tensorflow", "keras", "numpy")


def versions(runtime):
    """The versions of gan-model, of what it is made of, and of the runtime of a format: a dict."""
    names = dict.fromkeys((*_OF_THE_GAN, runtime))
    installed = {name: importlib.metadata.version(name) for name in names}
    return {"gan-model": gan_model.__version__, **installed}


def of_run(path):
    """What is known of the GAN in a run folder, as JSON can hold it.

    A folder of images is told by its last name, since its path concerns this machine only.

    Args:
        path: folder of a run.

    Returns:
        A dict; {} if the folder has no `settings.json`.

    Raises:
        ValueError: the folder is no run, or one of another version of gan-model.
    """
    run = RunFolder(path)
    if not run.settings.exists():
        return {}
    noted = run.read_noted()
    settings, rows = noted["settings"], _rows(run.path / "history.csv")
    last = rows[-1] if rows else {}
    return {
        "preset": settings["preset"],
        "data": Path(settings["data"]).name,
        "data_licence": licence_of(settings["data"]),
        "seed": settings["seed"],
        "trained": {name: int(last[name]) for name in ("epoch", "step", "images") if name in last},
        "quality": _quality(rows, noted.get("quality")),
        "trained_with": noted.get("versions"),
    }


def _quality(rows, measured):
    """The figures of the newest epoch that was measured, and their floors; None if none was."""
    floor = (measured or {}).get("floor") or {}
    names = {name: f"val_{name}" for name in floor}
    known = [row for row in rows if names and all(row.get(column) for column in names.values())]
    if not known:
        return None
    return {
        "epoch": int(known[-1]["epoch"]),
        "held_out_images": measured["count"],
        "figures": {name: float(known[-1][column]) for name, column in names.items()},
        "floor": floor,
    }


def _rows(path):
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))
