"""A trained GAN -> one that is trained on other images."""

import keras
import numpy as np

from gan_model.model import GAN
from gan_model.presets.rules import at_least_r1_for
from gan_model.storage.checkpoint import compute_constants
from gan_model.storage.messages import reason_of
from gan_model.storage.serializable import is_integer


def fine_tuned(
    source,
    *,
    class_count=None,
    freeze_discriminator=None,
    new_generator=False,
    generator_learning_rate=None,
    discriminator_learning_rate=None,
    image_count=None,
    seed=0,
):
    """A compiled GAN that begins with the weights of a trained one, to be trained on other images.

    ```python
    gan = presets.fine_tuned(presets.pretrained("fashion"), freeze_discriminator=2)
    gan.fit(digits)
    ```

    It has the weights of both networks and of the average, and the settings that `source` was
    compiled with. The optimizers and the counters begin anew, and with them the warm-up of the
    average: after the first step it is the generator itself, which it then follows. With
    `new_generator` the generator begins anew too. Then only the discriminator knows what images
    are. Do not expect a gain where the new images are of another kind: docs/trained.md has a
    command that compares with a start from nothing.

    Args:
        source: compiled `GAN`. Its networks become those of the new GAN, so it must not be used
            any more.
        class_count: number of classes of the new images, for a source with classes. None: as the
            source. If it differs, each weight that belongs to a class starts as the mean over the
            classes of the source.
        freeze_discriminator: number of layers of the discriminator that are not trained: the first
            ones that have weights (Mo et al., 2020). With few images they keep what the source has
            learned of edges and textures. All others learn. None: the same as in the source.
        new_generator: begin with a generator of the same layers whose weights are drawn anew.
        generator_learning_rate, discriminator_learning_rate: None: those of the source.
        image_count: number of new training images. With fewer than 10,000, R1 gets the weight of
            `modern` for this number. A larger weight or another penalty of the source is kept.
            None: the penalty of the source.
        seed: of the codings and of the order of the images.

    Raises:
        ValueError: `source` is no compiled GAN, classes or layers do not fit, or the generator is
            a subclass of `keras.Model`, of which no new one can be made.

    Reference: Wang et al. (2018), "Transferring GANs: generating images from limited data".
    """
    if not isinstance(source, GAN) or not source.compiled:
        raise ValueError(
            f"Training goes on from a compiled GAN. Received: {type(source).__name__}. A file of a "
            "generator alone does not do: type the GAN's file, such as the gan.keras of a run."
        )
    generator, discriminator = source.generator, source.discriminator
    averaged = None if source.average is None else source.averaged_generator.get_weights()
    if class_count not in (None, source.class_count):
        generator, discriminator, averaged = _with_classes(source, class_count, averaged)
    if new_generator:  # its average begins as it does
        generator, averaged = _redrawn(generator), None
    if freeze_discriminator is not None:
        _freeze(discriminator, freeze_discriminator)
    gan = GAN(
        generator,
        discriminator,
        codings_size=source.codings_size,
        class_count=class_count or source.class_count,
        image_range=source.image_range,
        seed=seed,
    )
    kept = source.compile_arguments()
    kept.pop("optimizers", None)  # of networks that a plain GAN does not have
    gan.compile(
        **kept
        | {
            "generator_optimizer": _fresh(source.generator_optimizer, generator_learning_rate),
            "discriminator_optimizer": _fresh(
                source.discriminator_optimizer, discriminator_learning_rate
            ),
            "penalty": at_least_r1_for(source.image_shape, image_count, source.penalty),
        }
    )
    if averaged is not None:
        gan.averaged_generator.set_weights(averaged)
    if gan.clusters is not None:
        gan.clusters.forget()  # the new images have their own
    return gan


def _fresh(optimizer, learning_rate):
    """An optimizer with the same settings, without its state."""
    config = optimizer.get_config()
    if learning_rate is not None:  # a schedule cannot be replaced later
        config["learning_rate"] = learning_rate
    return type(optimizer).from_config(config)


def _redrawn(generator):
    """A generator of the same layers with new weights."""
    try:
        return keras.models.clone_model(generator)
    except Exception as error:  # Keras and the user's own layers may raise anything
        raise ValueError(
            f"Keras can't make another generator like {generator.name!r}, a "
            f"{type(generator).__name__}. Leave new_generator out. Keras says: "
            f"{reason_of(error)}"
        ) from error


def _freeze(discriminator, count):
    """Freezes the first `count` layers that have weights, and no others."""
    layers = [layer for layer in discriminator.layers if layer.weights]
    if not is_integer(count) or not 0 <= count < len(layers):
        raise ValueError(
            f"The discriminator has {len(layers)} layers with weights, and one or more must "
            f"learn. {count!r} cannot be frozen; choose 0 to {len(layers) - 1} layers."
        )
    for place, layer in enumerate(layers):
        layer.trainable = place >= count


def _with_classes(source, class_count, averaged):
    """The generator, the discriminator and the averaged weights for another number of classes."""
    if source.class_count is None:
        raise ValueError(
            "The GAN to go on from was trained without classes, so it cannot learn "
            f"{class_count}. Leave class_count out, or choose a GAN with classes, such as "
            "presets.pretrained('fashion_by_class')."
        )
    counts = source.class_count, class_count
    generator, discriminator = (
        _resized(network, *counts) for network in (source.generator, source.discriminator)
    )
    if averaged is not None:
        pairs = zip(averaged, generator.get_weights(), strict=True)
        averaged = [_fitted(old, new.shape, *counts) for old, new in pairs]
    return generator, discriminator, averaged


def _resized(network, before, after):
    """A network with layers for `after` classes where it had some for `before`."""
    try:
        logits = network.outputs[1:]
        made = keras.models.clone_model(
            network, clone_function=lambda layer: _clone(layer, logits, before, after)
        )
        values = [
            _fitted(old, new.shape, before, after)
            for old, new in zip(network.get_weights(), made.get_weights(), strict=True)
        ]
        made.set_weights(values)
        compute_constants(made)
    except Exception as error:  # Keras and the user's own layers may raise anything
        raise ValueError(
            f"The network {network.name!r} of {before} classes cannot be changed to {after}: "
            f"{reason_of(error)}. Give images of {before} classes."
        ) from error
    return made


def _clone(layer, logits, before, after):
    config = own = layer.get_config()
    inner = layer
    while isinstance(inner, keras.layers.Wrapper):  # such as a spectral normalisation
        inner, own = inner.layer, own["layer"]["config"]
    if own.get("class_count") == before:
        own["class_count"] = after
    elif isinstance(inner, keras.layers.Embedding) and inner.input_dim == before:
        own["input_dim"] = after
    elif isinstance(inner, keras.layers.Dense) and any(layer.output is one for one in logits):
        own["units"] = after
    return type(layer).from_config(config)


def _fitted(values, shape, before, after):
    """Weights of `before` classes -> of `after` classes, each as their mean."""
    for axis, (have, want) in enumerate(zip(values.shape, shape, strict=True)):
        if have != want and (have, want) == (before, after):
            return np.repeat(values.mean(axis=axis, keepdims=True), after, axis=axis)
    if values.shape != shape:
        raise ValueError(f"a weight has the shape {values.shape}, expected {shape}")
    return values
