"""The records of runs: each in the folder of runs, and those of a page beside it.

So another machine, which has the repository only, can add seeds or systems to a page.
"""

import json
from pathlib import Path

import numpy as np
import studies

from gan_model.commands.local_workers import cores


def figures_file(args, system, seed):
    """Where a run leaves its record."""
    return args.runs / args.study / f"{Path(args.data).name}-{system}-{seed}" / "figures.json"


def records_of(args, system):
    """All records of a system, a dict from seeds: of this machine, else those beside the page."""
    page = args.docs / "results" / f"{studies.page_name(args.study, args.data)}.md"
    known = {
        one["seed"]: one for one in _beside(page) if one["system"] == system and done(one, args)
    }
    pattern = figures_file(args, system, "*")
    for path in pattern.parent.parent.glob(f"{pattern.parent.name}/{pattern.name}"):
        own = json.loads(path.read_text())
        if path == figures_file(args, system, own["seed"]) and done(own, args):
            known[own["seed"]] = own
    return dict(sorted(known.items()))


def write_beside(page, runs):
    """Writes the records of a page; `runs` is a dict from systems to the records of their runs.

    Those of other systems or seeds that are there stay.
    """
    known = {(record["system"], record["seed"]): record for record in _beside(page)}
    known |= {(one["system"], one["seed"]): one for records in runs.values() for one in records}
    records = [known[run] for run in sorted(known)]
    page.with_suffix(".json").write_text(json.dumps(records, indent=1) + "\n")


def done(record, args):
    """Whether a record has the figures for all the minutes asked for, or for as many as it lasted.

    Not if the run had another number of cores, or images of another size.
    """
    size = "x".join(map(str, np.broadcast_to(args.image_size, 2))) if args.image_size else None
    if record["cpus"] != cores_of_a_run(args) or size not in (None, record.get("size")):
        return False
    measured = [mark["minute"] for mark in record["marks"]]
    return measured == args.minutes if finished(record) else True


def finished(record):
    return record["state"] == "finished"


def cores_of_a_run(args):
    return min(args.cores or cores(), cores())


def _beside(page):
    path = page.with_suffix(".json")
    return json.loads(path.read_text()) if path.exists() else []
