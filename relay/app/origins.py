"""By which names and from which pages this relay is asked."""

from collections.abc import Iterable
from functools import lru_cache

from relay.core.hosts import answers_to

_answers_to = lru_cache(64)(answers_to)  # of the same names with each request


class Origins:
    """base_url: how the world reaches this relay. allowed: origins of other pages that may call its API (CORS); "*": all."""

    def __init__(self, base_url: str, *, dev: bool, allowed: Iterable[str] = ()) -> None:
        self.base_url = base_url
        self._dev = dev
        self._allowed = frozenset(each.rstrip("/") for each in allowed)

    @property
    def is_secure(self) -> bool:
        return self.base_url.startswith("https://")

    def answers_to(self, host: str) -> bool:
        """Of a relay for the world, its proxy decides; one for development has nobody before it."""
        return not self._dev or _answers_to(host, self.base_url)

    def is_ours(self, origin: str, host: str) -> bool:
        """Our public address; a relay for development is reached by any loopback name, which `answers_to` has seen to."""
        return origin == self.base_url or (self._dev and origin == f"http://{host}")

    @property
    def lets_anybody_in(self) -> bool:
        return bool(self._allowed)

    def lets_in(self, origin: str) -> bool:
        """A page of another origin, which then calls with a token and never by cookie."""
        return origin in self._allowed or ("*" in self._allowed and origin != "null")
