"""Color profiles (ICC) and CIELAB: conversion to sRGB, the colors of screens."""

import contextlib
import functools
import io

import numpy as np
from PIL import Image, ImageCms

_UNCHANGED = 2  # levels: a profile that moves none further is one of the many writings of sRGB


def srgb_conversion(image, *, grey):
    """A function from (strips of) an image to the same in sRGB; None if it is in sRGB already.

    Images without a profile are taken for sRGB. A profile that is damaged, or does not suit the
    image, is ignored, as browsers do.

    Args:
        image: an image that Pillow has opened.
        grey: whether its red, green and blue are equal; they stay so.

    Returns:
        A function from a Pillow image to one of mode L, RGB or RGBA, or None.
    """
    if image.mode == "LAB":
        return functools.partial(_convert, _lab_transform())
    profile = image.info.get("icc_profile")
    if not profile:
        return None
    # An ICC profile comes from a file, so what it makes the library raise is not known.
    with contextlib.suppress(Exception):
        if grey:
            levels = _grey_levels(profile)
            return levels and functools.partial(_replace_levels, levels)
        transform = _transform(profile, "CMYK" if image.mode == "CMYK" else "RGB")
        return transform and functools.partial(_convert, transform)
    return None


@functools.lru_cache(maxsize=8)
def _transform(profile, mode):
    """The transform from a profile to sRGB; None for one that changes nothing."""
    source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    if mode == "CMYK":
        return ImageCms.buildTransform(source, srgb, "CMYK", "RGB")
    transform = ImageCms.buildTransform(source, srgb, "RGBA", "RGBA")  # alpha stays
    cube = np.indices((9, 9, 9, 1)).reshape(4, 9, 81).transpose(1, 2, 0) * 255 // 8
    cube = Image.fromarray(cube.astype(np.uint8), "RGBA")
    return None if _is_unchanged(cube, ImageCms.applyTransform(cube, transform)) else transform


@functools.lru_cache(maxsize=8)
def _grey_levels(profile):
    """The level of sRGB for each of the 256 levels of grey; None if it is the same."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    source, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    mode = "L" if source.profile.xcolor_space.strip() == "GRAY" else "RGB"
    transform = ImageCms.buildTransform(source, srgb, mode, "RGB")
    converted = ImageCms.applyTransform(ramp.convert(mode), transform).convert("L")
    return None if _is_unchanged(ramp, converted) else tuple(np.asarray(converted)[0].tolist())


@functools.cache
def _lab_transform():
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")


def _is_unchanged(before, after):
    return np.abs(np.asarray(before, int) - np.asarray(after, int)).max() <= _UNCHANGED


def _convert(transform, image):
    if transform.input_mode == "RGBA":
        has_alpha = image.mode == "RGBA"
        converted = ImageCms.applyTransform(image.convert("RGBA"), transform)
        return converted if has_alpha else converted.convert("RGB")
    return ImageCms.applyTransform(image, transform)


def _replace_levels(levels, image):
    if image.mode == "RGBA":
        return image.point([*levels * 3, *range(256)])
    return image.convert("L").point(levels)
