"""Sound by signed links: browsers that may hear a post are led to the store, and their pages play it; devices are not led."""

import re
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import Browser

from relay.wire.rest import AudioPost
from tests.support.browser import Watched, running_browser
from tests.support.claims import FormBrowser
from tests.support.engines import ClusterServers, Engines
from tests.support.loops import loop_flac
from tests.support.relay import RelayClient, RelayProcess, running_relay

LIMIT_MS = 120_000


@pytest.fixture(scope="module")
def relay(servers: ClusterServers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    folder = tmp_path_factory.mktemp("links")
    with servers.engines(folder) as engines:
        linked = Engines({**engines.environment, "SIDECHAIN_RELAY_AUDIO_LINKS_TTL": "60"})
        with running_relay(folder / "data", engines=linked) as process:
            yield process


@pytest.fixture(scope="module")
def author(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("author")
        yield client


@pytest.fixture(scope="module")
def post(author: RelayClient) -> AudioPost:
    audio, _ = loop_flac(3)
    return author.post(audio, title="linked")


def test_a_browser_is_led_to_the_store_and_a_device_is_not(
    servers: ClusterServers, author: RelayClient, post: AudioPost
) -> None:
    led = httpx.get(post.audio_url, trust_env=False)
    assert (led.status_code, led.headers["cache-control"]) == (307, "no-store")
    link = led.headers["location"]
    assert "X-Amz-Expires=60" in link
    found = httpx.get(link, trust_env=False)
    own = author.http.get(f"/audio/{post.id}/mp3")
    assert found.content == own.content and own.status_code == 200
    assert found.headers["content-type"] == "audio/mpeg"
    assert httpx.get(link, headers={"range": "bytes=5-9"}, trust_env=False).content == own.content[5:10]
    changed = link.replace("X-Amz-Expires=60", "X-Amz-Expires=6000")
    assert httpx.get(changed, trust_env=False).status_code == 403
    head = httpx.head(post.audio_url, trust_env=False)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(own.content)))
    known = httpx.get(post.audio_url, headers={"if-none-match": head.headers["etag"]}, trust_env=False)
    assert known.status_code == 304


def test_who_may_not_hear_it_is_given_no_link(relay: RelayProcess, post: AudioPost) -> None:
    with FormBrowser(relay.url) as other, FormBrowser(relay.url) as own:
        other.sign_in("other")
        own.sign_in("author")
        lossless = f"/api/v1/audio/{post.id}/flac"
        assert other.http.get(lossless).status_code == 404
        led = own.http.get(lossless)
        assert led.status_code == 307
        assert httpx.get(led.headers["location"], trust_env=False).content[:4] == b"fLaC"


def test_a_signed_link_leads_there_for_no_longer_than_it_holds_itself(author: RelayClient) -> None:
    audio, _ = loop_flac(3)
    hidden = author.post(audio, title="hidden", visibility="private")
    own = author.http.get(f"/audio/{hidden.id}/mp3")
    for seconds, most in ((3600, 60), (20, 20)):
        made = author.http.post(f"/audio/{hidden.id}/links", json={"expires_in": seconds}).json()
        led = httpx.get(made["url"], trust_env=False)
        assert led.status_code == 307
        (held,) = re.findall(r"X-Amz-Expires=([0-9]+)", led.headers["location"])
        assert 0 < int(held) <= most
        assert httpx.get(led.headers["location"], trust_env=False).content == own.content


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


def test_pages_play_what_they_are_led_to(browser: Browser, post: AudioPost) -> None:
    """The policy of the page lets the store in, and nobody else."""
    watched, asked = Watched(browser), list[str]()
    watched.page.on("response", lambda each: asked.append(each.url))
    watched.page.goto(post.page_url)
    watched.page.click("[data-play]")
    watched.page.wait_for_selector('[data-state="playing"]', timeout=LIMIT_MS)
    assert any("X-Amz-Signature" in each for each in asked)
    watched.close()
    assert watched.complaints == []
