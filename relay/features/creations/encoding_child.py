"""The process that decodes what a stranger sent: `python -m relay.features.creations.encoding_child`, and its forks.

Everything a job needs is imported and tried first; then each job gets a fork, which enters the sandbox: from there on it
reaches only the job's folder. Results are files there and an answer in JSON. It is the only part of the relay that imports
numpy or a codec.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace as replace_in

from audio.analyse.analysis import Analysis, analyse, likeness_vector
from audio.encode.flac import encode_flac
from audio.errors import EncodingFailed, UnsupportedAudio
from audio.intake import Samples, sanitize
from audio.read.clip import Clip, Lack
from audio.read.reader import read_audio
from audio.recording import Produced, produce
from relay.engine.sandbox.fork_server import serve, tell
from relay.features.creations.claims import bars_that_fit
from relay.features.creations.drawing import outline
from relay.features.creations.encoding import (
    LOSSLESS_FILE,
    PREVIEW_FILE,
    EncodeJob,
    Failed,
    Made,
    Refused,
    Vector,
    VectorJob,
)
from relay.features.creations.figures import MAX_CARD_BARS, Card, Figures
from relay.wire.rest import MAX_LACKS
from sandbox.limits import ONE_JOB
from sandbox.process import enter

REHEARSAL_FRAMES = 24_000
REHEARSED_RATES_HZ = (48_000, 96_000)  # one as it is, one converted
MAX_TRACE = 4_000
MAX_THREADS = 4  # of each job, within reason: other accounts' jobs run beside it
THREADS = min(MAX_THREADS, len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)
THREAD_BYTES = 64 << 20  # its stack, and the part that it encodes or decodes
LIMITS = replace(ONE_JOB, address_bytes=ONE_JOB.address_bytes + THREADS * THREAD_BYTES)
MAX_AT_ONCE_S = 60  # longer ones make their FLAC after all else, for want of memory
BY_RELAY = "relay"
SHARES = {"read": (0.0, 0.05), "analyse": (0.05, 0.25), "flac": (0.95, 0.98), "files": (0.98, 1.0)}
MAKING = (0.25, 0.95)
"""What share of a job is done when a stage begins and when it ends, as it takes time for music of half a minute. MAKING: all
stages of produce(), which tells how far it is by the parts of the clip that are encoded."""
REHEARSED_TITLE = "♪"  # one that Latin-1 has not: its codec is a file, too


def main() -> None:
    _rehearse()
    serve(_answer)


def _answer(data: bytes) -> bytes:
    """In the fork of one job."""
    job = msgspec.json.decode(data, type=EncodeJob | VectorJob)
    os.nice(5)
    with ThreadPoolExecutor(THREADS) as pool:
        enter([Path(job.folder)], limits=LIMITS, start_threads=partial(_start_all, pool))
        try:
            done = _listen(job) if isinstance(job, VectorJob) else _run(job, pool, tell)
            return msgspec.json.encode(done)
        except Exception:  # a full disk, or a mistake of ours: no fault of the audio
            return msgspec.json.encode(Failed(trace=traceback.format_exc()[-MAX_TRACE:]))


def _start_all(pool: ThreadPoolExecutor) -> None:
    """It would start them one by one, as there is work for them."""
    all_there = Barrier(THREADS + 1)
    for _ in range(THREADS):
        pool.submit(all_there.wait)
    all_there.wait()


def _rehearse() -> None:
    """What numpy and the codecs import or open only when first used, they must have before the sandbox."""
    noise = np.random.default_rng(0).random((REHEARSAL_FRAMES, 2), dtype=np.float32) - np.float32(0.5)
    for rate_hz in REHEARSED_RATES_HZ:
        clip = read_audio(encode_flac(noise, rate_hz).data)
        samples = sanitize(clip.samples).samples
        analyse(samples, rate_hz, transport_bpm=None, transport_meter=None, bars=None)
        likeness_vector(samples, rate_hz)
        produce(
            samples,
            rate_hz,
            title=REHEARSED_TITLE,
            bpm=120.0,
            key=None,
            bar_fractions=[0.0],
        )


class _Watch:
    """How long each stage took, by the clock, a stage that comes twice together; and what share of the job is done."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell
        self._at_s = time.perf_counter()
        self.spent_ms: dict[str, float] = {}

    def ended(self, stage: str, fraction: float = 1.0) -> None:
        now_s = time.perf_counter()
        self.spent_ms[stage] = round(self.spent_ms.get(stage, 0.0) + (now_s - self._at_s) * 1000, 1)
        self._at_s = now_s
        begin, end = SHARES.get(stage, MAKING)
        self._tell(begin + (end - begin) * fraction)


def _run(job: EncodeJob, pool: ThreadPoolExecutor, tell: Callable[[float], None]) -> Made | Refused:
    folder, watch = Path(job.folder), _Watch(tell)
    try:
        clip = read_audio((folder / job.upload_file).read_bytes())
        watch.ended("read")
        frames = len(clip.samples)
        found = _found(job, clip)
        watch.ended("analyse")
        count = bars_that_fit(job.duration_bars, found.bpm, frames / clip.sample_rate_hz)
        bars = [frame / frames for frame in job.bar_frames if frame < frames]
        if count != job.duration_bars:  # who is wrong about their number is wrong about where they lie
            bars = []
        lossless = partial(_lossless, clip.samples, clip.sample_rate_hz)
        early = pool.submit(lossless) if frames <= MAX_AT_ONCE_S * clip.sample_rate_hz else None
        vector = pool.submit(_vector, clip, found.analysis)
        made = produce(
            clip.samples,
            clip.sample_rate_hz,
            title=job.title or None,
            bpm=found.bpm,
            key=found.key,
            bar_fractions=bars,
            spread=pool.map,
            progress=watch.ended,
        )
        flac = early.result() if early is not None else lossless()
        watch.ended("flac")
    except UnsupportedAudio as error:
        return Refused(reason=error.reason)
    except MemoryError:
        return Refused(reason="This audio needs more memory than one post may; send a shorter stretch.")
    except EncodingFailed as error:
        return Refused(reason=str(error))
    (folder / PREVIEW_FILE).write_bytes(made.mp3.data)
    (folder / LOSSLESS_FILE).write_bytes(flac)
    card = replace_in(_card(made, bars, count, clip.lacks), **found.sources)
    figures = Figures(card=card, bar_fractions=bars, peak_min=made.peaks.minimum, peak_max=made.peaks.maximum)
    watch.ended("files")
    return Made(
        figures=figures, bpm=found.bpm, key=found.key, vector=vector.result(), spent_ms=watch.spent_ms
    )


def _listen(job: VectorJob) -> Vector | Refused:
    try:
        return Vector(data=_vector(read_audio((Path(job.folder) / job.upload_file).read_bytes()), None))
    except UnsupportedAudio as error:
        return Refused(reason=error.reason)
    except MemoryError:
        return Refused(reason="This audio needs more memory than one job may.")


def _vector(clip: Clip, analysis: Analysis | None) -> bytes:
    """analysis: of the clip, where there is one."""
    if analysis is not None:
        return analysis.embedding.tobytes()
    return likeness_vector(sanitize(clip.samples).samples, clip.sample_rate_hz).tobytes()


@dataclass(frozen=True)
class _Found:
    """sources: of what the relay found, as fields of a Card. analysis: None where nothing had to be found."""

    bpm: float | None
    key: str | None
    sources: dict[str, Any]  # any: words and numbers
    analysis: Analysis | None


def _found(job: EncodeJob, clip: Clip) -> _Found:
    """Tempo and key as they are given, and what is not given as it is found. Unknown stays unknown."""
    bpm, key, sources, analysis = job.bpm, job.key, dict[str, Any](), None
    if job.analyse and (bpm is None or key is None):
        analysis = analyse(
            sanitize(clip.samples).samples,
            clip.sample_rate_hz,
            transport_bpm=bpm,
            transport_meter=None,
            bars=None,
            length_is_exact=clip.length_is_exact,
        )
        if bpm is None and analysis.tempo.bpm is not None:
            bpm = round(analysis.tempo.bpm, 2)
            sources |= {"bpm_source": BY_RELAY, "bpm_confidence": analysis.tempo.confidence}
        if key is None and analysis.key.key is not None:
            key = str(analysis.key.key)
            sources |= {"key_source": BY_RELAY, "key_confidence": analysis.key.confidence}
    return _Found(bpm=bpm, key=key, sources=sources, analysis=analysis)


def _card(made: Produced, bars: list[float], bar_count: int | None, lacks: Sequence[Lack]) -> Card:
    """bars: where they begin, as fractions."""
    return Card(
        frames=made.frames,
        sample_rate_hz=made.sample_rate_hz,
        duration_ms=round(made.frames * 1000 / made.sample_rate_hz),
        duration_bars=bar_count,
        lufs=made.lufs_out,
        dbtp=made.dbtp_out,
        loudness_reason=str(made.loudness_reason.value),
        mp3_frames=made.mp3.frames,
        mp3_rate_hz=made.mp3.sample_rate_hz,
        bar_fractions=[round(each, 5) for each in bars] if len(bars) <= MAX_CARD_BARS else [],
        outline=outline(made.peaks.minimum, made.peaks.maximum),
        lra_lu=made.loudness.range_lu,
        seam_score=None if made.seam is None else made.seam.score,
        lacks=[lack.says for lack in lacks][:MAX_LACKS],
    )


def _lossless(samples: Samples, sample_rate_hz: int) -> bytes:
    return encode_flac(sanitize(samples).samples, sample_rate_hz).data


if __name__ == "__main__":
    main()
