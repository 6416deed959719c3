"""Reading notifications, marking them as seen and read, and choosing of what one is told."""

from collections.abc import Mapping, Sequence

from relay.core.cursor import BEGINNING, Cursor, read_cursor, write_cursor
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.notifications import store
from relay.features.notifications.rules import Act, Kind, grouped, people, sentence
from relay.features.notifications.standing import standing
from relay.features.notifications.store import NotificationsChanged
from relay.wire.notifications import (
    MAX_UNREAD_COUNTED,
    PEOPLE_SHOWN,
    TEXT_SHOWN,
    Notification,
    NotificationCounts,
    NotificationPage,
    NotificationPreferences,
    PreferencesEdit,
)

REQUESTS_PATH = "/follow-requests"
"""Where somebody private says yes or no."""


class Notifications:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def page(self, account_id: str, cursor: str | None, limit: int) -> NotificationPage:
        """limit: of acts, which are fewer notifications. Raises Refusal: cursor_invalid."""
        before = read_cursor(cursor) if cursor else BEGINNING

        def work(db: Connection) -> NotificationPage:
            notes = store.newest(db, account_id, before, limit + 1)
            groups = grouped(standing(db, account_id, notes[:limit]))
            last = notes[limit - 1] if len(notes) > limit else None
            return NotificationPage(
                notifications=[self._shown(each) for each in groups],
                counts=_counts(db, account_id),
                next=None if last is None else write_cursor(Cursor(last.at_us, last.id)),
            )

        return await self._db.read(work)

    async def counts(self, account_id: str) -> NotificationCounts:
        return await self._db.read(lambda db: _counts(db, account_id))

    def told(
        self, db: Connection, account_id: str, note_id: str
    ) -> tuple[NotificationCounts, Notification | None]:
        """The counts, and what a new one is part of, if it stands. [any thread with a snapshot]"""
        groups = _unread(db, account_id)
        new = [each for each in groups if any(act.id == note_id for act in each)]
        return _counted(groups), self._shown(new[0]) if new else None

    def of(self, db: Connection, account_id: str, note_ids: Sequence[str]) -> list[Notification]:
        """What of these stands, told of together as in the list. [any thread with a snapshot]"""
        groups = grouped(standing(db, account_id, store.of_ids(db, account_id, note_ids)))
        return [self._shown(each) for each in groups]

    async def mark_seen(self, account_id: str) -> NotificationCounts:
        """All of them."""

        def work(tx: Tx) -> NotificationCounts:
            _changed(tx, account_id, store.mark_seen(tx, account_id, now_us()))
            return _counts(tx.db, account_id)

        return await self._db.write(work)

    async def mark_read(self, account_id: str, ids: Sequence[str] | None) -> NotificationCounts:
        """ids: of acts; None: all of them."""

        def work(tx: Tx) -> NotificationCounts:
            _changed(tx, account_id, store.mark_read(tx, account_id, ids, now_us()))
            return _counts(tx.db, account_id)

        return await self._db.write(work)

    async def preferences(self, account_id: str) -> NotificationPreferences:
        return await self._db.read(lambda db: _preferences(store.preferences(db, account_id)))

    async def prefer(self, account_id: str, edit: PreferencesEdit) -> NotificationPreferences:
        """What is noted already stays."""

        def work(tx: Tx) -> NotificationPreferences:
            for kind in Kind:
                if (is_told := getattr(edit, kind)) is not None:
                    store.set_preference(tx, account_id, kind, is_told)
            return _preferences(store.preferences(tx.db, account_id))

        return await self._db.write(work)

    async def forget_old(self) -> None:
        await self._db.write(lambda tx: store.forget_old(tx, now_us()))

    def _shown(self, group: Sequence[Act]) -> Notification:
        first, who = group[0], people(group)
        is_one = len(group) == 1
        comment_id = first.comment_id if is_one else ""
        return Notification(
            id=first.id,
            kind=first.kind,
            at=rfc3339(first.at_us),
            seen=all(act.seen for act in group),
            read=first.read,
            sentence=sentence(group),
            people=who[:PEOPLE_SHOWN],
            count=len(who),
            post_id=first.post_id or None,
            comment_id=comment_id or None,
            text=first.text[:TEXT_SHOWN] if is_one else "",
            url=self._base_url + _path(group),
            ids=[act.id for act in group],
        )


def _path(group: Sequence[Act]) -> str:
    """Where it can be looked at."""
    first = group[0]
    if first.kind is Kind.FOLLOW_REQUEST:
        return REQUESTS_PATH
    if not first.post_id:
        return f"/u/{first.actor}"
    if first.kind is Kind.REMIX:
        return f"/p/{first.made_id}" if len(group) == 1 else f"/p/{first.post_id}/remixes"
    if first.comment_id:
        return f"/c/{first.comment_id}" if len(group) == 1 else f"/p/{first.post_id}#comments"
    return f"/p/{first.post_id}"


def _unread(db: Connection, account_id: str) -> list[list[Act]]:
    return grouped(standing(db, account_id, store.unread(db, account_id, MAX_UNREAD_COUNTED)))


def _counts(db: Connection, account_id: str) -> NotificationCounts:
    return _counted(_unread(db, account_id))


def _counted(groups: Sequence[Sequence[Act]]) -> NotificationCounts:
    unseen = sum(not all(act.seen for act in group) for group in groups)
    return NotificationCounts(unread=len(groups), unseen=unseen)


def _preferences(chosen: Mapping[Kind, bool]) -> NotificationPreferences:
    return NotificationPreferences(**{kind.value: is_told for kind, is_told in chosen.items()})


def _changed(tx: Tx, account_id: str, is_changed: bool) -> None:
    """Other devices of the account are told. [writer]"""
    if is_changed:
        tx.effects.append(NotificationsChanged(commit=tx.commit, account_id=account_id))
