"""Keras's InceptionV3 as features, for colour images and larger ones."""

import random

import tensorflow as tf

from gan_model.data.reading import short_timeout
from gan_model.features.extractor import Features, checksum_of
from gan_model.networks.layers import dtype_policy

_SIDE = 299
_BLOCK = 50  # images in a batch; the first layers take 3 MB for each image
_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"


def inception():
    """The 2,048 pooled numbers of Keras's InceptionV3 trained on ImageNet.

    Images of any size, grey or colour, are resized to 299 x 299 (bilinear). The weights are those
    of Keras, and papers compute their FID with another network and another resize: compare only
    numbers measured here. A covariance of 2,048 numbers needs some thousand images; with fewer,
    compare with the floor.

    Raises:
        ValueError: the weights are not on this machine and cannot be downloaded.

    Reference: Szegedy et al. (2016) for the network, Heusel et al. (2017) for its use.
    """
    model = _network("imagenet")
    return Features(
        "inception", _seen_by(model), checksum=checksum_of(model.get_weights()), block=_BLOCK
    )


def _seen_by(model):
    def function(images):
        colour = tf.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
        resized = tf.image.resize(colour, (_SIDE, _SIDE)) / 127.5 - 1.0
        return tf.cast(model(resized, training=False), tf.float32)

    return function


def _network(weights):
    from keras.applications import InceptionV3  # here, as the import takes a second

    # Making layers draws from Python's random generator. The state is restored, so that a seeded
    # program draws the same numbers with and without these features.
    state = random.getstate()
    try:
        with short_timeout(), dtype_policy("float32"):  # also for a GAN with mixed precision
            return InceptionV3(
                include_top=False, weights=weights, input_shape=(_SIDE, _SIDE, 3), pooling="avg"
            )
    except Exception as error:  # of the network, the server or the disk
        raise ValueError(
            "The weights of InceptionV3 are not on this machine and Keras could not get them "
            f"({' '.join(str(error).split())[:200].rstrip('.')}). Put {_FILE} in ~/.keras/models, "
            "or choose other features: fashion, sliced, or features.from_model(...)."
        ) from None
    finally:
        random.setstate(state)
