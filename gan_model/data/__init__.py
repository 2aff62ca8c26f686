"""Files -> images as uint8 arrays -> batches.

sources     a name or a folder -> ((train_images, train_labels), (test_images, test_labels))
splits      these images and labels, and the names of the classes
sample      the part of Fashion-MNIST that comes with the package
full_set    a published data set: where its files are, and how they are read
mnist       MNIST and FASHION_MNIST, two of them
cifar10     CIFAR10, another one
reading     the bytes of a file, or a sentence on what is wrong with them
own_size    the sizes of the files in a folder -> the size to train at
folder      a folder of PNG, JPEG, ... -> the same, decoded once and cached on disk
listing     a folder -> the paths of its images, and their classes
hold_out    hashes of images -> which of them are held out
decoding    one image file -> pixels
flattening  an image that Pillow has loaded -> the same in 8 bits, in sRGB, on a plain ground
profiles    color profiles -> sRGB
cache       decoded images <-> files on disk
checks      images as given -> the same, or a sentence on what is wrong with them
images      images as given -> images in the generator's range, and back
image_sets  generated images of any program -> one array, to be measured
batches     images -> shuffled batches, in an order that can be resumed

A new published data set is one `FullSet` in a file of its own, and its name in `sources.FULL_SETS`.
"""

from gan_model.data.batches import ImageBatches, dataset
from gan_model.data.image_sets import load_images
from gan_model.data.own_size import own_size
from gan_model.data.sources import NAMES, class_names, is_image_folder, licence_of, load

__all__ = [
    "NAMES",
    "ImageBatches",
    "class_names",
    "dataset",
    "is_image_folder",
    "licence_of",
    "load",
    "load_images",
    "own_size",
]
