"""The GAN as a Keras model, made of parts.

gan             GAN: the parts below, and the only `train_step`
step            Step: what one step works on, a batch and its random numbers
batch           Batch: images with their labels and codings
objective       Objective: loss, class loss, penalty, augmentation -> what each network minimizes
updating        which networks a step updates; a loss -> their updated weights
discriminating  a discriminator and images -> scores and class logits
trackers        Trackers: figures of each step -> the means that `fit` logs
monitor         QualityMonitor: held-out images -> the quality measured in each evaluation
feeding         what `fit` and `evaluate` take -> batches
execution       many training steps -> one call into XLA; a step -> all devices
saving          what of a GAN goes into a `.keras` file
csv_columns     the columns of Keras's `CSVLogger`
run_callback    RunCallback: callbacks that restore, end or rewind a run
sampling        Sampler: a trained generator -> images to show
inversion       images -> the codings whose generated images are nearest to them
random          (seed, step, purpose) -> codings and other random numbers
labels          where labels come from; labels of a conditional GAN, checked
clustering      the clusters of a GAN without labels, found before its first step
inspection      what `GAN` is given, checked: above all its two networks
activation      a network -> its last activation
compiling       arguments of `compile` -> the parts above, checked first
checks          what `compile` is given, checked
fit_arguments   what `fit` is given, checked and converted
interrupts      Ctrl-C at any moment of `fit` -> KeyboardInterrupt
cloning         a generator -> a second one to hold its average
"""

from gan_model.model.batch import Batch
from gan_model.model.clustering import find_clusters
from gan_model.model.discriminating import Discriminated
from gan_model.model.gan import GAN
from gan_model.model.inversion import invert
from gan_model.model.random import RandomStream
from gan_model.model.run_callback import RunCallback
from gan_model.model.sampling import Sampler
from gan_model.model.step import Step

__all__ = [
    "GAN",
    "Batch",
    "Discriminated",
    "RandomStream",
    "RunCallback",
    "Sampler",
    "Step",
    "find_clusters",
    "invert",
]
