"""What tests of claiming share: the relay's clock, on which time passes at once, and what a refusal says."""

from pathlib import Path

import httpx

from relay.wire.oauth import refresh_message
from tests.support.relay import RelayClient, b64
from tests.support.wrong_clock import WrongClock

POLL_S = 2  # a relay for development lets devices ask each second


class RelayClock:
    """The relay's wall clock, on which time passes at once."""

    def __init__(self, folder: Path) -> None:
        self._wrong = WrongClock(folder)
        self._ahead_s = 0
        self.env = self._wrong.env

    def pass_(self, seconds: int) -> None:
        self._ahead_s += seconds
        self._wrong.wall(self._ahead_s)


def refused(answer: httpx.Response) -> str:
    """The word of a refusal of the token endpoint."""
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/json", answer.text
    assert "access_token" not in answer.text
    return str(answer.json()["error"])


def refresh(device: RelayClient, token: str, signature: str | None = None) -> httpx.Response:
    signed = signature or b64(device.key.sign(refresh_message(token)))
    return device.http.post("/auth/refresh", json={"refresh_token": token, "signature": signed})
