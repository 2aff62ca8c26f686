"""Players for the presets: codings -> images and images -> scores, one family a file.

`spectral` normalises the layers of any of them; `conditional` has layers that use labels.
"""

from gan_model.networks import conditional, dcgan, dense, guidelines, modern, spectral

__all__ = ["conditional", "dcgan", "dense", "guidelines", "modern", "spectral"]
