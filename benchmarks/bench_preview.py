"""From the click on *play* to the first sound out of the host, in the native host at real time with blocks of 512.

The clock starts when the host is told to play and ends when its plugin says that frames of the preview have gone out: an
upper bound, for the plugin's worker says so up to 20 ms after the audio thread has played them. Nothing is paced by us.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import soundfile

import bridge.control as c
from daemon.cli.groove import groove
from daemon.cli.stage import RunningDaemon, RunningHost, Stage, until

RATE_HZ = 48_000
ROUNDS = 20
LIMIT = "p95 < 100"
Row = tuple[str, float, str, str]


def rows() -> list[Row]:
    """One line per figure. About 40 s."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        return asyncio.run(_measure(Path(name)))


async def _measure(folder: Path) -> list[Row]:
    async with Stage(folder) as stage:
        daemon = await stage.daemon("a")
        wav = folder / "loop.wav"
        await asyncio.to_thread(soundfile.write, wav, groove(128.0, 9, RATE_HZ), RATE_HZ, subtype="FLOAT")
        host = await stage.host(
            daemon.run, "--tempo", "128", "--repeat", "0", "--wait-attached", "20", str(wav)
        )
        await host.event("attached")
        await asyncio.sleep(5)
        kept = await daemon.client.request(c.KeepTake(bars=2))
        assert isinstance(kept, c.OneTake)
        await _click(daemon, host, kept.take.take_id)
        ready = [await _click(daemon, host, kept.take.take_id) for _ in range(ROUNDS)]
        unready = []
        for _ in range(ROUNDS):
            for fitted in (daemon.data / "previews").glob("*.f32"):
                fitted.unlink()
            unready.append(await _click(daemon, host, kept.take.take_id))
    return [
        ("click to first sound, ready on the disk, ms (p50)", _p(ready, 10), "", f"{ROUNDS} clicks"),
        ("  the same, p95", _p(ready, 19), LIMIT, ""),
        ("click to first sound, still to be decoded, ms (p50)", _p(unready, 10), "", "worker warm"),
        ("  the same, p95", _p(unready, 19), LIMIT, ""),
    ]


async def _click(daemon: RunningDaemon, host: RunningHost, take_id: str) -> float:
    """Milliseconds until it sounds; then it is stopped, and over."""
    events = daemon.client.events()
    await daemon.client.request(c.Subscribe())
    started = time.perf_counter()
    await host.command(f"preview take {take_id}")
    while (await until(events, c.PreviewChanged)).preview.state != "playing":
        continue
    sounding = time.perf_counter()
    await host.command("preview stop")
    while (await until(events, c.PreviewChanged)).preview.state != "ended":
        continue
    await asyncio.sleep(0.05)
    return (sounding - started) * 1000


def _p(values: list[float], twentieth: int) -> float:
    return statistics.quantiles(values, n=20)[twentieth - 1]
