"""Previews, with the real relay, daemons and native host: what comes out of the host is what came in, plus the decoded
sound at the gain; on the bar line when in sync; never in a recording, a bounce or the Ring."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import bridge.control as c
from audio.fit import fit
from daemon.cli.stage import RunningDaemon, RunningHost, Stage, until
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, RATE_HZ, marked_groove, read_wav, script, short_folder, write_wav

pytestmark = pytest.mark.timeout(240)
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
    out[first : first + len(preview)] += preview * np.float32(gain)
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
        daemon.run, "--script", str(transport), "--hold", "--wait-attached", "20",
        "--output", str(stage.folder / "output.f32"), *arguments, str(wav),
    )  # fmt: skip
    await host.event("attached")
    return host, played


async def over(host: RunningHost) -> None:
    """The host has ended, so that all of its output is on the disk."""
    await host.command("quit")
    await asyncio.wait_for(host.process.wait(), 20)


async def posted(stage: Stage, relay_url: str) -> tuple[RunningDaemon, str, c.ItemInfo]:
    """A follower's daemon with one Item of two bars in its feed."""
    producer = await stage.daemon("a", relay_url)
    follower = await stage.daemon("b", relay_url)
    await producer.client.request(c.ClaimDevice(username="night.owl"))
    await follower.client.request(c.ClaimDevice(username="listener"))
    await follower.client.request(c.FollowUser(username="night.owl"))
    arrived = follower.client.events()
    await follower.client.request(c.Subscribe())
    wav = stage.folder / "loop.wav"
    await asyncio.to_thread(write_wav, wav, marked_groove(3))
    transport = await asyncio.to_thread(script, stage.folder, "tempo 128", "meter 4 4", "start ppq 0")
    host = await stage.host(
        producer.run, "--script", str(transport), "--speed", "8", "--hold", "--wait-attached", "20", str(wav),
        name="producer-host",
    )  # fmt: skip
    await host.event("played")
    kept = await producer.client.request(c.KeepTake(bars=2, title="two bars", post=True))
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
            assert (opened["event"], opened["kind"], opened["target"], opened["title"], opened["in_sync"]) == (
                "preview_opened", "item", item.post_id, "two bars", False,
            )  # fmt: skip
            ended = await host.event("preview_ended")
            assert ended["code"] == "ended"
            await host.command(f"preview item {item.post_id} sync")
            opened = await host.event("preview_opened", "preview_failed")
            assert (opened["in_sync"], opened["at_bar"], opened["note"]) == (True, True, "")
            await preview_is(follower, lambda p: p.in_sync and p.state == "playing" and p.heard_s > 2.0)
            kept = await follower.client.request(c.KeepTake(seconds=4.0))
            assert isinstance(kept, c.OneTake)
            await host.command("preview stop")
            ended = await host.event("preview_ended")
            assert ended["code"] == "stopped"
            await host.event("played")
            await over(host)

            (source,) = mp3.glob("*.mp3")
            data = await asyncio.to_thread(source.read_bytes)
            out = await asyncio.to_thread(output_of, folder)
            added = out[: len(played)] - played
            sounding = np.flatnonzero(np.any(added != 0, axis=1))
            plain = np.concatenate(list(fit(data, RATE_HZ, 2)))
            assert len(plain) == 2 * BAR_FRAMES
            gain = np.float32(10 ** (-6 / 20))
            # 1. As it is: from a frame that nobody knows before, to the bit.
            first = int(sounding[0]) - int(np.flatnonzero(np.any(plain != 0, axis=1))[0])
            whole = slice(first + FADE_IN_FRAMES, first + len(plain) - FADE_OUT_FRAMES)
            wanted = expected_output(played, plain, first, gain)
            assert np.array_equal(out[whole], wanted[whole])
            assert np.all(np.abs(added[first + FADE_IN_FRAMES + 1]) < 1)
            # 2. In sync: from a bar line on, as long as its bars are in the host, again and again.
            stretched = np.concatenate(list(fit(data, RATE_HZ, 2, HOST_BPM / 128.0)))
            assert len(stretched) == 2 * HOST_BAR_FRAMES
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
