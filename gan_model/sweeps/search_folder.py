"""One search <-> one folder that a person can read.

settings.json    what the search was asked for
journal.jsonl    the trials in the order in which they began and ended
trials/          one folder a trial: pictures, figures, what became of it
confirmation/    the same for the best ones, trained again with new seeds; one keeps its weights
tensorboard/     what `tensorboard --logdir` shows: one run a trial
trials.csv       all figures, best first; confirmation.csv the same for the new seeds
trials.png       distance against each hyperparameter
best.png         images of the best trials beside each other
keras_tuner/     what keras-tuner keeps for itself
"""

from gan_model.storage.settings_folder import Folder


class SearchFolder(Folder):
    """The folder of one search.

    Args:
        path: the folder; it need not exist.
    """

    kind, doing = "search", "searching"
    may_change = ("trials", "top", "confirm")  # more of them go on with the same search

    def __init__(self, path):
        super().__init__(path)
        self.journal = self.path / "journal.jsonl"
        self.trials, self.confirmation = self.path / "trials", self.path / "confirmation"
        self.tensorboard = self.path / "tensorboard"
        self.table, self.confirmed_table = self.path / "trials.csv", self.path / "confirmation.csv"
        self.chart, self.pictures = self.path / "trials.png", self.path / "best.png"
        self.of_tuner = self.path / "keras_tuner"
