"""Float32 as bytes, for who has no arrays: the daemon asks twice a second while something plays, and numpy would cost it
20 MB. By floats.c where that was built, else by numpy all the same.
"""

import ctypes
from collections.abc import Sequence

from audio.library import LIBRARY, opened

_ADDRESS, _COUNT = ctypes.c_char_p, ctypes.c_int64
PLANES = 4
_bytes_of = ctypes.pythonapi.PyBytes_FromStringAndSize
_bytes_of.argtypes, _bytes_of.restype = [ctypes.c_char_p, ctypes.c_ssize_t], ctypes.py_object


def load(path: str = LIBRARY) -> ctypes.CDLL | None:
    """The library with the types of what is called here; None where there is none to be used. [any]"""
    library = opened(path)
    if library is None or not hasattr(library, "sc_coded"):  # built of an older kernels.c
        return None
    library.sc_peak.argtypes = [ctypes.c_void_p, _COUNT]
    library.sc_peak.restype = ctypes.c_float
    library.sc_unpack.argtypes = [
        *(_ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS, _COUNT, _COUNT, _COUNT),
        *(ctypes.c_bool, ctypes.c_float, ctypes.c_void_p),
    ]
    library.sc_unpack.restype = None
    library.sc_numbers.argtypes = [_ADDRESS, _COUNT, ctypes.c_float, ctypes.c_void_p]
    library.sc_numbers.restype = ctypes.c_bool
    library.sc_bits.argtypes = [ctypes.c_void_p, _COUNT, _COUNT, _COUNT]
    library.sc_bits.restype = _COUNT
    library.sc_planes.argtypes = [ctypes.c_void_p, _COUNT, _COUNT, _COUNT, *[ctypes.c_void_p] * PLANES]
    library.sc_planes.restype = None
    library.sc_coded.argtypes = [_ADDRESS, _COUNT, ctypes.c_void_p, _COUNT]
    library.sc_coded.restype = _COUNT
    return library


_LIBRARY = load()


def peak(sound: memoryview) -> float:
    """The largest |sample| of float32 that is finite; 0 when there is none. sound: writable bytes, none of it changed. [any]"""
    if _LIBRARY is None:
        from audio.kernels import portable_floats

        return portable_floats.peak(sound)
    bits = (ctypes.c_uint32 * (len(sound) // 4)).from_buffer(sound)
    found: float = _LIBRARY.sc_peak(bits, len(bits))
    return found


def unpacked(planes: Sequence[bytes], channels: int, order: int, scale_bits: int) -> bytes | bytearray:
    """Interleaved float32 out of what daemon.core.packing took apart. [any]

    planes: the first to the fourth byte of each folded difference, whole frames of them. order: how many times differences were
    taken. scale_bits: of the integers that these are of; 0: bit patterns.
    """
    if _LIBRARY is None:
        from audio.kernels import portable_floats

        return portable_floats.unpacked(planes, channels, order, scale_bits)
    count = len(planes[0])
    sound = bytearray(4 * count)
    out = (ctypes.c_uint32 * count).from_buffer(sound)
    scale = 2.0**-scale_bits
    _LIBRARY.sc_unpack(*planes, count // channels, channels, order, not scale_bits, scale, out)
    return sound


def numbers(sound: bytes, scale_bits: int) -> bytes | bytearray | None:
    """Float32 as int32: integers of so many bits, or, when that is 0, bit patterns in the order of floats; None when not all
    samples are such integers, -0.0 and what is not finite included. [any]"""
    if _LIBRARY is None:
        from audio.kernels import portable_floats

        return portable_floats.numbers(sound, scale_bits)
    found = bytearray(len(sound))
    scale = 2.0**scale_bits if scale_bits else 0.0
    is_exact = _LIBRARY.sc_numbers(sound, len(sound) // 4, scale, _address(found))
    return found if is_exact else None


def difference_bits(numbers: bytes | bytearray, channels: int, order: int) -> int:
    """How many bits the folded differences of int32 take, taken once or twice (order): how large they are. [any]"""
    if _LIBRARY is None:
        from audio.kernels import portable_floats

        return portable_floats.difference_bits(numbers, channels, order)
    bits: int = _LIBRARY.sc_bits(_address(numbers), len(numbers) // 4, channels, order)
    return bits


def planes(numbers: bytes | bytearray, channels: int, order: int) -> list[bytes]:
    """The first to the fourth byte of each of these differences: what `unpacked` puts together again. [any]"""
    if _LIBRARY is None:
        from audio.kernels import portable_floats

        return portable_floats.planes(numbers, channels, order)
    count = len(numbers) // 4
    apart = [_unfilled(count) for _ in range(PLANES)]
    _LIBRARY.sc_planes(_address(numbers), count, channels, order, *apart)
    return apart


def coded(data: bytes) -> bytes:
    """Raw deflate (RFC 1951) of Huffman's codes alone; `data` as it is where that is no longer. [any]"""
    if _LIBRARY is None:
        from audio.kernels import portable_floats

        found = portable_floats.coded(data)
        return found if len(found) < len(data) else data
    out = _unfilled(len(data))
    size_bytes = _LIBRARY.sc_coded(data, len(data), out, len(data))
    return out[:size_bytes] if size_bytes else data


def _unfilled(size_bytes: int) -> bytes:
    """For C to fill before anybody else sees it, as the C API allows; not filled with zeros first."""
    made: bytes = _bytes_of(None, size_bytes)
    return made


def _address(data: bytes | bytearray) -> ctypes.Array[ctypes.c_char] | bytes:
    return data if isinstance(data, bytes) else (ctypes.c_char * len(data)).from_buffer(data)
