"""The image shapes of the presets."""

from gan_model.data.images import shape_with_channels


def channels_last(image_shape, preset, *, longest=128):
    """(height, width, channels) from a shape with or without channels.

    Raises:
        ValueError: if the convolutional networks cannot have images of this shape.
    """
    check_image_shape(image_shape, preset, example=(64, 64, 3))
    height, width, channels = shape_with_channels(image_shape)
    fits = all(side % 4 == 0 and 16 <= side <= longest for side in (height, width))
    if not fits or channels not in (1, 3):
        raise ValueError(
            f"`presets.{preset}` makes images whose height and width are multiples of 4 from 16 "
            f"to {longest}, with 1 or 3 channels. Received: image_shape={tuple(image_shape)}. "
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
