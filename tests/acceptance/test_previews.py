"""Previews, with the real relay, daemons and native host: what comes out of the host is what came in, plus the decoded
sound at the gain; on the bar line when in sync; never in a recording, a bounce or the Ring."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import bridge.control as c
from audio.fit import fit
from daemon.cli.stage import RunningDaemon, RunningHost, Stage, until
from tests.support.deadlines import HANG_S
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, RATE_HZ, marked_groove, read_wav, script, short_folder, write_wav

HOST_BPM = 100.0
HOST_BAR_FRAMES = 115_200  # 4/4 at 100 BPM and 48 kHz: exactly
FADE_IN_FRAMES = 48
FADE_OUT_FRAMES = 384

Samples = NDArray[np.float32]


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    build()


def hum(frames: int) -> Samples:
    """What the host's track plays: quiet, and no two stretches alike."""
    noise = np.random.default_rng(11).standard_normal((frames, 2)).astype(np.float32)
    return noise * np.float32(0.01)


def output_of(folder: Path) -> Samples:
    data = np.fromfile(folder / "output.f32", "<f4")
    return data[: len(data) // 2 * 2].reshape(-1, 2)


def expected_output(played: Samples, preview: Samples, first: int, gain: float = 1.0) -> Samples:
    """The sum, as single precision gives it."""
    out = played.copy()
    stretch = out[first : first + len(preview)]
    stretch += preview[: len(stretch)] * np.float32(gain)
    return out


async def host_with_hum(
    stage: Stage, daemon: RunningDaemon, seconds: float, *lines: str, arguments: tuple[str, ...] = ()
) -> tuple[RunningHost, Samples]:
    """A host in real time at HOST_BPM; its output goes to a file. Afterwards it stands, and plays silence."""
    played = hum(int(seconds * RATE_HZ))
    wav = stage.folder / "hum.wav"
    await asyncio.to_thread(write_wav, wav, played)
    transport = await asyncio.to_thread(
        script, stage.folder, f"tempo {HOST_BPM:g}", "meter 4 4", "start ppq 0", *lines
    )
    host = await stage.host(
        daemon.run,
        "--script",
        str(transport),
        "--hold",
        "--wait-attached",
        "20",
        "--output",
        str(stage.folder / "output.f32"),
        *arguments,
        str(wav),
    )
    await host.event("attached")
    return host, played


async def over(host: RunningHost) -> None:
    """The host has ended, so that all of its output is on the disk."""
    await host.command("quit")
    await asyncio.wait_for(host.process.wait(), 20)


async def posted(stage: Stage, relay_url: str) -> tuple[RunningDaemon, str, c.ItemInfo]:
    """A follower's daemon with one Item of one bar in its feed."""
    producer = await stage.daemon("a", relay_url)
    follower = await stage.daemon("b", relay_url)
    await producer.client.request(c.ClaimDevice(username="night.owl"))
    await follower.client.request(c.ClaimDevice(username="listener"))
    await follower.client.request(c.FollowUser(username="night.owl"))
    arrived = follower.client.events()
    await follower.client.request(c.Subscribe())
    wav = stage.folder / "loop.wav"
    await asyncio.to_thread(write_wav, wav, marked_groove(2))
    transport = await asyncio.to_thread(script, stage.folder, "tempo 128", "meter 4 4", "start ppq 0")
    host = await stage.host(
        producer.run,
        "--script",
        str(transport),
        "--speed",
        "8",
        "--hold",
        "--wait-attached",
        "20",
        str(wav),
        name="producer-host",
    )
    await host.event("played")
    kept = await producer.client.request(c.KeepTake(bars=1, title="one bar", post=True))
    assert isinstance(kept, c.OneTake)
    item: c.ItemArrived = await asyncio.wait_for(until(arrived, c.ItemArrived), 60)
    await over(host)
    return follower, kept.take.take_id, item.item


async def preview_is(daemon: RunningDaemon, wanted: Callable[[c.PreviewInfo], bool]) -> c.PreviewInfo:
    """Wait for news of a preview that is so."""
    events = daemon.client.events()
    await daemon.client.request(c.Subscribe())
    while True:
        told: c.PreviewChanged = await asyncio.wait_for(until(events, c.PreviewChanged), 30)
        if wanted(told.preview):
            return told.preview


async def test_a_post_plays_through_the_followers_host_as_it_is_and_in_sync() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            _, relay_url = await stage.relay()
            follower, _, item = await posted(stage, relay_url)
            host, played = await host_with_hum(stage, follower, 20.0, arguments=("--preview-gain", "-6"))
            mp3 = folder / "b" / "data" / "previews"

            await host.command(f"preview item {item.post_id}")
            opened = await host.event("preview_opened", "preview_failed")
            assert (
                opened["event"],
                opened["kind"],
                opened["target"],
                opened["title"],
                opened["in_sync"],
            ) == (
                "preview_opened",
                "item",
                item.post_id,
                "one bar",
                False,
            )
            assert opened["frames"] == BAR_FRAMES
            ended = await host.event("preview_ended")
            assert ended["code"] == "ended"
            await host.command(f"preview item {item.post_id} sync")
            opened = await host.event("preview_opened", "preview_failed")
            assert (opened["in_sync"], opened["at_bar"], opened["note"]) == (True, True, "")
            await preview_is(follower, lambda p: p.in_sync and p.state == "playing" and p.heard_s > 1.0)
            kept = await follower.client.request(c.KeepTake(seconds=2.0))
            assert isinstance(kept, c.OneTake)
            await host.command("preview stop")
            ended = await host.event("preview_ended")
            assert ended["code"] == "stopped"
            await over(host)

            (source,) = mp3.glob("*.mp3")
            data = await asyncio.to_thread(source.read_bytes)
            out = await asyncio.to_thread(output_of, folder)
            played = played[: len(out)]
            added = out[: len(played)] - played
            sounding = np.flatnonzero(np.any(added != 0, axis=1))
            plain = np.concatenate(list(fit(data, RATE_HZ, 2)))
            assert len(plain) == BAR_FRAMES
            gain = np.float32(10 ** (-6 / 20))
            # 1. As it is: from a frame that nobody knows before, to the bit.
            first = int(sounding[0]) - int(np.flatnonzero(np.any(plain != 0, axis=1))[0])
            whole = slice(first + FADE_IN_FRAMES, first + len(plain) - FADE_OUT_FRAMES)
            wanted = expected_output(played, plain, first, gain)
            assert np.array_equal(out[whole], wanted[whole])
            assert np.all(np.abs(added[first + FADE_IN_FRAMES + 1]) < 1)
            # 2. In sync: from a bar line on, as long as its bars are in the host, again and again.
            stretched = np.concatenate(list(fit(data, RATE_HZ, 2, HOST_BPM / 128.0)))
            assert len(stretched) == HOST_BAR_FRAMES
            later = sounding[sounding > first + len(plain)]
            bar = round(
                (int(later[0]) - int(np.flatnonzero(np.any(stretched != 0, axis=1))[0])) / HOST_BAR_FRAMES
            )
            begun = bar * HOST_BAR_FRAMES
            heard = slice(begun + FADE_IN_FRAMES, begun + RATE_HZ // 4)
            assert np.array_equal(out[heard], expected_output(played, stretched, begun, gain)[heard])
            # 3. Before, between and after: untouched.
            assert np.array_equal(out[:first], played[:first])
            assert np.array_equal(out[first + len(plain) : begun], played[first + len(plain) : begun])
            # 4. The Ring has what was played, without the preview.
            take = await asyncio.to_thread(read_wav, follower.data / "takes" / kept.take.take_id / "take.wav")
            at = int(np.flatnonzero(np.all(played == take[0], axis=1))[0])
            assert at < begun + RATE_HZ * 4 and at + len(take) > begun, (
                "the take lies where the preview played"
            )
            assert np.array_equal(take, played[at : at + len(take)])


async def take_of_bars(stage: Stage, daemon: RunningDaemon, bars: int = 1) -> c.TakeInfo:
    """A Take in the library, of a host that is gone again."""
    wav = stage.folder / "loop.wav"
    await asyncio.to_thread(write_wav, wav, marked_groove(bars + 1))
    transport = await asyncio.to_thread(script, stage.folder, "tempo 128", "meter 4 4", "start ppq 0")
    host = await stage.host(
        daemon.run,
        "--script",
        str(transport),
        "--speed",
        "8",
        "--hold",
        "--wait-attached",
        "20",
        str(wav),
        name="first-host",
    )
    await host.event("played")
    kept = await daemon.client.request(c.KeepTake(bars=bars, title="mine"))
    assert isinstance(kept, c.OneTake)
    await over(host)
    return kept.take


async def the_instance(daemon: RunningDaemon, host: RunningHost) -> c.InstanceInfo:
    reply = await daemon.client.request(c.ListInstances())
    assert isinstance(reply, c.InstanceList)
    (found,) = [i for i in reply.instances if i.pid == host.process.pid]
    return found


async def command(daemon: RunningDaemon, *arguments: str) -> tuple[int, str]:
    """What a person types; exit code and output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "daemon",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"SIDECHAIN_RUN_DIR": str(daemon.run), "SIDECHAIN_DATA_DIR": str(daemon.data)},
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode()


async def test_an_own_take_is_never_part_of_a_recording_or_a_bounce() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            take = await take_of_bars(stage, daemon)
            second = RATE_HZ
            host, played = await host_with_hum(
                stage,
                daemon,
                20.0,
                f"at {6 * second} record on",
                f"at {7 * second} record off",
                f"at {8 * second} offline on",
                f"at {9 * second} offline off",
                f"at {second} preview take {take.take_id} sync",
            )
            opened = await host.event("preview_opened", "preview_failed")
            assert (opened["event"], opened["kind"], opened["in_sync"], opened["frames"]) == (
                "preview_opened",
                "take",
                True,
                0,
            )
            ended = await host.event("preview_ended")
            assert (ended["code"], ended["message"]) == (
                "offline",
                "The host rendered offline: previews are never part of a bounce.",
            )

            # The same, asked for from outside when the bounce is over, and stopped from there.
            async with asyncio.timeout(HANG_S):
                while (await the_instance(daemon, host)).state == "frozen":
                    await asyncio.sleep(0.05)
            code, said = await command(daemon, "preview", take.take_id[:30], "--in-sync", "--json")
            assert code == 0, said
            assert json.loads(said)["preview"]["title"] == "mine"
            opened = await host.event("preview_opened", "preview_failed")
            assert (opened["event"], opened["id"], opened["frames"]) == ("preview_opened", 0, 0), "it repeats"
            status = await daemon.client.request(c.GetStatus())
            assert isinstance(status, c.Status)
            assert [(p.target, p.in_sync, p.duration_s) for p in status.previews] == [
                (take.take_id, True, None)
            ]
            code, said = await command(daemon, "preview", "--stop")
            assert (code, said) == (0, "Stopped.\n")
            assert (await host.event("preview_ended"))["code"] == "stopped"
            code, said = await command(daemon, "preview", "nothing-of-this-name")
            assert code != 0 and "There is no take and no item of the feed" in said
            assert not list(daemon.run.glob("sdr.*")), "a Return Ring goes with its preview"
            await over(host)

            out = await asyncio.to_thread(output_of, folder)
            common = min(len(out), len(played))
            added = np.any(out[:common] != played[:common], axis=1)
            assert np.any(added[: 6 * second])
            assert not np.any(added[6 * second : 7 * second]), "the host recorded"
            assert np.any(added[7 * second : 8 * second]), "it had run on, and is heard again"
            assert not np.any(added[8 * second : 9 * second]), "the host rendered offline"


async def test_a_loop_follows_the_hosts_tempo_from_a_bar_line_on() -> None:
    """From 100 to 120 BPM in the middle of a bar: the loop stretched anew, in the bar that comes next."""
    changed, bar_frames = 2 * HOST_BAR_FRAMES + HOST_BAR_FRAMES // 2, 96_000
    first_line = changed + bar_frames // 2
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            take = await take_of_bars(stage, daemon, 2)
            host, played = await host_with_hum(
                stage, daemon, 24.0, f"at {changed} tempo 120", arguments=("--preview-gain", "0")
            )
            await host.command(f"preview take {take.take_id} sync")
            for _ in range(2):  # as asked, and by itself
                opened = await host.event("preview_opened", "preview_failed")
                assert (opened["event"], opened["in_sync"], opened["at_bar"]) == (
                    "preview_opened",
                    True,
                    True,
                )
            await preview_is(daemon, lambda p: p.state == "playing" and p.heard_s > 4.5)
            await over(host)
            out = await asyncio.to_thread(output_of, folder)
            data = await asyncio.to_thread((daemon.data / "takes" / take.take_id / "take.wav").read_bytes)
    loop = np.concatenate(list(fit(data, RATE_HZ, 2, 120.0 / 128.0)))
    assert len(loop) == 2 * bar_frames
    heard = []  # (bar line, bar of the loop that begins there)
    for line in range(first_line, min(len(out), len(played)) - bar_frames, bar_frames):
        whole = slice(line + FADE_IN_FRAMES, line + bar_frames - FADE_OUT_FRAMES)
        for bar in (0, 1):
            stretch = loop[bar * bar_frames : (bar + 1) * bar_frames]
            if np.array_equal(out[whole], expected_output(played, stretch, line)[whole]):
                heard.append((line, bar))
    assert len(heard) >= 2, "not at the new tempo"
    assert heard == [(heard[0][0] + n * bar_frames, (heard[0][1] + n) % 2) for n in range(len(heard))]


async def test_a_daemon_that_dies_or_ends_leaves_silence_and_no_file() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            take = await take_of_bars(stage, daemon)
            host, played = await host_with_hum(stage, daemon, 14.0)
            await host.command(f"preview take {take.take_id}")
            assert (await host.event("preview_opened", "preview_failed"))["event"] == "preview_opened"
            daemon.process.kill()
            await daemon.process.wait()
            assert (await host.event("preview_ended"))["code"] == "lost"
            assert len(list(daemon.run.glob("sdr.*"))) == 1
            again = await stage.daemon("a")
            assert not list(again.run.glob("sdr.*"))
            await host.event("attached")
            watching = asyncio.create_task(preview_is(again, lambda p: p.state == "playing"))
            await host.command(f"preview take {take.take_id}")
            assert (await host.event("preview_opened", "preview_failed"))["event"] == "preview_opened"
            await watching
            again.process.terminate()
            assert await asyncio.wait_for(again.process.wait(), 20) == 0
            assert not list(again.run.glob("sdr.*")), "one that is told to end takes it along"
            assert (await host.event("preview_ended"))["code"] == "lost"
            await over(host)
            out = await asyncio.to_thread(output_of, folder)
            common = min(len(out), len(played))
            loud = np.abs(out[:common] - played[:common]).max()
            assert 0 < loud < 2, "it was heard"
