"""What `gan-model sweep` was asked for -> a tuner of keras-tuner."""

import time

import keras_tuner
from keras_tuner.engine.trial import TrialStatus

from gan_model import sweeps
from gan_model.commands.plan import most_trials

_INTERVAL = 0.5  # seconds between two questions whether there is a trial


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
    about["max_trials"] = most_trials(args)
    if args.tuner == "bayesian":
        about["num_initial_points"] = initial_points
        return keras_tuner.BayesianOptimization(hypergan, **about)
    grid = args.tuner == "grid"
    return (keras_tuner.GridSearch if grid else keras_tuner.RandomSearch)(hypergan, **about)


def patient(tuner):
    """The tuner of a worker, which waits a moment before it asks again where there was no trial.

    keras-tuner asks again at once, so workers that wait for the last trials of others would take
    the time of the cores, and that of the chief.
    """
    create = tuner.oracle.create_trial

    def create_trial(tuner_id):
        trial = create(tuner_id)
        if trial.status == TrialStatus.IDLE:
            time.sleep(_INTERVAL)
        return trial

    tuner.oracle.create_trial = create_trial
    return tuner
