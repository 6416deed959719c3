"""Sound packed without loss: interleaved float32 in, fewer bytes out, and every bit back, NaN and -0.0 included.

Three steps, each undone exactly. *Numbers*: what came from a 16- or 24-bit file becomes those integers again; any other
float becomes its bit pattern, folded so that larger floats are larger integers. *Differences*: of each channel, once or
twice, folded so that small ones of both signs are small. *Planes*: the four bytes of each difference apart; a plane of
zeros is left out, one that Huffman's code shortens is coded (raw deflate), and one of noise stays as it is, which costs
nothing. Why this and not FLAC: docs/decisions/0030. Pure; no numpy, the loops are audio.floats'.

How it lies there, and how it comes back: unpacking.py.
"""

from audio.crc import crc32
from audio.floats import coded, difference_bits, numbers, planes
from daemon.core.unpacking import AS_IS, CODED, HEAD, LENGTH, ZEROS
from plugin_protocol.layout import SAMPLE_BYTES

SCALES_BITS = (15, 23)  # of PCM in 16 and 24 bits
WORTH = 0.65  # a plane whose sample does not shrink below this is not worth the unpacking
SAMPLE_FRAMES = 4_096
SAMPLE_OF_PLANE_BYTES = 4_096
FEW_BYTES = 32  # looked at before all are


def pack(sound: bytes, channels: int) -> bytes:
    """sound: whole frames of float32. [any]"""
    few_bytes = SAMPLE_FRAMES * channels * SAMPLE_BYTES
    scale_bits, whole = _numbers(sound, few_bytes)
    few = bytes(memoryview(whole)[:few_bytes])
    order = min((1, 2), key=lambda order: difference_bits(few, channels, order))
    kinds, parts = zip(*map(_plane, planes(whole, channels, order)), strict=True)
    return b"".join([HEAD.pack(scale_bits, order, *kinds, crc32(sound)), *parts])


def _numbers(sound: bytes, few_bytes: int) -> tuple[int, bytes | bytearray]:
    for bits in SCALES_BITS:
        if numbers(sound[:few_bytes], bits) and (found := numbers(sound, bits)) is not None:
            return bits, found
    patterns = numbers(sound, 0)
    assert patterns is not None, "any float has one"
    return 0, patterns


def _plane(plane: bytes) -> tuple[int, bytes]:
    if not any(plane[:FEW_BYTES]) and plane == bytes(len(plane)):
        return ZEROS, b""
    middle = len(plane) // 2
    sample = plane[middle : middle + SAMPLE_OF_PLANE_BYTES]
    if len(coded(sample)) < WORTH * len(sample) and len(short := coded(plane)) < len(plane):
        return CODED, LENGTH.pack(len(short)) + short
    return AS_IS, plane
