"""The plugin's process() while previews play: nothing that could wait, by the trap and by RealtimeSanitizer."""

import random

import bridge.control as c
from daemon.cli.stage import Stage
from tests.support.clap import ClapBeside, begin_clap, rtsan_build, rtsan_program
from tests.support.deadlines import HANG_S
from tests.support.hosts import Stretch, until_heard
from tests.support.whole import short_folder

SECOND = 48_000


async def calls_with_previews(beside: ClapBeside) -> int:
    """A preview in sync, replaced by one that ends by itself, under blocks of any size; what was called meanwhile."""
    sizes = random.Random(5)
    await beside.host.open(longest=4_096)
    await beside.host.play(Stretch(frames=5 * SECOND))
    await until_heard(beside.daemon, 5 * SECOND)
    kept = await beside.daemon.client.request(c.KeepTake(bars=1))
    assert isinstance(kept, c.OneTake)
    calls = 0
    for in_sync in (True, False):
        wanted = c.PlayPreview(target=kept.take.take_id, in_sync=in_sync)
        await beside.daemon.client.request(wanted, timeout_s=HANG_S)
        played = await beside.host.play(
            Stretch(frames=4 * SECOND), next_block=lambda: sizes.randrange(4_097), speed=2.0, previewing=True
        )
        calls += played.calls
    return calls


async def test_the_trap_counts_no_call() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage, begin_clap(stage) as beside:
            assert await calls_with_previews(beside) == 0


async def test_the_realtime_sanitizer_has_nothing_to_say() -> None:
    plugin, _ = rtsan_build()
    with short_folder() as folder:
        async with (
            Stage(folder) as stage,
            begin_clap(stage, host=rtsan_program("clap_host_rtsan"), plugin=plugin) as beside,
        ):
            await calls_with_previews(beside)
