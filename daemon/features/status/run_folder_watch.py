"""The daemon looks after its files in the run folder: by which others find it (lock, sockets) and it knows the session.

Cleaners, and people, remove what lies in /dev/shm and /run. What is gone is made again, for nothing else would tell a
plugin or a command why nobody answers; what cannot be made again, or has no room, is told.
"""

import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from bridge.errors import AlreadyRunning, RunDirRefused
from bridge.lock import RunLock
from bridge.paths import prepare_run_dir
from bridge.rounds import next_round
from daemon.core.ring_room import no_room
from daemon.events import Bus, RunFolderTroubled

LOOK_INTERVAL_S = 2.0

log = logging.getLogger(__name__)


class RunFolderWatch:
    """keepers: each makes one file again when it is gone, and says whether it was. [loop]"""

    def __init__(
        self,
        run: Path,
        lock: RunLock,
        keepers: Sequence[Callable[[], bool]],
        bus: Bus,
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._run = run
        self._lock = lock
        self._keepers = keepers
        self._bus = bus
        self._free_bytes = free_bytes
        self._told = ""

    async def run(self) -> None:
        """For ever."""
        while True:
            self.look()
            await next_round(LOOK_INTERVAL_S)

    def look(self) -> None:
        """Once: mend what can be mended, tell what cannot."""
        try:
            prepare_run_dir(self._run)
            mended = [self._lock.keep(self._run), *(keep() for keep in self._keepers)]
            if any(mended):
                log.warning("files of ours were removed from %s, and are made again", self._run)
            sentence = no_room(str(self._run), self._free_bytes(self._run))
        except AlreadyRunning as error:
            sentence = (
                f"The files of this daemon were removed, and another (process {error.pid}) took its place."
            )
        except RunDirRefused as error:
            sentence = str(error)
        if sentence != self._told:
            self._told = sentence
            log.warning("run folder: %s", sentence or "all is well again")
            self._bus.tell(RunFolderTroubled(sentence=sentence))
