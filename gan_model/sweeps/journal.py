"""An interrupted search -> the same search, continued.

keras-tuner reloads a search from files that it overwrites in place, so a kill can damage them.
Not all of its oracles write all that they need, so a grid or a Bayesian search would not continue
as if it had never stopped. But an oracle that gets the same results proposes the same trials. So
the journal has a line for each trial that began and a line for each that ended, in the order in
which the oracle saw them. An interrupted search starts from scratch, and replays them.
"""

import contextlib
import errno
import json
import os
import threading

from keras_tuner import HyperParameters
from keras_tuner.engine.trial import TrialStatus

from gan_model.storage.json_file import to_json
from gan_model.storage.paths import expanded
from gan_model.sweeps.tuner import TRIAL_ID


class Journal:
    """The trials that an oracle began and ended, in a file that is only appended to.

    It is for one process at a time: what two have written cannot be continued.

    Args:
        path: the file, JSON lines.
        on_begin: called with each keras-tuner trial that begins; not for those in the file.
        on_end: called with each trial that ends; not for those in the file.

    Attributes:
        ended: numbers of the trials that have ended, in that order.
        stopped: whether the oracle has answered that there are no more trials.
        failure: the error that a call of the oracle ended in, or None.

    Example:

    ```python
    Path("runs/search/tuner/tuner0.json").unlink(missing_ok=True)  # its own memory
    tuner = keras_tuner.GridSearch(
        hypergan, hypergan.objective, directory="runs/search", project_name="tuner"
    )
    sweeps.Journal("runs/search/journal.jsonl").follow(tuner.oracle)
    tuner.search(train_images, epochs=5)
    ```
    """

    def __init__(self, path, *, on_begin=None, on_end=None):
        self.path = expanded(path)
        self._on_begin, self._on_end = on_begin, on_end
        self._began, self.ended = set(), []
        self._lock = threading.RLock()  # the chief and its server are two threads
        self.stopped, self.failure = False, None

    def follow(self, oracle):
        """Replays the journal to a new oracle, and from then on writes what that does.

        Trials that began and did not end are handed out first.

        Raises:
            ValueError: the journal is damaged, or is that of another search.
        """
        oracle.verbose = 0  # it would print the trials of the file
        if oracle.trials:
            raise ValueError(
                "The tuner has reloaded trials from its own files, so the journal would tell them "
                "twice. Remove tuner0.json (of a chief: chief.json) from the folder of the project "
                "before the tuner is made, or leave the journal out."
            )
        for number, event in enumerate(self._read(), 1):
            try:
                self._replay(oracle, event, number)
            except (KeyError, TypeError, AttributeError) as error:
                raise self._damaged(f"line {number} is no trial") from error
        oracle.tuner_ids.clear()  # these workers are gone
        unfinished = [int(trial.trial_id) for trial in oracle.ongoing_trials.values()]
        for number in sorted(unfinished, reverse=True):
            self.give_back(oracle, number)
        self._record(oracle)

    def give_back(self, oracle, trial_id):
        """Has the oracle hand out the trial of a dead worker; False if the trial had ended."""
        with self._lock:
            for worker, trial in list(oracle.ongoing_trials.items()):
                if int(trial.trial_id) == int(trial_id):
                    oracle.ongoing_trials.pop(worker)
                    # As keras-tuner does when it reloads a search.
                    oracle._retry_queue.append(trial.trial_id)
                    self.stopped = False
                    return True
        return False

    def is_over(self, oracle):
        """Whether all trials have ended, and no other can follow."""
        with self._lock:
            none_follows = self.stopped or 0 < (oracle.max_trials or 0) <= len(oracle.trials)
            return none_follows and not oracle.ongoing_trials and not oracle._retry_queue

    def _replay(self, oracle, event, number):
        if not event["trial"].isdecimal():
            raise TypeError(event["trial"])
        if "values" in event:
            if int(event["trial"]) in self._began:
                raise self._damaged(f"line {number} is of a second process that searched here too")
            oracle._seed_state = event["seed_state"]
            # A worker of its own for each: one that has a trial would get the same trial.
            trial = oracle.create_trial(f"journal-{number}")
            self._check(trial, event, number)
            self._began.add(int(trial.trial_id))
            return
        # As numbers: keras-tuner pads them with more zeros if more trials are asked for.
        trial = {int(each.trial_id): each for each in oracle.trials.values()}[int(event["trial"])]
        if event["metrics"]:
            oracle.update_trial(trial.trial_id, event["metrics"])
        trial.status, trial.message = event["status"], event["message"]
        if config := event.get("hyperparameters"):  # with those that only `build` knew
            trial.hyperparameters = HyperParameters.from_config(config)
        oracle.end_trial(trial)
        self.ended.append(int(trial.trial_id))

    def _check(self, trial, event, number):
        """Refuses a journal whose trials this oracle would not have proposed."""
        if trial.status == TrialStatus.STOPPED:
            begun = sum("values" in each for each in self._read())
            raise ValueError(
                f"The search of {self.path} has begun {begun} trials already. Ask for at least as "
                "many."
            )
        proposed = _numbered(trial.trial_id, trial.hyperparameters.values)
        if proposed != _numbered(event["trial"], event["values"]):
            raise ValueError(
                f"{self.path}, line {number}, has trial {event['trial']} with "
                f"{event['values']}; this search would begin trial {trial.trial_id} with "
                f"{trial.hyperparameters.values}. It is another search, or keras-tuner is "
                "another version. Choose another folder."
            )

    def _record(self, oracle):
        create, end = oracle.create_trial, oracle.end_trial

        def create_trial(tuner_id):
            with self._lock, self._noting_failure():
                # Calls that get no trial may draw random numbers too.
                seed_state = oracle._seed_state
                trial = create(tuner_id)
                self.stopped |= trial.status == TrialStatus.STOPPED
                if trial.status == TrialStatus.RUNNING:
                    self._write_begin(trial, seed_state)
            return trial

        def end_trial(trial):
            with self._lock, self._noting_failure():
                # A worker that was taken for dead may end it a second time; the first counts.
                if int(trial.trial_id) not in self.ended:
                    end(trial)
                    self._write_end(oracle.trials[trial.trial_id])
                if int(trial.trial_id) in self.ended:  # also if it was given back
                    _take_back(oracle, trial.trial_id)

        oracle.create_trial, oracle.end_trial = create_trial, end_trial

    @contextlib.contextmanager
    def _noting_failure(self):
        """Keeps an error for the chief, because a worker only learns that its call failed."""
        try:
            yield
        except Exception as error:
            self.failure = error
            raise

    def _write_begin(self, trial, seed_state):
        if int(trial.trial_id) not in self._began:
            values = trial.hyperparameters.values
            self._append({"trial": trial.trial_id, "values": values, "seed_state": seed_state})
            self._began.add(int(trial.trial_id))
        if self._on_begin:
            self._on_begin(trial)

    def _write_end(self, trial):
        if trial.status == TrialStatus.INVALID:
            return  # the oracle will hand it out again
        metrics = {name: trial.metrics.get_last_value(name) for name in trial.metrics.metrics}
        event = {"trial": trial.trial_id, "status": trial.status, "message": trial.message}
        config = trial.hyperparameters.get_config()
        self._append(event | {"metrics": metrics, "hyperparameters": config})
        self.ended.append(int(trial.trial_id))
        if self._on_end:
            self._on_end(trial)

    def _append(self, event):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = to_json(event).encode() + b"\n"
        with open(self.path, "ab", buffering=0) as file:
            whole = file.tell()
            try:
                if file.write(line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
                os.fsync(file.fileno())
            except OSError:
                os.truncate(self.path, whole)  # the next line must not follow half of one
                raise

    def _read(self):
        if not self.path.exists():
            return []
        whole, _, torn = self.path.read_bytes().rpartition(b"\n")
        if torn:  # the process was killed while it wrote this line
            os.truncate(self.path, len(whole) + 1 if whole else 0)
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError as error:
            raise self._damaged(error) from error

    def _damaged(self, reason):
        return ValueError(
            f"{self.path} is damaged ({reason}). Remove it and run the same command again: trials "
            "that are over are not trained again. If the folder then has trials of other values, "
            "choose another folder."
        )


def _take_back(oracle, trial_id):
    """Takes a trial from the queue, or from the worker that has it."""
    oracle._retry_queue[:] = [each for each in oracle._retry_queue if each != trial_id]
    for worker, trial in list(oracle.ongoing_trials.items()):
        if trial.trial_id == trial_id:
            oracle.ongoing_trials.pop(worker)


def _numbered(trial_id, values):
    """A trial's number and values; the id of a trial among the values also as a number."""
    values = {k: int(v) if k == TRIAL_ID else v for k, v in values.items()}
    return int(trial_id), values
