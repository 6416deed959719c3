"""Presence as one process alone would know it: the oracle that the leases of several are held against."""

from collections.abc import Iterable

from msgspec import Struct

from relay.core.presence import GRACE_US, LEASE_US, OFFLINE, Visible

_RANK = {"recording": 4, "producing": 3, "idle": 2, "away": 1, OFFLINE: 0}


class Doing(Struct, frozen=True, kw_only=True):
    """What one device said. until_us: when the lease ends unless renewed."""

    status: str
    daw: str | None
    bpm: float | None
    since_us: int
    until_us: int


class Leases:
    """All leases of one relay process. Methods return what became visible, or None when nothing changed. [loop]"""

    def __init__(self) -> None:
        self._devices: dict[str, dict[str, Doing]] = {}

    def say(
        self, user_id: str, device: str, *, status: str, daw: str | None, bpm: float | None, now_us: int
    ) -> Visible | None:
        """A device says what it does; this renews its lease. `offline` gives it up at once."""
        before = self.visible(user_id, now_us)
        devices = self._devices.setdefault(user_id, {})
        old = devices.get(device)
        same = old is not None and old.status == status and old.until_us > now_us
        since_us = old.since_us if same and old is not None else now_us
        devices[device] = Doing(
            status=status, daw=daw, bpm=bpm, since_us=since_us, until_us=now_us + LEASE_US
        )
        if status == OFFLINE:
            del devices[device]
        return self._changed(user_id, before, now_us)

    def renew(self, user_id: str, device: str, now_us: int) -> None:
        """Any other sign of life of a device that has a lease."""
        self._extend(user_id, device, now_us + LEASE_US, now_us)

    def leave(self, user_id: str, device: str, now_us: int) -> None:
        """Its connection ended: the lease lives for the grace time."""
        self._extend(user_id, device, now_us + GRACE_US, now_us)

    def expire(self, now_us: int) -> list[Visible]:
        """Drop ended leases; whom that changed. Call about once a second."""
        changed: list[Visible] = []
        for user_id, devices in list(self._devices.items()):
            ended = [device for device, doing in devices.items() if doing.until_us <= now_us]
            if not ended:
                continue
            before = self._fold(user_id, devices.values(), now_us)
            for device in ended:
                del devices[device]
            if (update := self._changed(user_id, before, now_us)) is not None:
                changed.append(update)
        return changed

    def visible(self, user_id: str, now_us: int) -> Visible:
        live = [doing for doing in self._devices.get(user_id, {}).values() if doing.until_us > now_us]
        return self._fold(user_id, live, now_us)

    def _extend(self, user_id: str, device: str, until_us: int, now_us: int) -> None:
        doing = self._devices.get(user_id, {}).get(device)
        if doing is not None and doing.until_us > now_us:
            self._devices[user_id][device] = Doing(
                status=doing.status, daw=doing.daw, bpm=doing.bpm, since_us=doing.since_us, until_us=until_us
            )

    def _changed(self, user_id: str, before: Visible, now_us: int) -> Visible | None:
        if not self._devices.get(user_id, True):
            del self._devices[user_id]
        after = self.visible(user_id, now_us)
        same = (before.status, before.daw, before.bpm) == (after.status, after.daw, after.bpm)
        return None if same else after

    @staticmethod
    def _fold(user_id: str, doings: Iterable[Doing], now_us: int) -> Visible:
        best = max(doings, key=lambda doing: (_RANK[doing.status], doing.since_us), default=None)
        if best is None:
            return Visible(user_id=user_id, status=OFFLINE, since_us=now_us)
        return Visible(
            user_id=user_id, status=best.status, daw=best.daw, bpm=best.bpm, since_us=best.since_us
        )
