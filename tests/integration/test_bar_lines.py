"""Bar lines found in a real Ring, written by the real C client, against the host's own truth of its script.

The host computes its truth from the script in double precision, apart from the client. Scripts are drawn from a printed
seed: tempo and meter changes, loops, jumps, stops, blocks of random length, split at events or not.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.shm import RingFile
from daemon.cli.stage import Stage, end
from daemon.core.capture import History, last_bars
from daemon.core.timeline import runs
from plugin_protocol.layout import Header
from tests.support.native import build
from tests.support.whole import short_folder

RATE_HZ = 48_000
END_FRAME = 1_400_000
WITHIN_FRAMES = 1
EDGE_FRAMES = 64  # a line this near to where a run ends may be on either side of it
MAX_BLOCK_FRAMES = (
    2_048  # of --random-blocks; where in a block a host that does not split it jumped, it does not tell
)


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    build()


@asynccontextmanager
async def played(lines: list[str], *options: str) -> AsyncIterator[tuple[RingFile, list[dict[str, Any]]]]:
    """The Ring and the truth after a script was played as fast as possible, without a daemon."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            await asyncio.to_thread(soundfile.write, folder / "quiet.wav", np.zeros((RATE_HZ, 2)), RATE_HZ)
            (folder / "script").write_text("\n".join(lines) + "\n")
            run_dir = folder / "run"
            host = await stage.host(
                run_dir,
                "--script",
                str(folder / "script"),
                "--truth",
                str(folder / "truth"),
                "--speed",
                "0",
                "--repeat",
                "0",
                "--hold",
                *options,
                str(folder / "quiet.wav"),
            )
            ready = await host.event("ready")
            await host.event("played")
            ring = RingFile.open(run_dir, str(ready["segment"]))
            await end(host.process)  # the truth is whole only then; the open descriptor keeps the Ring
            truth = [json.loads(line) for line in (folder / "truth").read_text().splitlines()]
            numerator, denominator = map(int, lines[1].split()[1:])
            for entry in truth:
                entry["bar_quarters"] = numerator * 4 / denominator
            try:
                yield ring, truth
            finally:
                ring.close()


def random_script(seed: int) -> list[str]:
    """Up to six events at least half a second apart, as hands make them."""
    draw = random.Random(seed)
    numerator, denominator = draw.choice([(4, 4), (3, 4), (7, 8), (6, 8), (5, 4)])
    lines = [
        f"tempo {draw.choice([60, 97, 120, 128, 140.5, 173.25])}",
        f"meter {numerator} {denominator}",
        "start ppq 0",
    ]
    lines.append(f"split {draw.choice(['on', 'off'])}")
    at = 0
    for _ in range(draw.randrange(7)):
        at += draw.randrange(24_000, 200_000)
        if at > END_FRAME - 50_000:
            break
        event = draw.choice(["tempo", "jump", "loop", "stop"])
        if event == "tempo":
            lines.append(f"at {at} tempo {draw.uniform(60, 190):.3f}")
        elif event == "jump":
            lines.append(f"at {at} jump {draw.randrange(0, 64)}")
        elif event == "loop":
            start = draw.randrange(0, 32)
            lines += [f"at {at} jump {start}", f"at {at} loop {start} {start + draw.randrange(2, 12)}"]
        else:
            lines.append(f"at {at} stop")
            at += draw.randrange(24_000, 60_000)
            lines.append(f"at {at} play")
    return [*lines, f"end {END_FRAME}"]


def found_lines(ring: RingFile) -> list[int]:
    there = ring.readable()
    return [
        line
        for run in runs(ring.records(), there.start, there.stop, ring.header.sample_rate_hz)
        for line in run.lines
    ]


def unmatched(found: list[int], truth: list[float], edges: list[float], edge_frames: int) -> list[str]:
    """Lines of either side without a partner within WITHIN_FRAMES, but for those on the edge of a run."""

    def near(value: float, others: list[float] | list[int], limit: float) -> bool:
        return any(abs(value - other) <= limit for other in others)

    missed = [
        f"missed {t}" for t in truth if not near(t, found, WITHIN_FRAMES) and not near(t, edges, edge_frames)
    ]
    return missed + [
        f"invented {f}"
        for f in found
        if not near(f, truth, WITHIN_FRAMES) and not near(f, edges, edge_frames)
    ]


def left_on_a_line(entry: dict[str, Any]) -> bool:
    """A loop that ends on a bar line and begins off one: whether the line was reached is anybody's guess."""
    bar = entry.get("bar_quarters", 0.0)
    return entry.get("event") == "wrap" and entry["from_ppq"] % bar == 0.0 and entry["to_ppq"] % bar != 0.0


@pytest.mark.parametrize("seed", range(1, 25))
async def test_bar_lines_are_where_the_host_says_they_were(seed: int) -> None:
    script = random_script(seed)
    async with played(script, "--random-blocks", str(seed)) as (ring, truth):
        lines = [entry["bar_line"] for entry in truth if "bar_line" in entry]
        edges = [
            e["ring_frame"] for e in truth if e.get("event") in ("stop", "play", "jump") or left_on_a_line(e)
        ]
        edge_frames = EDGE_FRAMES if "split on" in script else MAX_BLOCK_FRAMES
        assert lines and unmatched(found_lines(ring), lines, edges, edge_frames) == [], "\n".join(script)


@pytest.mark.parametrize("rate_hz", [44_100, 96_000])
async def test_a_new_rate_is_a_history_of_its_own(rate_hz: int) -> None:
    lines = ["tempo 120", "meter 4 4", "start ppq 0", f"at 480000 rate {rate_hz}", "end 1200000"]
    with short_folder() as folder:
        async with Stage(folder) as stage:
            await asyncio.to_thread(soundfile.write, folder / "quiet.wav", np.zeros((RATE_HZ, 2)), RATE_HZ)
            (folder / "script").write_text("\n".join(lines) + "\n")
            host = await stage.host(
                folder / "run",
                "--script",
                str(folder / "script"),
                "--speed",
                "0",
                "--repeat",
                "0",
                "--hold",
                str(folder / "quiet.wav"),
            )
            await host.event("ready")
            second = await host.event("ready")
            await host.event("played")
            ring = RingFile.open(folder / "run", str(second["segment"]))
            header: Header = ring.header
            assert (header.sample_rate_hz, ring.readable().stop >= 720_000) == (rate_hz, True)
            there = ring.readable()
            history = History(
                records=ring.records(),
                oldest_frame=there.start,
                commit_frame=there.stop,
                sample_rate_hz=header.sample_rate_hz,
            )
            cut = last_bars(history, 2, there.stop, 16.0)
            assert (cut.frames, cut.bars, cut.bpm) == (2 * 2 * rate_hz, 2, 120.0)
            ring.close()


async def test_an_offline_bounce_leaves_the_live_history_and_no_take_spans_it() -> None:
    lines = [
        "tempo 120",
        "meter 4 4",
        "start ppq 0",
        "at 400000 offline on",
        "at 800000 offline off",
        "end 1000000",
    ]
    async with played(lines) as (ring, _):
        there = ring.readable()
        assert ring.counters().offline_blocks > 0
        history = History(
            records=ring.records(), oldest_frame=there.start, commit_frame=there.stop, sample_rate_hz=RATE_HZ
        )
        cut = last_bars(history, 8, there.stop, 16.0)
        assert cut.bars is not None and cut.bars < 8 and cut.note
        assert cut.first_frame >= 400_000 or cut.first_frame + cut.frames <= 400_000, (
            "one side of the bounce only"
        )
