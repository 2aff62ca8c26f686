"""Images as `fit` and `evaluate` are given them -> batches for the steps of a model."""

import math
import sys

import keras
import numpy as np

from gan_model import progress
from gan_model.conditioning import check_labels
from gan_model.data.batches import ImageBatches, dataset
from gan_model.images import checked

_BATCH_SIZE = 32


class FedWithImages:
    """`fit` and `evaluate` of a Keras model whose data are images.

    The model says what it takes and where it is: `image_shape`, `image_range`, `class_count`,
    `seed` and the variable `step`; and it measures itself (`gan_model.measuring`). It is told, by
    `_evaluating`, whether it is being evaluated.
    """

    _evaluating = False

    def fit(
        self,
        x=None,
        y=None,
        *,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_data=None,
        validation_split=0.0,
        shuffle=True,
        initial_epoch=0,
        steps_per_epoch=None,
        **keras_arguments,
    ):
        """Trains both players; `keras.Model.fit`, with images for `x`.

        Args:
            x: uint8 images (n, height, width) or (n, height, width, channels), or floats in
                `image_range`; or batches of them, a `tf.data.Dataset` or `data.dataset(...)`,
                alone or as (images, labels). Arrays, and `data.dataset`, come in an order
                that is a function of (seed, step), so that a run can be cut anywhere.
            y: labels (n,), whole numbers from 0, where the GAN has a `class_count`; otherwise
                they are not used.
            batch_size: images in a batch, for arrays. None: 32.
            epochs: number of the epoch to stop after, counted from `initial_epoch` or from
                the beginning of the run that a callback brings back.
            verbose: 1 or "auto": a bar, and a line for each epoch; 2: the lines alone; 0: nothing.
                A callback derived from `progress.Progress` takes the place of both.
            callbacks: Keras callbacks. One that has a method `restore(gan)`, as
                `callbacks.Checkpoints` has, is asked first: it brings back an earlier run and
                returns the number of its finished epochs, None where there is no such run.
                One with `is_over(epoch)`, as `callbacks.TrainingTime`, is asked next: where
                it says that a run has had its time, nothing is trained. One that has
                `go_back(gan)`, as `callbacks.Recover` has, is asked when training has ended:
                it may bring back an earlier state too, and training goes on from there.
            validation_data: held-out images, as `x`, or (images, labels).
            validation_split: fraction of an array that is held out instead, from its end.
            steps_per_epoch: batches in an epoch, where it is not one pass over the images.
                The next epoch goes on where this one ended.
            shuffle: False takes an array in its own order.
            initial_epoch: number of epochs done before, where no callback tells it.
            **keras_arguments: the rest of `keras.Model.fit`'s.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: images of the wrong shape, type or range, or too few of them; a callback
                that would set the learning rate of the one optimizer of other models.
        """
        self._check_compiled("fit")
        _check_count(epochs=epochs, steps_per_epoch=steps_per_epoch, batch_size=batch_size)
        x = checked(x, self.image_shape, self.image_range)
        _refuse_unused(x, y=y, batch_size=batch_size)
        if validation_split and validation_data is None:
            x, y, validation_data = _split(x, y, validation_split)
        check_labels(x, y, self.class_count)
        train = self._batches(x, y, batch_size, shuffle=shuffle)
        if validation_data is not None:
            held_out_size = keras_arguments.pop("validation_batch_size", None) or batch_size
            validation_data = self._held_out(validation_data, held_out_size)
        _refuse_rates_by_epoch(callbacks)
        callbacks = [*_listed(callbacks), _StopWhenLost(_listed(callbacks))]
        initial_epoch, epochs = self._restored(callbacks, initial_epoch, epochs)
        self._refer_to(validation_data, train)
        self._look_at(train, validation_data)
        if isinstance(train, ImageBatches):
            train, steps_per_epoch = train.epochs_from(self.step.value, steps_per_epoch), None
        return self._fit_from(
            initial_epoch,
            x=train,
            epochs=epochs,
            callbacks=callbacks,
            verbose=verbose,
            validation_data=validation_data,
            steps_per_epoch=steps_per_epoch,
            shuffle=False,
            **keras_arguments,
        )

    def _restored(self, callbacks, epoch, epochs):
        """The epochs that a run has done, once callbacks have brought it back, and will have."""
        for callback in callbacks:
            if hasattr(callback, "restore"):
                epoch = callback.restore(self) or epoch
        over = [one.is_over(epoch) for one in callbacks if hasattr(one, "is_over")]
        return epoch, epoch if any(over) else epochs

    def _fit_from(self, epoch, *, callbacks, verbose, **keras_arguments):
        """Keras's `fit`, and again from an earlier epoch whenever a callback goes back to one."""
        with progress.show_training(callbacks, verbose) as shown:
            while epoch is not None:
                history = super().fit(**shown, initial_epoch=epoch, **keras_arguments)
                epochs = [one.go_back(self) for one in callbacks if hasattr(one, "go_back")]
                epoch = next((epoch for epoch in epochs if epoch is not None), None)
        return history

    def evaluate(
        self,
        x=None,
        y=None,
        *,
        batch_size=None,
        verbose="auto",
        callbacks=None,
        return_dict=False,
        **keras_arguments,
    ):
        """Losses and mean scores on held-out images, and `quality` if set; no weight changes.

        Arguments as those of `fit` and `keras.Model.evaluate`. The fake images come from
        codings fixed by the seed, through the generator as it will be used (inference mode).
        """
        self._check_compiled("evaluate")
        if keras_arguments.get("_use_cached_eval_dataset"):  # `fit` calls, and shows it itself
            figures, quality = self._evaluated(x, callbacks=callbacks, **keras_arguments)
        else:
            if x is not None:
                x = self._held_out(x if y is None else (x, y), batch_size)
            with progress.show_evaluation(_listed(callbacks), verbose) as (shown, tell):
                figures, quality = self._evaluated(x, **shown, **keras_arguments)
                tell(figures | quality, self.quality)
        if return_dict:
            return figures | quality
        figures = [figures[name] for name in self.metrics_names if name in figures]
        return [*figures, *quality.values()]

    def _evaluated(self, x, **keras_arguments):
        """Keras's figures and those of the quality: two dicts."""
        self._evaluation_step.assign(0)
        self._evaluating = True
        try:
            figures = super().evaluate(x, return_dict=True, **keras_arguments)
        finally:
            self._evaluating = False
            self._evaluation_step.assign(0)
        self._refer_to(x)
        return figures, self._quality_now()

    def _held_out(self, held_out, batch_size):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(held_out)
        x = checked(x, self.image_shape, self.image_range)
        check_labels(x, y, self.class_count)
        return self._batches(x, y, batch_size, shuffle=False, drop_remainder=False)

    def _batches(self, x, y, batch_size, **order):
        if not isinstance(x, np.ndarray):
            return x
        return dataset(x, y, batch_size=batch_size or _BATCH_SIZE, seed=self.seed, **order)

    def _check_compiled(self, method):
        if not self.compiled:
            raise ValueError(f"The GAN is not compiled. Type gan.compile() before gan.{method}.")


def _refuse_unused(x, **given):
    """A data set has its own batches and labels."""
    for name, value in given.items():
        if value is not None and not isinstance(x, np.ndarray):
            raise ValueError(
                f"`{name}` is for arrays; the images came as {type(x).__name__}, which has its "
                f"own. Leave {name} out."
            )


def _refuse_rates_by_epoch(callbacks):
    kinds = keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau
    for callback in _listed(callbacks):
        if type(callback) in kinds:  # a class derived from them may say whose optimizer it means
            raise ValueError(
                f"{type(callback).__name__} sets the learning rate of one optimizer; a GAN has "
                "two. Give each its own schedule: keras.optimizers.Adam(keras.optimizers."
                "schedules.CosineDecay(2e-4, decay_steps=20_000))."
            )


def _split(x, y, fraction):
    """(x, y) without its last part, and that part as held-out images."""
    if not isinstance(x, np.ndarray):
        raise ValueError(
            f"`validation_split` is for arrays; the images came as {type(x).__name__}. "
            "Hold out some yourself: validation_data=..."
        )
    kept = round(len(x) * (1 - fraction))
    if not 0 < kept < len(x):
        raise ValueError(
            f"`validation_split` is a fraction between 0 and 1 that leaves images on both sides. "
            f"Received: {fraction} for {len(x)} images."
        )
    if y is None:
        return x[:kept], None, x[kept:]
    return x[:kept], y[:kept], (x[kept:], y[kept:])


def _listed(callbacks):
    if callbacks is None:
        return []
    if isinstance(callbacks, keras.callbacks.Callback):
        return [callbacks]
    return list(getattr(callbacks, "callbacks", callbacks))


class _StopWhenLost(keras.callbacks.Callback):
    """Ends a run whose losses are no numbers any more: no later step can bring them back."""

    def __init__(self, others):
        super().__init__()
        may_go_back = any(hasattr(other, "go_back") for other in others)
        self._advice = "" if may_go_back else " Begin anew with lower learning rates."

    def on_train_batch_end(self, batch, logs=None):
        lost = [name for name, value in (logs or {}).items() if not math.isfinite(value)]
        if lost and not self.model.stop_training:  # else `callbacks.Alarms` has said so
            self.model.stop_training = True
            seen = f"{', '.join(lost)} became infinite or not a number."
            print(f"\nStopped: {seen}{self._advice}", file=sys.stderr)


def _check_count(**counts):
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"`{name}` is 1 or more. Received: {name}={count}.")
