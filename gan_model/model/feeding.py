"""Images as `fit` and `evaluate` take them -> batches for the steps of a GAN."""

import contextlib
import functools
from collections.abc import Sequence

import keras
import numpy as np

from gan_model import progress
from gan_model.data.batches import ImageBatches, dataset
from gan_model.data.checks import check_images
from gan_model.keras_internals import called_by_fit, set_steps_of_evaluation
from gan_model.model import checks, fit_arguments
from gan_model.model.clustering import find_missing_clusters
from gan_model.model.csv_columns import with_columns
from gan_model.model.execution import whole_executions
from gan_model.model.interrupts import Interrupts
from gan_model.model.labels import check_labels
from gan_model.model.run_callback import RunCallback, StopWhenDiverged
from gan_model.replicas import Workers, sharding
from gan_model.replicas.sync import SyncFromChief

_BATCH_SIZE = 32


class TakesImages:
    """`fit` and `evaluate` of a Keras model whose data are images.

    Uses `image_shape`, `image_range`, `class_count`, `seed`, `step`, `evaluation_step`, `monitor`
    (`QualityMonitor`), `sampler()` and both networks of the model.
    """

    evaluating = False  # whether `evaluate` is running

    @functools.cached_property
    def workers(self):
        """The `replicas.Workers` that train this model, of which this process is one."""
        return Workers(self.distribute_strategy)

    def fit(
        self,
        x=None,
        y=None,
        *,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        validation_data=None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        **keras_arguments,
    ) -> keras.callbacks.History:
        """Trains both players; `keras.Model.fit`, with images for `x`.

        Args:
            x: uint8 images (n, height, width) or (n, height, width, channels), or floats in
                `image_range`; or batches of them, a `tf.data.Dataset` or `data.dataset(...)`,
                alone or as (images, labels). The order of arrays, and of `data.dataset`, depends
                on (seed, step) alone, so that a run can be interrupted anywhere.
            y: labels (n,), whole numbers from 0, where the GAN has a `class_count`; otherwise
                they are not used.
            batch_size: images in a batch, for arrays. None: 32.
            epochs: number of the epoch to stop after, counted from the beginning of the run,
                also where a callback restores it.
            verbose: 1 or "auto": a bar, and one line for each epoch; 2: the lines only; 0: nothing.
                A callback derived from `progress.Progress`, or Keras's `ProgbarLogger`, replaces
                both.
            callbacks: Keras callbacks. A `RunCallback` may also restore an earlier run before the
                first step, end a run that has had its time, and rewind one that has diverged.
                Of several workers only the chief calls them; what they change counts for all.
            validation_data: held-out images, as `x`, or (images, labels).
            validation_split: fraction of an array that is held out instead, from its end.
            steps_per_epoch: batches in an epoch, where it is not one pass over the images.
                The next epoch continues where this one ended.
            shuffle: False takes an array in its own order, with a smaller last batch.
            initial_epoch: number of epochs done before, where no callback tells it.
            **keras_arguments: the rest of `keras.Model.fit`'s.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: images that do not fit, or a callback that sets `optimizer.learning_rate`.
        """
        with contextlib.ExitStack() as stack:
            interrupts = stack.enter_context(Interrupts().handle_sigint())

            # What came, checked.
            self._check_compiled("fit")
            fit_arguments.check_counts(initial_epoch, epochs, steps_per_epoch, batch_size)
            x, y = fit_arguments.unpack(x, self.image_shape, y)
            x = check_images(x, self.image_shape, self.image_range)
            fit_arguments.refuse_unused(x, keras_arguments, y=y, batch_size=batch_size)
            callbacks = fit_arguments.flatten_callbacks(callbacks if self.workers.is_chief else ())

            # Images become batches.
            if validation_split and validation_data is None:
                x, y, validation_data = fit_arguments.split(x, y, validation_split)
            train = self._batches(x, y, batch_size, shuffle=shuffle)
            size = keras_arguments.pop("validation_batch_size", None) or batch_size
            with fit_arguments.prefix_error("validation_data"):
                held_out = self._held_out(validation_data, size, keras_arguments)

            # An earlier run is restored. What callbacks took, they give back, also after an error.
            callbacks = with_columns(callbacks, evaluates=held_out is not None)
            run_callbacks = [one for one in callbacks if isinstance(one, RunCallback)]
            for callback in run_callbacks:
                stack.callback(callback.release)
            is_array = isinstance(train, ImageBatches)  # whose epochs end by themselves
            stack.enter_context(whole_executions(self, None if is_array else steps_per_epoch))
            initial_epoch, epochs = self._restored(run_callbacks, initial_epoch, epochs, train)

            # What the first step needs: clusters, images to compare with, workers that agree.
            fit_arguments.refuse_endless(train, steps_per_epoch, "steps_per_epoch")
            if self.workers.is_chief:
                self.monitor.set_held_out(held_out, train)
            find_missing_clusters(self, train)
            self.monitor.keep_real_sample(train, held_out)
            self.workers.check_same(sharding.run_fingerprint(self, train, steps_per_epoch))
            if is_array:
                train = sharding.shard_epochs(train, self, steps_per_epoch)
                steps_per_epoch = None

            # Keras's loop.
            return self._fit_from(
                initial_epoch,
                run_callbacks,
                x=train,
                epochs=epochs,
                callbacks=[
                    *callbacks,
                    StopWhenDiverged(run_callbacks),
                    interrupts,
                    SyncFromChief(),
                ],
                verbose=verbose if self.workers.is_chief else 0,
                validation_data=sharding.shard_passes(held_out, self),
                steps_per_epoch=steps_per_epoch,
                shuffle=shuffle and isinstance(train, keras.utils.PyDataset),
                **keras_arguments,
            )

    def _restored(self, callbacks, epoch, epochs, train):
        """The number of epochs that a restored run has done, and will have done."""
        data = sharding.data_fingerprint(self, train) if callbacks else None
        for callback in callbacks:
            epoch = callback.restore(self, data=data) or epoch
        epochs = epoch if any([one.is_over(epoch) for one in callbacks]) else epochs
        return self.workers.broadcast_int(epoch), self.workers.broadcast_int(epochs)

    def _fit_from(self, epoch, run_callbacks, *, callbacks, verbose, **keras_arguments):
        """Keras's `fit`, and again from an earlier epoch whenever a callback goes back to one."""
        with progress.show_training(callbacks, verbose, run_callbacks=run_callbacks) as shown:
            while epoch >= 0:
                history = super().fit(initial_epoch=epoch, **shown, **keras_arguments)
                epochs = [callback.go_back(self) for callback in run_callbacks]
                epoch = next((epoch for epoch in epochs if epoch is not None), -1)
                epoch = self.workers.broadcast_int(epoch)
        return history

    def evaluate(
        self,
        x=None,
        y=None,
        *,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        return_dict: bool = False,
        **keras_arguments,
    ) -> dict[str, float] | list[float]:
        """Losses and mean scores on held-out images, and `quality` if set; no weight changes.

        Arguments as those of `fit` and `keras.Model.evaluate`. The codings of the fake images
        depend on the seed and the batch size; the generator is in inference mode.
        """
        self._check_compiled("evaluate")
        if called_by_fit(keras_arguments):  # which shows it itself
            logs = self._evaluate_within_fit(x, callbacks=callbacks, **keras_arguments)
        else:
            given = x if y is None else (x, y)
            x = self._held_out(given, batch_size, keras_arguments, "steps", batch_size=batch_size)
            display = progress.show_evaluation(fit_arguments.flatten_callbacks(callbacks), verbose)
            with display as (shown, tell):
                logs = self._mean_logs(x, **shown, **keras_arguments)
                logs |= self._quality_logs(lambda: self.monitor.held_out(x))
                tell(logs, self.quality)
        return logs if return_dict else [logs[name] for name in self.metrics_names if name in logs]

    def _evaluate_within_fit(self, x, **keras_arguments):
        logs = self._mean_logs(x, **keras_arguments)
        return logs | self._quality_logs(lambda: self.monitor.of_fit or self.monitor.held_out(x))

    def _mean_logs(self, x, **keras_arguments):
        """Keras's logs of an evaluation, a dict."""
        with self._evaluation(), whole_executions(self, keras_arguments.get("steps")):
            if called_by_fit(keras_arguments):
                set_steps_of_evaluation(self)
            rows = sharding.shard_passes(x, self)
            return super().evaluate(rows, return_dict=True, **keras_arguments)

    def _quality_logs(self, held_out):
        """The numbers of the quality, a dict; `held_out` is called for its `HeldOut`."""
        if self.quality is None or not self.workers.is_chief:
            return {}
        return self.monitor.measure(self.sampler(), held_out())

    def train_on_batch(self, x, y=None, **keras_arguments):
        """One step on a batch, as Keras's."""
        x, y = self._single("train_on_batch", x, y, keras_arguments)
        return super().train_on_batch(x, y, **keras_arguments)

    def test_on_batch(self, x, y=None, **keras_arguments):
        """What `evaluate` has of one batch, but for the quality."""
        x, y = self._single("test_on_batch", x, y, keras_arguments)
        with self._evaluation():
            return super().test_on_batch(x, y, **keras_arguments)

    @contextlib.contextmanager
    def _evaluation(self):
        self.evaluation_step.assign(0)
        self.evaluating = True
        try:
            yield
        finally:
            self.evaluating = False
            self.evaluation_step.assign(0)

    def _single(self, method, x, y, keras_arguments):
        """A checked batch, for one device; only `fit` finds clusters."""
        self._check_compiled(method)
        x, y = fit_arguments.unpack(x, self.image_shape, y)
        fit_arguments.refuse_unused(x, keras_arguments)
        x = check_images(x, self.image_shape, self.image_range)
        if self.distribute_strategy.num_replicas_in_sync > 1:
            raise ValueError(f"{method} is for one device. Type gan.fit or gan.evaluate.")
        if self.clusters is not None and not self.clusters.is_learned:
            raise ValueError(
                f"`fit` finds the clusters of the images, {method} does not. Type "
                "gan_model.model.find_clusters(gan, images) before."
            )
        return x, y

    def _held_out(self, held_out, size, keras_arguments, steps="validation_steps", **arrays_only):
        if held_out is None:
            return None
        x, y = fit_arguments.unpack(held_out, self.image_shape)
        fit_arguments.refuse_endless(x, keras_arguments.get(steps), steps)
        x = x.in_order() if isinstance(x, ImageBatches) else x
        x = check_images(x, self.image_shape, self.image_range)
        fit_arguments.refuse_unused(x, keras_arguments, **arrays_only)
        return self._batches(x, y, size, shuffle=False)

    def _batches(self, x, y, batch_size, *, shuffle):
        check_labels(x, y, self.class_count)
        if not isinstance(x, np.ndarray):
            return x
        order = {"shuffle": shuffle, "drop_remainder": bool(shuffle)}  # else always the same ones
        return dataset(x, y, batch_size=batch_size or _BATCH_SIZE, seed=self.seed, **order)

    def _check_compiled(self, method):
        if not self.compiled:
            raise ValueError(f"The GAN is not compiled. Type gan.compile() before gan.{method}.")
        if method in ("fit", "train_on_batch"):  # `trainable` may have changed after `compile`
            checks.check_trainable(**self.networks)
            checks.check_learned_by(self.optimized, **self.networks)
