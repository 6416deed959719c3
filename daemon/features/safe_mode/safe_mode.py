"""Safe mode: a daemon that died again and again starts without all that keeping does not need, until it has gone well for a while."""

import asyncio
import logging
import time
from contextlib import ExitStack
from functools import partial

from daemon.config import Config
from daemon.core.crash_loop import CRASHES
from daemon.core.health import safe_words
from daemon.system.clock import unix_us
from daemon.system.start_marks import forget_at_end, mark_start

log = logging.getLogger(__name__)

IS_OVER = "Safe mode has ended by itself: nothing crashed meanwhile, and everything is tried again."


class SafeMode:
    """is_on: it holds, from the start to the end of this daemon. [loop]"""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._began_s = time.monotonic()
        self.is_on = False

    def look(self, until_end: ExitStack) -> None:
        """Note that we start, until we end in peace; after a crash loop, it is on. [worker]"""
        data = self._config.data
        crashed = mark_start(data, unix_us())
        until_end.push(partial(forget_at_end, data))
        self.is_on = crashed and self._config.safe_mode
        if self.is_on:
            log.error("the daemon has died %d times within minutes: it starts in safe mode", CRASHES)

    @property
    def words(self) -> str:
        """When everything is tried again; "": it is not on."""
        return safe_words(self._left_s) if self.is_on else ""

    async def well(self) -> None:
        """Until it has gone well for so long as the settings say."""
        await asyncio.sleep(self._left_s)
        log.info("safe mode ends: everything is tried again")

    @property
    def _left_s(self) -> float:
        return max(0.0, self._began_s + self._config.safe_mode_minutes * 60 - time.monotonic())
