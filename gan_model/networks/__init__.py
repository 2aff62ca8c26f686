"""Networks: generators, codings -> images, and discriminators, images -> scores.

There is one file for the networks of each preset; `presets.modern_conditional` uses those of
`modern`. `conditional` has layers that use labels, `clusters` one that makes them, and `layers` one
that doubles the size of images. `spectral` normalizes the layers of any network, and `equalized`
trains them at an equal pace.
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
