"""Whether float32 sound is silent, where it was last loud, how loud it is: of bytes, without numpy.

numpy would cost the daemon 20 MB and a fifth of its start, for questions that the bytes answer: of a float32 the upper
nine bits are sign and exponent (IEEE 754), so a sample's size to a factor of two stands in two of its bytes.
All functions: [any], of interleaved little-endian float32.
"""

from collections.abc import Iterator, Sequence
from math import hypot, inf, isfinite, log10

SIGNAL = 2.0**-10
"""-60.2 dBFS: below are noise floors."""
_SAMPLE_BYTES = 4
_EXPONENT_OF_SIGNAL = (
    117  # 127 - 10; the bits of its upper seven are in the last byte, the lowest in the one before
)
_LOUD = bytes(_EXPONENT_OF_SIGNAL < (byte & 0x7F) * 2 < 0xFE for byte in range(256))
"""Of the last byte: loud whatever the one before is. From 2^127 on nothing is sound, nor is what is not finite."""
_EDGE = bytes((byte & 0x7F) * 2 + 1 == _EXPONENT_OF_SIGNAL for byte in range(256))
"""Loud if the highest bit of the byte before is set."""
_HIGHEST_BIT = bytes(byte >= 0x80 for byte in range(256))
_BLOCK_BYTES = 1 << 16
_ZEROS = bytes(_BLOCK_BYTES)
_EVERY = 29
"""Of the samples, so many times fewer tell how loud it is: to 0.2 dB of four seconds. A prime, so that all channels are
heard."""


def is_silent(data: memoryview) -> bool:
    """Digital silence: every bit is zero."""
    return all(block == _ZEROS[: len(block)] for _, block in _blocks_from_the_end(data))


def after_last_sample(data: memoryview) -> int:
    """How many samples there are up to the last one that is not digital silence; 0 where all is."""
    for start, block in _blocks_from_the_end(data):
        if block != _ZEROS[: len(block)]:
            return start // _SAMPLE_BYTES - (-len(block.rstrip(b"\0")) // _SAMPLE_BYTES)
    return 0


def after_last_signal(data: memoryview) -> int:
    """How many samples there are up to the last one of at least SIGNAL; 0 where there is none."""
    for start, block in _blocks_from_the_end(data):
        if block == _ZEROS[: len(block)]:
            continue
        last, before = block[3::_SAMPLE_BYTES], block[2::_SAMPLE_BYTES]
        edge = _number(last.translate(_EDGE)) & _number(before.translate(_HIGHEST_BIT))
        if loud := _number(last.translate(_LOUD)) | edge:
            return start // _SAMPLE_BYTES - (-loud.bit_length() // 8)
    return 0


def rms_db(data: memoryview) -> float:
    """Root mean square of what is finite, in dBFS; -inf for silence and for nothing."""
    samples: Sequence[float] = data.cast("f")[::_EVERY].tolist()
    size = hypot(*samples)
    if not isfinite(size):
        samples = [sample for sample in samples if isfinite(sample)]
        size = hypot(*samples)
    return 20 * log10(size) - 10 * log10(len(samples)) if size > 0 else -inf


def _blocks_from_the_end(data: memoryview) -> Iterator[tuple[int, bytes]]:
    """Where each begins, and its bytes: few enough to stay in the cache."""
    for start in range((len(data) - 1) // _BLOCK_BYTES * _BLOCK_BYTES, -1, -_BLOCK_BYTES):
        yield start, data[start : start + _BLOCK_BYTES].tobytes()


def _number(flags: bytes) -> int:
    """As one number, whose highest bit is of the last flag: so that all flags are combined at once."""
    return int.from_bytes(flags, "little")
