"""What a process may cost, by a job object that it joins for good (Windows; tried under Wine)."""

import sys

assert sys.platform == "win32"

import ctypes
from ctypes import wintypes as w

from sandbox.limits import Limits

_EXTENDED_LIMITS = 9  # JOBOBJECTINFOCLASS
_PROCESS_TIME, _ONE_PROCESS, _PROCESS_MEMORY, _DIE_QUIETLY = 0x2, 0x8, 0x100, 0x400
_TICKS_PER_S = 10_000_000

_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.CreateJobObjectW.restype = w.HANDLE
_kernel.GetCurrentProcess.restype = w.HANDLE


class _Wanted(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("process_ticks", ctypes.c_int64),
        ("job_ticks", ctypes.c_int64),
        ("flags", w.DWORD),
        ("working_set", ctypes.c_size_t * 2),
        ("processes", w.DWORD),
        ("affinity", ctypes.c_size_t),
        ("priority", w.DWORD),
        ("scheduling", w.DWORD),
        ("io", ctypes.c_uint64 * 6),
        ("process_bytes", ctypes.c_size_t),
        ("job_bytes", ctypes.c_size_t),
        ("peaks", ctypes.c_size_t * 2),
    )


def limit(limits: Limits) -> None:
    """This process, for good: memory, processor time, no other process. The size of a file has no limit here.

    Raises OSError. [main thread]
    """
    wanted = _Wanted(
        flags=_ONE_PROCESS | _PROCESS_MEMORY | _DIE_QUIETLY, processes=1, process_bytes=limits.address_bytes
    )
    if limits.cpu_s is not None:
        wanted.flags |= _PROCESS_TIME
        wanted.process_ticks = limits.cpu_s * _TICKS_PER_S
    _join(wanted)


def limit_memory(size_bytes: int) -> None:
    """Of memory that may be written: what needs more fails in this process, and nowhere else. Raises OSError. [any]"""
    _join(_Wanted(flags=_PROCESS_MEMORY, process_bytes=size_bytes))


def _join(wanted: _Wanted) -> None:
    """Of the jobs that a process is in, each holds (nested jobs)."""
    job = w.HANDLE(_kernel.CreateJobObjectW(None, None))
    told = job and _kernel.SetInformationJobObject(
        job, _EXTENDED_LIMITS, ctypes.byref(wanted), ctypes.sizeof(wanted)
    )
    if not told or not _kernel.AssignProcessToJobObject(job, w.HANDLE(_kernel.GetCurrentProcess())):
        raise ctypes.WinError(ctypes.get_last_error())
