"""kernels.c, floats.c and crc.c through ctypes, where they were built. No arrays here: floats.py calls it without numpy.

ctypes lets go of the interpreter lock while C runs, so other threads go on.
"""

import ctypes
import sys

VERSION = 4  # KERNELS_VERSION of kernels.c: a library left over from other sources is not used

LIBRARY = __file__.rpartition("library")[0] + ("_kernels.dll" if sys.platform == "win32" else "_kernels.so")


def opened(path: str = LIBRARY) -> ctypes.CDLL | None:
    """The library, or None when it was not built, does not run here or is of another version. [any]"""
    try:
        library = ctypes.CDLL(path)
        version: int = library.sc_kernels_version()
    except (OSError, AttributeError):
        return None
    return library if version == VERSION else None
