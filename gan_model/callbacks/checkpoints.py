"""Keeps the last states of a run, and goes on from the newest good one."""

import sys
from pathlib import Path

from gan_model.alarms import diverged
from gan_model.model import RunCallback
from gan_model.storage import checkpoint


class Checkpoints(RunCallback):
    """Makes `fit` go on exactly where an earlier process stopped.

    After each epoch the whole state is written: both networks, both optimizers, the step
    (on which codings and the order of the images depend), the random state of layers, the
    history. When `fit` begins it goes on from the newest of these files; one that is damaged
    is reported and the one before it is used. A lost epoch, whose losses are not numbers or
    which `Alarms` found exploding, is not kept. On the same machine the finished run is the
    same to the bit as one that was never stopped.

    Give it last, so that what a checkpoint calls done has been shown by the other callbacks.
    The order of the images is part of that promise for arrays and `data.dataset`; a
    `tf.data.Dataset` of your own begins anew.

    Args:
        directory: folder of the checkpoints of this one run, made if it is not there.
        keep: how many are kept, the newest ones.

    Raises:
        ValueError: the checkpoints are of another model, or none can be read.
        OSError: a checkpoint can't be written; the earlier ones are whole.

    Example, run again after it was interrupted:

    ```python
    gan = presets.dcgan()
    gan.fit(train_images, epochs=50, callbacks=[callbacks.Checkpoints("run/checkpoints")])
    ```
    """

    def __init__(self, directory, *, keep=3):
        super().__init__()
        if keep < 1:
            raise ValueError(f"`keep` is 1 or more checkpoints. Received: keep={keep}.")
        self.directory, self.keep = Path(directory), keep
        self._history = []

    def restore(self, gan, *, batch_size=None):
        """Brings back the newest good state. Returns its number of epochs, None if there is none.

        `GAN.fit` calls it before the first step.
        """
        paths = saved(self.directory)
        for path in reversed(paths):
            try:
                arrays, about = checkpoint.read(path)
            except checkpoint.DamagedCheckpoint as error:
                print(f"{error}. Trying the one before it.", file=sys.stderr)
                continue
            _refuse_other_seed(gan, about, path)
            checkpoint.restore(gan, arrays, path)
            self._history = about["history"]
            return about["epoch"]
        if paths:
            raise ValueError(
                f"None of the {len(paths)} checkpoints in {self.directory} can be read. "
                "Remove the folder to begin anew."
            )
        self._history = []
        return None

    def on_train_begin(self, logs=None):
        self.directory.mkdir(parents=True, exist_ok=True)
        for unfinished in self.directory.glob(".part-*"):
            unfinished.unlink()

    def on_epoch_begin(self, epoch, logs=None):
        self._fill_history()

    def on_epoch_end(self, epoch, logs=None):
        figures = {name: float(value) for name, value in (logs or {}).items()}
        if diverged(figures):
            return  # the run is lost; the files there are still hold a good one
        self._history.append(figures)
        about = {"epoch": epoch + 1, "seed": self.model.seed, "history": self._history}
        path = self.directory / f"epoch-{epoch + 1:05d}.npz"
        checkpoint.write(path, checkpoint.collect(self.model), about)
        for old in saved(self.directory)[: -self.keep]:
            old.unlink()

    def on_train_end(self, logs=None):
        self._fill_history()

    def _fill_history(self):
        """What `fit` returns holds the epochs of earlier processes too."""
        returned = self.model.history
        if not returned.epoch:
            for epoch, row in enumerate(self._history):
                returned.on_epoch_end(epoch, row)


def _refuse_other_seed(gan, about, path):
    if about["seed"] != gan.seed:
        raise ValueError(
            f"{path} is of a run with seed={about['seed']}, this GAN has seed={gan.seed}. Build it "
            "with the same seed to go on, or choose another folder."
        )


def saved(directory):
    """The checkpoint files of a folder, oldest first."""
    return sorted(Path(directory).glob("epoch-*.npz"))
