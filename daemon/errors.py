"""Errors that a person meets, each a sentence with a next step, and the exit code that goes with it.

SidechainError            1
+-- UsageError            2
+-- NotRunning            3   the daemon does not answer
+-- NotClaimed            4   this device belongs to no account
+-- KeyringUnavailable    5   locked, absent or refused
+-- Offline               6   the relay cannot be reached, or answers with an error of its own
+-- RelayRefused          6   the relay said no, and why
+-- NothingThere          7   nothing is there that it could be done to
|   +-- NothingKept       7   there is nothing that could be kept
+-- BadAudio              8   a file that is no audio we read
+-- NoSpace               9   the disk is full
+-- LibraryStuck          1   the library cannot be read or written now
+-- LibraryDamaged        1   the library holds what nobody wrote: moved aside and rebuilt at the next start
+-- AlreadyRunning       77   a daemon holds the lock     } service managers do not restart on 77 and 78
+-- BadConfig            78   configuration or run folder }
"""

from typing import Literal


class SidechainError(Exception):
    """Base: what happened, to what, and what to do next. `code` is stable; text is for people."""

    exit_code = 1
    code = "error"

    def __init__(self, message: str, next_step: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        if code:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class UsageError(SidechainError):
    exit_code = 2
    code = "usage"


class NotRunning(SidechainError):
    exit_code = 3
    code = "not_running"


class NotClaimed(SidechainError):
    exit_code = 4
    code = "not_claimed"


class KeyringUnavailable(SidechainError):
    exit_code = 5
    code = "keyring"


Obstacle = Literal["", "portal", "route"]
"""What stands between us and the relay: something that answers in its place, or a proxy or certificate; "": not known."""


class Offline(SidechainError):
    """No answer, or 5xx: try again later. retry_after_s: what the relay asked for, or None.

    relay_wide: it is the relay that is away or busy, not this one request that it stumbles over.
    no_answer: the line broke, or nothing came in time. may_have_arrived: what was asked may have reached the relay, and been done.
    """

    exit_code = 6
    code = "offline"

    def __init__(
        self,
        message: str,
        next_step: str = "",
        *,
        retry_after_s: float | None = None,
        relay_wide: bool = True,
        no_answer: bool = False,
        may_have_arrived: bool = False,
        obstacle: Obstacle = "",
    ) -> None:
        super().__init__(message, next_step)
        self.retry_after_s = retry_after_s
        self.relay_wide = relay_wide
        self.no_answer = no_answer
        self.may_have_arrived = may_have_arrived
        self.obstacle: Obstacle = obstacle


class RelayRefused(SidechainError):
    """A final answer (4xx). status: the HTTP status."""

    exit_code = 6
    code = "relay_refused"

    def __init__(self, message: str, next_step: str = "", *, status: int, code: str) -> None:
        super().__init__(message, next_step, code=code)
        self.status = status


class NothingThere(SidechainError):
    exit_code = 7
    code = "nothing_there"


class NothingKept(NothingThere):
    code = "nothing_kept"


class BadAudio(SidechainError):
    exit_code = 8
    code = "bad_audio"


class NoSpace(SidechainError):
    exit_code = 9
    code = "no_space"


class TakeGone(SidechainError):
    """The library knows the take, and its folder is not there."""

    code = "take_gone"

    def __init__(self, take_id: str) -> None:
        super().__init__(
            f"The folder of take {take_id[:12]} is missing, and its sound with it.",
            "Put it back, or forget it with `sidechain takes delete --for-good`.",
        )


class LibraryStuck(SidechainError):
    code = "library"


class LibraryDamaged(SidechainError):
    """why: what was found."""

    code = "library"

    def __init__(self, why: str) -> None:
        super().__init__(f"The library is damaged: {why}.", "It is rebuilt from the takes themselves.")
        self.why = why


class AlreadyRunning(SidechainError):
    exit_code = 77
    code = "already_running"


class BadConfig(SidechainError):
    exit_code = 78
    code = "bad_config"


EXIT_CODES: dict[int, str] = {
    0: "done",
    1: "failed; the message says why",
    2: "wrong usage",
    3: "the daemon is not running",
    4: "this device is not claimed",
    5: "the keyring is locked or absent",
    6: "the relay cannot be reached, or refused",
    7: "nothing there: to keep, to undo, to bring back",
    8: "not audio that can be read",
    9: "the disk is full",
    77: "a daemon is already running",
    78: "the configuration or the run folder is wrong",
}


def why_of(error: BaseException) -> str:
    """What the system says of it, without numbers and names of programmers: the middle of a sentence. [any]"""
    if isinstance(error, TimeoutError):
        return "nothing came in time"
    if isinstance(error, UnicodeError):
        return "it is not text in UTF-8"
    of_tls = getattr(error, "verify_message", "") or getattr(error, "reason", "")
    if of_tls and isinstance(of_tls, str):
        return of_tls.lower().replace("_", " ")
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error).rstrip(".") or "it does not say why"
