"""The one page that pages of others may frame: what it shows to whom, and that nothing else may be framed."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from relay.app.dispatch import method_of, path_of
from relay.features.creations.embeds import HEIGHT, LEAST_WIDTH, WIDTH
from relay.wire.rest import AudioPost
from tests.support.claims import FormBrowser
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess
from tests.support.rows import every_row

NASTY = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def author(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("author")
        yield client


@pytest.fixture(scope="module")
def post(author: RelayClient) -> AudioPost:
    return author.post(short_flac(4800), title=NASTY)


def get(address: str, **options: object) -> httpx.Response:
    return httpx.get(address, trust_env=False, **options)  # type: ignore[arg-type]


def is_framed(headers: httpx.Headers) -> bool:
    return "frame-ancestors *" in headers["content-security-policy"] and "x-frame-options" not in headers


def is_closed(headers: httpx.Headers) -> bool:
    return (
        "frame-ancestors 'none'" in headers["content-security-policy"]
        and headers["x-frame-options"] == "DENY"
    )


@pytest.mark.parametrize("path", [path_of(row) for row in every_row() if method_of(row) == "GET"])
def test_only_the_embed_may_be_framed(relay: RelayProcess, post: AudioPost, path: str) -> None:
    filled = path.format_map(
        defaultdict(lambda: post.id, name="author", username="author", tag="dub", list="followers")
    )
    for answer in (get(relay.url + filled), get(relay.url + filled, headers={"accept": "text/html"})):
        embed = path == "/embed/{post_id}"
        assert (is_framed(answer.headers), is_closed(answer.headers)) == (embed, not embed), answer.text


def test_an_embed_is_the_same_to_everybody_and_can_do_nothing(relay: RelayProcess, post: AudioPost) -> None:
    address = f"{relay.url}/embed/{post.id}"
    with FormBrowser(relay.url) as browser:
        browser.sign_in("author")
        known, unknown = browser.http.get(f"/embed/{post.id}"), get(address)
    assert known.text == unknown.text
    assert "set-cookie" not in known.headers and "author" in known.text
    assert "&lt;script&gt;" in known.text and NASTY not in known.text
    assert [each for each in ("<form", "csrf", "data-like", "social.js") if each in known.text] == []
    policy = known.headers["content-security-policy"]
    assert "form-action 'none'" in policy and "unsafe" not in policy
    assert httpx.head(address, trust_env=False).status_code == 200


def test_the_script_for_pages_of_others_comes_to_all_of_them(relay: RelayProcess, post: AudioPost) -> None:
    answer = get(f"{relay.url}/widget.js")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["content-type"].startswith("text/javascript") and "immutable" not in str(
        answer.headers
    )
    assert "window.Sidechain" in answer.text
    page = get(f"{relay.url}/p/{post.id}/embed")
    assert page.status_code == 200 and f"{relay.url}/widget.js" in page.text
    assert get(f"{relay.url}/p/{'0' * 32}/embed").status_code == 404


def test_what_is_not_there_says_so_in_the_frame(relay: RelayProcess) -> None:
    answer = get(f"{relay.url}/embed/{'0' * 32}")
    assert (answer.status_code, is_framed(answer.headers)) == (404, True)
    assert "not here any more" in answer.text


def test_a_link_says_how_it_is_shown(relay: RelayProcess, post: AudioPost) -> None:
    """oEmbed 1.0: from the page's discovery to the frame."""
    page = get(post.page_url).text
    assert 'type="application/json+oembed"' in page and f"{relay.url}/embed/{post.id}" in page
    ask = f"{relay.url}/oembed"
    answer = get(ask, params={"url": post.page_url, "format": "json"})
    said = answer.json()
    assert (said["type"], said["version"], said["author_name"]) == ("rich", "1.0", "author")
    assert f'src="{relay.url}/embed/{post.id}"' in said["html"] and NASTY not in said["html"]
    assert answer.headers["access-control-allow-origin"] == "*"
    for asked, width in ((10, LEAST_WIDTH), (400, 400), (10**6, WIDTH)):
        narrow = get(ask, params={"url": post.page_url, "maxwidth": asked}).json()
        assert (narrow["width"], narrow["height"]) == (width, HEIGHT)
    for wrong, status in (
        ({"url": "https://evil.example/p/" + post.id}, 404),
        ({"url": f"{relay.url}/p/{'0' * 32}"}, 404),
        ({"url": post.page_url, "format": "xml"}, 422),
        ({}, 422),
    ):
        assert get(ask, params=wrong).status_code == status, wrong
