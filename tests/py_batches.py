"""A `keras.utils.PyDataset` of one batch, given twice."""

import keras


class Batches(keras.utils.PyDataset):
    """One batch, as often as it is asked for.

    Args:
        batch: what each number gives: images, or a tuple of images and labels.
    """

    def __init__(self, batch):
        super().__init__()
        self._batch = batch

    def __len__(self):
        return 2

    def __getitem__(self, number):
        return self._batch
