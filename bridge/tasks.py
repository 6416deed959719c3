"""Tasks that are ended by whoever began them."""

import asyncio


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    """Cancel `tasks` and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
