"""Errors of the bridge: what the shells around sockets and shared memory can run into.

BridgeError
+-- RunDirRefused       the run directory cannot be trusted, or made
+-- AlreadyRunning      another daemon holds the lock
+-- RingRefused         a Ring file that is not ours, or not a file
+-- RingGone            a Ring that was truncated, replaced or removed
+-- DaemonNotRunning    nobody listens on the control socket
+-- DaemonSilent        somebody listens, but the answer did not come in time
+-- RequestFailed       the daemon answered: Failed
"""

from pathlib import Path


class BridgeError(Exception):
    """Base of the bridge's errors; a sentence for the user is in __str__."""


class RunDirRefused(BridgeError):
    """path: the directory; why: what is wrong with it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why

    def __str__(self) -> str:
        return (
            f"The run directory {self.path} {self.why}. Move it out of the way, or set SIDECHAIN_RUN_DIR "
            "to a directory of your own."
        )


class AlreadyRunning(BridgeError):
    """pid: process that holds the lock, None when it has not written its number."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(pid)
        self.pid = pid

    def __str__(self) -> str:
        who = "" if self.pid is None else f" (process {self.pid})"
        return f"A Sidechain daemon is already running{who}. Use it, or stop it first."


class RingRefused(BridgeError):
    """segment: name of the file; why: what is wrong with it."""

    def __init__(self, segment: str, why: str) -> None:
        super().__init__(segment, why)
        self.segment = segment
        self.why = why

    def __str__(self) -> str:
        return f"Ring file {self.segment} was not opened: {self.why}."


class RingGone(BridgeError):
    """segment: name of the file; why: what happened to it."""

    def __init__(self, segment: str, why: str) -> None:
        super().__init__(segment, why)
        self.segment = segment
        self.why = why

    def __str__(self) -> str:
        return f"Ring file {self.segment} can no longer be read: {self.why}."


class DaemonNotRunning(BridgeError):
    """socket: where nobody listens."""

    def __init__(self, socket: Path) -> None:
        super().__init__(socket)
        self.socket = socket

    def __str__(self) -> str:
        return f"No Sidechain daemon listens on {self.socket}. Start it with: sidechain up"


class DaemonSilent(BridgeError):
    """request: name of the message that was not answered; timeout_s: how long it was waited for."""

    def __init__(self, request: str, timeout_s: float) -> None:
        super().__init__(request, timeout_s)
        self.request = request
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return (
            f"The daemon did not answer {self.request} within {self.timeout_s:g} s. It is running but busy or "
            "stuck: try again, then restart it."
        )


class RequestFailed(BridgeError):
    """code: stable word; message: what happened; next_step: what to do, may be empty. As in control.Failed."""

    def __init__(self, code: str, message: str, next_step: str = "") -> None:
        super().__init__(code, message, next_step)
        self.code = code
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".rstrip()
