"""Which addresses may reach a browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray.links import may_open

RELAY = "https://relay.example"


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("https://relay.example/p/1", RELAY),
        ("https://RELAY.example:443/p/1?x=y#z", RELAY),
        ("https://relay.example/", "https://relay.example:443/base"),
        ("http://127.0.0.1:8080/p/1", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/p/1", "http://[::1]:8080"),
    ],
)
def test_pages_of_the_relay_are_allowed(url: str, relay: str) -> None:
    assert may_open(url, relay)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/p/1",
        "//relay.example/p/1",
        "http://relay.example/p/1",  # weaker than the relay's own scheme
        "https://relay.example:8443/p/1",
        "https://relay.example:x/",
        "https://relay.example.evil.example/",
        "https://evil.example/relay.example",
        "https://relay.example@evil.example/",
        "https://user@relay.example/",
        "https://relay.example\\@evil.example/",
        "https://relay.example/\n",
        "https://relay.example/ --new-window",
        "https://relay.exämple/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "smb://relay.example/share",
        "-https://relay.example/",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    assert not may_open(url, RELAY)


def test_without_a_relay_nothing_is_opened() -> None:
    assert not may_open("https://relay.example/", None)


@given(st.text(max_size=60))
def test_any_text_gets_an_answer_and_what_is_allowed_starts_with_the_relay(url: str) -> None:
    for candidate in (url, RELAY + url):
        if may_open(candidate, RELAY):
            assert candidate.lower().startswith(
                ("https://relay.example/", "https://relay.example:443", RELAY)
            )
