"""Clients of a relay that live as long as a module's tests, and what a refusal must look like."""

import httpx

from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess

AUDIO = short_flac()
_open: list[RelayClient] = []


def client_of(relay: RelayProcess, name: str | None = None) -> RelayClient:
    """Closed when the module ends (integration/conftest.py)."""
    client = RelayClient(relay.url)
    _open.append(client)
    if name is not None:
        client.sign_in(name)
    return client


def close_all() -> None:
    while _open:
        _open.pop().close()


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that must be a problem document."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    body = answer.json()
    assert body["status"] == answer.status_code and body["title"] and body["detail"]
    return answer.status_code, body["code"]
