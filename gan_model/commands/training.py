"""The steps of `gan-model train`: images, a GAN, its run folder, and the report at its end."""

import sys
from pathlib import Path

from gan_model.commands import fine_tuning, local_workers
from gan_model.commands.arguments import loaded
from gan_model.commands.completing import (
    LEAST_STEPS,
    SUITED,
    check_image_size,
    complete_by_images,
    complete_by_run,
)
from gan_model.commands.places import check_run_dir, name_of, place_of
from gan_model.commands.run_images import tell_of_changes
from gan_model.commands.run_report import report
from gan_model.commands.screen import quiet, use_gpus

_NO_END = 10**6  # epochs; the clock ends the run


def train(args, program):
    """Trains, in this process or in `args.workers` others.

    Args:
        args: values of the options of `gan-model train`.
        program: `Program`.
    """
    if args.workers:
        return local_workers.start(args.workers, program)
    local_workers.end_with_parent()  # first: to import, and to wait for the others, takes long
    with quiet():
        from gan_model import data, presets, replicas, runs
    strategy = _strategy_of(args)
    usual = "modern" if args.data in data.NAMES else SUITED
    args.preset = fine_tuning.PRESET if args.source else args.preset or usual
    if not args.source and args.preset != SUITED:
        presets.named(args.preset)  # before reading the data, which may take long
    check_image_size(args.image_size, args.preset, args.data)
    folder = runs.RunFolder(args.run_dir or f"runs/{args.preset}-{name_of(args.data)}")
    source = fine_tuning.source_of(args, folder)
    check_run_dir(folder.path, args.data)
    workers = replicas.Workers(strategy)
    with local_workers.ended_by_loss(workers, program):
        complete_by_run(args, folder, workers)
    if source and args.is_new:
        source.read_alike(args)
    images, held_out = splits = loaded(args)
    if source and args.is_new:
        tell_of_changes(source.about, args.data, images[0])
    preset = complete_by_images(args, program, source, *images, splits.class_names)
    has_classes = source is None or source.class_count is not None
    classes = presets.classes_for(preset, images[1], held_out[1]) if has_classes else {}
    by_class = classes | ({"labels": images[1]} if classes else {})
    settings = _settings_of(args, preset, images[0], by_class, splits.class_names)
    settings |= source.settings if source else {}
    with local_workers.as_one(strategy, settings, program) as is_chief:
        if is_chief:
            history = _lead(folder, args, settings, strategy, images, held_out, program)
        else:
            history = _fit(_built(settings, strategy), args, images, held_out)
    if _has_diverged(history):  # not before: the other workers wait for this one to leave
        sys.exit(1)


def _lead(folder, args, settings, strategy, images, held_out, program):
    """Trains, alone or as the worker that decides and writes."""
    # Not among what all workers have in common: each may have the files elsewhere.
    settings = settings | {"data_dir": args.data_dir and str(Path(args.data_dir).resolve())}
    with folder.opened(settings):
        folder.clear(settings)
        kept = {"from": folder.source} if folder.source.exists() else {}
        _announce(folder, args)
        gan = _built(settings | kept, strategy)
        # Not before, as the GAN may be refused; soon, as a source that still trains goes on.
        folder.keep_source(settings)
        gan.quality = _quality_on(held_out[0], images[0], _features_of(args, folder))
        history = _fit(gan, args, images, held_out, folder, settings)
        if _has_diverged(history):
            return history  # fit has said so
        folder.save(gan)
    report(folder, history, args.validate_every, gan.quality, program)
    return history


def _fit(gan, args, images, held_out, folder=None, settings=None):
    """Trains; gives the history. The chief alone has a folder, and the settings of the run.

    By the clock an epoch takes about a minute at most, unless its length was asked for: the first
    one is ended then, and the run goes on with as many steps in each.
    """
    from gan_model.callbacks.epoch_length import EpochLength  # imported by now

    def callbacks():
        steps = {"steps_per_epoch": args.steps_per_epoch}
        return folder.callbacks(settings | steps, keep=args.keep) if folder else []

    if args.epochs or args.steps_per_epoch:
        return _fit_epochs(gan, args, images, held_out, callbacks())
    length = EpochLength(least=LEAST_STEPS)
    history = _fit_epochs(gan, args, images, held_out, [*callbacks(), length])
    steps = gan.workers.broadcast_int(length.steps or 0)
    if not steps or _has_diverged(history):
        return history
    args.steps_per_epoch = steps
    if folder:
        print(f"From now on an epoch has {steps:,} steps, about a minute.", flush=True)
    return _fit_epochs(gan, args, images, held_out, callbacks())


def _fit_epochs(gan, args, images, held_out, callbacks):
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
    ).history


def _strategy_of(args):
    from gan_model import replicas  # imported by now

    use_gpus()
    return replicas.strategy(args.devices)


def _built(settings, strategy):
    """The compiled GAN on the devices of a strategy."""
    from gan_model import runs

    with strategy.scope():
        return runs.build(settings)


def _has_diverged(history):
    """Whether the run ended in losses that are no numbers, or exploding."""
    from gan_model.callbacks import alarms  # imported by now

    return alarms.diverged({name: values[-1] for name, values in history.items()})


def _announce(folder, args):
    from gan_model.callbacks.checkpoints import epochs_in  # imported by now

    done = epochs_in(folder.path / "checkpoints")  # not of a damaged one, which `fit` leaves out
    minutes = folder.minutes_until(done)
    if args.epochs and done >= args.epochs:
        print(f"This run has its {done} epochs. For more: --epochs {2 * done}")
    elif args.minutes and minutes >= args.minutes:
        more = f"--minutes {round(2 * minutes, 1):g}"
        print(f"This run has its {args.minutes:g} minutes. For more: {more}")
    elif done:
        print(f"Going on with the run in {folder.path}.")


def _settings_of(args, preset, images, by_class, class_names):
    """What makes this run another run than the next.

    Args:
        args: of the command line.
        preset: function that makes the GAN.
        images: to train on.
        by_class: `class_count` and `labels` where the GAN has classes; {} where not.
        class_names: of the images, a list of texts, or None.
    """
    from gan_model import presets  # imported by now; at the top it would slow --help down
    from gan_model.data.images import fingerprint

    count = presets.image_count_for(preset, images)
    # The files of a published data set may have images of the first classes only.
    names = (class_names or [])[: by_class["class_count"]] if by_class else []
    return {
        "preset": args.preset,
        "data": place_of(args.data),
        "images": fingerprint(images),
        "image_shape": images.shape[1:],
        "class_count": by_class.get("class_count"),
        "class_names": names or None,
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
