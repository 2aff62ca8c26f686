"""The records of runs: each in the folder of runs, and those of a page beside it.

So another machine, which has the repository only, can add seeds or systems to a page.
"""

import json
from pathlib import Path

import studies

from gan_model.commands.local_workers import cores


def figures_file(args, system, seed):
    """Where a run leaves its record."""
    return args.runs / args.study / f"{Path(args.data).name}-{system}-{seed}" / "figures.json"


def page_of(args):
    """The path of the page of a study."""
    return args.docs / "results" / f"{studies.page_name(args.study, args.data)}.md"


def records_of(args, system):
    """All records of a system, a dict from seeds: of this machine, else those beside the page."""
    beside = (one for _, one in _beside(page_of(args)) if one["system"] == system)
    known = {one["seed"]: one for one in beside if done(one, args)}
    known |= {one["seed"]: one for _, one in _of_this_machine(args, system) if done(one, args)}
    return dict(sorted(known.items()))


def check_images(args, systems, images):
    """Refuses records of other images, or of images that they do not tell, under the same names.

    A name tells the folder only: the images depend on the folders above it and on the options too.

    Args:
        args: values of the options of `results.py`.
        systems: names of the systems of the study.
        images: fingerprint of the training images.

    Raises:
        ValueError: there is such a record.
    """
    own = (known for system in systems for known in _of_this_machine(args, system))
    for path, record in (*_beside(page_of(args)), *own):
        if record.get("images") != images:
            raise ValueError(
                f"{path} has figures of images with the fingerprint "
                f"{record.get('images', 'unknown')}; those of {args.data} have {images}. Choose "
                "other folders, --runs DIR and --docs DIR, or move that file away."
            )


def write_beside(page, runs):
    """Writes the records of a page; `runs` is a dict from systems to the records of their runs.

    Those of other systems or seeds that are there stay.
    """
    known = {(record["system"], record["seed"]): record for _, record in _beside(page)}
    known |= {(one["system"], one["seed"]): one for records in runs.values() for one in records}
    records = [known[run] for run in sorted(known)]
    _json_of(page).write_text(json.dumps(records, indent=1) + "\n")


def done(record, args):
    """Whether a record has the figures for all the minutes asked for, or for as many as it lasted.

    Not if the run had another number of cores.
    """
    if record["cpus"] != cores_of_a_run(args):
        return False
    measured = [mark["minute"] for mark in record["marks"]]
    return measured == args.minutes if finished(record) else True


def finished(record):
    return record["state"] == "finished"


def cores_of_a_run(args):
    return min(args.cores or cores(), cores())


def _of_this_machine(args, system):
    """The records of a system in the folder of runs, each with its path."""
    pattern = figures_file(args, system, "*")
    found = []
    for path in pattern.parent.parent.glob(f"{pattern.parent.name}/{pattern.name}"):
        record = json.loads(path.read_text())
        if path == figures_file(args, system, record["seed"]):
            found.append((path, record))
    return found


def _beside(page):
    """The records beside a page, each with the path of their file."""
    path = _json_of(page)
    return [(path, one) for one in json.loads(path.read_text())] if path.exists() else []


def _json_of(page):
    return page.with_suffix(".json")
