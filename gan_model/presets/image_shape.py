"""The image shapes of the presets."""

from gan_model.data.folder import SHORTEST, STEP
from gan_model.data.images import shape_with_channels

_LONGEST = {"dcgan": 128, "guidelines": 128, "modern": 256, "modern_conditional": 256}


def nearest_size(size, preset):
    """The (height, width) nearest to a size of which a preset makes images; None for any size."""
    longest = _LONGEST.get(preset)
    if longest is None:
        return None
    multiples = [STEP * round(side / STEP) for side in size]
    return tuple(min(max(SHORTEST, side), longest) for side in multiples)


def makes(preset):
    """Which sizes a preset makes, the beginning of a sentence."""
    return (
        f"`presets.{preset}` makes images whose height and width are multiples of {STEP} from "
        f"{SHORTEST} to {_LONGEST[preset]}"
    )


def channels_last(image_shape, preset):
    """(height, width, channels) from a shape with or without channels.

    Raises:
        ValueError: if the convolutional networks cannot have images of this shape.
    """
    check_image_shape(image_shape, preset, example=(64, 64, 3))
    height, width, channels = shape_with_channels(image_shape)
    fits = (height, width) == nearest_size((height, width), preset)
    if not fits or channels not in (1, 3):
        raise ValueError(
            f"{makes(preset)}, with 1 or 3 channels. Received: image_shape={tuple(image_shape)}. "
            "Resize the images, or type GAN(generator, discriminator) with your own networks."
        )
    return height, width, channels


def check_image_shape(image_shape, preset, *, example):
    """Refuses what is no shape of an image, such as a side; `example` is one to type."""
    if not hasattr(image_shape, "__len__") or len(image_shape) not in (2, 3):
        raise ValueError(
            f"`image_shape` is (height, width) or (height, width, channels). Received: image_shape="
            f"{image_shape!r}. Type presets.{preset}({example})."
        )
