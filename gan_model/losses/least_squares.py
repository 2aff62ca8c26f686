"""The loss of the least-squares GAN."""

from dataclasses import dataclass

import keras
from keras import ops

from gan_model.storage.serializable import Serializable


@keras.saving.register_keras_serializable("gan_model")
@dataclass(frozen=True)
class LeastSquares(Serializable):
    """Scores are drawn to 1 for real and 0 for fake (Mao et al., 2017).

        discriminator pays   (mean (real - 1)^2 + mean fake^2) / 2
        generator pays       mean (fake - 1)^2 / 2

    With all scores at 1/2, the best that a discriminator can do which cannot tell, it pays
    1/4 and the generator 1/8. Fakes far beyond 1 cost the generator too.
    """

    def discriminator(self, real_scores, fake_scores):
        return (_mean_square(real_scores - 1.0) + _mean_square(fake_scores)) / 2.0

    def generator(self, real_scores, fake_scores):
        return _mean_square(fake_scores - 1.0) / 2.0


def _mean_square(scores):
    return ops.mean(ops.square(scores))
