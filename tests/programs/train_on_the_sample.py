"""Trains for an epoch with the gan_model that lies in a folder, here.

python tests/programs/train_on_the_sample.py FOLDER
"""

import sys

import gan_model
from gan_model import callbacks, data, metrics, presets

assert gan_model.__file__.startswith(sys.argv[1]), gan_model.__file__
(images, labels), (held_out, _) = data.load("sample")
assert images.shape == (10000, 28, 28) and held_out.shape == (2000, 28, 28)
gan = presets.dense()
# Neither by XLA nor as a graph, which takes longer to make than a few steps.
gan.compile(gan.loss, run_eagerly=True)
gan.quality = metrics.Quality()
watched = callbacks.watch("run")
gan.fit(images[:64], validation_data=held_out[:64], epochs=1, verbose=0, callbacks=watched)
assert gan.quality.distance == "fid_fashion"
assert gan.generate(3).shape == (3, 28, 28)
print("trained")
