"""The process that listens to what plugins play while they play it: numpy, away from the daemon.

Run as `python -m daemon.features.analysing.live_worker`, in the sandbox: it reaches no file. One Piece at a time; each is answered by StreamMeasurement. Ends when
stdin does.
"""

import os
import sys

import msgspec
from msgspec import Struct

from daemon.system.child import Frames

MEMORY_LIMIT_BYTES = 2 << 30
MAX_STREAMS = 16
"""More than are asked for at once; of those that were not asked for longest none is kept."""
REHEARSED = ((8_000, 7), (48_000, 1))
"""Rates and seconds: a tempo is heard in the first, loudness at a usual rate in the second."""


class Piece(Struct, frozen=True, kw_only=True, tag="piece"):
    """What one plugin played since the piece before. data: interleaved little-endian float32, whole frames, perhaps none. anew: what was before it is
    not known.
    """

    instance: str
    sample_rate_hz: int
    channels: int
    data: bytes
    anew: bool


class StreamMeasurement(Struct, frozen=True, kw_only=True, tag="heard"):
    """The newest moment of audio.analyse.stream, and its newest tempo."""

    at_s: float
    level_dbfs: float | None
    peak_dbfs: float | None
    momentary_lufs: float | None
    centroid_hz: float
    bands_dbfs: tuple[float, ...]
    bpm: float | None
    bpm_confidence: float


class NothingYet(Struct, frozen=True, kw_only=True, tag="nothing"):
    """Less than a moment was played since it is listened to, or it cannot be listened to."""


FromLiveWorker = StreamMeasurement | NothingYet
questions: msgspec.msgpack.Decoder[Piece] = msgspec.msgpack.Decoder(Piece)


def main() -> None:
    """Serve pieces until stdin closes."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is there: its threads spin, ten times the work
    from daemon.features.analysing.live_streams import LiveStreams
    from sandbox.limits import Limits
    from sandbox.process import enter  # not above: the daemon imports this file for its messages

    frames = Frames(questions, MEMORY_LIMIT_BYTES)
    _rehearse()
    enter(limits=Limits(address_bytes=MEMORY_LIMIT_BYTES, cpu_s=None, output_bytes=0))
    streams = LiveStreams(MAX_STREAMS)
    while (piece := frames.next()) is not None:
        frames.say(streams.heard(piece))


def _rehearse() -> None:
    """What numpy and the codecs import or open only when first used, they must have before the sandbox."""
    import numpy as np

    from daemon.features.analysing.live_streams import LiveStreams

    for rate_hz, seconds in REHEARSED:
        noise = np.random.default_rng(0).random((seconds * rate_hz, 2), np.float32) - np.float32(0.5)
        piece = Piece(instance="", sample_rate_hz=rate_hz, channels=2, data=noise.tobytes(), anew=True)
        LiveStreams(1).heard(piece)


if __name__ == "__main__":
    main()
    sys.exit(0)
