"""One look at everything, and the end of the daemon."""

import os
import time
from collections.abc import Callable

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.doors.control.recovery import stretch_info
from daemon.doors.control.takes import TakeAnswers
from daemon.doors.sentences import MAX_CHARACTERS
from daemon.features.feed.deeds import Deeds
from daemon.features.history.journal import Journal
from daemon.features.notifications.notifications import Notifications
from daemon.features.posting.pausing import Pausing
from daemon.features.preferences.preferences import Preferences
from daemon.features.previews.previews import Previews
from daemon.features.status.notices import Notices
from daemon.features.status.status import DaemonStatus
from daemon.identity.account import Account
from daemon.library.store import Store
from daemon.rings.instances import Instances

RECENT = 5


class StatusAnswers:
    """All methods are [loop]. stop: ends the daemon."""

    def __init__(
        self,
        *,
        version: str,
        store: Store,
        account: Account,
        status: DaemonStatus,
        notices: Notices,
        instances: Instances,
        previews: Previews,
        journal: Journal,
        deeds: Deeds,
        notifications: Notifications,
        pausing: Pausing,
        preferences: Preferences,
        takes: TakeAnswers,
        stop: Callable[[], None],
    ) -> None:
        self._version = version
        self._store = store
        self._account = account
        self._status = status
        self._notices = notices
        self._instances = instances
        self._previews = previews
        self._journal = journal
        self._deeds = deeds
        self._notifications = notifications
        self._pausing = pausing
        self._preferences = preferences
        self._takes = takes
        self._stop = stop
        self._started_s = time.monotonic()
        self.answers: Answers = {
            c.GetStatus: self._look,
            c.ListInstances: self._list_instances,
            c.Subscribe: self._subscribe,
            c.Shutdown: self._shutdown,
        }

    async def _look(self, request: c.GetStatus) -> c.Reply:
        health, counts = await self._status.look()
        settings = self._preferences.held.config
        recent = await self._store.run(Store.takes, RECENT)
        return c.Status(
            api=c.CONTROL_API,
            version=self._version,
            pid=os.getpid(),
            uptime_s=time.monotonic() - self._started_s,
            state=health.state,
            sentence=health.sentence,
            next_step=health.next_step,
            relay_url=self._account.relay_url,
            account=self._account.name,
            instances=[instance.info() for instance in self._instances.all()],
            takes=await self._store.run(Store.count_takes),
            outbox=counts,
            recent=[await self._takes.info(take) for take in recent],
            friends_producing=len(self._status.friends),
            friends=list(self._status.friends[: c.MAX_FRIENDS]),
            previews=self._previews.infos(),
            notices=[notice[:MAX_CHARACTERS] for notice in self._notices.lines()],
            recovered=[stretch_info(one) for one in self._journal.waiting()[:RECENT]],
            unread=self._notifications.unread,
            deeds_waiting=await self._deeds.waiting(),
            paused=self._pausing.paused,
            paused_s=self._pausing.left_s,
            tells_presence=settings.presence,
            do_not_disturb=settings.do_not_disturb,
        )

    async def _list_instances(self, request: c.ListInstances) -> c.Reply:
        return c.InstanceList(instances=[instance.info() for instance in self._instances.all()])

    async def _subscribe(self, request: c.Subscribe) -> c.Reply:
        return c.Done()  # the endpoint notes the subscriber before it asks here

    async def _shutdown(self, request: c.Shutdown) -> c.Reply:
        self._stop()
        return c.Done()
