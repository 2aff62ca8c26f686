"""One search <-> one folder that a person can read.

settings.json    what the search was asked for, and what must stay the same when it continues
features.npz     the features learned from its images, which all machines measure in
journal.jsonl    the trials in the order in which they began and ended
trials/          a folder for each trial: pictures, figures, what became of it
confirmation/    the same for the best trials with new seeds; one of them keeps its weights
tensorboard/     what `tensorboard --logdir` shows: one run a trial
trials.csv       all figures, best first; confirmation.csv the same for the new seeds
trials.png       distance against each hyperparameter
best.png         images of the best trials beside each other
keras_tuner/     files of keras-tuner
"""

from gan_model.storage.settings_folder import Folder


class SearchFolder(Folder):
    """The folder of one search.

    Args:
        path: the folder; it need not exist.
    """

    kind, doing = "search", "searching"
    # More trials continue the same search; images may move, as `images` tells them.
    may_change = ("trials", "top", "confirm", "data")

    def __init__(self, path):
        super().__init__(path)
        self.features = self.path / "features.npz"
        self.journal = self.path / "journal.jsonl"
        self.trials, self.confirmation = self.path / "trials", self.path / "confirmation"
        self.tensorboard = self.path / "tensorboard"
        self.table, self.confirmed_table = self.path / "trials.csv", self.path / "confirmation.csv"
        self.chart, self.pictures = self.path / "trials.png", self.path / "best.png"
        self.of_tuner = self.path / "keras_tuner"

    def noted(self, name):
        """What `note` was given under a name beside the settings; None if nothing was.

        Raises:
            ValueError: as `read_settings`.
        """
        return self.read_noted().get(name) if self.settings.exists() else None
