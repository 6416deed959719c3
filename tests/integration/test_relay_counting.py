"""Plays and stops as a relay counts them; who opted out, or whose browser says so, leaves nothing at all. On both engines."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from relay.wire.rest import AudioPost
from tests.support.clients import client_of
from tests.support.engines import Engines
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True
PRIVATE = {"sec-gpc": "1"}


@pytest.fixture(scope="module")
def author(relay: RelayProcess) -> RelayClient:
    return client_of(relay, "author")


@pytest.fixture
def post(author: RelayClient) -> AudioPost:
    return author.post(short_flac(4820), title="Heard")


@pytest.fixture
def fan(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("fan")
        yield client


def play(client: RelayClient, post: AudioPost, **headers: str) -> bool:
    answer = client.http.post(f"/audio/{post.id}/play", headers=headers).raise_for_status()
    return bool(answer.json()["counted"])


def stop(client: RelayClient, post: AudioPost, position_ms: int, **headers: str) -> bool:
    body = {"position_ms": position_ms}
    answer = client.http.post(f"/audio/{post.id}/stopped", json=body, headers=headers).raise_for_status()
    return bool(answer.json()["counted"])


def choose(client: RelayClient, counted: bool) -> None:
    answer = client.http.put("/users/me/analytics", json={"counted": counted}).raise_for_status()
    assert answer.json() == {"counted": counted}
    assert client.http.get("/users/me/analytics").json() == {"counted": counted}


def everything(engines: Engines, relay: RelayProcess) -> list[object]:
    """All that anything heard could have left."""
    asked = (
        "SELECT * FROM analytics_event",
        "SELECT day FROM analytics_salt",
        "SELECT account_id, creation_id, signs FROM engagement",
        "SELECT id, play_count FROM creation",
    )
    return [sorted(map(repr, engines.rows(relay.data, sql))) for sql in asked]


def test_where_somebody_stops_is_counted_of_who_heard_it(
    author: RelayClient, fan: RelayClient, post: AudioPost
) -> None:
    assert not stop(fan, post, 10), "it was not heard"
    assert play(fan, post) and stop(fan, post, 10)
    assert stop(fan, post, 1 << 20), "the last time counts, and no place is behind the end"
    assert not stop(author, post, 10)
    wrong = fan.http.post(f"/audio/{post.id}/stopped", json={"position_ms": -1})
    assert wrong.status_code == 422


def test_who_opted_out_or_says_so_by_the_browser_leaves_nothing(
    relay: RelayProcess, engines: Engines, author: RelayClient, fan: RelayClient, post: AudioPost
) -> None:
    with closing(RelayClient(relay.url)) as nobody:
        before = everything(engines, relay)
        assert not play(fan, post, **PRIVATE) and not stop(fan, post, 10, **PRIVATE)
        assert not play(nobody, post, **PRIVATE)
        assert everything(engines, relay) == before
        choose(fan, False)
        before = everything(engines, relay)
        assert not play(fan, post) and not stop(fan, post, 10)
        assert everything(engines, relay) == before
        choose(fan, True)
        assert play(fan, post) and play(nobody, post)
        assert everything(engines, relay) != before
        assert len({row[0] for row in engines.rows(relay.data, "SELECT who FROM analytics_event")}) == 2
        choose(fan, False)
        who = {row[0] for row in engines.rows(relay.data, "SELECT who FROM analytics_event")}
        assert len(who) == 1, "what of today was the account's is gone, and the stranger's is there"
        choose(fan, True)
    assert httpx.get(f"{relay.url}/api/v1/users/me/analytics").status_code == 401
