"""Precision and recall of a trained GAN whose codings are truncated, in two ways.

    python experiments/truncation.py runs/modern-fashion_mnist --out docs/results/truncation.png

*Scaled* codings are multiplied by a factor, as `generate(truncation=...)` does. *Bounded* codings
are normal numbers within a bound (Brock et al., 2019). Both are compared at equal standard
deviations.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
from scipy import optimize, special, stats

from gan_model.arguments import MODEL, POSITIVE, SEED, loaded
from gan_model.commands.parsing import Command
from gan_model.commands.screen import quiet
from gan_model.run_settings import data_options

DEVIATIONS = (1.0, 0.9, 0.8, 0.7, 0.5)


def bounded(codings, deviation):
    """Normal numbers -> those within a bound, of this standard deviation.

    The number at a quantile of the normal distribution becomes that of the bounded one.
    """
    if deviation == 1:
        return codings
    bound = optimize.brentq(lambda t: stats.truncnorm.std(-t, t) - deviation, 1e-3, 10)
    below = special.ndtr(-bound)
    quantiles = below + special.ndtr(np.asarray(codings, np.float64)) * (1 - 2 * below)
    return special.ndtri(quantiles).astype(np.float32)


def kept_first(codings, change, deviation, count):
    """Changed codings, whose first `count` numbers are as before."""
    changed = change(codings, deviation)
    changed[:, :count] = codings[:, :count]
    return changed


@click.command(cls=Command, help=__doc__.split("\n")[0])
@click.argument("run", type=MODEL)
@data_options("fashion_mnist")
@click.option("--count", type=POSITIVE, default=10_000, help="Images on each side; else 10,000.")
@click.option("--seed", type=SEED, default=0, help="Of the codings; else 0.")
@click.option("--out", type=Path, default=Path("truncation.png"), help="A .png file.")
def main(**options):
    args = SimpleNamespace(**options)
    with quiet():
        from gan_model import metrics, pictures, runs
        from gan_model.data.images import random_subset
        from gan_model.model import Sampler
        from gan_model.model.random import numbered
    sampler = Sampler.of(runs.open_model(args.run))
    (train, _), (held_out, _) = loaded(args)
    real = random_subset(held_out, args.count)
    reference = metrics.Reference(metrics.measures(held_out, training=train), real)
    codings = numbered(0, len(real), sampler.codings_size, seed=args.seed).numpy()
    lines, first = {}, reference.compare(sampler.images_of(codings))
    kept = 0 if sampler.clusters is None else 1  # the number that decides the cluster
    for name, change in {"scaled": np.multiply, "bounded": bounded}.items():
        changed = (kept_first(codings, change, deviation, kept) for deviation in DEVIATIONS[1:])
        figures = [first, *(reference.compare(sampler.images_of(one)) for one in changed)]
        lines[name] = {each: [row[each] for row in figures] for each in reference.names}
        print(table(name, figures, reference), flush=True)
    recall, precision = (
        reference.metrics.first(kind) for kind in (metrics.Kind.RECALL, metrics.Kind.PRECISION)
    )
    pictures.curve(
        {name: (line[recall], line[precision]) for name, line in lines.items()},
        args.out,
        x_label=recall,
        y_label=precision,
        title=f"Standard deviations from {DEVIATIONS[0]:g} (right) to {DEVIATIONS[-1]:g}",
    )
    print(f"{args.out}\n{json.dumps({'deviations': DEVIATIONS, **lines})}")


def table(name, figures, reference):
    names = [each for each in reference.names if not each.startswith("kid")]
    rows = [" ".join(f"{text:>18}" for text in [name, *names])]
    for deviation, row in zip(DEVIATIONS, figures, strict=True):
        rows.append(" ".join(f"{value:18.3f}" for value in [deviation, *map(row.get, names)]))
    return "\n".join(rows)


if __name__ == "__main__":
    main()
