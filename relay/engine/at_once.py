"""What is open at once in this process, counted by address and by the network around it.

Whoever has one address of a network often has them all: so there are two limits, and the second is the larger.
"""

import ipaddress
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from relay.core.limits import Most, Open
from relay.core.places import counted_as, neighbourhood_of
from relay.core.refusal import Refusal

RETRY_S = 10


class AtOnce:
    """most: of each kind. of_all: connections of everybody together. uncounted: networks of proxies, behind which
    everybody is. [loop]
    """

    def __init__(
        self, most: Mapping[Open, Most], uncounted: Iterable[str] = (), of_all: int = sys.maxsize
    ) -> None:
        self._most = most
        self._of_all = of_all
        self._connections = 0
        self.turned_away: Counter[Open] = Counter()
        self._uncounted = [ipaddress.ip_network(each) for each in uncounted]
        self._open: Counter[tuple[Open, str]] = Counter()

    def enter(self, kind: Open, address: str) -> bool:
        """Count one more, unless that is too many. Whoever got in leaves again."""
        full = kind is Open.CONNECTION and self._connections >= self._of_all
        if full or not (self._is_uncounted(address) or self._enter(kind, address)):
            self.turned_away[kind] += 1
            return False
        self._connections += kind is Open.CONNECTION
        return True

    def _enter(self, kind: Open, address: str) -> bool:
        most, own, around = self._most[kind], (kind, counted_as(address)), (kind, neighbourhood_of(address))
        if self._open[own] >= most.of_address or self._open[around] >= most.of_network:
            return False
        self._open[own] += 1
        if around != own:
            self._open[around] += 1
        return True

    def leave(self, kind: Open, address: str) -> None:
        """One that entered has ended."""
        self._connections -= kind is Open.CONNECTION
        if self._is_uncounted(address):
            return
        for key in {(kind, counted_as(address)), (kind, neighbourhood_of(address))}:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]

    def require(self, kind: Open, address: str) -> None:
        """Enter. Raises Refusal: rate_limited."""
        if not self.enter(kind, address):
            raise Refusal(
                "rate_limited",
                f"Too many {kind.value}s are open from your address or network.",
                "Wait until one has ended.",
                retry_after_s=RETRY_S,
            )

    @contextmanager
    def held(self, kind: Open, address: str) -> Iterator[None]:
        """Counted for as long as this is entered. Raises Refusal: rate_limited."""
        self.require(kind, address)
        try:
            yield
        finally:
            self.leave(kind, address)

    def __len__(self) -> int:
        return len(self._open)

    def _is_uncounted(self, address: str) -> bool:
        if not self._uncounted:
            return False
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._uncounted)
