"""Previews through the real plugin in a real host (VST3 in minihost, whose transport is scripted)."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

import bridge.control as c
from daemon.cli.stage import Stage
from tests.support.deadlines import HANG_S
from tests.support.hosts import (
    HostBeside,
    Stretch,
    begin,
    keep,
    noise,
    place_in_noise,
    plugin_bundles,
    until_heard,
)
from tests.support.whole import short_folder

QUARTER_120 = 24_000  # frames of a quarter at 120 BPM and 48 kHz
BAR = 4 * QUARTER_120
FADE_IN_FRAMES = 48
REAL_TIME = 1.0


@pytest.fixture
async def beside() -> AsyncIterator[HostBeside]:
    """A daemon and, beside it, minihost with one instance of the stereo plugin."""
    with short_folder() as folder:
        async with (
            Stage(folder) as stage,
            begin(stage, plugin_bundles() / ".vst3" / "sidechain.vst3") as both,
        ):
            yield both


async def preview(beside: HostBeside, take_id: str, in_sync: bool) -> c.PreviewInfo:
    reply = await beside.daemon.client.request(
        c.PlayPreview(target=take_id, in_sync=in_sync), timeout_s=HANG_S
    )
    assert isinstance(reply, c.Previewing)
    return reply.preview


async def test_in_sync_from_the_bar_line_muted_when_recording_over_when_bounced(
    beside: HostBeside, tmp_path: Path
) -> None:
    host, daemon = beside
    await host.play(Stretch(frames=2 * BAR))
    await until_heard(daemon, 2 * BAR)
    info, take = await keep(daemon, 1)
    await host.do("set", name="Preview gain", value=60.0 / 72.0)  # 0 dB

    opened = await preview(beside, info.take_id, in_sync=True)
    assert (opened.in_sync, opened.note) == (True, "")
    heard = 2 * BAR
    saved = tmp_path / "out.npy"
    stretch = Stretch(frames=2 * BAR, start_ppq=1.0, speed=REAL_TIME)
    answer = await host.do("play", **asdict(stretch), save=str(saved))
    assert not answer["exact"]
    given = noise(heard + 2 * BAR)[heard:]
    out = np.load(saved)
    begun = 3 * QUARTER_120
    assert np.array_equal(out[:begun], given[:begun]), "nothing before the bar line"
    added = out - given
    whole = slice(FADE_IN_FRAMES, BAR)
    assert np.allclose(added[begun:][whole], take[whole], atol=1e-5), "the take itself, from the bar line on"
    again = slice(begun + BAR, 2 * BAR)
    assert np.allclose(added[again], take[: 2 * BAR - begun - BAR], atol=1e-5), (
        "and again: it is of whole bars"
    )

    await host.play(Stretch(frames=QUARTER_120, recording=True, speed=REAL_TIME))  # to the bit
    assert await host.text("Preview") == "Muted"
    await host.do("offline", on=True)
    await host.play(Stretch(frames=BAR))
    await host.do("offline", on=False)
    await host.until_text("Preview", "None")
    await host.play(Stretch(frames=QUARTER_120))
    _, kept = await keep(daemon, 1)
    place_in_noise(kept)  # what the Ring has is what came in, to the bit


async def test_gain_and_sync_are_saved_with_the_project_and_the_lowest_gain_is_silence(
    beside: HostBeside,
) -> None:
    host, daemon = beside
    await host.play(Stretch(frames=2 * BAR))
    await until_heard(daemon, 2 * BAR)
    info, _ = await keep(daemon, 1)
    await host.do("set", name="Preview gain", value=0.0)
    await host.do("set", name="Preview in sync", value=1.0)
    await host.play(Stretch(frames=4_800))
    await preview(beside, info.take_id, in_sync=False)
    await host.play(Stretch(frames=QUARTER_120, speed=REAL_TIME))
    saved = await host.do("state")
    await host.do("open", rate_hz=48_000, block_frames=512)
    await host.do("restore", state=saved["state"])
    await host.play(Stretch(frames=4_800))
    assert (await host.text("Preview gain")).startswith("-60")
    assert await host.text("Preview in sync") in ("On", "1", "1.0", "1.000000")
