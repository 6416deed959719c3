"""Presence as all processes of a relay know it: each tells what its own devices do and applies what the others tell.

There is nothing to store and nothing to repair: a wire that was cut, a process that was killed or frozen, a Valkey that
was flushed are right again when the next letter comes, because letters are numbered and whoever misses one asks.
"""

import logging
import secrets
from collections.abc import Callable

import msgspec
from msgspec import Struct

from relay.core.presence import GRACE_US, LEASE_US, OFFLINE, Visible
from relay.engine.bus.door import Bus
from relay.engine.leases.messages import Alive, Ended, Held, Message, Renewal, Who, all_of, pack, unpack
from relay.engine.leases.table import Key, Lease, LeaseTable
from relay.engine.pace import Pace

log = logging.getLogger("relay")

TOPIC = "leases"
BEAT_US = 15_000_000
"""So often a process says that it lives; three missed, and what it held ends with its leases."""
CHANGE_INTERVAL_US = 1_000_000
"""Of one person at most one change goes out in this time, and of one device to the other processes."""
ANSWER_INTERVAL_US = 1_000_000
"""Between two answers with all that we hold, however many ask."""
OnChanges = Callable[[list[Visible]], None]


class Peer(Struct):
    """Another process. number: of its last letter. heard_us: when. listed: while it tells all it holds, what it named."""

    number: int
    heard_us: int
    listed: set[Key] | None = None


class SharedLeases:
    """on_changes: told of whom something else is visible now, at most once an interval each; call `tick` at least once
    a second for that. clock: microseconds since 1970. [loop]
    """

    def __init__(self, bus: Bus, on_changes: OnChanges, clock: Callable[[], int]) -> None:
        self._bus = bus
        self._on_changes = on_changes
        self._clock = clock
        self._me = secrets.token_hex(8)
        self._number = 0
        self._table = LeaseTable()
        self._peers: dict[str, Peer] = {}
        self._seen: dict[str, Visible] = {}  # what on_changes was told last; who is not in it is offline
        self._people: Pace[str] = Pace(CHANGE_INTERVAL_US)
        self._devices: Pace[Key] = Pace(CHANGE_INTERVAL_US)
        self._beat_us = self._answered_us = 0
        self._asked = False
        bus.listen(TOPIC, self._heard, self._joined)

    # what devices do --------------------------------------------------------------------------------------------------

    def say(
        self, user_id: str, device: str, *, status: str, daw: str | None, bpm: float | None, now_us: int
    ) -> None:
        """A device says to us what it does; this renews its lease. `offline` gives it up at once, wherever it was held:
        for the grace time that is remembered, so that nobody's older word comes back."""
        key, old = (user_id, device), self._table.get((user_id, device))
        same = old is not None and old.status == status and self._table.is_live(old, now_us)
        gone = status == OFFLINE
        lease = Lease(
            holder=self._me,
            status=status,
            daw=daw,
            bpm=bpm,
            since_us=old.since_us if same and old is not None else now_us,
            said_us=now_us,
            until_us=now_us + (GRACE_US if gone else LEASE_US),
            leaving=gone,
        )
        self._table.put(key, lease)
        self._touch(key)
        self._flush(now_us)

    def renew(self, user_id: str, device: str, now_us: int) -> None:
        """Any other sign of life of a device of ours that has a lease."""
        lease = self._ours(user_id, device)
        if lease is not None and lease.status != OFFLINE:
            self._table.renew((user_id, device), now_us)
            if lease.leaving:
                self._devices.touch((user_id, device))

    def leave(self, user_id: str, device: str, now_us: int) -> None:
        """Its connection to us ended: the lease lives for the grace time. If it is at another process now: nothing."""
        lease = self._ours(user_id, device)
        if lease is not None and lease.status != OFFLINE:
            self._table.leave((user_id, device), now_us)
            self._devices.touch((user_id, device))
            self._flush(now_us)

    def visible(self, user_id: str, now_us: int) -> Visible:
        return self._table.visible(user_id, now_us)

    def tick(self, now_us: int) -> None:
        """End leases, say that we live, answer who asked, and let go out what waited. Call it at least once a second."""
        for key in self._table.ended(now_us):
            self._touch(key)
            self._table.drop(key)
        self._peers = {id_: peer for id_, peer in self._peers.items() if peer.heard_us > now_us - LEASE_US}
        if now_us - self._beat_us >= BEAT_US:
            self._beat_us = now_us
            self._tell([Alive()])
        if self._asked:
            self._answer(now_us)
        self._flush(now_us)
        self._people.forget(now_us)
        self._devices.forget(now_us)

    def _ours(self, user_id: str, device: str) -> Lease | None:
        lease = self._table.get((user_id, device))
        return lease if lease is not None and lease.holder == self._me else None

    def _touch(self, key: Key) -> None:
        lease = self._table.get(key)
        self._people.touch(key[0])
        if lease is None or lease.holder == self._me:
            self._devices.touch(key)

    # what others tell -------------------------------------------------------------------------------------------------

    def _joined(self) -> None:
        """The wire is there, perhaps again: what went over it meanwhile is lost, in both directions."""
        self._tell_all(Who(None))

    def _heard(self, data: bytes) -> None:
        try:
            sender, number, messages = unpack(data)
        except msgspec.DecodeError as error:
            log.warning("a letter about leases cannot be read: %s", error)
            return
        now_us = self._clock()
        peer = self._peers.get(sender)
        missed = peer is None or number != peer.number + 1
        if peer is None or missed:
            peer = self._peers[sender] = Peer(number, now_us)
        peer.number, peer.heard_us = number, now_us
        self._table.lives(sender, now_us)
        if missed and not any(isinstance(message, Held) and message.first for message in messages):
            self._tell([Who(sender)])
        for message in messages:
            self._apply(sender, peer, message, now_us)
        self._flush(now_us)

    def _apply(self, sender: str, peer: Peer, message: Message, now_us: int) -> None:
        match message:
            case Renewal():
                self._said(sender, message, now_us)
            case Ended(user_id=user_id, device=device):
                self._end((user_id, device), sender)
            case Alive():
                pass  # as every letter says
            case Who(holder=holder):
                if holder in (None, self._me):
                    self._answer(now_us)
            case Held():
                self._held(sender, peer, message, now_us)

    def _said(self, sender: str, said: Renewal, now_us: int) -> None:
        """Of a device that is held elsewhere, what it said last counts."""
        key = (said.user_id, said.device)
        old = self._table.get(key)
        if old is not None and old.holder != sender and old.said_us > said.said_us:
            return
        lease = Lease(
            holder=sender,
            status=said.status,
            daw=said.daw,
            bpm=said.bpm,
            since_us=said.since_us,
            said_us=said.said_us,
            until_us=now_us + GRACE_US if said.leaving else None,
            leaving=said.leaving,
        )
        self._table.put(key, lease)
        self._people.touch(said.user_id)

    def _held(self, sender: str, peer: Peer, held: Held, now_us: int) -> None:
        if held.first:
            peer.listed = set()
        if peer.listed is None:
            return  # the first was lost; we have asked again
        for said in held.leases:
            self._said(sender, said, now_us)
            peer.listed.add((said.user_id, said.device))
        if held.last:
            for key in self._table.held(sender):
                if key not in peer.listed:
                    self._end(key, sender)
            peer.listed = None

    def _end(self, key: Key, holder: str) -> None:
        lease = self._table.get(key)
        if lease is not None and lease.holder == holder:
            self._table.drop(key)
            self._people.touch(key[0])

    # telling ----------------------------------------------------------------------------------------------------------

    def _answer(self, now_us: int) -> None:
        """Whoever asks while we have just answered is answered by the next tick."""
        self._asked = now_us - self._answered_us < ANSWER_INTERVAL_US
        if not self._asked:
            self._answered_us = now_us
            self._tell_all()

    def _tell_all(self, *with_it: Message) -> None:
        held = [said for key in self._table.held(self._me) if (said := self._of(key)) is not None]
        first, *rest = all_of(held)
        self._tell([*with_it, first])
        for message in rest:
            self._tell([message])

    def _flush(self, now_us: int) -> None:
        messages: list[Message] = [self._of(key) or Ended(*key) for key in self._devices.due(now_us)]
        if messages:
            self._tell(messages)
        changes: list[Visible] = []
        for user_id in self._people.due(now_us):
            if (seen := self._change(user_id, now_us)) is None:
                self._people.unchanged(user_id)
            else:
                changes.append(seen)
        if changes:
            self._on_changes(changes)

    def _of(self, key: Key) -> Renewal | None:
        lease = self._ours(*key)
        if lease is None:
            return None
        return Renewal(*key, lease.status, lease.daw, lease.bpm, lease.since_us, lease.said_us, lease.leaving)

    def _change(self, user_id: str, now_us: int) -> Visible | None:
        """What is visible of them, if it is not what was told last."""
        new, old = self._table.visible(user_id, now_us), self._seen.get(user_id)
        if _shown(new) == (_shown(old) if old is not None else (OFFLINE, None, None)):
            return None
        if new.status == OFFLINE:
            del self._seen[user_id]
        else:
            self._seen[user_id] = new
        return new

    def _tell(self, messages: list[Message]) -> None:
        self._number += 1
        self._bus.publish(TOPIC, pack(self._me, self._number, messages))


def _shown(seen: Visible) -> tuple[str, str | None, float | None]:
    return seen.status, seen.daw, seen.bpm
