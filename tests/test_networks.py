"""The recipes, layer by layer, and what the guidelines demand at every size."""

import math

import keras
import numpy as np
import pytest
from keras import layers

from gan_model import augmenting, networks, penalties, presets
from gan_model.averaging import ExponentialMovingAverage
from gan_model.losses import ClassCrossEntropy
from gan_model.model.labels import with_labels
from gan_model.networks.conditional import ConditionalBatchNormalization
from gan_model.networks.equalized import EqualizedAdam
from gan_model.networks.layers import UpsampledConv2D
from gan_model.presets import rules

SIZES = [(16, 16, 1), (16, 128, 3), (20, 36, 1), (28, 28, 1), (32, 32, 3), (128, 128, 3)]


def described(model):
    """Each layer as its class and what the recipe says of it."""
    wanted = ("units", "filters", "kernel_size", "strides", "padding", "rate", "negative_slope")
    lines = []
    for layer in model.layers:
        config = layer.get_config()
        said = [config[name] for name in wanted if name in config]
        activation = config.get("activation", "linear")
        lines.append((type(layer).__name__, *said, *([activation] * (activation != "linear"))))
    return lines


def test_recipe_1():
    gan = presets.dense()
    assert gan.codings_size == 30 and gan.image_shape == (28, 28) and gan.image_range == (0, 1)
    assert described(gan.generator) == [
        ("Dense", 100, "selu"),
        ("Dense", 150, "selu"),
        ("Dense", 784, "sigmoid"),
        ("Reshape",),
    ]
    # The sigmoid of the last layer is in the loss.
    assert described(gan.discriminator) == [
        ("Flatten",),
        ("Dense", 150, "selu"),
        ("Dense", 100, "selu"),
        ("Dense", 1),
    ]


def test_recipe_2():
    gan = presets.dcgan()
    assert gan.codings_size == 100 and gan.image_shape == (28, 28, 1)
    assert gan.image_range == (-1, 1)
    assert described(gan.generator) == [
        ("Dense", 7 * 7 * 128),
        ("Reshape",),
        ("BatchNormalization",),
        ("Conv2DTranspose", 64, (5, 5), (2, 2), "same", "selu"),
        ("BatchNormalization",),
        ("Conv2DTranspose", 1, (5, 5), (2, 2), "same", "tanh"),
    ]
    assert gan.generator.layers[1].output.shape == (None, 7, 7, 128)
    assert described(gan.discriminator) == [
        ("Conv2D", 64, (5, 5), (2, 2), "same"),
        ("LeakyReLU", pytest.approx(0.2)),
        ("Dropout", 0.4),
        ("Conv2D", 128, (5, 5), (2, 2), "same"),
        ("LeakyReLU", pytest.approx(0.2)),
        ("Dropout", 0.4),
        ("Flatten",),
        ("Dense", 1),
    ]


@pytest.mark.parametrize("preset", [presets.dense, presets.dcgan])
def test_the_recipes_optimizers(preset):
    gan = preset()
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.RMSprop)
        assert float(optimizer.learning_rate) == pytest.approx(0.001) and optimizer.rho == 0.9


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_guidelines_at_every_size(shape):
    generator = networks.guidelines.generator(shape, codings_size=10, filters=8)
    discriminator = networks.guidelines.discriminator(shape, filters=8)
    images = generator(np.zeros((2, 10), "float32"), training=False)
    assert images.shape == (2, *shape)
    assert discriminator(images, training=False).shape == (2, 1)
    # No pooling, no hidden dense layer.
    kinds = [type(layer) for model in (generator, discriminator) for layer in model.layers]
    assert kinds.count(layers.Dense) == 1 and type(discriminator.layers[-1]) is layers.Dense
    assert not any("Pooling" in kind.__name__ for kind in kinds)
    # Batch norm after every convolution but the generator's last and the discriminator's first.
    assert [type(layer) for layer in generator.layers][-1] is layers.Conv2DTranspose
    for model, convolution, bare in (
        (generator, layers.Conv2DTranspose, -1),
        (discriminator, layers.Conv2D, 0),
    ):
        places = [i for i, layer in enumerate(model.layers) if type(layer) is convolution]
        del places[bare]
        assert all(type(model.layers[i + 1]) is layers.BatchNormalization for i in places)
        norms = sum(type(layer) is layers.BatchNormalization for layer in model.layers)
        assert norms == len(places)
    assert {layers.LeakyReLU} == {kind for kind in kinds if kind.__name__.endswith("LeakyReLU")}
    assert layers.ReLU in kinds and generator.layers[-1].activation is keras.activations.tanh


def test_guidelines_initialisation_and_optimizers():
    """Normal with deviation 0.02 everywhere, Adam 2e-4 with beta_1 0.5 (Radford et al., 2016)."""
    keras.utils.set_random_seed(0)
    gan = presets.guidelines()
    kernels = [w for w in gan.trainable_variables if w.path.endswith("kernel")]
    assert len(kernels) == 6
    for kernel in kernels:
        assert kernel.numpy().std() == pytest.approx(0.02, rel=0.05)
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.Adam) and optimizer.beta_1 == 0.5
        assert float(optimizer.learning_rate) == pytest.approx(2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("class_count", [None, 3], ids=["alone", "with classes"])
@pytest.mark.parametrize("shape", [*SIZES, (132, 136, 3)], ids=str)
def test_modern_at_every_size(shape, class_count):
    own = {"filters": 8, "class_count": class_count}
    generator = networks.modern.generator(shape, codings_size=10, **own)
    discriminator = networks.modern.discriminator(shape, **own)
    labels = keras.ops.convert_to_tensor([0, 2]) if class_count else None
    images = generator(with_labels(keras.ops.zeros((2, 10)), labels), training=False)
    assert images.shape == (2, *shape)
    judged = discriminator(with_labels(images, labels), training=False)
    shapes = [one.shape for one in judged] if class_count else judged.shape
    assert shapes == ([(2, 1), (2, class_count)] if class_count else (2, 1))
    # The generator repeats pixels, the discriminator never mixes the images of a batch.
    kinds = {type(layer) for layer in generator.layers}
    assert layers.Conv2DTranspose not in kinds and UpsampledConv2D in kinds
    assert not any("Normalization" in type(layer).__name__ for layer in discriminator.layers)
    assert (ConditionalBatchNormalization in kinds) == bool(class_count)
    convolutions = layers.Conv2D, UpsampledConv2D
    widths = [layer.filters for layer in generator.layers if type(layer) in convolutions]
    assert widths == [*sorted(widths[:-1], reverse=True), shape[-1]]
    assert widths[-2] == (16 if math.prod(shape[:2]) > 128**2 else 8)


def test_larger_images_get_lower_learning_rates():
    rates = {
        (28, 28): (1e-3, 2e-3),
        (16, 16): (1e-3, 2e-3),
        (112, 28): (1e-3 / 8**0.5, 2e-3 / 2**0.5),
        (63, 63): (1e-3 / 1.5**3, 2e-3 / 1.5),
        (112, 112): (2.5e-4, 1e-3),
        (252, 252): (2.5e-4, 2e-3 / 3),
    }
    for shape, expected in rates.items():
        assert rules.learning_rates_for(shape) == pytest.approx(expected)
    gan = presets.modern((112, 28, 3), discriminator_learning_rate=3e-3)
    rates = gan.generator_optimizer.learning_rate, gan.discriminator_optimizer.learning_rate
    np.testing.assert_allclose(rates, (1e-3 / 8**0.5, 3e-3), rtol=1e-6)


def test_modern_by_itself_is_its_recipe():
    gan = presets.modern()
    assert (gan.penalty, gan.average) == (
        penalties.R1(1.0, every=8),
        ExponentialMovingAverage(50_000),
    )
    assert gan.augment is None and gan.averaged_generator is not None
    assert type(gan.generator_optimizer) is keras.optimizers.Adam
    assert type(gan.discriminator_optimizer) is EqualizedAdam
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert (optimizer.beta_1, optimizer.beta_2) == (0.0, 0.99)
    other = {"penalty": None, "average": None, "augment": augmenting.HorizontalFlip()}
    gan = presets.modern(**other)
    assert {name: getattr(gan, name) for name in other} == other


def test_modern_conditional_classifies_by_the_image_alone():
    gan = presets.modern_conditional((16, 16, 1), class_count=3)
    assert gan.class_loss == ClassCrossEntropy(0.3)
    images = np.random.default_rng(0).uniform(-1, 1, (4, 16, 16, 1)).astype("f4")
    of_class = next(w for w in gan.discriminator.trainable_weights if "embedding" in w.path)
    of_class.assign(np.random.default_rng(1).normal(size=of_class.shape))
    told = [gan.discriminator([images, np.full(4, label)]) for label in (0, 2)]
    assert np.array_equal(told[0][1], told[1][1])
    assert not np.allclose(told[0][0], told[1][0])


@pytest.mark.slow
def test_output_layers_compute_in_float32_under_bfloat16():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        for name in presets.PRESETS:
            gan = presets.PRESETS[name]()
            assert gan.generator.layers[-1].compute_dtype == "float32"
            judging = [layer.compute_dtype for layer in gan.discriminator.layers]
            outputs = 2 if gan.classifies else 1
            assert judging[-outputs:] == outputs * ["float32"]
            assert judging[1] == "bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
