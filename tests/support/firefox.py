"""The system's Firefox without a window, driven by the W3C's WebDriver BiDi over its own WebSocket: no extra driver.

Only what the tests use: run a function in a blank page. Playwright cannot drive it, for it needs a Firefox of its own.
"""

import itertools
import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import IO

from websockets.sync.client import ClientConnection, connect

FIREFOX = "firefox-esr"
START_S = 60
COMMAND_S = 60
_READY = "WebDriver BiDi listening on "
_PREFERENCES = """
user_pref("app.update.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("toolkit.telemetry.enabled", false);
"""

Json = dict[str, object]


class FirefoxPage:
    """One blank page. Not for several threads."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._command("session.new", {"capabilities": {}})
        created = self._command("browsingContext.create", {"type": "tab"})
        self._context = created["context"]

    def call(self, function: str, argument: str) -> str:
        """The string that a (possibly asynchronous) JavaScript function of one string returns."""
        done = self._command(
            "script.callFunction",
            {
                "functionDeclaration": function,
                "awaitPromise": True,
                "target": {"context": self._context},
                "arguments": [{"type": "string", "value": argument}],
            },
        )
        result = done.get("result")
        assert isinstance(result, dict) and result["type"] == "string", f"Firefox answered {done}"
        return str(result["value"])

    def _command(self, method: str, parameters: Json) -> Json:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:  # events come in between
            answer = json.loads(self._socket.recv(timeout=COMMAND_S))
            if answer.get("id") == number:
                assert answer["type"] == "success", f"Firefox refused {method}: {answer}"
                return dict(answer["result"])


@contextmanager
def running_firefox() -> Iterator[FirefoxPage]:
    with tempfile.TemporaryDirectory(prefix="sidechain-firefox-", ignore_cleanup_errors=True) as profile:
        (Path(profile) / "user.js").write_text(_PREFERENCES)
        command = [FIREFOX, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stderr is not None
                with connect(f"{_address(process.stderr)}/session", max_size=None) as socket:
                    yield FirefoxPage(socket)
            finally:
                process.terminate()
                process.wait(timeout=START_S)


def _address(messages: IO[str]) -> str:
    """Where it listens, from what it writes at start; the rest is read away, so that it never waits for a reader."""
    found: Queue[str] = Queue()

    def read() -> None:
        for line in messages:
            if line.startswith(_READY):
                found.put(line.removeprefix(_READY).strip())

    threading.Thread(target=read, daemon=True).start()
    try:
        return found.get(timeout=START_S)
    except Empty:
        raise AssertionError(f"{FIREFOX} did not start within {START_S} s.") from None
