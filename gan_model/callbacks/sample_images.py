"""Images from the same codings as the generator learns."""

import sys

import keras

from gan_model import pictures
from gan_model.callbacks import board
from gan_model.callbacks.checkpoints import by_epoch, epoch_of
from gan_model.storage.paths import expanded


class SampleImages(keras.callbacks.Callback):
    """Shows a grid of generated images after each epoch, and an animation of them at the end.

    The codings are the same each time, so only the generator changes from grid to grid. Of a long
    run the grids of some epochs stay: all to epoch 100, each 10th to 1,000, then each 100th.

    Args:
        directory: folder that gets `epoch-00000.png` (before the first step),
            `epoch-00001.png`, ..., and at the end `training.gif`. The grid of the last epoch is
            always there. None: no files.
        log_dir: folder that TensorBoard reads; the grids go to its run `samples`. None: no
            TensorBoard.
        count: images in the grid, 1 or more. None: 25. If the GAN has classes, each row shows
            one class, and None means 8 images in a row.
        every: epochs from one grid to the next, 1 or more, all of which stay. None: as above.
        seed: of the codings.

    Raises:
        ValueError: a `count` or `every` below 1.
    """

    def __init__(self, directory=None, *, log_dir=None, count=None, every=None, seed=0):
        super().__init__()
        if any(number is not None and number < 1 for number in (count, every)):
            raise ValueError(
                "`count` (images) and `every` (epochs) are 1 or more. "
                f"Received: count={count}, every={every}."
            )
        self.directory = expanded(directory) if directory else None
        self.log_dir = expanded(log_dir) if log_dir else None
        self.count, self.every, self.seed = count, every, seed

    def on_train_begin(self, logs=None):  # not in __init__: a tuner deep-copies callbacks
        self._writer = None
        if self.log_dir:
            step = int(self.model.step.numpy())
            self._writer = board.Writer(self.log_dir / "samples", step)
        if int(self.model.step.numpy()) == 0:
            self._show(0)

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % (self.every or 1) == 0:
            self._show(epoch + 1)

    def on_train_end(self, logs=None):
        if self._writer:
            self._writer.close()
        if grids := self._grids():
            try:
                pictures.animate(grids, self.directory / "training.gif")
            except OSError as error:  # such as a picture that was cut with the machine's power
                print(f"\nThere is no training.gif: {error}", file=sys.stderr)

    def _grids(self):
        return by_epoch(self.directory.glob("epoch-*.png")) if self.directory else []

    def _keep(self, picture, epoch):
        self.directory.mkdir(parents=True, exist_ok=True)  # it may have been removed
        for grid in self._grids():
            of_earlier_process = epoch_of(grid) > epoch
            if of_earlier_process or (epoch_of(grid) == epoch - 1 and not self._stays(epoch - 1)):
                grid.unlink()
        pictures.save(picture, self.directory / f"epoch-{epoch:05d}.png")

    def _stays(self, epoch):
        return self.every is not None or board.has_picture(epoch)

    def _show(self, epoch):
        if not self.model.sampler().is_finite:
            return
        images, columns = self.model.sampler().for_grid(self.count, seed=self.seed)
        picture = pictures.grid(images, columns=columns)
        if self.directory:
            self._keep(picture, epoch)
        if self._writer and self._stays(epoch):
            with self._writer.drawing(int(self.model.step.numpy())):
                board.image("samples", picture)
