"""A published data set: where its files are, and how they are read."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gan_model.data.reading import short_timeout


@dataclass(frozen=True)
class FullSet:
    """A data set with a name, read from files on this machine or downloaded by Keras.

    Args:
        name: as in `keras.datasets`.
        folder: where its Debian package puts the files.
        read: function from a folder to ((train_images, train_labels), (test_images,
            test_labels)), or None if the folder has none of the files.
        files: names of the files, for messages.
        package: the Debian package, if there is one.
        licence: of the images; None if their authors state none.
        class_names: a label is a position in them.
    """

    name: str
    folder: Path
    read: Callable
    files: str
    package: str | None = None
    licence: str | None = None
    class_names: tuple = ()

    def load(self, folder=None):
        """The images and labels from a folder; None: from where they are found.

        Raises:
            ValueError: if files are missing or damaged, or cannot be downloaded.
        """
        place = self.folder if folder is None else Path(os.path.expanduser(folder))
        found = self.read(place)
        if found is None and folder is not None:
            raise ValueError(
                f"{place} does not contain {self.name!r}; expected {self.files}. Put the files "
                "there."
            )
        return found or self._from_keras()

    def _from_keras(self):
        # Imported here because it takes seconds and local files do not need it.
        from keras import datasets

        try:
            with short_timeout():
                splits = getattr(datasets, self.name).load_data()
        except Exception as error:  # errors of network, server and disk have the same remedy
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(self._unavailable(reason)) from None
        # The labels of CIFAR-10 have the shape (n, 1).
        return tuple((images, labels.reshape(-1)) for images, labels in splits)

    def _unavailable(self, reason):
        install = f"install the Debian package {self.package}, or " if self.package else ""
        return (
            f"{self.name!r} is not in {self.folder} and Keras could not download it "
            f"({reason.rstrip('.')}): {install}put {self.files} in a folder and type "
            f"data.load({self.name!r}, folder=...), "
            "or the option --data-dir DIR."
        )
