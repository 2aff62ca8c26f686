"""The stages of `gan-model train`: settings, images, a GAN, its run folder, a report."""

import contextlib
import math
import os
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import tensorflow as tf

from gan_model import metrics, replicas, runs
from gan_model.arguments import loaded
from gan_model.callbacks import alarms
from gan_model.callbacks.checkpoints import epochs_in
from gan_model.callbacks.history_file import read_history
from gan_model.callbacks.training_time import EpochLength
from gan_model.commands import completing, local_workers
from gan_model.commands.places import check_run_dir, name_of
from gan_model.commands.run_images import tell_of_changes
from gan_model.commands.screen import use_gpus

_NO_END = 10**6  # epochs; the clock ends the run
_INDENT = 13 * " "  # of the lines of the report behind their names


def train(settings, program):
    """Trains in this process, alone or as one of several workers; `settings` as typed."""
    out = sys.stdout  # gets the report, also where nothing else is shown
    with contextlib.ExitStack() as stack:
        if settings.quiet:
            null = stack.enter_context(open(os.devnull, "w"))
            stack.enter_context(contextlib.redirect_stdout(null))
        _train(settings, program, out)


def _train(settings, program, out):
    use_gpus()
    strategy = replicas.strategy(settings.devices)
    settings = completing.with_preset(settings)
    completing.check_image_size(settings.image_size, settings.preset, settings.data)
    name = f"{settings.preset}-{name_of(settings.data)}"
    folder = runs.RunFolder(settings.run_dir or f"runs/{name}")
    settings, source = completing.by_source(settings, folder)
    check_run_dir(folder.path, settings.data)
    workers = replicas.Workers(strategy)
    with local_workers.ended_by_loss(workers, program):
        kept = completing.kept_by(folder, workers)
    is_new = kept is None
    if not is_new:
        settings = settings.resumed(kept)
    elif source:
        settings = completing.read_alike(settings, source.about)
    splits = loaded(settings)
    if source and is_new:
        tell_of_changes(source.about, settings.data, splits[0][0])
    settings = completing.by_images(settings, splits, source, is_new=is_new, program=program)
    if settings.dry_run:
        print(plan(settings, len(splits[0][0]), folder), file=out)
        return
    # The workers may have the files of a data set in different folders.
    shared = replace(settings, data_dir=None).stored()
    with local_workers.as_one(strategy, shared, program) as is_chief:
        if is_chief:
            history = _lead(folder, settings, strategy, splits, program, out)
        else:
            history = _fit(_built(settings.stored(), strategy), settings, splits)
    if _has_diverged(history):  # not before: the other workers wait for this one to leave
        sys.exit(1)


def _lead(folder, settings, strategy, splits, program, out):
    """Trains, alone or as the worker that decides and writes."""
    (images, _), (held_out, _) = splits
    if settings.data_dir:
        settings = replace(settings, data_dir=str(Path(settings.data_dir).resolve()))
    stored = settings.stored()
    with folder.opened(stored):
        folder.clear(stored)
        kept = {"from": folder.source} if folder.source.exists() else {}
        _announce(folder, settings)
        gan = _built(stored | kept, strategy)
        # Not before, as the GAN may be refused; soon, as a source that still trains goes on.
        folder.keep_source(stored)
        # Without other features, those that the run has been measured in before.
        own = str(folder.features) if folder.features.exists() else None
        gan.quality = _quality_on(held_out, images, settings.features or own)
        history = _fit(gan, settings, splits, folder)
        if _has_diverged(history):
            return history  # fit has said so
        folder.save(gan)
    print(report(folder, history, settings.validate_every, gan.quality, program), file=out)
    return history


def _fit(gan, settings, splits, folder=None):
    """Trains; gives the history. The chief alone has a folder.

    By the clock an epoch takes about a minute at most, unless its length was asked for: the first
    one is ended then, and the run goes on with as many steps in each.
    """
    if settings.epochs or settings.steps_per_epoch:
        return _fit_epochs(gan, settings, splits, folder)
    length = EpochLength(least=completing.LEAST_STEPS)
    history = _fit_epochs(gan, settings, splits, folder, length)
    steps = gan.workers.broadcast_int(length.steps or 0)
    if not steps or _has_diverged(history):
        return history
    if folder:
        print(f"From now on an epoch has {steps:,} steps, about a minute.", flush=True)
    return _fit_epochs(gan, replace(settings, steps_per_epoch=steps), splits, folder)


def _fit_epochs(gan, settings, splits, folder, *more):
    (images, labels), held_out = splits
    by_class = gan.class_count is not None
    callbacks = folder.callbacks(settings.stored(), keep=settings.keep) if folder else []
    return gan.fit(
        images,
        labels if by_class else None,
        batch_size=settings.batch_size,
        validation_data=held_out if by_class else held_out[0],
        validation_freq=settings.validate_every,
        epochs=settings.epochs or _NO_END,
        steps_per_epoch=settings.steps_per_epoch,
        callbacks=[*callbacks, *more],
        verbose=0 if settings.quiet else "auto",
    ).history


def _built(stored, strategy):
    """The compiled GAN on the devices of a strategy."""
    with strategy.scope():
        return runs.build(stored)


def _has_diverged(history):
    """Whether the run ended in losses that are no numbers, or exploding."""
    return alarms.diverged({name: values[-1] for name, values in history.items()})


def _quality_on(held_out, train, features):
    """What is measured on these images; None where they are too few."""
    if len(held_out) < metrics.LEAST:
        return None
    return metrics.Quality(*metrics.measures(held_out, features, training=train))


def _announce(folder, settings):
    done = epochs_in(folder.path / "checkpoints")  # not of a damaged one, which `fit` leaves out
    minutes = folder.minutes_until(done)
    if settings.epochs and done >= settings.epochs:
        print(f"This run has its {done} epochs. For more: --epochs {2 * done}")
    elif settings.minutes and minutes >= settings.minutes:
        more = f"--minutes {round(2 * minutes, 1):g}"
        print(f"This run has its {settings.minutes:g} minutes. For more: {more}")
    elif done:
        print(f"Going on with the run in {folder.path}.")


def report(folder, history, every, quality, program):
    """What was reached and where it is, a text; `quality` is None if nothing was measured."""
    figures = ", ".join(
        f"{name} {history[name][-1]:.3f}"
        for name in ("discriminator_loss", "generator_loss", "real_score", "fake_score")
    )
    best = f"\n{_INDENT}{folder.best}, of the best epoch" if folder.best.exists() else ""
    numbers = f"\nAll numbers: {program.line('evaluate', folder.path)}" if quality else ""
    # What is to be pasted stands on one line, however long the paths are.
    return f"""
{_filled(f"Last epoch:  number {len(history['generator_loss'])}, {figures}")}
{_filled(f"Quality:     {_quality_line(quality, _measured(folder, quality), every)}")}
Pictures:    {folder.samples}/training.gif and epoch-*.png
Model:       {folder.gan}
{_INDENT}{folder.generator}{best}
Dashboard:   {program.line("board", folder.tensorboard)}{numbers}
More images: {program.line("sample", folder.path, "--out", "more.png")}"""


def plan(settings, image_count, folder):
    """What a run of these settings would be, a text."""
    gan = runs.build(settings.stored())
    networks = ", ".join(
        f"{name} {network.count_params():,} weights" for name, network in gan.networks.items()
    )
    optimizers = [one for each in gan.optimizers.values() for one in each.variables]
    variables = {id(one): one for one in (*gan.variables, *optimizers)}.values()
    megabytes = sum(math.prod(one.shape) * tf.as_dtype(one.dtype).size for one in variables) / 2**20
    classes = f", {settings.class_count} classes" if settings.class_count else ""
    steps = settings.steps_per_epoch or image_count // settings.batch_size
    ends = f"{settings.minutes:g} minutes" if settings.minutes else f"{settings.epochs} epochs"
    shape = " x ".join(map(str, gan.image_shape))
    return f"""Nothing is trained or written. This run would be:
Preset:      {settings.preset}; {networks}
Images:      {image_count:,} of {shape}{classes}; {settings.data}
Training:    {ends} of {steps:,} steps with {settings.batch_size} images each
Memory:      {megabytes:.0f} MiB for weights and optimizers, without images and activations
Folder:      {folder.path}"""


def _filled(text):
    """Lines of at most 80 characters."""
    return textwrap.fill(text, 80, subsequent_indent=_INDENT, break_on_hyphens=False)


def _measured(folder, quality):
    """Pairs of the distance and its epoch, for each epoch that was measured."""
    if quality is None:
        return []
    name, rows = f"val_{quality.distance}", read_history(folder.history)
    return [(float(row[name]), int(row["epoch"])) for row in rows if row.get(name)]


def _quality_line(quality, measured, every):
    """The distance at the end and at its best, and what to hold it against."""
    if quality is None:
        return "not measured, as too few images are held out"
    if not measured:
        return f"no epoch was measured in {quality.distance}; it is measured every {every} epochs"
    (last, epoch), (best, of_best) = measured[-1], min(measured)
    floor = f"{quality.floor[quality.distance]:.3g}" if quality.floor else "unknown"
    return (
        f"{quality.distance} {last:.4g} after epoch {epoch}, best {best:.4g} after epoch "
        f"{of_best}. Less is better; as many training images read {floor}. Measured on "
        f"{quality.reference.count:,} images."
    )
