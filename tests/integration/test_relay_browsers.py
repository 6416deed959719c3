"""Browsers at a real relay process: sessions, the token of a page, pages of others, text of strangers on ours."""

import re

import httpx
import pytest

from relay.wire.rest import AudioPost
from tests.integration.test_relay_commands import relay_command
from tests.support.claims import FormBrowser
from tests.support.clients import AUDIO, problem
from tests.support.relay import RelayClient, RelayProcess
from tests.support.rows import every_change

BOTH_ENGINES = True


def test_a_browser_session_changes_nothing_without_the_token_of_its_page(
    relay: RelayProcess, post: AudioPost
) -> None:
    with httpx.Client(base_url=relay.url, trust_env=False) as browser:
        evil = browser.post(
            "/session", data={"username": "surfer"}, headers={"origin": "https://evil.example"}
        )
        assert problem(evil) == (403, "csrf")
        opened = browser.post("/session", data={"username": "surfer"}, headers={"origin": relay.url})
        assert opened.status_code == 303
        cookie = opened.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=lax" in cookie
        like = {"post_id": post.id}
        assert problem(browser.post("/api/v1/social/like", json=like)) == (403, "csrf")
        token = browser.get("/").text.split('name="csrf" content="')[1].split('"')[0]
        headers = {"x-csrf-token": token}
        assert browser.post("/api/v1/social/like", json=like, headers=headers).json()["liked"] is True
        assert browser.get("/api/v1/users/me").json()["username"] == "surfer"
        assert problem(browser.post("/session/close", headers={"origin": relay.url})) == (403, "csrf")
        assert browser.get("/api/v1/users/me").status_code == 200
        browser.post("/session/close", headers={"origin": relay.url}, data={"csrf": token})
        assert problem(browser.get("/api/v1/users/me")) == (401, "sign_in_required")


@pytest.fixture(scope="module")
def surfer(relay: RelayProcess) -> str:
    """Somebody who may do all that there is to do."""
    with FormBrowser(relay.url) as browser:
        browser.sign_in("surfer")
    relay_command("users", "--data", relay.data, "role", "surfer", "admin", engines=relay.engines)
    return "surfer"


@pytest.mark.parametrize(("method", "path", "form"), every_change())
def test_no_change_is_made_by_a_page_of_somebody_else(
    relay: RelayProcess, surfer: str, method: str, path: str, form: bool
) -> None:
    """With a cookie and without the page's token; and forms not even with it, from another origin."""
    address = re.sub(r"{\w+}", "0" * 32, path)
    with httpx.Client(base_url=relay.url, trust_env=False) as browser:
        browser.post("/session", data={"username": surfer}, headers={"origin": relay.url})
        token = browser.get("/").text.split('name="csrf" content="')[1].split('"')[0]
        evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        if form:
            body = {"username": "other", "csrf": token, "answer": "yes"}
            assert problem(browser.request(method, address, data=body, headers=evil)) == (403, "csrf")
        if not path.startswith("/session"):
            answer = browser.request(method, address, data={"answer": "yes"}, headers={"origin": relay.url})
            assert problem(answer) == (403, "csrf")


def test_titles_are_text_on_every_page(relay: RelayProcess, owner: RelayClient) -> None:
    nasty = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    made = owner.post(AUDIO, title=nasty, daw="<b>daw</b>", key="<i>", genre=["'><u>"])
    for page in ("/", f"/p/{made.id}", "/u/holder"):
        text = httpx.get(relay.url + page, trust_env=False).text
        assert "<script>alert" not in text and "<img src=x" not in text and "<b>daw" not in text
        assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/p/" + "0" * 32, 404),
        ("GET", "/nothing/here", 404),
        ("GET", "/session", 405),
        ("GET", "/moderation", 404),
        ("GET", "/api/v1/audio/" + "0" * 32 + "/download", 404),
        ("POST", "/p/" + "0" * 32 + "/restore", 403),
    ],
)
def test_what_is_refused_is_a_page_for_who_looks_and_theirs_if_they_are_signed_in(
    relay: RelayProcess, method: str, address: str, status: int
) -> None:
    with FormBrowser(relay.url) as browser:
        browser.sign_in("looker")
        answer = browser.http.request(method, address, headers={"sec-fetch-mode": "navigate"})
        assert answer.status_code == status and answer.headers["content-type"].startswith("text/html")
        assert "/u/looker" in answer.text and 'href="/sign-in' not in answer.text
    program = httpx.request(method, relay.url + address, trust_env=False)
    assert program.headers["content-type"] == "application/problem+json"


def test_who_has_to_sign_in_comes_back_to_where_they_went(relay: RelayProcess) -> None:
    with FormBrowser(relay.url) as browser:
        answer = browser.http.get("/archive")
        assert answer.status_code == 401 and 'href="/sign-in?next=/archive"' in answer.text
        assert "access token" not in answer.text, "that is for programs"
