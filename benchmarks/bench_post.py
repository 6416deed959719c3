"""*Keep and post* until the follower's daemon tells it: where the time goes, stage by stage, beside LAME alone.

A relay, two daemons and a native host as processes of their own on this machine. Each round the host plays eight bars that
nobody played before, so nothing comes from a cache; the take is kept with post, and the clock runs from the request to the
follower's event. The stages are read from the processes' own logs, which say them at level debug. They are medians of
when a stage was over; some overlap, so a difference between two lines is not always what the second one took.
"""

import asyncio
import json
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import lameenc
import numpy as np
import soundfile
from numpy.typing import NDArray

import bridge.control as c
from audio.encode.mp3 import BITRATE_KBPS, DEFAULT_QUALITY
from daemon.cli.groove import groove
from daemon.cli.stage import RunningDaemon, Stage, until

RATE_HZ = 48_000
BARS, BPM = 8, 120.0
ROUNDS = 20
DEADLINE_S = 60.0
Row = tuple[str, float | str, str, str]


@dataclass(frozen=True)
class Mark:
    """The end of a stage: the first line of a log, or the last one, that says so. who: whose log."""

    what: str
    who: str
    says: str
    last: bool = False


MARKS = (
    Mark("lossless copy durable", "daemon-a", r"TakeProgressed .*stage=flac"),
    Mark("analysed: the post can say it", "daemon-a", r"TakeAnalysed"),
    Mark("entry picked", "daemon-a", r"EntryChanged .* uploading"),
    Mark("upload begun, its first part safe", "daemon-a", r"POST \S+/uploads:"),
    Mark("last part safe", "daemon-a", r"(POST|PATCH) \S+/uploads\S*:", last=True),
    Mark("relay: job taken", "relay", r"job \w+ is taken"),
    Mark("relay: upload fetched", "relay", r"job \w+: encode"),
    Mark("relay: encoded", "relay", r"job \w+: store"),
    Mark("relay: committed and told", "relay", r"commit \d+ is told", last=True),
    Mark("follower's daemon has it", "daemon-b", r"ItemArrived"),
)


@dataclass
class Rounds:
    """Seconds from the request, one entry per round."""

    kept_s: list[float] = field(default_factory=list)
    arrived_s: list[float] = field(default_factory=list)
    lame_s: list[float] = field(default_factory=list)
    marks_s: dict[str, list[float]] = field(default_factory=dict)
    child_ms: dict[str, list[float]] = field(default_factory=dict)


def rows() -> list[Row]:
    """One line per figure, then the stages. About 60 s."""
    with tempfile.TemporaryDirectory(prefix="sdc-bench-") as name:
        return _table(asyncio.run(_measure(Path(name))))


def _table(found: Rounds) -> list[Row]:
    p50, p95 = statistics.median(found.arrived_s), _p95(found.arrived_s)
    lame_s = statistics.median(found.lame_s)
    table: list[Row] = [
        ("keep and post → follower's event, p50, s", p50, "<= 0.5", f"{len(found.arrived_s)} rounds"),
        ("keep and post → follower's event, p95, s", p95, "<= 0.8", ""),
        ("… the quickest round, s", min(found.arrived_s), "", "what others' load left alone"),
        ("… over LAME alone on the same audio, p50", p50 / lame_s, "", f"LAME {lame_s * 1000:.0f} ms"),
    ]
    stages = [("kept, durable", found.kept_s), *found.marks_s.items()]
    before_ms = 0.0
    for what, seconds in sorted(stages, key=lambda stage: statistics.median(stage[1])):
        ms = statistics.median(seconds) * 1000
        table.append((f"  {what}, ms", round(ms, 1), "", f"+{ms - before_ms:.0f}"))
        before_ms = ms
    table += [
        (f"  of these in the encoder: {stage}, ms", round(statistics.median(ms), 1), "", "")
        for stage, ms in found.child_ms.items()
    ]
    return table


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[18]


async def _measure(folder: Path) -> Rounds:
    async with Stage(folder) as stage:
        _, relay_url = await stage.relay("--log-level", "debug")
        producer = await stage.daemon("a", relay_url, log_level="debug")
        follower = await stage.daemon("b", relay_url, log_level="debug")
        await producer.client.request(c.ClaimDevice(username="night.owl"))
        await follower.client.request(c.ClaimDevice(username="night.listener"))
        await follower.client.request(c.FollowUser(username="night.owl"))
        for daemon in (producer, follower):
            await daemon.client.request(c.Subscribe())
        found = Rounds()
        await _round(stage, producer, follower, -1, Rounds())  # all is imported, connections stand
        for number in range(ROUNDS):
            await _round(stage, producer, follower, number, found)
        return found


async def _round(
    stage: Stage, producer: RunningDaemon, follower: RunningDaemon, number: int, found: Rounds
) -> None:
    sound = await asyncio.to_thread(_music, number)
    wav = stage.folder / f"loop{number}.wav"
    await asyncio.to_thread(soundfile.write, wav, sound, RATE_HZ, subtype="FLOAT")
    host = await stage.host(
        producer.run,
        "--tempo",
        f"{BPM:g}",
        "--speed",
        "16",
        "--hold",
        "--wait-attached",
        "10",
        "--host-name",
        f"host{number}",
        str(wav),
        name=f"host{number}",
    )
    async with asyncio.timeout(DEADLINE_S):
        await host.event("played")
        at_producer, at_follower = producer.client.events(), follower.client.events()
        began_unix_s, began_s = time.time(), time.perf_counter()
        kept = await producer.client.request(c.KeepTake(bars=BARS, title=f"loop {number}", post=True))
        kept_s = time.perf_counter() - began_s
        assert isinstance(kept, c.OneTake)
        await until(at_follower, c.ItemArrived)
        arrived_s = time.perf_counter() - began_s
        take = kept.take
        while take.state != "ready" or take.entry_state != "accepted":
            assert take.state != "failed", take.error
            take = (await until(at_producer, c.TakeChanged)).take
        await host.command("quit")
    found.kept_s.append(kept_s)
    found.arrived_s.append(arrived_s)
    found.lame_s.append(await asyncio.to_thread(_lame_s, sound))
    _read_logs(stage.folder, began_unix_s, found)


def _music(number: int) -> NDArray[np.float32]:
    """Eight bars and one before them, the same each time but for a noise that no ear would notice."""
    played = groove(BPM, BARS + 1, RATE_HZ)
    noise = np.random.default_rng(number + 1).standard_normal(played.shape)
    return np.asarray(played + 1e-4 * noise, np.float32)


def _lame_s(sound: NDArray[np.float32]) -> float:
    """LAME at the quality in use on one core, with ready samples of the same eight bars."""
    frames = round(BARS * 240 / BPM * RATE_HZ)
    pcm = np.rint(sound[-frames:] * 32767).astype("<i2").tobytes()
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(BITRATE_KBPS)
    encoder.set_in_sample_rate(RATE_HZ)
    encoder.set_channels(2)
    encoder.set_quality(DEFAULT_QUALITY)
    encoder.silence()
    began_s = time.perf_counter()
    encoder.encode(pcm)
    encoder.flush()
    return time.perf_counter() - began_s


# what the processes say of themselves -------------------------------------------------------------------------------

Line = tuple[float, str]
"""When, Unix seconds, and what was said."""


def _read_logs(folder: Path, began_s: float, found: Rounds) -> None:
    """The stages of the round that began then. A stage that no log tells is a fault of this file."""
    readers: dict[str, Callable[[str], Line | None]] = {
        "relay": _of_relay,
        "daemon-a": _of_daemon,
        "daemon-b": _of_daemon,
    }
    logs = {who: _since(folder / f"{who}.log", read, began_s) for who, read in readers.items()}
    ends_s = next(at for at, said in logs["daemon-b"] if "ItemArrived" in said)
    for mark in MARKS:
        told = [
            at
            for at, said in logs[mark.who]
            if re.search(mark.says, said) and (not mark.last or at <= ends_s)
        ]
        assert told, f"no log tells: {mark.what}"
        found.marks_s.setdefault(mark.what, []).append(told[-1 if mark.last else 0] - began_s)
    encoded = next(said for _, said in logs["relay"] if "encoded:" in said)
    for stage, ms in re.findall(r"(\w+) ([\d.]+) ms", encoded):
        found.child_ms.setdefault(stage, []).append(float(ms))


def _since(log: Path, read: Callable[[str], Line | None], began_s: float) -> list[Line]:
    lines = (read(line) for line in log.read_text(errors="replace").splitlines())
    return [line for line in lines if line is not None and line[0] >= began_s - 0.001]


def _of_daemon(line: str) -> Line | None:
    found = re.match(r"(\d+-\d+-\d+ [\d:]+),(\d{3}) \w+ (.*)", line)
    if found is None:
        return None
    return datetime.fromisoformat(found[1]).timestamp() + int(found[2]) / 1000, found[3]


def _of_relay(line: str) -> Line | None:
    try:
        said = json.loads(line)
    except json.JSONDecodeError:
        return None
    return datetime.fromisoformat(said["time"]).timestamp(), str(said["message"])
