"""How long a search can become, before it begins."""

import math

from gan_model.sweeps.progress import SearchProgress, tell
from gan_model.text import fixed_number

TRIALS = 8  # unless a number is asked for


def combinations(args):
    """The number of trials of a whole grid; None for other tuners.

    Args:
        args: values of the options of `gan-model sweep`.
    """
    if args.tuner != "grid":
        return None
    sizes = (args.codings_sizes, *[args.learning_rates] * 2, args.batch_sizes)
    return math.prod(len(set(values)) for values in sizes)


def most_trials(args):
    """The number of trials at most, of any tuner but hyperband; `args` as above."""
    whole = combinations(args)
    count = args.trials or whole or TRIALS
    return min(count, whole or count)


def counted_epochs(args):
    """The epochs of a run of a search; by the clock, which ends all after the same time, 1."""
    return args.epochs or 1


def planned_epochs(args, oracle):
    """The epochs of each trial: a list, as long as the search can become.

    Args:
        args: values of the options of `gan-model sweep`.
        oracle: of keras-tuner.
    """
    if args.tuner == "hyperband":
        return _of_hyperband(oracle)[: args.trials]
    return [counted_epochs(args)] * most_trials(args)


def _of_hyperband(oracle):
    epochs = []
    for bracket in reversed(range(oracle._get_num_brackets())):
        before = 0
        for stage in range(oracle._get_num_rounds(bracket)):
            until = oracle._get_epochs(bracket, stage)
            epochs += [until - before] * oracle._get_size(bracket, stage)
            before = until
    return epochs


def progress_of(args, oracle, distance, floor):
    """Tells what a search is going to do; gives the `SearchProgress` that shows it.

    Args:
        args: values of the options of `gan-model sweep`.
        oracle: of its tuner.
        distance: name of the number that it makes small.
        floor: the distance of training images, or None.
    """
    planned = planned_epochs(args, oracle)
    tell(
        f"{len(planned)} trials, at most, of {args.preset} on {args.data}: less {distance} is "
        f"better, floor {'unknown' if floor is None else fixed_number(floor)}."
    )
    if (whole := combinations(args)) and len(planned) < whole:
        tell(f"Only {len(planned)} of {whole} combinations are tried; all: --trials {whole}.")
    repeated = args.confirm * (min(args.top, len(planned)) + 1)
    runs, epochs = len(planned) + repeated, sum(planned) + repeated * counted_epochs(args)
    if args.minutes:
        tell(f"{runs} runs, at most, of {args.minutes:g} minutes: {runs * args.minutes:g} in all.")
    return SearchProgress(runs, epochs, minutes=args.minutes)
