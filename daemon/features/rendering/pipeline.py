"""The pipeline on one clip, for the worker and for `sidechain process`: what it is made of, and what it becomes.

Order of events: the lossless copy and the analysis, side by side, so that an upload may start and say what was heard; then
levelling and encoding, which nobody waits for. No file is read or written here but the cache's.
"""

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from audio.analyse.analysis import Analysis, analyse
from audio.analyse.tempo import Tempo
from audio.draw.zoom import zoom_levels
from audio.encode.flac import encode_flac
from audio.errors import AudioError
from audio.intake import Intake, Samples, sanitize
from audio.measure.warnings import warnings
from audio.recording import Produced, produce
from audio.spread import one_by_one
from bridge.system import step_thread_back, usable_cores
from daemon.core.analysis import TakeAnalysis, TakeWarning
from daemon.features.rendering.render_cache import Cache, content_key
from relay.wire.rest import FigureSource

Progress = Callable[[str, float], None]
Figures = dict[str, str | int | float | None]


class Settings(Struct, frozen=True, kw_only=True):
    """All that decides what is made of a clip, besides its samples. Unknown is None.

    bpm_source: who said bpm. tempo_varies: the transport did, and no one tempo is right. key: as the person or the file says, key_source: which of them.
    bar_fractions: bar lines, 0..1 of the clip. limiter: let peaks be taken down to reach the target.
    length_is_exact: see audio.read.clip.
    """

    title: str
    bpm: float | None = None
    bpm_source: FigureSource = "transport"
    tempo_varies: bool = False
    meter: tuple[int, int] | None = None
    bars: int | None = None
    key: str | None = None
    key_source: FigureSource = "given"
    bar_fractions: tuple[float, ...] = ()
    limiter: bool = False
    length_is_exact: bool = True


class Lossless(Struct, frozen=True, kw_only=True):
    """What is ready first. flac: the clip as it is, 24 bits."""

    flac: bytes
    analysis: TakeAnalysis


class Levelled(Struct, frozen=True, kw_only=True):
    """figures: of audio.recording. peaks: as audiowaveform's JSON, the finest level; peaks_dat: all of them."""

    mp3: bytes
    waveform_svg: str
    peaks: bytes
    peaks_dat: dict[int, bytes]
    figures: Figures


class Made(Struct, frozen=True, kw_only=True):
    lossless: Lossless
    levelled: Levelled


_made = msgspec.msgpack.Decoder(Made)

MAX_THREADS = 8
NICE = 15
"""Of the threads that level: behind the DAW, and behind a relay on the same machine that makes the post."""
P = TypeVar("P")
R = TypeVar("R")


def _ignore(_: object) -> None:
    pass


@dataclass(frozen=True)
class Cores:
    """Threads for make(): one for each core, of three and more one is left to the DAW. first: for what an upload waits for."""

    first: ThreadPoolExecutor
    rest: ThreadPoolExecutor

    def spread(self, run: Callable[[P], R], parts: Iterable[P]) -> Iterable[R]:
        """audio.spread.Spread, by those that level."""
        return self.rest.map(run, parts)


def all_cores(*, step_back: bool) -> Cores | None:
    """None where there is one core. step_back: levelling goes behind whatever else this machine does (Linux)."""
    cores = usable_cores()
    if cores == 1:
        return None
    threads = min(MAX_THREADS, max(2, cores - 1))
    behind = partial(step_thread_back, NICE) if step_back else None
    # One more than there are cores: it hands out the parts, and waits for them.
    return Cores(ThreadPoolExecutor(1, "first"), ThreadPoolExecutor(threads + 1, "rest", initializer=behind))


def make(
    samples: Samples,
    sample_rate_hz: int,
    settings: Settings,
    *,
    cache: Cache | None,
    cores: Cores | None = None,
    copied: Callable[[bytes], None] = _ignore,
    early: Callable[[Lossless], None] = _ignore,
    progress: Progress,
) -> Made:
    """The same clip with the same settings comes from the cache. With and without cores the result is the same. [worker]

    samples: any float32 bits, (frames >= 1, 1 or 2 channels). copied: called with the FLAC as soon as that is there, on another
    thread if there are cores; then early. Raises AudioError, and what these two raise.
    """
    key = content_key(samples, sample_rate_hz, msgspec.msgpack.encode(settings)) if cache else ""
    if cache and (known := _recalled(cache, key)):
        copied(known.lossless.flac)
        early(known.lossless)
        progress("recall", 1.0)
        return known
    lossless = _lossless(samples, sample_rate_hz, settings, cores, copied)
    early(lossless)
    levelled = _level(samples, sample_rate_hz, settings, lossless.analysis, cores, progress)
    made = Made(lossless=lossless, levelled=levelled)
    if cache:
        cache.put(key, msgspec.msgpack.encode(made))
    return made


def _level(
    samples: Samples,
    sample_rate_hz: int,
    settings: Settings,
    analysis: TakeAnalysis,
    cores: Cores | None,
    progress: Progress,
) -> Levelled:
    def level() -> Levelled:
        produced = produce(
            samples,
            sample_rate_hz,
            title=settings.title or None,
            bpm=analysis.bpm,
            key=analysis.key,
            limiter=settings.limiter,
            bar_fractions=settings.bar_fractions,
            spread=cores.spread if cores else one_by_one,
            progress=progress,
        )
        return _levelled(produced)

    return cores.rest.submit(level).result() if cores else level()


def _lossless(
    samples: Samples,
    sample_rate_hz: int,
    settings: Settings,
    cores: Cores | None,
    copied: Callable[[bytes], None],
) -> Lossless:
    """The FLAC and what is heard, side by side where there are cores."""
    intake = sanitize(samples)

    def copy() -> bytes:
        flac = encode_flac(intake.samples, sample_rate_hz).data
        copied(flac)
        return flac

    copying = cores.first.submit(copy) if cores else _at_once(copy)
    try:
        analysis = _analysed(intake, sample_rate_hz, settings)
    finally:  # also when it failed: nobody may hear of a clip after its end
        flac = copying.result()
    return Lossless(flac=flac, analysis=analysis)


def _at_once(work: Callable[[], bytes]) -> Future[bytes]:
    done = Future[bytes]()
    done.set_result(work())
    return done


def _recalled(cache: Cache, key: str) -> Made | None:
    data = cache.get(key)
    try:
        return _made.decode(data) if data is not None else None
    except msgspec.DecodeError:  # whole, but not ours
        return None


def _levelled(produced: Produced) -> Levelled:
    levels = zoom_levels(produced.decoded, produced.mp3.sample_rate_hz)
    return Levelled(
        mp3=produced.mp3.data,
        waveform_svg=produced.waveform_svg,
        peaks=levels[0].json(),
        peaks_dat={level.frames_per_point: level.dat() for level in levels},
        figures=produced.facts(),
    )


def _analysed(intake: Intake, sample_rate_hz: int, settings: Settings) -> TakeAnalysis:
    """What is heard; a failure of the analysis must not cost anybody their take."""
    found = tuple(TakeWarning(kind=each.kind, says=each.says) for each in warnings(intake, sample_rate_hz))
    try:
        return plain_analysis(analyse_clip(intake.samples, sample_rate_hz, settings), settings, found)
    except AudioError:
        raise
    except Exception as error:
        print(f"the analysis failed: {type(error).__name__}: {error}", file=sys.stderr)
        source = settings.bpm_source if settings.bpm else None
        return TakeAnalysis(bpm=settings.bpm, bpm_source=source, key=settings.key, warnings=found)


def analyse_clip(samples: Samples, sample_rate_hz: int, settings: Settings) -> Analysis:
    """The analysis with what is known already. samples: as sanitize() returns them. [worker]"""
    return analyse(
        samples,
        sample_rate_hz,
        transport_bpm=settings.bpm,
        transport_meter=settings.meter,
        bars=None if settings.tempo_varies else settings.bars,
        length_is_exact=settings.length_is_exact,
    )


def plain_analysis(found: Analysis, settings: Settings, warned: tuple[TakeWarning, ...] = ()) -> TakeAnalysis:
    """As plain values. [any]"""
    tempo, key = found.tempo, found.key
    if settings.tempo_varies:
        tempo = Tempo(None, None, 0.0)
    known = str(key.key) if key.key else None
    silent = not found.embedding.any()
    source: FigureSource | None = settings.bpm_source if settings.bpm else _source(tempo)
    return TakeAnalysis(
        bpm=tempo.bpm,
        bpm_source=source,
        bpm_confidence=round(tempo.confidence, 3),
        bpm_alternatives=tuple(round(bpm, 3) for bpm in tempo.alternatives),
        key=settings.key or known,
        key_source=settings.key_source if settings.key else "audio" if known else None,
        key_confidence=1.0 if settings.key else round(key.confidence, 3),
        key_alternatives=tuple((str(each), round(share, 3)) for each, share in key.alternatives),
        camelot=key.key.camelot if key.key and not settings.key else None,
        onsets=len(found.onsets_s),
        centroid_hz=None if silent else round(found.spectrum.centroid_hz, 1),
        bandwidth_hz=None if silent else round(found.spectrum.bandwidth_hz, 1),
        flatness=None if silent else round(found.spectrum.flatness, 5),
        warnings=warned,
        fingerprint=found.fingerprint.astype("<u4").tobytes(),
        embedding=b"" if silent else found.embedding.astype(np.dtype("<f4")).tobytes(),
    )


def _source(tempo: Tempo) -> FigureSource | None:
    if tempo.source is None:
        return None
    return "length" if tempo.source == "length" else "audio"
