"""Devices, claims and tokens over HTTP, and for whom a relay signs in by name."""

from pathlib import Path

import httpx
import pytest

from relay.app.config import BadConfig, Config
from relay.core.limits import LIMITS, Kind
from relay.engine.database.archive import save
from tests.support.clients import client_of, problem
from tests.support.engines import Engines
from tests.support.relay import RelayClient, RelayProcess, running_relay

BOTH_ENGINES = True


def test_a_device_is_its_key(relay: RelayProcess) -> None:
    client = client_of(relay)
    first, second = client.register(), client.register()
    assert first.device_id == second.device_id and first.challenge != second.challenge
    assert first.claimed_by is None
    client.sign_in("device-owner")
    assert client.register().claimed_by == "device-owner"


def test_a_claim_needs_the_device_and_a_fresh_challenge(relay: RelayProcess) -> None:
    client, thief = client_of(relay), client_of(relay)
    device = client.register()
    forged = thief.claim_body(device, "victim")
    assert problem(client.http.post("/auth/claim", json=forged)) == (401, "signature_invalid")
    body = client.claim_body(client.register(), "victim")
    assert client.http.post("/auth/claim", json=body).status_code == 200
    assert problem(client.http.post("/auth/claim", json=body)) == (401, "challenge_invalid")
    again = client.claim_body(client.register(), "somebody-else")
    assert problem(client.http.post("/auth/claim", json=again)) == (409, "device_claimed")


def test_refresh_tokens_rotate_and_an_old_one_ends_the_sign_in(relay: RelayProcess) -> None:
    client = client_of(relay)
    first = client.sign_in("rotating")

    def exchange(token: str) -> httpx.Response:
        return client.http.post("/auth/refresh", json={"refresh_token": token})

    second = exchange(first.refresh_token)
    lost_answer = exchange(first.refresh_token)  # nobody used the second one yet
    assert second.status_code == lost_answer.status_code == 200
    third = exchange(lost_answer.json()["refresh_token"])
    assert third.status_code == 200
    verify = {"token": third.json()["access_token"]}
    assert client.http.post("/auth/verify", json=verify).json()["user_id"] == client.user_id
    assert problem(exchange(first.refresh_token)) == (401, "token_reused")
    assert problem(exchange(third.json()["refresh_token"])) == (401, "token_invalid")
    assert problem(client.http.post("/auth/verify", json=verify)) == (401, "token_invalid")
    assert problem(client.http.get("/users/me")) == (401, "token_invalid")


def test_secrets_are_not_stored_as_they_are(relay: RelayProcess, engines: Engines, tmp_path: Path) -> None:
    pair = client_of(relay).sign_in("secretive")
    manifest = save(engines.database_of(relay.data), tmp_path / "rows")
    assert {each.table for each in manifest.contents if each.rows} >= {"account", "refresh_token"}
    stored = [*(tmp_path / "rows").iterdir(), *(each for each in relay.data.glob("relay.db*"))]
    for file in stored:
        content = file.read_bytes()
        assert pair.refresh_token.encode() not in content and pair.access_token.encode() not in content


def test_the_development_sign_in_needs_a_loopback_host() -> None:
    for host in ("0.0.0.0", "::", "192.168.1.5", "relay.example", "127.0.0.1.example"):
        with pytest.raises(BadConfig):
            Config(data=Path("x"), host=host, dev=True)
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        Config(data=Path("x"), host=host, dev=True)


def test_a_relay_for_the_world_signs_nobody_in_by_name(tmp_path: Path) -> None:
    with running_relay(tmp_path / "data", dev=False) as relay:
        client = client_of(relay)
        body = client.claim_body(client.register(), "anybody")
        assert problem(client.http.post("/auth/claim", json=body)) == (403, "dev_mode_only")
        form = client.http.post(relay.url + "/session", data={"username": "anybody"})
        assert problem(form) == (403, "dev_mode_only")
        limit = LIMITS[Kind.CLAIM].count
        answers = [client.http.post("/auth/device", json={}) for _ in range(limit + 1)]
        assert problem(answers[-1]) == (429, "rate_limited")
        assert int(answers[-1].headers["retry-after"]) > 0
        assert answers[-1].headers["ratelimit-limit"] == str(limit)
        whole_64 = [f"2001:db8:1:2::{number:x}" for number in range(limit + 1)]
        moving = [from_address(client, address) for address in whole_64]
        assert moving == [422] * limit + [429], "who has a /64 has no end of addresses"
        assert from_address(client, "2001:db8:1:3::1") == 422


def from_address(client: RelayClient, address: str) -> int:
    """The status of a registration without content, told by a proxy on this machine to be of that address."""
    headers = {"x-forwarded-for": address}
    return client.http.post("/auth/device", json={}, headers=headers).status_code
