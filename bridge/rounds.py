"""Work that recurs, in step: who waits for its next round wakes with all others that are due then.

An idle process pays for each time that it wakes, more than for what it then does.
"""

import asyncio


async def next_round(interval_s: float) -> None:
    """Until the loop's clock is at a multiple of `interval_s`: never longer than that. [loop]"""
    now_s = asyncio.get_running_loop().time()
    await asyncio.sleep(interval_s - now_s % interval_s)
