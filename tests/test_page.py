"""The page: the numbers of a browser against TensorFlow's, and what a person does with it.

Chromium runs each page as a person would: a file, no server. It is skipped where there is none.
"""

import json
import os
import re
import time

import keras
import numpy as np
import pytest
from browser import CHROMIUM, browser
from keras import Input, layers
from PIL import Image
from processes import PATIENCE

from gan_model import GAN, Sampler, exporting, networks, presets, runs
from gan_model.commands.sample import command, read_codings, write_images_of
from gan_model.exporting.inference_graph import directions, inference_graph
from gan_model.model.random import numbered
from gan_model.storage.own_files import is_replaceable

PRESETS = {
    "dense": ((28, 28), {}),
    "dcgan": ((16, 20, 3), {}),
    "guidelines": ((16, 16, 1), {}),
    "modern": ((28, 28, 1), {}),
    "modern with clusters": ((28, 28, 1), {"clusters": 5}),
    "modern_conditional": ((20, 16, 3), {"class_count": 3}),
}
COUNT = 12


def weights_as_trained(network):
    """Weights as far from their initial values as training takes them, statistics included."""
    rng = np.random.default_rng(0)
    for weight in network.weights:
        values = np.asarray(weight)
        if "variance" in weight.path:
            weight.assign(rng.uniform(0.3, 3.0, values.shape))
        elif values.ndim == 1 or "embeddings" in weight.path:
            weight.assign(values + rng.normal(0, 0.2, values.shape))
        else:
            weight.assign(values * 1.5)


@pytest.fixture(scope="module")
def gans():
    """A GAN of each preset, by name."""
    keras.utils.set_random_seed(0)
    made = {
        name: presets.PRESETS[name.split()[0]](shape, **more)
        for name, (shape, more) in PRESETS.items()
    }
    for gan in made.values():
        weights_as_trained(gan.sampled_generator)
    return made


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip("There is no Chromium: apt-get install chromium")
    with browser(tmp_path_factory.mktemp("chromium")) as tab:
        yield tab


@pytest.fixture(scope="module")
def written(gans, tmp_path_factory):
    """The file of a page of `modern_conditional`."""
    file = tmp_path_factory.mktemp("page") / "page.html"
    exporting.page(gans["modern_conditional"], file, title="three <classes>")
    return file


@pytest.fixture
def page(tab, written, tmp_path):
    """That page, opened; its downloads go to tmp_path."""
    tab.open(written, downloads=tmp_path)
    tab.wait_for("busy === false && waiting.size === 0")
    return tab


def in_browser(tab, codings, labels=None):
    """uint8 images (count, pixels, 3), made by the page's own code."""
    labels = [0] * len(codings) if labels is None else labels.tolist()
    order = json.dumps([[*map(list, codings.tolist())], labels])
    pixels = tab.value(
        f"""(async ([codings, labels]) => {{
          const images = codings.map((coding, i) => explorer.image(coding, labels[i]));
          return (await Promise.all(images)).map((pixels) => Array.from(pixels));
        }})({order})"""
    )
    return np.array(pixels, np.uint8).reshape(len(codings), -1, 4)


def as_rgb(images):
    images = images.reshape(len(images), -1, 3 if images.shape[-1] == 3 else 1)
    return np.broadcast_to(images, (*images.shape[:2], 3)).astype(int)


@pytest.mark.parametrize("name", PRESETS)
def test_the_browsers_images_are_tensorflows(tab, gans, name, tmp_path):
    gan = gans[name]
    written = exporting.page(gan, tmp_path / "page.html")
    assert written.greatest_difference <= 0.5
    tab.open(tmp_path / "page.html")
    codings = numbered(1000, COUNT, gan.codings_size, seed=1).numpy()
    labels = np.arange(COUNT, dtype=np.int32) % 3 if gan.class_count else None
    seen = in_browser(tab, codings, labels)
    expected = as_rgb(gan.sampler().images_of(codings, labels=labels))
    assert expected.std() > 5  # not all of one grey
    assert np.abs(seen[..., :3].astype(int) - expected).max() <= 1
    assert (seen[..., 3] == 255).all() and not tab.errors
    for label in (-1, gan.class_count or 1):
        order = f"explorer.image({codings[0].tolist()}, {label})"
        assert tab.value(f"{order}.then(() => 'made', () => 'refused')") == "refused"


def test_the_browser_runs_the_layers_that_no_preset_has(tab, tmp_path):
    """Strides, cropping, upsampling, kernels smaller than strides, odd sides, nested models."""
    generator = keras.Sequential(
        [
            Input((6,)),
            keras.Sequential([layers.Dense(5 * 3 * 6), layers.Activation("relu")]),
            layers.Reshape((5, 3, 6)),
            layers.Conv2DTranspose(5, 2, strides=3, padding="valid"),
            layers.LeakyReLU(negative_slope=0.3),
            layers.UpSampling2D((2, 3)),
            layers.Dropout(0.5),
            layers.Conv2D(7, (4, 3), strides=2, padding="same", activation="leaky_relu"),
            layers.Cropping2D(((1, 0), (2, 1))),
            layers.Dense(5, activation="relu"),
            layers.Conv2DTranspose(6, (2, 3), strides=(3, 1), padding="same", activation="selu"),
            layers.Conv2D(3, (2, 3), padding="valid", activation="sigmoid"),
        ]
    )
    weights_as_trained(generator)
    exporting.page(generator, tmp_path / "page.html")
    tab.open(tmp_path / "page.html")
    codings = numbered(0, 8, 6, seed=1).numpy()
    expected = as_rgb(Sampler(generator).images_of(codings)).astype(int)
    assert expected.std() > 10
    assert np.abs(in_browser(tab, codings)[..., :3].astype(int) - expected).max() <= 1


def test_a_person_holds_and_changes_images_and_takes_one_away(page, gans, tmp_path):
    assert page.value("document.querySelector('h1').textContent") == "three <classes>"
    assert page.value("document.querySelectorAll('#held li').length") == 3
    page.value("document.querySelectorAll('#grid button')[7].click()")
    assert page.value("document.getElementById('status').textContent") == (
        "Sample 8 is held as image 4."
    )
    assert page.value("document.querySelectorAll('#grid [aria-pressed=true]').length") == 4
    page.value(
        """for (const [id, value] of [["direction-1", 2.5], ["truncation", 0.5]]) {
          document.getElementById(id).value = value;
          document.getElementById(id).dispatchEvent(new Event("input"));
        }
        document.getElementById("class").value = 2;
        document.getElementById("class").dispatchEvent(new Event("change"));"""
    )
    caption = page.value("document.getElementById('caption').textContent")
    assert caption == "Image 4 · class 2 · moved along 2 · truncation 0.5"
    page.wait_for("busy === false && waiting.size === 0")
    page.value("document.getElementById('image-json').click()")
    file = tmp_path / "three _classes_-coding.json"
    wait_for(file)
    content = json.loads(file.read_text())
    assert content["labels"] == [2]
    coding, sample = page.value("[Array.from(current.coding), Array.from(samples[7].coding)]")
    assert coding == sample
    direction = directions(inference_graph(gans["modern_conditional"].sampler()))[1]
    assert content["codings"][0] == pytest.approx(
        0.5 * (np.array(coding) + 2.5 * direction), abs=1e-6
    )
    shown = page.value(
        "Array.from(document.getElementById('image').getContext('2d').getImageData("
        "0, 0, 16, 20).data)"
    )
    expected = as_rgb(gans["modern_conditional"].sampler().images_of(content["codings"], labels=2))
    shown = np.array(shown).reshape(1, -1, 4)[..., :3]
    assert np.abs(shown - expected).max() <= 1


def test_classes_that_have_names_are_chosen_by_them(tab, gans, tmp_path):
    about = {"class_names": ["ankle boot", "a </script> & b", "2"]}
    exporting.page(gans["modern_conditional"], tmp_path / "page.html", about=about)
    tab.open(tmp_path / "page.html")
    tab.wait_for("busy === false && waiting.size === 0")
    names = tab.value("[...document.querySelectorAll('#class option')].map((one) => one.text)")
    assert names == about["class_names"]
    assert tab.value("document.getElementById('caption').textContent") == "Image 1 · ankle boot"
    tile = "document.getElementById('grid').children[1].getAttribute('aria-label')"
    assert tab.value(tile) == "Sample 2, a </script> & b"


@pytest.mark.slow
def test_names_of_another_number_of_classes_are_refused(gans, tmp_path):
    about = {"class_names": ["one", "two"]}
    with pytest.raises(ValueError, match="has 3 classes, but `class_names` of `about` has 2 names"):
        exporting.page(gans["modern_conditional"], tmp_path / "page.html", about=about)
    assert not (tmp_path / "page.html").exists()


def test_codings_of_the_page_become_the_same_images(page, gans, tmp_path):
    gans["modern_conditional"].save(tmp_path / "gan.keras")
    page.value("document.getElementById('samples-json').click()")
    file = tmp_path / "three _classes_-codings.json"
    wait_for(file)
    tiles = page.value(
        """[...document.querySelectorAll("#grid canvas")].map((canvas) =>
          Array.from(canvas.getContext("2d").getImageData(0, 0, 16, 20).data))"""
    )
    words = ["--from", tmp_path / "gan.keras", "--codings", file, "--out", tmp_path / "made.npz"]
    command.main([str(word) for word in words], standalone_mode=False)
    with np.load(tmp_path / "made.npz") as made:
        assert made["labels"].tolist() == [number % 3 for number in range(32)]
        shown = np.array(tiles).reshape(32, -1, 4)[..., :3]
        assert np.abs(shown - as_rgb(made["images"])).max() <= 1


def test_labels_of_codings_are_written_and_checked(gans, tmp_path):
    sampler, file = gans["modern_conditional"].sampler(), tmp_path / "codings.json"
    codings = [[0] * sampler.codings_size] * 4
    file.write_text(json.dumps({"codings": codings}))
    write_images_of(file, sampler, tmp_path / "made.npz", 1.0)
    with np.load(tmp_path / "made.npz") as made:
        assert made["labels"].tolist() == [0, 1, 2, 0]
    for label in (1.7, 2**40, 2**70):
        file.write_text(json.dumps({"codings": codings, "labels": [label] * 4}))
        with pytest.raises(ValueError, match="The labels "):
            write_images_of(file, sampler, tmp_path / "made.npz", 1.0)


@pytest.mark.parametrize(
    "content",
    [
        "no JSON",
        "[1]",
        '{"codings": [["a"]]}',
        '{"labels": [1]}',
        f'{{"codings": [[1{"0" * 400}]]}}',
    ],
    ids=["no JSON", "no dict", "text", "no codings", "too large"],
)
def test_a_file_that_holds_no_codings_is_refused(content, tmp_path):
    (tmp_path / "codings.json").write_text(content)
    with pytest.raises(ValueError, match=r"codings\.json cannot be read as codings"):
        read_codings(tmp_path / "codings.json")


def test_the_walk_passes_through_the_held_images_on_arcs(page):
    page.value("var place = document.getElementById('position')")
    for at, what in ((1, "held[1].coding"), (2.5, "onArc(held[2].coding, held[0].coding, 0.5)")):
        page.value(f"place.value = {at}; place.dispatchEvent(new Event('input'))")
        shown, expected = page.value(f"[Array.from(onStage().coding), Array.from({what})]")
        assert shown == pytest.approx(expected, abs=1e-6)
    norm = page.value("Math.hypot(...onArc([3, 0], [0, 3], 0.3))")  # as in Sampler.walk
    assert norm == pytest.approx(3)
    page.value("document.getElementById('play').click()")
    page.wait_for("position > 0.05 && position < 2")
    page.value("document.getElementById('play').click()")
    assert page.value("document.getElementById('play').textContent.trim()") == "Play"


def test_other_images_are_drawn_while_a_walk_orders_its_own_again_and_again(page):
    page.wait_for("busy === false && waiting.size === 0")
    begun = page.value(
        """(() => {
          const begun = [], again = (name) => order(name, samples[0].coding, 0, () => {});
          worker.postMessage = () => begun.push(job.name);
          busy = true;
          for (const name of ["sample 1", "stage", "sample 2"]) again(name);
          for (let i = 0; i < 6; i++) {
            busy = false;
            next();
            again("stage");
          }
          delete worker.postMessage;
          waiting.clear();
          busy = false;
          return begun;
        })()"""
    )
    assert begun == ["stage", "sample 1", "stage", "sample 2", "stage", "stage"]


def test_an_engine_that_fails_says_so(tab, gans, tmp_path):
    file = tmp_path / "page.html"
    exporting.page(gans["dcgan"], file)
    before, weights = file.read_text().split('id="weights"')
    file.write_text(before + 'id="weights"' + weights.replace(">", ">!", 1))
    tab.open(file)
    status = "document.getElementById('status').textContent"
    tab.wait_for(f"{status}.includes('cannot run in this browser')")


def test_the_keyboard_reaches_everything(page):
    page.value("document.querySelector('#grid button').focus()")
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        page.press(key)
    assert page.value("document.activeElement.getAttribute('aria-label')") == "Sample 4, class 0"
    assert page.value("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert page.value("held.length") == 4
    page.value("document.activeElement.blur(); scrollTo(0, 0)")
    reached = set()
    for _ in range(40):
        page.press("Tab")
        reached.add(page.value("document.activeElement.id || document.activeElement.className"))
    buttons = {"play", "reset", "image-png", "image-json", "samples-png", "samples-json", "more"}
    sliders = {"position", "truncation", *(f"direction-{number}" for number in range(8))}
    assert reached >= {*buttons, *sliders, "class", "classes", "tile", "release"}


def test_every_control_has_a_name_and_fits_a_phone(page, written):
    page.open(written, width=375, height=812, mobile=True)
    assert page.value("document.documentElement.scrollWidth") == 375
    page.call("Accessibility.enable")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "slider", "combobox", "image", "Canvas"}
    controls = [one for one in nodes if one.get("role", {}).get("value") in roles]
    assert len(controls) > 50
    assert not [one for one in controls if not one["ignored"] and not one["name"]["value"]]
    low = page.value(
        "Math.min(...[...document.querySelectorAll('button, input, select')]"
        ".filter((each) => each.offsetParent).map((each) => each.offsetHeight))"
    )
    assert low >= 44  # pixels, for a finger


def wait_for(file):
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} was not saved."
        time.sleep(0.05)


@pytest.mark.parametrize("name", ["dcgan", "guidelines"])
def test_pages_for_28_x_28_are_small(name, tmp_path):
    gan = presets.PRESETS[name]((28, 28, 1))
    assert exporting.page(gan, tmp_path / "page.html").size < 1_500_000


def test_directions_change_the_first_layer_most():
    gan = presets.dense((8, 8), codings_size=5)
    found = directions(inference_graph(gan.sampler()))
    kernel = gan.sampled_generator.layers[0].kernel.numpy()
    assert found @ found.T == pytest.approx(np.eye(5), abs=1e-5)
    lengths = np.linalg.norm(found @ kernel, axis=1)
    assert lengths == pytest.approx(np.linalg.svd(kernel, compute_uv=False), rel=1e-4)


def test_directions_that_move_nothing_are_left_out():
    """Of 8 codings the first decides the cluster, and the layer has 5 outputs."""
    gan = presets.modern((16, 16), clusters=3, codings_size=8)
    found = directions(inference_graph(gan.sampler()))
    assert found.shape == (7, 8) and not found[:, 0].any()
    flat = layers.Dense(16, activation="tanh")
    small = keras.Sequential([Input((8,)), layers.Dense(5), flat, layers.Reshape((4, 4))])
    assert directions(inference_graph(Sampler.of(small))).shape == (5, 8)


def test_a_generator_without_weights_has_no_directions():
    small = keras.Sequential([Input((16,)), layers.Reshape((4, 4))])
    assert directions(inference_graph(Sampler(small, image_range=(0, 1)))).shape == (0, 16)


def test_shapes_may_be_numbers_of_numpy(tmp_path):
    shape = tuple(np.array([4, 4, 1]))
    flat = layers.Dense(16, activation="tanh")
    generator = keras.Sequential([Input((3,)), flat, layers.Reshape(shape)])
    assert exporting.page(generator, tmp_path / "page.html").size > 0


def test_a_title_may_be_any_text(tmp_path):
    for title, shown in (("{{ metadata }}", "{{ metadata }}"), ("\udcff", "?")):  # no UTF-8
        exporting.page(chain(), tmp_path / "page.html", title=title)
        text = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert f"<title>{shown}</title>" in text
    assert is_replaceable(tmp_path / "page.html")
    (tmp_path / "page.html").write_text("<title>of a person</title>")
    with pytest.raises(ValueError, match="gan-model did not write it"):
        exporting.page(chain(), tmp_path / "page.html")


def test_a_picture_has_what_was_asked_for_last(page, gans, tmp_path):
    """Saved in the moment after the samples were asked for, before they are drawn."""
    page.wait_for("busy === false && waiting.size === 0")
    page.value("for (const id of ['more', 'samples-png']) document.getElementById(id).click()")
    file = tmp_path / "three _classes_-samples.png"
    wait_for(file)
    samples = page.value("samples.map(({coding, label}) => [Array.from(coding), label])")
    codings, labels = zip(*samples, strict=True)
    expected = gans["modern_conditional"].sampler().images_of(codings, labels=np.array(labels))
    rows, columns, (height, width) = 4, 8, expected.shape[1:3]
    with Image.open(file) as picture:
        found = np.asarray(picture.convert("RGB")).astype(int)
    tiles = found.reshape(rows, height, columns, width, 3).swapaxes(1, 2)
    assert np.abs(tiles.reshape(expected.shape) - expected).max() <= 1


def skipping():
    codings = Input((8,))
    first = layers.Dense(16, name="first")(codings)
    added = layers.Add(name="shortcut")([layers.Dense(16)(first), first])
    return keras.Model(codings, layers.Reshape((4, 4))(layers.Activation("tanh")(added)))


def sharing(*, ends):
    """A layer that is called twice."""
    codings, shared = Input((8,)), layers.Activation("tanh", name="shared")
    values = shared(layers.Dense(16)(shared(layers.Dense(16)(codings))))
    return keras.Model(codings, layers.Reshape((4, 4))(values) if ends else values, name="mine")


class Subclassed(keras.Model):
    def build(self, shape):
        self.dense = layers.Dense(16, activation="tanh")
        self.dense.build(shape)

    def call(self, codings):
        return keras.ops.reshape(self.dense(codings), (-1, 4, 4))


def chain(*between):
    last = [layers.Dense(16, activation="tanh"), layers.Reshape((4, 4))]
    return keras.Sequential([Input((8,)), *between, *last])


@pytest.mark.parametrize(
    ("generator", "named"),
    [
        (skipping(), "shortcut (Add) takes other inputs"),
        (chain(layers.LayerNormalization(name="norm")), "layer norm (LayerNormalization)"),
        (chain(layers.Dense(4, activation="gelu", name="bent")), "layer bent (Dense)"),
        (chain(layers.Dense(4, activation=layers.LeakyReLU(), name="own")), "layer own (Dense)"),
        (chain(networks.spectral.SpectralNormalization(layers.Dense(4), name="sn")), "layer sn"),
        (sharing(ends=True), "or one of the two is called more than once"),
        (sharing(ends=False), "or in a layer that is called more than once"),
        (chain(layers.Flatten("channels_first", name="flat")), "Its data_format is channels_first"),
    ],
    ids=["skip", "layer", "activation", "layer as activation", "wrapper", "twice", "end", "flat"],
)
def test_other_generators_are_refused_by_the_layers_name(generator, named, tmp_path):
    with pytest.raises(ValueError, match=re.escape(named)):
        exporting.page(generator, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def nested(*, ends):
    """A functional model that has another one inside."""
    inside = Input((5,))
    backbone = keras.Model(inside, layers.Dense(6, activation="relu")(inside))
    codings = Input((5,))
    images = layers.Reshape((4, 4))(layers.Dense(16)(backbone(codings)))
    return keras.Model(codings, ends(images), name="mine")


def test_a_functional_model_inside_is_one_of_the_chain(tmp_path):
    generator = nested(ends=layers.Activation("tanh"))
    weights_as_trained(generator)
    written = exporting.page(generator, tmp_path / "page.html")
    assert written.greatest_difference <= 0.5


def test_an_operation_that_is_no_layer_is_refused_at_the_end_too(tmp_path):
    with pytest.raises(ValueError, match="The model mine ends in an operation that is no layer"):
        exporting.page(nested(ends=keras.ops.tanh), tmp_path / "page.html")


def test_a_subclass_of_model_is_refused(tmp_path):
    generator = Subclassed(name="mine")
    discriminator = keras.Sequential([Input((4, 4)), layers.Flatten(), layers.Dense(1)])
    gan = GAN(generator, discriminator, codings_size=8)
    with pytest.raises(ValueError, match="mine is a subclass"):
        exporting.page(gan, tmp_path / "page.html")


def test_a_page_is_an_html_file_of_finite_weights(tmp_path):
    generator = chain()
    with pytest.raises(ValueError, match=r"ends in \.html"):
        exporting.page(generator, tmp_path / "page.htm")
    generator.layers[0].kernel.assign(generator.layers[0].kernel * np.nan)
    with pytest.raises(ValueError, match="not finite"):
        exporting.page(generator, tmp_path / "page.html")


def test_the_foot_of_a_page_tells_the_run_and_the_command_that_makes_it_again(gans, tmp_path):
    from gan_model.commands.page import command

    run = runs.RunFolder(tmp_path / "run")
    gan = gans["dense"]
    settings = {"preset": "dense", "data": "/home/me/my <pictures>", "image_shape": [28, 28, 1]}
    settings |= {"batch_size": 16, "seed": 3, "codings_size": None, "steps_per_epoch": 5}
    run.path.mkdir()
    run.note(settings, versions={"keras": "3.15"})
    run.save(gan)
    (run.path / "history.csv").write_text("epoch,step,images\n2,10,160\n")
    (run.path / "checkpoints").mkdir()
    (run.path / "checkpoints" / "epoch-00002.npz").write_bytes(b"")
    os.utime(run.path / "checkpoints" / "epoch-00002.npz", (0, 0))  # before gan.keras
    assert exporting.known_of(run.path)["command"] == (
        "gan-model train --preset dense --data 'my <pictures>' --image-size 28x28 --channels 1 "
        "--epochs 2 --batch-size 16 --steps-per-epoch 5 --seed 3"
    )
    words = [str(run.path), "--out", str(tmp_path / "page.html")]
    command.main(words, standalone_mode=False)
    text = (tmp_path / "page.html").read_text()
    assert "<title>run</title>" in text and "2 epochs, 160 images" in text
    assert (
        "<dd>my &lt;pictures&gt;</dd>" in text and "--data &#x27;my &lt;pictures&gt;&#x27;" in text
    )
