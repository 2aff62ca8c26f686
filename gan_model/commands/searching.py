"""The steps of `gan-model sweep`: a tuner, its trials, the best ones with new seeds."""

import contextlib
import math
import warnings

import keras_tuner
from keras_tuner.engine.trial import TrialStatus

from gan_model import metrics, presets, sweeps
from gan_model.arguments import loaded, place_of
from gan_model.commands import tuners
from gan_model.commands.completing import check_image_size, steps_of_few
from gan_model.data.images import fingerprint
from gan_model.features import LearnedFeatures, from_file
from gan_model.sweeps.progress import tell
from gan_model.sweeps.tuner import EPOCHS, INITIAL_EPOCH, exhausted, unwrapped

_COMPARED = """preset tuner trials epochs minutes steps_per_epoch codings_sizes learning_rates
batch_sizes top confirm seed""".split()  # options in which two searches may differ
_INITIAL_POINTS, _KEEP = "initial_points", "keep"
_NO_END = 10**6  # epochs; the clock ends a trial


class Search:
    """One search as the command line asks for it.

    Args:
        args: values of the options of `gan-model sweep`; those that were not given are filled in.
        path: folder of the search.

    Raises:
        ValueError: values of which no search can be made.
    """

    def __init__(self, args, path):
        self.args, self.folder = args, sweeps.SearchFolder(path)
        self.preset = presets.named(args.preset)
        self._complete()
        self._space(keras_tuner.HyperParameters())  # refuses an empty range
        check_image_size(args.image_size, args.preset, args.data)
        (self.train, labels), held_out = loaded(args)
        self.classes = presets.classes_for(self.preset, labels, held_out[1])
        self.image_count = presets.image_count_for(self.preset, self.train)
        # Before a folder is written, which only the same command could use again.
        if len(self.train) < (size := max(args.batch_sizes)):
            raise ValueError(
                f"{len(self.train)} images do not fill one batch of {size}. Use smaller batches: "
                f"--batch-sizes {len(self.train)} at most."
            )
        with contextlib.suppress(MemoryError), exhausted():  # other hyperparameters may fit
            self.build(keras_tuner.HyperParameters())
        if not args.steps_per_epoch:
            begun = self.folder.read_settings() if self.folder.begun() else {}
            of_few = steps_of_few(len(self.train), args.batch_sizes)
            args.steps_per_epoch = begun.get("steps_per_epoch") if begun else of_few
        self.folder.check(self.settings)
        measures = metrics.measures(held_out[0], self._features(), training=self.train)
        quality = metrics.Quality(*measures)
        quality.refer_to(held_out[0], self.train)
        self.hypergan = sweeps.HyperGAN(
            self.build,
            path,
            held_out=held_out if self.classes else held_out[0],
            quality=quality,
            seed=args.seed,
            keep=self.keep,
            minutes=args.minutes,
        )
        self.fit_arguments = {"x": self.train, "epochs": args.epochs or _NO_END, "verbose": 0}
        self.fit_arguments |= {"y": labels} if self.classes else {}
        self.fit_arguments["batch_size"] = args.batch_sizes[0]
        if args.steps_per_epoch:
            self.fit_arguments["steps_per_epoch"] = args.steps_per_epoch

    def _complete(self):
        """Fills in the options that need no images."""
        args, hyperband = self.args, self.args.tuner == "hyperband"
        if not args.minutes:
            args.epochs = args.epochs or (9 if hyperband else 2)
        if hyperband and args.epochs < 3:
            raise ValueError(
                f"hyperband begins with a third of the epochs: give --epochs 3 or more, not "
                f"{args.epochs}."
            )
        if args.tuner == "grid" and len(args.learning_rates) == 2:
            low, high = args.learning_rates
            args.learning_rates = (low, math.sqrt(low * high), high)
        args.batch_sizes = args.batch_sizes or (presets.batch_size_for(self.preset),)

    def _features(self):
        """What is asked for; learned features are those of the machine that began the search."""
        learned = self.args.features in (None, "learned")
        kept = learned and self.folder.begun() and self.folder.features.exists()
        return str(self.folder.features) if kept else self.args.features

    @property
    def distance(self):
        """Name of the number that the search minimizes."""
        return self.hypergan.quality.distance

    @property
    def floor(self):
        """The distance of as many training images; None if they are fewer than those held out."""
        return (self.hypergan.quality.floor or {}).get(self.distance)

    @property
    def keep(self):
        """The number of trials that keep their weights: deleted ones cannot come back."""
        return max(self.args.top, self.folder.noted(_KEEP) or 0)

    @property
    def settings(self):
        """The settings in which two searches may differ."""
        features = self.args.features
        if str(features).endswith(".npz"):  # it may move, or be the copy in the folder
            features = from_file(features).checksum
        about = {"data": place_of(self.args.data), "images": fingerprint(self.train)}
        return (
            about | {name: getattr(self.args, name) for name in _COMPARED} | {"features": features}
        )

    def note(self):
        """Writes what the search was asked for, and what must not change when it continues."""
        points = self._initial_points()
        more = {_KEEP: self.keep} | ({_INITIAL_POINTS: points} if points else {})
        self.folder.note(self.settings, **more)
        features = self.hypergan.quality.reference.features
        if isinstance(features, LearnedFeatures):
            features.save(self.folder.features)

    def _initial_points(self):
        """Random trials before a Bayesian search begins to model; None for other tuners.

        More trials later must not change their number: the trials that are over would be others.
        keras-tuner's own number, three for each dimension, may be all the trials there are.
        """
        if self.args.tuner != "bayesian":
            return None
        trials = self.args.trials or tuners.TRIALS
        return self.folder.noted(_INITIAL_POINTS) or max(3, trials // 3)

    def build(self, hp):
        """The GAN of one trial."""
        if len(self.args.batch_sizes) > 1:
            hp.Choice("batch_size", sorted(set(self.args.batch_sizes)))
        return self.preset(
            self.train.shape[1:],
            **self.classes,
            **self.image_count,
            **self._space(hp, image_shape=self.train.shape[1:]),
        )

    def _space(self, hp, **shape):
        return sweeps.search_space(
            hp,
            self.preset,
            **shape,
            codings_sizes=self.args.codings_sizes,
            learning_rates=self.args.learning_rates,
        )

    def tuner(self):
        """The tuner of keras-tuner."""
        points = self._initial_points()
        return tuners.tuner_for(self.args, self.hypergan, self.folder, initial_points=points)

    @unwrapped()
    def follow(self):
        """Makes the tuner, and replays what was found before. A ValueError changes nothing."""
        tuner = self.tuner()
        journal = sweeps.Journal(self.folder.journal, on_begin=self._begin, on_end=self._end)
        journal.follow(tuner.oracle)
        return tuner, journal

    @unwrapped()
    def run(self, tuner, journal, chief=None):
        """Trains all trials that are not over yet, in this process or in workers of a `Chief`.

        Args:
            tuner, journal: of `follow`.
            chief: `sweeps.Chief`, or None.
        """
        self.progress = tuners.progress_of(self.args, tuner.oracle, self.distance, self.floor)
        trials = {int(trial.trial_id): trial for trial in tuner.oracle.trials.values()}
        for trial in map(trials.get, journal.ended):
            if trial.status == TrialStatus.FAILED:
                continue  # it stays so: the tuner could no longer use a result
            # If its folder was removed it is trained once more, with the same result.
            outcome = self.hypergan.run(trial, self.fit_arguments)
            self.progress.skip(outcome, self._epochs(trial))
        if chief:
            chief.search(tuner, journal)
        else:
            self._search(tuner, self.progress.callbacks())
        sweeps.delete_weights_except_best(self.folder.trials, keep=self.keep)

    @unwrapped()
    def work(self):
        """Trains the trials that a chief hands out."""
        import grpc  # here, not above: only workers need it

        try:
            self._search(sweeps.workers.with_idle_backoff(self.tuner()), [])
        except grpc.RpcError as error:
            raise ChildProcessError("The chief of this search gave no answer.") from error

    def _search(self, tuner, callbacks):
        with warnings.catch_warnings():
            # About a Bayesian search with few trials. Nothing can be done about it.
            warnings.filterwarnings("ignore", module="sklearn")
            tuner.search(**self.fit_arguments, callbacks=callbacks)

    @unwrapped()
    def confirm(self, chief=None):
        """Trains the best trials and the recipe with new seeds; gives a list of `Confirmed`."""
        if not self.args.confirm:
            return []
        helped = {"helped": chief.helped} if chief else {}
        return sweeps.confirm(self.hypergan, **self._again(), progress=self.progress, **helped)

    @unwrapped()
    def help_to_confirm(self):
        """Trains runs of `confirm`, beside the chief that does so."""
        sweeps.help_to_confirm(self.hypergan, **self._again())

    def _again(self):
        """What is trained again, as `sweeps.confirm` takes it."""
        recipe = self.recipe()
        # A trial of the recipe's own values would be compared with itself.
        others = sweeps.finished(self.outcomes(), but=recipe)
        return {
            "outcomes": others[: self.args.top],
            "seeds": self.args.confirm,
            "fit_arguments": self.fit_arguments,
            "recipe": recipe if others else None,  # alone there is nothing to compare
        }

    def recipe(self):
        """The preset's own values of the hyperparameters."""
        usual = {"batch_size": presets.batch_size_for(self.preset)}
        batch_size = usual if len(self.args.batch_sizes) > 1 else {}
        return {**batch_size, **sweeps.preset_defaults(self.preset, self.train.shape[1:])}

    def outcomes(self):
        """The outcomes of all trials, by name."""
        return sweeps.outcomes_in(self.folder.trials)

    def _begin(self, trial):
        self.progress.begin(*self.hypergan.name_and_values(trial), epochs=self._epochs(trial))

    def _end(self, trial):
        name, _ = self.hypergan.name_and_values(trial)
        if outcome := self.hypergan.folder_of(name).outcome():
            self.progress.end(outcome, self._epochs(trial))
        else:  # keras-tuner has given it up
            reason = (trial.message or "").strip().splitlines()[-1:]
            tell(f"{name} failed: {''.join(reason) or 'no reason is known'}")

    def _epochs(self, trial):
        """The epochs that a trial trains itself, without those of a trial it continues."""
        values = trial.hyperparameters.values
        epochs = values.get(EPOCHS, tuners.epochs_of_a_run(self.args))
        return epochs - values.get(INITIAL_EPOCH, 0)
