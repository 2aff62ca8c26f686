"""All aids of a training at once: a run goes on to the bit, however it is cut and executed."""

import shutil
import types
from dataclasses import replace

import keras
import numpy as np
import pytest
from conv_gan import conv_gan
from test_averaging import QUICKLY
from test_resume import SHAPE, Process, same

from gan_model.augmenting import Adaptive, DiffAugment, HorizontalFlip
from gan_model.penalties import R1, GradientPenalty, WeightClipping

# Each counts steps of its own: the generator's turn, both penalties, the looks at the scores.
# p rises quickly, so that it is somewhere between its ends. Few augmentations are traced in less
# time: all draw alike, and those of test_nor_are_those_that_xla_compiles are more.
AIDS = dict(
    discriminator_steps=3,
    penalty=R1(2.0, every=3) + GradientPenalty(1.0, every=2),
    constraint=WeightClipping(0.1),
    average=QUICKLY,
    augment=Adaptive(HorizontalFlip(), target=-0.9, every=3, speed=300),
    steps_per_execution=4,
)
STEPS = 5  # an epoch: the cut after two lies in the middle of all that is counted


def process(drawn=0, **compiled):
    gan = conv_gan(SHAPE, drawn=drawn, seed=3)
    gan.compile()
    return Process(None, drawn=drawn, model=gan, compiled=AIDS | compiled)


class InTheMiddle(keras.callbacks.Callback):
    """The GAN as it is after two epochs: its file, and what it makes."""

    def __init__(self, folder):
        super().__init__()
        self.file = folder / "gan.keras"

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            self.model.save(self.file)
            self.images = self.model.generate(3)
            self.probability = float(self.model.augmentation_probability)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Four epochs without a cut."""
    folder = tmp_path_factory.mktemp("whole")
    ended, middle = process(), InTheMiddle(folder)
    ended.fit(folder / "run", epochs=4, steps=STEPS, also=[middle])
    return types.SimpleNamespace(
        run=folder / "run", middle=middle, ended=ended, figures=ended.history.history
    )


@pytest.mark.slow
def test_two_epochs_and_two_more_are_four(whole, tmp_path):
    run = shutil.copytree(whole.run, tmp_path / "run")
    for epoch in (3, 4):
        (run / "checkpoints" / f"epoch-{epoch:05d}.npz").unlink()
    ended = process(drawn=1).fit(run, epochs=4, steps=STEPS)
    assert ended.batches == whole.ended.batches[2 * STEPS :]
    assert same(ended.state, whole.ended.state)
    assert ended.history.history == whole.figures
    assert int(whole.ended.gan.generator_optimizer.iterations) == 20 // 3
    assert len(set(whole.figures["augmentation_probability"])) > 2
    assert len(set(whole.figures["penalty"])) == 4


@pytest.mark.slow
@pytest.mark.soak
def test_the_steps_of_one_execution_are_no_matter_of_the_result(whole):
    """The dropout's random state must move in the steps that are due alone."""
    one = process(steps_per_execution=1).fit(None, epochs=4, steps=STEPS)
    assert same(one.state, whole.ended.state)


@pytest.mark.slow
@pytest.mark.soak
def test_nor_are_those_that_xla_compiles():
    """One penalty compiles in less time, and brightness may be rounded once where it is scaled."""
    augment = replace(AIDS["augment"], augment=HorizontalFlip() + DiffAugment(colour=False))
    states = []
    for count in (1, 4):
        compiled = dict(penalty=R1(2.0, every=3), augment=augment, steps_per_execution=count)
        states.append(process(**compiled, jit_compile=True).fit(None, epochs=2, steps=7).state)
    assert same(*states)


@pytest.mark.slow
@pytest.mark.soak
def test_a_model_loaded_from_its_file_goes_on_as_if_nothing_had_happened(whole):
    loaded = Process(None, drawn=1, model=keras.models.load_model(whole.middle.file))
    assert {name: getattr(loaded.gan, name) for name in AIDS} == AIDS
    assert float(loaded.gan.augmentation_probability) == whole.middle.probability > 0
    assert np.array_equal(loaded.gan.generate(3), whole.middle.images)
    loaded.fit(None, initial_epoch=2, epochs=4, steps=STEPS)
    assert loaded.batches == whole.ended.batches[2 * STEPS :]
    assert same(loaded.state, whole.ended.state)
    found = loaded.history.history
    assert found == {name: whole.figures[name][2:] for name in found}
