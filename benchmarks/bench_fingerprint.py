"""Is this the same sound, and what is like it: found again after what happens to clips; chromaprint beside it if installed.

Run by `python -m benchmarks.run fingerprint`. Material: benchmarks/material.py; every pair of clips is compared, so folders of
more than MOST_CLIPS are cut. chromaprint (LGPL, Debian libchromaprint1) is no dependency.
"""

import ctypes
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from audio.analyse.analysis import analyse
from audio.analyse.fingerprint import fingerprint, match
from audio.analyse.likeness import likeness
from audio.encode.mp3 import encode_mp3
from audio.intake import Samples
from audio.read.reader import read_audio
from benchmarks.cpu_time import median_cpu_ms
from benchmarks.material import Clip, fixtures, synthesised
from tests.support.music import drum_loop, faster, piece, rotated, shifted

Row = tuple[str, float | str, str, str]
"""What was measured, the figure, the limit it should keep, what stood beside it."""
MOST_CLIPS = 40
KITS, PATTERNS = 6, 8
BEYOND = ("6 % faster", "a semitone up, same tempo")  # not claimed to be found


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else float("nan")


def _transposed(samples: Samples, factor: float) -> Samples:
    """Higher by factor and as long as before: grains of 80 ms, read faster, laid over each other where they were."""
    grain, hop = 3_528, 1_764
    window = np.hanning(grain + 1)[:-1, None]
    padded = np.pad(samples, ((grain, 2 * grain), (0, 0)))
    made = np.zeros((len(samples) + 2 * grain, samples.shape[1]))
    position = np.arange(grain) * factor
    for start in range(0, len(samples) + grain, hop):
        at = start + position
        lower = at.astype(int)
        part = (at - lower)[:, None]
        made[start : start + grain] += window * (padded[lower] * (1 - part) + padded[lower + 1] * part)
    return made[grain : grain + len(samples)].astype(np.float32)


def _changed(clip: Clip) -> dict[str, Samples]:
    samples, rate_hz = clip.samples, clip.sample_rate_hz
    quiet = samples * np.float32(0.5)
    coded = encode_mp3(quiet, rate_hz, title=None, bpm=None, key=None).data
    return {
        "MP3 128k, 6 dB down": read_audio(coded).samples,
        "0.7 s later": shifted(samples, min(len(samples) // 2, round(0.7 * rate_hz))),
        "second half": samples[len(samples) // 2 :],
        "loop rotated": rotated(samples, len(samples) // 3),
        "3 % faster": faster(samples, 1.03),
        "3 % slower": faster(samples, 0.97),
        "6 % faster": faster(samples, 1.06),
        "a semitone up, same tempo": _transposed(samples, 2 ** (1 / 12)),
    }


class _Chromaprint:
    """libchromaprint as its own matcher uses it: 32 bits per 0.12 s, the share of equal bits at the best offset."""

    SAME = 0.75
    """Between what unrelated clips reach (below 0.70, as a rule) and changed copies of one (0.8 and more)."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.chromaprint_new.restype = ctypes.c_void_p
        library.chromaprint_get_version.restype = ctypes.c_char_p
        self.name = f"chromaprint {library.chromaprint_get_version().decode()}"

    def print_of(self, samples: Samples, rate_hz: int) -> np.ndarray:
        context = ctypes.c_void_p(self._library.chromaprint_new(1))
        pcm = np.ascontiguousarray(np.clip(samples, -1, 1) * 32_767, "<i2")
        self._library.chromaprint_start(context, rate_hz, pcm.shape[1])
        self._library.chromaprint_feed(context, ctypes.c_void_p(pcm.ctypes.data), pcm.size)
        self._library.chromaprint_finish(context)
        data, size = ctypes.POINTER(ctypes.c_uint32)(), ctypes.c_int()
        self._library.chromaprint_get_raw_fingerprint(context, ctypes.byref(data), ctypes.byref(size))
        words = np.array(data[: size.value], np.uint32)
        self._library.chromaprint_dealloc(data)
        self._library.chromaprint_free(context)
        return words

    def same(self, one: np.ndarray, other: np.ndarray) -> bool:
        short, long = sorted((one, other), key=len)
        if len(short) < 8:
            return False
        best = 0.0
        for offset in range(-(len(short) // 2), len(long) - len(short) // 2):
            first, last = max(0, offset), min(len(long), offset + len(short))
            bits = np.bitwise_xor(long[first:last], short[first - offset : last - offset])
            best = max(best, 1 - np.unpackbits(bits.view(np.uint8)).mean())
        return best >= self.SAME


class _Ours:
    name = "ours"

    def print_of(self, samples: Samples, rate_hz: int) -> np.ndarray:
        return fingerprint(samples, rate_hz)

    def same(self, one: np.ndarray, other: np.ndarray) -> bool:
        return match(one, other).same


def _recognisers() -> list[_Ours | _Chromaprint]:
    try:
        return [_Ours(), _Chromaprint(ctypes.CDLL("libchromaprint.so.1"))]
    except OSError:
        return [_Ours()]


def _identity(label: str, clips: list[Clip]) -> list[Row]:
    """Every change: how many are found again; then precision: of all that is called the same, how much is."""
    found: list[Row] = []
    changed = [_changed(clip) for clip in clips]
    for who in _recognisers():
        known = [who.print_of(clip.samples, clip.sample_rate_hz) for clip in clips]
        right = 0
        for change in changed[0]:
            hits = [
                who.same(who.print_of(each[change], clip.sample_rate_hz), own)
                for clip, each, own in zip(clips, changed, known, strict=True)
            ]
            right += sum(hits)
            found.append(
                (f"{label}: found again, {change}", _share(hits), "", f"{len(hits)} clips, {who.name}")
            )
        pairs = list(combinations(known, 2))
        alarms = sum(who.same(one, other) for one, other in pairs)
        beside = f"{alarms} of {len(pairs)}, {who.name}"
        found.append((f"{label}: unrelated pairs called the same", alarms / len(pairs), "≤ 0.01", beside))
        # As if every changed copy were looked for among all: alarms are counted once per pair and change.
        precision = right / max(1, right + alarms * len(changed[0]))
        found.append((f"{label}: precision over all changes", precision, "", who.name))
    return found


def _one_kit() -> list[Row]:
    """Other patterns of one kit at one tempo are the hardest to tell from copies."""
    kits = [[fingerprint(drum_loop(kit, each), 44_100) for each in range(PATTERNS)] for kit in range(KITS)]
    others = [match(*pair) for kit in kits for pair in combinations(kit, 2)]
    loops = [Clip("loop", drum_loop(kit, each), 44_100, None, None) for kit in range(KITS) for each in (0, 1)]
    copies = []
    for loop in loops:
        known = fingerprint(loop.samples, 44_100)
        changed = [each for change, each in _changed(loop).items() if change not in BEYOND]
        copies += [match(fingerprint(each, 44_100), known) for each in changed]
    found: list[Row] = []
    for what, each in ((f"{len(copies)} copies", copies), (f"{len(others)} pairs of other loops", others)):
        found.append((f"one kit, {what}: called the same", _share([m.same for m in each]), "", "ours"))
        for least in (0.65, 0.80):
            passing = _share([m.score >= least for m in each])
            found.append((f"one kit, {what}: agreement ≥ {least:.2f}", passing, "", "ours"))
    return found


def _nearest_half(label: str, clips: list[Clip]) -> Row:
    """Whether the second half of a clip is among the five nearest to its first."""
    halves = []
    for clip in clips:
        middle = len(clip.samples) // 2
        parts = (clip.samples[:middle], clip.samples[middle:])
        halves.append([_embedding(part, clip.sample_rate_hz) for part in parts])
    ranks = [sum(likeness(one, other) > likeness(one, own) for _, other in halves) for one, own in halves]
    return (
        f"{label}: other half among the 5 likest",
        _share([r < 5 for r in ranks]),
        "",
        f"{len(clips)} clips",
    )


def _embedding(samples: Samples, rate_hz: int) -> np.ndarray:
    return analyse(samples, rate_hz, transport_bpm=None, transport_meter=None, bars=None).embedding


def _cost() -> list[Row]:
    samples = np.tile(piece(7, bpm=120.0).samples, (2, 1))
    print_of = fingerprint(samples, 44_100)
    return [
        ("16 s: fingerprint, CPU ms", median_cpu_ms(lambda: fingerprint(samples, 44_100)), "", ""),
        ("16 s: match of two, CPU ms", median_cpu_ms(lambda: match(print_of, print_of)), "", ""),
        ("fingerprint, bytes per second", print_of.nbytes / 16, "≤ 44", ""),
    ]


def rows() -> list[Row]:
    """About 20 s; half as much for each folder of twenty clips."""
    found: list[Row] = []
    for label, clips in {"synthesised": synthesised(), **fixtures()}.items():
        found += _identity(label, clips[:MOST_CLIPS])
        found.append(_nearest_half(label, clips[:MOST_CLIPS]))
    return found + _one_kit() + _cost()
