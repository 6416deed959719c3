"""The History: bars from nine minutes ago made durable, what packing gains and costs, and a session of eight hours.

The keep goes through real host, daemon and control socket; beside it, one copy of the same bytes out of page cache,
written and synced. The session is played into Rings of this process, hours in minutes, through the journal and the
packing of the product, at a sixth of the usual rate (8 kHz): bytes are given as of 48 kHz.
"""

import asyncio
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

import bridge.control as c
from benchmarks.bench_daemon import _until_rendered
from bridge.paths import prepare_run_dir
from bridge.plugin_endpoint import Peer
from bridge.shm import RingFile
from daemon.cli.groove import groove
from daemon.cli.stage import RunningDaemon, Stage
from daemon.config import Config
from daemon.core.packing import pack
from daemon.core.unpacking import unpack
from daemon.events import Bus
from daemon.features.history.compressing import Compressing
from daemon.features.history.journal import Journal
from daemon.rings.instances import Instance
from daemon.system.files import publish_folder
from tests.support.pair import hello
from tests.support.ringfile import RingWriter

RATE_HZ = 48_000
BPM = 128.0
BAR_FRAMES = 90_000
NINE_MINUTES_S = 540
RAW_S = 70
MEMORY_S = 5
KEEPS = 20
BLOCK_BYTES = 1 << 20
PACKS = 12
SLOW_RATE_HZ = 8_000
HOSTS = 4
STEP_S = 2.0
Row = tuple[str, float, str, str]


def rows(long: bool = False) -> list[Row]:
    """One line per figure. About 100 s; `long`: eight hours instead of one in the session, 6 minutes more."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        Path(name, "keep").mkdir()
        Path(name, "session").mkdir()
        return [
            *asyncio.run(_keeps(Path(name, "keep"))),
            *_packing(),
            *asyncio.run(_session(Path(name, "session"), 8 if long else 1)),
        ]


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


class _Player:
    """One plugin of the session: plays three minutes of every four."""

    def __init__(self, config: Config, number: int) -> None:
        instance_id = bytes([number + 1]) * 16
        self.ring = RingWriter(
            config.run, sample_rate_hz=SLOW_RATE_HZ, capacity_frames=1 << 17, instance_id=instance_id
        )
        said = hello(instance=instance_id)
        self.instance = Instance(Peer(instance=said.instance, pid=1, uid=0, hello=said))
        self.instance.ring = RingFile.open(config.run, self.ring.segment)

    def play(self, loop: NDArray[np.float32], at_s: float) -> None:
        frames = int(STEP_S * SLOW_RATE_HZ)
        at = self.ring.commit % (len(loop) - frames)
        sounds = at_s % 240 < 180
        self.ring.write(loop[at : at + frames] if sounds else np.zeros((frames, 2), np.float32))

    def close(self) -> None:
        self.instance.close()
        self.ring.close()


async def _session(folder: Path, hours: int) -> list[Row]:
    """Reach of half an hour, so that it is full for most of the session."""
    for place in ("run", "data"):
        (folder / place).mkdir(mode=0o700)
    prepare_run_dir(folder / "run")
    config = Config(data_dir=str(folder / "data"), run_dir=str(folder / "run"), history_minutes=30.0)
    journal = Journal(config, Bus())
    await journal.do(journal.judge)
    packing = Compressing(journal)
    players = [_Player(config, number) for number in range(HOSTS)]
    loop = _music(32)[:: RATE_HZ // SLOW_RATE_HZ].copy()
    rss_mb: list[float] = []
    bytes_mb: list[float] = []
    began, play_s = time.process_time(), 0.0
    for step in range(round(hours * 3600 / STEP_S)):
        before = time.process_time()
        for one in players:
            one.play(loop, step * STEP_S)
        play_s += time.process_time() - before
        await journal.do(journal.look, [one.instance for one in players])
        if step % 60 == 59:
            await packing.round()
        if step % 450 == 449:  # a quarter of an hour
            rss_mb.append(_rss_mb())
            bytes_mb.append(journal.used_bytes / 1e6 * RATE_HZ / SLOW_RATE_HZ)
    cpu_s = time.process_time() - began - play_s
    await packing.close()
    worker_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - _CHILDREN_S
    journal.close()
    for one in players:
        one.close()
    sounded_s = hours * 3600 * HOSTS * 0.75 * SLOW_RATE_HZ / RATE_HZ  # in seconds of sound at 48 kHz
    half = len(rss_mb) // 2
    return [
        (
            f"session of {hours} h, {HOSTS} plugins: MB on disk at its end, as of 48 kHz",
            bytes_mb[-1],
            "flat",
            f"at its half {bytes_mb[half]:.0f}; the most {max(bytes_mb):.0f}; {config.history_minutes:g} minutes each, raw {HOSTS * 30 * 23}",
        ),
        (
            "… resident, MB at its end less at its half",
            rss_mb[-1] - rss_mb[half],
            "≤ 2",
            f"{rss_mb[-1]:.0f} MB in all, with this benchmark",
        ),
        (
            "… CPU of journal and packing, % of a core per playing plugin",
            (cpu_s + worker_s) / sounded_s * 100,
            "≤ 0.3",
            f"journal {cpu_s / sounded_s * 100:.3f} %, its worker {worker_s / sounded_s * 100:.3f} %",
        ),
    ]


_CHILDREN_S = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6
