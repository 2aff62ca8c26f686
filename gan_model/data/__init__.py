"""Files -> images as uint8 arrays -> batches.

sources     a name or a folder -> ((train_images, train_labels), (test_images, test_labels))
folder      a folder of PNG, JPEG, ... -> the same, decoded once and cached on disk
image_sets  generated images of any program -> one array, to be measured
batches     images -> shuffled batches, in an order that can be resumed
"""

from gan_model.data.batches import ImageBatches, dataset
from gan_model.data.folder import class_names
from gan_model.data.image_sets import load_images
from gan_model.data.sources import NAMES, load

__all__ = ["NAMES", "ImageBatches", "class_names", "dataset", "load", "load_images"]
