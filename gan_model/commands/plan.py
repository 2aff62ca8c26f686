"""How long a search can become, before it begins."""

import math

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


def planned_epochs(args, oracle):
    """The epochs of each trial: a list, as long as the search can become.

    Args:
        args: values of the options of `gan-model sweep`.
        oracle: of keras-tuner.
    """
    if args.tuner == "hyperband":
        return _of_hyperband(oracle)[: args.trials]
    return [args.epochs] * most_trials(args)


def _of_hyperband(oracle):
    epochs = []
    for bracket in reversed(range(oracle._get_num_brackets())):
        before = 0
        for stage in range(oracle._get_num_rounds(bracket)):
            until = oracle._get_epochs(bracket, stage)
            epochs += [until - before] * oracle._get_size(bracket, stage)
            before = until
    return epochs
