"""The day and the code of each run of a study, so that a page tells which rows are older."""

import hashlib
from datetime import date
from pathlib import Path

import gan_model


def origin():
    """For the record of a run: today's date, and eight characters that change with the package."""
    digest = hashlib.sha256()
    for path in sorted(Path(gan_model.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return {"date": date.today().isoformat(), "code": digest.hexdigest()[:8]}


def day_of(record):
    return record.get("date", "an unknown day")


def origins(study, runs):
    """For the page of a study: when its runs were made, which of other code, and their notes.

    A note is what a person has added to a record, as "note".

    Args:
        study: `Study`.
        runs: dict from systems to the records of their runs.
    """
    found = {}
    for system, records in runs.items():
        for record in records:
            of_code = found.setdefault(record.get("code"), {"days": set(), "systems": {}})
            of_code["days"].add(day_of(record))
            of_code["systems"].setdefault(study.systems[system].what, []).append(record["seed"])
    notes = [
        f"- {study.systems[system].what}, seed {record['seed']}: {record['note']}."
        for system, records in runs.items()
        for record in records
        if "note" in record
    ]
    if len(found) == 1:
        ((code, one),) = found.items()
        days = f"All runs are from {_days(one)}, {_code(code)}."
        return "\n\n".join([days, "\n".join(notes)]).strip()
    lines = ["The runs are from different days or states of the code, so compare them with care:\n"]
    for code, one in sorted(found.items(), key=lambda item: max(item[1]["days"])):
        names = (
            f"{what}, seed {', '.join(map(str, seeds))}" for what, seeds in one["systems"].items()
        )
        lines.append(f"- {_days(one)}, {_code(code)}: {'; '.join(names)}.")
    return "\n".join([*lines, *notes])


def _code(checksum):
    return f"checksum of the package {checksum}" if checksum else "code not noted"


def _days(one):
    first, last = min(one["days"]), max(one["days"])
    return first if first == last else f"{first} to {last}"
