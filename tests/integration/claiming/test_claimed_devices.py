"""Whose a device is: pages and forms of claims, refreshing, and how it is taken away or given up."""

from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from relay.wire import events
from relay.wire.identity import farewell_message
from tests.support.claiming import refresh, refused
from tests.support.claims import Claim, FormBrowser, last_form, type_code
from tests.support.deadlines import HANG_S
from tests.support.relay import RelayClient, RelayProcess, b64

BOTH_ENGINES = True


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
    page = browser.http.get("/devices")
    assert browser.press(page, to="/devices/").headers["location"] == "/devices"
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket.next(HANG_S)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == events.CLOSE_REVOKED
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
