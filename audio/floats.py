"""Float32 as bytes, for who has no arrays: the daemon asks twice a second while something plays, and numpy would cost it
20 MB. By kernels.c where that was built, else by numpy all the same.
"""

import ctypes
from collections.abc import Sequence

from audio.library import LIBRARY, opened

_ADDRESS, _COUNT = ctypes.c_char_p, ctypes.c_int64


def load(path: str = LIBRARY) -> ctypes.CDLL | None:
    """The library with the types of what is called here; None where there is none to be used. [any]"""
    library = opened(path)
    if library is None or not hasattr(library, "sc_unpack"):  # built of an older kernels.c
        return None
    library.sc_peak.argtypes = [ctypes.c_void_p, _COUNT]
    library.sc_peak.restype = ctypes.c_float
    library.sc_unpack.argtypes = [
        *(_ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS, _COUNT, _COUNT, _COUNT),
        *(ctypes.c_bool, ctypes.c_float, ctypes.c_void_p),
    ]
    library.sc_unpack.restype = None
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
