"""Telling who looks at a post what becomes of the comments on it: at once, and to nobody later. Its owner hears of edits and
deletions likewise; that a comment is there stands in the inbox of whom it concerns.
"""

import asyncio
import logging
from collections.abc import Callable, Collection

from relay.core.visibility import Viewer, may_read
from relay.engine.database import Connection, Database, DatabaseBusy
from relay.engine.waiting import Flag
from relay.features.comments import store
from relay.features.comments.store import CommentChanged
from relay.features.creations import api as creations
from relay.features.graph import api as graph
from relay.features.live import api as live
from relay.wire.events import CommentAdded, CommentEdited, CommentRemoved, Payload

log = logging.getLogger("relay")


class CommentBoard:
    """lookers: the connections of this process that look at a post. tell: gives a message to those of an account. [loop]"""

    def __init__(
        self,
        db: Database,
        lookers: Callable[[str], Collection[live.Listener]],
        tell: Callable[[str, live.LiveOnly], None],
    ) -> None:
        self._db = db
        self._lookers = lookers
        self._tell = tell
        self._waiting: list[CommentChanged] = []
        self._work = Flag()

    def changed(self, change: CommentChanged) -> None:
        """Every process hears of the commit."""
        self._waiting.append(change)
        self._work.set()

    async def run(self) -> None:
        """For ever, in the order of commits. One task of the process does."""
        while True:
            await self._work.wait()
            self._work.clear()
            waiting, self._waiting = self._waiting, []
            for change in waiting:
                try:
                    await self._tell_all(change)
                except DatabaseBusy as error:  # a page that is loaded anew has it
                    log.warning("who looks at %s is not told of a comment: %s", change.creation_id, error)

    async def _tell_all(self, change: CommentChanged) -> None:
        lookers = self._lookers(change.creation_id)
        accounts = {each.account_id for each in lookers}
        to_owner = change.what != "added"
        if to_owner:
            accounts.add(change.owner_id)
        if not accounts:
            return
        payload, seeing = await self._db.read(lambda db: _told(db, change, accounts))
        if payload is None:
            return
        message = live.LiveOnly(payload)
        if to_owner and change.owner_id in seeing:
            self._tell(change.owner_id, message)
        for each in lookers:
            if each.account_id in seeing and not (to_owner and each.account_id == change.owner_id):
                each.outbox.offer(message)
        await asyncio.sleep(0)


def _told(
    db: Connection, change: CommentChanged, account_ids: Collection[str]
) -> tuple[Payload | None, set[str]]:
    """What is told, and which of the accounts see it. [any thread with a snapshot]"""
    shown = creations.shown_of(db, [change.creation_id]).get(change.creation_id)
    if shown is None:
        return None, set()
    people = {change.author_id, change.root_author_id, change.owner_id}
    blocked = {person: live.blocked_with(db, person) for person in people}
    seeing = set[str]()
    for account_id in account_ids:
        viewer = Viewer(
            user_id=account_id,
            follows=graph.follows(db, account_id, change.owner_id),
            blocked=account_id in blocked[change.owner_id],
        )
        apart = any(account_id in each for each in blocked.values())
        if may_read(shown, viewer) and not apart and not graph.is_muted(db, account_id, change.author_id):
            seeing.add(account_id)
    return _payload(db, change), seeing


def _payload(db: Connection, change: CommentChanged) -> Payload | None:
    """As it is now; None: it has gone since, which is told, too."""
    if change.what == "deleted":
        return CommentRemoved(post_id=change.creation_id, comment_id=change.comment_id)
    row = store.one(db, change.comment_id, change.author_id)
    if row is None or not row.is_ready:
        return None
    comment = store.shown(row)
    return (
        CommentAdded(comment=comment, why="watched")
        if change.what == "added"
        else CommentEdited(comment=comment)
    )
