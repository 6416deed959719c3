"""After a crash, as a person meets it: real hosts killed under a real daemon, and what can still be kept of them."""

import asyncio
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import bridge.control as c
from daemon.cli.stage import RunningDaemon, RunningHost, Stage
from daemon.features.history.journal import TICK_S
from daemon.rings.journal_files import read_ring
from tests.acceptance.test_whole_path import PLAYED_BARS, global_feed, play, settled
from tests.support.deadlines import HANG_S
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, marked_groove, read_wav, short_folder

DEADLINE_S = HANG_S


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    build()


async def kill(*ones: RunningDaemon | RunningHost) -> None:
    for one in ones:
        one.process.kill()
    for one in ones:
        await one.process.wait()


async def recovered(daemon: RunningDaemon) -> c.StretchInfo:
    """The one stretch that is offered, as soon as it is."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            status = await daemon.client.request(c.GetStatus())
            assert isinstance(status, c.Status)
            for one in status.recovered:
                assert len(status.recovered) == 1
                if any(one.sentence in notice for notice in status.notices):  # which is told a moment later
                    return one
            await asyncio.sleep(0.02)


async def until_on_disk(daemon: RunningDaemon, frames: int) -> None:
    """Until the journal's files hold so many frames."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            for folder in (daemon.data / "journal").glob("*-*"):
                chunks = [chunk for s in read_ring(folder, verify=False) for chunk in s.chunks]
                if chunks and chunks[-1].head.end_frame >= frames:
                    return
            await asyncio.sleep(0.02)


async def keep(daemon: RunningDaemon, **asked: object) -> tuple[c.TakeInfo, np.ndarray]:  # type: ignore[type-arg]
    reply = await daemon.client.request(c.KeepRecovered(stretch_id="last", **asked))  # type: ignore[arg-type]
    assert isinstance(reply, c.OneTake)
    return reply.take, await asyncio.to_thread(read_wav, Path(reply.path) / "take.wav")


def is_played(sound: np.ndarray, first_bar: int, bars: int) -> bool:  # type: ignore[type-arg]
    wanted = marked_groove(PLAYED_BARS)[first_bar * BAR_FRAMES : (first_bar + bars) * BAR_FRAMES]
    return np.array_equal(sound.view(np.uint32), wanted.view(np.uint32))


async def test_a_killed_host_costs_nothing_and_its_bars_can_be_posted() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="night.owl"))
            await kill(await play(stage, daemon))
            one = await recovered(daemon)
            assert (one.why, one.host_name, one.bars, one.bpm, one.meter) == (
                "host",
                "sidechain-play",
                9,
                128.0,
                "4/4",
            )
            take, sound = await keep(daemon, bars=8, title="it was good")
            assert (take.bars, take.frames, take.bpm, take.meter) == (8, 8 * BAR_FRAMES, 128.0, "4/4")
            assert "Recovered" in take.note and is_played(sound, 1, 8)
            await daemon.client.request(c.PostTake(take_id=take.take_id))
            assert (await settled(daemon, take.take_id)).entry_state == "accepted"
            (post,) = await asyncio.to_thread(global_feed, relay_url)
            assert (post["title"], post["duration_bars"]) == ("it was good", 8)
            status = await daemon.client.request(c.GetStatus())
            assert isinstance(status, c.Status) and not status.recovered, "kept once, it is no news any more"


async def test_host_and_daemon_killed_at_once_cost_nothing() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            host = await play(stage, daemon)
            await kill(daemon, host)
            daemon = await stage.daemon("a")
            await recovered(daemon)
            _, sound = await keep(daemon, bars=9)
            assert is_played(sound, 0, 9)
            _, sound = await keep(daemon, bars=2, before_end_s=9.0)
            assert any(is_played(sound, bar, 2) for bar in range(1, 6)), "also bars from the middle"


async def test_a_killed_daemon_goes_on_and_the_journal_has_no_hole() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            host = await play(stage, daemon)
            await until_on_disk(daemon, BAR_FRAMES)
            await kill(daemon)
            daemon = await stage.daemon("a")
            await until_on_disk(daemon, 9 * BAR_FRAMES + 1)
            await kill(host)
            one = await recovered(daemon)
            assert one.bars == 9
            _, sound = await keep(daemon, bars=9)
            assert is_played(sound, 0, 9)


async def test_a_host_that_ends_in_peace_leaves_its_history_and_no_news() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            host = await play(stage, daemon)
            await until_on_disk(daemon, BAR_FRAMES)
            await host.command("quit")
            await host.process.wait()
            async with asyncio.timeout(DEADLINE_S):
                while not (found := await daemon.client.request(c.GetRecovery())).stretches:  # type: ignore[union-attr]
                    await asyncio.sleep(0.02)
            assert isinstance(found, c.Recovery)
            assert [(one.why, one.bars) for one in found.stretches] == [("closed", 9)]
            status = await daemon.client.request(c.GetStatus())
            assert isinstance(status, c.Status) and not status.recovered
            _, sound = await keep(daemon, bars=8)
            assert is_played(sound, 1, 8)
            await kill(daemon)
            daemon = await stage.daemon("a")  # which knows no plugin
            async with asyncio.timeout(DEADLINE_S):
                while not (await daemon.client.request(c.GetRecovery())).stretches:  # type: ignore[union-attr]
                    await asyncio.sleep(0.02)
            kept = await daemon.client.request(c.KeepTake(bars=4))
            assert isinstance(kept, c.OneTake) and kept.take.bars == 4 and "was closed" in kept.choice
            assert is_played(await asyncio.to_thread(read_wav, Path(kept.path) / "take.wav"), 5, 4)
            heard = await daemon.client.request(c.CopyHistory(bars=3))
            assert isinstance(heard, c.HistorySound)
            assert is_played(await asyncio.to_thread(read_wav, Path(heard.path)), 6, 3)
            for asked, first in (
                (c.KeepTake(bars=2, ago_s=0.0), 7),
                (c.KeepTake(whole=True, instance="sidechain-play"), 0),
            ):
                kept = await daemon.client.request(asked)
                assert isinstance(kept, c.OneTake) and "was closed" in kept.choice
                sound = await asyncio.to_thread(read_wav, Path(kept.path) / "take.wav")
                assert is_played(sound[: (9 - first) * BAR_FRAMES], first, 9 - first)


async def test_a_host_that_ends_in_peace_leaves_nothing_when_told_so() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a", history_keep_hours="0")
            host = await play(stage, daemon)
            await until_on_disk(daemon, BAR_FRAMES)
            await host.command("quit")
            await host.process.wait()
            async with asyncio.timeout(DEADLINE_S):
                while any((daemon.data / "journal").iterdir()):
                    await asyncio.sleep(0.02)
            status = await daemon.client.request(c.GetStatus())
            assert isinstance(status, c.Status) and not status.recovered


async def test_the_command_line_lists_keeps_and_discards() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            await kill(await play(stage, daemon, bars=3))
            one = await recovered(daemon)

            async def sidechain(*arguments: str, answer: bytes = b"") -> tuple[int, str]:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "daemon",
                    *arguments,
                    env=os.environ
                    | {"SIDECHAIN_RUN_DIR": str(daemon.run), "SIDECHAIN_CONFIG": str(folder / "none")},
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                )
                said, _ = await process.communicate(answer)
                return process.returncode or 0, said.decode()

            code, said = await sidechain("recover")
            assert code == 0 and one.stretch_id in said and "sidechain-play" in said and "journal:" in said
            code, said = await sidechain("recover", "list", "--json")
            assert code == 0 and [s["stretch_id"] for s in json.loads(said)["stretches"]] == [one.stretch_id]
            code, said = await sidechain("recover", "show")
            assert code == 0 and "3 whole bars" in said and "128.0 BPM" in said
            code, said = await sidechain("recover", "keep", one.stretch_id[:4], "--bars", "2", "--json")
            assert code == 0 and json.loads(said)["take"]["frames"] == 2 * BAR_FRAMES
            code, said = await sidechain("recover", "keep", "nothing")
            assert code == 2 and "recover" in said
            code, said = await sidechain("recover", "discard", "last", answer=b"n\n")
            assert code == 1 and (await daemon.client.request(c.GetRecovery())).stretches  # type: ignore[union-attr]
            code, said = await sidechain("recover", "discard", "last", answer=b"y\n")
            assert code == 0 and not any((daemon.data / "journal").iterdir())
            await asyncio.sleep(2 * TICK_S)  # the daemon still holds the dead Ring, and must not begin again
            assert not any((daemon.data / "journal").iterdir())


async def test_the_next_plugin_that_is_loaded_says_what_was_recovered() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            await kill(await play(stage, daemon, bars=3))
            one = await recovered(daemon)
            host = await stage.host(
                daemon.run, "--speed", "16", "--hold", str(stage.folder / "loop.wav"), name="next"
            )
            said = await host.event("notice")
            assert one.sentence in said.values()
