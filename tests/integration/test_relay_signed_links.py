"""Signed links to sound: who has one hears it for an hour, by the right of whoever made it, and by nothing else."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from relay.wire.rest import AudioPost
from tests.support.clients import AUDIO, client_of, problem
from tests.support.engines import Engines
from tests.support.relay import RelayClient, RelayProcess, running_relay
from tests.support.wrong_clock import WrongClock

BOTH_ENGINES = True
OVER = (403, "forbidden")


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> WrongClock:
    return WrongClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def relay(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, clock: WrongClock
) -> Iterator[RelayProcess]:
    fooled = Engines({**engines.environment, **clock.env})
    data = tmp_path_factory.mktemp("signed") / "data"
    with running_relay(data, "--log-level", "debug", engines=fooled) as process:
        yield process


@pytest.fixture(scope="module")
def author(relay: RelayProcess) -> RelayClient:
    return client_of(relay, "author")


@pytest.fixture(scope="module")
def other(relay: RelayProcess) -> RelayClient:
    return client_of(relay, "other")


@pytest.fixture(scope="module")
def hidden(author: RelayClient) -> AudioPost:
    return author.post(AUDIO, title="Mine", visibility="private")


def signed(by: RelayClient, post: AudioPost, **body: object) -> str:
    answer = by.http.post(f"/audio/{post.id}/links", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


def get(url: str, **headers: str) -> httpx.Response:
    """Of nobody who is signed in."""
    return httpx.get(url, headers=headers, trust_env=False)


def test_a_link_opens_the_sound_that_its_maker_has(author: RelayClient, hidden: AudioPost) -> None:
    own = author.http.get(f"/audio/{hidden.id}/mp3")
    assert problem(get(hidden.audio_url)) == (404, "not_found")
    link = signed(author, hidden)
    got = get(link)
    assert (got.status_code, got.content, got.headers["etag"]) == (200, own.content, own.headers["etag"])
    assert got.headers["cache-control"] == "private, no-cache"
    part = get(link, range="bytes=5-9")
    assert (part.status_code, part.content) == (206, own.content[5:10])
    assert get(link, **{"if-none-match": got.headers["etag"]}).status_code == 304
    head = httpx.head(link, trust_env=False)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(own.content)))
    assert get(signed(author, hidden, file="flac")).content[:4] == b"fLaC"
    download = get(signed(author, hidden, file="download"))
    assert "author%20-%20Mine.flac" in download.headers["content-disposition"]


def test_no_link_is_made_to_what_one_has_not(
    relay: RelayProcess, author: RelayClient, other: RelayClient, hidden: AudioPost
) -> None:
    shown = author.post(AUDIO, title="Shown")
    assert problem(other.http.post(f"/audio/{hidden.id}/links", json={})) == (404, "not_found")
    assert problem(other.http.post(f"/audio/{shown.id}/links", json={"file": "flac"})) == (404, "not_found")
    assert problem(other.http.post(f"/audio/{shown.id}/links", json={"file": "download"})) == OVER
    for body in ({"expires_in": 3601}, {"expires_in": 0}, {"file": "stems"}, {"by": other.user_id}):
        assert problem(author.http.post(f"/audio/{shown.id}/links", json=body)) == (422, "validation")
    nobody = client_of(relay)
    assert problem(nobody.http.post(f"/audio/{shown.id}/links", json={})) == (401, "sign_in_required")


def test_whatever_is_changed_in_a_link_it_opens_nothing(
    author: RelayClient, other: RelayClient, hidden: AudioPost
) -> None:
    link = signed(author, hidden, expires_in=60)
    said = {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}
    shown = author.post(AUDIO, title="Shown")
    signature = said["signature"]
    changes = {
        "file": "flac",
        "by": other.user_id,
        "expires": str(int(said["expires"]) + 1),
        "signature": signature[:-1] + ("0" if signature[-1] != "0" else "1"),
    }
    address = link.partition("?")[0]
    for name, value in changes.items():
        answer = httpx.get(address, params=said | {name: value}, trust_env=False)
        assert problem(answer) == OVER, name
    assert problem(get(link.replace(hidden.id, shown.id))) == OVER
    for name in said:
        answer = httpx.get(address, params={k: v for k, v in said.items() if k != name}, trust_env=False)
        assert problem(answer) == (422, "validation")
    assert get(link).status_code == 200


def test_a_link_ends_with_the_right_of_whoever_made_it(author: RelayClient, other: RelayClient) -> None:
    post = author.post(AUDIO, title="Shown for now")
    link = signed(other, post)
    assert get(link).status_code == 200
    author.http.patch(f"/audio/{post.id}", json={"visibility": "private"}).raise_for_status()
    assert problem(get(link)) == (404, "not_found")
    author.http.patch(f"/audio/{post.id}", json={"visibility": "public"}).raise_for_status()
    author.http.post("/social/block", json={"username": other.username}).raise_for_status()
    assert problem(get(link)) == (404, "not_found")
    author.http.post("/social/unblock", json={"username": other.username}).raise_for_status()
    assert get(link).status_code == 200
    author.http.delete(f"/audio/{post.id}").raise_for_status()
    assert problem(get(link)) == (410, "gone")


def test_a_link_holds_for_an_hour_and_no_signature_is_in_the_log(
    relay: RelayProcess, author: RelayClient, hidden: AudioPost, clock: WrongClock
) -> None:
    links = [signed(author, hidden), signed(author, hidden, expires_in=1800)]
    tag = get(links[0]).headers["etag"]  # by which the store is not asked, which would not believe that clock
    for wrong_by_s, held in (
        (0, [304, 304]),
        (1200, [304, 304]),
        (1802, [304, 403]),
        (3000, [304, 403]),
        (3602, [403, 403]),
    ):
        clock.wall(wrong_by_s)
        assert [get(link, **{"if-none-match": tag}).status_code for link in links] == held, wrong_by_s
    assert problem(get(links[0])) == OVER
    clock.wall(0)
    log = (relay.data.parent / f"{relay.data.name}.log").read_text()
    assert "/api/v1/audio/{post_id}/signed" in log, "each request has its line"
    assert not re.search("signature=[0-9a-f]", log)
    for link in links:
        assert link.rpartition("=")[2] not in log
