"""The steps of `gan-model train`: images, a GAN, its run folder, and the report at its end."""

import inspect
import sys
from functools import partial
from pathlib import Path

from gan_model.commands import fine_tuning, local_workers
from gan_model.commands.arguments import loaded, refuse_within
from gan_model.commands.run_report import report
from gan_model.commands.screen import quiet, use_gpus

SUITED = "suited"  # not a preset, but the choice of one
_MINUTES, _LEAST_STEPS = 10, 100  # for a folder: of training; of an epoch of few images
_NO_END = 10**6  # epochs; the clock ends the run


def train(args, program):
    """Trains, in this process or in `args.workers` others.

    Args:
        args: values of the options of `gan-model train`.
        program: `Program`.
    """
    if args.workers:
        return local_workers.start(args.workers, program)
    with quiet():
        from gan_model import data, presets, replicas, runs
    strategy = _strategy_of(args)
    args.preset = args.preset or ("modern" if args.data in data.NAMES else SUITED)
    source = fine_tuning.source_of(args)
    if source:
        args.preset = fine_tuning.PRESET
    elif args.preset != SUITED:
        presets.named(args.preset)  # before reading the data, which may take long
    folder = runs.RunFolder(args.run_dir or f"runs/{args.preset}-{Path(args.data).name}")
    refuse_within(folder.path, args.data)
    _continue(args, folder, alone=replicas.Workers(strategy).count == 1)
    images, held_out = loaded(args)
    preset = _preset_for(args, program, source, *images)
    _check_clusters(args, preset)
    classes_for = source.classes_for if source else partial(presets.classes_for, preset)
    classes = classes_for(images[1], held_out[1])
    by_class = classes | ({"labels": images[1]} if classes else {})
    settings = _settings_of(args, preset, images[0], by_class) | (source.settings if source else {})
    with local_workers.as_one(strategy, settings, program) as is_chief:
        if is_chief:
            _lead(folder, args, settings, strategy, images, held_out, program)
        else:
            _fit(_built(settings, strategy), args, images, held_out)
    return None


def _continue(args, folder, alone):
    """Fills in what a run that goes on was given when it began, and may leave out now.

    Not for one of several workers: all need the same values, and only the chief has the folder.
    """
    args.is_new = not (alone and folder.begun())
    if args.is_new:
        return
    _refuse_without_checkpoint(folder)
    settings = folder.read_settings()
    for name in ("batch_size", "steps_per_epoch", "clusters"):
        if getattr(args, name) is None:
            setattr(args, name, settings.get(name))
    if not folder.features.exists():
        args.features = args.features or settings.get("features")


def _refuse_without_checkpoint(folder):
    if folder.begun() and not folder.epochs_done():
        raise ValueError(
            f"{folder.path} has a finished GAN and no checkpoint to continue from. Choose another "
            f"folder: --run-dir DIR. To go on from the GAN: --from {folder.gan}"
        )


def _lead(folder, args, settings, strategy, images, held_out, program):
    """Trains, alone or as the worker that decides and writes."""
    with folder.opened(settings):
        _refuse_without_checkpoint(folder)
        folder.clear()
        _announce(folder, args)
        gan = _built(settings, strategy)
        gan.quality = _quality_on(held_out[0], images[0], _features_of(args, folder))
        callbacks = folder.callbacks(settings, keep=args.keep)
        history = _fit(gan, args, images, held_out, callbacks).history
        if _has_diverged(history):
            sys.exit(1)  # fit has said so
        folder.save(gan)
    report(folder, history, args.validate_every, gan.quality, program)


def _fit(gan, args, images, held_out, callbacks=()):
    (images, labels), by_class = images, gan.class_count is not None
    return gan.fit(
        images,
        labels if by_class else None,
        batch_size=args.batch_size,
        validation_data=held_out if by_class else held_out[0],
        validation_freq=args.validate_every,
        epochs=args.epochs or _NO_END,
        steps_per_epoch=args.steps_per_epoch,
        callbacks=callbacks,
    )


def _strategy_of(args):
    from gan_model import replicas  # imported by now

    use_gpus()
    return replicas.strategy(args.devices)


def _built(settings, strategy):
    """The compiled GAN on the devices of a strategy."""
    from gan_model import runs

    with strategy.scope():
        return runs.build(settings)


def _preset_for(args, program, source, images, labels):
    """The preset asked for, or the one that suits the images; completes the other arguments."""
    from gan_model import data, presets

    clock = args.data not in data.NAMES
    if source:
        source.check(images)
        _complete(args, images, presets.fine_tuned, clock=clock)
        return presets.fine_tuned
    if args.preset != SUITED:
        _complete(args, images, presets.named(args.preset), clock=clock)
        return presets.named(args.preset)
    choice = presets.choose(images, labels)
    chosen = choice.told(given=() if args.clusters is None else ["clusters"])
    args.preset = choice.preset.__name__
    _complete(args, images, choice.preset, clock=True, long_epochs=True)
    by_hand = f"To choose yourself: {program.line('train', '--help')}"
    print(f"Chosen: {chosen}.{_files_line(args)} {by_hand}", flush=True)
    return choice.preset


def _check_clusters(args, preset):
    if args.clusters is not None and "clusters" not in inspect.signature(preset).parameters:
        raise ValueError(f"--clusters is for modern, not for {args.preset}. Leave --clusters out.")


def _complete(args, images, preset, *, clock, long_epochs=False):
    """Fills in the end of the run, by the clock or by epochs, batch size, clusters and steps."""
    from gan_model import presets

    if clock:
        args.minutes = args.minutes if args.epochs else args.minutes or _MINUTES
    else:
        args.epochs = args.epochs if args.minutes else args.epochs or 20
    args.batch_size = args.batch_size or presets.batch_size_for(preset)
    if args.is_new and args.clusters is None:
        args.clusters = presets.clusters_for(preset, images)
    # An epoch ends in a measurement and a checkpoint, which take longer than a few steps. Without
    # `suited`, epochs that somebody counts are passes over the images.
    may = args.is_new and not args.steps_per_epoch and (long_epochs or args.minutes)
    if may and len(images) < _LEAST_STEPS * args.batch_size:
        args.steps_per_epoch = _LEAST_STEPS


def _files_line(args):
    """What became of the files of a folder of images."""
    from gan_model import data

    if not data.is_image_folder(args.data):
        return ""
    height, width = data.own_size(args.data)[1]
    return (
        f" The files have {height} x {width}; other proportions are "
        f"{'padded' if args.pad else 'cropped'}, transparent parts are {args.ground}."
    )


def _has_diverged(history):
    """Whether the run ended in losses that are no numbers, or exploding."""
    from gan_model import alarms  # imported by now

    return alarms.diverged({name: values[-1] for name, values in history.items()})


def _announce(folder, args):
    done, minutes = folder.epochs_done(), folder.minutes_done()
    if args.epochs and done >= args.epochs:
        print(f"This run has its {done} epochs. For more: --epochs {2 * done}")
    elif args.minutes and minutes >= args.minutes:
        more = f"--minutes {round(2 * minutes, 1):g}"
        print(f"This run has its {args.minutes:g} minutes. For more: {more}")
    elif done:
        print(f"Going on with the run in {folder.path}.")


def _settings_of(args, preset, images, by_class):
    """What makes this run another run than the next.

    Args:
        args: of the command line.
        preset: function that makes the GAN.
        images: to train on.
        by_class: `class_count` and `labels` where the GAN has classes; {} where not.
    """
    from gan_model import presets  # imported by now; at the top it would slow --help down
    from gan_model.data import NAMES
    from gan_model.data.images import fingerprint

    count = presets.image_count_for(preset, images)
    return {
        "preset": args.preset,
        "data": args.data if args.data in NAMES else str(Path(args.data).expanduser().resolve()),
        "images": fingerprint(images),
        "image_shape": images.shape[1:],
        "class_count": by_class.get("class_count"),
        "image_count": count.get("image_count"),
        "pad": args.pad or None,
        "ground": None if args.ground == "white" else args.ground,
        "labels": fingerprint(by_class["labels"]) if by_class else None,
        "clusters": args.clusters,
        "bfloat16": args.bfloat16 or None,
        "codings_size": args.codings_size,
        "generator_learning_rate": args.generator_learning_rate,
        "discriminator_learning_rate": args.discriminator_learning_rate,
        "batch_size": args.batch_size,
        "steps_per_epoch": args.steps_per_epoch,
        "features": args.features,
        "validate_every": args.validate_every,
        "seed": args.seed,
        "epochs": args.epochs,
        "minutes": args.minutes,
    }


def _features_of(args, folder):
    """Those of the command line, else those that the run has been measured in before."""
    return args.features or (str(folder.features) if folder.features.exists() else None)


def _quality_on(held_out, train, features):
    """What is measured on these images; None where they are too few."""
    from gan_model import metrics

    if len(held_out) < metrics.LEAST:
        return None
    return metrics.Quality(*metrics.measures(held_out, features, training=train))
