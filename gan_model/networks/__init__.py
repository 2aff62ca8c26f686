"""Players for the presets: codings -> images and images -> scores, one family a file."""

from gan_model.networks import dcgan, dense, guidelines

__all__ = ["dcgan", "dense", "guidelines"]
