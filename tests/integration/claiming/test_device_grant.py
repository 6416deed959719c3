"""Claiming by a code that is typed at another browser (RFC 8628)."""

from relay.features.devices.device_grant import WARNING_US
from tests.support.claiming import POLL_S, RelayClock, refresh, refused
from tests.support.claims import Claim, FormBrowser, type_code
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True


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


def test_a_code_that_nobody_types_ends(browser: FormBrowser, device: RelayClient, clock: RelayClock) -> None:
    claim = Claim(device)
    grant = claim.begin()
    clock.pass_(grant.expires_in + 1)
    assert "data-trouble" in type_code(browser, grant.user_code).text
    assert refused(claim.poll(grant.device_code)) == "expired_token"
