"""MPEG audio (MP3, MP2) wherever it stands in a file: frames are looked for, not expected.

A stream is its frames. What stands between them is a tag, or damage; a Xing frame begins a recording of its own, and what it
says of delay and padding is believed only when the count it says is the count that is there. Not a decoder.
"""

from dataclasses import dataclass

import numpy as np

from audio.read.clip import Lack, Part, cut_short, damaged
from audio.read.decode import decode_frames
from audio.read.mpeg_header import HEADER, Header, Promise, header_at, promise_at
from audio.read.tags import after_tags, tag_bytes

MAX_SEARCHED_BYTES = 128 * 2**20  # as long as a clip may be, MPEG audio is never more than 50 MB
_FRAMES_TO_BELIEVE = 3  # a first header is one when two more follow where it says
_SPARE_FRAMES = 8  # libsndfile reckons the length by the first frame: bytes of nothing after the last let it reckon enough


@dataclass
class _Run:
    """Frames of one recording, as (place, size). damaged_bytes: left out between them. is_cut: the last is not whole."""

    header: Header
    promise: Promise | None
    places: list[tuple[int, int]]
    damaged_bytes: int = 0
    is_cut: bool = False

    def lose_last(self) -> None:
        """What follows the last frame is no frame: its own bytes are not to be trusted either."""
        if len(self.places) > 1:
            self.damaged_bytes += self.places.pop()[1]

    @property
    def lost_frames(self) -> int:
        """About how many frames the damaged bytes were."""
        mean_bytes = sum(size for _, size in self.places) / max(1, len(self.places))
        return round(self.damaged_bytes / mean_bytes) if self.places else 0


def first_frame(data: bytes, at: int, end: int) -> int | None:
    """Where MPEG audio begins from byte at on: frames in a row, or fewer that fill the rest. None: nowhere. [any]"""
    stop = min(end, at + MAX_SEARCHED_BYTES)
    while (found := HEADER.search(data, at, stop)) is not None:
        at = found.start()
        if begins_here(data, at, end):
            return at
        at += 1
    return None


def begins_here(data: bytes, at: int, end: int) -> bool:
    """Whether MPEG audio begins at this very byte, as first_frame() finds it. [any]"""
    return _frames_in_a_row(data, at, end) >= _FRAMES_TO_BELIEVE


def _frames_in_a_row(data: bytes, at: int, end: int) -> int:
    """How many frames of one kind follow each other here; as many as are asked for where they end with the data."""
    first = header_at(data, at)
    count, here = 0, at
    while first and count < _FRAMES_TO_BELIEVE:
        header = header_at(data, here)
        if header is None or header.kind[:3] != first.kind[:3] or here + header.size_bytes > end:
            break
        here += header.size_bytes
        count += 1
        if after_tags(data, here, end) == end:
            return _FRAMES_TO_BELIEVE
    return count


def read_mpeg(data: bytes, at: int, end: int) -> list[Part]:
    """All recordings from the frame at `at` on. [worker] Raises NotDecodable, UnsupportedAudio."""
    return [part for run in _runs(data, at, end) if (part := _part(data, run)) is not None]


def _runs(data: bytes, at: int, end: int) -> list[_Run]:
    runs: list[_Run] = []
    skipped, tagged = 0, False
    while at < end:
        header = header_at(data, at)
        if header is None or ((skipped or tagged) and not _is_believed(data, at, end, header, runs)):
            tag = tag_bytes(data, at, end)
            found = HEADER.search(data, at + 1, end)
            step = tag or (found.start() if found else end) - at
            skipped, tagged = skipped + (0 if tag else step), tagged or tag > 0
            at += step
            continue
        last = runs[-1] if runs else None
        if at + header.size_bytes > end:
            if last and last.header.kind == header.kind and not skipped and not tagged:
                last.is_cut = True
            break
        promise = promise_at(data, at, header)
        if promise is not None or tagged or last is None or last.header.kind != header.kind:
            last = _Run(header, promise, [])
            runs.append(last)
        elif skipped:
            last.lose_last()
            last.damaged_bytes += skipped
        skipped, tagged = 0, False
        if promise is None:
            last.places.append((at, header.size_bytes))
        at += header.size_bytes
    return runs


def _is_believed(data: bytes, at: int, end: int, header: Header, runs: list[_Run]) -> bool:
    """After damage, whether a header is one: of the same kind and followed by another, or the first of several."""
    wanted = 2 if runs and header.kind == runs[-1].header.kind else _FRAMES_TO_BELIEVE
    return _frames_in_a_row(data, at, end) >= wanted


def _part(data: bytes, run: _Run) -> Part | None:
    if not run.places:
        return None
    count, each = len(run.places), run.header.frames
    stream = b"".join(data[at : at + size] for at, size in run.places)
    largest = max(size for _, size in run.places)
    samples = decode_frames(stream + bytes((count + _SPARE_FRAMES) * largest - len(stream)), count * each)
    promise = run.promise
    promised = promise.mpeg_frames if promise else None
    whole = promised == count or (run.damaged_bytes > 0 and promised is not None and promised > count)
    first = promise.delay_frames if promise else 0
    last = count * each - (promise.padding_frames if promise and whole else 0)
    kept = samples[first:last] if first < last else samples
    end = run.places[-1][0] + run.places[-1][1]
    exact = bool(promise and promise.by_lame and whole and not run.damaged_bytes)
    return Part(np.ascontiguousarray(kept), run.header.rate_hz, end, _lacks(run, promised), exact)


def _lacks(run: _Run, promised: int | None) -> tuple[Lack, ...]:
    missing = max(0, (promised or 0) - len(run.places)) * run.header.frames
    if run.damaged_bytes:
        lost = missing or run.lost_frames * run.header.frames
        return (damaged(f"about {lost / run.header.rate_hz:.2f} s of it are missing"),)
    return (cut_short(missing, run.header.rate_hz),) if missing or run.is_cut else ()
