"""Hyperband whose continued trials need no file of keras-tuner."""

import keras_tuner


class Hyperband(keras_tuner.Hyperband):
    """keras-tuner's `Hyperband` for a `HyperGAN`, in a search that may be given more trials later.

    keras-tuner begins a trial that continues another by loading weights that it keeps itself. Its
    folder of a trial has another name if more trials are asked for, and the weights of all but the
    best trials are removed when a search is over. `HyperGAN.fit` does not need them: it continues
    from the checkpoint of the older trial, or trains that one's epochs again with the same seed.

    Arguments as those of `keras_tuner.Hyperband`.
    """

    def _build_hypermodel(self, hp):
        return keras_tuner.Tuner._build_hypermodel(self, hp)
