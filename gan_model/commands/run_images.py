"""The images that a run was trained on, to compare with them."""

from gan_model.commands.arguments import check_data_dir


def as_read_for(settings):
    """The arguments `pad` and `ground` with which a run read a folder of images: a dict.

    Args:
        settings: dict of the settings of the run; None or {} for what is usual.
    """
    known = settings or {}
    return {"pad": bool(known.get("pad")), "ground": known.get("ground") or "white"}


def load_for(settings, *, data_set, folder, image_size, channels):
    """The images and labels of a data set as a run read them; see `data.load`.

    Args:
        settings: dict with `data`, `images` (their fingerprint), `data_dir` of a named data set,
            and `pad` and `ground` of a folder of images; None where no run is known.
        data_set: another data set, which may have other images; None: that of the run.
        folder: with the files of a named data set; None: that of the run, if it had one.
        image_size, channels: for a folder of images.

    Raises:
        ValueError: the images of the run are not those that it was trained on.
        click.UsageError: a folder is given for other images than a named data set's.
    """
    from gan_model import data
    from gan_model.data.images import fingerprint

    name, wanted = data_set or settings["data"], {}
    check_data_dir(folder, name)
    if data.is_image_folder(name):
        wanted = {"image_size": image_size, "channels": channels, **as_read_for(settings)}
    folder = folder or (None if data_set else settings.get("data_dir"))
    splits = data.load(name, folder=folder, **wanted)
    if not data_set and fingerprint(splits[0][0]) != settings["images"]:
        raise ValueError(
            f"The images of {name} are not those that the run was trained on. To compare with "
            f"them anyway: --data {name}"
        )
    return splits
