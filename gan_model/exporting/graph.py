"""A generator -> a TensorFlow function from codings to uint8 images."""

import keras
import tensorflow as tf

from gan_model.data.images import UINT8_MAX, to_levels
from gan_model.model.labels import among_the_classes, with_labels


class ImageGraph:
    """What every format is made from: codings, and labels if there are classes -> uint8 images.

    Args:
        sampler: `Sampler` of the generator.
        batch: number of images in a call. None: any number.

    Attributes:
        function: `tf.function` of `codings`, and of `labels` if there are classes, which returns
            {"images": uint8 (batch, *image_shape)}.
        signature: its `tf.TensorSpec`s, in order.
        inputs, outputs: dicts from names to {"dtype": ..., "shape": ...}; the first side is
            "batch" if it may be any number.
    """

    def __init__(self, sampler, batch=None):
        self.sampler, self.batch = sampler, batch
        self.signature = [tf.TensorSpec((batch, sampler.codings_size), tf.float32, name="codings")]
        if sampler.class_count is not None:
            self.signature.append(tf.TensorSpec((batch,), tf.int32, name="labels"))
        self.function = tf.function(self._images, input_signature=self.signature)
        self.inputs = {spec.name: _described(spec) for spec in self.signature}
        outputs = self.function.get_concrete_function().structured_outputs
        self.outputs = {name: _described(spec) for name, spec in outputs.items()}

    def save(self, path):
        """Writes a SavedModel, a folder, with the signature `serving_default`."""
        archive = keras.export.ExportArchive()
        archive.track(self.sampler.generator)
        archive.add_endpoint("serve", self._images, input_signature=self.signature)
        archive.write_out(str(path), verbose=False)

    def _images(self, codings, labels=None):
        if labels is not None:
            labels = _refusing_others(labels, self.sampler.class_count)
        images = self.sampler.generator(with_labels(codings, labels), training=False)
        levels = to_levels(tf.cast(images, tf.float32), self.sampler.image_range)
        # As data.images.to_uint8 does it in numpy: both round halves to the even number.
        levels = tf.clip_by_value(tf.round(levels), 0.0, UINT8_MAX)
        return {"images": tf.cast(levels, tf.uint8)}


def _refusing_others(labels, class_count):
    """Labels; those that are not among the classes are an error in the runtime of each format.

    Networks would take -1 for the last class. Outside TensorFlow, and in XLA, there are no
    assertions, but looking up a place that a table does not have is an error. On a GPU TensorFlow
    would look up zeros.
    """
    labels = among_the_classes(labels, class_count)
    inside = (labels >= 0) & (labels < class_count)
    return tf.gather(tf.range(class_count), tf.where(inside, labels, class_count))


def _described(spec):
    return {"dtype": spec.dtype.name, "shape": ["batch" if n is None else n for n in spec.shape]}
