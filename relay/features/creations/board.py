"""Telling who looks at a post that it is otherwise, or gone: at once, and to nobody later. Who hears of its owner is told by the
log of events; here are those who just look at it, so that an open page shows, and plays, what is there now.
"""

import asyncio
import logging
from collections.abc import Callable, Collection

from relay.core.visibility import Viewer, audience, may_read
from relay.engine.database import Connection, Database, DatabaseBusy
from relay.engine.waiting import Flag
from relay.features.creations.changes import CHANGED_POST, OTHERS_HEAR, WITHDRAWN_POST
from relay.features.creations.posts import told
from relay.features.creations.reading import shown_of
from relay.features.creations.store import NEW_POST
from relay.features.graph import api as graph
from relay.features.live import api as live
from relay.wire.events import FeedPostChanged, FeedPostRemoved, Payload

log = logging.getLogger("relay")

OF_POSTS = (NEW_POST, CHANGED_POST, WITHDRAWN_POST)  # new is to others also what was there for some before


class PostBoard:
    """lookers: the connections of this process that look at a post. [loop]"""

    def __init__(
        self, db: Database, lookers: Callable[[str], Collection[live.Listener]], base_url: str
    ) -> None:
        self._db = db
        self._lookers = lookers
        self._base_url = base_url
        self._waiting: dict[str, None] = {}
        self._work = Flag()

    def happened(self, event: live.Happened) -> None:
        """Every process hears of the commit. Of several changes of one post, the last is told."""
        if event.kind in OF_POSTS and self._lookers(event.object_id):
            self._waiting[event.object_id] = None
            self._work.set()

    async def run(self) -> None:
        """For ever. One task of the process does."""
        while True:
            await self._work.wait()
            self._work.clear()
            waiting, self._waiting = self._waiting, {}
            for post_id in waiting:
                try:
                    await self._tell(post_id)
                except DatabaseBusy as error:  # a page that is loaded anew has it
                    log.warning("who looks at %s is not told that it changed: %s", post_id, error)

    async def _tell(self, post_id: str) -> None:
        lookers = self._lookers(post_id)
        who = {each.account_id for each in lookers}
        payloads = await self._db.read(lambda db: _payloads(db, post_id, who, self._base_url))
        messages = {account_id: live.LiveOnly(payload) for account_id, payload in payloads.items()}
        for each in lookers:
            if (message := messages.get(each.account_id)) is not None:
                each.outbox.offer(message)
        await asyncio.sleep(0)


def _payloads(
    db: Connection, post_id: str, account_ids: Collection[str], base_url: str
) -> dict[str, Payload]:
    """What each account is told that the log of events does not tell it. [any thread with a snapshot]"""
    shown, post = shown_of(db, [post_id]).get(post_id), told(db, [post_id], base_url).get(post_id)
    if shown is None:
        return {}
    found: dict[str, Payload] = {}
    hidden = live.blocked_with(db, shown.owner_id)
    for account_id in account_ids:
        follows = graph.follows(db, account_id, shown.owner_id)
        if (follows or account_id == shown.owner_id) and audience(shown) in OTHERS_HEAR:
            continue
        viewer = Viewer(user_id=account_id, follows=follows, blocked=account_id in hidden)
        may = post is not None and may_read(shown, viewer)
        found[account_id] = FeedPostChanged(post=post) if may and post else FeedPostRemoved(post_id=post_id)
    return found
