"""The pure rules of claiming: requests, challenges, codes for people, polls, places, ways back."""

import pytest

from relay.core.local_path import MAX_PATH_CHARS, local_path
from relay.core.places import counted_as, describe, network_of
from relay.core.refusal import Refusal
from relay.features.devices.authorization import BadAuthorize, proves_challenge, read_authorize
from relay.features.devices.device_grant import (
    GRACE_US,
    GRANT_LIFETIME_US,
    INTERVAL_US,
    USER_CODE_ALPHABET,
    GrantState,
    Polled,
    PollVerdict,
    judge_poll,
    read_user_code,
    write_user_code,
)

# The example of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
REDIRECT = "http://127.0.0.1:49152/callback/" + "r" * 22
QUERY = {
    "response_type": "code", "client_id": "sidechain-daemon", "redirect_uri": REDIRECT, "state": "s" * 22,
    "nonce": "n" * 22, "code_challenge": CHALLENGE, "code_challenge_method": "S256", "device_id": "0" * 32,
}  # fmt: skip


def lists(query: dict[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in query.items()}


def test_a_challenge_is_proved_by_its_verifier_only() -> None:
    assert proves_challenge(VERIFIER, CHALLENGE)
    for wrong in (CHALLENGE, VERIFIER[:-1] + "l", VERIFIER + "x", VERIFIER[:42], "", VERIFIER + "\n", "ä" * 43, "a" * 129):  # fmt: skip
        assert not proves_challenge(wrong, CHALLENGE), wrong


def test_a_request_is_read_with_any_port() -> None:
    for port in (1024, 49_152, 65_535):
        redirect = f"http://127.0.0.1:{port}/callback/" + "r" * 22
        assert read_authorize(lists(QUERY | {"redirect_uri": redirect}), "https://r").redirect_uri == redirect


def test_what_comes_twice_does_not_come_at_all() -> None:
    with pytest.raises(BadAuthorize):
        read_authorize(lists(QUERY) | {"code_challenge": [CHALLENGE, CHALLENGE]}, "https://r")
    with pytest.raises(Refusal):
        read_authorize(lists(QUERY) | {"redirect_uri": [REDIRECT, REDIRECT]}, "https://r")


def test_a_long_state_is_not_echoed() -> None:
    with pytest.raises(BadAuthorize) as bad:
        read_authorize(lists(QUERY | {"state": "s" * 5000}), "https://r")
    assert "state=" not in bad.value.location and bad.value.location.endswith("&iss=https%3A%2F%2Fr")


def test_user_codes_are_read_as_people_type_them() -> None:
    assert len(USER_CODE_ALPHABET) == 20 and not set(USER_CODE_ALPHABET) & set("AEIOUY01")
    assert write_user_code("WDJBMJHT") == "WDJB-MJHT"
    for typed in ("WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W.D.J.B.M.J.H.T"):
        assert read_user_code(typed) == "WDJBMJHT"
    for typed in ("", "WDJB-MJH", "WDJB-MJHTT", "WDJB-MJHA", "ΩDJB-MJHT", "x" * 10_000):
        assert read_user_code(typed) is None


@pytest.mark.parametrize(
    ("state", "at_us", "verdict"),
    [
        (GrantState.PENDING, INTERVAL_US, PollVerdict.PENDING),
        (GrantState.PENDING, INTERVAL_US - 400_000, PollVerdict.PENDING),
        (GrantState.PENDING, INTERVAL_US - 600_000, PollVerdict.SLOW_DOWN),
        (GrantState.APPROVED, INTERVAL_US - 600_000, PollVerdict.SLOW_DOWN),
        (GrantState.APPROVED, INTERVAL_US, PollVerdict.GRANT),
        (GrantState.DENIED, INTERVAL_US, PollVerdict.DENIED),
        (GrantState.USED, INTERVAL_US, PollVerdict.EXPIRED),
        (GrantState.APPROVED, GRANT_LIFETIME_US - 1, PollVerdict.GRANT),
        (GrantState.APPROVED, GRANT_LIFETIME_US, PollVerdict.EXPIRED),
    ],
)
def test_a_poll_is_answered_by_state_and_time(state: GrantState, at_us: int, verdict: PollVerdict) -> None:
    assert GRANT_LIFETIME_US == 600_000_000 and INTERVAL_US == 5_000_000
    grant = Polled(state=state, interval_us=INTERVAL_US, polled_us=0, expires_us=GRANT_LIFETIME_US)
    assert judge_poll(grant, at_us) is verdict


@pytest.mark.parametrize(
    ("address", "network", "words"),
    [
        ("127.0.0.1", "127.0.0.0/24", "this machine"),
        ("::1", "::1/128", "this machine"),
        ("192.168.1.20", "192.168.1.0/24", "a local network (192.168.1.x)"),
        ("93.184.216.34", "93.184.216.0/24", "the network 93.184.216.x"),
        ("::ffff:93.184.216.34", "93.184.216.0/24", "the network 93.184.216.x"),
        ("2a00:1450:4001:80e::200e", "2a00:1450:4001:80e::/64", "the network 2a00:1450:4001:80e::/64"),
        ("unknown", "", "an unknown network"),
    ],
)
def test_a_place_is_a_network_and_never_an_address(address: str, network: str, words: str) -> None:
    assert network_of(address) == network
    assert describe(network) == words


@pytest.mark.parametrize(
    ("after_us", "verdict"), [(GRACE_US, PollVerdict.GRANT), (GRACE_US + 1, PollVerdict.EXPIRED)]
)
def test_an_answer_that_may_be_lost_is_given_again_for_a_while(after_us: int, verdict: PollVerdict) -> None:
    grant = Polled(state=GrantState.USED, interval_us=INTERVAL_US, polled_us=0, expires_us=GRANT_LIFETIME_US)
    assert judge_poll(grant, after_us, answer_may_be_lost=True) is verdict
    assert judge_poll(grant, GRANT_LIFETIME_US, answer_may_be_lost=True) is PollVerdict.EXPIRED


def test_a_rate_limit_counts_an_address_and_of_the_longer_ones_a_whole_64() -> None:
    assert counted_as("93.184.216.34") != counted_as("93.184.216.35")
    assert counted_as("::ffff:93.184.216.34") == counted_as("93.184.216.34")
    assert counted_as("2a00:1450:4001:80e::1") == counted_as("2a00:1450:4001:80e:ffff:ffff:ffff:ffff")
    assert counted_as("2a00:1450:4001:80e::1") != counted_as("2a00:1450:4001:80f::1")
    assert counted_as("unknown") == "unknown"


def test_ways_back_stay_on_the_relay() -> None:
    for fine in ("/", "/device", "/oauth/authorize?a=b&c=%2F"):
        assert local_path(fine) == fine
    for elsewhere in ("//evil", "/\\evil", "https://evil", "evil", "", "/\nx", "/ä", "/" * 2 + "x", "/" + "x" * MAX_PATH_CHARS):  # fmt: skip
        assert local_path(elsewhere) == "/"
