"""Files -> images as uint8 arrays -> batches.

sources     a name or a folder -> ((train_images, train_labels), (test_images, test_labels))
reading     the sample, MNIST, Fashion-MNIST and CIFAR-10 -> arrays
folder      a folder of PNG, JPEG, ... -> the same, decoded once and cached on disk
listing     a folder -> the paths of its images, and their classes
splits      hashes of images -> which of them are held out
decoding    one image file -> pixels
colors      an image that Pillow has loaded -> the same in 8 bits, in sRGB, on a plain ground
cache       decoded images <-> files on disk
checks      images as given -> the same, or a sentence on what is wrong with them
images      images as given -> images in the generator's range, and back
image_sets  generated images of any program -> one array, to be measured
batches     images -> shuffled batches, in an order that can be resumed

A new published data set is one `FullSet` in `gan_model.catalog`.
"""

from gan_model.catalog import data_sets
from gan_model.data.batches import ImageBatches, dataset
from gan_model.data.folder import own_size
from gan_model.data.image_sets import load_images
from gan_model.data.sources import class_names, is_image_folder, licence_of, load

__all__ = [
    "ImageBatches",
    "class_names",
    "data_sets",
    "dataset",
    "is_image_folder",
    "licence_of",
    "load",
    "load_images",
    "own_size",
]
