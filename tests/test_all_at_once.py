"""All aids of a training at once: a run goes on to the bit, however it is cut and executed."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from test_averaging import QUICKLY
from test_resume import Process, same

from gan_model.augmenting import Adaptive, DiffAugment, HorizontalFlip
from gan_model.penalties import R1, GradientPenalty, WeightClipping

# Each counts steps of its own: the generator's turn, both penalties, the looks at the scores.
# p rises quickly, so that it is somewhere between its ends.
AIDS = dict(
    discriminator_steps=3,
    penalty=R1(2.0, every=3) + GradientPenalty(1.0, every=2),
    constraint=WeightClipping(0.1),
    average=QUICKLY,
    augment=Adaptive(HorizontalFlip() + DiffAugment(), target=-0.9, every=3, speed=300),
    steps_per_execution=4,
)


@pytest.mark.slow
def test_two_epochs_and_two_more_are_four(tmp_path):
    """5 steps an epoch: the cut lies in the middle of all that is counted."""
    whole = Process("dcgan", compiled=AIDS).fit(tmp_path / "whole", epochs=4, steps=5)
    Process("dcgan", compiled=AIDS).fit(tmp_path / "cut", epochs=2, steps=5)
    ended = Process("dcgan", drawn=1, compiled=AIDS).fit(tmp_path / "cut", epochs=4, steps=5)
    assert same(ended.state, whole.state)
    figures = whole.history.history
    assert ended.history.history == figures
    assert int(whole.gan.generator_optimizer.iterations) == 20 // 3
    assert len(set(figures["augmentation_probability"])) > 2 and len(set(figures["penalty"])) == 4


@pytest.mark.slow
@pytest.mark.parametrize("jit", [False, True])
def test_the_steps_of_one_execution_are_no_matter_of_the_result(jit):
    """dcgan has dropout, whose random state must move in the steps that are due alone.

    With XLA all but brightness: it may round once where the image is scaled and made lighter.
    """
    augment = AIDS["augment"]
    if jit:
        augment = replace(augment, augment=HorizontalFlip() + DiffAugment(colour=False))
    states = []
    for count in (1, 4):
        compiled = AIDS | dict(augment=augment, steps_per_execution=count, jit_compile=jit)
        states.append(Process("dcgan", compiled=compiled).fit(None, epochs=2, steps=7).state)
    assert same(*states)


@pytest.mark.slow
def test_a_model_loaded_from_its_file_goes_on_as_if_nothing_had_happened(tmp_path):
    gone_on = Process("dcgan", compiled=AIDS).fit(None, epochs=1, steps=5)
    gone_on.gan.save(tmp_path / "gan.keras")
    loaded = Process("dcgan", drawn=1, model=keras.models.load_model(tmp_path / "gan.keras"))
    assert {name: getattr(loaded.gan, name) for name in AIDS} == AIDS
    assert (
        float(loaded.gan.augmentation_probability)
        == float(gone_on.gan.augmentation_probability)
        > 0
    )
    assert np.array_equal(loaded.gan.generate(3), gone_on.gan.generate(3))
    for process in (gone_on, loaded):
        process.fit(None, initial_epoch=1, epochs=2, steps=5)
    assert same(loaded.state, gone_on.state)
    assert loaded.history.history == gone_on.history.history
