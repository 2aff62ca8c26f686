"""The networks of each preset, by what they compute: known weights and inputs, known outputs.

A list of layers does not show a slope, a momentum, an epsilon or a kernel that is left out. Weights
are drawn here by their shapes, in the order of `weights`, so initializers do not matter.
"""

import keras
import numpy as np
import pytest

from gan_model import networks, presets
from gan_model.model.labels import with_labels

NETWORKS = {
    "dense": lambda: players(presets.dense((12, 8), codings_size=6)),
    "dcgan": lambda: players(presets.dcgan((16, 20, 1), codings_size=6, dropout=0.0)),
    "guidelines": lambda: players(presets.guidelines((16, 20, 3), codings_size=6)),
    "modern": lambda: players(presets.modern((20, 36, 3), codings_size=6)),
    "modern, clusters": lambda: players(presets.modern((20, 16), codings_size=6, clusters=3)),
    "modern, large": lambda: (
        networks.modern.generator((132, 136, 1), codings_size=6),
        networks.modern.discriminator((132, 136, 1)),
    ),
    "modern_conditional": lambda: players(
        presets.modern_conditional((16, 20, 1), codings_size=6, class_count=3)
    ),
}

# Of each output, in training mode and then in inference mode: three projections.
GENERATOR = {
    "dense": [[-0.83734, -0.48789, -0.60924], [-0.83734, -0.48789, -0.60924]],
    "dcgan": [[-1.43739, -0.40037, -0.36836], [-0.70076, -0.76548, 0.21659]],
    "guidelines": [[-0.10028, 0.68125, -0.48233], [-1.29357, 0.15397, 0.16963]],
    "modern": [[-1.3073, -0.42112, -0.04111], [-1.8131, -0.08568, 0.17062]],
    "modern, clusters": [[0.37612, -0.7676, 0.18583], [1.12552, -0.7218, 0.37292]],
    "modern, large": [[-0.95407, 0.28952, -0.38704], [0.07, 0.00765, -0.05259]],
    "modern_conditional": [[-1.07189, 0.87225, -0.65545], [-1.13067, 0.90689, -0.47975]],
}
DISCRIMINATOR = {
    "dense": [[0.01018, 0.23446, 0.42483], [0.01018, 0.23446, 0.42483]],
    "dcgan": [[-0.01476, -0.13424, -0.03202], [-0.01476, -0.13424, -0.03202]],
    "guidelines": [[-0.56009, -1.60176, -1.69979], [-0.22329, -1.53503, -1.47557]],
    "modern": [[0.10257, 0.47406, 0.47272], [0.10257, 0.47406, 0.47272]],
    "modern, clusters": [[7.30155, -0.29863, -3.63405], [7.30155, -0.29863, -3.63405]],
    "modern, large": [[-0.01012, -0.30763, -0.2753], [-0.01012, -0.30763, -0.2753]],
    "modern_conditional": [
        [5.85974, -11.9937, -8.72676],
        [0.31867, 0.23748, -0.93888],
        [5.85974, -11.9937, -8.72676],
        [0.31867, 0.23748, -0.93888],
    ],
}


def players(gan):
    return gan.generator, gan.discriminator


def draw_weights(network):
    rng = np.random.default_rng(0)
    for weight in network.weights:
        if "float" not in weight.dtype:
            continue  # the state of a random generator
        inputs = np.prod(weight.shape[:-1]) if len(weight.shape) > 1 else 1
        drawn = rng.normal(0, inputs**-0.5, weight.shape)
        weight.assign(np.abs(drawn) + 0.5 if weight.path.endswith("variance") else drawn)


def projections(network, inputs):
    """In training mode, which changes moving averages, and then in inference mode with them."""
    draw_weights(network)
    numbers = []
    for training in (True, False):
        for output in keras.tree.flatten(network(inputs, training=training)):
            values = keras.ops.convert_to_numpy(output).ravel().astype(np.float64)
            directions = np.random.default_rng(1).normal(size=(3, len(values)))
            numbers.append(directions @ values / len(values) ** 0.5)
    return np.array(numbers)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_preset_computes_what_it_always_did(name):
    generator, discriminator = NETWORKS[name]()
    rng = np.random.default_rng(2)
    labels = np.array([0, 2, 1, 2], np.int32)
    codings = rng.normal(size=(4, 6)).astype(np.float32)
    of_classes = labels if len(generator.inputs) > 1 else None
    seen = projections(generator, with_labels(codings, of_classes))
    np.testing.assert_allclose(seen, GENERATOR[name], atol=2e-4)
    images = rng.uniform(-1, 1, (4, *generator.output_shape[1:])).astype(np.float32)
    of_images = labels if len(discriminator.inputs) > 1 else None
    seen = projections(discriminator, with_labels(images, of_images))
    np.testing.assert_allclose(seen, DISCRIMINATOR[name], atol=2e-4)
