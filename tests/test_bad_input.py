"""Mistakes are caught before the first step, in a sentence that ends with what to type."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from py_batches import Batches

from gan_model import GAN, callbacks, exporting, metrics, networks, presets
from gan_model.data.batches import dataset
from gan_model.data.images import recipe_for_uint8
from gan_model.model.labels import of_each_class
from gan_model.storage.messages import reason_of


@pytest.fixture(scope="module")
def dense():
    return presets.dense((16, 16))


@pytest.fixture(scope="module")
def dcgan():
    return presets.dcgan((16, 16, 1))


def floats(low, high, shape=(40, 16, 16)):
    return np.random.default_rng(0).uniform(low, high, shape).astype("float32")


def uint8s(*shape):
    return np.zeros(shape, np.uint8)


def as_dataset(images, batch_size=8):
    return tf.data.Dataset.from_tensor_slices(images).batch(batch_size)


def weighted(images, batch_size=8):
    weights = np.ones(len(images), np.float32)
    return tf.data.Dataset.from_tensor_slices((images, weights, weights)).batch(batch_size)


def with_nan():
    images = floats(0, 1)
    images[7, 3, 3] = np.nan
    return images


BAD_IMAGES = {
    "0 to 255 floats": (floats(0, 255), r"lie in \[.*\], the generator's in \[0, 1\].*/ 255"),
    "-1 to 1 floats": (floats(-1, 1), r"the generator's in \[0, 1\].*\(images \+ 1\) / 2"),
    "not a number": (with_nan(), "not numbers.*isfinite"),
    "integers": (uint8s(40, 16, 16).astype("int64"), "int64; expected uint8.*astype"),
    "0 and 1": (uint8s(40, 16, 16) == 0, r"bool; expected uint8.*astype\('uint8'\) \* 255"),
    "without an end": (
        as_dataset(uint8s(40, 16, 16)).repeat(),
        r"repeated without end.*Type steps(_per_epoch)?=1000, or",
    ),
    "another size": (uint8s(40, 28, 28), r"\(16, 16\), the data holds \(28, 28\).*image_shape"),
    "colour": (uint8s(40, 16, 16, 3), r"\(16, 16\), the data holds \(16, 16, 3\)"),
    "no images": (uint8s(0, 16, 16), "There are no images"),
    "fewer than a batch": (uint8s(5, 16, 16), "5 images do not fill one batch of 32"),
    "a masked array": (np.ma.masked_invalid(with_nan()), r"masked array.*images.filled\(0\)"),
    "a data set of which nothing is left": (
        as_dataset(floats(0, 1)).filter(lambda images: False),
        "empty: not one batch",
    ),
    "an empty data set": (as_dataset(uint8s(40, 16, 16)).take(0), "empty"),
    "a data set without batches": (
        tf.data.Dataset.from_tensor_slices(uint8s(40, 16, 16)),
        r"single images.*dataset.batch\(32\)",
    ),
    "a data set of dicts": (
        as_dataset(uint8s(40, 16, 16)).map(lambda x: {"image": x}),
        r"expected.*dataset.map",
    ),
    "a data set of 0 to 255 floats": (as_dataset(floats(0, 255)), "the generator's in"),
    "a data set with not a number": (as_dataset(with_nan()), "not numbers"),
}


@pytest.mark.parametrize("kind", BAD_IMAGES)
@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_bad_images(kind, method, dense):
    images, message = BAD_IMAGES[kind]
    if method == "evaluate" and kind == "fewer than a batch":
        pytest.skip("evaluate takes a last batch that is not full")
    before = int(dense.step)
    with pytest.raises(ValueError, match=message):
        getattr(dense, method)(images, verbose=0)
    assert int(dense.step) == before


def of_unknown_shape(*shape):
    one = tf.TensorSpec([None] * len(shape), tf.uint8)
    made = lambda: (np.zeros(shape, np.uint8) for _ in range(16))  # noqa: E731
    batches = tf.data.Dataset.from_generator(made, output_signature=one).batch(8)
    return batches.apply(tf.data.experimental.assert_cardinality(2))


def test_images_whose_size_only_the_first_batch_tells(dense):
    with pytest.raises(ValueError, match=r"\(16, 16\), the data holds \(8, 8\)"):
        dense.fit(of_unknown_shape(8, 8), verbose=0)
    dense.evaluate(of_unknown_shape(16, 16), verbose=0)


def test_a_later_batch_of_another_size_fails_and_is_not_folded_into_others(dense):
    sizes = [(8, 16, 16), (16, 8, 16)]
    made = lambda: (np.zeros(size, np.uint8) for size in sizes)  # noqa: E731
    spec = tf.TensorSpec((None, None, None), tf.uint8)
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        dense.fit(tf.data.Dataset.from_generator(made, output_signature=spec), verbose=0)


@pytest.mark.parametrize("kind", ["PyDataset", "generator", "train_on_batch"])
def test_images_of_as_many_values_but_another_shape(kind, dcgan):
    images, before = floats(-1, 1, (8, 1, 16, 16)), int(dcgan.step)
    with pytest.raises(ValueError, match=r"channels first.*np.moveaxis\(images, 1, -1\)"):
        if kind == "train_on_batch":
            dcgan.train_on_batch(images)
        else:
            batches = Batches(images) if kind == "PyDataset" else ((images,) for _ in range(2))
            dcgan.fit(batches, verbose=0)
    assert int(dcgan.step) == before


def test_the_values_of_a_pydataset_are_checked_in_its_first_batch(dense):
    with pytest.raises(ValueError, match="the generator's in"):
        dense.fit(Batches(floats(0, 255)), verbose=0)
    dense.evaluate(Batches(uint8s(8, 16, 16)), verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(x=None), r"There are no images: type gan.fit\(images\)"),
        (dict(x="my/cats"), "x=my/cats"),  # Keras's
        (dict(x=np.full(40, None)), r"object; expected uint8.*np.stack\(images\)"),
        (dict(x=floats(0, 1)[:0]), "There are no images"),
        (dict(x=uint8s(16, 16)[0]), "single images"),
        (dict(x=as_dataset(uint8s(40, 16, 16)), batch_size=8), "`batch_size` is for arrays"),
        (dict(x=as_dataset(uint8s(40, 16, 16)), y=np.zeros(40)), "`y` is for arrays"),
        (dict(x=uint8s(40, 16, 16), validation_split=1.5), "a fraction between 0 and 1"),
        (dict(x=as_dataset(uint8s(40, 16, 16)), validation_split=0.5), "is for arrays"),
        (dict(x=uint8s(40, 16, 16), class_weight={0: 2.0}), "`class_weight` has no effect"),
        (dict(x=weighted(uint8s(40, 16, 16))), "a weight for each image, has no effect"),
        (
            dict(x=uint8s(40, 16, 16), validation_data=weighted(uint8s(40, 16, 16))),
            "a weight for each image, has no effect",
        ),
        (dict(x=(uint8s(40, 16, 16), *np.ones((2, 40)))), r"no effect: .* Type \(images, labels\)"),
        (dict(x=(uint8s(40, 16, 16), np.ones(40)), y=np.ones(40)), "labels twice"),
        (dict(x=((uint8s(40, 16, 16), np.ones(40)),) * 2), r"Type \(images, labels\), held_out ="),
        (dict(x=Batches((uint8s(8, 16, 16), np.ones(8), np.ones(8)))), "no effect"),
        (dict(x=((uint8s(8, 16, 16), np.ones(8), np.ones(8)) for _ in range(2))), "no effect"),
    ],
)
def test_arguments_that_make_no_sense_together(arguments, message, dense):
    with pytest.raises(ValueError, match=message):
        dense.fit(verbose=0, **arguments)


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch", "evaluate"])
@pytest.mark.parametrize("name", ["sample_weight", "class_weight"])
def test_weights_of_images_are_refused_wherever_they_are_given(method, name, dense):
    weights = {"sample_weight": np.ones(8), "class_weight": {0: 2.0}}[name]
    with pytest.raises(ValueError, match=f"`{name}` has no effect.*Leave {name} out"):
        getattr(dense, method)(uint8s(8, 16, 16), **{name: weights})


def test_evaluate_refuses_a_batch_size_for_batches(dense):
    with pytest.raises(ValueError, match=r"`batch_size` is for arrays.*Leave batch_size out"):
        dense.evaluate(as_dataset(uint8s(40, 16, 16)), batch_size=3, verbose=0)


def test_bad_held_out_images_are_caught_before_training(dense):
    images, endless = uint8s(40, 16, 16), as_dataset(uint8s(40, 16, 16)).repeat()
    before = int(dense.step)
    for held_out, message in (
        (floats(0, 255), r"`validation_data`: .*the generator's in"),
        (endless, r"without end.*Type validation_steps=1000, or leave"),
    ):
        with pytest.raises(ValueError, match=message):
            dense.fit(images, validation_data=held_out, verbose=0)
    assert int(dense.step) == before


@pytest.mark.parametrize("count", [2, 3])
def test_a_list_of_held_out_images_is_one_of_images(count, dense):
    held_out = np.random.default_rng(0).integers(0, 256, (count, 16, 16), dtype=np.uint8)
    figures = [dense.evaluate(images, verbose=0) for images in (held_out, list(held_out))]
    assert figures[0] == figures[1]
    pair = [held_out, None]
    assert dense.evaluate(pair, verbose=0) == figures[0]


def test_a_warning_is_of_the_line_that_gave_the_images(dcgan):
    for given in ({"x": floats(0, 1)}, {"x": uint8s(40, 16, 16), "validation_data": floats(0, 1)}):
        with pytest.warns(UserWarning, match=r"never go below 0.*images \* 2 - 1") as warned:
            dcgan.fit(**given, verbose=0, epochs=1, initial_epoch=1)
        assert [one.filename for one in warned] == [__file__]


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (np.array([[[0, 65535], [257, 514]]], "uint16"), [[[0, 255], [1, 2]]]),
        (np.array([[[0, 255], [1, 2]]], "int64"), [[[0, 255], [1, 2]]]),
        (np.array([[[-1, 1], [1, -1]]], "int8"), [[[0, 255], [255, 0]]]),
        (np.array([[[False, True], [True, True]]]), [[[0, 255], [255, 255]]]),
    ],
    ids=["16 bits", "8 bits", "-1 and 1", "bools"],
)
def test_what_the_message_says_to_type_converts_the_images(images, expected):
    recipe = recipe_for_uint8(images.dtype, images)
    converted = eval(recipe, {"images": images, "np": np})
    assert converted.dtype == np.uint8 and np.array_equal(converted, expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(initial_epoch=-1), "0 or more. Received: initial_epoch=-1"),
        (dict(epochs=0), "1 or more. Received: epochs=0"),
        (dict(epochs="3"), "1 or more. Received: epochs='3'"),
        (dict(epochs=1.5), "1 or more. Received: epochs=1.5"),
        (dict(batch_size=0), "1 or more. Received: batch_size=0"),
        (dict(steps_per_epoch=-3), "1 or more. Received: steps_per_epoch=-3"),
    ],
)
def test_bad_counts(arguments, message, dense):
    with pytest.raises(ValueError, match=message):
        dense.fit(uint8s(40, 16, 16), **arguments)


def test_generate_none(dense):
    for count in (0, "5", 2.5):
        wanted = f"`count` is an integer of 1 or more. Received: count={count!r}"
        with pytest.raises(ValueError, match=wanted):
            dense.generate(count)
    with pytest.raises(ValueError, match="`seed` is an integer from 0"):
        dense.generate(1, seed=None)


@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_before_compile(method):
    gan = GAN(*players())
    with pytest.raises(ValueError, match=rf"gan.compile\(\) before gan.{method}"):
        getattr(gan, method)(uint8s(40, 8, 8))


@pytest.mark.parametrize("shape", [(3, 31), (30,), (3, 5, 30)])
def test_codings_of_another_size(shape, dense):
    with pytest.raises(ValueError, match=r"this generator takes \(count, 30\)"):
        dense(np.zeros(shape, "float32"))


# Players that do not fit.


def players(*, size=5, ends=("tanh", None), image_shape=(8, 8), score=1, seen_shape=None):
    pixels = int(np.prod(image_shape))
    generator = keras.Sequential(
        [
            keras.Input((size,)),
            layers.Dense(pixels, activation=ends[0]),
            layers.Reshape(image_shape),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input(seen_shape or image_shape),
            layers.Flatten(),
            layers.Dense(score, activation=ends[1]),
        ]
    )
    return generator, discriminator


class Classifies(keras.Model):
    def __init__(self):
        super().__init__()
        self.score, self.logits = layers.Dense(1), layers.Dense(3)

    def call(self, images):
        features = keras.layers.Flatten()(images)
        return [self.score(features), self.logits(features)]


def conditional_players(classes=3):
    codings, labels = keras.Input((5,)), keras.Input((), dtype="int32")
    both = layers.Concatenate()([codings, layers.Embedding(classes, 2)(labels)])
    images = layers.Reshape((8, 8))(layers.Dense(64, activation="tanh")(both))
    return keras.Model([codings, labels], images), Classifies()


def projecting(classes):
    images, labels = keras.Input((8, 8)), keras.Input((), dtype="int32")
    scores = networks.conditional.Projection(classes)([layers.Flatten()(images), labels])
    return keras.Model([images, labels], scores)


def unbuilt_generator():
    return keras.Sequential([layers.Dense(64, activation="tanh"), layers.Reshape((8, 8))])


def rescaled_generator():
    generator, _ = players()
    return keras.Sequential([generator, layers.Rescaling(0.5, 0.5)])


def in_a_dict(number):
    network = players()[number]
    return keras.Model(network.inputs, {"made": network.outputs[0]})


BAD_PLAYERS = {
    "a sigmoid where logits are expected": (
        lambda: GAN(*players(ends=("tanh", "sigmoid"))),
        r"ends in a sigmoid; expected scores as logits.*Dense\(1\)",
    ),
    "ten scores": (lambda: GAN(*players(score=10)), "10 numbers per image; expected one"),
    "a discriminator of other images": (
        lambda: GAN(*players(seen_shape=(9, 9))),
        r"does not take the generator's images of shape \(8, 8\)",
    ),
    "vectors for images": (
        lambda: GAN(*players(image_shape=(64,))),
        r"outputs of shape \(64,\); expected images.*Reshape",
    ),
    "functions": (
        lambda: GAN(unbuilt_generator, players()[1]),
        r"generator is a function; expected a Keras model. Type unbuilt_generator\(\)",
    ),
    "a dict of images": (lambda: GAN(in_a_dict(0), players()[1]), "generator gives a dict.*images"),
    "a dict of scores": (
        lambda: GAN(players()[0], in_a_dict(1)),
        r"discriminator gives a dict.*keras.Model\(inputs, scores\)",
    ),
    "no codings size": (
        lambda: GAN(unbuilt_generator(), players()[1]),
        "codings size is unknown.*codings_size=100",
    ),
    "another codings size": (
        lambda: GAN(*players(), codings_size=6),
        "codings of 5 numbers, but received codings_size=6",
    ),
    "an unknown range": (
        lambda: GAN(rescaled_generator(), players()[1]),
        "range of the generator's images is unknown.*image_range",
    ),
    **{
        f"the range {ends}": (
            lambda ends=ends: GAN(*players(), image_range=ends),
            r"`image_range` is \(least, greatest\)",
        )
        for ends in ((1, -1), (0, np.inf), (1,))
    },
    "a codings size that is no integer": (
        lambda: GAN(unbuilt_generator(), players()[1], codings_size=4.0),
        "`codings_size` is an integer of 1 or more. Received: codings_size=4.0",
    ),
    "a generator of fewer classes": (
        lambda: GAN(*conditional_players(), class_count=5),
        "generator does not take the label 4, though there are 5 classes",
    ),
    "a discriminator of fewer classes": (
        lambda: GAN(conditional_players(5)[0], projecting(3), class_count=5),
        "discriminator does not take the label 4, though there are 5 classes",
    ),
}


def with_a_shared_layer():
    shared = layers.Dense(64, activation="tanh")
    generator = keras.Sequential([keras.Input((64,)), shared, layers.Reshape((8, 8))])
    scores = [layers.Flatten(), shared, layers.Dense(1)]
    return GAN(generator, keras.Sequential([keras.Input((8, 8)), *scores]))


def in_float16():
    generator, discriminator = players()
    nested = keras.Sequential([layers.Dense(8, dtype="mixed_float16")])
    discriminator = keras.Sequential(
        [keras.Input((8, 8)), layers.Flatten(), nested, layers.Dense(1, dtype="float32")]
    )
    return GAN(generator, discriminator)


def frozen():
    gan = GAN(*players())
    gan.discriminator.trainable = False
    gan.compile()


BAD_PLAYERS |= {
    "a shared layer": (
        with_a_shared_layer,
        "shares the weight .*Build the layer twice",
    ),
    "float16 in a nested layer": (in_float16, "computes in float16.*mixed_bfloat16"),
    "frozen": (
        frozen,
        "discriminator has no trainable weights. Type discriminator.trainable = True",
    ),
    "a seed that is none": (lambda: GAN(*players(), seed=1.5), "Received: seed=1.5"),
    "a seed that is too large": (lambda: GAN(*players(), seed=2**32), "`seed` is an integer"),
}


@pytest.mark.parametrize("kind", BAD_PLAYERS)
def test_bad_players(kind):
    make, message = BAD_PLAYERS[kind]
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Keras, on layers that it could not build
def test_a_subclass_of_keras_model_that_takes_images_alone():
    message = r"gets \[images, labels\]; one that takes images alone is built by keras.Model"
    with pytest.raises(ValueError, match=message):
        GAN(*conditional_players(), class_count=3)


def test_a_sigmoid_in_a_subclassed_discriminator_is_seen_too():
    class Discriminator(keras.Model):
        def __init__(self):
            super().__init__()
            self.flatten, self.score = layers.Flatten(), layers.Dense(1)

        def call(self, images):
            return tf.sigmoid(self.score(self.flatten(images)))

    with pytest.raises(ValueError, match="ends in a sigmoid"):
        GAN(players()[0], Discriminator())


def test_bad_losses_and_optimizers():
    gan, adam = GAN(*players()), keras.optimizers.Adam()
    with pytest.raises(ValueError, match=r"needs the methods.*NonSaturating\(\)"):
        gan.compile("binary_crossentropy")
    with pytest.raises(ValueError, match=r"a class; expected an object. Type NonSaturating\(\)"):
        from gan_model.losses import NonSaturating

        gan.compile(NonSaturating)
    with pytest.raises(ValueError, match="the same optimizer object"):
        gan.compile(None, adam, adam)


def refuses_to_train(gan, message):
    for train in (gan.fit, gan.train_on_batch):
        with pytest.raises(ValueError, match=message):
            train(uint8s(32, 8, 8))


def test_a_player_that_is_frozen_after_compile_cannot_train():
    gan = GAN(*players())
    gan.compile(run_eagerly=True)
    gan.discriminator.trainable = False
    refuses_to_train(gan, r"Type discriminator.trainable = True")
    gan.evaluate(uint8s(32, 8, 8), verbose=0)


def test_a_layer_that_is_frozen_or_learns_only_since_compile_is_named():
    """A graph that was made before would go on as it was."""
    scores = [layers.Flatten(), layers.Dense(4), layers.Dense(1)]
    gan = GAN(players()[0], keras.Sequential([keras.Input((8, 8)), *scores]))
    gan.compile(run_eagerly=True)
    first = gan.discriminator.layers[1]
    first.trainable = False
    refuses_to_train(gan, rf"{first.name}.*discriminator was frozen after")
    gan.compile(run_eagerly=True)
    before = [np.array(weight) for weight in first.weights]
    gan.fit(uint8s(32, 8, 8), verbose=0)
    for weight, then in zip(first.weights, before, strict=True):
        np.testing.assert_array_equal(weight, then)
    first.trainable = True
    refuses_to_train(gan, rf"{first.name}.*discriminator became trainable")
    gan.compile(run_eagerly=True)
    gan.fit(uint8s(32, 8, 8), verbose=0)


def test_optimizers_of_other_weights_are_refused():
    optimizers = keras.optimizers.Adam(), keras.optimizers.Adam()
    gan = GAN(*players())
    gan.compile(None, *optimizers)
    gan.compile(None, *optimizers)  # the same networks
    for made, given in ((players(), optimizers), (None, optimizers[::-1])):
        other = GAN(*made) if made else gan
        with pytest.raises(ValueError, match="was built for other weights: those of another"):
            other.compile(None, *given)
        assert other.compiled == (other is gan)


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
def test_a_single_batch_is_checked_as_all_are(method):
    gan = GAN(*players())
    gan.compile()
    before = [np.array(weight) for weight in gan.weights]
    for bad, message in ((255, "float images lie in"), (np.nan, "not numbers")):
        images = np.full((32, 8, 8), bad, np.float32)
        with pytest.raises(ValueError, match=message):
            getattr(gan, method)(images)
    for weight, then in zip(gan.weights, before, strict=True):
        np.testing.assert_array_equal(weight, then)


def test_each_batch_of_a_generator_is_checked():
    gan = GAN(*players(ends=("sigmoid", None)))
    gan.compile(run_eagerly=True)
    good, bad = (floats(0, high, (8, 8, 8)) for high in (1, 255))
    with pytest.raises(ValueError, match="float images lie in"):
        gan.fit((batch for batch in [bad]), verbose=0)
    assert int(gan.step) == 0
    later = tf.errors.InvalidArgumentError  # TensorFlow's, with the sentence
    for batches in ([good, good, good, bad], [(good, None)] * 3 + [(bad, None)]):
        with pytest.raises(later, match="float images lie in"):
            gan.fit((batch for batch in batches), verbose=0, steps_per_epoch=4)
    assert int(gan.step) > 0


def test_a_list_of_images_and_labels_is_the_pair():
    gan = GAN(conditional_players(2)[0], projecting(2), class_count=2)
    gan.compile(run_eagerly=True)
    pair = [uint8s(16, 8, 8), np.arange(16) % 2]
    gan.fit(pair, batch_size=8, verbose=0)
    gan.train_on_batch(pair)
    assert int(gan.images_seen) == 32


@pytest.mark.parametrize("count", [2, 40])
def test_a_list_of_images_of_another_size_is_refused_as_images(count, dense):
    for given in (dict(x=list(uint8s(count, 17, 17))), dict(x=uint8s(40, 16, 16))):
        held_out = list(uint8s(count, 17, 17)) if isinstance(given["x"], np.ndarray) else None
        with pytest.raises(ValueError, match=r"shape \(16, 16\), the data holds \(17, 17\)"):
            dense.fit(**given, validation_data=held_out, batch_size=2)


def test_a_dict_of_images_says_which_to_pick(dense):
    with pytest.raises(ValueError, match=r"a dict with 'label', 'image' .*: data\['image'\]"):
        dense.fit({"label": np.zeros(32), "image": uint8s(32, 16, 16)})


def test_uint8_images_of_0_and_1_are_a_warning():
    gan = GAN(*players())
    gan.compile(run_eagerly=True)
    with pytest.warns(UserWarning, match=r"all 0 or 1.*images \* 255"):
        gan.fit(uint8s(32, 8, 8) + np.eye(8, dtype=np.uint8), verbose=0)


def test_integers_of_numpy_are_integers(tmp_path):
    gan = GAN(*players(), seed=np.int64(3))
    gan.compile(discriminator_steps=np.int64(2), steps_per_execution=np.int32(1))
    gan.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    assert (loaded.seed, loaded.discriminator_steps) == (3, 2)


def test_a_quality_without_held_out_images_is_told(capsys):
    gan = GAN(*players())
    gan.compile(run_eagerly=True)
    gan.fit(uint8s(32, 8, 8), verbose=0)
    assert capsys.readouterr().err == ""
    gan.quality = metrics.Quality()
    with pytest.warns(UserWarning, match="Type gan.fit.*validation_data=images"):
        gan.fit(uint8s(32, 8, 8), verbose=0)


def test_the_best_gan_is_a_keras_file(tmp_path):
    with pytest.raises(ValueError, match=r"Type .*best\.keras"):
        callbacks.BestModel(tmp_path / "best")


def test_export_of_keras_names_that_of_this_package(dense, tmp_path):
    with pytest.raises(ValueError, match=r"Type gan_model.exporting.export\(gan, 'exported'"):
        dense.export(tmp_path / "exported", format="pickle")


@pytest.mark.parametrize("preset", [presets.dcgan, presets.guidelines, presets.modern])
def test_what_is_no_image_shape(preset):
    call = rf"\(height, width\) or .*Type presets.{preset.__name__}\("
    for shape in (64, (64,), (64, 64, 3, 1)):
        with pytest.raises(ValueError, match=call):
            preset(shape)
    for shape in ((30, 28, 1), (12, 28, 1), (28, 28, 2)):
        with pytest.raises(ValueError, match=r"multiples of 4.*Received: image_shape"):
            preset(shape)
    with pytest.raises(ValueError, match=r"Received: image_shape=28. Type presets.dense\(\(28"):
        presets.dense(28)


@pytest.mark.parametrize("preset", [presets.dcgan, presets.guidelines])
def test_images_that_are_too_large_for_a_preset(preset):
    with pytest.raises(ValueError, match=r"multiples of 4.*Received: image_shape"):
        preset((132, 28, 1))


def test_an_unknown_preset_has_a_near_match():
    with pytest.raises(ValueError, match=r"Unknown preset 'dcgn'. Did you mean 'dcgan'\?"):
        presets.named("dcgn")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_float_images_of_any_width_are_taken_from_datasets(dtype):
    def images(high):
        return as_dataset(floats(0, high, (8, 8, 8))).map(lambda batch: tf.cast(batch, dtype))

    gan = GAN(*players(ends=("sigmoid", None)))
    gan.compile(run_eagerly=True)
    history = gan.fit(images(1), validation_data=images(1), verbose=0).history
    assert np.isfinite(history["generator_loss"] + history["val_generator_loss"]).all()
    with pytest.raises(ValueError, match=r"The float images lie in \[.*images / 255"):
        gan.fit(images(200), verbose=0)


def test_an_error_without_a_text_is_told_by_its_class():
    """A layer of the user's may `raise NotImplementedError` and say no more."""
    assert reason_of(NotImplementedError()) == reason_of(NotImplementedError("\n"))
    assert reason_of(NotImplementedError()) == "NotImplementedError"
    assert reason_of(ValueError("\nthe first line\nthe second")) == "the first line"


def in_bfloat16():
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(64, "tanh", dtype="bfloat16")])
    generator.add(layers.Reshape((8, 8)))
    exporting.export(generator, "gan.onnx", format="onnx")


def of_few_clusters(images):
    layer = networks.clusters.Clusters(5, (8, 8))
    layer.build((None, 4))
    layer.learn([images])


PASSED_ON = {
    "batches": lambda: dataset(uint8s(3, 8, 8), 8),
    "clusters": lambda: of_few_clusters(floats(0, 1, (3, 8, 8))),
    "clusters of one image": lambda: of_few_clusters(np.zeros((3, 8, 8), np.float32)),
    "labels of no classes": lambda: of_each_class(3, 1, None),
    "labels of other images": lambda: of_each_class(3, [1, 2], 10),
    "labels of other classes": lambda: of_each_class(3, 12, 10),
    "bfloat16": in_bfloat16,
}


@pytest.mark.parametrize("kind", PASSED_ON)
def test_what_commands_pass_on_has_no_python_to_type(kind):
    with pytest.raises(ValueError) as refused:
        PASSED_ON[kind]()
    assert not re.search(r"\w=|\w\(", str(refused.value)), refused.value
