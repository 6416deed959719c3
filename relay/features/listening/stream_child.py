"""The process that listens to one stream: `python -m relay.features.listening.stream_child`. PCM on stdin, what it hears on stdout.

Both are frames: a 4-byte little-endian length, then so many bytes. The first is StreamQuery as JSON, all others are sound; each that goes out is
a message for the client. It ends when stdin does.
"""

import sys
from typing import BinaryIO

import msgspec
import numpy as np

from audio.analyse.analysis import analyse
from audio.analyse.stream import Moment, Stream, TempoNow
from audio.intake import Samples
from relay.engine.sandbox.frames import LENGTH
from relay.wire.listening import StreamMoment, StreamQuery, StreamTempo
from sandbox.limits import Limits
from sandbox.process import enter

LIMITS = Limits(address_bytes=2 << 30, cpu_s=600, output_bytes=0)


def main() -> None:
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    _rehearse()
    enter(limits=LIMITS)
    head = _next(source)
    if head is None:
        return
    query = msgspec.json.decode(head, type=StreamQuery)
    stream = Stream(query.sample_rate, query.channels)
    while (data := _next(source)) is not None:
        for each in stream.push(_samples(data, query)):
            said = msgspec.json.encode(_message(each))
            sink.write(LENGTH.pack(len(said)) + said)
        sink.flush()


def _next(source: BinaryIO) -> bytes | None:
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    data = source.read(*LENGTH.unpack(head))
    return data or None


def _samples(data: bytes, query: StreamQuery) -> Samples:
    """Whole frames: who sent them has been held to that."""
    if query.format == "f32le":
        return np.frombuffer(data, "<f4").astype(np.float32).reshape(-1, query.channels)
    scale = np.float32(1 / (1 << 15))
    return (np.frombuffer(data, "<i2").astype(np.float32) * scale).reshape(-1, query.channels)


def _message(found: Moment | TempoNow) -> StreamMoment | StreamTempo:
    if isinstance(found, TempoNow):
        return StreamTempo(at=found.at_s, bpm=found.bpm, confidence=found.confidence)
    return StreamMoment(
        at=found.at_s,
        level=found.level_dbfs,
        peak=found.peak_dbfs,
        momentary=found.momentary_lufs,
        centroid=found.centroid_hz,
        chroma=list(found.chroma),
        bands=list(found.bands_dbfs),
        onsets=list(found.onsets_s),
    )


def _rehearse() -> None:
    """What numpy and soxr import or open when first used, they must have before the sandbox."""
    noise = np.random.default_rng(0).random((8_000, 1), dtype=np.float32) - np.float32(0.5)
    for each in Stream(8_000, 1).push(noise):
        msgspec.json.encode(_message(each))
    analyse(noise, 8_000, transport_bpm=None, transport_meter=None, bars=None, length_is_exact=False)


if __name__ == "__main__":
    main()
