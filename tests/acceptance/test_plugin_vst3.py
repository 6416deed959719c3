"""The VST3 plugin in minihost, whose transport is scripted: takes to the bit, bar lines, transport, controls, instances."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import bridge.control as c
from daemon.cli.stage import Stage
from plugin_protocol.layout import Flag
from tests.support.hosts import (
    HostBeside,
    Stretch,
    begin,
    instances,
    keep,
    newest_ring,
    noise,
    place_in_noise,
    plugin_bundles,
    records,
    thread_names,
    until_heard,
    until_track,
)
from tests.support.whole import short_folder

RATE_HZ = 48_000
MAX_LINE_ERROR_FRAMES = 1.0
QUARTER_120 = 24_000  # frames of a quarter at 120 BPM and 48 kHz


def stereo() -> Path:
    return plugin_bundles() / ".vst3" / "sidechain.vst3"


@pytest.fixture
async def beside() -> AsyncIterator[HostBeside]:
    """A daemon and, beside it, minihost with one instance of the stereo plugin."""
    with short_folder() as folder:
        async with Stage(folder) as stage, begin(stage, stereo()) as host_beside:
            yield host_beside


def bars_of(take: NDArray[np.float32], stretch: Stretch, rate_hz: int = RATE_HZ) -> tuple[float, float]:
    """Where a take of one stretch begins and ends, in bars since the project's start."""
    quarter_frames = 60.0 * rate_hz / stretch.bpm
    bar_quarters = stretch.meter[0] * 4 / stretch.meter[1]
    first = place_in_noise(take)
    begin, end = (
        (frame / quarter_frames + stretch.start_ppq) / bar_quarters for frame in (first, first + len(take))
    )
    return begin, end


@pytest.mark.parametrize(
    ("bpm", "meter", "rate_hz", "block_frames", "start_ppq"),
    [
        (97.0, (7, 8), 48_000, 512, 1.25),
        (128.0, (4, 4), 44_100, 64, 0.0),
        (173.3, (5, 4), 48_000, 1021, -3.5),
        (61.7, (3, 4), 96_000, 4096, 1000.1),
    ],
)
async def test_a_take_is_what_was_played_and_cut_on_the_bar(
    bpm: float, meter: tuple[int, int], rate_hz: int, block_frames: int, start_ppq: float
) -> None:
    with short_folder() as folder:
        async with (
            Stage(folder) as stage,
            begin(stage, stereo(), rate_hz, block_frames) as beside,
        ):
            stretch = Stretch(frames=15 * rate_hz, bpm=bpm, meter=meter, start_ppq=start_ppq)
            await beside.host.play(stretch)
            await until_heard(beside.daemon, stretch.frames)
            info, take = await keep(beside.daemon, 2)
            assert (info.bars, info.bpm, info.meter) == (2, bpm, f"{meter[0]}/{meter[1]}")
            first_bar, end_bar = bars_of(take, stretch, rate_hz)
            bar_frames = 60.0 * rate_hz / bpm * meter[0] * 4 / meter[1]
            for line in (first_bar, end_bar):
                assert abs(line - round(line)) * bar_frames <= MAX_LINE_ERROR_FRAMES
            assert round(end_bar) - round(first_bar) == 2
            played_bars = (start_ppq + stretch.frames * bpm / 60 / rate_hz) * meter[1] / 4 / meter[0]
            assert round(end_bar) == int(played_bars // 1), "the last whole bars, not older ones"


async def test_a_loop_is_kept_as_it_was_heard(beside: HostBeside) -> None:
    """Two and a half turns of a loop of two bars: bars are counted as heard, across the turns."""
    stretch = Stretch(frames=5 * 4 * QUARTER_120 + 7_777, start_ppq=4.0, loop_ppq=(4.0, 12.0))
    await beside.host.play(stretch)
    await until_heard(beside.daemon, stretch.frames)
    info, take = await keep(beside.daemon, 4)
    assert (info.bars, info.frames) == (4, 16 * QUARTER_120)
    assert abs(place_in_noise(take) - 4 * QUARTER_120) <= MAX_LINE_ERROR_FRAMES
    ranges = [r for r in records(beside.daemon) if r.flags & Flag.LOOP_RANGE]
    (loop,) = ranges
    assert (round(loop.ppq, 9), round(loop.bpm, 9)) == (4.0, 12.0)


async def test_stopping_tempo_and_meter_changes_are_in_the_timeline(beside: HostBeside) -> None:
    await beside.host.play(Stretch(frames=4 * QUARTER_120, bpm=120.0, recording=True))
    await beside.host.play(Stretch(frames=9_600, bpm=120.0, start_ppq=4.0, playing=False))
    three = Stretch(frames=10 * 28_800, bpm=100.0, meter=(3, 4), start_ppq=0.0)
    await beside.host.play(three)
    total = 4 * QUARTER_120 + 9_600 + three.frames
    await until_heard(beside.daemon, total)
    heard = records(beside.daemon)
    states = [
        (bool(r.flags & Flag.PLAYING), bool(r.flags & Flag.RECORDING), r.bpm, r.numerator) for r in heard
    ]
    assert list(dict.fromkeys(states)) == [
        (True, True, 120.0, 4),
        (False, False, 120.0, 4),
        (True, False, 100.0, 3),
    ]
    known = Flag.VALID_PPQ | Flag.VALID_BPM | Flag.VALID_METER | Flag.VALID_PROJECT_FRAME
    assert all(r.flags & known == known and not r.flags & Flag.OFFLINE for r in heard)
    info, take = await keep(beside.daemon, 3)
    assert (info.bpm, info.meter) == (100.0, "3/4")
    start = place_in_noise(take) - (total - three.frames)
    assert abs(start - round(start / (3 * 28_800)) * 3 * 28_800) <= MAX_LINE_ERROR_FRAMES


async def test_keep_is_a_control_that_keeps_once_per_rise(beside: HostBeside) -> None:
    await beside.host.play(Stretch(frames=9 * QUARTER_120))
    await until_heard(beside.daemon, 9 * QUARTER_120)
    await beside.host.until_text("Link", "Ready")
    await beside.host.do("set", name="Bars", value=1 / 63)  # of 1 to 64: two
    for value in (1.0, 1.0, 0.0):  # held: still one
        await beside.host.do("set", name="Keep", value=value)
        await beside.host.play(Stretch(frames=1_024, start_ppq=9.0))
    await beside.host.until_text("Kept", "1")
    await beside.host.do("set", name="Keep", value=1.0)
    await beside.host.until_text("Kept", "2")
    listed = await beside.daemon.client.request(c.ListTakes())
    assert isinstance(listed, c.TakeList)
    assert [(t.bars, t.frames) for t in listed.takes] == [(2, 8 * QUARTER_120)] * 2


async def test_rendering_offline_leaves_the_history_as_it_was(beside: HostBeside) -> None:
    await beside.host.play(Stretch(frames=9 * QUARTER_120))
    await until_heard(beside.daemon, 9 * QUARTER_120)
    await beside.host.do("offline", on=True)
    await beside.host.play(Stretch(frames=20 * QUARTER_120, speed=1_000.0))
    ring = newest_ring(beside.daemon)
    assert ring.counters().offline_blocks > 0
    assert ring.indices().commit == 9 * QUARTER_120
    assert [i.state for i in await instances(beside.daemon)] == ["frozen"]
    _, take = await keep(beside.daemon, 2)
    assert place_in_noise(take) == 0
    await beside.host.do("offline", on=False)
    await beside.host.play(Stretch(frames=QUARTER_120))
    assert ring.indices().commit == 10 * QUARTER_120
    ring.close()


async def test_a_host_that_deactivates_and_activates_loses_no_history(beside: HostBeside) -> None:
    await beside.host.play(Stretch(frames=9 * QUARTER_120))
    await until_heard(beside.daemon, 9 * QUARTER_120)
    await beside.host.do("reset")
    await beside.host.play(Stretch(frames=QUARTER_120))
    await until_heard(beside.daemon, 10 * QUARTER_120)
    assert [r.ring_frame for r in records(beside.daemon) if r.flags & Flag.GAP] == [9 * QUARTER_120]
    info, take = await keep(beside.daemon, 4)
    assert (info.bars, place_in_noise(take)) == (2, 0), "the bars before the gap, and none across it"


async def test_instances_of_one_host_share_a_worker_and_no_identity(beside: HostBeside) -> None:
    for _ in range(3):
        await beside.host.do("open", rate_hz=RATE_HZ, block_frames=256)
        await beside.host.play(Stretch(frames=4_800))
    await until_heard(beside.daemon, 4_800, count=3)
    assert len({i.instance for i in await instances(beside.daemon)}) == 4
    assert thread_names(beside.host.process.pid).count("sidechain") == 1


async def test_a_project_saves_the_controls_and_never_the_identity(beside: HostBeside) -> None:
    await beside.host.do("set", name="Bars", value=15 / 63)
    await beside.host.play(Stretch(frames=4_800))
    await until_heard(beside.daemon, 4_800)
    (original,) = await instances(beside.daemon)
    saved = await beside.host.do("state")
    assert original.instance not in saved["text"]
    await beside.host.do("open", rate_hz=RATE_HZ, block_frames=512)
    await beside.host.do("restore", state=saved["state"])
    await beside.host.play(Stretch(frames=4_800))
    await until_heard(beside.daemon, 4_800, count=2)
    assert await beside.host.text("Bars") == "16"
    assert len({i.instance for i in await instances(beside.daemon)}) == 2


async def test_the_track_is_called_what_the_host_calls_it(beside: HostBeside) -> None:
    await beside.host.play(Stretch(frames=9 * QUARTER_120))
    await until_heard(beside.daemon, 9 * QUARTER_120)
    await beside.host.do("track", name="Bäss ♪ 𝄢")
    await until_track(beside.daemon, "Bäss ♪ 𝄢")
    info, _ = await keep(beside.daemon, 2)
    assert info.track_name == "Bäss ♪ 𝄢"
    await beside.host.do("open", rate_hz=RATE_HZ, block_frames=512)
    await beside.host.do("track", name="Keys")  # before it is heard the first time
    await beside.host.play(Stretch(frames=4_800))
    await until_track(beside.daemon, "Bäss ♪ 𝄢", "Keys")


async def test_without_a_daemon_audio_passes_and_the_history_is_there_for_the_one_that_comes() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            first = await stage.daemon("a")
            first.process.kill()
            await first.process.wait()
            async with begin(stage, stereo(), daemon=first) as beside:
                await beside.host.play(Stretch(frames=9 * QUARTER_120))
                assert await beside.host.text("Link") == "No daemon"
                late = await stage.daemon("a")
                await until_heard(late, 9 * QUARTER_120)
                _, take = await keep(late, 2)
            assert np.array_equal(take, noise(8 * QUARTER_120))


async def test_the_mono_plugin_records_one_channel() -> None:
    with short_folder() as folder:
        plugin = plugin_bundles() / ".vst3" / "sidechain-mono.vst3"
        async with Stage(folder) as stage, begin(stage, plugin, channels=1) as beside:
            await beside.host.play(Stretch(frames=9 * QUARTER_120))
            await until_heard(beside.daemon, 9 * QUARTER_120)
            _, take = await keep(beside.daemon, 2)
            assert np.array_equal(take, noise(8 * QUARTER_120)[:, :1])
