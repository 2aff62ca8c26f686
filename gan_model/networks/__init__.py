"""Networks: generators, codings -> images, and discriminators, images -> scores.

There is one file for the networks of each preset; `presets.modern_conditional` uses those of
`modern`. `conditional` has layers that use labels, `clusters` one that makes them, and `upsampling`
one that doubles the size of images. `spectral` normalises the layers of any network, `equalized`
trains them at an equal pace, `precision` says in which precision they compute, and `layers` has one
that tells the range of images.
"""

from gan_model.networks import (
    clusters,
    conditional,
    dcgan,
    dense,
    equalized,
    guidelines,
    modern,
    spectral,
)

__all__ = [
    "clusters",
    "conditional",
    "dcgan",
    "dense",
    "equalized",
    "guidelines",
    "modern",
    "spectral",
]
