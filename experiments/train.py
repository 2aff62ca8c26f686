"""Trains a preset, shows it on TensorBoard, saves it in a folder, and resumes a stopped run.

python experiments/train.py --preset modern --data sample --epochs 20
"""

import os
import shlex
import sys
from pathlib import Path

import together
from command_line import (
    Parser,
    above_0,
    add_data,
    add_features,
    loaded,
    plain_errors,
    positive,
    quiet,
    seed,
    use_gpus,
)
from run_report import report

SUITED = "suited"  # not a preset, but the choice of one
_MINUTES, _LEAST_STEPS = 10, 100  # for a folder: of training; of an epoch of few images
_NO_END = 10**6  # epochs; the clock ends the run


def arguments():
    parser = Parser(__doc__.split("\n")[0])
    parser.add_argument(
        "--preset",
        help="dense, dcgan, guidelines, modern, modern_conditional, or suited, which is one of the "
        "last two; else modern, and suited for a folder",
    )
    add_data(parser, default="sample")
    parser.add_argument("--epochs", type=positive, help="epochs in all; else 20")
    parser.add_argument(
        "--minutes", type=above_0, help="of training, instead of epochs; else 10 for a folder"
    )
    parser.add_argument("--batch-size", type=positive, help="images, of all devices; else 32")
    parser.add_argument("--devices", type=positive, help="else all GPUs, or one CPU")
    parser.add_argument("--workers", type=positive, help="processes that train together")
    parser.add_argument("--codings-size", type=positive, help="size of a coding; else the preset's")
    parser.add_argument("--generator-learning-rate", type=above_0, help="else the preset's")
    parser.add_argument("--discriminator-learning-rate", type=above_0, help="else the preset's")
    parser.add_argument("--steps-per-epoch", type=positive, help="batches per epoch; else one pass")
    add_features(parser)
    parser.add_argument("--validate-every", type=positive, default=1, help="epochs per measurement")
    parser.add_argument("--seed", type=seed, default=0, help="of weights, codings, image order")
    parser.add_argument("--run-dir", help="folder of the run; else runs/PRESET-DATA")
    parser.add_argument("--keep", type=positive, default=3, help="checkpoints to keep")
    args = parser.parse_args()
    if args.epochs and args.minutes:
        parser.error("--epochs and --minutes both end a run; give one of them")
    if args.workers and args.devices:
        parser.error("each worker has one device; give --workers or --devices")
    return args


def main(args):
    if args.workers:
        return together.start(args.workers)
    with quiet():
        from gan_model import data, presets, runs
    strategy = strategy_of(args)
    args.preset = args.preset or ("modern" if args.data in data.NAMES else SUITED)
    if args.preset != SUITED:
        presets.named(args.preset)  # before reading the data, which may take long
    train, held_out = loaded(args)
    folder = runs.RunFolder(args.run_dir or f"runs/{args.preset}-{Path(args.data).name}")
    preset = preset_for(args, *train)
    classes = presets.classes_for(preset, train[1], held_out[1])
    settings = settings_of(args, train[0], classes | ({"labels": train[1]} if classes else {}))
    with together.as_one(strategy, settings) as is_chief:
        if is_chief:
            lead(folder, args, settings, strategy, train, held_out)
        else:
            fit(built(settings, strategy), args, train, held_out)
    return None


def lead(folder, args, settings, strategy, train, held_out):
    """Trains, alone or as the worker that decides and writes."""
    with folder.opened(settings):
        announce(folder, args)
        gan = built(settings, strategy)
        gan.quality = quality_on(held_out[0], train[0], features_of(args, folder))
        callbacks = folder.callbacks(settings, keep=args.keep)
        history = fit(gan, args, train, held_out, callbacks).history
        if has_diverged(history):
            sys.exit(1)  # fit has said so
        folder.save(gan)
    report(folder, history, args.validate_every, gan.quality)


def fit(gan, args, train, held_out, callbacks=()):
    (images, labels), by_class = train, gan.class_count is not None
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


def strategy_of(args):
    from gan_model.replicas import strategy  # imported by now

    use_gpus()
    return strategy(args.devices)


def built(settings, strategy):
    """The compiled GAN on the devices of a strategy."""
    from gan_model import runs

    with strategy.scope():
        return runs.build(settings)


def preset_for(args, images, labels):
    """The preset asked for, or the one that suits the images; completes the other arguments."""
    from gan_model import presets

    if args.preset != SUITED:
        args.epochs = args.epochs if args.minutes else args.epochs or 20
        args.batch_size = args.batch_size or 32
        return presets.named(args.preset)
    choice = presets.choose(images, labels)
    args.preset = choice.preset.__name__
    args.minutes = args.minutes if args.epochs else args.minutes or _MINUTES
    args.batch_size = args.batch_size or choice.batch_size
    if not args.steps_per_epoch and len(images) < _LEAST_STEPS * args.batch_size:
        args.steps_per_epoch = _LEAST_STEPS
    print(f"Chosen: {choice}.{files_line(args)} To choose yourself: train.py --help", flush=True)
    return choice.preset


def files_line(args):
    """What became of the files of a folder of images."""
    from gan_model import data

    if args.data in data.NAMES or any(Path(args.data).glob("train-images*")):
        return ""
    height, width = data.own_size(args.data)[1]
    return (
        f" The files have {height} x {width}; other proportions are "
        f"{'padded' if args.pad else 'cropped'}, transparent parts are {args.ground}."
    )


def has_diverged(history):
    """Whether the run ended in losses that are no numbers, or exploding."""
    from gan_model import alarms

    return alarms.diverged({name: values[-1] for name, values in history.items()})


def announce(folder, args):
    done, minutes = folder.epochs_done(), folder.minutes_done()
    if args.epochs and done >= args.epochs:
        print(f"This run has its {done} epochs. For more: --epochs {2 * done}")
    elif args.minutes and minutes >= args.minutes:
        more = round(2 * minutes, 1)
        print(f"This run has its {args.minutes:g} minutes. For more: --minutes {more:g}")
    elif done:
        print(f"Going on with the run in {folder.path}.")


def settings_of(args, images, by_class):
    """What makes this run another run than the next.

    Args:
        args: of the command line.
        images: to train on.
        by_class: `class_count` and `labels` where the GAN has classes; {} where not.
    """
    from gan_model import presets  # imported by now; at the top it would slow --help down
    from gan_model.data import NAMES
    from gan_model.data.images import fingerprint

    count = presets.image_count_for(presets.named(args.preset), images)
    return {
        "preset": args.preset,
        "data": args.data if args.data in NAMES else str(Path(args.data).resolve()),
        "images": fingerprint(images),
        "image_shape": images.shape[1:],
        "class_count": by_class.get("class_count"),
        "image_count": count.get("image_count"),
        "labels": fingerprint(by_class["labels"]) if by_class else None,
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


def features_of(args, folder):
    """Those of the command line, else those that the run has been measured in before."""
    return args.features or (str(folder.features) if folder.features.exists() else None)


def quality_on(held_out, train, features):
    """What is measured on these images; None where they are too few."""
    from gan_model import metrics

    if len(held_out) < metrics.LEAST:
        return None
    return metrics.Quality(*metrics.measures(held_out, features, training=train))


if __name__ == "__main__":
    again = f"{os.path.relpath(sys.executable)} {shlex.join(sys.argv)}"
    with plain_errors(go_on=f"Finished epochs are kept; to go on: {again}"):
        main(arguments())
