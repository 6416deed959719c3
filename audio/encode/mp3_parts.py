"""A long MP3 made of parts that were encoded apart, as on several cores, and joined without re-coding. Not an encoder.

Where the parts lie depends on the length alone, so the same clip gives the same bytes on one core and on sixteen.

A part begins OVERLAP_FRAMES before the last one ends, so there are two encodings of the frames between, and one of them
is where the stream changes over. An encoder that starts in the middle of the sound needs one frame until its filters
and two until its psychoacoustic model hold what they would hold otherwise (487 beginnings measured: from the third
frame on the same windows every time); SETTLED_FRAMES leaves room. From there on two things must fit:

- The windows. Each granule overlaps with the next, and aliasing cancels only between windows that belong together
  (ISO/IEC 11172-3, 2.4.3.4). Both encoders must have chosen the same for the granule before the change.
- The bit reservoir. A frame's sound may begin up to 511 bytes before its header, in slots of the frames before. There
  the stream must have at least as many bytes left as the part's frame expects to have been filled. What is left over
  is zeros, which belong to nobody. Of all places that fit, the one that leaves least is taken.

The size of the frames goes round every PERIOD_FRAMES (at 44.1 kHz some have a byte more), and parts begin at such borders, so all
frames keep their places, and the bit rate is as constant as before.
"""

from collections.abc import Callable
from dataclasses import dataclass

from audio.encode.mp3_frames import FRAMES_PER_MP3_FRAME, Mp3Frame, mp3_frames
from audio.spread import Spread

PERIOD_FRAMES = 49  # MP3 frames; 44.1 kHz needs 49, 32 and 48 kHz any number
PERIOD_SAMPLES = PERIOD_FRAMES * FRAMES_PER_MP3_FRAME
PART_PERIODS = 32  # most in a part: 41 s at 44.1 kHz
PAIR_PERIODS = 10  # from here on, 13 s, a clip has two parts at least: two cores take 0.54 of the time of one
SETTLED_FRAMES = 8
OVERLAP_FRAMES = 32
_TAIL_FRAMES = 4  # the encoder looks ahead; what it makes of the silence after a part is not used


@dataclass(frozen=True)
class Encoded:
    """Of one part: its bare stream. clipped_samples: without the overlap, which the next part counts."""

    stream: bytes
    clipped_samples: int


Encode = Callable[[int, int, int], Encoded]
"""Encodes the samples start to stop; of these start to end are the part's own, the rest is overlap."""


def part_starts(frames: int) -> list[int]:
    """Where the parts of a clip of so many frames begin, in frames of audio; the first is 0. [any]"""
    periods = frames // PERIOD_SAMPLES
    count = max(2 if periods >= PAIR_PERIODS else 1, -(-periods // PART_PERIODS))
    count += count > 1 and count % 2  # even, so that two cores end together
    return [periods * number // count * PERIOD_SAMPLES for number in range(count)]


def period_bytes(bitrate_kbps: int, rate_hz: int) -> int:
    """A whole number at all rates of MPEG-1."""
    return PERIOD_SAMPLES * bitrate_kbps * 125 // rate_hz


def encode_in_parts(
    encode: Encode, frames: int, bytes_per_period: int, spread: Spread, progress: Callable[[float], None]
) -> Encoded:
    """The stream of the whole clip. Two parts that cannot be joined (two in a thousand) are encoded again as one. [worker]"""
    starts, made = part_starts(frames), dict[tuple[int, int], Encoded]()
    while True:
        parts = list(zip(starts, [*starts[1:], frames], strict=True))
        missing = [part for part in parts if part not in made]

        def run(part: tuple[int, int]) -> Encoded:
            start, end = part
            return encode(
                start, end, min(frames, end + (OVERLAP_FRAMES + _TAIL_FRAMES) * FRAMES_PER_MP3_FRAME)
            )

        for part, encoded in zip(missing, spread(run, missing), strict=True):
            made[part] = encoded
            done, left = (sum(end - start for start, end in each) for each in (made, {*parts} - made.keys()))
            progress(done / (done + left))
        stream = bytearray()
        for number, part in enumerate(parts):
            if not _append(stream, part[0] // PERIOD_SAMPLES * bytes_per_period, made[part].stream):
                del starts[number]
                break
        else:
            return Encoded(bytes(stream), sum(made[part].clipped_samples for part in parts))


def _append(stream: bytearray, at: int, part: bytes) -> bool:
    """Go on with part, whose first frame is the one at byte `at`; whether there is a place to change over."""
    if at == 0:
        stream += part
        return True
    before, after = mp3_frames(stream, at, OVERLAP_FRAMES), mp3_frames(part, 0, OVERLAP_FRAMES)
    change = join_place(before, after)
    if change is None:
        return False
    left_bytes, filled_bytes = before[change].main_data_begin, after[change].main_data_begin
    slots = b"".join(part[frame.slot_at : frame.end] for frame in after[:change])
    tail = bytes(left_bytes - filled_bytes) + slots[len(slots) - filled_bytes :]
    for frame in reversed(before[:change]):
        count = min(len(tail), frame.end - frame.slot_at)
        stream[frame.end - count : frame.end] = tail[len(tail) - count :]
        tail = tail[: len(tail) - count]
    del stream[before[change].at :]
    stream += part[after[change].at :]
    return True


def join_place(before: list[Mp3Frame], after: list[Mp3Frame]) -> int | None:
    """The first frame to take from `after`, another encoding of the frames in `before`; None when none fits."""
    fitting = [
        (before[n].main_data_begin - after[n].main_data_begin, n)
        for n in range(SETTLED_FRAMES, min(len(before), len(after)))
        if before[n - 1].windows == after[n - 1].windows
        and before[n].main_data_begin >= after[n].main_data_begin
        and before[n].at - before[0].at == after[n].at
    ]
    return min(fitting)[1] if fitting else None
