"""What a bus URL cannot mean is said at once, without the password that it may hold."""

import pytest

from relay.engine.bus.open import BadBusUrl, open_bus

BAD = [
    "valkey://",
    "valkey://:word@",
    "valkey://:word@host:port",
    "valkey://:word@host:0",
    "valkey://:word@host:99999",
    "valkey://:word@host?socket_timeout=soon",
    "ftp://:word@host",
    "",
]


@pytest.mark.parametrize("url", BAD)
async def test_a_bus_url_that_means_nothing_is_refused(url: str) -> None:
    with pytest.raises(BadBusUrl) as refused:
        open_bus(url)
    assert "A bus is" in str(refused.value) and "word" not in str(refused.value)
