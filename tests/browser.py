"""A real Chromium without a window, driven by its DevTools protocol over a pipe."""

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time

from processes import PATIENCE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # which cannot be had by root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-pipe",
)
# The protocol is spoken on the descriptors 3 and 4. Both are moved out of the way first.
_STARTER = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for end, number in zip(ends, (3, 4)):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One tab of a running Chromium.

    Args:
        process: the Chromium.
        commands, answers: file descriptors of its pipes.
    """

    def __init__(self, process, commands, answers):
        self._process, self._commands, self._answers = process, commands, answers
        self._number, self._session, self._received = 0, None, b""
        self.errors = []  # of the pages' scripts
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime"):
            self.call(f"{domain}.enable")

    def open(self, path, *, width=1280, height=900, mobile=False, dark=False, downloads=None):
        """Opens a file as a double click does, and waits until its page has loaded."""
        size = dict(width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        if downloads:
            where = dict(behavior="allow", downloadPath=str(downloads))
            self.call("Browser.setDownloadBehavior", **where)
        self.call("Page.navigate", url=path.absolute().as_uri())
        self.wait_for("document.readyState === 'complete'")

    def value(self, expression):
        """What a JavaScript expression gives, awaited if it is a promise."""
        about = dict(expression=expression, awaitPromise=True, returnByValue=True)
        answer = self.call("Runtime.evaluate", userGesture=True, **about)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"].get("description"))
        return answer["result"].get("value")

    def wait_for(self, expression):
        """Until a JavaScript expression is true."""
        deadline = time.monotonic() + PATIENCE
        while not self.value(expression):
            assert time.monotonic() < deadline, f"{expression} in {PATIENCE} s; {self.errors}"
            time.sleep(0.05)

    def press(self, key):
        """Presses a key, such as "Tab" or "Enter", as a keyboard does."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        codes = {"Tab": 9, "Enter": 13, " ": 32, "ArrowLeft": 37, "ArrowRight": 39, "ArrowDown": 40}
        about = dict(key=key, code=key, windowsVirtualKeyCode=codes[key])
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def call(self, method, **parameters):
        """The answer of a method of the protocol, sent to the tab as soon as there is one."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._commands, json.dumps(order).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("method") == "Runtime.exceptionThrown":
                self.errors.append(message["params"]["exceptionDetails"])
            if message.get("id") == self._number:
                assert "error" not in message, (method, message["error"])
                return message["result"]

    def _message(self):
        while b"\0" not in self._received:
            assert self._process.poll() is None, "Chromium has ended."
            ready, _, _ = select.select([self._answers], [], [], PATIENCE)
            assert ready, f"Chromium has not answered in {PATIENCE} s."
            self._received += os.read(self._answers, 2**20)
        message, self._received = self._received.split(b"\0", 1)
        return json.loads(message)


@contextlib.contextmanager
def browser(folder):
    """A `Browser` whose profile is kept in a folder until it ends."""
    theirs_in, commands = os.pipe()
    answers, theirs_out = os.pipe()
    starter = [sys.executable, "-S", "-c", _STARTER, str(theirs_in), str(theirs_out)]
    process = subprocess.Popen(
        [*starter, CHROMIUM, *_OPTIONS, f"--user-data-dir={folder}"],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder)},
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Browser(process, commands, answers)
    finally:
        process.kill()
        process.wait()
        os.close(commands)
        os.close(answers)
