"""How the daemon is, for all who show it: the status, the heartbeats to plugins, their windows. One judgement for all.

What is shown of which state is daemon.core.health's; sentences that stand beside it are in notices.py.
"""

import asyncio
from collections.abc import Callable

from daemon.core import outbox
from daemon.core.health import Health, overall
from daemon.core.link_signals import LinkState
from daemon.errors import Obstacle
from daemon.events import (
    AccountChanged,
    Bus,
    DeedsWait,
    DiskTroubled,
    EntryChanged,
    Event,
    HistoryChanged,
    ItemArrived,
    LinkChanged,
    NewerVersion,
    NotificationsChanged,
    PluginsChanged,
    PostingPaused,
    RunFolderTroubled,
    SettingsChanged,
    StatusChanged,
    TakeChanged,
    TakeDeleted,
    TakeDiscarded,
    TakeKept,
    TakeReset,
)
from daemon.identity.account import Account
from daemon.library.store import Store

TROUBLE_CHARACTERS = 512
CHANGES_PER_S = 10
SHOWN: tuple[type[Event], ...] = (
    TakeKept,
    TakeReset,
    TakeChanged,
    TakeDiscarded,
    TakeDeleted,
    EntryChanged,
    DeedsWait,
    LinkChanged,
    AccountChanged,
    ItemArrived,
    NewerVersion,
    NotificationsChanged,
    PluginsChanged,
    PostingPaused,
    HistoryChanged,
    DiskTroubled,
    RunFolderTroubled,
    SettingsChanged,
)
"""What the status shows something of."""


class DaemonStatus:
    """[loop]. has_relay: one is configured. paused: until when posting is, in words; "": it is not. safe: when everything is
    tried again after a crash loop, in words; "": there was none."""

    def __init__(
        self,
        store: Store,
        account: Account,
        has_relay: bool,
        bus: Bus,
        paused: Callable[[], str],
        *,
        safe: Callable[[], str] = lambda: "",
    ) -> None:
        self._safe = safe
        self._obstacle: Obstacle = ""
        self._store = store
        self._account = account
        self._bus = bus
        self._paused = paused
        self._news = asyncio.Event()
        self.link = LinkState.UNCLAIMED if has_relay else None
        self.friends: tuple[str, ...] = ()  # who of those followed is producing
        self.trouble = ""  # as of the last look: what is to be done, as sentences
        bus.on(LinkChanged, self._link_changed)
        for kind in SHOWN:
            bus.on(kind, lambda _: self._news.set())

    def _link_changed(self, event: LinkChanged) -> None:
        self.link, self._obstacle = event.state, event.obstacle
        self.friends = event.friends

    @property
    def online(self) -> bool:
        """Whether the relay can be reached now."""
        return self.link is LinkState.ONLINE

    async def look(self) -> tuple[Health, dict[str, int]]:
        """The one state of now, and the outbox by states, out of which it was made."""
        counts = await self._store.run(Store.count_entries)
        entries = {outbox.State(name): n for name, n in counts.items()}
        health = overall(
            self.link,
            entries,
            self._account.problem,
            self._account.name is not None,
            self._paused(),
            obstacle=self._obstacle,
            claiming=self._account.claiming,
            safe=self._safe(),
        )
        said = f"{health.sentence} {health.next_step}" if health.next_step else ""
        self.trouble = said[:TROUBLE_CHARACTERS]
        return health, counts

    async def run(self) -> None:
        """For ever: tell that something has changed, CHANGES_PER_S times a second at most."""
        while True:
            await self._news.wait()
            self._news.clear()
            self._bus.tell(StatusChanged())
            await self.look()
            await asyncio.sleep(1 / CHANGES_PER_S)
