"""A relay for development answers to this machine's names, and to its own."""

import pytest

from relay.core.hosts import answers_to, split_target


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8700", "127.9.9.9:1", "localhost", "localhost:8700", "[::1]:8700", "loops.example:8443"]
)  # fmt: skip
def test_its_own(host: str) -> None:
    assert answers_to(host, "https://loops.example:8443")


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8700", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1@evil.example",
     "loops.example", "0.0.0.0", "192.168.1.2:8700", "[::1", "[fe80::1]", "127.1", "2130706433"],
)  # fmt: skip
def test_nobody_elses(host: str) -> None:
    assert not answers_to(host, "https://loops.example:8443")


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        (b"/a?b", b"/a?b", None),
        (b"*", b"*", None),
        (b"http://h", b"/", b"h"),
        (b"https://h:1/a?b", b"/a?b", b"h:1"),
        (b"HTTP://h?b", b"/?b", b"h"),
        (b"http:///a", b"/a", b""),
        (b"//h/a", b"//h/a", None),
    ],
)
def test_a_target_may_name_the_host(target: bytes, path: bytes, host: bytes | None) -> None:
    assert split_target(target) == (path, host)
