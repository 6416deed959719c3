"""The leases of all devices that are known here, each with the process that holds it. Values only."""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from relay.core.presence import GRACE_US, LEASE_US, OFFLINE, Visible

_RANK = {"recording": 4, "producing": 3, "idle": 2, "away": 1}
Key = tuple[str, str]
"""An account and one of its devices."""


class Lease(Struct, frozen=True, kw_only=True):
    """What one device does. holder: the process it said so to; leaving: its connection there has ended.

    since_us, said_us: by the holder's clock, when it began to do so and when it last said so. until_us: by ours; None: for
    as long as its holder lives.
    """

    holder: str
    status: str
    daw: str | None
    bpm: float | None
    since_us: int
    said_us: int
    until_us: int | None
    leaving: bool = False


class LeaseTable:
    """One writer a device: the process that heard it last. [loop]"""

    def __init__(self) -> None:
        self._devices: dict[str, dict[str, Lease]] = {}
        self._held: dict[str, set[Key]] = {}
        self._lives_until_us: dict[str, int] = {}

    def get(self, key: Key) -> Lease | None:
        return self._devices.get(key[0], {}).get(key[1])

    def held(self, holder: str) -> list[Key]:
        return list(self._held.get(holder, ()))

    def put(self, key: Key, lease: Lease) -> None:
        self.drop(key)
        self._devices.setdefault(key[0], {})[key[1]] = lease
        self._held.setdefault(lease.holder, set()).add(key)

    def drop(self, key: Key) -> None:
        user_id, device = key
        lease = self._devices.get(user_id, {}).pop(device, None)
        if lease is None:
            return
        if not self._devices[user_id]:
            del self._devices[user_id]
        self._held[lease.holder].discard(key)
        if not self._held[lease.holder]:
            del self._held[lease.holder]

    def lives(self, holder: str, now_us: int) -> None:
        """Another process was heard of: so are the devices that it holds."""
        self._lives_until_us[holder] = now_us + LEASE_US

    def is_live(self, lease: Lease, now_us: int) -> bool:
        until_us = lease.until_us
        if until_us is None:
            until_us = self._lives_until_us.get(lease.holder, 0)
        return until_us > now_us

    def renew(self, key: Key, now_us: int) -> None:
        """A sign of life of a device of ours whose lease has not ended."""
        self._extend(key, now_us + LEASE_US, now_us, leaving=False)

    def leave(self, key: Key, now_us: int) -> None:
        """Its connection ended: the lease lives for the grace time, so that a reconnect is not a leave and a join."""
        self._extend(key, now_us + GRACE_US, now_us, leaving=True)

    def ended(self, now_us: int) -> list[Key]:
        """Leases that have; and what is known of processes that died is forgotten."""
        self._lives_until_us = {
            holder: until_us for holder, until_us in self._lives_until_us.items() if until_us > now_us
        }
        return [
            (user_id, device)
            for user_id, devices in self._devices.items()
            for device, lease in devices.items()
            if not self.is_live(lease, now_us)
        ]

    def visible(self, user_id: str, now_us: int) -> Visible:
        """What followers see of a person: the device that does most."""
        live = (
            lease
            for lease in self._devices.get(user_id, {}).values()
            if self.is_live(lease, now_us) and lease.status != OFFLINE
        )
        return _fold(user_id, live, now_us)

    def _extend(self, key: Key, until_us: int, now_us: int, *, leaving: bool) -> None:
        lease = self.get(key)
        if lease is not None and self.is_live(lease, now_us):
            self._devices[key[0]][key[1]] = replace(lease, until_us=until_us, leaving=leaving)


def _fold(user_id: str, leases: Iterable[Lease], now_us: int) -> Visible:
    best = max(leases, key=lambda lease: (_RANK.get(lease.status, 0), lease.since_us), default=None)
    if best is None:
        return Visible(user_id=user_id, status=OFFLINE, since_us=now_us)
    return Visible(user_id=user_id, status=best.status, daw=best.daw, bpm=best.bpm, since_us=best.since_us)
