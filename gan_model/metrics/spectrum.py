"""uint8 images -> power at each spatial frequency -> how far fake images are from real ones."""

import numpy as np

from gan_model.metrics.record import Direction, Kind, Metric

_CELLS = 32  # along each axis, from 0 to the Nyquist frequency
_BLOCK_NUMBERS = 2_000_000  # numbers in images transformed together
_ROUNDING = 1 / 12  # variance of the error of rounding to grey levels


class PowerSpectrum:
    """Difference between the power spectra of real and of fake images, in dB.

        spectrum    root mean square over frequencies of 10 log10(fake power / real power)

    It sees blur, noise and fine patterns of all images together, which features may not see, and
    nothing else: images of any kind may have the same spectrum. The same set has 0. Twice the
    contrast has 6 dB; half the power, at all frequencies, 3 dB. Compare with the floor, since two
    halves of the real images do not have 0 either.

    The power of an image is that of its values minus their mean, under a Hann window, averaged over
    the channels; white noise has its variance at each frequency. Less power than the rounding to
    grey levels has, 1/12, counts as 1/12.

    Attributes:
        metrics: tuple of `Metric`.
        about: what the number depends on besides the images, for a record.

    Reference: Durall et al. (2020); Dzanic et al. (2020).
    """

    metrics = (Metric("spectrum", Direction.LOWER, Kind.DISTANCE),)

    def __init__(self):
        self.about = {"spectrum": f"{_CELLS} frequencies of each axis at most, the mean alone"}

    def describe(self, images, first=0):
        """Power of uint8 images in cells of frequencies, float32 (n, cells).

        Images larger than 64 pixels have 32 cells along an axis, the first for the mean alone.
        Others have one for each frequency but the two highest, which share the last.

        Args:
            images: (n, height, width) or (n, height, width, channels), 4 pixels or more.
            first: unused; other measures number their images.

        Raises:
            ValueError: images of another type or shape.
        """
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim not in (3, 4) or min(images.shape[1:3]) < 4:
            raise ValueError(
                "The power spectrum is that of uint8 images (n, height, width) or with channels, "
                f"of 4 pixels or more on each side. Received: {images.dtype.name} of shape "
                f"{images.shape}."
            )
        images = images.reshape(*images.shape[:3], -1)
        block = max(1, _BLOCK_NUMBERS // images[0].size)
        return np.concatenate(
            [_power(images[first : first + block]) for first in range(0, len(images), block)]
        )

    def statistics(self, described):
        """The mean power in each cell, float64 (cells,)."""
        return described.mean(axis=0, dtype=np.float64)

    def numbers(self, real, fake):
        """`{"spectrum": dB}` of the statistics of both sets."""
        decibels = 10 * np.log10(np.maximum(fake, _ROUNDING) / np.maximum(real, _ROUNDING))
        # Without the first cell: the mean of each image is taken away.
        return {"spectrum": float(np.sqrt(np.mean(decibels[1:] ** 2)))}


def _power(images):
    height, width = images.shape[1:3]
    window = np.outer(_hann(height), _hann(width))[:, :, None]
    images = images - images.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
    # Of the two halves of a real image's transform one is enough: each mirrors the other.
    waves = np.fft.rfft2(images * window, axes=(1, 2))
    power = (np.abs(waves) ** 2).mean(axis=3) / (window**2).sum()
    rows = _cells(np.abs(np.fft.fftfreq(height, 1 / height)), height)
    columns = _cells(np.fft.rfftfreq(width, 1 / width), width)
    cells = _averaged(_averaged(power, rows, axis=1), columns, axis=2)
    return cells.reshape(len(images), -1)


def _hann(length):
    return np.sin(np.pi * (np.arange(length, dtype=np.float32) + 0.5) / length) ** 2


def _cells(waves, length):
    """The cell of each frequency of a transform, in waves along the length; 0 is the first."""
    waves, half = waves.round().astype(int), length // 2
    count = min(_CELLS, half)
    # Without waves, that is the mean, is a cell of its own: that of both axes is left out.
    others = 1 + (waves - 1) * (count - 1) // (half - 1)
    return np.where(waves == 0, 0, np.minimum(others, count - 1))


def _averaged(power, cells, *, axis):
    """Means over the frequencies of each cell along an axis."""
    power = np.moveaxis(power, axis, 0)
    means = np.stack([power[cells == cell].mean(axis=0) for cell in range(cells.max() + 1)])
    return np.moveaxis(means, 0, axis).astype(np.float32)
