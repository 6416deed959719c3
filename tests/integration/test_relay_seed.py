"""The first description's other paths (who one is, whom one follows, what one likes, what is told), asked by curl as it writes
them, each answer looked at field by field. test_relay_curl.py has those for audio and feeds, test_relay_sign_in.py OAuth.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from relay.wire import events
from relay.wire.events import Event, read_payload
from relay.wire.rest import REACTIONS
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, b64, device_facts
from tests.support.rows import every_operation
from tests.support.seed_models import AUDIO_POST, PRODUCER, REACTION, departures

BOTH_ENGINES = True
PATHS = """POST /auth/device · POST /auth/claim · POST /auth/verify · GET /auth/oauth/google · GET /auth/oauth/discord ·
POST /audio/upload · GET /audio/{post_id} · POST /audio/process · GET /audio/{post_id}/waveform ·
GET /feed/global · GET /feed/timeline · GET /feed/user/{name} · POST /social/follow · POST /social/unfollow ·
POST /social/like · POST /social/react · DELETE /social/react/{reaction_id} ·
GET /users/me · PUT /users/me · GET /users/{name} · GET /users/{name}/followers · GET /users/{name}/following"""


def test_every_path_of_it_is_an_operation() -> None:
    """But the WebSocket, which is no row: what it tells is below."""
    answered = {(method, path) for method, path, _ in every_operation()}
    for each in PATHS.split("·"):
        method, path = each.split()
        path = path.replace("/oauth/google", "/oauth/{name}").replace("/oauth/discord", "/oauth/{name}")
        assert (method, f"/api/v1{path}") in answered, each


def curl(
    url: str, method: str, path: str, body: object = None, token: str = ""
) -> tuple[int, Any]:  # any: JSON
    """Status, and what was answered."""
    said = [] if body is None else ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    shown = ["-H", f"Authorization: Bearer {token}"] if token else []
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "60", "-w", "%{stderr}%{http_code}", "-X", method, *shown, *said, f"{url}/api/v1{path}"],
        capture_output=True,
        check=True,
    )  # fmt: skip
    return int(done.stderr), json.loads(done.stdout or b"null")


@pytest.fixture(scope="module")
def fan(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("seed-fan")
        yield client


@pytest.fixture(scope="module")
def author(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("seed-author")
        yield client


def token_of(client: RelayClient) -> str:
    assert client.pair is not None
    return client.pair.access_token


def test_a_device_is_registered_claimed_and_its_token_verified(relay: RelayProcess) -> None:
    with closing(RelayClient(relay.url)) as client:
        facts = device_facts(client.key, b64(client.key.public_key().public_bytes_raw()))
        status, device = curl(relay.url, "POST", "/auth/device", facts)
        assert status == 200
        assert set(device) == {"device_id", "name", "claimed_by", "created_at", "challenge"}
        assert device["claimed_by"] is None
        claim = client.claim_body(client.register(), "seed-device")
        status, pair = curl(relay.url, "POST", "/auth/claim", claim)
        assert status == 200 and pair["token_type"] == "Bearer" and not departures(PRODUCER, pair["user"])
        assert pair["device_id"] == device["device_id"]
        status, facts_of = curl(relay.url, "POST", "/auth/verify", {"token": pair["access_token"]})
        assert (status, set(facts_of)) == (200, {"user_id", "device_id", "expires_at"})
        assert (facts_of["user_id"], facts_of["device_id"]) == (pair["user"]["id"], device["device_id"])
        assert curl(relay.url, "POST", "/auth/verify", {"token": "x" * 64})[0] == 401


def test_people_are_shown_and_change_themselves(
    relay: RelayProcess, author: RelayClient, fan: RelayClient
) -> None:
    token = token_of(author)
    status, me = curl(relay.url, "GET", "/users/me", token=token)
    assert status == 200 and not departures(PRODUCER, me) and me["username"] == "seed-author"
    change = {"display_name": "Seed Author", "bio": "Loops at 3 am", "daw_preference": "Ableton Live"}
    status, now = curl(relay.url, "PUT", "/users/me", change, token)
    assert status == 200 and {name: now[name] for name in change} == change
    status, shown = curl(relay.url, "GET", f"/users/{me['id']}")
    assert status == 200 and shown == {name: now[name] for name in shown}
    assert not departures(PRODUCER, shown)
    assert curl(relay.url, "GET", "/users/seed-author")[1]["id"] == me["id"]
    assert curl(relay.url, "GET", "/users/me")[0] == 401
    followed = curl(relay.url, "POST", "/social/follow", {"user_id": me["id"]}, token_of(fan))
    assert followed[0] == 200 and followed[1]["following"] and followed[1]["user"]["follower_count"] == 1
    fans = curl(relay.url, "GET", f"/users/{me['id']}/followers")[1]["users"]
    assert [(each["username"], each["following_count"]) for each in fans] == [("seed-fan", 1)]
    assert not departures(PRODUCER, fans[0])
    whom = curl(relay.url, "GET", "/users/seed-fan/following")[1]["users"]
    assert [each["id"] for each in whom] == [me["id"]]
    left = curl(relay.url, "POST", "/social/unfollow", {"user_id": me["id"]}, token_of(fan))
    assert (left[0], left[1]["following"], left[1]["user"]["follower_count"]) == (200, False, 0)


def test_what_people_say_with_an_emoji(relay: RelayProcess, author: RelayClient, fan: RelayClient) -> None:
    post, token = author.post(short_flac(4900)), token_of(fan)
    status, liked = curl(relay.url, "POST", "/social/like", {"post_id": post.id}, token)
    assert (status, liked["like_count"], liked["liked"], liked["liked_with"]) == (200, 1, True, {})
    assert not departures(AUDIO_POST, liked)
    again = curl(relay.url, "POST", "/social/like", {"post_id": post.id, "emoji": "🔥"}, token)[1]
    assert (again["like_count"], again["liked_with"]) == (1, {"🔥": 1})
    for emoji, kind in zip(REACTIONS[:3], ("music", "heart", "fire"), strict=True):
        body = {"post_id": post.id, "emoji": emoji, "type": kind, "custom_data": {"bar": 3, "loud": True}}
        status, reacted = curl(relay.url, "POST", "/social/react", body, token)
        made = reacted["reaction"]
        assert status == 200 and set(made) == set(REACTION) and not departures(REACTION, made)
        assert {name: made[name] for name in body} == body and made["user_id"] == fan.user_id
    assert reacted["post"]["reactions"] == dict.fromkeys(REACTIONS[:3], 1)
    status, gone = curl(relay.url, "DELETE", f"/social/react/{made['id']}", token=token)
    assert (status, gone["reactions"]) == (200, dict.fromkeys(REACTIONS[:2], 1))
    assert curl(relay.url, "DELETE", f"/social/react/{made['id']}", token=token)[0] == 404
    assert curl(relay.url, "POST", "/social/like", {"post_id": post.id})[0] == 401


def test_what_is_told_as_it_happens(relay: RelayProcess, author: RelayClient) -> None:
    with closing(RelayClient(relay.url)) as fan, closing(author.socket()) as heard_by_author:
        fan.sign_in("seed-newcomer")  # who followed before is not told of again
        curl(relay.url, "POST", "/social/follow", {"username": "seed-author"}, token_of(fan))
        with closing(fan.socket()) as heard_by_fan:
            heard_by_author.send(events.Presence(status="recording"))
            presence = read_payload(heard_by_fan.expect(Event))
            assert isinstance(presence, events.PresenceUpdate)
            assert (presence.username, presence.status) == ("seed-author", "recording")
            post = author.post(short_flac(4901))
            told = heard_by_fan.expect(Event)
            new = read_payload(told)
            assert isinstance(new, events.FeedNewPost) and new.post.id == post.id
        curl(relay.url, "POST", "/social/react", {"post_id": post.id, "emoji": "🔥"}, token_of(fan))
        kinds = []
        while len(kinds) < 2:
            told_now = read_payload(heard_by_author.expect(Event))
            if isinstance(told_now, events.SocialNewFollow | events.SocialNewReaction):
                kinds.append(type(told_now))
        assert kinds == [events.SocialNewFollow, events.SocialNewReaction]
