"""What is open at once: two limits, each left as it was entered."""

import pytest

from relay.core.limits import AT_ONCE, Most, Open
from relay.core.places import neighbourhood_of
from relay.core.refusal import Refusal
from relay.engine.at_once import AtOnce

FEW = {kind: Most(of_address=2, of_network=3) for kind in Open}


def test_an_address_has_its_limit_and_a_network_a_larger_one() -> None:
    at_once = AtOnce(FEW)
    assert [at_once.enter(Open.SOCKET, "203.0.113.1") for _ in range(3)] == [True, True, False]
    assert at_once.turned_away[Open.SOCKET] == 1, "and it is told"
    assert at_once.enter(Open.TRANSFER, "203.0.113.1"), "another kind"
    assert [at_once.enter(Open.SOCKET, f"203.0.113.{n}") for n in (2, 3)] == [True, False]
    assert at_once.enter(Open.SOCKET, "203.0.114.3"), "another network"


def test_who_leaves_makes_room_and_leaves_nothing_behind() -> None:
    at_once = AtOnce(FEW)
    for _ in range(3):
        with at_once.held(Open.SOCKET, "::1"), at_once.held(Open.SOCKET, "::1"):
            with pytest.raises(Refusal) as refused, at_once.held(Open.SOCKET, "::1"):
                pass
            assert refused.value.code == "rate_limited"
    assert not len(at_once)


def test_a_customer_is_one_address_of_ipv6_and_a_site_one_network() -> None:
    at_once = AtOnce(FEW)
    assert [at_once.enter(Open.SOCKET, f"2001:db8:1:1::{n}") for n in range(3)] == [True, True, False]
    assert [at_once.enter(Open.SOCKET, f"2001:db8:1:{n}::1") for n in (2, 3)] == [True, False]
    assert at_once.enter(Open.SOCKET, "2001:db8:2::1")


def test_behind_a_proxy_everybody_would_be_one() -> None:
    at_once = AtOnce(FEW, uncounted=["10.0.0.0/8"])
    assert all(at_once.enter(Open.CONNECTION, "10.1.2.3") for _ in range(100))
    at_once.leave(Open.CONNECTION, "10.1.2.3")
    assert not len(at_once)
    assert at_once.enter(Open.CONNECTION, "unknown"), "what is no address is one of its own"


def test_places() -> None:
    assert neighbourhood_of("203.0.113.9") == neighbourhood_of("::ffff:203.0.113.9") == "203.0.113.0/24"
    assert neighbourhood_of("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert neighbourhood_of("::1") == "::1/128" and neighbourhood_of("unknown") == "unknown"


def test_a_network_has_room_for_more_than_one_address() -> None:
    assert set(AT_ONCE) == set(Open)
    assert all(most.of_address < most.of_network for most in AT_ONCE.values())


def test_connections_of_everybody_have_a_limit_too() -> None:
    at_once = AtOnce(AT_ONCE, uncounted=["10.0.0.0/8"], of_all=3)
    addresses = ["203.0.113.1", "198.51.100.1", "10.0.0.1"]
    assert all(at_once.enter(Open.CONNECTION, each) for each in addresses)
    assert not at_once.enter(Open.CONNECTION, "192.0.2.1") and not at_once.enter(Open.CONNECTION, "10.0.0.2")
    assert at_once.enter(Open.TRANSFER, "192.0.2.1"), "that one is not a connection more"
    at_once.leave(Open.CONNECTION, "10.0.0.1")
    assert at_once.enter(Open.CONNECTION, "192.0.2.1")
