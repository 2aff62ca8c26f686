"""One format: how it is written, and run by its own runtime."""

import importlib
import importlib.metadata
from dataclasses import dataclass

_OF_FILES = (".onnx", ".tflite", ".keras", ".json")  # endings that no SavedModel has
_OF_FOLDERS = {
    *("saved_model.pb", "fingerprint.pb", "keras_metadata.pb"),
    *("variables", "assets", "assets.extra"),
}


@dataclass(frozen=True)
class FileFormat:
    """A format that `export` writes.

    Args:
        name: as `export` takes it.
        title: as a person reads it.
        suffix: of its files; "" for a folder.
        runtime: package on PyPI that runs it.
        modules: what must be importable to write and check it.
        extra: of gan-model, which installs these modules; None if they always are installed.
        write: function of (graph, path, about): writes an `ImageGraph`, and the dict `about`.
        load: function from a path to a function that runs it: from a dict of arrays by input
            name to the images.
        takes_bfloat16: whether networks that compute in bfloat16 can be written.
        default_batch: number of images in a call unless asked for another; None: any number.
    """

    name: str
    title: str
    suffix: str
    runtime: str
    modules: tuple
    extra: str | None
    write: object
    load: object
    takes_bfloat16: bool = False
    default_batch: int | None = None

    def check_installed(self):
        """Refuses a format whose packages are missing.

        Raises:
            ValueError: it says which one, and what to type.
        """
        for module in self.modules:
            try:
                importlib.import_module(module)
            except ImportError as error:
                raise ValueError(
                    f"{self.title} needs the package {module.split('.')[0]}, which cannot be "
                    f'imported ({error}). Type pip install "gan-model[{self.extra}]".'
                ) from error

    def check_path(self, path):
        """Refuses a path whose ending does not suit the format, and folders of other things.

        Raises:
            ValueError: it says what was expected.
        """
        if path.suffix != self.suffix and (self.suffix or path.suffix in _OF_FILES):
            wanted = f"a file that ends in {self.suffix}" if self.suffix else "a folder"
            raise ValueError(
                f"{self.title} is written to {wanted}. Received: {path}. Type "
                f"{path.with_suffix(self.suffix)}, or choose another format."
            )
        if self.suffix or not path.exists():
            return
        if any(path.iterdir()) and not (path / "saved_model.pb").exists():
            raise ValueError(
                f"{path} exists and is no {self.title}, so it is not replaced. Choose another "
                "folder."
            )
        if others := sorted({one.name for one in path.iterdir()} - _OF_FOLDERS):
            raise ValueError(
                f"{path} holds more than a {self.title} ({', '.join(others)}), so it is not "
                "replaced. Choose another folder."
            )

    @property
    def version(self):
        """The installed version of the runtime."""
        return version_of(self.runtime)


def version_of(package):
    """The installed version of a package; of its module where another package provides it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # as onnxruntime-gpu does
        return importlib.import_module(package.replace("-", "_")).__version__
