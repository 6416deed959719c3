"""Claiming at a real relay, by browser and by code, and what becomes of every attempt to get a token otherwise."""

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from relay.features.devices.authorization import CODE_LIFETIME_US
from relay.features.devices.device_grant import WARNING_US
from relay.wire import events
from relay.wire.identity import farewell_message
from relay.wire.oauth import METADATA_PATH, refresh_message
from tests.support.claims import Claim, FormBrowser, last_form, type_code
from tests.support.engines import Engines
from tests.support.relay import RelayClient, RelayProcess, b64, running_relay
from tests.support.wrong_clock import WrongClock

BOTH_ENGINES = True
REVOKED_LIMIT_S = 5.0
POLL_S = 2  # a relay for development lets devices ask each second


class RelayClock:
    """The relay's wall clock, on which time passes at once."""

    def __init__(self, folder: Path) -> None:
        self._wrong = WrongClock(folder)
        self._ahead_s = 0
        self.env = self._wrong.env

    def pass_(self, seconds: int) -> None:
        self._ahead_s += seconds
        self._wrong.wall(self._ahead_s)


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> RelayClock:
    return RelayClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def relay(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory, clock: RelayClock
) -> Iterator[RelayProcess]:
    with pytest.MonkeyPatch.context() as env:
        for name, value in clock.env.items():
            env.setenv(name, value)
        with running_relay(tmp_path_factory.mktemp("relay") / "data", engines=engines) as process:
            yield process


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def browser(relay: RelayProcess, stack: ExitStack) -> FormBrowser:
    """Signed in as "alice"."""
    made = stack.enter_context(FormBrowser(relay.url))
    made.sign_in("alice")
    return made


@pytest.fixture
def device(relay: RelayProcess, stack: ExitStack) -> RelayClient:
    made = RelayClient(relay.url)
    stack.callback(made.close)
    return made


@pytest.fixture
def thief(relay: RelayProcess, stack: ExitStack) -> RelayClient:
    """Another device, with a key of its own."""
    made = RelayClient(relay.url)
    stack.callback(made.close)
    return made


def refused(answer: httpx.Response) -> str:
    """The word of a refusal of the token endpoint."""
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/json", answer.text
    assert "access_token" not in answer.text
    return str(answer.json()["error"])


# the main path ----------------------------------------------------------------------------------------------------


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


# attackers: each ends without a token -------------------------------------------------------------------------------


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


def test_a_session_planted_before_signing_in_is_worth_nothing(
    relay: RelayProcess, device: RelayClient
) -> None:
    """Session fixation: the secret changes when somebody signs in, and again when a device is claimed."""
    with FormBrowser(relay.url) as browser, FormBrowser(relay.url) as attacker:
        attacker.sign_in("mallory")
        planted = attacker.cookie
        browser.http.cookies["sidechain_session"] = planted
        browser.http.cookies.clear()
        browser.http.headers["cookie"] = f"sidechain_session={planted}"
        fresh = browser.sign_in("alice").cookies["sidechain_session"]
        del browser.http.headers["cookie"]
        browser.http.cookies.clear()
        browser.http.cookies["sidechain_session"] = fresh
        assert fresh != planted
        assert attacker.http.get("/api/v1/users/me").status_code == 401  # the planted one has ended
        page = browser.http.get(Claim(device).address())
        answer = browser.press(page)
        assert answer.cookies["sidechain_session"] != fresh
        stolen = httpx.get(
            relay.url + "/api/v1/users/me", headers={"cookie": f"sidechain_session={fresh}"}, trust_env=False
        )
        assert stolen.status_code == 401


def test_forms_need_the_token_of_their_page_and_our_origin(
    relay: RelayProcess, browser: FormBrowser, device: RelayClient
) -> None:
    claim = Claim(device)
    page = browser.http.get(claim.address())
    forms = (page, browser.http.get("/device"))
    for each in forms:
        assert browser.press(each, csrf="x" * 32).status_code == 403
        action, fields = last_form(each.text)
        without = {name: value for name, value in fields.items() if name != "csrf"}
        assert browser.http.post(action, data={**without, "answer": "yes"}).status_code == 403
        evil = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert browser.http.post(action, data={**fields, "answer": "yes"}, headers=evil).status_code == 403
    Claim(device).complete(browser)
    assert browser.http.post(f"/devices/{claim.device_id}/revoke", data={"csrf": "x"}).status_code == 403
    assert device.http.get("/users/me").status_code == 200


def test_a_claimed_device_belongs_to_its_owner_until_he_lets_it_go(
    relay: RelayProcess, browser: FormBrowser, device: RelayClient
) -> None:
    Claim(device).complete(browser)
    with FormBrowser(relay.url) as other:
        other.sign_in("bob")
        page = other.http.get(Claim(device).address())
        assert "data-taken" in page.text and 'value="yes"' not in page.text
        assert other.press(page).status_code == 409
        typed = type_code(other, Claim(device).begin().user_code)
        assert "data-taken" in typed.text
        assert other.press(typed).status_code == 409
        device.http.post("/auth/unclaim").raise_for_status()
        assert device.http.get("/users/me").status_code == 401
        del device.http.headers["authorization"]
        assert Claim(device).complete(other).user.username == "bob"


def test_a_yes_given_before_another_took_the_device_gives_nothing(
    relay: RelayProcess, browser: FormBrowser, device: RelayClient
) -> None:
    with FormBrowser(relay.url) as other:
        other.sign_in("bob")
        late = Claim(device)
        code = late.approve(other)
        Claim(device).complete(browser)
        assert refused(late.exchange(code)) == "invalid_grant"


# refreshing ---------------------------------------------------------------------------------------------------------


def refresh(device: RelayClient, token: str, signature: str | None = None) -> httpx.Response:
    signed = signature or b64(device.key.sign(refresh_message(token)))
    return device.http.post("/auth/refresh", json={"refresh_token": token, "signature": signed})


def test_a_refresh_token_needs_the_key_of_its_device(
    browser: FormBrowser, device: RelayClient, thief: RelayClient
) -> None:
    pair = Claim(device).complete(browser)
    bare = device.http.post("/auth/refresh", json={"refresh_token": pair.refresh_token})
    assert bare.status_code == 401
    assert refresh(thief, pair.refresh_token).status_code == 401
    assert refresh(device, pair.refresh_token, "A" * 86).status_code == 401
    renewed = refresh(device, pair.refresh_token)  # a thief without the key ends nothing either
    assert renewed.status_code == 200
    assert refresh(device, renewed.json()["refresh_token"]).status_code == 200
    assert refresh(device, pair.refresh_token).json()["code"] == "token_reused"


def test_a_wrong_signature_counts_even_where_none_is_needed(device: RelayClient) -> None:
    pair = device.sign_in("developer")
    assert refresh(device, pair.refresh_token, "A" * 86).status_code == 401
    assert refresh(device, pair.refresh_token).status_code == 200


# by code ------------------------------------------------------------------------------------------------------------


def test_a_device_without_a_browser_is_claimed_by_its_code(
    browser: FormBrowser, device: RelayClient, clock: RelayClock
) -> None:
    claim = Claim(device)
    grant = claim.begin()
    assert grant.verification_uri == device.url + "/device" and (grant.expires_in, grant.interval) == (600, 1)
    clock.pass_(POLL_S)
    assert refused(claim.poll(grant.device_code)) == "authorization_pending"
    page = type_code(browser, grant.user_code.lower().replace("-", " "))
    assert "data-device>test<" in page.text and "data-warning" not in page.text
    assert browser.press(page).headers["location"] == "/claimed"
    clock.pass_(POLL_S)
    pair = claim.poll(grant.device_code).json()
    assert pair["user"]["username"] == "alice"
    clock.pass_(POLL_S)
    again = claim.poll(grant.device_code).json()  # the answer may have got lost
    assert refresh(device, pair["refresh_token"]).status_code == 401
    assert refresh(device, again["refresh_token"]).status_code == 200
    clock.pass_(POLL_S)
    assert refused(claim.poll(grant.device_code)) == "expired_token"


def test_who_asks_too_often_is_told_to_slow_down_for_good(
    browser: FormBrowser, device: RelayClient, clock: RelayClock
) -> None:
    claim = Claim(device)
    grant = claim.begin()
    assert refused(claim.poll(grant.device_code)) == "slow_down"
    browser.press(type_code(browser, grant.user_code))
    clock.pass_(POLL_S)
    assert refused(claim.poll(grant.device_code)) == "slow_down"  # 6 s by now


def test_a_no_is_told_to_the_device(browser: FormBrowser, device: RelayClient, clock: RelayClock) -> None:
    claim = Claim(device)
    grant = claim.begin()
    assert browser.press(type_code(browser, grant.user_code), answer="no").headers["location"] == "/unclaimed"
    clock.pass_(POLL_S)
    assert refused(claim.poll(grant.device_code)) == "access_denied"


def test_a_device_code_is_worth_nothing_to_others(
    browser: FormBrowser, device: RelayClient, clock: RelayClock, thief: RelayClient
) -> None:
    claim, stolen = Claim(device), Claim(thief)
    grant = claim.begin()
    browser.press(type_code(browser, grant.user_code))
    clock.pass_(POLL_S)
    assert refused(stolen.poll(grant.device_code)) == "expired_token"
    assert refused(stolen.poll(grant.device_code, device_id=claim.device_id)) == "expired_token"
    assert refused(stolen.poll("x" * 43)) == "expired_token"
    assert claim.poll(grant.device_code).status_code == 200


def test_no_link_carries_the_code(browser: FormBrowser, device: RelayClient) -> None:
    grant = Claim(device).begin()
    page = browser.http.get(f"/device?user_code={grant.user_code}").text
    assert grant.user_code not in page and "data-device" not in page


def test_a_code_from_another_network_is_warned_of_and_takes_its_time(
    relay: RelayProcess, device: RelayClient, clock: RelayClock
) -> None:
    """Phishing: the code in the mail is the attacker's."""
    device.http.headers["x-forwarded-for"] = "93.184.216.77"
    claim = Claim(device)
    grant = claim.begin()
    with FormBrowser(relay.url, address="8.8.4.4") as victim:
        victim.sign_in("carol")
        page = type_code(victim, grant.user_code)
        assert "data-warning" in page.text and "the network 93.184.216.x" in page.text
        hasty = victim.press(page)
        assert hasty.status_code == 200 and "data-warning" in hasty.text
        clock.pass_(POLL_S)
        assert refused(claim.poll(grant.device_code)) == "authorization_pending"
        shown = type_code(victim, grant.user_code)
        clock.pass_(WARNING_US // 1_000_000 + 1)
        assert victim.press(shown).headers["location"] == "/claimed"


def test_codes_cannot_be_guessed(relay: RelayProcess, device: RelayClient) -> None:
    """Five wrong ones, by account and by network; then even the right one has to wait."""
    grant = Claim(device).begin()
    with FormBrowser(relay.url, address="192.0.2.1") as guesser:
        guesser.sign_in("guesser")
        for _ in range(5):
            assert "data-trouble" in type_code(guesser, "BBBB-BBBB").text
        late = type_code(guesser, grant.user_code)
        assert late.status_code == 429 and int(late.headers["retry-after"]) > 0
        guesser.sign_in("guesser2")
        assert type_code(guesser, grant.user_code).status_code == 429
    with FormBrowser(relay.url, address="192.0.3.1") as elsewhere:
        elsewhere.sign_in("guesser")
        assert type_code(elsewhere, grant.user_code).status_code == 429
        elsewhere.sign_in("guesser3")
        assert "data-device" in type_code(elsewhere, grant.user_code).text


# as time passes -----------------------------------------------------------------------------------------------------


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


def test_a_code_that_nobody_types_ends(browser: FormBrowser, device: RelayClient, clock: RelayClock) -> None:
    claim = Claim(device)
    grant = claim.begin()
    clock.pass_(grant.expires_in + 1)
    assert "data-trouble" in type_code(browser, grant.user_code).text
    assert refused(claim.poll(grant.device_code)) == "expired_token"


# devices ------------------------------------------------------------------------------------------------------------


def test_devices_are_listed_and_taken_away_by_their_owner(
    relay: RelayProcess, browser: FormBrowser, device: RelayClient, thief: RelayClient
) -> None:
    browser.sign_in("dora")
    pair = Claim(device).complete(browser)
    (listed,) = browser.http.get("/api/v1/auth/devices").json()["devices"]
    assert (listed["device_id"], listed["name"], listed["place"]) == (pair.device_id, "test", "this machine")
    thief.sign_in("mallory")
    stolen = thief.http.post(f"/auth/devices/{pair.device_id}/revoke")
    absent = thief.http.post(f"/auth/devices/{'0' * 32}/revoke")
    assert (stolen.status_code, stolen.content) == (404, absent.content)
    socket = device.socket()
    started = time.monotonic()
    page = browser.http.get("/devices")
    assert browser.press(page, to="/devices/").headers["location"] == "/devices"
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket.next(REVOKED_LIMIT_S)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == events.CLOSE_REVOKED
    assert time.monotonic() - started < REVOKED_LIMIT_S
    socket.close()
    assert device.http.get("/users/me").status_code == 401
    assert refresh(device, pair.refresh_token).status_code == 401
    assert browser.http.get("/api/v1/auth/devices").json() == {"devices": []}


def test_a_device_gives_itself_up_with_its_signature_alone(
    browser: FormBrowser, device: RelayClient, thief: RelayClient
) -> None:
    pair = Claim(device).complete(browser)
    del device.http.headers["authorization"]
    message = farewell_message(pair.device_id)
    for bad in (b64(thief.key.sign(message)), "A" * 86, b64(device.key.sign(message + b"x"))):
        answer = device.http.post("/auth/farewell", json={"device_id": pair.device_id, "signature": bad})
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
    other = {"device_id": thief.register().device_id, "signature": b64(device.key.sign(message))}
    assert device.http.post("/auth/farewell", json=other).status_code == 401
    assert device.register().claimed_by == "alice"
    said = {"device_id": pair.device_id, "signature": b64(device.key.sign(message))}
    for _ in range(2):  # saying it twice does no harm
        assert device.http.post("/auth/farewell", json=said).status_code == 200
    assert device.register().claimed_by is None
    assert refresh(device, pair.refresh_token).status_code == 401


def test_claiming_anew_ends_what_the_device_had(browser: FormBrowser, device: RelayClient) -> None:
    first = Claim(device).complete(browser)
    Claim(device).complete(browser)
    assert refresh(device, first.refresh_token).status_code == 401
    assert device.http.get("/users/me").status_code == 200


def test_no_secret_of_a_claim_is_stored_as_it_is(
    relay: RelayProcess, browser: FormBrowser, device: RelayClient
) -> None:
    claim = Claim(device)
    code = claim.approve(browser)
    grant = claim.begin()
    secrets_said = [code, grant.device_code, grant.user_code.replace("-", ""), browser.cookie, claim.verifier]
    files = [each for each in relay.data.iterdir() if each.is_file()] + [relay.data.parent / "data.log"]
    for file in files:
        content = Path(file).read_bytes()
        for secret in secrets_said:
            assert secret.encode() not in content, file.name
