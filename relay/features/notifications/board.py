"""Telling the connections of an account that it has a new notification, or fewer unread ones: at once, and to nobody later. Who
connects asks for the list.
"""

import logging
from collections.abc import Callable

from relay.engine.database import Database, DatabaseBusy
from relay.engine.waiting import Flag
from relay.features.live import api as live
from relay.features.notifications.service import Notifications
from relay.features.notifications.store import NotificationsChanged
from relay.wire.events import NotificationsTold

log = logging.getLogger("relay")


class NotificationBoard:
    """is_here: whether an account has a connection at this process. tell: gives a message to those of an account. [loop]"""

    def __init__(
        self,
        db: Database,
        notifications: Notifications,
        is_here: Callable[[str], bool],
        tell: Callable[[str, live.LiveOnly], None],
    ) -> None:
        self._db = db
        self._notifications = notifications
        self._is_here = is_here
        self._tell = tell
        self._waiting: dict[str, str] = {}
        self._work = Flag()

    def changed(self, change: NotificationsChanged) -> None:
        """Every process hears of the commit. Of several for one account, the newest is told."""
        if self._is_here(change.account_id):
            self._waiting[change.account_id] = change.id or self._waiting.get(change.account_id, "")
            self._work.set()

    async def run(self) -> None:
        """For ever. One task of the process does."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                account_id, note_id = self._waiting.popitem()
                try:
                    await self._tell_account(account_id, note_id)
                except DatabaseBusy as error:  # the next one, or whoever looks at the list, has it
                    log.warning("a notification is not told: %s", error)

    async def _tell_account(self, account_id: str, note_id: str) -> None:
        told = self._notifications.told
        counts, new = await self._db.read(lambda db: told(db, account_id, note_id))
        payload = NotificationsTold(unread=counts.unread, unseen=counts.unseen, new=new)
        self._tell(account_id, live.LiveOnly(payload))
