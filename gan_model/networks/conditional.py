"""Layers of conditional networks, which take the class of each image as a second input.

    images = ConditionalBatchNormalization(10)([images, labels])  # in the generator
    scores = Projection(10)([features, labels])                   # in the discriminator

Labels are (batch,), int32, from 0 to class_count - 1. A simpler conditional generator concatenates
its codings with `keras.layers.Embedding(10, 32)(labels)`.
"""

import keras
from keras import initializers, layers


@keras.saving.register_keras_serializable("gan_model")
class ConditionalBatchNormalization(layers.Layer):
    """Batch normalization with a scale and an offset for each class.

        normalized = (inputs - mean of the batch) / sqrt(variance of the batch + epsilon)
        output = scale[label] * normalized + offset[label]

    Mean and variance are taken over all images of a batch, whatever their class. Scales are
    initialised to 1 and offsets to 0.

    Args:
        class_count: number of classes.
        momentum, epsilon: see `keras.layers.BatchNormalization`.

    Reference: Dumoulin et al. (2017).
    """

    def __init__(self, class_count, *, momentum=0.9, epsilon=1e-5, **keras_arguments):
        super().__init__(**keras_arguments)
        self.class_count, self.momentum, self.epsilon = class_count, momentum, epsilon
        self.normalization = layers.BatchNormalization(
            momentum=momentum,
            epsilon=epsilon,
            center=False,
            scale=False,
            synchronized=True,
            dtype=self.dtype_policy,
            trainable=self.trainable,
        )

    def build(self, input_shape):
        images, _ = input_shape
        self.normalization.build(images)
        channels = images[-1]
        own = {"input_dim": self.class_count, "output_dim": channels, "dtype": self.dtype_policy}
        own["trainable"] = self.trainable
        self.scale = layers.Embedding(embeddings_initializer=initializers.Ones(), **own)
        self.offset = layers.Embedding(embeddings_initializer=initializers.Zeros(), **own)
        for embedding in (self.scale, self.offset):
            embedding.build(None)

    def call(self, inputs, training=False):
        images, labels = inputs
        normalized = self.normalization(images, training=training)
        # One row per image, broadcast over its pixels.
        shape = (-1, *[1] * (len(images.shape) - 2), images.shape[-1])
        scale, offset = (
            keras.ops.reshape(embedding(labels), shape) for embedding in (self.scale, self.offset)
        )
        return normalized * scale + offset

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        own = {name: getattr(self, name) for name in ("class_count", "momentum", "epsilon")}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("gan_model")
class Projection(layers.Layer):
    """The last layer of a conditional discriminator: scores of images given their class.

        score = features . weights + bias + features . embedding[label]

    The first two terms are a dense layer. The last one depends on the class. Embeddings are
    initialised to 0, so at first the score does not depend on the label.

    Args:
        class_count: number of classes.

    Reference: Miyato and Koyama (2018).
    """

    def __init__(self, class_count, **keras_arguments):
        super().__init__(**keras_arguments)
        self.class_count = class_count
        self.score = layers.Dense(1, dtype=self.dtype_policy, trainable=self.trainable)

    def build(self, input_shape):
        features, _ = input_shape
        self.score.build(features)
        own = {"dtype": self.dtype_policy, "trainable": self.trainable}
        zeros = initializers.Zeros()
        self.of_class = layers.Embedding(self.class_count, features[-1], zeros, **own)
        self.of_class.build(None)

    def call(self, inputs):
        features, labels = inputs
        # A functional model makes labels (batch, 1) of (batch,) where its `Input` has that shape.
        of_class = self.of_class(keras.ops.reshape(labels, (-1,)))
        # One row per image, at each place of a feature map.
        shape = (-1, *[1] * (len(features.shape) - 2), features.shape[-1])
        of_class = keras.ops.reshape(of_class, shape)
        class_score = keras.ops.sum(features * of_class, axis=-1, keepdims=True)
        return self.score(features) + class_score

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], 1)

    def get_config(self):
        return {**super().get_config(), "class_count": self.class_count}
