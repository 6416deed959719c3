"""A computer that slept is noticed, whatever the wall clock says, and the link is told to begin anew."""

import asyncio
import time
from typing import cast

import pytest

from daemon.core.link import Woke
from daemon.events import Bus
from daemon.features.link import driver
from daemon.features.link.driver import SLEPT_S, LinkDriver
from daemon.identity.account import Account
from daemon.library.store import Store
from tests.support.deadlines import HANG_S

LIMIT_S = HANG_S


@pytest.mark.parametrize(
    ("slept_s", "noticed"), [(SLEPT_S + 1, True), (8 * 3600.0, True), (SLEPT_S - 1, False)]
)
async def test_a_sleep_is_a_distance_between_two_clocks(
    monkeypatch: pytest.MonkeyPatch, slept_s: float, noticed: bool
) -> None:
    """CLOCK_BOOTTIME as it would be after so long a sleep: the first look before it, the others after."""
    looks = 0
    looked = asyncio.Event()

    def boottime(_: int) -> float:
        nonlocal looks
        looks += 1
        if looks > 3:
            looked.set()
        return time.monotonic() + (slept_s if looks > 1 else 0.0)

    monkeypatch.setattr(driver, "SLEEP_CHECK_S", 0.001)
    monkeypatch.setattr(driver.time, "clock_gettime", boottime)
    # It looks at clocks only: neither account nor library is asked.
    socket = LinkDriver(cast(Account, None), cast(Store, None), Bus())
    watching = asyncio.create_task(socket._watch_sleep())
    try:
        async with asyncio.timeout(LIMIT_S):
            await looked.wait()
        told = [socket._queue.get_nowait() for _ in range(socket._queue.qsize())]
        assert told == ([Woke()] if noticed else []), "once for each sleep"
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
