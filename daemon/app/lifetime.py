"""How long a daemon runs, and what follows its end: what fails is taken up again."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine

from daemon.errors import LibraryDamaged, SidechainError
from daemon.events import Bus, DiskTroubled

log = logging.getLogger(__name__)

TROUBLE_PAUSE_S = 2.0
SAY_AGAIN_S = 600.0
REBUILD_INTERVAL_S = 30.0  # a library damaged again so soon is a disk to be looked at, not to be tried on

Part = Callable[[], Coroutine[None, None, None]]


class Lifetime:
    """Of one daemon, from here until `stopping` is set. start_over: another one begins in this process then. [loop]

    replaced: by another version of the program, which goes on where this one ends.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._started_s = time.monotonic()
        self.stopping = asyncio.Event()
        self.start_over = False
        self.replaced = False

    async def keep_going(self, part: Part) -> None:
        """A full or sick disk stops nothing for good: what was to be done is on the disk, and is taken up again."""
        said, said_s = "", 0.0
        while True:
            try:
                return await part()
            except LibraryDamaged as error:
                if time.monotonic() - self._started_s < REBUILD_INTERVAL_S:
                    raise
                log.error("%s The daemon starts over.", error)
                self.begin_again()
                return None
            except (SidechainError, OSError) as error:
                now_s = time.monotonic()
                if str(error) != said or now_s - said_s > SAY_AGAIN_S:  # the disk may be full of log
                    said, said_s = str(error), now_s
                    name = part.__qualname__
                    log.error("%s stops, and tries again every %g s: %s", name, TROUBLE_PAUSE_S, error)
                self._bus.tell(DiskTroubled(sentence=str(error)))
                await asyncio.sleep(TROUBLE_PAUSE_S)

    def be_replaced(self) -> None:
        """A package has put another version in our place: everything is ended as ever, and that one begins."""
        log.info("the program was replaced; it starts over")
        self.replaced = True
        self.stopping.set()

    def begin_again(self) -> None:
        """The daemon ends, and another one begins in this process."""
        self.start_over = True
        self.stopping.set()
