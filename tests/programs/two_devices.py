"""MirroredStrategy over two logical CPUs, case after case, each a function of this file.

With TF_CONFIG in its environment it is one of several workers instead.

    python tests/programs/two_devices.py FOLDER CASE...

Says `CASE: passed`, or why not, of each case; its status is the number of those that failed.
"""

import contextlib
import gc
import itertools
import json
import os
import shutil
import sys
import traceback
import weakref
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_gan import conv_gan
from dense_gan import dense_gan
from tensorflow.python.framework import ops
from test_dirac import PSI, RATE, THETA, NonSaturating, Wasserstein, dirac, sigmoid, state
from without_xla import switch

from gan_model import (
    GAN,
    averaging,
    callbacks,
    features,
    metrics,
    networks,
    presets,
    replicas,
)
from gan_model.augmenting import Adaptive, DiffAugment, HorizontalFlip
from gan_model.callbacks import alarms
from gan_model.data import dataset
from gan_model.losses import BinaryCrossentropy, RelativisticAverage
from gan_model.model import execution
from gan_model.model.random import TRAINING, RandomStreams
from gan_model.penalties import DRAGAN, R1, R2, GradientPenalty, WeightClipping

IMAGES = np.random.default_rng(0).integers(0, 256, (64, 16, 16), dtype=np.uint8)
SCATTERED = np.sin(np.arange(12, dtype="float32")).reshape(12, 1, 1)


def zero_images(steps):
    """Images (8 x steps, 1, 1) of a whole epoch: for so many batches of 8."""
    return np.zeros((8 * steps, 1, 1), "float32")


def assert_same_on_both(variables):
    for variable in variables:
        first, *others = variable.value.values
        assert len(others) == (0 if "TF_CONFIG" in os.environ else 1), variable.path
        assert all(np.array_equal(first, other) for other in others), variable.path


def small(shape, *, seed=0):
    """Of few layers, and as many steps in an execution as `presets.dense` has."""
    gan = dense_gan(shape, codings_size=30, dropout=0.3, seed=seed)
    optimizers = [keras.optimizers.RMSprop(0.001) for _ in range(2)]
    gan.compile(BinaryCrossentropy(), *optimizers, steps_per_execution=24)
    return gan


class AfterEach(keras.callbacks.Callback):
    """What `read()` gives after each epoch."""

    def __init__(self, read):
        super().__init__()
        self.seen, self._read = [], read

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(self._read())


def without_a_graph_alone(gan):
    """The same steps on one device, to compare with a few on two, whose graph is the subject."""
    gan.run_eagerly = not tf.distribute.has_strategy()
    return gan


def dirac_by_hand(strategy, folder):
    with strategy.scope():
        gan = dirac(NonSaturating())
    history = gan.fit(zero_images(5), batch_size=8, verbose=0).history
    psi, theta, losses = PSI, THETA, []
    for _ in range(5):
        losses.append(np.log(2) + np.log(1 + np.exp(psi * theta)))
        psi -= RATE * sigmoid(psi * theta) * theta
        theta += RATE * sigmoid(-psi * theta) * psi
    np.testing.assert_allclose(state(gan), (psi, theta), atol=1e-6)
    np.testing.assert_allclose(history["discriminator_loss"], np.mean(losses), rtol=1e-5)
    assert int(gan.step.numpy()) == 5 and int(gan.images_seen.numpy()) == 40


def penalties_by_hand(strategy, folder):
    with strategy.scope():
        gan = dirac(NonSaturating(), penalty=R1(2.0, every=2) + R2(1.0))
    history = gan.fit(zero_images(5), batch_size=8, verbose=0).history
    psi, theta, paid = PSI, THETA, []
    for step in range(5):
        charged = psi + 4.0 * psi * (step % 2 == 0)
        paid.append(psi**2 / 2 + 4.0 * psi**2 / 2 * (step % 2 == 0))
        psi -= RATE * (sigmoid(psi * theta) * theta + charged)
        theta += RATE * sigmoid(-psi * theta) * psi
    np.testing.assert_allclose(state(gan), (psi, theta), atol=1e-6)
    np.testing.assert_allclose(history["penalty"], np.mean(paid), rtol=1e-5)


def adaptive_augmentation(strategy, folder):
    with strategy.scope():
        gan = dirac(Wasserstein(), augment=Adaptive(HorizontalFlip(), every=2, speed=100))
    gan.discriminator_optimizer.learning_rate = 0.0
    # All scores of the first device are above 0, three of four of the second: together r is 3/4.
    real = np.array([1, 1, 1, 1, 1, 1, 1, -1], "float32").reshape(8, 1, 1)
    each = AfterEach(lambda: gan.augmentation_probability.numpy())
    gan.fit(real, batch_size=8, shuffle=False, epochs=4, callbacks=[each], verbose=0)
    if gan.workers.is_chief:  # the only one whose callbacks are called
        np.testing.assert_allclose(each.seen, [0, 0.16, 0.16, 0.32], atol=1e-6)
    np.testing.assert_allclose(gan.augmentation_probability.numpy(), 0.32, atol=1e-6)


def each_takes_its_rows_of_what_one_device_draws(strategy, folder):
    alone = RandomStreams(0, 7).stream(TRAINING)
    for counts in ((3, 2), (4, 0), (2, 2)):

        def rows(counts=counts):
            context = tf.distribute.get_replica_context()
            count = tf.constant(counts)[context.replica_id_in_sync_group]
            stream = RandomStreams(0, 7, replicas.share(count)).stream(TRAINING)
            return stream.normal(count, 30), stream.uniform(count, 5)

        drawn = strategy.experimental_local_results(strategy.run(tf.function(rows)))
        normal, uniform = (np.concatenate(both) for both in zip(*drawn, strict=True))
        np.testing.assert_allclose(normal, alone.normal(sum(counts), 30), atol=1e-5)
        assert np.array_equal(uniform, alone.uniform(sum(counts), 5))


def turns_by_hand(strategy, folder):
    with strategy.scope():
        gan = dirac(Wasserstein(), discriminator_steps=3)
    gan.fit(zero_images(7), batch_size=8, verbose=0)
    psi, theta = PSI, THETA
    for step in range(7):
        psi -= RATE * theta
        if (step + 1) % 3 == 0:
            theta += RATE * psi
    np.testing.assert_allclose(state(gan), (psi, theta), atol=1e-6)
    assert int(gan.generator_optimizer.iterations.numpy()) == 2


def mean_scores_of_all(strategy, folder):
    """Half of the real images are 1 and half 3, so a device by itself would find other means."""
    real = np.repeat([1.0, 3.0], 4).astype("float32").reshape(8, 1, 1)
    ends = []
    for scope in (contextlib.nullcontext(), strategy.scope()):
        with scope:
            gan = without_a_graph_alone(dirac(RelativisticAverage(), penalty=DRAGAN(1.0, every=2)))
        history = gan.fit(real, batch_size=8, shuffle=False, epochs=4, verbose=0).history
        ends.append((*state(gan), *history["discriminator_loss"], *history["penalty"]))
    np.testing.assert_allclose(*ends, rtol=1e-5)


# Low rates: at those of the presets a change of one unit in the last place grows as fast.
RATES = {"generator_learning_rate": 1e-5, "discriminator_learning_rate": 1e-5}
AUGMENTED = {"augment": Adaptive(DiffAugment(), speed=2_000), **RATES}
SMALL = {
    "dense": (presets.dense, {}),
    "modern": (presets.modern, AUGMENTED),
    "modern_conditional": (presets.modern_conditional, {"class_count": 3, **AUGMENTED}),
}
STEPS = {"dense": 50, "modern": 8, "modern_conditional": 8}


class Brightness(GAN):
    """Returns one figure more, of each image, from a step that every GAN can override."""

    def train_step(self, data):
        pixels = tf.reduce_mean(tf.cast(data, tf.float32), axis=(1, 2))
        return {**super().train_step(data), "brightness": pixels}


def figures_of_any_name(strategy, folder):
    """The mean over images; of the last step the devices have 2 each."""
    values = np.arange(12, dtype="float32") / 12
    with strategy.scope():
        networks = dense_gan((4, 4), codings_size=2)
        gan = Brightness(networks.generator, networks.discriminator)
        gan.compile(discriminator_steps=2, steps_per_execution=2)
    images = np.tile(values[:, None, None], (1, 4, 4))
    history = gan.fit(images, batch_size=8, shuffle=False, epochs=2, verbose=0).history
    np.testing.assert_allclose(history["brightness"], [values.mean()] * 2, rtol=1e-5)
    assert int(gan.generator_optimizer.iterations.numpy()) == 2


def same_as_one_device(strategy, folder):
    """`modern_conditional` has all of `modern`, and labels."""
    for name in ("dense", "modern_conditional"):
        compare(strategy, name, *SMALL[name], after={1: 2e-6, STEPS[name]: 2e-3})


def modern_as_one_device(strategy, folder):
    compare(strategy, "modern", *SMALL["modern"], after={1: 2e-6, STEPS["modern"]: 2e-3})


def examples_as_one_device(strategy, folder):
    """The models of experiments/examples, with dense networks: their own have dropout."""
    examples = Path(__file__).parents[2] / "experiments" / "examples"
    sys.path.insert(0, str(examples))
    import bigan
    import feature_matching
    import infogan
    import two_discriminators

    def dense(shape, outputs):
        flat = [keras.layers.Flatten(), keras.layers.Dense(8, activation="tanh")]
        return keras.Sequential([keras.Input(shape), *flat, keras.layers.Dense(outputs)])

    def of_pairs(shape):
        images, codings = keras.Input(shape), keras.Input((12,))
        pair = keras.layers.Concatenate()([keras.layers.Flatten()(images), codings])
        return keras.Model([images, codings], keras.layers.Dense(1)(pair))

    for kind, discriminator, further in (
        (infogan.InfoGAN, dense, {"recognizer": lambda shape: dense(shape, infogan.CATEGORIES)}),
        (feature_matching.FeatureMatchingGAN, dense, {}),
        (bigan.BiGAN, lambda shape, _: of_pairs(shape), {"encoder": lambda s: dense(s, 12)}),
        (
            two_discriminators.TwoDiscriminatorsGAN,
            dense,
            {"coarse_discriminator": lambda shape: dense((8, 8, 1), 1)},
        ),
    ):

        def build(size, seed, kind=kind, discriminator=discriminator, further=further):
            shape = (*size, 1)
            generator = networks.dense.generator(shape, codings_size=12)
            more = {name: network(shape) for name, network in further.items()}
            gan = kind(generator, discriminator(shape, 1), seed=seed, **more)
            sgd = [keras.optimizers.SGD(0.1) for _ in gan.networks]
            of_further = dict(zip(more, sgd[2:], strict=True))
            gan.compile(RelativisticAverage(), *sgd[:2], optimizers=of_further, penalty=R1(0.1))
            return gan

        compare(strategy, kind.__name__, build, {}, after={1: 2e-6, 4: 1e-4})


def fifty_steps(strategy, folder):
    for name in ("modern", "modern_conditional"):
        compare(strategy, name, *SMALL[name], after={1: 2e-6, 50: 2e-3})


def clipped(strategy, folder):
    clipped_as_on_one_device(strategy, {"global_clipnorm": 0.05}, {"clipnorm": 0.02})


def clipped_by_value(strategy, folder):
    clipped_as_on_one_device(strategy, {"clipvalue": 0.001}, {"global_clipnorm": 0.05})


def clipped_as_on_one_device(strategy, *settings):
    """With these settings of the optimizers of generator and discriminator."""

    def preset(shape, **arguments):
        gan = presets.dense(shape, **arguments)
        optimizers = [keras.optimizers.SGD(0.1, **clipping) for clipping in settings]
        gan.compile(gan.loss, *optimizers, penalty=R1(1.0))
        return without_a_graph_alone(gan)

    compare(strategy, str(settings), preset, {}, after={6: 2e-6}, validation=False)


def accumulated(strategy, folder):
    """With `discriminator_steps`, clipped and decayed, as one device does."""
    settings = {"gradient_accumulation_steps": 2, "global_clipnorm": 0.5, "weight_decay": 0.1}

    def fit():
        gan = dirac(NonSaturating())
        optimizers = [keras.optimizers.SGD(RATE, **settings) for _ in range(2)]
        gan.compile(NonSaturating(), *optimizers, penalty=R1(1.0), discriminator_steps=2)
        without_a_graph_alone(gan)
        history = gan.fit(SCATTERED, batch_size=4, epochs=4, verbose=0).history
        assert gan.generator_optimizer.iterations == 3
        assert abs(state(gan)[0] - PSI) > 0.1 and abs(state(gan)[1] - THETA) > 0.01
        yield *state(gan), *np.ravel(list(history.values()))

    assert_as_on_one_device(strategy, fit)


class Batches(keras.callbacks.Callback):
    """The numbers of the batches after which callbacks are called."""

    def on_train_begin(self, logs=None):
        self.ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(batch)


def several_steps_in_a_call(strategy, folder):
    """Five batches by three, then two; held out are three, of which one is not full."""

    def fit():
        gan = without_a_graph_alone(dirac(NonSaturating(), steps_per_execution=3))
        batches = Batches()
        options = {"batch_size": 2, "epochs": 2, "callbacks": [batches], "verbose": 0}
        history = gan.fit(SCATTERED[:10], validation_data=SCATTERED[7:], **options).history
        if gan.workers.is_chief:
            assert batches.ends[0] == 2 and len(batches.ends) == 4, batches.ends
        assert int(gan.step.numpy()) == 10 and len(history["val_generator_loss"]) == 2
        yield *state(gan), *np.ravel(list(history.values()))

    assert_as_on_one_device(strategy, fit)


def assert_as_on_one_device(strategy, fit):
    """`fit` yields rows of numbers, on one device and on all of them."""
    ends = []
    for scope in (contextlib.nullcontext(), strategy.scope()):
        with scope:
            ends.append(list(fit()))
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)


def only_in_its_scope_it_is_compiled(strategy, folder):
    with strategy.scope():
        gan = dirac(RelativisticAverage())
        inside = alarms.loss_bounds(RelativisticAverage())
    assert inside == alarms.loss_bounds(RelativisticAverage())
    with pytest.raises(ValueError, match="made for 2 devices and is compiled for 1"):
        gan.compile()


def xla_is_refused(strategy, folder):
    path = folder.with_suffix(f".{os.getpid()}.keras")
    alone = presets.dense((16, 16))
    alone.compile(alone.loss, jit_compile=True)
    alone.save(path)
    with strategy.scope():
        gan = dirac(Wasserstein())
        with pytest.raises(ValueError, match="XLA cannot compile a step of 2 devices"):
            gan.compile(jit_compile=True)
        assert not keras.saving.load_model(path).jit_compile
        gan.compile(jit_compile="auto")


def a_batch_alone_is_refused(strategy, folder):
    with strategy.scope():
        gan = dirac(NonSaturating())
    for method in (gan.train_on_batch, gan.test_on_batch):
        with pytest.raises(ValueError, match="is for one device"):
            method(zero_images(1))


def in_bfloat16(strategy, folder):
    """Gradients are rounded to 8 bits on each device before they are added up."""

    def preset(shape, **arguments):
        gan = presets.dense(shape, **arguments)
        assert gan.generator.layers[1].compute_dtype == "bfloat16"
        gan.compile(gan.loss, *[keras.optimizers.SGD(0.1) for _ in range(2)], penalty=R1(1.0))
        return gan

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        compare(strategy, "bfloat16", preset, {}, after={4: 5e-3}, validation=False)
    finally:
        keras.config.set_dtype_policy("float32")


class Keeps(keras.callbacks.Callback):
    """The variables after each `fit`."""

    def on_train_end(self, logs=None):
        self.seen = [*getattr(self, "seen", []), [one.numpy() for one in self.model.variables]]


def compare(strategy, name, preset, arguments, *, after, validation=True):
    """Trains on one device and on two, in batches of 7, which two cannot divide.

    `after` has the greatest difference allowed after numbers of steps: of a variable, as a part of
    its greatest value or of 1, and a tenth of that of a figure in the logs, which is a mean over
    the steps since the number before.
    """
    kept, logs, ends = [], [], sorted(after)
    for scope in (contextlib.nullcontext(), strategy.scope()):
        keras.utils.set_random_seed(0)
        with scope:
            gan = preset((16, 16), **arguments, seed=5)
        labels = np.arange(7) % 3 if gan.class_count else None
        data, keeps = dataset(IMAGES[:7], labels, batch_size=7, seed=1), Keeps()
        options = {"callbacks": [keeps], "verbose": 0}
        options |= {"validation_data": data} if validation else {}
        for begin, end in itertools.pairwise([0, *ends]):
            logs.append(gan.fit(data, steps_per_epoch=end - begin, **options).history)
        kept.append(getattr(keeps, "seen", None))
    if kept[1] is None:  # a worker that follows, whose callbacks are not called
        return
    for place, steps in enumerate(ends):
        bound, pairs = after[steps], zip(kept[0][place], kept[1][place], strict=True)
        differences = [np.abs(a - b).max() / max(1, np.abs(a).max()) for a, b in pairs]
        print(f"{name}, {steps} steps: {max(differences):.2g}", file=sys.stderr)
        assert max(differences) <= bound, (name, steps, max(differences))
        on_one, on_two = logs[place], logs[place + len(ends)]
        assert on_one.keys() == on_two.keys()
        for figure in on_one:
            one, other = on_one[figure][-1], on_two[figure][-1]
            assert abs(one - other) <= 10 * bound * max(1, abs(one)), (name, steps, figure)


def bounded_discriminator(strategy, folder):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        discriminator = networks.spectral.normalized(networks.dcgan.discriminator((16, 16, 1)))
        gan = GAN(networks.dcgan.generator((16, 16, 1), codings_size=4), discriminator)
        penalty = GradientPenalty(1.0) + DRAGAN(1.0)
        gan.compile(RelativisticAverage(), penalty=penalty, constraint=WeightClipping(0.1))
    options = {"validation_data": IMAGES[:20], "epochs": 2, "batch_size": 8, "verbose": 0}
    history = gan.fit(IMAGES, **options).history
    assert np.isfinite(history["penalty"]).all() and "val_penalty" not in history
    assert_same_on_both(gan.discriminator.weights)
    for variable in gan.discriminator.weights:
        first = variable.value.values[0]
        assert variable.path.endswith("/u") or np.abs(first).max() <= np.float32(0.1)


def resumes_after_a_kill(strategy, folder):
    resumes(strategy, folder, small)


def modern_resumes(strategy, folder):
    resumes(strategy, folder, presets.modern)


def resumes(strategy, folder, preset):
    def fit(name, epochs):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            gan = preset((16, 16))
        gan.quality = metrics.Quality(metrics.FeatureMetrics(features.pixels()))
        options = {"validation_data": IMAGES[:20], "batch_size": 8, "verbose": 0}
        gan.fit(IMAGES, epochs=epochs, callbacks=callbacks.watch(folder / name), **options)
        return gan

    gan = fit("whole", 2)
    assert_same_on_both(gan.trainable_variables)
    reference = metrics.Reference(gan.quality.measures, IMAGES[:20, ..., None])
    numbers = reference.compare(gan.generate(20))
    assert numbers["fid_pixels"] == gan.history.history["val_fid_pixels"][-1]
    # As if it had been killed within the second epoch.
    shutil.copytree(folder / "whole", folder / "cut")
    (folder / "cut" / "checkpoints" / "epoch-00002.npz").unlink()
    again = fit("cut", 2)
    assert int(again.step.numpy()) == 16 and int(again.images_seen.numpy()) == 128
    for one, other in zip(gan.variables, again.variables, strict=True):
        assert np.array_equal(one.numpy(), other.numpy()), one.path


def another_number_of_devices_goes_on(strategy, folder):
    """The last two of six epochs on one device, of which the middle two were on two."""

    def fit(scope, name, epochs):
        keras.utils.clear_session()  # layers are numbered, and a checkpoint knows their names
        with scope:
            gan = dirac(NonSaturating(), penalty=R1(1.0))
        kept, each = callbacks.Checkpoints(folder / name, keep=6), AfterEach(lambda: state(gan))
        gan.fit(SCATTERED, batch_size=4, epochs=epochs, callbacks=[kept, each], verbose=0)
        assert int(gan.step.numpy()) == 3 * epochs
        return each.seen

    whole = fit(contextlib.nullcontext(), "whole", 6)
    assert len(whole) == 6 and np.abs(np.diff(whole[1::2], axis=0)).min() > 1e-3
    (folder / "cut").mkdir()
    for number in (1, 2):
        shutil.copy(folder / "whole" / f"epoch-{number:05d}.npz", folder / "cut")
    for scope, epochs in ((strategy.scope(), 4), (contextlib.nullcontext(), 6)):
        seen = fit(scope, "cut", epochs)
        np.testing.assert_allclose(seen, whole[epochs - 2 : epochs], rtol=1e-5)


def uneven_batches(strategy, folder):
    """They train as on one device, and a GAN that is dropped leaves nothing in memory."""
    entries = set(ops.gradient_registry.list())
    gone = trained_by_uneven_batches(strategy)
    assert set(ops.gradient_registry.list()) == entries
    gc.collect()
    assert [one() for one in gone] == [None, None]


def trained_by_uneven_batches(strategy):
    """33 held-out images by 32, and 5 training images by 4: a device is left without images.

    Returns weak references to the GAN and the held-out images.
    """
    with strategy.scope():
        gan = dirac(NonSaturating(), penalty=R1(2.0, every=2) + R2(1.0))
    zeros = np.zeros((33, 1, 1), "float32").view(Images)
    found = gan.evaluate(zeros, batch_size=32, return_dict=True, verbose=0)
    expected = gan.evaluate(zeros[:32], batch_size=32, return_dict=True, verbose=0)
    assert found.keys() == expected.keys() and "penalty" not in found
    for name, figure in expected.items():
        np.testing.assert_allclose(found[name], figure, rtol=1e-5, err_msg=name)
    batches = tf.data.Dataset.from_tensor_slices(zeros[:5]).batch(4)
    history = gan.fit(batches, verbose=0).history
    psi, theta, losses, paid = PSI, THETA, [], []
    for charged in (5, 1):  # by R1 and R2, and by R2 alone
        losses.append(np.log(2) + np.log(1 + np.exp(psi * theta)))
        paid.append(charged * psi**2 / 2)
        psi -= RATE * (sigmoid(psi * theta) * theta + charged * psi)
        theta += RATE * sigmoid(-psi * theta) * psi
    np.testing.assert_allclose(state(gan), (psi, theta), atol=1e-6)
    np.testing.assert_allclose(history["penalty"], np.mean(paid), rtol=1e-5)
    np.testing.assert_allclose(history["discriminator_loss"], np.mean(losses), rtol=1e-5)
    assert int(gan.images_seen.numpy()) == 5
    return weakref.ref(gan), weakref.ref(zeros)


class Counted(np.ndarray):
    """Images that note which of them are read together."""

    def __getitem__(self, rows):
        if np.ndim(rows) == 2:
            self.read = [*getattr(self, "read", []), *np.ravel(rows).tolist()]
        return np.asarray(self)[rows]


def each_worker_reads_its_rows(strategy, folder):
    """Of 63 images by 7 a worker reads 4 or 3 of each batch, of 20 held out the same."""
    pixels = IMAGES[:, :1, :1]
    images, held_out = pixels[:63].view(Counted), pixels[:20].view(Counted)
    with strategy.scope():
        gan = dirac(NonSaturating())
    gan.fit(images, validation_data=held_out, epochs=2, batch_size=7, verbose=0)
    for read, batches in ((images.read, [7] * 9), (held_out.read, [7, 7, 6])):
        of_each = [json.loads(text) for text in gan.workers.all_gather_text(json.dumps(read))]
        assert sorted(np.concatenate(of_each)) == sorted([*range(sum(batches))] * 2)
        if len(of_each) == 2:
            assert len(of_each[1]) == 2 * sum(size // 2 for size in batches)


class Images(np.ndarray):
    """Images that a weak reference can watch."""


def images_are_freed(strategy, folder):
    for ready in (lambda data: data, iter):
        images = np.arange(40, dtype=np.int32).reshape(-1, 1, 1).view(Images)
        data, alive = dataset(images, batch_size=8, shuffle=False), weakref.ref(images)
        reading = ready(strategy.experimental_distribute_dataset(data))
        del data, images
        gc.collect()
        parts = [strategy.experimental_local_results(batch) for batch in reading]
        assert np.concatenate([np.ravel(p) for two in parts for p in two]).tolist() == [*range(40)]
        assert alive() is not None
        del reading
        gc.collect()
        assert alive() is None


def average_of_both(strategy, folder):
    def read(weights):
        return [weight.numpy().astype("float64") for weight in weights]

    with strategy.scope():
        told = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Flatten()])
        told.add(keras.layers.Dense(1))
        gan = GAN(conv_gan().generator, told)
        gan.compile(average=averaging.ExponentialMovingAverage(half_life=30, warm_up=0.2))
    average = read(gan.generator.weights)
    each = AfterEach(lambda: read(gan.generator.weights))
    gan.fit(IMAGES[:8], batch_size=8, epochs=3, callbacks=[each], verbose=0)
    for step, now in enumerate(each.seen):
        fraction = 1 if step == 0 else 1 - 0.5 ** (8 / min(30, 0.2 * 8 * step))
        average = [a + fraction * (w - a) for a, w in zip(average, now, strict=True)]
    if gan.workers.is_chief:  # the only one whose callbacks are called
        for expected, found in zip(average, read(gan.averaged_generator.weights), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert_same_on_both(gan.averaged_generator.weights)


def sums_of_a_step(strategy, folder):
    """How often the workers meet in a step: each meeting costs more than its bytes."""
    assert_sums_of_a_step(strategy, presets.dense, 6)


def sums_of_a_modern_step(strategy, folder):
    assert_sums_of_a_step(strategy, presets.modern, 36)


def assert_sums_of_a_step(strategy, preset, expected):
    made = []

    def spy(*step, function=tf.function, **options):
        traced = function(*step, **options)
        made.extend([traced] if step and step[0].__name__ == "one_step" else [])
        return traced

    with mock.patch.object(execution.tf, "function", spy), strategy.scope():
        gan = preset((28, 28))
        gan.fit(np.zeros((8, 28, 28), np.uint8), batch_size=8, verbose=0)
    (traced,) = made[-1]._list_all_concrete_functions()  # TensorFlow has no public name for it
    found = count_of("CollectiveReduceV2", traced.graph.as_graph_def())
    print(f"{preset.__name__}: {found} sums a step", file=sys.stderr)
    assert found == expected, (preset.__name__, found)


def count_of(operation, graph):
    nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    return sum(node.op == operation for node in nodes)


def main(folder, *cases):
    switch(False)  # what trains on one device, to compare with, compiles in less time
    strategy, failed = replicas.strategy(None if "TF_CONFIG" in os.environ else 2), 0
    for case in cases:
        try:
            globals()[case](strategy, Path(folder) / case)
        except Exception:
            failed += 1
            print(f"{case}: {traceback.format_exc()}", flush=True)
        else:
            print(f"{case}: passed", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
