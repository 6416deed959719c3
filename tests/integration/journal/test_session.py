"""A session in little: what a day of it is, and what it costs, is benchmarks/bench_history.py's to say."""

import gc
from pathlib import Path

import numpy as np

from benchmarks.session import Hour, play_session
from daemon.rings.journal_files import SUFFIX, Segment

RATE_HZ = 8_000
MINUTES = 8.0


async def test_a_session_that_goes_on_takes_no_more_room_and_no_more_memory(tmp_path: Path) -> None:
    """Three times the reach and more, so that files are packed and the oldest go for most of it."""
    at = np.arange(20 * RATE_HZ)
    chord = sum(0.2 * np.sin(at * step) for step in (0.0431, 0.0543, 0.0912))
    noise = np.random.default_rng(3).standard_normal((len(at), 2)) * 1e-4
    piece = np.asarray(chord[:, None] + noise, np.float32)
    told: list[Hour] = []
    async for hour in play_session(
        tmp_path, [piece], rate_hz=RATE_HZ, seconds=36 * 60, told_every_s=240, minutes=MINUTES
    ):
        told.append(hour)
        files = sum(1 for _ in (tmp_path / "data" / "journal").glob(f"*/*{SUFFIX}"))
        gc.collect()
        assert sum(type(each) is Segment for each in gc.get_objects()) <= files, (
            "of a file that is gone, nothing"
        )
    raw_bytes = MINUTES * 60 * RATE_HZ * 8
    later = told[3:]
    assert len(later) == 6
    assert all(0.5 * raw_bytes < hour.held_bytes < 1.1 * raw_bytes for hour in later)
    assert sum(hour.worker_cpu_s for hour in later) > 0, "older files are packed"
    assert later[-1].resident_bytes - later[0].resident_bytes < 4e6
    assert all(hour.sounded_s == 180 for hour in told), "three minutes of four"
