"""Loads a folder of pictures; says how many train and the sum of their first values.

python tests/programs/load_folder.py FOLDER
"""

import sys

import data_alone  # noqa: F401

from gan_model.data.folder import load_folder

(images, labels), _ = load_folder(sys.argv[1])
print(len(images), int(images[:, 0, 0, 0].sum()))
