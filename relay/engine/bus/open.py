"""Which bus a URL means. The clients of Valkey and PostgreSQL are imported only where one names them."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from relay.engine.bus.door import Bus
from relay.engine.bus.memory import MemoryBus, MemoryWire
from relay.engine.bus.wired import WiredBus

DEFAULT_CHANNEL = "sidechain"
_VALKEY = ("valkey", "valkeys", "redis", "rediss")


class BadBusUrl(ValueError):
    """A sentence: what is wrong with which setting."""


def open_bus(url: str) -> Bus:
    """memory: for one process alone, valkey://host[:port][?channel=name] (valkeys: with TLS; redis, rediss: the same),
    or the URL of the database, postgresql://…. Raises BadBusUrl; ImportError without the extra `cluster`. [loop]
    """
    parts = urlsplit(url)
    if url == "memory:":
        return MemoryBus(MemoryWire())
    if parts.scheme in _VALKEY:
        from relay.engine.bus.valkey import ValkeyWire  # an extra, and a quarter of a second of a start

        query = dict(parse_qsl(parts.query))
        channel = query.pop("channel", DEFAULT_CHANNEL)
        try:
            if not parts.hostname or parts.port == 0:
                raise ValueError("it names no host")
            wire = ValkeyWire(urlunsplit(parts._replace(query=urlencode(query))), channel)
        except (
            ValueError
        ) as error:  # the client's too, of what the URL says; it may hold a password, so it is not said
            raise BadBusUrl(f"A bus is valkey://host[:port][/number], and here {error}.") from None
        return WiredBus(wire)
    if parts.scheme in ("postgresql", "postgres"):
        from relay.engine.bus.notify import NotifyWire
        from relay.engine.database.postgres_connection import parse_address

        return WiredBus(NotifyWire(parse_address(url)))
    raise BadBusUrl(f"A bus is memory:, valkey://host or postgresql://…, not {parts.scheme or url!r}.")
