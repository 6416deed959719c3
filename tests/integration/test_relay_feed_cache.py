"""FEED_CACHE_TTL on a real relay: who is not signed in may be late, but sees nothing that was taken away; who is, never is."""

from collections.abc import Iterator

import pytest

from tests.support.engines import Engines
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess, running_relay

BOTH_ENGINES = True


@pytest.fixture(scope="module")
def relay(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    data = tmp_path_factory.mktemp("relay") / "data"
    with running_relay(data, "--feed-cache-ttl", "3600", engines=engines) as process:
        yield process


def hot(client: RelayClient) -> set[tuple[str, str, int]]:
    posts = client.http.get("/feed/global").json()["posts"]
    return {(each["id"], each["title"], each["like_count"]) for each in posts}


def test_a_hot_page_is_remembered_for_nobody_in_particular_until_something_is_shown_otherwise(
    owner: RelayClient, other: RelayClient, anonymous: RelayClient
) -> None:
    first = owner.post(short_flac(5001), title="first")
    assert hot(anonymous) == {(first.id, "first", 0)}
    other.http.post("/social/like", json={"post_id": first.id}).raise_for_status()
    second = other.post(short_flac(5002), title="second")
    assert hot(anonymous) == {(first.id, "first", 0)}, "it was read a while ago"
    assert hot(other) == hot(owner) == {(second.id, "second", 0), (first.id, "first", 1)}
    assert second.id in anonymous.http.get("/feed/latest").text
    owner.http.patch(f"/audio/{first.id}", json={"title": "renamed"}).raise_for_status()
    assert hot(anonymous) == hot(owner) == {(second.id, "second", 0), (first.id, "renamed", 1)}
    owner.http.patch(f"/audio/{first.id}", json={"visibility": "private"}).raise_for_status()
    assert hot(anonymous) == {(second.id, "second", 0)}
    assert "renamed" not in anonymous.http.get(f"{anonymous.url}/").text
    other.http.put("/users/me", json={"is_private": True}).raise_for_status()
    assert hot(anonymous) == set()
    other.http.put("/users/me", json={"is_private": False}).raise_for_status()
    assert hot(anonymous) == {(second.id, "second", 0)}
    replaced = other.http.post(f"/audio/{second.id}/upload", files={"audio": ("take", short_flac(5003))})
    assert replaced.status_code == 201
    (post,) = anonymous.http.get("/feed/global").json()["posts"]
    assert post["audio_url"] == replaced.json()["audio_url"]
    other.http.delete(f"/audio/{second.id}").raise_for_status()
    assert hot(anonymous) == set()
