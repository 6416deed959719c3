"""The plugin in Ardour 7, a real DAW with a real transport: VST3 and LV2, to the bit, bars where the session says."""

import numpy as np
import pytest

from daemon.cli.stage import Stage
from plugin_protocol.layout import Flag
from tests.support.ardour import FRAME_UNIT, rolling
from tests.support.hosts import keep, newest_ring, until_heard
from tests.support.whole import short_folder

RATE_HZ = 48_000
START_FRAME = 48_000
BPM, METER = 180.0, (3, 4)
BAR_FRAMES = 60 * RATE_HZ / BPM * METER[0]
MAX_LINE_ERROR_FRAMES = (
    1.0  # though Ardour tells its position in whole 1920ths of a quarter note: 4 frames either way
)


@pytest.mark.parametrize("plugin_format", ["vst3", "lv2"])
async def test_a_take_of_an_ardour_session_is_exact_and_cut_on_its_bars(plugin_format: str) -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            async with rolling(stage, daemon, plugin_format, BPM, METER, START_FRAME):
                await until_heard(daemon, int(5 * BAR_FRAMES))
                info, take = await keep(daemon, 2)
                ring = newest_ring(daemon)
                history = np.frombuffer(ring.read(0, ring.indices().commit).data, np.float32).reshape(-1, 2)
                rolled = [r for r in ring.records() if r.flags & Flag.PLAYING]
                jumps = [r for r in rolled[1:] if r.flags & Flag.DISCONTINUITY]
                ring.close()
    assert (info.bars, info.meter) == (2, "3/4")
    assert info.bpm == pytest.approx(BPM, abs=1e-3)

    assert jumps == [], "steady play is told as such"
    made, session = (np.rint(take[:, side].astype(np.float64) / FRAME_UNIT) for side in (1, 0))
    assert np.array_equal(np.diff(made), -np.ones(len(take) - 1)), "frames are missing or doubled"
    assert np.array_equal(np.diff(session), np.ones(len(take) - 1)), "the session rolled on, frame by frame"

    # Where the session says that the take is: its frame in every record, against the ring's.
    (ahead,) = {r.project_frame - r.ring_frame for r in rolled}
    first = int(np.flatnonzero(history[:, 1] == take[0, 1])[0]) + ahead
    for line in (first, first + len(take)):
        assert abs(line - round(line / BAR_FRAMES) * BAR_FRAMES) <= MAX_LINE_ERROR_FRAMES
