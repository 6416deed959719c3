"""The journal: the History of each Instance beyond its Ring, on the disk; it outlives the DAW, the daemon and the machine.

A round every TICK_S on a thread of its own (rounds.py). What a plugin that is closed has played stays for a day; what a
host that went down has left is told, and stays for a week. At the start the same is decided for what lies on the disk
(judging.py). Nothing here leaves the machine or touches a plugin.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ParamSpec, TypeVar

from bridge.rounds import next_round
from daemon.config import Config
from daemon.core.retention import Held
from daemon.events import Bus, HistoryChanged, PluginClosed, SettingsChanged
from daemon.features.history.holdings import Holdings
from daemon.features.history.judging import judge, keep_life, life_of, ring_names
from daemon.features.history.recovery import Recovered, sentence
from daemon.features.history.rounds import Rounds, name_of
from daemon.rings.instances import Instance
from daemon.rings.journal_files import CLOSED
from daemon.rings.journal_folder import JournalFolder
from daemon.system.threads import Threads

log = logging.getLogger(__name__)

TICK_S = 0.5  # with the sync that follows, less than the second that is promised
MAX_NEWS = 3

P = ParamSpec("P")
R = TypeVar("R")


class Journal:
    """[loop] for what is public, but for what says otherwise."""

    def __init__(self, config: Config, bus: Bus) -> None:
        self.config = config
        self.folder = config.data / "journal"
        self._bus = bus
        bus.on(PluginClosed, lambda event: self.closed(event.instance))
        bus.on(SettingsChanged, self._settings_changed)
        self._thread = Threads(1, thread_name_prefix="journal")
        self._life = life_of(config.run)
        self.holdings = Holdings(config, self.folder)
        self._rounds = Rounds(self.holdings, self._life)
        self._told: tuple[str, tuple[Recovered, ...]] = "", ()
        self._judged = False
        self._closing = False

    def _settings_changed(self, event: SettingsChanged) -> None:
        self.config = self.holdings.config = event.config

    async def run(self, instances: Callable[[], list[Instance]]) -> None:
        """For ever: first what is on the disk, then round after round."""
        await self.do(self.judge)
        self.tell()
        while True:
            now = [i for i in instances() if i.ring and not i.closed]
            due = self.config.journal and self._rounds.is_due
            if due and (now or self._rounds.followed):
                await self.do(self.look, now)
            if self.holdings.is_check_due:  # a part in each round: what plays is never kept waiting for it
                await self.do(self.holdings.check)
            if (self.trouble, self.recovered) != self._told:
                self.tell()
            await next_round(TICK_S)

    async def do(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work` on the journal's thread, where all its files are written."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args, **kwargs))

    def later(self, work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """As `do`, for who must not wait; then what is offered is told."""
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))
        done.add_done_callback(self._is_done)

    def _is_done(self, done: asyncio.Future[object]) -> None:
        if done.cancelled():
            return
        if error := done.exception():
            log.warning("journal: %s", error)
        self.tell()

    def tell(self) -> None:
        """What is offered, or why nothing is written, is otherwise now."""
        self._told = self.trouble, self.recovered
        self._bus.tell(HistoryChanged(news=tuple(self.news()), trouble=self.trouble))

    def closed(self, instance: str) -> None:
        """The plugin of this name was closed in peace."""
        self._thread.submit(self._rounds.closed, instance)

    def keep_life(self) -> bool:
        """Make again what tells this session from the next, when it was removed from the run folder; True: it was."""
        return keep_life(self.config.run, self._life)

    def spared(self) -> set[str]:
        """Names of Rings that must not be removed yet: they hold what is not on the disk."""
        if not self.config.journal:
            return set()
        return self._rounds.followed if self._judged else set(ring_names(self.config.run))

    @property
    def trouble(self) -> str:
        """Why nothing is written now; "" when all is well."""
        return self._rounds.trouble

    @property
    def recovered(self) -> tuple[Recovered, ...]:
        """What plugins that are gone have left."""
        return self.holdings.recovered

    @property
    def files(self) -> JournalFolder:
        """What lies on the disk, as all see it."""
        return self.holdings.files

    @property
    def used_bytes(self) -> int:
        return self.holdings.used_bytes

    def sounding_s(self, instance: Instance) -> float:
        """How much sound of a plugin's newest Ring is on the disk."""
        ring = instance.ring
        return self.holdings.sounding_s(name_of(ring)) if ring else 0.0

    def held(self) -> list[Held]:
        """Every file of it."""
        return self.holdings.all()

    def waiting(self) -> list[Recovered]:
        """What a crash left and nobody has kept yet, the newest first."""
        return [one for one in self.newest_first() if not one.kept and one.why != CLOSED]

    def newest_first(self) -> list[Recovered]:
        return sorted(self.recovered, key=lambda one: -one.stretch.sounded_us)

    def news(self) -> list[str]:
        """One sentence for each stretch that nobody has looked after yet; the newest, and how many more."""
        waiting = self.waiting()
        others = len(waiting) - MAX_NEWS
        more = [f"Recovered: more sound, in {others} stretch{'es' * (others > 1)}."] if others > 0 else []
        return [*(sentence(one) for one in waiting[:MAX_NEWS]), *more]

    def close(self) -> None:
        """Finish the round under way; what is written is on the disk."""
        self._closing = True
        self._thread.shutdown(wait=True)
        self._rounds.close()

    # on the journal's thread ----------------------------------------------------------------------------------

    def judge(self) -> None:
        """Once, before the first round: what lies on the disk."""
        judge(self.holdings, self._rounds, self._life, lambda: self._closing)
        self._judged = True

    def look(self, instances: Sequence[Instance]) -> None:
        """One round."""
        self._rounds.look(instances)

    def forget(self, folder: Path) -> None:
        """Remove all that is held of a Ring."""
        self.holdings.forget(folder)

    def reread(self, folder: Path) -> None:
        """After somebody kept or discarded of it."""
        self.holdings.reread(folder)
