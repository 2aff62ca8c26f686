"""Figures of many runs -> a page of docs/results/ with its pictures, and the list of all pages."""

from types import SimpleNamespace

import numpy as np
import studies
from results_origin import origins
from results_pictures import draw_distances, show_first
from results_records import finished, write_beside

_HEAD = """# Results

Except for the search, each page is a study written by `make results` (`experiments/results.py`),
which continues where it was stopped. A study trains several systems under the same conditions, for
the same minutes of training. Compiling counts as training; measuring does not. A page states which
of its rows are from another day or from other code.

All numbers compare generated images (codings of seed 0) with the same number of held-out images, in
`fashion` features or in features learned from the training images. Lower is better for fid, kid and
spectrum; higher is better for precision, recall, density and coverage. Each cell is the mean over
the seeds (lowest to highest).

- *classes*: the lowest and the highest percentage of images in any of the ten classes, over all
  seeds. Among the real images each class has 10%.
- *floor*: the same number of training images instead of generated ones.
- *noise*: the held-out images with the pixels of each image shuffled.
- *copying*: the probability that a generated image is nearer to its nearest training image than a
  held-out image is. It is 0.5 for new images, higher for copies, and lower for images that are far
  from all real ones.

[Quality](quality.md) explains the numbers.

When these studies ran, the folders of images were split by the position of the files. The split now
depends on the pixels, so a new run holds out other images.

## Programs in the history

Programs of finished studies are not kept. `git checkout d34afaf` restores the last commit that
contains all of them, with the package as it was then: `count_bias`, `export_speed`,
`feature_study`, `page_sizes` and `truncation` in `experiments/`.

## Pages"""


def page(study_name, runs, docs, kept):
    """Writes the page of a study, its pictures and its records, then the list of all pages.

    Args:
        study_name: one of `studies.NAMES`.
        runs: dict from systems to the records of their runs, one for each seed.
        docs: folder that gets `results.md` and `results/`.
        kept: folder with a folder for each run, `<data>-<system>-<seed>`.

    Returns:
        The path of the page of the study.
    """
    study, folder = studies.named(study_name), docs / "results"
    folder.mkdir(parents=True, exist_ok=True)
    whole = [record for records in runs.values() for record in records if finished(record)]
    if not whole:
        raise ValueError("No run reached its end, so there is nothing to show.")
    about = whole[0]
    parts = [heading(study_name, study, about, runs)]
    name = studies.page_name(study_name, about["data"])
    if study.curve:
        draw_distances(runs, about, folder / f"{name}.png")
        for system, records in runs.items():
            source = kept / f"{about['data']}-{system}-{records[0]['seed']}"
            show_first(records[0], source, folder, f"{name}-{system}")
        parts.append(f"![Distance against minutes of training]({name}.png)")
    parts += [table(study, runs, about), origins(study, runs)]
    parts += [unfinished(study, runs), alarmed(study, runs)]
    if study.curve:
        parts.append(shown(name, study, runs))
    path = folder / f"{name}.md"
    path.write_text("\n\n".join(parts) + "\n")
    write_beside(path, runs)
    list_pages(docs)
    return path


def list_pages(docs):
    """Writes `results.md`, the list of the pages in `results/`; that on searches is by hand."""
    folder, lines = docs / "results", []
    for name in (*studies.NAMES, "search"):
        for path in (folder / f"{name}.md", *sorted(folder.glob(f"{name}-*.md"))):
            if path.exists():
                title = path.read_text().partition("\n")[0].removeprefix("# ")
                lines.append(f"- [{title}](results/{path.name})")
    (docs / "results.md").write_text("\n\n".join([_HEAD, "\n".join(lines)]) + "\n")


def heading(name, study, about, runs):
    cores, seeds = about["cpus"], min(map(len, runs.values()))
    minutes = " ".join(str(mark["minute"]) for mark in about["marks"])
    title, options = study.title, f"--study {name}"
    if about["data"] != "fashion_mnist":
        title = f"{title}: {about['data']}"
        options += f" --data {'folders/' * study.of_folders}{about['data']}"
    if study.of_folders:
        options += f" --image-size {about['size']}"
    figures = f"{studies.page_name(name, about['data'])}.json"
    return f"""# {title}

{study.about} [Results](../results.md) explains the columns.

`python experiments/results.py {options} --minutes {minutes} --seeds {seeds} --cores {cores}`

Systems: {len(runs)}. Seeds: {seeds_of(study, runs)}. Cores of each run: {cores}.
Data: {about["data"]}. n = {about["count"]:,}. [All figures of each run]({figures})."""


def seeds_of(study, runs):
    """The number of seeds; of some systems there may be more."""
    counts = {study.systems[system].what: len(records) for system, records in runs.items()}
    least = min(counts.values())
    more = [f"{count} of {what}" for what, count in counts.items() if count > least]
    return ", ".join([*more, f"{least} of the others"]) if more else f"{least}"


def table(study, runs, about):
    known = metrics_of(about)
    names = list(about["marks"][0]["numbers"])
    names = [name for name in names if name not in known or not known[name].error_of]
    columns = [known[name].label if name in known else name for name in names]
    by_class = any("classes" in mark for r in runs.values() for one in r for mark in one["marks"])
    columns += ["classes, %"] * by_class
    copying = any("copying" in mark for r in runs.values() for one in r for mark in one["marks"])
    columns += ["copying"] * copying
    lines = [
        f"| system | minutes | images trained on | {' | '.join(columns)} |",
        "|" + "---|" * (len(columns) + 3),
    ]
    for bound in ("floor", "noise"):
        if bound in about:
            cells = [shortened(about[bound][name]) for name in names] + [""] * (by_class + copying)
            lines.append(f"| {bound} | | | {' | '.join(cells)} |")
    for system, records in runs.items():
        for minute in sorted({m["minute"] for record in records for m in record["marks"]}):
            marks = [m for record in records for m in record["marks"] if m["minute"] == minute]
            lines.append(row(study.systems[system].what, minute, marks, names))
    return "\n".join(lines)


def metrics_of(about):
    """What the numbers of a record are in the features that it names: `metrics.Metrics`."""
    from gan_model import metrics

    return metrics.Metrics(
        [
            metrics.FeatureMetrics(SimpleNamespace(name=one["features"], checksum=""))
            if "features" in one
            else metrics.PowerSpectrum()
            for one in about["measures"]
        ]
    )


def row(what, minute, marks, names):
    images = np.mean([mark["images"] for mark in marks])
    # Runs from before a number was measured have none of it.
    found = [[mark["numbers"].get(name) for mark in marks] for name in names]
    cells = ["" if None in values else spread(values) for values in found]
    if "classes" in marks[0]:
        percent = [100 * np.asarray(m["classes"]) / np.sum(m["classes"]) for m in marks]
        cells.append(f"{shortened(np.min(percent))} to {shortened(np.max(percent))}")
    if "copying" in marks[0]:
        cells.append(spread([mark["copying"] for mark in marks]))
    if "as_asked" in marks[0]:
        right = 100 * np.mean([mark["as_asked"] for mark in marks])
        what += f" ({right:.1f}% of its images classified as asked)"
    return f"| {what} | {minute} | {images:,.0f} | {' | '.join(cells)} |"


def unfinished(study, runs):
    """Lines on the runs that did not reach the end, or that all of them did."""
    failed = [
        f"- {study.systems[system].what}, seed {record['seed']}: {record['state']}, after "
        f"{len(record['marks'])} of the readings."
        for system, records in runs.items()
        for record in records
        if not finished(record)
    ]
    count = sum(map(len, runs.values()))
    all_runs = "The run" if count == 1 else f"All {count} runs"
    return "\n".join(failed) or f"{all_runs} reached the end; none was left out."


def alarmed(study, runs):
    """How many alarms the runs raised; runs of the loop, and older runs, had none."""
    watched = [
        (system, record)
        for system, records in runs.items()
        for record in records
        if record.get("alarms") is not None
    ]
    lines = [
        f"- {study.systems[system].what}, seed {record['seed']}: `{alarm['alarm']}` in epoch "
        f"{alarm['epoch']}."
        for system, record in watched
        for alarm in record["alarms"]
    ]
    if not watched:
        return "None of these runs was watched by alarms."
    alarms = f"{len(lines)} alarm{'s' * (len(lines) != 1)}"
    text = f"`callbacks.Alarms` watched {len(watched)} of these runs and raised {alarms}"
    return "\n".join([text + (":\n" if lines else "."), *lines]).strip()


def shown(study_name, study, runs):
    parts = ["## Images of the first seed, at its last measurement"]
    for system, records in runs.items():
        place = f"{study_name}-{system}"
        pictures = f"![Images]({place}.png)"
        if any("classes" in mark for mark in records[0]["marks"]):
            pictures += f"\n\n![Classes]({place}-classes.png)"
        parts.append(
            f"{study.systems[system].what}:\n\n{pictures if records[0]['marks'] else 'none'}"
        )
    return "\n\n".join(parts)


def spread(values):
    mean, low, high = map(shortened, (np.mean(values), min(values), max(values)))
    return mean if len(values) == 1 else f"{mean} ({low} to {high})"


def shortened(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
