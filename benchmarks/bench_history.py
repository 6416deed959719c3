"""The History: bars from nine minutes ago made durable, what packing gains and costs, and a session of eight hours.

The keep goes through real host, daemon and control socket; beside it, one copy of the same bytes out of page cache,
written and synced. The session is played by session.py.
"""

import asyncio
import multiprocessing
import os
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

import bridge.control as c
from benchmarks.bench_daemon import _until_rendered
from benchmarks.material import fixtures
from benchmarks.session import Hour, play_session
from daemon.cli.groove import groove
from daemon.cli.stage import RunningDaemon, Stage
from daemon.core.packing import pack
from daemon.core.unpacking import unpack
from daemon.system.files import publish_folder

RATE_HZ = 48_000
BPM = 128.0
BAR_FRAMES = 90_000
NINE_MINUTES_S = 540
RAW_S = 70
MEMORY_S = 5
KEEPS = 20
BLOCK_BYTES = 1 << 20
PACKS = 12
HOSTS = 4
Row = tuple[str, float, str, str]


def rows(long: bool = False) -> list[Row]:
    """One line per figure. About 150 s; `long`: eight hours instead of half of one in the session, 20 minutes more."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        Path(name, "keep").mkdir()
        Path(name, "session").mkdir()
        return [
            *asyncio.run(_keeps(Path(name, "keep"))),
            *_packing(),
            *_session_alone(Path(name, "session"), 8.0 if long else 0.5),
        ]


def _session_alone(folder: Path, hours: float) -> list[Row]:
    """The session in a process of its own, as a daemon is: what the rows above have left in an allocator is not its memory."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_session_rows, folder, hours).result()


def _session_rows(folder: Path, hours: float) -> list[Row]:
    return asyncio.run(_session(folder, hours))


async def _keeps(folder: Path) -> list[Row]:
    async with Stage(folder) as stage:
        daemon = await stage.daemon("a")
        wav = folder / "loop.wav"
        await asyncio.to_thread(soundfile.write, wav, _music(16), RATE_HZ, subtype="FLOAT")
        host = await stage.host(
            daemon.run,
            "--tempo",
            f"{BPM:g}",
            "--speed",
            "6",
            "--repeat",
            "21",
            "--hold",
            "--wait-attached",
            "10",
            str(wav),
        )  # 21 times 30 s
        await host.event("played")
        await asyncio.sleep(45.0)  # a round of packing
        listed = await daemon.client.request(c.GetHistory())
        assert isinstance(listed, c.HistoryIs)
        (heard,) = listed.heard
        old, raw, memory = [await _timed(daemon, heard, ago_s) for ago_s in (NINE_MINUTES_S, RAW_S, MEMORY_S)]
        from_memory_ms = statistics.median(memory)
        started = time.perf_counter()
        picture = await daemon.client.request(
            c.GetPeaks(
                instance=heard.instance,
                first_frame=heard.first_frame,
                end_frame=heard.end_frame,
                columns=1_000,
            )
        )
        picture_ms = (time.perf_counter() - started) * 1e3
        assert isinstance(picture, c.PeaksAre)
        floor_ms = _p95([_copy_and_sync(folder / f"floor{n}") for n in range(KEEPS)])
        reach_s = (heard.end_frame - heard.first_frame) / RATE_HZ
        return [
            (
                "keep 8 bars from 9 minutes ago → durable, p95, ms",
                _p95(old),
                "≤ 150",
                f"{_p95(old) / floor_ms:.1f} × one copy + fsync ({floor_ms:.0f} ms p95); packed, {listed.used_bytes / reach_s / 384_000:.2f} of the size",
            ),
            (
                "… from 70 s ago, not packed, p95, ms",
                _p95(raw),
                "≤ 150",
                f"{_p95(raw) / floor_ms:.1f} × one copy + fsync",
            ),
            (
                "… p50, over the same bars kept from memory",
                statistics.median(old) / from_memory_ms,
                "",
                f"{from_memory_ms:.0f} ms; not packed {statistics.median(raw) / from_memory_ms:.2f} ×",
            ),
            (
                "picture of the whole reach, 1,000 columns, ms",
                picture_ms,
                "",
                f"{reach_s:.0f} s; {'coarse' if picture.coarse else 'fine'}",
            ),
        ]


async def _timed(daemon: RunningDaemon, heard: c.HistoryStretch, ago_s: int) -> list[float]:
    """Milliseconds of each keep of 8 bars that ended about so long before the end, another bar each time."""
    end_frame = heard.end_frame - ago_s * RATE_HZ
    took = []
    for number in range(KEEPS):
        shift = end_frame - number % 8 * BAR_FRAMES // 8
        ask = c.KeepTake(
            instance=heard.instance,
            generation=heard.generation,
            first_frame=shift - 8 * BAR_FRAMES,
            end_frame=shift,
        )
        started = time.perf_counter()
        kept = await daemon.client.request(ask)
        took.append((time.perf_counter() - started) * 1e3)
        assert isinstance(kept, c.OneTake) and kept.take.bars == 8, kept
        await _until_rendered(daemon)
    return took


def _p95(figures: list[float]) -> float:
    return statistics.quantiles(figures, n=20)[18]


def _copy_and_sync(folder: Path) -> float:
    """Milliseconds of the least it could be: the same bytes out of page cache, written and synced with their folder."""
    folder.parent.mkdir(exist_ok=True)
    sound = np.zeros((8 * BAR_FRAMES, 2), np.float32)
    started = time.perf_counter()
    publish_folder(folder, {"take.wav": (sound.copy().data.cast("B"),)})
    return (time.perf_counter() - started) * 1e3


def _music(bars: int, bits: int | None = None) -> NDArray[np.float32]:
    """The groove with a noise floor at -60 dBFS; bits: as from a file."""
    loop = groove(BPM, bars, RATE_HZ) * 0.8
    sound = loop + np.random.default_rng(1).standard_normal(loop.shape) * 1e-3
    if bits:
        sound = np.trunc(np.clip(sound, -1, 1) * 2.0 ** (bits - 1)) * 2.0 ** (1 - bits) + 0.0  # no -0.0
    return np.asarray(sound, np.float32)


def _packing() -> list[Row]:
    found: list[Row] = []
    for name, bits in (("float", None), ("24-bit", 24), ("16-bit", 16)):
        sound = _music(4, bits).tobytes()
        blocks = [sound[at : at + BLOCK_BYTES] for at in range(0, len(sound), BLOCK_BYTES)]
        packs, unpacks = [], []
        for _ in range(PACKS):
            began = time.process_time()
            packed = [pack(block, 2) for block in blocks]
            packs.append(time.process_time() - began)
            began = time.process_time()
            assert b"".join(unpack(p, len(b) // 8, 2) for p, b in zip(packed, blocks, strict=True)) == sound
            unpacks.append(time.process_time() - began)
        share = 100 / (len(sound) / 8 / RATE_HZ)
        size = sum(map(len, packed)) / len(sound)
        beside = f"packing {min(packs) * share:.3f} %, unpacking {min(unpacks) * share:.3f} % of a core"
        found.append((f"packed music, {name}, share of its size", size, "", beside))
    return found


async def _session(folder: Path, hours: float) -> list[Row]:
    """Each hour of it in a row: an hour of four plugins takes some two minutes, most of it waiting for the disk."""
    told_every_s = min(hours * 3600 / 2, 3600.0)
    found: list[Row] = []
    told: list[Hour] = []
    async for hour in play_session(
        folder, _pieces(), rate_hz=RATE_HZ, seconds=hours * 3600, told_every_s=told_every_s
    ):
        told.append(hour)
        share = 100 / hour.sounded_s
        cpu_s = hour.journal_cpu_s + hour.packing_cpu_s + hour.worker_cpu_s
        beside = (
            f"{hour.held_bytes / 1e6:.0f} MB held, {hour.resident_bytes / 1e6:.1f} MB resident; {cpu_s:.1f} s of CPU: "
            f"journal {hour.journal_cpu_s * share:.3f}, packing {hour.packing_cpu_s * share:.3f}, "
            f"its worker {hour.worker_cpu_s * share:.3f} %; load {os.getloadavg()[0]:.0f}"
        )
        what = f"session, after {hour.played_s / 3600:.2g} h: % of a core per playing plugin"
        found.append((what, cpu_s * share, "≤ 0.3", beside))
    half = told[(len(told) - 1) // 2]
    found.append(
        (
            "… resident, MB at its end less at its half",
            (told[-1].resident_bytes - half.resident_bytes) / 1e6,
            "≤ 2",
            f"{HOSTS} plugins, three minutes of four played, reach of ten minutes; with this benchmark",
        )
    )
    return found


def _pieces() -> list[NDArray[np.float32]]:
    """What the plugins play: the groove as a synthesizer plays it, and of SIDECHAIN_AUDIO_FIXTURES, where that is set, the
    longest clips, one as it lies in its file and the others at another gain, as behind a fader."""
    clips = [np.asarray(clip.samples, np.float32) for folder in fixtures().values() for clip in folder]
    clips.sort(key=len, reverse=True)
    played = [np.ascontiguousarray(np.broadcast_to(clip, (len(clip), 2))) for clip in clips if clip.ndim == 2]
    behind = [played[0], *(clip * np.float32(0.7) for clip in played[1 : HOSTS - 1])] if played else []
    return [*behind, *[_music(32)] * (HOSTS - len(behind))]
