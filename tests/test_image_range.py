"""The range of a generator's images: kept with the generator, never guessed."""

import keras
import numpy as np
import pytest
from keras import layers

from gan_model import GAN, Sampler, runs
from gan_model.exporting.inference_graph import inference_graph

SHAPE = 4, 4, 1


@keras.saving.register_keras_serializable("tests")
class Subclass(keras.Model):
    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.dense, self.reshape = layers.Dense(16), layers.Reshape(SHAPE)

    def call(self, codings):
        return self.reshape(self.dense(codings))


def sequential(activation=None):
    pixels = layers.Dense(16, activation=activation)
    return keras.Sequential([keras.Input((3,)), pixels, layers.Reshape(SHAPE)])


def of_classes():
    codings, labels = keras.Input((3,)), keras.Input((), dtype="int32")
    both = layers.Concatenate()([codings, layers.Embedding(2, 3)(labels)])
    images = layers.Reshape(SHAPE)(layers.Dense(16)(both))
    return keras.Model([codings, labels], images)


def discriminator(classes=False):
    images = keras.Input(SHAPE)
    scores = layers.Dense(1)(layers.Flatten()(images))
    logits = layers.Dense(2)(layers.Flatten()(images))
    return keras.Model(images, [scores, logits] if classes else scores)


GENERATORS = {
    "sequential": (sequential, {}),
    "subclass": (Subclass, {"codings_size": 3}),
    "classes": (of_classes, {"class_count": 2}),
}


@pytest.mark.parametrize(
    ("kind", "image_range"),
    [("sequential", None), ("sequential", (0, 1)), ("subclass", (-3, 1)), ("classes", (-3, 1))],
    ids=str,
)
def test_the_generators_file_of_a_run_makes_the_images_of_the_gan(kind, image_range, tmp_path):
    make, arguments = GENERATORS[kind]
    gan = GAN(
        make(), discriminator("class_count" in arguments), image_range=image_range, **arguments
    )
    folder = runs.RunFolder(tmp_path)
    folder.save(gan)
    for path in (folder.generator, folder.gan):
        sampler = Sampler.of(runs.load_model(path))
        assert sampler.image_range == gan.image_range
        assert np.array_equal(sampler.generate(5), gan.generate(5))


def test_the_page_reads_a_generator_from_such_a_file():
    gan = GAN(sequential(), discriminator(), image_range=(0, 2))
    graph = inference_graph(Sampler.of(gan.sampler().generator_to_save()))
    assert graph.image_range == (0.0, 2.0) and [op.kind for op in graph.ops] == ["dense", "reshape"]


@pytest.mark.parametrize("activation", [None, "relu"])
def test_a_generator_alone_without_a_known_range_is_refused(activation):
    generator = sequential(activation)
    with pytest.raises(ValueError, match="image_range"):
        Sampler.of(generator)
    assert Sampler(generator, image_range=(0, 1)).image_range == (0.0, 1.0)


def gan_of(generator, **arguments):
    return GAN(generator, discriminator(), **arguments)


@pytest.mark.parametrize("make", [Sampler, gan_of])
@pytest.mark.parametrize(
    ("activation", "own", "other"), [("tanh", (-1, 1), (0, 1)), ("sigmoid", (0, 1), (-1, 1))]
)
def test_a_range_that_the_last_activation_contradicts_is_refused(make, activation, own, other):
    with pytest.raises(ValueError, match=activation):
        make(sequential(activation), image_range=other)
    assert make(sequential(activation), image_range=own).image_range == own


def test_the_layer_of_the_file_tells_the_range_and_tanh_needs_none():
    gan = GAN(sequential(), discriminator(), image_range=(-2, 5))
    saved = gan.sampler().generator_to_save()
    assert GAN(saved, discriminator()).image_range == (-2.0, 5.0)
    with pytest.raises(ValueError, match="image_range"):
        Sampler(saved, image_range=(-1, 1))
    scaled = keras.Sequential([saved, layers.Rescaling(2.0)])  # the layer is not the last one
    with pytest.raises(ValueError, match="image_range"):
        Sampler(scaled)
    known = Sampler(sequential("tanh"))
    assert known.generator_to_save() is known.generator
