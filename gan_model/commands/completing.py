"""What the command line of `gan-model train` leaves out -> what its run has, or what suits it."""

import inspect
import json
import shlex

SUITED = "suited"  # not a preset, but the choice of one
_EPOCHS = 20
MINUTES = 10  # of training, for a folder
LEAST_STEPS = 100  # of an epoch of few images
_CROPPED_MUCH = 0.7  # of the median file; where less is left, the line says how much
_KEPT = ("batch_size", "steps_per_epoch", "clusters", "features", "pad", "ground")


def complete_by_run(args, folder, workers):
    """Fills in what a run that goes on was given when it began.

    All workers need the same values, and only the chief has the folder: it tells the others.

    Args:
        args: values of the options of `gan-model train`.
        folder: `RunFolder`.
        workers: `replicas.Workers` that train together; of most runs a single one.

    Raises:
        ValueError: the run cannot go on.
    """
    known = _known_of(folder) if workers.is_chief else None
    known = json.loads(workers.all_gather_text(json.dumps(known))[0])
    if "refused" in known:
        workers.barrier()
        raise ValueError(known["refused"])
    args.is_new = known["is_new"]
    for name, value in known["given"].items():
        if getattr(args, name) is None:
            setattr(args, name, value)


def _known_of(folder):
    """What a run was given, as JSON can hold it, or why it cannot go on."""
    if not folder.begun():
        return {"is_new": True, "given": {}}
    if not folder.epochs_done():
        reason = (
            f"{folder.path} has a finished GAN and no checkpoint to continue from. Choose another "
            f"folder: --run-dir DIR. To go on from the GAN: --from "
            f"{shlex.quote(str(folder.gan))}"
        )
        return {"refused": reason}
    try:
        settings = folder.read_settings()
    except ValueError as error:
        return {"refused": str(error)}
    given = {name: settings.get(name) for name in _KEPT}
    if folder.features.exists():
        given["features"] = None  # those of the folder
    return {"is_new": False, "given": given}


def check_image_size(size, preset, data_set):
    """Refuses a size of which a preset makes no images, before those of a folder are decoded.

    Args:
        size: pixels of a side, or (height, width); None: that of the images.
        preset: name of a preset, or `SUITED`.
        data_set: name of a data set, or path of a folder of images.
    """
    from gan_model import data
    from gan_model.presets.recipes import makes, nearest_size

    if size is None or not data.is_image_folder(data_set):
        return
    size = size if isinstance(size, tuple) else (size, size)
    preset = "modern" if preset == SUITED else preset
    nearest = nearest_size(size, preset)
    if nearest not in (None, size):
        asked, other = ("x".join(map(str, each)) for each in (size, nearest))
        raise ValueError(f"{makes(preset)}. The nearest to {asked} is --image-size {other}")


def complete_by_images(args, program, source, images, labels, class_names):
    """Fills in the rest: the preset, the end of the run, sizes of batches and epochs, clusters.

    Args:
        args: values of the options of `gan-model train`.
        program: `Program`.
        source: `fine_tuning.Source` of a run that goes on from a trained GAN, or None.
        images, labels: to train on.
        class_names: list of texts, or None.

    Returns:
        The function that makes the GAN.

    Raises:
        ValueError: the source makes other images, or an option is not for this preset.
    """
    from gan_model import data, presets  # imported by now

    is_chosen = args.preset == SUITED
    if source:
        source.check(images)
        preset = presets.fine_tuned
    elif is_chosen:
        preset = _suited(args, program, images, labels, class_names)
    else:
        preset = presets.named(args.preset)
    args.preset = preset.__name__
    clock = is_chosen or args.data not in data.NAMES
    _complete(args, images, preset, clock=clock, long_epochs=is_chosen)
    has_clusters = "clusters" in inspect.signature(preset).parameters
    # A run that goes on may have them from another preset, and is refused with what differs.
    if args.is_new and args.clusters is not None and not has_clusters:
        raise ValueError(f"--clusters is for modern, not for {args.preset}. Leave --clusters out.")
    return preset


def _suited(args, program, images, labels, class_names):
    """The preset that suits the images; tells it."""
    from gan_model import presets

    choice = presets.choose(images, labels, class_names=class_names or ())
    given = [name for name in ("clusters", "batch_size") if getattr(args, name) is not None]
    chosen = choice.told(given=given)
    by_hand = f"To choose yourself: {program.line('train', '--help')}"
    print(f"Chosen: {chosen}.{_files_line(args, images.shape[1:])} {by_hand}", flush=True)
    return choice.preset


def _complete(args, images, preset, *, clock, long_epochs):
    """Fills in the end of the run, by the clock or by epochs, batch size, clusters and steps."""
    from gan_model import presets

    if not (args.epochs or args.minutes):
        if clock:
            args.minutes = MINUTES
        else:
            args.epochs = _EPOCHS
    args.batch_size = args.batch_size or min(presets.batch_size_for(preset), len(images))
    if args.is_new and args.clusters is None:
        args.clusters = presets.clusters_for(preset, images)
    # An epoch ends in a measurement and a checkpoint, which take longer than a few steps. Without
    # `suited`, epochs that somebody counts are passes over the images.
    if args.is_new and not args.steps_per_epoch and (long_epochs or args.minutes):
        args.steps_per_epoch = steps_of_few(len(images), [args.batch_size])


def steps_of_few(image_count, batch_sizes):
    """Steps of an epoch of so few images that a pass over them is too short; None of more.

    Args:
        image_count: number of training images.
        batch_sizes: all that there are; an epoch has as many steps with each, and is no less than
            a pass.
    """
    if image_count >= LEAST_STEPS * max(batch_sizes):
        return None
    return max(LEAST_STEPS, image_count // min(batch_sizes))


def _files_line(args, shape):
    """What became of the files of a folder of images."""
    from gan_model import data

    if not data.is_image_folder(args.data):
        return ""
    height, width = data.own_size(args.data)[1]
    left = _left_of(width / height, shape[1] / shape[0])
    cropped = f"other proportions are {'padded' if args.pad else 'cropped'}"
    if left < _CROPPED_MUCH and not args.pad:
        cropped = f"cropped to the middle {left:.0%} (--pad shows them whole)"
    ground = f"transparent parts are {args.ground or 'white'}"
    return f" The files have {height} x {width} (median); {cropped}, {ground}."


def _left_of(proportion, cropped_to):
    """The fraction of an image that is left when it is cropped to another proportion."""
    return min(proportion, cropped_to) / max(proportion, cropped_to)
