"""Trains systems by the clock, study by study -> docs/results.md, with pictures.

    python experiments/results.py --study presets --minutes 1 2 4 --seeds 3

Each run (a system with a seed) is a separate process that leaves its record in the folder of runs.
The page of a study has those of all its runs beside it, as JSON. If the command is stopped and
started again, or given more seeds, it trains only the missing runs. The minutes are those of
training: from the first line of `fit` or of the loop, with compiling and without measuring.
Nothing else should run on the machine at that time. With `--cores 1` each run has one core, and as
many runs are trained at once as there are cores.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace

import click
import numpy as np
import studies
from meters import ModeMeter, QualityMeter, Stopwatch, stack
from results_origin import day_of, origin
from results_page import page
from results_records import check_images, cores_of_a_run, figures_file, records_of

from gan_model.arguments import POSITIVE, POSITIVES, SEED, loaded
from gan_model.commands.local_workers import cores
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet
from gan_model.run_settings import data_options

STACKED = 100_000  # training images of the study of modes


@click.command(
    cls=Command,
    help=__doc__.split("\n")[0],
    go_on="Finished runs are kept: type it again to go on.",
)
@click.option("--study", type=click.Choice(studies.NAMES), default="presets", help="What to train.")
@click.option("--minutes", type=POSITIVES, help="When to measure; else as the study says.")
@click.option("--seeds", type=POSITIVE, default=3, help="Runs of each system; else 3.")
@click.option("--cores", type=POSITIVE, help="Cores per run; else all.")
@data_options("fashion_mnist")
@click.option("--runs", type=Path, default=Path("runs/results"), help="Folder of figures.")
@click.option("--docs", type=Path, default=Path("docs"), help="For results.md and results/.")
@click.option("--one", help="Train only this system, with --seed.")
@click.option("--seed", type=SEED, default=0, help="Of the run with --one; else 0.")
def main(**options):
    args = SimpleNamespace(**options)
    with quiet():
        study = studies.named(args.study)
    args.minutes = sorted(args.minutes or study.minutes)
    if args.one:
        one(args, study)
        return
    check_images(args, study.systems, images_fingerprint(args))
    missing = []
    for number, system in product(range(args.seeds), study.systems):
        record = records_of(args, system).get(number)
        if record is None:
            missing.append((system, number))
        else:
            print(f"{system}, seed {number}: kept as it was trained on {day_of(record)}")
    train_all(args, missing)
    runs = {system: [*records_of(args, system).values()] for system in study.systems}
    print(f"Written: {page(args.study, runs, args.docs, args.runs / args.study)}")


def images_fingerprint(args):
    """The fingerprint of the training images."""
    from gan_model.data.images import fingerprint

    return fingerprint(loaded(args)[0][0])


def train_all(args, missing):
    """Trains runs, each in a separate process with its own cores."""
    own_cores, each = sorted(os.sched_getaffinity(0)), cores_of_a_run(args)
    free = SimpleQueue()
    for first in range(0, len(own_cores) - each + 1, each):
        free.put(own_cores[first : first + each])

    def train(run):
        system, number = run
        own = free.get()
        print(f"{system}, seed {number}: {args.minutes[-1]} minutes ...", flush=True)
        command = [sys.executable, *sys.argv, "--one", system, "--seed", str(number)]
        status = subprocess.run(command, preexec_fn=lambda: os.sched_setaffinity(0, own)).returncode
        free.put(own)
        return status

    with ThreadPoolExecutor(free.qsize()) as pool:
        for status in pool.map(train, missing):
            if status:
                pool.shutdown(cancel_futures=True)
                sys.exit(status)  # the run has printed why


def one(args, study):
    """Trains one system of a study and writes what was measured during training."""
    with quiet():
        import keras

        from gan_model import presets
        from gan_model.data.images import fingerprint
    system, made = study.systems[args.one], origin()
    (images, labels), (held_out, held_out_labels) = loaded(args)
    of_images = fingerprint(images)
    if study.stacked:
        images, labels = stack(images, STACKED, seed=args.seed), None
    train, of_train = trained_on(system, images, labels)
    keras.utils.set_random_seed(args.seed)
    classes = presets.classes_for(system.build, labels)
    given = classes | presets.image_count_for(system.build, train)
    gan = system.build(train.shape[1:], seed=args.seed, **given)
    folder = figures_file(args, args.one, args.seed).parent
    folder.mkdir(parents=True, exist_ok=True)
    meter_of = meter_for(study, (labels, held_out_labels))
    # With all images, even if it trains on few: the floor needs as many as are held out.
    meter = meter_of(gan, images, held_out, folder, trained_on=train)
    stopwatch = Stopwatch(args.minutes, meter.measure)
    alarms = trained(system, gan, train, of_train if classes else None, stopwatch)
    about = {
        "system": args.one,
        "seed": args.seed,
        "data": Path(args.data).name,
        "images": of_images,
        "size": "x".join(map(str, train.shape[1:3])),
        "cpus": cores(),
        "state": state_of(stopwatch.left, alarms),
        "alarms": alarms,
    }
    (folder / "figures.json").write_text(json.dumps(about | made | meter.record(), indent=1) + "\n")


def meter_for(study, labels):
    """What measures the systems of a study; `labels` are of the training and held-out images."""
    features = None if study.of_folders else "fashion"
    return ModeMeter if study.stacked else partial(QualityMeter, features=features, labels=labels)


def trained_on(system, images, labels):
    """The images that a system is trained on, and their labels if there are any."""
    from gan_model.data.images import random_subset

    count = system.images or len(images)
    return random_subset(images, count), None if labels is None else random_subset(labels, count)


def trained(system, gan, train, labels, stopwatch):
    """Trains a GAN of a system; returns its alarms. None for the loop: they only watch `fit`."""
    if system.by_loop:
        run_loop(gan, train, stopwatch, batch_size=system.batch_size)
        return None
    return raised(run_fit(gan, train, stopwatch, labels, batch_size=system.batch_size))


def state_of(minutes_left, alarms):
    """The state of a run that an alarm or infinite losses may have ended early."""
    if not minutes_left:
        return "finished"
    ended = [alarm["alarm"] for alarm in alarms or ()]
    return f"diverged: {', '.join(ended) or 'weights or losses became infinite or NaN'}"


def run_fit(gan, train, stopwatch, labels=None, *, batch_size=32):
    """Trains by the clock with alarms; returns the history."""
    from keras.callbacks import LambdaCallback

    from gan_model.callbacks import Alarms

    def look(batch, logs):
        stopwatch.look(images=int(gan.images_seen.numpy()))
        gan.stop_training = gan.stop_training or not stopwatch.left

    return gan.fit(
        train,
        labels,
        batch_size=batch_size,
        epochs=10**6,
        steps_per_epoch=1000,  # the alarms judge after each epoch; the batches are the same
        callbacks=[Alarms(), LambdaCallback(on_train_batch_end=look)],
        verbose=0,
    ).history


def raised(history):
    """The alarms of a run, each with the epoch in which it was first raised."""
    from gan_model.callbacks import alarms

    watched = {alarm.name: history.get(alarms.figure_of(alarm), ()) for alarm in alarms.standard()}
    return [
        {"alarm": name, "epoch": values.index(1.0) + 1}
        for name, values in watched.items()
        if 1.0 in values
    ]


def run_loop(gan, train, stopwatch, *, batch_size=32):
    """The loop that `fit` replaces, on the same networks, with the loop's own losses."""
    import reference_loop
    import tensorflow as tf

    models = reference_loop.compiled(gan.generator, gan.discriminator)
    batches = reference_loop.batches(gan, train, batch_size)
    for number, real_images in enumerate(batches.repeat()):
        draws = [tf.random.normal([batch_size, gan.codings_size]) for _ in range(2)]
        reference_loop.turn(gan.generator, *models, real_images, *draws)
        stopwatch.look(images=(number + 1) * batch_size)
        if not stopwatch.left or (number % 1000 == 0 and not finite(gan)):
            return


def finite(gan):
    """Whether the weights are finite: `fit` checks that itself, the loop does not."""
    return all(np.isfinite(w).all() for w in gan.generator.get_weights())


if __name__ == "__main__":
    main()
