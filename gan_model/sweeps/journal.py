"""A search that was interrupted -> the same search, going on.

keras-tuner reloads a search from files that it overwrites in place, so that a kill can spoil
them, and not all of its oracles write all that they need: a grid or a Bayesian search does not
go on as it would have. But an oracle proposes the same trials when it is told the same results.
So the journal has one line for each trial that began and one for each that ended, in the order
in which the oracle saw them, and an interrupted search begins anew and is told them again.
"""

import json
import os
import threading
from pathlib import Path

from keras_tuner.engine.trial import TrialStatus


class Journal:
    """The trials that an oracle began and ended, in a file that is only appended to.

    Args:
        path: the file, JSON lines.
        on_begin: called with the keras-tuner trial that begins; not for what is told again.
        on_end: called with the trial that ended; not for what is told again.

    Attributes:
        ended: ids of the trials that have ended, in that order.
        stopped: whether the oracle has told anyone that there is no more to do.

    Example:

    ```python
    tuner = keras_tuner.GridSearch(hypergan, hypergan.objective, overwrite=True)
    sweeps.Journal("runs/search/journal.jsonl").follow(tuner.oracle)
    tuner.search(train_images, epochs=5)
    ```
    """

    def __init__(self, path, *, on_begin=None, on_end=None):
        self.path = Path(path)
        self._on_begin, self._on_end = on_begin, on_end
        self._began, self.ended = set(), []
        self._turn = threading.RLock()  # workers ask in one thread, the chief looks in another
        self.stopped = False

    def follow(self, oracle):
        """Tells a new oracle what is in the journal, and notes from now on what it does.

        Trials that began and did not end are the first that it will hand out again.

        Raises:
            ValueError: the journal is damaged, or is that of another search.
        """
        for number, event in enumerate(self._read(), 1):
            self._tell(oracle, event, number)
        self._hand_out_again(oracle)
        self._note(oracle)

    def give_back(self, oracle, trial_id):
        """Has the oracle hand out a trial again, whose worker is dead."""
        with self._turn:
            for worker, trial in list(oracle.ongoing_trials.items()):
                if trial.trial_id == trial_id:
                    oracle.ongoing_trials.pop(worker)
                    # As keras-tuner itself does where it reloads a search.
                    oracle._retry_queue.append(trial_id)

    def _tell(self, oracle, event, number):
        if "values" in event:
            # Each as if from a worker of its own: one that has a trial is given it again.
            trial = oracle.create_trial(f"journal-{number}")
            self._began.add(trial.trial_id)
            if (trial.trial_id, trial.hyperparameters.values) != (event["trial"], event["values"]):
                raise ValueError(
                    f"{self.path}, line {number}, has trial {event['trial']} with "
                    f"{event['values']}; this search would begin trial {trial.trial_id} with "
                    f"{trial.hyperparameters.values}. It is another search, or keras-tuner is "
                    "another version. Choose another folder."
                )
            return
        trial = oracle.trials[event["trial"]]
        if event["metrics"]:
            oracle.update_trial(trial.trial_id, event["metrics"])
        trial.status, trial.message = event["status"], event["message"]
        oracle.end_trial(trial)
        self.ended.append(trial.trial_id)

    def _hand_out_again(self, oracle):
        oracle.tuner_ids.clear()  # these workers are gone
        for trial in sorted(oracle.ongoing_trials.values(), key=lambda t: t.trial_id, reverse=True):
            self.give_back(oracle, trial.trial_id)

    def _note(self, oracle):
        create, end = oracle.create_trial, oracle.end_trial

        def create_trial(tuner_id):
            with self._turn:
                trial = create(tuner_id)
                self.stopped |= trial.status == TrialStatus.STOPPED
                if trial.status == TrialStatus.RUNNING:
                    self._note_begin(trial)
            return trial

        def end_trial(trial):
            with self._turn:
                # Again, by a worker that was taken for dead: the first time counts.
                if trial.trial_id not in self.ended:
                    end(trial)
                    self._note_end(oracle.trials[trial.trial_id], trial.status)

        oracle.create_trial, oracle.end_trial = create_trial, end_trial

    def _note_begin(self, trial):
        if trial.trial_id not in self._began:
            self._began.add(trial.trial_id)
            self._append({"trial": trial.trial_id, "values": trial.hyperparameters.values})
        if self._on_begin:
            self._on_begin(trial)

    def _note_end(self, trial, status):
        if trial.status == TrialStatus.INVALID:
            return  # the oracle will hand it out again
        self.ended.append(trial.trial_id)
        metrics = {name: trial.metrics.get_last_value(name) for name in trial.metrics.metrics}
        ended = {"trial": trial.trial_id, "status": status, "message": trial.message}
        self._append(ended | {"metrics": metrics})
        if self._on_end:
            self._on_end(trial)

    def _append(self, event):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a") as file:
            file.write(json.dumps(event) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self):
        if not self.path.exists():
            return []
        text = self.path.read_text()
        whole, _, torn = text.rpartition("\n")
        if torn:  # the process was killed while it wrote this line
            with open(self.path, "r+") as file:
                file.truncate(len((whole + "\n").encode()) if whole else 0)
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError as error:
            raise ValueError(
                f"{self.path} is damaged ({error}), so this search can't go on. The trials that "
                "are over lie beside it; choose another folder for a new search."
            ) from error
