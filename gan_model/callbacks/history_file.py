"""The history of a run as a CSV file."""

import csv

import keras

from gan_model.storage.atomic import atomic_write
from gan_model.storage.paths import expanded


class HistoryFile(keras.callbacks.Callback):
    """Writes a line of figures for each epoch as CSV, correct also after a resume.

    Columns: epoch (from 1), step, images, then what `fit` logs, written so that reading it
    back gives the same float. Lines of repeated epochs are replaced. The file depends only on
    data, settings and seed, so it holds no times.

    Args:
        path: the file. It is replaced atomically, so a reader never sees half a line.
    """

    def __init__(self, path):
        super().__init__()
        self.path = expanded(path)
        self._rows = None

    def on_train_begin(self, logs=None):
        self._rows = None

    def on_epoch_begin(self, epoch, logs=None):
        if self._rows is None:
            self._rows = [row for row in read_history(self.path) if int(row["epoch"]) <= epoch]

    def on_epoch_end(self, epoch, logs=None):
        place = {
            "epoch": epoch + 1,
            "step": int(self.model.step.numpy()),
            "images": int(self.model.images_seen.numpy()),
        }
        figures = {name: repr(float(value)) for name, value in (logs or {}).items()}
        self._rows.append(place | figures)
        write_history(self.path, self._rows)


def write_history(path, rows):
    """Writes a CSV file with a line for each epoch; `rows` are dicts from columns to values."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as tmp_path, open(tmp_path, "w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def read_history(path):
    """The lines of a file with one for each epoch, dicts from columns to texts; [] without it.

    Raises:
        ValueError: a line does not tell its epoch, as after somebody edited the file.
    """
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not all((row.get("epoch") or "").isdigit() for row in rows):
        raise unreadable(path, "whole number in the column `epoch`")
    return rows


def unreadable(path, lacking):
    """The `ValueError` for a file with a line for each epoch, where a line lacks something."""
    return ValueError(
        f"{path} cannot be read: a line has no {lacking}. Restore the file, or remove it: the run "
        "then goes on without what it tells of earlier epochs."
    )
