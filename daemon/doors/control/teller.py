"""Tells who watches the control socket what happens in the daemon."""

from bridge.control import Event as ControlEvent
from bridge.control import ItemArrived as ItemTold
from bridge.control import NotificationsChanged as NotificationsTold
from bridge.control import PreviewChanged as PreviewTold
from bridge.control import Progress, StateChanged
from bridge.control import TakeChanged as TakeTold
from bridge.control_endpoint import ControlEndpoint
from daemon.doors.control.feed import item_info
from daemon.doors.control.told import told_take
from daemon.doors.sentences import MAX_CHARACTERS
from daemon.events import (
    Bus,
    EntryChanged,
    EntryProgressed,
    ItemArrived,
    NotificationsChanged,
    Pending,
    PreviewChanged,
    StatusChanged,
    TakeChanged,
    TakeProgressed,
)
from daemon.library.store import Store


class ControlTeller:
    """[loop]"""

    def __init__(self, endpoint: ControlEndpoint, store: Store, bus: Bus) -> None:
        self._endpoint = endpoint
        self._store = store
        self._changed_takes = Pending[str, None]()
        bus.on(StatusChanged, lambda _: self._tell(StateChanged()))
        bus.on(ItemArrived, lambda event: self._tell(ItemTold(item=item_info(event.post))))
        bus.on(NotificationsChanged, self._notifications_changed)
        bus.on(PreviewChanged, lambda event: self._tell(PreviewTold(preview=event.preview)))
        bus.on(TakeProgressed, self._take_progressed)
        bus.on(EntryProgressed, self._entry_progressed)
        bus.on(TakeChanged, lambda event: self._changed_takes.put(event.take_id, None))
        bus.on(EntryChanged, lambda event: self._changed_takes.put(event.entry.take_id, None))

    async def run(self) -> None:
        """For ever: takes as they are now, for those that have changed. Raises LibraryStuck, LibraryDamaged."""
        while True:
            take_id, _ = await self._changed_takes.next()
            for take in await self._store.run(Store.find_take, take_id):
                self._tell(TakeTold(take=await told_take(self._store, take)))

    def _notifications_changed(self, event: NotificationsChanged) -> None:
        told = NotificationsTold(
            unread=event.unread,
            kind=event.kind,
            sentence=event.sentence[:MAX_CHARACTERS],
            url=event.url,
            acts=event.acts,
        )
        self._tell(told)

    def _take_progressed(self, event: TakeProgressed) -> None:
        self._tell(Progress(take_id=event.take_id, stage=event.stage, fraction=event.fraction))

    def _entry_progressed(self, event: EntryProgressed) -> None:
        self._tell(
            Progress(
                take_id=event.take_id,
                stage="upload",
                fraction=event.sent_bytes / event.size_bytes if event.size_bytes else 1.0,
                sent_bytes=event.sent_bytes,
                size_bytes=event.size_bytes,
            )
        )

    def _tell(self, event: ControlEvent) -> None:
        self._endpoint.publish(event)
