"""A folder that records the settings of its content, so that nothing else is mixed into it."""

import contextlib
import json

from gan_model.storage.file_format import FORMAT, check_format
from gan_model.storage.json_file import as_read_back, write_json
from gan_model.storage.locks import locked
from gan_model.storage.paths import expanded


class Folder:
    """A folder with a `settings.json` that records what made its content.

    A subclass names its content (`kind`, `doing`), the settings that may change when the folder is
    used again (`may_change`), and whether there is content yet (`begun`).

    Args:
        path: the folder; it need not exist.
    """

    kind = doing = None
    may_change = ()

    def __init__(self, path):
        self.path = expanded(path)
        self.settings = self.path / "settings.json"

    def begun(self):
        """Whether the folder has content that other settings would spoil."""
        return self.settings.exists()

    @contextlib.contextmanager
    def opened(self, settings):
        """Locks the folder, after checking that its content was made with the same settings."""
        busy = (
            f"Another process is {self.doing} in {self.path}. Wait for it or stop it, or choose "
            "another folder: --run-dir DIR."
        )
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locked(self.path, busy=busy))
            except OSError as error:
                raise ValueError(
                    f"The folder {self.path} cannot be written ({error.strerror}). Choose another "
                    "one: --run-dir DIR."
                ) from error
            self.check(settings)
            yield

    def check(self, settings):
        """Refuses settings that differ from those of the content, if there is any."""
        if not (self.settings.exists() or self.begun()):
            return
        then, now = self.read_settings(), as_read_back(settings)
        changes = differences(then, now, may_change=self.may_change)
        if self.begun() and changes:
            raise ValueError(
                f"{self.path} holds a {self.kind} with other settings: {changes}. "
                f"Give the same settings to continue that {self.kind}, or choose another folder: "
                "--run-dir DIR."
            )

    def note(self, settings, **more):
        """Writes `settings.json`, with `more` beside the settings."""
        about = {"format": FORMAT, "kind": self.kind}
        write_json(self.settings, {**about, "settings": settings, **more})

    def read_settings(self, **told):
        """The settings that `note` was given; arguments as for `read_noted`."""
        return self.read_noted(**told)["settings"]

    def read_noted(self, *, instead="Choose another folder: --run-dir DIR."):
        """All that `note` was given: a dict with the key `settings`.

        Args:
            instead: what the person may do where the file cannot be read, a sentence.
        """
        try:
            noted = json.loads(self.settings.read_text())
            if not isinstance(noted.get("settings"), dict):
                raise TypeError("`settings` is not a list of names and values")
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise ValueError(
                f"{self.settings} cannot be read ({error}), so the {self.kind} in this folder is "
                f"unknown. {instead}"
            ) from error
        check_format(noted.get("format"), self.path)
        if noted.get("kind") != self.kind:
            raise ValueError(
                f"{self.path} holds a {noted.get('kind')}, not a {self.kind}. Choose another "
                "folder."
            )
        return noted


def differences(then, now, *, may_change=()):
    """The entries in which two dicts of settings differ, as text; "" if they are equal."""
    return "; ".join(
        f"{name} was {then.get(name)}, now {now.get(name)}"
        for name in {**then, **now}
        if name not in may_change and then.get(name) != now.get(name)
    )
