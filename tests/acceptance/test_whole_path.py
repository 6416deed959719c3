"""The whole path with the real parts: native host and C client, two daemons, relay, and bits compared at the end."""

import asyncio
import io
import json
import os
import random
import sys
import time
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
import soundfile

import bridge.control as c
from daemon.cli.stage import RunningDaemon, RunningHost, Stage, end, until
from daemon.errors import NotClaimed
from tests.support.deadlines import HANG_S
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, BPM, marked_groove, read_wav, script, short_folder, write_wav

PLAYED_BARS = 9
SAID = ("bpm_source", "bpm_confidence", "key", "key_source", "key_confidence")
REMEMBERED_S = 20.0  # a Ring holds 43 s; on a slow machine twenty restarts take longer


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    build()


async def play(stage: Stage, daemon: RunningDaemon, bars: int = PLAYED_BARS) -> RunningHost:
    """The host plays `bars` bars of the marked loop at 16 times real time, stops its transport, and stays."""
    wav = stage.folder / "loop.wav"
    await asyncio.to_thread(write_wav, wav, marked_groove(PLAYED_BARS))
    transport = await asyncio.to_thread(
        script, stage.folder, f"tempo {BPM:g}", "meter 4 4", "start ppq 0", f"end {bars * BAR_FRAMES}"
    )
    host = await stage.host(
        daemon.run,
        "--script",
        str(transport),
        "--speed",
        "16",
        "--repeat",
        "0",
        "--hold",
        "--wait-attached",
        "10",
        str(wav),
    )
    await host.event("played")
    return host


async def settled(daemon: RunningDaemon, take_id: str) -> c.TakeInfo:
    """The take when it is rendered and its entry has come to an end."""
    events = daemon.client.events()
    await daemon.client.request(c.Subscribe())
    while True:
        reply = await daemon.client.request(c.ShowTake(take_id=take_id))
        assert isinstance(reply, c.OneTake)
        take = reply.take
        if take.state in ("ready", "failed") and take.entry_state in (
            "accepted",
            "quarantined",
            "needs_attention",
        ):
            return take
        await until(events, c.TakeChanged)


def get(url: str) -> bytes:
    with urlopen(url, timeout=10) as response:
        return bytes(response.read())


def global_feed(relay_url: str) -> list[dict[str, object]]:
    return list(json.loads(get(f"{relay_url}/api/v1/feed/global?limit=100"))["posts"])


async def test_what_was_played_is_what_is_kept_posted_and_heard() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            producer = await stage.daemon("a", relay_url)
            follower = await stage.daemon("b", relay_url)
            await producer.client.request(c.ClaimDevice(username="night.owl"))
            await follower.client.request(c.ClaimDevice(username="listener"))
            await follower.client.request(c.FollowUser(username="night.owl"))
            arrived = follower.client.events()
            await follower.client.request(c.Subscribe())
            await play(stage, producer)

            kept = await producer.client.request(c.KeepTake(bars=8, title="eight", post=True))
            assert isinstance(kept, c.OneTake)
            assert (kept.take.bars, kept.take.frames, kept.take.bpm, kept.take.meter) == (
                8,
                8 * BAR_FRAMES,
                128.0,
                "4/4",
            )
            take = await settled(producer, kept.take.take_id)
            assert (take.state, take.entry_state, take.error) == ("ready", "accepted", None)

            wav = await asyncio.to_thread(read_wav, producer.data / "takes" / take.take_id / "take.wav")
            played = marked_groove(PLAYED_BARS)[BAR_FRAMES : 9 * BAR_FRAMES]
            assert np.array_equal(wav.view(np.uint32), played.view(np.uint32)), (
                "the take is not what was played, to the bit"
            )

            (post,) = await asyncio.to_thread(global_feed, relay_url)
            assert (post["bpm"], post["duration_bars"], post["frames"]) == (128.0, 8, 8 * BAR_FRAMES)
            shown = await producer.client.request(c.ShowTake(take_id=take.take_id))
            assert isinstance(shown, c.OneTake) and shown.sound
            told = [getattr(shown.sound, name) for name in SAID]
            assert [post[name] for name in SAID] == told and told[0] == "transport"
            mp3 = await asyncio.to_thread(get, str(post["audio_url"]))
            decoded, _ = soundfile.read(io.BytesIO(mp3))
            assert len(decoded) == 8 * BAR_FRAMES

            second = await producer.client.request(c.KeepTake(bars=2, title="two", post=True))
            assert isinstance(second, c.OneTake)
            first_item = await until(arrived, c.ItemArrived)
            second_item = await until(arrived, c.ItemArrived)
            assert [first_item.item.title, second_item.item.title] == ["eight", "two"], (
                "exactly one event for each post"
            )


async def test_the_plugin_itself_can_keep_and_post() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            producer = await stage.daemon("a", relay_url)
            await producer.client.request(c.ClaimDevice(username="night.owl"))
            host = await play(stage, producer)
            await host.command("keep bars 4 post from the plugin")
            kept = await host.event("kept", "keep_failed")
            assert (kept["event"], kept["bars"], kept["frames"], kept["anchored"]) == (
                "kept",
                4,
                4 * BAR_FRAMES,
                True,
            )
            take = await settled(producer, str(kept["take_id"]))
            assert (take.title, take.entry_state) == ("from the plugin", "accepted")


async def test_a_daemon_that_starts_late_has_the_whole_history() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            first = await stage.daemon("a")
            await play(stage, first)
            first.process.kill()
            await first.process.wait()
            second = await stage.daemon("a")
            await attached(second)
            kept = await second.client.request(c.KeepTake(bars=8))
            assert isinstance(kept, c.OneTake)
            assert kept.take.frames == 8 * BAR_FRAMES


async def attached(daemon: RunningDaemon) -> None:
    """Until a plugin's ring is open."""
    events = daemon.client.events()
    await daemon.client.request(c.Subscribe())
    while True:
        listed = await daemon.client.request(c.ListInstances())
        assert isinstance(listed, c.InstanceList)
        if any(i.heard_frames and i.state != "gone" for i in listed.instances):
            return
        await until(events, c.StateChanged)


async def test_takes_kept_before_a_kill_are_posted_exactly_once() -> None:
    """kill -9 of the daemon between kept and posted, twenty times, at twenty different moments."""
    seed = 20260711
    moments = random.Random(seed)
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="night.owl"))
            host, played = await play(stage, daemon, bars=3), time.monotonic()
            kept: list[str] = []
            for number in range(20):
                if time.monotonic() - played > REMEMBERED_S:
                    await end(host.process)
                    host, played = await play(stage, daemon, bars=3), time.monotonic()
                await attached(daemon)
                events = daemon.client.events()
                await daemon.client.request(c.Subscribe())
                reply = await daemon.client.request(c.KeepTake(bars=1, title=f"take {number:02}", post=True))
                assert isinstance(reply, c.OneTake)
                kept.append(reply.take.take_id)
                for _ in range(moments.randrange(8)):  # 0: at once; more: somewhere in pipeline or upload
                    event = await until(events, c.Progress | c.TakeChanged)
                    if isinstance(event, c.TakeChanged) and event.take.entry_state == "accepted":
                        break
                daemon.process.kill()
                await daemon.process.wait()
                daemon = await stage.daemon("a", relay_url)
            ends = [await settled(daemon, take_id) for take_id in kept]
            assert [t.entry_state for t in ends] == ["accepted"] * 20, f"seed {seed}"
            titles = [post["title"] for post in await asyncio.to_thread(global_feed, relay_url)]
            assert sorted(map(str, titles)) == [f"take {n:02}" for n in range(20)], f"seed {seed}"


@pytest.mark.parametrize("relay_url", ["", "http://127.0.0.1:9"], ids=["no relay", "no account"])
async def test_who_waits_for_what_only_a_person_can_do_is_told_kept_and_what_to_do(relay_url: str) -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a", relay_url)
            await play(stage, daemon)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "daemon", "keep", "--bars", "4", "--post", "--wait"),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=os.environ | {"SIDECHAIN_RUN_DIR": str(daemon.run)},
            )
            async with asyncio.timeout(HANG_S):
                out, said = (each.decode() for each in await process.communicate())
            assert process.returncode == NotClaimed.exit_code, out + said
            assert "Kept" in out + said and "is safe" in said
            assert ("sidechain setup" if not relay_url else "sidechain claim") in said


async def test_the_command_line_keeps_posts_waits_and_shows() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            daemon = await stage.daemon("a", relay_url)
            await daemon.client.request(c.ClaimDevice(username="night.owl"))
            await play(stage, daemon)

            async def sidechain(*arguments: str) -> dict[str, Any]:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "daemon",
                    *arguments,
                    "--json",
                    stdout=asyncio.subprocess.PIPE,
                    env=os.environ | {"SIDECHAIN_RUN_DIR": str(daemon.run)},
                )
                out, _ = await process.communicate()
                assert process.returncode == 0, out
                return dict(json.loads(out))

            kept = (await sidechain("keep", "--bars", "4", "--title", "from a shell", "--post", "--wait"))[
                "take"
            ]
            assert (kept["bars"], kept["state"], kept["entry_state"]) == (4, "ready", "accepted")
            exported = folder / "out.flac"
            await sidechain("takes", "export", "last", str(exported))
            assert soundfile.info(exported).frames == 4 * BAR_FRAMES
            assert (await sidechain("post", "last", "--wait"))["post_url"] == kept["post_url"], (
                "posting twice is one post"
            )
            assert [t["title"] for t in (await sidechain("takes", "list"))["takes"]] == ["from a shell"]
            mended = await sidechain("takes", "repair", "last")
            assert (mended["take"]["repair"], mended["sound"]["seam_score"]) == ("fade", 1.0)
            assert (await sidechain("takes", "undo", "last"))["take"]["repair"] is None
            await sidechain("takes", "rename", "last", "renamed")
            assert (await sidechain("takes", "show", "last"))["take"]["title"] == "renamed"
            await sidechain("takes", "delete", "last", "--for-good", "--yes")
            assert (await sidechain("takes", "list"))["takes"] == []
            assert not list((daemon.data / "takes").iterdir())
