"""What a connection is told when it arrives: a consistent snapshot of every channel its account listens to."""

import sqlite3
from collections.abc import Mapping

from msgspec import Struct

from relay.core.recovery import plan_all
from relay.core.times import rfc3339
from relay.services.clock import now_us
from relay.services.database import Database
from relay.services.events import (
    Row,
    absolute,
    author_channel,
    commit_number,
    inbox_channel,
    rows_after,
    stream,
)
from relay.services.hub import GLOBAL_FEED, Connection, Hub
from relay.services.social import listened
from relay.wire.events import ChannelState, Connected, Event, Position
from relay.wire.rest import API_PREFIX


class Snapshot(Struct, frozen=True, kw_only=True):
    """commit: effects numbered at or before it are inside. friends: (id, username) of those followed."""

    commit: int
    channels: dict[str, ChannelState]
    friends: list[tuple[str, str]]


class Live:
    """[loop]"""

    def __init__(self, db: Database, hub: Hub, base_url: str) -> None:
        self._db = db
        self._hub = hub
        self._base_url = base_url

    async def snapshot(self, connection: Connection, positions: Mapping[str, Position]) -> Snapshot:
        """Read after the connection was registered, so that nothing falls between."""
        return await self._db.read(lambda db: self._read(db, connection.account_id, positions))

    def connected(self, snapshot: Snapshot) -> Connected:
        now = now_us()
        seen = [self._hub.presence_of(id_, username, now) for id_, username in snapshot.friends]
        return Connected(
            channels=snapshot.channels, presence=[each for each in seen if each.status != "offline"]
        )

    def go_live(self, connection: Connection, snapshot: Snapshot, *, global_feed: bool) -> None:
        extra = [GLOBAL_FEED] if global_feed else []
        self._hub.go_live(connection, [*snapshot.channels, *extra], snapshot.commit)

    def _read(self, db: sqlite3.Connection, account_id: str, positions: Mapping[str, Position]) -> Snapshot:
        followees = listened(db, account_id)
        channels = [inbox_channel(account_id), *map(author_channel, [account_id, *followees])]
        streams = {ch: stream(db, ch) for ch in channels}
        states: dict[str, ChannelState] = {}
        for ch, plan in plan_all(streams, positions).items():
            at = streams[ch]
            rows = rows_after(db, ch, plan.after, at.head) if plan.recovered else []
            states[ch] = ChannelState(
                epoch=at.epoch,
                head=at.head,
                recovered=plan.recovered,
                events=[self._event(row) for row in rows],
                refetch=None if plan.recovered else self._refetch(ch),
            )
        names = {id_: db.execute("SELECT username FROM account WHERE id = ?", (id_,)).fetchone()[0]
                 for id_ in followees}  # fmt: skip
        return Snapshot(commit=commit_number(db), channels=states, friends=list(names.items()))

    def _event(self, row: Row) -> Event:
        payload = absolute(row.payload, self._base_url)
        return Event(ch=row.ch, o=row.off, id=row.id, ts=rfc3339(row.at_us), d=payload)

    def _refetch(self, ch: str) -> str:
        kind, _, account_id = ch.partition(":")
        path = f"/feed/user/{account_id}" if kind == "author" else "/users/me"
        return f"{self._base_url}{API_PREFIX}{path}"
