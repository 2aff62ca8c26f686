"""GANs as Keras models: `fit` drives the training.

The rooms, in the order in which a batch walks through them:

    data          files                    -> batches of images
    codings       a seed, a place          -> codings
    networks      codings -> images, images -> scores
    losses        scores                   -> one number for each player
    penalties     discriminator, images    -> one number added to what it pays
    images        images as given          -> images in the generator's range
    conditioning  images with labels       -> both players know the class of each
    measuring     held-out images          -> the quality of what a model generates
    progress      steps, figures           -> what a person sees while fit runs
    feeding       images as fit takes them -> batches
    execution     many training steps      -> one call into XLA
    tracking      what a step says of itself -> the means that fit logs
    players       two networks             -> what a GAN must know of them
    augmenting    images, real and fake    -> other images, the only ones that are judged
    averaging     a generator that learns  -> one that follows it slowly
    sampling      a trained generator      -> images to show
    saving        what of a GAN goes into a file
    files         a file, whole or as it was before
    folders       a folder, held by one process
    rules         what compile is given    -> the same, if a game can be played by it
    compiling     the rule of a game       -> a model that is ready for its steps
    gan           all of the above         -> the only train_step
    features      images                   -> vectors that a distance looks at
    metrics       images, held-out images  -> how far apart they are
    pictures      images                   -> grids, PNG, GIF
    charts        numbers                  -> charts as PNG
    checkpoint    the state of a run      <-> one file
    alarms        figures of a run         -> what goes wrong, as a sentence
    callbacks     what is shown and kept while fit runs
    presets       whole recipes with a name
    runs          one run                 <-> one folder
    sweeps        a space of recipes       -> the best of them
"""

from gan_model import (
    alarms,
    augmenting,
    averaging,
    callbacks,
    charts,
    codings,
    conditioning,
    data,
    features,
    losses,
    metrics,
    networks,
    penalties,
    pictures,
    presets,
    progress,
    runs,
    sampling,
    saving,
    sweeps,
)
from gan_model.gan import GAN

__version__ = "0.1.0"

__all__ = [
    "GAN",
    "alarms",
    "augmenting",
    "averaging",
    "callbacks",
    "charts",
    "codings",
    "conditioning",
    "data",
    "features",
    "losses",
    "metrics",
    "networks",
    "penalties",
    "pictures",
    "presets",
    "progress",
    "runs",
    "sampling",
    "saving",
    "sweeps",
]
