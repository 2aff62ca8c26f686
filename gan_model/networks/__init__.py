"""Players for the presets: codings -> images and images -> scores, one family a file.

`spectral` normalises the layers of any of them.
"""

from gan_model.networks import dcgan, dense, guidelines, spectral

__all__ = ["dcgan", "dense", "guidelines", "spectral"]
