"""FLAC that is not as its header says: total unknown, cut, damaged, joined. Frames are found, and decoded in runs.

What is damaged in the middle becomes silence of its length, which the frames' numbers tell: the bars stay where they are.
"""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from audio.errors import UnsupportedAudio
from audio.intake import MAX_CHANNELS, Samples, require_rate
from audio.read.clip import MAX_CLIP_SECONDS, Lack, Part, cut_short, damaged
from audio.read.decode import NotDecodable, decode, decode_frames, those_that_decode
from audio.read.flac_frames import FlacFrame, StreamInfo, flac_frames, stream_info
from audio.read.formats import FLAC_START
from audio.read.vorbis_comment import scale_of
from audio.read.words import words_of_comments

_Run = tuple[FlacFrame, Samples]


def read_flac(data: bytes, at: int) -> list[Part]:
    """All streams from the "fLaC" at this byte on. [worker] Raises UnsupportedAudio, NotDecodable."""
    streams: list[tuple[int, int, StreamInfo]] = []
    while at < len(data):
        info = stream_info(data, at)
        following = FLAC_START.search(data, info.first_frame_at)
        end = following.start() if following else len(data)
        streams.append((at, end, info))
        at = end
    return those_that_decode(partial(_read_stream, data, *stream) for stream in streams)


def _read_stream(data: bytes, at: int, end: int, info: StreamInfo) -> Part:
    part, scale = _read_one(data, at, end, info), scale_of(info.comments)
    samples = part.samples if scale == 1.0 else part.samples / np.float32(scale)
    return replace(part, samples=samples, words=words_of_comments(info.comments))


def _read_one(data: bytes, at: int, end: int, info: StreamInfo) -> Part:
    stream = data if (at, end) == (0, len(data)) else data[at:end]
    try:
        decoded = decode(stream)
        if decoded.is_whole and _is_as_it_says(data, info, end):
            return Part(decoded.samples, decoded.sample_rate_hz, end)
    except NotDecodable:
        pass
    if info.channels > MAX_CHANNELS:
        raise UnsupportedAudio(
            f"The file has {info.channels} channels; mix it down to mono or stereo and try again."
        )
    require_rate(info.rate_hz)
    frames = flac_frames(data, info, info.first_frame_at, end)
    runs = _decoded_runs(data, info, frames, end)
    if not runs:
        raise NotDecodable("no FLAC frame could be decoded")
    promised = max(info.frames, frames[-1].first + frames[-1].frames)
    return _laid_out(runs, info, _origin(info, frames, end), promised, end)


def _origin(info: StreamInfo, frames: list[FlacFrame], end: int) -> int:
    """The frame of audio with which the file begins: 0, but for a stream that was joined late.

    That one is of no known length, and has too few bytes before its first frame for all that came before.
    """
    first = frames[0]
    if info.frames >= first.first + first.frames:
        return 0
    mean_bytes = (end - first.at) / len(frames)
    could_be = ((first.at - info.first_frame_at) / mean_bytes + 1) * first.frames
    return first.first if first.first > could_be or first.at == info.first_frame_at else 0


def _is_as_it_says(data: bytes, info: StreamInfo, end: int) -> bool:
    """Whether the frames follow each other from 0 to the length in the header: a decoder fills what lacks without a word."""
    reached = 0
    for frame in flac_frames(data, info, info.first_frame_at, end):
        if frame.first != reached:
            return False
        reached += frame.frames
    return reached == info.frames


def _decoded_runs(data: bytes, info: StreamInfo, frames: list[FlacFrame], end: int) -> list[_Run]:
    """What can be decoded, in runs of frames that follow each other: all at once, or halved until what is damaged stands alone."""
    runs: list[_Run] = []
    waiting = _without_gaps(frames)[::-1]
    while waiting:
        first, last = waiting.pop()
        count = sum(frame.frames for frame in frames[first:last])
        stop = frames[last].at if last < len(frames) else end
        try:
            samples = decode_frames(info.alone(count) + data[frames[first].at : stop], count)
        except NotDecodable:
            if last - first > 1:
                middle = (first + last) // 2
                waiting += [(middle, last), (first, middle)]
            continue
        runs.append((frames[first], samples))
    return runs


def _without_gaps(frames: list[FlacFrame]) -> list[tuple[int, int]]:
    """Stretches, as (first, end), in which each frame begins where the one before ends: a decoder fills a gap without a word."""
    starts = [
        number
        for number, frame in enumerate(frames)
        if number == 0 or frame.first != frames[number - 1].first + frames[number - 1].frames
    ]
    return list(pairwise([*starts, len(frames)]))


def _laid_out(runs: list[_Run], info: StreamInfo, origin: int, promised: int, end: int) -> Part:
    """The runs in their places.

    origin: see _origin. promised: where the stream ends, by its header or by that of its last frame.
    """
    length = runs[-1][0].first + len(runs[-1][1]) - origin
    if length > MAX_CLIP_SECONDS * info.rate_hz:
        raise UnsupportedAudio(f"The file is longer than {MAX_CLIP_SECONDS} seconds; cut it and try again.")
    samples = np.zeros((length, info.channels), np.float32)
    for frame, part in runs:
        samples[frame.first - origin : frame.first - origin + len(part)] = part
    lost = length - sum(len(part) for _, part in runs)
    missing = promised - origin - length
    lacks: list[Lack] = []
    if lost:
        lacks.append(damaged(f"{lost / info.rate_hz:.2f} s of it are silence instead"))
    if missing > 0:
        lacks.append(cut_short(missing, info.rate_hz))
    return Part(samples, info.rate_hz, end, tuple(lacks), not lacks)
