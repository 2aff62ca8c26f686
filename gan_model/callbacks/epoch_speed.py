"""How fast an epoch was, and with which learning rates."""

import time

from gan_model.callbacks.figures import tag
from gan_model.callbacks.same_run import rate_now


class EpochSpeed:
    """Measures the speed of one epoch; make a new one at the beginning of each.

    Args:
        gan: the `GAN` that trains.
    """

    def __init__(self, gan):
        self._gan = gan
        self._began, self._ended = time.perf_counter(), None
        self._seen_before = int(gan.images_seen.numpy())

    def stop(self):
        """Ends the measured time, after each batch: what follows the last one is no training."""
        self._ended = time.perf_counter()

    def figures(self):
        """Images per second and the learning rates: dict from tags to numbers."""
        seconds = (self._ended or time.perf_counter()) - self._began
        seen = int(self._gan.images_seen.numpy()) - self._seen_before
        return {
            tag("images_per_second"): seen / seconds,
            **{
                tag(f"{name}_learning_rate"): rate_now(optimizer)
                for name, optimizer in self._gan.optimizers.items()
            },
        }
