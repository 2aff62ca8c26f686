"""Keeps the last states of a run, and continues from the newest one that can be read."""

import contextlib
import sys

from gan_model.callbacks import same_run
from gan_model.callbacks.alarms import diverged
from gan_model.model import RunCallback
from gan_model.storage import checkpoint
from gan_model.storage.atomic import remove_unfinished
from gan_model.storage.locks import locked
from gan_model.storage.paths import expanded


class Checkpoints(RunCallback):
    """Makes `fit` continue exactly where an earlier process stopped.

    After each epoch the whole state is written: both networks, both optimizers, the step (on which
    codings and the order of the images depend), the random state of layers, and the history. When
    `fit` begins it continues from the newest of these files; a damaged one is reported and the
    one before it is used. An epoch in which the run diverged (its losses are not finite, or
    `Alarms` found it exploding) is not kept. On the same machine the finished run is the same to
    the bit as one that was never stopped.

    Seed, learning rates, batch size, images and labels must be those the run began with; callbacks
    may change the rates while it runs. While `fit` runs, no other process can use the folder.

    Give this callback last, so that the others have shown an epoch when its checkpoint is written.
    The order of the images is part of the promise for arrays and `data.dataset`; a
    `tf.data.Dataset` of your own starts from its beginning.

    Args:
        directory: folder of the checkpoints of this one run, made if it does not exist.
        keep: number of checkpoints kept, the newest ones.

    Raises:
        ValueError: the checkpoints belong to another model, to a run with other settings or to
            another version of gan-model; none can be read; or another process uses the folder.
        OSError: a checkpoint cannot be read now, or cannot be written; the others are unchanged.

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
        self.directory, self.keep = expanded(directory), keep
        self._history, self._begun, self._settings, self._data = [], None, None, {}
        self._first_epoch = 0  # of the history
        self._lock = self._gan = None  # while `fit` runs

    def restore(self, gan, *, data=None):
        """Locks the folder, and brings back the newest state; see `RunCallback.restore`."""
        if not self._lock:
            busy = (
                f"Another process is training in {self.directory}, or two callbacks have this "
                "folder. Wait for the process or stop it, or choose another folder."
            )
            with contextlib.ExitStack() as stack:
                stack.enter_context(locked(self.directory, busy=busy))
                self._lock = stack.pop_all()
        self._begun, self._data = same_run.learning_rates(gan), data or {}
        self._settings = same_run.settings_of(gan)
        epoch = self._restore_newest(gan, self._check_same_run)
        self._gan = gan  # after a successful restore: `release` keeps no rates of a refused run
        return epoch

    def rewind(self, gan):
        """As `restore`, in the same run and whatever the learning rates are now."""
        return self._restore_newest(gan)

    def release(self):
        """Unlocks the folder. `GAN.fit` calls it at its end, also after an error."""
        if self._gan:
            same_run.leave_rates(self._gan, self.directory)
        if self._lock:
            self._lock.close()
        self._lock = self._gan = None

    def _restore_newest(self, gan, check=None):
        paths = saved(self.directory)
        for path in reversed(paths):
            try:
                arrays, about = checkpoint.read(path)
            except checkpoint.DamagedCheckpoint as error:
                if path.exists():
                    print(f"{error}. Trying the one before it.", file=sys.stderr)
                continue
            if check:
                check(gan, arrays, about, path)
            checkpoint.restore(gan, arrays, path)
            self._history = about["history"]
            self._first_epoch = about["epoch"] - len(self._history)
            return about["epoch"]
        if saved(self.directory) != paths:  # a process that trains here has replaced them
            return self._restore_newest(gan, check)
        if paths:
            raise ValueError(
                f"None of the {len(paths)} checkpoints in {self.directory} can be read. "
                "Remove the folder to start from scratch."
            )
        self._history = []
        if check and int(gan.step.numpy()):
            print(
                f"{self.directory} holds no checkpoint, so training goes on from step "
                f"{int(gan.step.numpy()):,} of this GAN. To begin anew, make the GAN again.",
                file=sys.stderr,
            )
        return None

    def _check_same_run(self, gan, arrays, about, path):
        same_run.check_same_run(gan, arrays, about, data=self._data, path=path)
        self._begun = about["learning_rates"]
        known = {name: about[name] for name in same_run.OF_THE_DATA if name in about}
        self._data = known | self._data

    def on_train_begin(self, logs=None):
        self.directory.mkdir(parents=True, exist_ok=True)
        remove_unfinished(self.directory)

    def on_epoch_begin(self, epoch, logs=None):
        self._fill_history()

    def on_epoch_end(self, epoch, logs=None):
        figures = {name: float(value) for name, value in (logs or {}).items()}
        if diverged(figures):
            return  # the files that exist hold a state from before
        self._history.append(figures)
        about = {
            "epoch": epoch + 1,
            "seed": self.model.seed,
            "settings": self._settings or same_run.settings_of(self.model),
            "learning_rates": self._begun or same_run.learning_rates(self.model),
            "history": self._history,
            **self._data,
        }
        path = self.directory / f"epoch-{epoch + 1:05d}.npz"
        checkpoint.write(path, checkpoint.collect(self.model), about)
        for old in saved(self.directory)[: -self.keep]:
            old.unlink()

    def on_train_end(self, logs=None):
        self._fill_history()

    def _fill_history(self):
        """Puts the epochs of earlier processes into the history that `fit` returns."""
        returned = self.model.history
        if not returned.epoch:
            returned.history.clear()  # a `History` of the user keeps that of an earlier `fit`
            for epoch, row in enumerate(self._history, self._first_epoch):
                returned.on_epoch_end(epoch, row)


def saved(directory):
    """Paths of the checkpoints in a folder, oldest first."""
    return by_epoch(expanded(directory).glob("epoch-*.npz"))


def by_epoch(paths):
    """Paths such as `epoch-00001.npz` in the order of their epochs, without all other paths.

    From epoch 100,000 on the numbers have more digits, so text would not sort them.
    """
    return sorted((path for path in paths if epoch_of(path) is not None), key=epoch_of)


def epoch_of(path):
    """The epoch in a name such as `epoch-00001.npz`; None in any other name."""
    number = path.stem.removeprefix("epoch-")
    return int(number) if number.isdecimal() else None


def steps_in(directory):
    """The training steps of the newest checkpoint that can be read; 0 if there is none."""
    arrays, _ = _newest_in(directory)
    return next((int(value) for name, value in arrays.items() if name.endswith("/step")), 0)


def epochs_in(directory):
    """The epochs of the newest checkpoint that can be read; 0 if there is none."""
    _, about = _newest_in(directory)
    return about["epoch"]


def _newest_in(directory):
    """What `checkpoint.read` gives of the newest one that can be read, or what stands for none."""
    for path in reversed(saved(directory)):
        with contextlib.suppress(checkpoint.DamagedCheckpoint):
            return checkpoint.read(path)
    return {}, {"epoch": 0}
