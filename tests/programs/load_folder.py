"""Loads a folder of pictures; says how many train, the sum of their first values, and how many
files this process has decoded.

python tests/programs/load_folder.py FOLDER
"""

import sys

from gan_model.data import decoding, folder

decoded = []
folder.decode = lambda path, **how: decoded.append(path) or decoding.decode(path, **how)
(images, labels), _ = folder.load_folder(sys.argv[1])
print(len(images), int(images[:, 0, 0, 0].sum()), len(decoded))
