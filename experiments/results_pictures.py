"""The pictures of a page of results: grids of images, classes, distances by the minute."""

from PIL import Image
from results_records import finished

_WIDEST = 600  # pixels of a picture


def show_first(record, source, folder, name):
    """Writes the grid and the classes of a run at its last reading as PNG, if it has one.

    A grid of another machine is not in the folder of runs: the page keeps the one that it has.
    """
    from gan_model import features, pictures

    for mark in record["marks"][-1:]:
        if not (source / f"minute-{mark['minute']}.png").exists():
            continue
        with Image.open(source / f"minute-{mark['minute']}.png") as grid:
            factor = -(-grid.width // _WIDEST)
            grid.reduce(factor).save(folder / f"{name}.png", optimize=True)
        if "classes" not in mark:
            continue
        pictures.class_histogram(
            mark["classes"],
            features.CLASSES,
            folder / f"{name}-classes.png",
            real_counts=record["real_classes"],
        )


def draw_distances(runs, about, path):
    from gan_model import pictures

    name, lines = about["distance"], {}
    for system, records in runs.items():
        whole = [record for record in records if finished(record)]
        readings = [[mark["numbers"][name] for mark in record["marks"]] for record in whole]
        if readings:  # those of an earlier day may have fewer
            lines[system] = [mark["minute"] for mark in whole[0]["marks"]], readings
    minutes = [mark["minute"] for mark in about["marks"]]
    lines["floor"] = minutes, [about["floor"][name]] * len(minutes)
    pictures.curve(
        lines,
        path,
        x_label=f"minutes of training, cores: {about['cpus']}",
        y_label=f"{name}, {about['count']:,} images",
        log_x=True,
        log_y=True,
    )
