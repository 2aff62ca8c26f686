"""Files -> images as uint8 arrays -> batches.

sources     a name or a folder -> ((train_images, train_labels), (test_images, test_labels))
folder      a folder of PNG, JPEG, ... -> the same, decoded once into arrays on disk
image_sets  finished images of any program -> one array, for measuring
batches     images -> shuffled batches, in an order that a resumed run goes on with
"""

from gan_model.data.batches import ImageBatches, dataset
from gan_model.data.folder import class_names
from gan_model.data.image_sets import load_images
from gan_model.data.sources import NAMES, load

__all__ = ["NAMES", "ImageBatches", "class_names", "dataset", "load", "load_images"]
