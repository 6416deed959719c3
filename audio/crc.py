"""zlib.crc32 of sound, several times faster: by crc.c where that was built and the machine has the instruction, else by zlib.

The journal checks all that it writes, packs and reads, and at zlib's speed that was a good part of what the History costs.
"""

import ctypes
import zlib

from audio.library import LIBRARY, opened

LEAST_BYTES = 1_024  # below, a call into C by ctypes takes longer than zlib does
_WHOLE = 16


def load(path: str = LIBRARY) -> ctypes.CDLL | None:
    """The library with the types of what is called here; None where there is none to be used. [any]"""
    library = opened(path)
    if library is None or not hasattr(library, "sc_crc32"):  # built of an older checkout
        return None
    library.sc_crc32.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.POINTER(ctypes.c_uint32)]
    library.sc_crc32.restype = ctypes.c_bool
    return library


_LIBRARY = load()


def crc32(data: bytes | bytearray | memoryview, value: int = 0) -> int:
    """As zlib.crc32. data: contiguous bytes. [any]"""
    if _LIBRARY is None or len(data) < LEAST_BYTES:
        return zlib.crc32(data, value)
    whole_bytes = len(data) // _WHOLE * _WHOLE
    address = _address(data)
    if address is None:
        return zlib.crc32(data, value)
    found = ctypes.c_uint32(value)
    if not _LIBRARY.sc_crc32(address, whole_bytes, ctypes.byref(found)):
        return zlib.crc32(data, value)
    return zlib.crc32(memoryview(data)[whole_bytes:], found.value)


def _address(data: bytes | bytearray | memoryview) -> ctypes.Array[ctypes.c_char] | bytes | None:
    """What ctypes takes for where the bytes lie; None for a view that may not be written, of which it takes none."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, memoryview) and data.readonly:
        return None
    return (ctypes.c_char * len(data)).from_buffer(data)
