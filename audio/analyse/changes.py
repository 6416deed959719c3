"""What changed from one bounce of a piece to the next: laid over one another, then band by band and moment by moment.

Not likeness (audio.analyse.comparison): the two must be of one thing, and if they are not, that is all that is said.

Alignment: the highest cross-correlation of both, over the root of the energies that overlap there; first below 1.4 kHz, where a whole piece costs
little, then to the frame. Levels: of the spectra of both, in bands as mixers name them. What is unlike is what is left when the one, with its own gain,
is taken from the other.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
import soxr
from numpy.typing import NDArray

from audio.analyse.shapes import BandChange, Changes, Stretch
from audio.intake import Samples, require_rate, require_shape
from audio.rate import convert

BANDS = (
    ("sub", 20, 60),
    ("bass", 60, 250),
    ("low mids", 250, 500),
    ("mids", 500, 2_000),
    ("high mids", 2_000, 5_000),
    ("highs", 5_000, 20_000),
)
"""Name, from and to, Hz."""
MIN_CORRELATION = 0.3
"""Below it the two are not of one thing: two loops of different songs have less, a mix with another bass line has more."""
MIN_OVERLAP = 0.5  # of the shorter one
MIN_S = 0.1  # a shorter sound fits anywhere
HEARD_DB = 0.5  # a change of level that is told
UNLIKE_DB = (
    -6.0
)  # what is left over after that, over the louder: something else plays. An MP3 of 128 kbit/s stays below
HEARD_BAND_DB = -40.0  # below the loudest moment: a band that nobody hears beside the others
MOST_STRETCHES = 5  # that are told one by one
MOST_ALIKE_DB = -120.0
MOMENT_S = 0.5
_COARSE_HZ = 2_756  # 22,050 / 8
_FINE_S, _FINE_REACH_S = 20.0, 0.002
_WINDOW_FRAMES = 4_096
_PIECE = 256  # spectra at a time: bounds memory
_TINY = 1e-12

Mono = NDArray[np.float32]


def changes(before: Samples, before_hz: int, after: Samples, after_hz: int) -> Changes:
    """before, after: finite float32 (frames >= 1, 1 or 2 channels). Raises UnsupportedAudio. [worker]

    The second is brought to the rate of the first; both are compared as one channel.
    """
    for samples, rate_hz in ((before, before_hz), (after, after_hz)):
        require_rate(rate_hz)
        require_shape(samples)
    one, other = _mono(before), _mono(convert(after, after_hz, before_hz))
    offset, correlation = aligned(one, other, before_hz)
    found = Changes(
        aligned=abs(correlation) >= MIN_CORRELATION,
        offset_s=None,
        correlation=round(correlation, 4),
        gain_db=None,
        added_s=round(len(after) / after_hz - len(before) / before_hz, 4),
        bands=(),
        stretches=(),
        says=("These are not bounces of one thing: nothing in them fits.",),
    )
    if not found.aligned:
        return found
    found = msgspec.structs.replace(found, offset_s=round(offset / before_hz, 6))
    mine, theirs = overlap(one, other, offset)
    return _of_aligned(mine, theirs, before_hz, max(0, -offset) / before_hz, found)


def aligned(one: Mono, other: Mono, rate_hz: int) -> tuple[int, float]:
    """(by how many frames the second is later, correlation there -1..1). 0, 0.0 when one of them is silent or below MIN_S. [worker]"""
    if min(len(one), len(other)) < MIN_S * rate_hz or not one.any() or not other.any():
        return 0, 0.0
    coarse = [
        np.asarray(soxr.resample(each, rate_hz, _COARSE_HZ, quality="QQ"), np.float32)
        for each in (one, other)
    ]
    lag = _best_lag(*coarse)
    centre = round(lag * rate_hz / _COARSE_HZ)
    mine, theirs = overlap(one, other, centre)
    first = max(0, (len(mine) - round(_FINE_S * rate_hz)) // 2)
    part = slice(first, first + round(_FINE_S * rate_hz))
    reach = max(2, round(_FINE_REACH_S * rate_hz))
    fine = _cross(mine[part], theirs[part])
    near = np.arange(-reach, reach + 1)
    best = int(near[np.argmax(np.abs(fine[near]))]) if len(fine) > 2 * reach else 0
    return centre + best, _correlation(one, other, centre + best)


def overlap(one: Mono, other: Mono, offset: int) -> tuple[Mono, Mono]:
    """The frames that both have once the second is moved earlier by `offset`. [any]"""
    mine, theirs = one[max(0, -offset) :], other[max(0, offset) :]
    both = min(len(mine), len(theirs))
    return mine[:both], theirs[:both]


def _best_lag(one: Mono, other: Mono) -> int:
    """Of all lags at which enough of both overlaps. The cross-correlation at a lag, over the root of both energies there."""
    curve = _cross(one, other)
    shorter = min(len(one), len(other))
    least = max(1, round(MIN_OVERLAP * shorter))
    lags = np.arange(least - len(one), len(other) - least + 1)
    firsts, ends = np.maximum(0, -lags), np.minimum(len(one), len(other) - lags)
    mine, theirs = (
        np.concatenate([[0.0], np.cumsum(np.square(each, dtype=np.float64))]) for each in (one, other)
    )
    energy = (mine[ends] - mine[firsts]) * (theirs[ends + lags] - theirs[firsts + lags])
    most = float(energy.max(initial=0.0))
    worth = np.abs(curve[lags]) / np.sqrt(np.maximum(energy, most * 1e-4 + _TINY))
    return int(lags[np.argmax(worth)])


def _cross(one: Mono, other: Mono) -> NDArray[np.float64]:
    """At index n (negative ones from the end): sum of one[t] * other[t + n]."""
    size = 1 << int(np.ceil(np.log2(len(one) + len(other))))
    curve: NDArray[np.float64] = np.fft.irfft(
        np.conj(np.fft.rfft(one, size)) * np.fft.rfft(other, size), size
    )
    return curve


def _correlation(one: Mono, other: Mono, offset: int) -> float:
    mine, theirs = overlap(one, other, offset)
    size = np.sqrt(_energy(mine) * _energy(theirs))
    return float(np.einsum("i,i->", mine, theirs, dtype=np.float64) / size) if size > _TINY else 0.0


@dataclass(frozen=True, eq=False)
class _Powers:
    """(frames, bands): of the first, of the second, and what they have in common (the real part of the cross-spectrum)."""

    one: NDArray[np.float64]
    other: NDArray[np.float64]
    common: NDArray[np.float64]

    def unlike(self, gains: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What is left of the second once the first, with these gains, is taken from it; and the louder of both."""
        mine = self.one * np.square(gains)
        return np.maximum(mine + self.other - 2 * gains * self.common, 0), np.maximum(mine, self.other)


def _powers(one: Mono, other: Mono, rate_hz: int) -> _Powers:
    window = np.hanning(_WINDOW_FRAMES + 1)[:-1].astype(np.float32)
    hz = np.arange(_WINDOW_FRAMES // 2 + 1) * rate_hz / _WINDOW_FRAMES
    edges = np.searchsorted(hz, [BANDS[0][1], *(to_hz for _, _, to_hz in BANDS)])
    hop = _WINDOW_FRAMES // 2
    views = [
        np.lib.stride_tricks.sliding_window_view(np.pad(each, (hop, _WINDOW_FRAMES)), _WINDOW_FRAMES)[::hop]
        for each in (one, other)
    ]
    found = list[NDArray[np.float64]]()
    for first in range(0, len(views[0]), _PIECE):
        mine, theirs = (np.fft.rfft(view[first : first + _PIECE] * window) for view in views)
        products = (np.square(np.abs(mine)), np.square(np.abs(theirs)), (np.conj(mine) * theirs).real)
        sums = [
            np.concatenate([np.zeros((len(each), 1)), np.cumsum(each, axis=1, dtype=np.float64)], axis=1)
            for each in products
        ]
        found.append(np.stack([np.diff(each[:, edges], axis=1) for each in sums]))
    return _Powers(*np.concatenate(found, axis=1))


def _gains(powers: _Powers) -> NDArray[np.float64]:
    """Of each band, that of most of its moments: what plays otherwise for a while does not count."""
    gains = np.ones(powers.one.shape[1])
    for n in range(len(gains)):
        heard = powers.one[:, n] > powers.one[:, n].max() * 1e-4
        if heard.any() and powers.one[:, n].max() > 0:
            gains[n] = max(0.0, float(np.median(powers.common[heard, n] / powers.one[heard, n])))
    return gains


def _bands(powers: _Powers, gains: NDArray[np.float64]) -> tuple[BandChange, ...]:
    """Those that are heard in one of both."""
    left, louder = (each.sum(axis=0) for each in powers.unlike(gains))
    mine, theirs = powers.one.sum(axis=0), powers.other.sum(axis=0)
    least = max(mine.sum(), theirs.sum()) * 10 ** (HEARD_BAND_DB / 10)
    return tuple(
        BandChange(
            name=name,
            from_hz=from_hz,
            to_hz=to_hz,
            change_db=round(_db(theirs[n] / mine[n]), 2) if min(mine[n], theirs[n]) > least else None,
            unlike_db=round(_db(left[n] / louder[n]), 2),
        )
        for n, (name, from_hz, to_hz) in enumerate(BANDS)
        if louder[n] > least
    )


def _stretches(
    powers: _Powers, gains: NDArray[np.float64], rate_hz: int, start_s: float
) -> tuple[Stretch, ...]:
    """Where a band that is heard holds something else, neighbours joined."""
    frames = max(1, round(MOMENT_S * rate_hz / (_WINDOW_FRAMES // 2)))
    starts = np.arange(0, len(powers.one), frames)
    left, louder = (np.add.reduceat(each, starts, axis=0) for each in powers.unlike(gains))
    loud = louder.sum(axis=1).max() * 10 ** (HEARD_BAND_DB / 10)
    other = (louder > loud) & (left > louder * 10 ** (UNLIKE_DB / 10))
    moment_s = frames * (_WINDOW_FRAMES // 2) / rate_hz
    found = list[Stretch]()
    for n in np.flatnonzero(other.any(axis=1)):
        begins_s, ends_s = start_s + float(n) * moment_s, start_s + float(n + 1) * moment_s
        names = {row[0] for row, is_other in zip(BANDS, other[n], strict=True) if is_other}
        if found and begins_s <= found[-1].end_s + moment_s / 2:
            begins_s = found[-1].start_s
            names |= set(found.pop().bands)
        bands = tuple(name for name, _, _ in BANDS if name in names)
        found.append(Stretch(start_s=round(begins_s, 2), end_s=round(ends_s, 2), bands=bands))
    return tuple(found)


def _of_aligned(one: Mono, other: Mono, rate_hz: int, start_s: float, found: Changes) -> Changes:
    """With what is in both."""
    powers = _powers(one, other * np.float32(np.sign(found.correlation)), rate_hz)
    gains = _gains(powers)
    bands = _bands(powers, gains)
    known_db = [band.change_db for band in bands if band.change_db is not None]
    changed = msgspec.structs.replace(
        found,
        gain_db=round(float(np.median(known_db)), 2) if known_db else None,
        bands=bands,
        stretches=_stretches(powers, gains, rate_hz, start_s),
    )
    return msgspec.structs.replace(changed, says=_in_words(changed))


def _in_words(found: Changes) -> tuple[str, ...]:
    """Sentences, the widest change first."""
    says = list[str]()
    if found.correlation < 0:
        says.append("Its polarity is inverted.")
    if found.offset_s:
        says.append(
            f"It begins {abs(found.offset_s) * 1000:.4g} ms {'later' if found.offset_s > 0 else 'earlier'}."
        )
    if found.added_s:
        says.append(f"It is {abs(found.added_s):.3f} s {'longer' if found.added_s > 0 else 'shorter'}.")
    gain_db = found.gain_db or 0.0
    if abs(gain_db) >= HEARD_DB:
        says.append(f"All of it is {abs(gain_db):.1f} dB {'louder' if gain_db > 0 else 'quieter'}.")
    for band in found.bands:
        if band.change_db is None:
            says.append(f"The {band.name} are heard in one of them only.")
        elif abs(by_db := band.change_db - gain_db) >= HEARD_DB:
            beside = " beside that" if abs(gain_db) >= HEARD_DB else ""
            says.append(f"The {band.name} changed by {by_db:+.1f} dB{beside}.")
    for each in found.stretches[:MOST_STRETCHES]:
        says.append(
            f"From {each.start_s:.1f} to {each.end_s:.1f} s something else plays ({', '.join(each.bands)})."
        )
    if len(found.stretches) > MOST_STRETCHES:
        says.append(f"So it is in {len(found.stretches) - MOST_STRETCHES} more places.")
    return tuple(says) or ("Nothing that could be heard changed.",)


def _mono(samples: Samples) -> Mono:
    return np.ascontiguousarray(samples.mean(axis=1), np.float32)


def _energy(mono: Mono) -> float:
    return float(np.einsum("i,i->", mono, mono, dtype=np.float64))


def _db(ratio: float) -> float:
    """Of powers; not below MOST_ALIKE_DB."""
    return max(MOST_ALIKE_DB, 10 * float(np.log10(max(ratio, _TINY))))
