"""What a user's own parts must be, as protocols that a reader and a type checker can use."""

import inspect

import keras
import pytest

from gan_model import GAN, augmenting, averaging, features, losses, metrics, penalties, presets
from gan_model.callbacks import alarms

PUBLIC = [
    *(GAN.__init__, GAN.compile, GAN.fit, GAN.evaluate, GAN.call, GAN.generate, GAN.sampler),
    *(GAN.train_step, GAN.begin_step, GAN.forward, GAN.discriminate),
    *(GAN.discriminator_loss, GAN.generator_loss, GAN.networks_of),
    *presets.PRESETS.values(),
]


@pytest.mark.parametrize(
    ("contract", "parts"),
    [
        (
            losses.Loss,
            [
                *(losses.Minimax(), losses.NonSaturating(), losses.BinaryCrossentropy()),
                *(losses.Hinge(), losses.LeastSquares(), losses.Wasserstein()),
                *(losses.Relativistic(), losses.RelativisticAverage()),
            ],
        ),
        (averaging.Average, [averaging.ExponentialMovingAverage()]),
        (
            metrics.Measure,
            [
                *(metrics.SlicedWasserstein(), metrics.PowerSpectrum()),
                metrics.FeatureMetrics(features.pixels()),
            ],
        ),
        (alarms.Alarm, [alarms.Exploding(), alarms.DiscriminatorWon(), alarms.Collapse()]),
    ],
    ids=["loss", "average", "measure", "alarm"],
)
def test_every_part_fulfils_its_contract_and_another_does_not(contract, parts):
    for part in parts:
        assert isinstance(part, contract)
    for other in (penalties.R1(), augmenting.DiffAugment(), keras.losses.BinaryCrossentropy()):
        assert not isinstance(other, contract)


@pytest.mark.parametrize("function", PUBLIC, ids=lambda function: function.__qualname__)
def test_what_users_call_and_override_says_what_it_gives(function):
    assert inspect.signature(function).return_annotation is not inspect.Signature.empty
