"""Keras's InceptionV3 as features, for colour images and larger ones."""

import random
import socket

import keras
import tensorflow as tf

from gan_model.features.extractor import Features, checksum_of

_SIDE = 299
_PATIENCE = 5  # seconds of silence after which a download is given up
_BLOCK = 50  # its first layers make 3 MB an image and layer
_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"


def inception():
    """The 2,048 pooled numbers of Keras's InceptionV3 trained on ImageNet.

    Images of any size, grey or colour, are resized to 299 x 299 (bilinear). These are Keras's
    weights and this resize, not the graph that the FID of papers is computed with: compare
    only numbers measured here. With fewer than some thousand images the covariance of 2,048
    numbers is far from known; look at the floor.

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
    from keras.applications import InceptionV3  # takes a second, and few ask for it

    # Making layers draws from Python's generator; a seeded program must not notice.
    state, patience = random.getstate(), socket.getdefaulttimeout()
    policy = keras.config.dtype_policy()
    socket.setdefaulttimeout(_PATIENCE)
    keras.config.set_dtype_policy("float32")  # features are the same whatever a GAN trains in
    try:
        return InceptionV3(
            include_top=False, weights=weights, input_shape=(_SIDE, _SIDE, 3), pooling="avg"
        )
    except Exception as error:  # of the network, the server, the disk: the remedy is the same
        raise ValueError(
            "The weights of InceptionV3 are not on this machine and Keras could not get them "
            f"({' '.join(str(error).split())[:200].rstrip('.')}). Put {_FILE} in ~/.keras/models, "
            "or choose other features: fashion, pyramid, or features.from_model(...)."
        ) from None
    finally:
        keras.config.set_dtype_policy(policy)
        socket.setdefaulttimeout(patience)
        random.setstate(state)
