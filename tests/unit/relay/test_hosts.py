"""A relay for development answers to this machine's names, and to its own."""

import pytest

from relay.core.hosts import answers_to


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
