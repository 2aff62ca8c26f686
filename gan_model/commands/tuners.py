"""What `gan-model sweep` was asked for -> a tuner of keras-tuner, and how long it can search."""

import math

import keras_tuner

from gan_model import sweeps
from gan_model.sweeps.progress import SearchProgress, tell
from gan_model.text import fixed_number

TRIALS = 8  # unless a number is asked for


def tuner_for(args, hypergan, folder, *, initial_points):
    """A tuner without memory: the journal remembers the trials.

    Args:
        args: values of the options of `gan-model sweep`.
        hypergan: `HyperGAN` to search.
        folder: `SearchFolder`.
        initial_points: random trials before a Bayesian search begins to model.
    """
    (folder.of_tuner / f"{sweeps.workers.tuner_id()}.json").unlink(missing_ok=True)
    # To keras-tuner a seed of 0 means no seed, and one of more than 32 bits is none.
    about = {"objective": hypergan.objective, "seed": args.seed % (2**32 - 1) + 1}
    about |= {"directory": folder.path, "project_name": folder.of_tuner.name}
    if args.tuner == "hyperband":
        tuner = sweeps.Hyperband(hypergan, max_epochs=args.epochs, **about)
        tuner.oracle.max_trials = args.trials
        return tuner
    about["max_trials"] = _most_trials(args)
    if args.tuner == "bayesian":
        about["num_initial_points"] = initial_points
        return keras_tuner.BayesianOptimization(hypergan, **about)
    grid = args.tuner == "grid"
    return (keras_tuner.GridSearch if grid else keras_tuner.RandomSearch)(hypergan, **about)


def epochs_of_a_run(args):
    """The epochs of a run of a search; by the clock, which ends all after the same time, 1."""
    return args.epochs or 1


def progress_of(args, oracle, distance, floor):
    """Prints what a search is going to do; gives the `SearchProgress` that shows it.

    Args:
        args: values of the options of `gan-model sweep`.
        oracle: of its tuner.
        distance: name of the number that it minimizes.
        floor: the distance of training images, or None.
    """
    if args.tuner == "hyperband":
        planned = _epochs_of_hyperband(oracle)[: args.trials]
    else:
        planned = [epochs_of_a_run(args)] * _most_trials(args)
    tell(
        f"{len(planned)} trials, at most, of {args.preset} on {args.data}: less {distance} is "
        f"better, floor {'unknown' if floor is None else fixed_number(floor)}."
    )
    if (whole := _combinations(args)) and len(planned) < whole:
        tell(f"Only {len(planned)} of {whole} combinations are tried; all: --trials {whole}.")
    repeated = args.confirm * (min(args.top, len(planned)) + 1)
    runs, epochs = len(planned) + repeated, sum(planned) + repeated * epochs_of_a_run(args)
    if args.minutes:
        tell(f"{runs} runs, at most, of {args.minutes:g} minutes: {runs * args.minutes:g} in all.")
    return SearchProgress(runs, epochs, minutes=args.minutes)


def _combinations(args):
    """The number of trials of a whole grid; None for other tuners."""
    if args.tuner != "grid":
        return None
    sizes = (args.codings_sizes, *[args.learning_rates] * 2, args.batch_sizes)
    return math.prod(len(set(values)) for values in sizes)


def _most_trials(args):
    """The number of trials at most, of any tuner but hyperband."""
    whole = _combinations(args)
    count = args.trials or whole or TRIALS
    return min(count, whole or count)


def _epochs_of_hyperband(oracle):
    """The epochs that each trial adds, a list."""
    epochs = []
    for bracket in reversed(range(oracle._get_num_brackets())):
        before = 0
        for stage in range(oracle._get_num_rounds(bracket)):
            until = oracle._get_epochs(bracket, stage)
            epochs += [until - before] * oracle._get_size(bracket, stage)
            before = until
    return epochs
