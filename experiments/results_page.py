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
    first = next(iter(runs.values()))[0]
    draw(runs, folder)
    for system, records in runs.items():
        source = kept / f"{first['data']}-{system}-{records[0]['seed']}"
        for mark in records[0]["marks"][-1:]:
            shutil.copy(source / f"minute-{mark['minute']}.png", folder / f"{system}.png")
    parts = heading(first, runs), table(runs, first), lost(runs), shown(runs)
    (docs / "results.md").write_text("\n\n".join(parts) + "\n")
    return docs / "results.md"


def heading(first, runs):
    seeds = len(next(iter(runs.values())))
    minutes = max(mark["minute"] for mark in first["marks"])
    features = first["measures"][0]
    return f"""# Results

Written by `make results` ({minutes} minutes of training each for {len(runs)} systems x {seeds}
seeds on {first["cpus"]} cores, one after the other; it goes on where it was stopped).
Data: {first["data"]}. All numbers compare {first["count"]:,} generated images (codings of seed 0)
with the {first["count"]:,} held-out ones, features `{features["features"]}`
({features["checksum"]}). Less is better for fid and kid, more for the rest. Each cell is the mean
over the seeds (least to greatest). Floor: as many training images instead of generated ones.
Noise: the held-out images with the pixels of each shuffled. [quality.md](quality.md) says how to
read them.

![Distance against minutes of training](results/distance.png)"""


def table(runs, first):
    names = [f"{column}_{first['measures'][0]['features']}" for column in _COLUMNS]
    lines = [
        f"| system | minutes | images trained on | {' | '.join(_COLUMNS)} | classes, nats |",
        "|" + "---|" * (len(_COLUMNS) + 4),
    ]
    for bound in ("floor", "noise"):
        cells = [shortened(first[bound][name]) for name in names]
        lines.append(f"| {bound} | | | {' | '.join(cells)} | |")
    for system, records in runs.items():
        for minute in sorted({m["minute"] for record in records for m in record["marks"]}):
            marks = [m for record in records for m in record["marks"] if m["minute"] == minute]
            lines.append(row(system, minute, marks, names))
    return "\n".join(lines)


def row(system, minute, marks, names):
    images = np.mean([mark["images"] for mark in marks])
    cells = [spread([mark["numbers"][name] for mark in marks]) for name in names]
    from gan_model.metrics.report import entropy

    classes = spread([entropy(mark["classes"]) for mark in marks])
    return f"| {_WHAT[system]} | {minute} | {images:,.0f} | {' | '.join(cells)} | {classes} |"


def lost(runs):
    """What became of the runs that did not reach the end, told even where there is none."""
    failed = [
        f"- {_WHAT[system]}, seed {record['seed']}: {record['state']}, after "
        f"{len(record['marks'])} of the readings."
        for system, records in runs.items()
        for record in records
        if record["state"] != "finished"
    ]
    count = sum(map(len, runs.values()))
    return "\n".join(failed) or f"All {count} runs reached the end; none was left out."


def shown(runs):
    parts = ["## Images and classes of the first seed, at the end"]
    for system in runs:
        parts.append(
            f"{_WHAT[system]}:\n\n![Images](results/{system}.png)\n\n"
            f"![Classes](results/{system}-classes.png)"
        )
    return "\n\n".join(parts)


def draw(runs, folder):
    from gan_model import charts, features

    lines, floor = {}, None
    for system, records in runs.items():
        whole = [record for record in records if record["state"] == "finished"]
        for record in whole[:1]:
            path = folder / f"{system}-classes.png"
            classes, real = record["marks"][-1]["classes"], record["real_classes"]
            charts.class_histogram(classes, features.CLASSES, path, real_counts=real)
        if whole:
            distance, floor = whole[0]["distance"], whole[0]["floor"]
            minutes = [mark["minute"] for mark in whole[0]["marks"]]
            lines[system] = minutes, [[m["numbers"][distance] for m in r["marks"]] for r in whole]
    lines["floor"] = minutes, [floor[distance]] * len(minutes)
    charts.curve(
        lines,
        folder / "distance.png",
        x_label="minutes of training on 2 cores",
        y_label=f"{distance}, {whole[0]['count']:,} images",
        log_y=True,
    )


def spread(values):
    mean, low, high = map(shortened, (np.mean(values), min(values), max(values)))
    return mean if len(values) == 1 else f"{mean} ({low} to {high})"


def shortened(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
