"""Sound that is analysed while it comes: ten times a second what the last moments are like, every two seconds a tempo.

Figures are those of a clip that ends now (audio.measure, audio.analyse), so they mean what they mean elsewhere. Memory and time are bounded:
nothing older than MEMORY_S is kept. Not here: where the sound comes from.
"""

from dataclasses import dataclass, field

import numpy as np

from audio.analyse.analysis import analyse
from audio.analyse.descriptors import WINDOW_FRAMES, describe_mono
from audio.analyse.onsets import HOP_FRAMES as ONSET_HOP_FRAMES
from audio.analyse.onsets import WINDOW_FRAMES as ONSET_WINDOW_FRAMES
from audio.analyse.onsets import onset_envelope, onset_times_s
from audio.analyse.spectrum import ANALYSIS_RATE_HZ, Frames, at_full_scale, magnitudes, one_channel
from audio.intake import Samples, require_rate, require_shape, sanitize
from audio.measure.loudness import BLOCK_HOPS, HOP_MS, loudness_curve
from audio.measure.peak import decibels, sample_peak

STEP_S = 0.1
"""From one moment to the next."""
TEMPO_EVERY_S = 2.0
MEMORY_S = 12.0
"""What a tempo is heard in."""
BAND_EDGES_HZ = tuple(ANALYSIS_RATE_HZ / 2 ** (1 + n / 2) for n in range(16, -1, -1))
"""Half octaves, the lowest from 43 Hz on."""
FLOOR_DBFS = -100.0
"""Below it a band is said to be silent."""
LEAST_TEMPO_S = 6.0
"""Before so much has been heard none is told: any three hits are in some tempo."""
MOMENTARY_S = BLOCK_HOPS * HOP_MS / 1000
_LEAD_S = 0.6  # in which the K filter forgets that it began
_ONSETS_S = 3.0  # in which the threshold of an onset is found
_SURE_AFTER_S = 0.1  # what comes later may still be the higher peak
_APART_S = 0.05  # two onsets nearer than this are one


@dataclass(frozen=True, kw_only=True)
class Moment:
    """at_s: its end, from the start of the stream. level_dbfs, peak_dbfs: of the STEP_S before, None: digital silence. momentary_lufs: None
    below -70 and before MOMENTARY_S. centroid_hz, chroma (C first, the strongest 1): of the last 93 ms, zeros for silence. bands_dbfs: RMS of these in each of BAND_EDGES_HZ, so
    that their powers sum up to the level; FLOOR_DBFS at the least. onsets_s: those that are
    sure since the moment before.
    """

    at_s: float
    level_dbfs: float | None
    peak_dbfs: float | None
    momentary_lufs: float | None
    centroid_hz: float
    chroma: tuple[float, ...]
    bands_dbfs: tuple[float, ...]
    onsets_s: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class TempoNow:
    """Of the last MEMORY_S at at_s. bpm None: none is heard."""

    at_s: float
    bpm: float | None
    confidence: float


@dataclass(eq=False)
class Stream:
    """One stream of sound. sample_rate_hz, channels: as of all that is pushed. [one thread]"""

    sample_rate_hz: int
    channels: int
    frames: int = 0
    """Analysed so far."""
    _waiting: list[Samples] = field(default_factory=list)
    _recent: Samples = field(init=False)
    _told_s: float = -1.0
    _tempo_due_s: float = TEMPO_EVERY_S

    def __post_init__(self) -> None:
        """Raises UnsupportedAudio."""
        require_rate(self.sample_rate_hz)
        self._recent = np.zeros((0, self.channels), np.float32)
        require_shape(np.zeros((1, self.channels), np.float32))

    def push(self, samples: Samples) -> list[Moment | TempoNow]:
        """What is to be told by now. samples: any float32 bits, (frames >= 1, channels). Raises UnsupportedAudio."""
        self._waiting.append(sanitize(samples).samples)
        coming = np.concatenate(self._waiting)
        told, at = list[Moment | TempoNow](), 0
        while len(coming) - at >= (step := self._next_frames()):
            told += self._step(coming[at : at + step])
            at += step
        self._waiting = [coming[at:]] if at < len(coming) else []
        return told

    def _next_frames(self) -> int:
        """Steps end at the frames nearest to multiples of STEP_S, whatever the rate."""
        n = round(self.frames / self.sample_rate_hz / STEP_S) + 1
        return round(n * STEP_S * self.sample_rate_hz) - self.frames

    def _step(self, block: Samples) -> list[Moment | TempoNow]:
        self.frames += len(block)
        kept = round(MEMORY_S * self.sample_rate_hz)
        self._recent = np.concatenate([self._recent, block])[-kept:]
        at_s = self.frames / self.sample_rate_hz
        told: list[Moment | TempoNow] = [self._moment(block, at_s)]
        if at_s + STEP_S / 2 >= self._tempo_due_s:
            self._tempo_due_s += TEMPO_EVERY_S
            told.append(self._tempo(at_s))
        return told

    def _moment(self, block: Samples, at_s: float) -> Moment:
        power = float(np.square(block, dtype=np.float64).mean())
        mono = one_channel(self._tail(_ONSETS_S), self.sample_rate_hz)
        last = _last(mono, WINDOW_FRAMES)
        seen = describe_mono(last, lambda _: None)
        middle = WINDOW_FRAMES // 2 // (WINDOW_FRAMES // 4)  # the frame that has all of it
        return Moment(
            at_s=round(at_s, 4),
            level_dbfs=decibels(float(np.sqrt(power))),
            peak_dbfs=decibels(sample_peak(block)),
            momentary_lufs=self._momentary(at_s),
            centroid_hz=round(float(seen.centroid_hz[middle]), 2),
            chroma=tuple(round(float(each), 4) for each in seen.chroma[middle]),
            bands_dbfs=_bands_dbfs(last),
            onsets_s=self._onsets(mono, at_s),
        )

    def _momentary(self, at_s: float) -> float | None:
        if at_s + STEP_S / 2 < MOMENTARY_S:
            return None
        tail = self._tail(MOMENTARY_S + _LEAD_S)
        return loudness_curve(tail, self.sample_rate_hz, as_played=True).momentary_lufs[-1]

    def _onsets(self, mono: Frames, at_s: float) -> tuple[float, ...]:
        """In the last _ONSETS_S; each once."""
        spectra = magnitudes(at_full_scale(mono), ONSET_WINDOW_FRAMES, ONSET_HOP_FRAMES)
        begins_s = at_s - len(mono) / ANALYSIS_RATE_HZ
        found = [begins_s + each for each in onset_times_s(onset_envelope(spectra))]
        sure = list[float]()
        for each in found:
            if self._told_s + _APART_S < each <= at_s - _SURE_AFTER_S and each > at_s - _ONSETS_S / 2:
                sure.append(round(each, 3))
                self._told_s = each
        return tuple(sure)

    def _tempo(self, at_s: float) -> TempoNow:
        if at_s < LEAST_TEMPO_S:
            return TempoNow(at_s=round(at_s, 4), bpm=None, confidence=0.0)
        found = analyse(
            self._recent,
            self.sample_rate_hz,
            transport_bpm=None,
            transport_meter=None,
            bars=None,
            length_is_exact=False,
        ).tempo
        return TempoNow(at_s=round(at_s, 4), bpm=found.bpm, confidence=found.confidence)

    def _tail(self, seconds: float) -> Samples:
        return self._recent[-round(seconds * self.sample_rate_hz) :]


def _bands_dbfs(window: Frames) -> tuple[float, ...]:
    """window: (WINDOW_FRAMES,)."""
    spectrum = magnitudes(window, WINDOW_FRAMES, WINDOW_FRAMES // 2)[1]  # centred on the middle
    hz = np.arange(len(spectrum)) * (ANALYSIS_RATE_HZ / WINDOW_FRAMES)
    power = (
        np.square(spectrum.astype(np.float64)) / 3.0
    )  # of a Hann window whose full-scale sine reads 1.0: its mean square
    found = np.add.reduceat(power, np.searchsorted(hz, BAND_EDGES_HZ[:-1]))
    levels = 10 * np.log10(np.maximum(found, 10 ** (FLOOR_DBFS / 10)))
    return tuple(round(float(each), 1) for each in levels)


def _last(mono: Frames, frames: int) -> Frames:
    """So many; what was before the stream is silence."""
    return np.pad(mono[-frames:], (max(0, frames - len(mono)), 0))
