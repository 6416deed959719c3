"""The sound of an MP3 of ours, as a listener's decoder gives it. Not a reader of other people's files (audio.read)."""

import numpy as np

from audio.encode.info_frame import DECODER_DELAY_FRAMES, ENCODER_DELAY_FRAMES, info_frame
from audio.encode.mp3 import Mp3
from audio.encode.mp3_frames import FRAMES_PER_MP3_FRAME, mp3_frames
from audio.encode.mp3_parts import PERIOD_FRAMES, PERIOD_SAMPLES, part_starts, period_bytes
from audio.errors import EncodingFailed
from audio.intake import Samples
from audio.read.decode import NotDecodable, decode
from audio.spread import Spread, one_by_one

# A decoder that starts in the middle needs the bit reservoir (511 bytes lie in at most two frames' slots), then one frame
# of overlap for the transform and the filter bank. Four frames are what an Info frame's twelve bits can have cut off.
_WARMING_FRAMES = 4
_BOTH_DELAYS = ENCODER_DELAY_FRAMES + DECODER_DELAY_FRAMES


def decode_mp3(mp3: Mp3, spread: Spread = one_by_one) -> Samples:
    """float32 (mp3.frames, mp3.channels). A long one is decoded in parts, which is the same sound to 2^-22. [worker]

    Raises EncodingFailed when the file does not decode to the length it promises: loops would stutter.
    """
    starts = part_starts(mp3.frames + 2 * mp3.lead_frames)
    if len(starts) == 1:
        return _decoded(mp3.info + mp3.stream, mp3.frames)
    if _info(mp3, len(mp3.stream), ENCODER_DELAY_FRAMES + mp3.lead_frames, mp3.frames) != mp3.info:
        raise EncodingFailed("mp3", f"its Info frame is not that of {mp3.frames} frames.")
    delay_frames = _BOTH_DELAYS + mp3.lead_frames
    decoded = np.empty((mp3.frames, mp3.channels), np.float32)

    def run(part: tuple[int, int | None]) -> None:
        start, end = part
        first = max(0, start - delay_frames)
        last = mp3.frames if end is None else end - delay_frames
        decoded[first:last] = _decoded(_part_file(mp3, start, end, last - first), last - first)

    for _ in spread(run, list(zip(starts, [*starts[1:], None], strict=True))):
        pass
    return decoded


def _part_file(mp3: Mp3, start: int, end: int | None, frames: int) -> bytes:
    """An MP3 file that decodes to the `frames` that the stream's MP3 frames from start to end become.

    start, end: in frames of audio, each where a part begins; end None: to the end. What goes in as frame n comes out of
    a decoder both delays later: where MP3 frame n begins, the sound of 1105 frames earlier does.
    """
    per_period = period_bytes(mp3.bitrate_kbps, mp3.sample_rate_hz)
    at, stop = start // PERIOD_SAMPLES * per_period, len(mp3.stream)
    delay_frames = ENCODER_DELAY_FRAMES + mp3.lead_frames
    if start:
        at = mp3_frames(mp3.stream, at - per_period, PERIOD_FRAMES)[-_WARMING_FRAMES].at
        delay_frames = _WARMING_FRAMES * FRAMES_PER_MP3_FRAME - DECODER_DELAY_FRAMES
    if end is not None:  # one frame more, from which the decoder takes what its own delay holds back
        stop = mp3_frames(mp3.stream, end // PERIOD_SAMPLES * per_period, 1)[0].end
    return _info(mp3, stop - at, delay_frames, frames) + mp3.stream[at:stop]


def _info(mp3: Mp3, stream_bytes: int, delay_frames: int, frames: int) -> bytes:
    """The Info frame before so many bytes of the stream."""
    return info_frame(
        sample_rate_hz=mp3.sample_rate_hz,
        channels=mp3.channels,
        bitrate_kbps=mp3.bitrate_kbps,
        stream_bytes=stream_bytes,
        frames=frames,
        delay_frames=delay_frames,
    )


def _decoded(file: bytes, frames: int) -> Samples:
    try:
        decoded = decode(file).samples
    except NotDecodable as error:
        raise EncodingFailed("mp3", f"what it made cannot be decoded: {error}.") from error
    if len(decoded) != frames:
        raise EncodingFailed("mp3", f"{frames} frames went in and {len(decoded)} come out.")
    return decoded
