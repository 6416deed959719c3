"""The CLAP plugin in a C host: takes to the bit at any block sizes, transport within blocks, nothing that could wait."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from daemon.cli.stage import Stage
from plugin_protocol.layout import Flag
from tests.support.clap import BARS, KEEP, KEPT, LINK, ClapBeside, begin_clap
from tests.support.hosts import (
    Stretch,
    instances,
    keep,
    newest_ring,
    place_in_noise,
    records,
    until_heard,
    until_track,
)
from tests.support.whole import short_folder

MAX_LINE_ERROR_FRAMES = 2.0
QUARTER_120 = 24_000  # frames of a quarter at 120 BPM and 48 kHz


@pytest.fixture
async def beside() -> AsyncIterator[ClapBeside]:
    with short_folder() as folder:
        async with Stage(folder) as stage, begin_clap(stage) as clap_beside:
            yield clap_beside


async def test_any_block_sizes_give_the_take_to_the_bit_and_call_nothing(beside: ClapBeside) -> None:
    """0 to 16384 frames, at random; no call in process() that a real-time thread must not make."""
    sizes = random.Random(20260711)
    stretch = Stretch(frames=16 * 48_000, bpm=111.0, meter=(5, 4), start_ppq=0.75)
    await beside.host.open(longest=16_384)
    played = await beside.host.play(
        stretch, next_block=lambda: sizes.choice([0, 1, 64, sizes.randrange(16_385)])
    )
    assert played.calls == 0
    await until_heard(beside.daemon, stretch.frames)
    info, take = await keep(beside.daemon, 3)
    assert (info.bars, info.bpm, info.meter) == (3, 111.0, "5/4")
    bar_frames = 5 * 60 * 48_000 / 111.0
    first = place_in_noise(take) / bar_frames + 0.75 / 5
    for line in (first, first + len(take) / bar_frames):
        assert abs(line - round(line)) * bar_frames <= MAX_LINE_ERROR_FRAMES
    ring = newest_ring(beside.daemon)
    assert ring.counters().oversize_blocks == 0
    ring.close()


async def test_tempo_and_meter_that_change_within_a_block_are_heard_at_their_frame(
    beside: ClapBeside,
) -> None:
    """120 BPM in 4/4, then 90 BPM in 7/8 from the middle of a block: the second begins where it was said to."""
    await beside.host.open(longest=993)
    first = Stretch(frames=2 * 4 * QUARTER_120, bpm=120.0)
    second = Stretch(frames=4 * 112_000, bpm=90.0, meter=(7, 8), start_ppq=0.0)
    await beside.host.play(first, second, next_block=lambda: 993)
    await until_heard(beside.daemon, first.frames + second.frames)
    change = next(r for r in records(beside.daemon) if r.bpm == 90.0)
    assert change.ring_frame == first.frames
    assert first.frames % 993 != 0, "the change must lie within a block"
    info, take = await keep(beside.daemon, 4)
    assert (info.bpm, info.meter) == (90.0, "7/8")
    assert abs(place_in_noise(take) - first.frames) <= MAX_LINE_ERROR_FRAMES


async def test_each_field_has_its_own_validity(beside: ClapBeside) -> None:
    await beside.host.open()
    await beside.host.play(Stretch(frames=9_600, recording=True, loop_ppq=(0.0, 16.0)))
    (loop, first) = records(beside.daemon)[:2]
    assert (loop.flags & Flag.LOOP_RANGE, loop.ppq, loop.bpm) == (Flag.LOOP_RANGE, 0.0, 16.0)
    assert first.flags & ~Flag.DISCONTINUITY == (
        Flag.PLAYING
        | Flag.LOOPING
        | Flag.RECORDING
        | Flag.VALID_PPQ
        | Flag.VALID_BPM
        | Flag.VALID_METER
        | Flag.VALID_BAR_START
    )
    await beside.host.do("idle")  # without a transport at all
    assert records(beside.daemon)[-1].flags == 0


async def test_offline_reactivation_and_state(beside: ClapBeside) -> None:
    await beside.host.open()
    await beside.host.play(Stretch(frames=9 * QUARTER_120))
    await until_heard(beside.daemon, 9 * QUARTER_120)
    await beside.host.do("render 1")
    await beside.host.play(Stretch(frames=9 * QUARTER_120), speed=1_000.0)
    assert [(i.state, i.heard_frames) for i in await instances(beside.daemon)] == [
        ("frozen", 9 * QUARTER_120)
    ]
    await beside.host.do("render 0")

    await beside.host.do("reactivate 48000 64")  # as hosts do whenever they like: the history goes on
    await beside.host.play(Stretch(frames=QUARTER_120), next_block=lambda: 64)
    await until_heard(beside.daemon, 10 * QUARTER_120)
    assert [r.ring_frame for r in records(beside.daemon) if r.flags & Flag.GAP] == [9 * QUARTER_120]
    await beside.host.until_text(LINK, "Ready")
    _, take = await keep(beside.daemon, 2)
    assert place_in_noise(take) == 0

    (before,) = await instances(beside.daemon)
    await beside.host.do("reactivate 44100 64")
    beside.host.rate_hz = 44_100
    await beside.host.play(Stretch(frames=44_100), next_block=lambda: 64)
    await until_heard(beside.daemon, 44_100)
    (after,) = await instances(beside.daemon)
    assert (after.instance, after.sample_rate_hz, after.heard_frames) == (before.instance, 44_100.0, 44_100)

    await beside.host.do(f"set {BARS} 12")
    await beside.host.do("idle")
    saved = beside.daemon.run / "saved"
    await beside.host.do(f"save {saved}")
    assert before.instance.encode() not in await asyncio.to_thread(saved.read_bytes)
    await beside.host.do("close")
    await beside.host.open()
    await beside.host.do(f"restore {saved}")
    assert await beside.host.do(f"get {BARS}") == "text 12"
    await asyncio.to_thread(saved.unlink)


async def test_keep_from_the_control(beside: ClapBeside) -> None:
    await beside.host.open()
    await beside.host.play(Stretch(frames=9 * QUARTER_120))
    await beside.host.until_text(LINK, "Ready")
    await beside.host.do(f"set {BARS} 2")
    await beside.host.do(f"set {KEEP} 1")
    await beside.host.until_text(KEPT, "1")


async def test_the_track_is_named_at_the_start_and_when_it_is_renamed(beside: ClapBeside) -> None:
    await beside.host.do("track Bäss ♪")
    await beside.host.open()
    await beside.host.play(Stretch(frames=9 * QUARTER_120))
    await until_heard(beside.daemon, 9 * QUARTER_120)
    await until_track(beside.daemon, "Bäss ♪")
    await beside.host.do("track Lead")
    await until_track(beside.daemon, "Lead")
    info, _ = await keep(beside.daemon, 2)
    assert (info.host_name, info.track_name) == ("clap_host", "Lead")


async def test_the_host_is_named(beside: ClapBeside) -> None:
    await beside.host.open()
    await beside.host.play(Stretch(frames=4_800))
    await until_heard(beside.daemon, 4_800)
    assert [i.host_name for i in await instances(beside.daemon)] == ["clap_host"]
