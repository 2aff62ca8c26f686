"""Figures of many runs -> docs/results.md and the pictures in it."""

import shutil

import numpy as np

_COLUMNS = ("fid", "kid", "precision", "recall", "density", "coverage")
_WHAT = {
    "reference": "the reference loop with the DCGAN recipe",
    "dense": "`presets.dense`",
    "dcgan": "`presets.dcgan`",
    "guidelines": "`presets.guidelines`",
}


def page(runs, docs, kept):
    """Writes the page and its pictures below `docs`. Returns the path of the page.

    Args:
        runs: dict from systems to the records of their runs, one for each seed.
        docs: folder that gets `results.md` and `results/`.
        kept: folder in which each run has one of its own, `<data>-<system>-<seed>`.
    """
    folder = docs / "results"
    folder.mkdir(parents=True, exist_ok=True)
    whole = [record for records in runs.values() for record in records if finished(record)]
    if not whole:
        raise ValueError("No run reached its end, so there is nothing to show.")
    about = whole[0]
    draw_distances(runs, about, folder / "distance.png")
    for system, records in runs.items():
        show_first(records[0], kept / f"{about['data']}-{system}-{records[0]['seed']}", folder)
    parts = [heading(about, runs), table(runs, about), lost(runs)]
    parts += [alarmed(runs), shown(runs)]
    if (folder / "search.md").exists():  # written by hand, as a search has a command of its own
        parts.append((folder / "search.md").read_text().strip())
    (docs / "results.md").write_text("\n\n".join(parts) + "\n")
    return docs / "results.md"


def finished(record):
    return record["state"] == "finished"


def heading(about, runs):
    seeds = len(next(iter(runs.values())))
    minutes = about["marks"][-1]["minute"]
    features = about["measures"][0]
    return f"""# Results

Written by `make results` (`experiments/results.py`): {minutes} minutes of training for each of
{len(runs)} systems x {seeds} seeds on {about["cpus"]} cores, one after the other; it goes on where
it was stopped. Data: {about["data"]}. All numbers compare {about["count"]:,} generated images
(codings of seed 0) with the {about["count"]:,} held-out ones, features `{features["features"]}`
({features["checksum"]}). Less is better for fid and kid, more for the rest. Each cell is the mean
over the seeds (least to greatest). Floor: as many training images instead of generated ones.
Noise: the held-out images with the pixels of each shuffled. [quality.md](quality.md) says how to
read them.

![Distance against minutes of training](results/distance.png)"""


def table(runs, about):
    names = [f"{column}_{about['measures'][0]['features']}" for column in _COLUMNS]
    lines = [
        f"| system | minutes | images trained on | {' | '.join(_COLUMNS)} | classes, nats |",
        "|" + "---|" * (len(_COLUMNS) + 4),
    ]
    for bound in ("floor", "noise"):
        cells = [shortened(about[bound][name]) for name in names]
        lines.append(f"| {bound} | | | {' | '.join(cells)} | |")
    for system, records in runs.items():
        for minute in sorted({m["minute"] for record in records for m in record["marks"]}):
            marks = [m for record in records for m in record["marks"] if m["minute"] == minute]
            lines.append(row(system, minute, marks, names))
    return "\n".join(lines)


def row(system, minute, marks, names):
    from gan_model.metrics import report  # here, as it takes seconds and --help must not

    images = np.mean([mark["images"] for mark in marks])
    cells = [spread([mark["numbers"][name] for mark in marks]) for name in names]
    classes = spread([report.entropy(mark["classes"]) for mark in marks])
    return f"| {_WHAT[system]} | {minute} | {images:,.0f} | {' | '.join(cells)} | {classes} |"


def lost(runs):
    """What became of the runs that did not reach the end, told even where there is none."""
    failed = [
        f"- {_WHAT[system]}, seed {record['seed']}: {record['state']}, after "
        f"{len(record['marks'])} of the readings."
        for system, records in runs.items()
        for record in records
        if not finished(record)
    ]
    count = sum(map(len, runs.values()))
    return "\n".join(failed) or f"All {count} runs reached the end; none was left out."


def alarmed(runs):
    """How many alarms the runs raised; those of the loop, and older ones, had nobody to watch."""
    watched = [
        (system, record)
        for system, records in runs.items()
        for record in records
        if record.get("alarms") is not None
    ]
    told = [
        f"- {_WHAT[system]}, seed {record['seed']}: `{alarm['alarm']}` in epoch {alarm['epoch']}."
        for system, record in watched
        for alarm in record["alarms"]
    ]
    if not watched:
        return "None of these runs was watched by alarms."
    text = f"`callbacks.Alarms` watched {len(watched)} of these runs and raised {len(told)} alarms"
    return "\n".join([text + (":\n" if told else "."), *told]).strip()


def shown(runs):
    parts = ["## Images and classes of the first seed, at its last reading"]
    for system, records in runs.items():
        pictures = f"![Images](results/{system}.png)\n\n![Classes](results/{system}-classes.png)"
        parts.append(f"{_WHAT[system]}:\n\n{pictures if records[0]['marks'] else 'none'}")
    return "\n\n".join(parts)


def show_first(record, source, folder):
    """The grid and the classes of a run at its last reading, as PNG; nothing if it has none."""
    from gan_model import charts, features

    for mark in record["marks"][-1:]:
        shutil.copy(source / f"minute-{mark['minute']}.png", folder / f"{record['system']}.png")
        charts.class_histogram(
            mark["classes"],
            features.CLASSES,
            folder / f"{record['system']}-classes.png",
            real_counts=record["real_classes"],
        )


def draw_distances(runs, about, path):
    from gan_model import charts

    name, lines = about["distance"], {}
    minutes = [mark["minute"] for mark in about["marks"]]
    for system, records in runs.items():
        readings = [[m["numbers"][name] for m in r["marks"]] for r in records if finished(r)]
        if readings:
            lines[system] = minutes, readings
    lines["floor"] = minutes, [about["floor"][name]] * len(minutes)
    charts.curve(
        lines,
        path,
        x_label=f"minutes of training on {about['cpus']} cores",
        y_label=f"{name}, {about['count']:,} images",
    )


def spread(values):
    mean, low, high = map(shortened, (np.mean(values), min(values), max(values)))
    return mean if len(values) == 1 else f"{mean} ({low} to {high})"


def shortened(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
