"""Quality in `fit` and `evaluate`, as a Keras metric, and the best model by it."""

import copy
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan_model import GAN, callbacks, features, metrics, runs
from gan_model.data.images import random_subset, subset_like
from gan_model.metrics import frechet, neighbours


@pytest.fixture
def training(images):
    return images[:40]


@pytest.fixture
def held_out(images):
    return images[40:]


def small_gan(seed=0, *, channels=1, activation="tanh"):
    shape = (16, 16, channels)
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    gan = GAN(
        keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dense(256 * channels, activation=activation),
                layers.Reshape(shape),
            ]
        ),
        keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(1)]),
        seed=seed,
    )
    gan.compile(run_eagerly=True)  # a few steps take less than a graph of them
    return gan


def in_pixels():
    return metrics.FeatureMetrics(features.pixels())


def test_fit_logs_what_the_generator_s_images_read(training, held_out):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    history = gan.fit(
        training, validation_data=held_out, epochs=2, batch_size=20, verbose=0
    ).history
    reference = metrics.Reference([in_pixels()], held_out[..., None])
    numbers = reference.compare(gan.generate(24))
    assert set(numbers) >= {"fid_pixels", "kid_pixels", "precision_pixels", "coverage_pixels"}
    for name, value in numbers.items():
        assert history[f"val_{name}"][-1] == value
    assert history["val_fid_pixels"][0] != history["val_fid_pixels"][1]


def test_the_images_are_those_of_its_seed(held_out):
    gan = small_gan()
    reference = metrics.Reference([in_pixels()], held_out[..., None])
    read = {}
    for seed in (0, 7):
        gan.quality = metrics.Quality(in_pixels(), seed=seed)
        figures = gan.evaluate(held_out, return_dict=True, verbose=0)
        read[seed] = {name: figures[name] for name in gan.quality.names}
        assert read[seed] == reference.compare(gan.generate(24, seed=seed))
    assert read[0]["fid_pixels"] != read[7]["fid_pixels"]


def test_the_number_does_not_depend_on_the_batches_or_the_kind_of_source(training, held_out):
    gan = small_gan()
    gan.fit(training, epochs=1, batch_size=20, verbose=0)

    def read(source, **arguments):
        gan.quality = metrics.Quality(in_pixels())
        return gan.evaluate(source, return_dict=True, verbose=0, **arguments)["fid_pixels"]

    expected = read(held_out)
    assert read(held_out, batch_size=5) == expected
    assert read(tf.data.Dataset.from_tensor_slices(held_out).batch(7)) == expected
    assert read((held_out / 127.5 - 1).astype("float32")) == expected
    labelled = tf.data.Dataset.from_tensor_slices((held_out, np.arange(24))).batch(7)
    assert read(labelled) == expected


@pytest.mark.slow
def test_measuring_changes_nothing_in_the_training(training, held_out):
    def weights(quality):
        gan = small_gan()
        gan.quality = quality
        gan.fit(training, validation_data=held_out, epochs=2, batch_size=20, verbose=0)
        return [variable.numpy() for variable in gan.variables]

    measured, unmeasured = weights(metrics.Quality(in_pixels())), weights(None)
    assert len(measured) == len(unmeasured)
    assert all(map(np.array_equal, measured, unmeasured))


@pytest.fixture
def described(monkeypatch):
    """The numbers of images that were described, a list that grows."""
    counts, describe = [], metrics.FeatureMetrics.describe

    def noted(self, images, first=0):
        counts.append(len(images))
        return describe(self, images, first)

    monkeypatch.setattr(metrics.FeatureMetrics, "describe", noted)
    return counts


@pytest.mark.slow
def test_held_out_images_are_looked_at_once(training, held_out, described):
    quality = metrics.Quality(in_pixels())
    for seed in range(2):  # as two trials of a sweep
        gan = small_gan(seed)
        gan.quality = quality
        gan.fit(training, validation_data=held_out, epochs=3, batch_size=20, verbose=0)
    assert len(described) == 2 + 2 * 3  # held out, floor; then the fakes of each epoch


@pytest.mark.slow
def test_an_evaluation_of_other_images_in_between_costs_them_alone(training, held_out, described):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    others = held_out[::-1]

    class OnOthers(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            gan.evaluate(others, verbose=0)

    gan.fit(training, validation_data=held_out, epochs=1, batch_size=20, verbose=0)
    floor, before = gan.quality.floor, len(described)
    settings = dict(validation_data=held_out, batch_size=20, verbose=0)
    gan.fit(training, epochs=3, callbacks=[OnOthers()], **settings)
    assert len(described) - before == 1 + 2 * 3  # the others; the fakes against both
    gan.evaluate(held_out, verbose=0)
    assert gan.quality.floor == floor


def test_measures_are_chosen_with_the_training_images_whatever_comes_first(
    training, held_out, monkeypatch
):
    def suitable(images, training=None):
        return [metrics.SlicedWasserstein()] if training is None else [in_pixels()]

    monkeypatch.setattr("gan_model.metrics.quality.suitable", suitable)
    gan, found = small_gan(), []
    gan.quality = metrics.Quality()
    gan.evaluate(held_out, verbose=0)
    found.append(gan.quality.distance)
    for others in (held_out, held_out[:20]):
        gan.fit(training, validation_data=held_out, epochs=1, verbose=0)
        found.append(gan.quality.distance)
        gan.evaluate(others, verbose=0)
        found.append(gan.quality.distance)
    assert found == ["swd", *["fid_pixels"] * 4]


def test_a_gan_that_cannot_be_saved_is_told_before_the_first_step(tmp_path, training, held_out):
    class Loss:
        def discriminator(self, real_scores, fake_scores):
            return keras.ops.mean(fake_scores - real_scores)

        def generator(self, real_scores, fake_scores):
            return -keras.ops.mean(fake_scores)

    class Layer(keras.layers.Layer):
        def __init__(self, change):  # Keras saves arguments that are numbers or texts
            super().__init__()
            self.change = change

        def call(self, scores):
            return self.change(scores)

    layers = keras.layers
    custom = GAN(
        small_gan().generator,
        keras.Sequential(
            [keras.Input((16, 16, 1)), layers.Flatten(), layers.Dense(1), Layer(lambda x: x)]
        ),
    )
    for gan, loss, named in ((small_gan(), Loss(), "Loss"), (custom, None, "Layer")):
        gan.compile(loss, run_eagerly=True)
        gan.quality = metrics.Quality(in_pixels())
        best = callbacks.BestModel(tmp_path / "best.keras")
        said = rf"best\.keras: .*{named}.* Give that class get_config"
        with pytest.raises(ValueError, match=said):
            gan.fit(training, validation_data=held_out, callbacks=[best], verbose=0)
        assert int(gan.step) == 0


def test_the_floor_is_what_training_images_read(training, held_out):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels(), count=20)
    gan.fit(training, validation_data=held_out, epochs=1, batch_size=20, verbose=0)
    floor = gan.quality.floor["fid_pixels"]
    assert gan.quality.reference.count == 20
    assert 0 <= floor < gan.evaluate(held_out, return_dict=True, verbose=0)["fid_pixels"] / 5
    assert gan.quality.floor["fid_pixels"] == floor  # `evaluate` brings no training images
    gan.quality = metrics.Quality(in_pixels())
    gan.fit(training[:23], validation_data=held_out, epochs=1, batch_size=20, verbose=0)
    assert gan.quality.floor is None  # 23 cannot be compared with 24


def test_the_floor_of_a_gan_with_classes_has_the_labels_of_the_held_out_images():
    """Black and white images: with other proportions of them the floor is not 0."""
    black_and_white = np.array([0, 255], np.uint8)
    of_training, wanted = np.repeat([0, 1], [60, 60]), np.repeat([0, 1], [30, 10])
    training, held_out = (
        np.broadcast_to(black_and_white[labels, None, None], (len(labels), 16, 16))
        for labels in (of_training, wanted)
    )
    quality = metrics.Quality(in_pixels())
    quality.refer_to(held_out, training, labels=(wanted, of_training))
    assert quality.floor["fid_pixels"] == pytest.approx(0, abs=1e-6)
    quality.refer_to(held_out, training)
    assert quality.floor["fid_pixels"] > 0.01
    rare = np.repeat([0, 1], [115, 5])
    assert len(subset_like(training, 40, labels=rare, wanted=wanted)) == 40


def test_of_many_images_some_are_drawn_from_all_of_them():
    """Arrays are often sorted by class: the first ones would be of one."""
    numbers = np.arange(1000)
    drawn = random_subset(numbers, 100)
    assert len(drawn) == 100 and (np.diff(drawn) > 0).all()
    assert np.histogram(drawn, 5, (0, 1000))[0].min() > 5
    assert np.array_equal(drawn, random_subset(numbers, 100))
    assert not np.array_equal(drawn, random_subset(numbers, 100, seed=1))
    assert np.array_equal(random_subset(numbers, 1000), numbers)


def test_other_training_images_have_another_floor(training, held_out):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    same_object = tf.data.Dataset.from_tensor_slices(held_out).batch(8)
    floors = []
    for images in (training, 255 - training, 255 - training):
        gan.fit(images, validation_data=same_object, batch_size=20, verbose=0)
        floors.append(gan.quality.floor["fid_pixels"])
    assert floors[0] != floors[1] == floors[2]


def test_held_out_images_of_which_none_come_are_refused(training, held_out):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    none = tf.data.Dataset.from_tensor_slices(held_out).batch(8).filter(lambda images: False)
    with pytest.raises(ValueError, match="no held-out images: the data set is empty"):
        gan.fit(training, validation_data=none, verbose=0)
    assert int(gan.step) == 0


def test_as_a_keras_metric_in_any_cut(training, held_out):
    whole, cut = metrics.Quality(in_pixels()), metrics.Quality(in_pixels())
    whole.update_state(held_out, training[:24])
    for first in range(0, 24, 10):
        cut.update_state(held_out[first : first + 10], training[first : min(first + 10, 24)])
    assert cut.result() == pytest.approx(whole.result(), rel=1e-12)
    cut.reset_state()
    assert cut.result() == {}
    cut.update_state(held_out, held_out)
    assert cut.result()["fid_pixels"] == pytest.approx(0, abs=1e-9)
    assert isinstance(cut, keras.metrics.Metric)


def test_measures_are_chosen_by_the_images(training, held_out):
    gan = small_gan()
    gan.quality = metrics.Quality()
    assert gan.quality.names == () and gan.quality.distance is None
    gan.evaluate(held_out, verbose=0)
    assert gan.quality.distance == "swd" and "recall_pixels" in gan.quality.names


def test_evaluate_gives_a_list_or_a_dict(held_out):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    listed = gan.evaluate(held_out, verbose=0)
    named = gan.evaluate(held_out, verbose=0, return_dict=True)
    assert listed == [named[name] for name in gan.metrics_names]
    assert named.keys() == set(gan.metrics_names) > set(gan.quality.names)
    gan.quality = None
    assert len(gan.evaluate(held_out, verbose=0)) == 4


def test_saving_does_not_mind(tmp_path, training, held_out):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    gan.fit(training, validation_data=held_out, epochs=1, batch_size=20, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert loaded.quality is None
    assert np.array_equal(loaded.generate(3), gan.generate(3))


@pytest.mark.parametrize(
    "wrong", ["fid", keras.metrics.Mean(), metrics.Quality], ids=["text", "mean", "class"]
)
def test_something_else_is_refused(wrong):
    with pytest.raises(ValueError, match=r"gan.quality = metrics.Quality\(\)"):
        small_gan().quality = wrong


def test_too_few_images_are_told(training, held_out):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    with pytest.raises(ValueError, match=r"20 images or more\. Received: 19"):
        gan.fit(training, validation_data=held_out[:19], batch_size=20, verbose=0)


def test_other_counts_are_told(training, held_out):
    reference = metrics.Reference([in_pixels()], held_out)
    with pytest.raises(ValueError, match=r"There are 24 real images.*Received: 40"):
        reference.compare(training)


def test_shuffled_pixels_keep_the_values_of_each_image(held_out):
    colour = np.stack([held_out, held_out // 2, 255 - held_out], axis=-1)
    for images in (held_out, colour):
        shuffled = metrics.shuffled_pixels(images)
        assert shuffled.shape == images.shape and not np.array_equal(shuffled, images)
        assert np.array_equal(metrics.shuffled_pixels(images), shuffled)
        pixels = images.reshape(24, 256, -1)
        for before, after in zip(pixels, shuffled.reshape(24, 256, -1), strict=True):
            assert sorted(map(tuple, before)) == sorted(map(tuple, after))


@pytest.mark.slow
def test_garments_are_known_by_their_looks():
    from gan_model import data

    (train, _), (test, _) = data.load("sample")
    assert metrics.measures(test)[0].metrics[0].name == "fid_fashion"
    assert metrics.measures(train[:20, ..., None])[0].metrics[0].name == "fid_fashion"
    upside_down, noise = test[:, ::-1], metrics.shuffled_pixels(test)
    for other in (upside_down, noise, 255 - test, test[:, :24, :24]):
        assert metrics.measures(other)[0].metrics[0].name == "swd"


@pytest.mark.parametrize(
    ("name", "text"),
    [("fashon", "Did you mean 'fashion'"), ("fid", "Known"), ("fashion", r"shape \(28, 28, 1\)")],
)
def test_features_that_cannot_be_are_told(name, text, held_out):
    with pytest.raises(ValueError, match=text):
        metrics.measures(held_out, name)


class Told(keras.callbacks.Callback):
    """Puts a figure into the logs, in the place of a measurement."""

    def __init__(self, values, name="val_x"):
        super().__init__()
        self.values, self.name = iter(values), name

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = next(self.values)


def best_epoch(tmp_path, values, training, cut=None):
    """Steps of the GAN in `best.keras`, one an epoch, with `values` as its figure."""
    path = tmp_path / "best.keras"
    for first, last in [(0, cut), (cut, len(values))] if cut else [(0, len(values))]:
        gan = small_gan()
        kept = callbacks.Checkpoints(tmp_path / "checkpoints")
        watching = [Told(values[first:]), callbacks.BestModel(path, monitor="val_x"), kept]
        gan.fit(training[:8], batch_size=8, epochs=last, callbacks=watching, verbose=0)
    return int(runs.load_model(path).step.numpy())


BEST = [([3, 2, 1, 4], 3), ([1, 2, 3, 4], 1), ([4, 1, 1, 2], 2), ([float("nan"), 3, 5, 2.5], 4)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "best", "cut"),
    [
        *((*one, 2) for one in BEST),
        (*BEST[-1], None),
        *(pytest.param(*one, None, marks=pytest.mark.soak) for one in BEST[:-1]),
        *(pytest.param(*one, cut, marks=pytest.mark.soak) for one in BEST for cut in (1, 3)),
    ],
    ids=str,
)
def test_the_best_model_also_after_a_resume(tmp_path, values, best, cut, training):
    assert best_epoch(tmp_path, values, training, cut) == best


@pytest.mark.slow
def test_the_best_model_of_an_earlier_fit_is_kept_where_the_next_goes_on(tmp_path, training):
    gan, path = small_gan(), tmp_path / "best.keras"
    best = callbacks.BestModel(path, monitor="val_x")
    for first, values, kept in ((0, [3, 1], 2), (2, [9, 8], 2), (4, [0.5], 5), (0, [7], 6)):
        gan.fit(
            training[:8],
            batch_size=8,
            initial_epoch=first,
            epochs=first + len(values),
            callbacks=[Told(values), best],
            verbose=0,
        )
        assert int(runs.load_model(path).step.numpy()) == kept


def test_the_best_model_of_a_former_figure_stays(tmp_path, training):
    gan, history = small_gan(), tmp_path / "checkpoints"
    for figure, values, last in (("val_x", [2, 1, 3], 3), ("val_y", [9, 8], 5)):
        told = Told(values, figure)
        best = callbacks.BestModel(tmp_path / "best.keras", monitor=figure)
        watching = [told, best, callbacks.Checkpoints(history)]
        gan.fit(training[:8], batch_size=8, epochs=last, callbacks=watching, verbose=0)
    steps = [int(runs.load_model(path).step) for path in sorted(tmp_path.glob("*.keras"))]
    assert sorted(one.name for one in tmp_path.glob("*.keras")) == [
        "best-before.keras",
        "best.keras",
    ]
    assert steps == [2, 5]


@pytest.mark.slow
def test_a_best_model_that_is_written_again_after_a_kill_has_no_former_figure(tmp_path, training):
    """The process died after the first validated epoch, before its checkpoint."""
    told = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update({"val_x": 1.0} if epoch else {})
    )
    for _ in range(2):
        best = callbacks.BestModel(tmp_path / "best.keras", monitor="val_x")
        watching = [told, best, callbacks.Checkpoints(tmp_path / "checkpoints")]
        small_gan().fit(training[:8], batch_size=8, epochs=2, callbacks=watching, verbose=0)
        (tmp_path / "checkpoints" / "epoch-00002.npz").unlink()
    assert [path.name for path in tmp_path.glob("*.keras")] == ["best.keras"]


def test_no_figure_no_best_model(tmp_path, training, held_out):
    gan = small_gan()
    best = callbacks.BestModel(tmp_path / "best.keras")
    gan.fit(training, validation_data=held_out, batch_size=20, callbacks=[best], verbose=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_generator_is_traced_once_however_often_it_is_measured(training, held_out):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    for _ in range(2):
        gan.fit(training, validation_data=held_out, epochs=2, batch_size=20, verbose=0)
    before = gan.generate(30)
    assert gan.sampler()._images.experimental_get_tracing_count() == 1
    gan.fit(training, validation_data=held_out, epochs=1, batch_size=20, verbose=0)
    assert not np.array_equal(gan.generate(30), before)  # it follows the weights


def test_a_lost_generator_has_no_quality_and_is_never_the_best(tmp_path, training, held_out):
    class Lost(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            for weight in self.model.generator.trainable_variables:
                weight.assign(weight * float("nan"))

    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    watching = [Lost(), callbacks.BestModel(tmp_path / "best.keras")]
    history = gan.fit(
        training, validation_data=held_out, batch_size=20, callbacks=watching, verbose=0
    ).history
    assert np.isnan(history["val_fid_pixels"]).all()
    assert not (tmp_path / "best.keras").exists()


def test_a_lost_discriminator_is_never_the_best_either(tmp_path, training):
    class Lost(Told):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            logs["discriminator_loss"] = float("nan")

    best = callbacks.BestModel(tmp_path / "best.keras", monitor="val_x")
    small_gan().fit(training, batch_size=20, callbacks=[Lost([1.0]), best], verbose=0)
    assert not (tmp_path / "best.keras").exists()


@pytest.mark.slow
def test_quality_where_only_every_other_epoch_is_validated(tmp_path, training, held_out):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    watching = callbacks.watch(tmp_path, count=4)
    history = gan.fit(
        training,
        validation_data=held_out,
        validation_freq=2,
        epochs=5,
        batch_size=20,
        callbacks=watching,
        verbose=0,
    ).history
    assert len(history["val_fid_pixels"]) == 2
    best = 2 * (1 + int(np.argmin(history["val_fid_pixels"])))
    assert int(runs.load_model(tmp_path / "best.keras").step.numpy()) == 2 * best
    rows = (tmp_path / "history.csv").read_text().splitlines()
    place = rows[0].split(",").index("val_fid_pixels")
    assert [bool(row.split(",")[place]) for row in rows[1:]] == [False, True, False, True, False]


@pytest.mark.slow
def test_colour_images_are_measured_too():
    colour = np.random.default_rng(0).integers(0, 256, (60, 16, 16, 3), dtype=np.uint8)
    gan = small_gan(channels=3, activation="sigmoid")
    gan.quality = metrics.Quality()
    history = gan.fit(colour[:36], validation_data=colour[36:], batch_size=20, verbose=0).history
    assert np.isfinite(history["val_swd"]).all()
    assert gan.quality.floor["swd"] < history["val_swd"][0]
    four = np.concatenate([colour, colour[..., :1]], axis=-1)
    assert [m.metrics[0].name for m in metrics.measures(four)] == ["fid_pixels"]


@pytest.mark.slow
def test_a_training_set_of_batches_is_not_read_for_the_floor(held_out):
    """Another pass over it would shift the order in which `fit` gets its images."""
    passes = []

    def batches():
        passes.append(1)
        yield from [held_out[:8], held_out[8:16]]

    spec = tf.TensorSpec((None, 16, 16), tf.uint8)
    train = tf.data.Dataset.from_generator(batches, output_signature=spec)
    train = train.apply(tf.data.experimental.assert_cardinality(2))
    unmeasured = small_gan()
    unmeasured.fit(train, validation_data=held_out, epochs=1, verbose=0)
    expected = len(passes)
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    gan.fit(train, validation_data=held_out, epochs=1, verbose=0)
    assert len(passes) == 2 * expected
    assert gan.quality.floor is None
    gan.quality.refer_to(held_out[..., None], held_out[::-1][..., None])
    gan.fit(train, validation_data=held_out, epochs=1, verbose=0)
    assert gan.quality.floor["fid_pixels"] == pytest.approx(0, abs=1e-9)


def test_held_out_images_that_never_end_are_refused(held_out):
    gan = small_gan()
    gan.quality = metrics.Quality(in_pixels())
    endless = tf.data.Dataset.from_tensor_slices(held_out).batch(8).repeat()
    with pytest.raises(ValueError, match=r"repeated without end.*without repeat\(\)"):
        gan.evaluate(endless, steps=3, verbose=0)


def test_two_gans_with_other_data_may_share_a_quality(held_out, training):
    quality, gans = metrics.Quality(in_pixels()), [small_gan(), small_gan(1)]
    for gan in gans:
        gan.quality = quality
    sets = [tf.data.Dataset.from_tensor_slices(x).batch(8) for x in (held_out, training)]

    def read():
        pairs = zip(gans, sets, strict=True)
        return [g.evaluate(s, return_dict=True, verbose=0)["fid_pixels"] for g, s in pairs]

    first = read()
    assert read() == first


def test_the_number_to_rank_by_is_one_of_which_less_is_better():
    known = metrics.Metrics([metrics.FeatureMetrics(features.pixels(), [neighbours.NEIGHBOURS])])
    assert known.distance is None
    with pytest.raises(ValueError, match="Of none of these measures is less better"):
        metrics.Quality(metrics.FeatureMetrics(features.pixels(), [neighbours.NEIGHBOURS]))
    both = [neighbours.NEIGHBOURS, frechet.FRECHET]
    known = metrics.Metrics([metrics.FeatureMetrics(features.pixels(), both)])
    assert known.distance == "fid_pixels"


def test_a_copy_for_a_tuner_measures_the_same():
    quality = metrics.Quality(in_pixels(), count=30, seed=3)
    copied = copy.deepcopy(quality)
    assert (copied.count, copied.seed, copied.names) == (30, 3, quality.names)
    assert copied.reference is None


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (dict(measures=[features.pixels()]), r"type metrics.Quality\(metrics.FeatureMetrics"),
        (dict(measures=["fashion"]), "Received: 'fashion'"),
        (dict(measures=[], count=19), "`count` is 20 images or more. Received: count=19"),
    ],
    ids=["features", "text", "few"],
)
def test_a_quality_that_cannot_be_is_told(arguments, text):
    with pytest.raises(ValueError, match=text):
        metrics.Quality(*arguments.pop("measures"), **arguments)


def test_a_keras_metric_is_told_what_to_measure(held_out):
    with pytest.raises(ValueError, match=r"Say what to measure"):
        metrics.Quality().update_state(held_out, held_out)


def test_a_run_folder_tells_what_its_numbers_were_measured_in(tmp_path, training, held_out):
    gan, folder = small_gan(), runs.RunFolder(tmp_path)
    gan.quality = metrics.Quality(in_pixels())
    watching = folder.callbacks({"preset": "own"})
    gan.fit(training, validation_data=held_out, batch_size=20, callbacks=watching, verbose=0)
    noted = json.loads(folder.settings.read_text())["quality"]
    assert noted["count"] == 24
    assert noted["measures"] == [{"features": "pixels", "checksum": "8x8"}]
    assert noted["floor"] == gan.quality.floor
