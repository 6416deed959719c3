"""Second thoughts: what was undone never leaves, and what was not goes out by itself, though the daemon is killed between."""

import asyncio
import os
import sys

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage, end
from daemon.errors import SidechainError
from tests.acceptance.test_whole_path import global_feed, play, settled
from tests.support.deadlines import HANG_S
from tests.support.whole import short_folder

FOR_EVER_S = "600"


async def keep(daemon: RunningDaemon, title: str) -> c.TakeInfo:
    kept = await daemon.client.request(c.KeepTake(bars=2, title=title, post=True))
    assert isinstance(kept, c.OneTake)
    assert kept.take.entry_state == "held" and kept.take.held_s is not None
    return kept.take


async def kill(daemon: RunningDaemon) -> None:
    daemon.process.kill()
    await daemon.process.wait()
    await daemon.client.close()


async def test_undone_stays_and_held_goes_out_though_the_daemon_is_killed_in_between() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            first = await stage.daemon("a", relay_url, undo_seconds=FOR_EVER_S)
            await first.client.request(c.ClaimDevice(username="night.owl"))
            await play(stage, first)
            undone = await keep(first, "a slip")
            assert 590 < (undone.held_s or 0) <= 600, "the countdown is true"
            answer = await first.client.request(c.UndoPost())
            assert isinstance(answer, c.EntryList)
            assert [(e.take_id, e.state) for e in answer.entries] == [(undone.take_id, "discarded")]
            await waits_for_what_is_taken_back(first)
            await kill(first)

            second = await stage.daemon("a", relay_url, undo_seconds="1")
            await until_heard(second)
            meant = await keep(second, "meant")
            await kill(second)

            third = await stage.daemon("a", relay_url, undo_seconds=FOR_EVER_S)
            arrived = await settled(third, meant.take_id)
            assert arrived.entry_state == "accepted"
            posts = await asyncio.to_thread(global_feed, relay_url)
            assert [post["title"] for post in posts] == ["meant"]
            shown = await third.client.request(c.ShowTake(take_id=undone.take_id))
            assert isinstance(shown, c.OneTake) and shown.take.entry_state == "discarded", "the take stays"
            await end(third.process)


async def waits_for_what_is_taken_back(daemon: RunningDaemon) -> None:
    """A command that waits for its post is told that it was not."""
    events = daemon.client.events()
    await daemon.client.request(c.Subscribe())
    waiting = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "daemon", "keep", "--bars", "2", "--title", "not this", "--post", "--wait"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"SIDECHAIN_RUN_DIR": str(daemon.run)},
    )
    async with asyncio.timeout(HANG_S):
        while True:
            told = await anext(events)
            if isinstance(told, c.TakeChanged) and told.take.entry_state == "held":
                break
        await daemon.client.request(c.UndoPost())
        out, said = (each.decode() for each in await waiting.communicate())
    assert waiting.returncode == SidechainError.exit_code, out + said
    assert "is not posted: it was taken back meanwhile" in said and "in the library" in said


async def until_heard(daemon: RunningDaemon) -> None:
    """The host's plugin has found its way to a daemon that started later."""
    events = daemon.client.events()
    await daemon.client.request(c.Subscribe())
    while True:
        listed = await daemon.client.request(c.ListInstances())
        assert isinstance(listed, c.InstanceList)
        if any(one.heard_frames for one in listed.instances):
            return
        await anext(events)
