"""Claiming by a browser on the same machine, with a code and PKCE, and what becomes of every attempt to get a token otherwise."""

import secrets

import httpx
import pytest

from relay.features.devices.authorization import CODE_LIFETIME_US
from relay.wire.oauth import METADATA_PATH
from tests.support.claiming import POLL_S, RelayClock, refresh, refused
from tests.support.claims import Claim, FormBrowser, last_form, type_code
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True


def test_the_metadata_name_what_there_is(relay: RelayProcess) -> None:
    found = httpx.get(relay.url + METADATA_PATH, trust_env=False).json()
    assert found["issuer"] == relay.url
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True
    for name, value in found.items():
        if name.endswith(("_endpoint", "_page")):
            assert value.startswith(relay.url + "/"), name


def test_a_device_is_claimed_with_a_click(browser: FormBrowser, device: RelayClient) -> None:
    claim = Claim(device)
    pair = claim.complete(browser)
    assert (pair.user.username, pair.device_id, pair.nonce) == (
        "alice",
        claim.device_id,
        claim.query["nonce"],
    )
    assert device.http.get("/users/me").json()["username"] == "alice"
    assert device.register().claimed_by == "alice"


def test_the_page_says_what_asks_and_cannot_be_framed(browser: FormBrowser, device: RelayClient) -> None:
    page = browser.http.get(Claim(device).address())
    for said in (
        "data-device>test<",
        "data-platform>linux<",
        "data-place>this machine<",
        "data-account>alice<",
        "<time datetime",
    ):
        assert said in page.text, said
    assert page.headers["x-frame-options"] == "DENY"
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "form-action 'self' http://127.0.0.1:45678;" in policy
    other = browser.http.get("/device").headers["content-security-policy"]
    assert "form-action 'self';" in other


def test_nothing_is_approved_without_a_click(browser: FormBrowser, device: RelayClient) -> None:
    """Nor because the same device was approved before."""
    Claim(device).complete(browser)
    again = browser.http.get(Claim(device).address())
    assert again.status_code == 200 and "location" not in again.headers


def test_a_no_goes_back_without_a_code(browser: FormBrowser, device: RelayClient) -> None:
    claim = Claim(device)
    answer = browser.press(browser.http.get(claim.address()), answer="no")
    location = answer.headers["location"]
    assert "error=access_denied" in location and f"state={claim.query['state']}" in location
    assert "code=" not in location.replace("code_", "")
    assert device.register().claimed_by is None


def test_who_is_not_signed_in_is_asked_to_and_comes_back(relay: RelayProcess, device: RelayClient) -> None:
    claim = Claim(device)
    with FormBrowser(relay.url) as browser:
        action, fields = last_form(browser.http.get(claim.address()).text)
        assert (action, fields) == ("/session", {"next": claim.address()})
        assert browser.sign_in("alice", **fields).headers["location"] == claim.address()


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil", "x", ""]
)
def test_signing_in_leads_nowhere_else(relay: RelayProcess, path: str) -> None:
    with FormBrowser(relay.url) as browser:
        assert browser.sign_in("alice", next=path).headers["location"] == "/"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://evil.example:8000/callback/" + "x" * 32,
        "https://127.0.0.1:8000/callback/" + "x" * 32,
        "http://localhost:8000/callback/" + "x" * 32,
        "http://127.0.0.1.evil.example:8000/callback/" + "x" * 32,
        "http://127.0.0.1:8000@evil.example/callback/" + "x" * 32,
        "http://127.0.0.2:8000/callback/" + "x" * 32,
        "http://127.0.0.1:80/callback/" + "x" * 32,
        "http://127.0.0.1:99999/callback/" + "x" * 32,
        "http://127.0.0.1/callback/" + "x" * 32,
        "http://127.0.0.1:8000/callback/short",
        "http://127.0.0.1:8000/callback/" + "x" * 32 + "/..",
        "http://127.0.0.1:8000/callback/" + "x" * 32 + "?to=evil",
        "http://127.0.0.1:8000/callback/" + "x" * 32 + "\n",
        "http://[::1]:8000/callback/" + "x" * 32,
        "javascript:alert(1)//" + "x" * 32,
        "",
    ],
)
def test_codes_go_to_this_machine_only(browser: FormBrowser, device: RelayClient, redirect_uri: str) -> None:
    claim = Claim(device)
    page = browser.http.get(claim.address(redirect_uri=redirect_uri))
    assert page.status_code == 422 and "location" not in page.headers
    forged = browser.press(browser.http.get(claim.address()), redirect_uri=redirect_uri)
    assert forged.status_code == 422 and "location" not in forged.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "x" * 42}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"state": "short"}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"device_id": "x"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
def test_a_weak_request_is_sent_back(
    browser: FormBrowser, device: RelayClient, changes: dict[str, str | None], error: str
) -> None:
    claim = Claim(device)
    answer = browser.http.get(claim.address(**changes))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{claim.query['redirect_uri']}?error={error}")
    assert "code=" not in answer.headers["location"]


def test_a_code_without_all_that_it_is_bound_to_is_worth_nothing(
    browser: FormBrowser, device: RelayClient, thief: RelayClient
) -> None:
    stolen = Claim(thief)
    for changes in (
        {"code_verifier": secrets.token_urlsafe(48)},
        {"redirect_uri": "http://127.0.0.1:45679/callback/" + "x" * 32},
        {"signature": "A" * 86},
        {"device_id": stolen.device_id},
    ):
        claim = Claim(device)
        code = claim.approve(browser)
        assert refused(claim.exchange(code, **changes)) == "invalid_grant", changes
        assert refused(claim.exchange(code)) == "invalid_grant"  # the first attempt used it up
    for missing in ("code_verifier", "signature", "redirect_uri", "device_id"):
        claim = Claim(device)
        assert refused(claim.exchange(claim.approve(browser), **{missing: None})) == "invalid_request", (
            missing
        )
    # A program that read the code, and the verifier too, still has another key.
    claim = Claim(device)
    code = claim.approve(browser)
    stolen.query["redirect_uri"], stolen.verifier = claim.query["redirect_uri"], claim.verifier
    assert refused(stolen.exchange(code)) == "invalid_grant"
    assert refused(stolen.exchange(code, device_id=claim.device_id)) == "invalid_grant"
    assert device.register().claimed_by is None and thief.register().claimed_by is None


def test_the_challenge_is_not_its_own_verifier(browser: FormBrowser, device: RelayClient) -> None:
    """What a server does that takes `plain` by mistake."""
    claim = Claim(device)
    code = claim.approve(browser)
    assert refused(claim.exchange(code, code_verifier=claim.query["code_challenge"])) == "invalid_grant"


@pytest.mark.parametrize("second", ["without the key", "after the tokens were used"])
def test_a_code_used_twice_ends_what_it_gave(browser: FormBrowser, device: RelayClient, second: str) -> None:
    claim = Claim(device)
    code = claim.approve(browser)
    pair = claim.exchange(code).json()
    if second == "without the key":
        assert refused(claim.exchange(code, signature="A" * 86)) == "invalid_grant"
    else:
        pair = refresh(device, pair["refresh_token"]).json()
        assert refused(claim.exchange(code)) == "invalid_grant"
    headers = {"authorization": f"Bearer {pair['access_token']}"}
    assert device.http.get("/users/me", headers=headers).status_code == 401
    assert refresh(device, pair["refresh_token"]).status_code == 401
    assert refused(claim.exchange(code)) == "invalid_grant"


def test_an_answer_to_a_code_that_got_lost_is_given_again_in_place_of_the_first(
    browser: FormBrowser, device: RelayClient
) -> None:
    claim = Claim(device)
    code = claim.approve(browser)
    lost = claim.exchange(code).json()
    pair = claim.exchange(code).json()
    assert pair["user"]["username"] == "alice" and pair["nonce"] == claim.query["nonce"]
    assert refresh(device, lost["refresh_token"]).status_code == 401, "one sign-in, not two"
    headers = {"authorization": f"Bearer {lost['access_token']}"}
    assert device.http.get("/users/me", headers=headers).status_code == 401
    assert refresh(device, pair["refresh_token"]).status_code == 200


def test_fields_come_once_and_from_our_client(device: RelayClient) -> None:
    path, form = device.url + "/oauth/token", {"content-type": "application/x-www-form-urlencoded"}
    for body, error in (
        ("grant_type=authorization_code&code=a&code=b&client_id=sidechain-daemon", "invalid_request"),
        ("grant_type=authorization_code&code=a&client_id=evil", "invalid_client"),
        ("grant_type=password&client_id=sidechain-daemon", "unsupported_grant_type"),
        ("client_id=sidechain-daemon", "unsupported_grant_type"),
        ("", "invalid_request"),
        ("&".join(f"f{n}=x" for n in range(100)), "invalid_request"),
        ("code=%ff%fe&client_id=sidechain-daemon&grant_type=authorization_code", "invalid_request"),
    ):
        assert refused(device.http.post(path, content=body, headers=form)) == error, body
    assert refused(device.http.post(path, content=b"\xff\xfe", headers=form)) == "invalid_request"


def test_a_code_is_worth_nothing_after_a_minute(
    browser: FormBrowser, device: RelayClient, clock: RelayClock
) -> None:
    claim = Claim(device)
    code = claim.approve(browser)
    clock.pass_(CODE_LIFETIME_US // 1_000_000 + 1)
    assert refused(claim.exchange(code)) == "invalid_grant"
    assert device.register().claimed_by is None


def test_a_lost_answer_is_not_given_again_when_it_must_have_arrived(
    browser: FormBrowser, device: RelayClient, clock: RelayClock
) -> None:
    """Neither that to a refresh, after the grace, nor that to a device code; and what came of the first has ended."""
    pair = Claim(device).complete(browser)
    second = refresh(device, pair.refresh_token).json()
    again = refresh(device, pair.refresh_token)
    assert again.status_code == 200, "the answer may be lost"
    clock.pass_(61)
    assert refresh(device, pair.refresh_token).json()["code"] == "token_reused"
    assert refresh(device, second["refresh_token"]).status_code == 401
    assert refresh(device, again.json()["refresh_token"]).status_code == 401
    del device.http.headers["authorization"]
    claim = Claim(device)
    grant = claim.begin()
    browser.press(type_code(browser, grant.user_code))
    clock.pass_(POLL_S)
    assert claim.poll(grant.device_code).status_code == 200
    clock.pass_(61)
    assert refused(claim.poll(grant.device_code)) == "expired_token"
