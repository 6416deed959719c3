"""`bridge.system` on Windows 10 and later. Tried under Wine; what is said of NTFS is untested.

Files are opened with all of FILE_SHARE_*, as POSIX has it: what is open may be renamed and removed by others.
"""

import sys

assert sys.platform == "win32"

import contextlib
import ctypes
import errno
import msvcrt
import os
import socket
import stat
import subprocess
import time
import winreg
from collections.abc import Iterator
from ctypes import wintypes as w
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from bridge.security_windows import (
    closed_to_others,
    other_owner_of,
    own_sid,
    shut_out_others,
    user_of,
    why_open_to_others,
)

UserId = str
"""A security identifier (SID) as text, as in "S-1-5-21-…"."""

PRIVATE_MODE = 0o600  # of which Windows knows nothing
MOST_NAME_UNITS = 255  # of one name on NTFS, in UTF-16 units
_CRT_DESCRIPTORS = 8_192  # the most that Microsoft's C runtime gives out (_setmaxstdio)
_READ, _WRITE = 0x80000000, 0x40000000
_READ_CONTROL, _WRITE_LIST = 0x00020000, 0x00040000
_SHARE_ALL = 1 | 2 | 4
_CREATE_NEW, _OPEN_EXISTING, _OPEN_ALWAYS = 1, 3, 4
_NORMAL, _BACKUP, _OPEN_LINK = 0x80, 0x02000000, 0x00200000
_OVERLAPPED, _IDENTIFICATION = 0x40000000, 0x00110000  # SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION
_INVALID = w.HANDLE(-1).value
_ACCESS_DENIED, _LOCK_VIOLATION, _IO_PENDING, _END_OF_FILE = 5, 33, 997, 38
_NOT_SAME_DEVICE = 17
_EXCLUSIVE, _AT_ONCE = 2, 1
_LOCK_AT = 1 << 62  # of the one byte that stands for the file: locks are mandatory, and nothing lies there
_PIPE_BUSY, _BUSY_MS = (
    231,
    2_000,
)  # for so long an instance of a pipe is waited for, where others have all that there are
_QUERY_LIMITED, _SYNCHRONIZE, _WAIT_TIMEOUT = 0x1000, 0x100000, 258
_BELOW_NORMAL_CLASS, _IDLE_CLASS = 0x4000, 0x40
_BELOW_NORMAL, _LOWEST = -1, -2
_NO_CRASH_REPORTS = 1 | 2  # SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX
_MEMORY_MANAGEMENT = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"

_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.CreateFileW.restype = w.HANDLE
_kernel.CreateFileW.argtypes = [w.LPCWSTR, w.DWORD, w.DWORD, w.LPVOID, w.DWORD, w.DWORD, w.HANDLE]
_kernel.OpenProcess.restype = w.HANDLE
_kernel.GetCurrentProcess.restype = w.HANDLE
_kernel.GetCurrentThread.restype = w.HANDLE
_kernel.GetTickCount64.restype = ctypes.c_ulonglong


class _At(ctypes.Structure):
    """OVERLAPPED, of which only the offset is used: on a handle that waits, the call still does."""

    _fields_ = (
        ("internal", ctypes.c_void_p),
        ("internal_high", ctypes.c_void_p),
        ("offset", w.DWORD),
        ("offset_high", w.DWORD),
        ("event", w.HANDLE),
    )


def _fail(path: str | os.PathLike[str] | None = None) -> NoReturn:
    error = ctypes.WinError(ctypes.get_last_error())
    if path is not None:
        error.filename = os.fspath(path)
    raise error


def _at(offset: int) -> _At:
    return _At(offset=offset & 0xFFFFFFFF, offset_high=offset >> 32)


# files ------------------------------------------------------------------------------------------------------------


def create_private(path: str | os.PathLike[str], *, readable: bool = False, mode: int = PRIVATE_MODE) -> int:
    """A descriptor of a new file, to write. readable: and to read. mode: not used, it is closed to others.

    Never one that is there, and never through a link. Raises OSError. [any]
    """
    return _opened(path, _WRITE | (_READ if readable else 0), _CREATE_NEW)


def open_private(path: str | os.PathLike[str]) -> int:
    """A descriptor to read and write; the file is made, for us alone, if there is none. Raises OSError. [any]"""
    return _opened(path, _READ | _WRITE, _OPEN_ALWAYS)


def open_to_read(path: str | os.PathLike[str]) -> int:
    """A descriptor to read, never through a link. Raises OSError. [any]"""
    return _opened(path, _READ, _OPEN_EXISTING)


def _opened(path: str | os.PathLike[str], access: int, how: int) -> int:
    ours, flags = ctypes.byref(closed_to_others()), _NORMAL | _OPEN_LINK
    handle = _kernel.CreateFileW(os.fspath(path), access, _SHARE_ALL, ours, how, flags, None)
    if handle == _INVALID:
        _fail(path)
    way = os.O_BINARY | os.O_NOINHERIT | (0 if access & _WRITE else os.O_RDONLY)
    fd = msvcrt.open_osfhandle(handle, way)
    if os.fstat(fd).st_file_attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT:
        os.close(fd)
        raise OSError(errno.ELOOP, "it is a link", os.fspath(path))
    return fd


def make_private_folder(path: Path) -> None:
    """For us alone, whatever the folder above it allows. Raises FileExistsError, OSError. [any]"""
    attributes = closed_to_others()
    if not _kernel.CreateDirectoryW(os.fspath(path), ctypes.byref(attributes)):
        _fail(path)


def keep_private(fd: int) -> None:
    """What was made in a private folder is. [any]"""


def why_not_private(where: int | Path, found: os.stat_result, wanted: str = "0600") -> str | None:
    """Why others could reach a file or folder; None: it is ours, and closed to them. Raises OSError. [any]"""
    if isinstance(where, int):
        return why_open_to_others(msvcrt.get_osfhandle(where))
    with _looked_at(where, _READ_CONTROL) as handle:
        return why_open_to_others(handle)


@contextlib.contextmanager
def _looked_at(path: Path, access: int) -> Iterator[int]:
    """A handle of a file or folder, for what is said about it. Raises OSError."""
    flags = _BACKUP | _OPEN_LINK
    handle = _kernel.CreateFileW(os.fspath(path), access, _SHARE_ALL, None, _OPEN_EXISTING, flags, None)
    if handle == _INVALID:
        _fail(path)
    try:
        yield handle
    finally:
        _kernel.CloseHandle(w.HANDLE(handle))


def other_owner(path: Path) -> UserId | None:
    """Whose it is, if not ours or the administrators'. Raises OSError. [any]"""
    with _looked_at(path, _READ_CONTROL) as handle:
        return other_owner_of(handle)


def close_to_others(path: Path) -> bool:
    """Take away what others may do with a file or folder of ours; whether they could do anything. Raises OSError. [any]"""
    with _looked_at(path, _READ_CONTROL | _WRITE_LIST) as handle:
        is_open = why_open_to_others(handle) is not None
        if is_open:
            shut_out_others(handle)
    return is_open


def make_link(target: Path, at: Path) -> None:
    """Another name of a file, which others can open it by: a hard link, for one by name needs a right that few have. Raises OSError. [any]"""
    try:
        os.link(target, at)
    except OSError as error:
        if error.winerror == _NOT_SAME_DEVICE:
            raise OSError(
                errno.EXDEV, f"on Windows it has to be on the drive of {target.drive}", str(at)
            ) from error
        raise


def mark_of(target: Path) -> str:
    """What a link of ours to this file is known by: the file's number and when it was written; "" when it is gone. [any]"""
    try:
        found = target.stat()
    except OSError:
        return ""
    return f"{found.st_ino} {found.st_mtime_ns}"  # a number may be another file's one day


def mark_of_link(at: Path) -> str:
    """The mark of the file that has this name; "" when there is none. [any]"""
    return mark_of(at)


def local_datagrams() -> socket.socket:
    """There are none. Raises OSError. [any]"""
    raise OSError(errno.EAFNOSUPPORT, "Windows has no such sockets")


def read_at(fd: int, size_bytes: int, at: int) -> bytes:
    """At most so many bytes from there, fewer at the end. Raises OSError. [any]"""
    data = bytearray(size_bytes)
    return bytes(data[: read_into(fd, memoryview(data), at)])


def read_into(fd: int, into: memoryview, at: int) -> int:
    """Fill `into` from there; how many bytes there were. Raises OSError. [any]"""
    if not len(into):
        return 0
    done, place = w.DWORD(), _at(at)
    room = (ctypes.c_char * len(into)).from_buffer(into)
    handle = w.HANDLE(msvcrt.get_osfhandle(fd))
    was_read = _kernel.ReadFile(handle, room, len(into), ctypes.byref(done), ctypes.byref(place))
    if not was_read and ctypes.get_last_error() != _END_OF_FILE:
        _fail()
    return done.value


def write_at(fd: int, data: bytes | memoryview, at: int) -> None:
    """All of it. Raises OSError. [any]"""
    handle, left = w.HANDLE(msvcrt.get_osfhandle(fd)), memoryview(bytes(data))
    while left:
        done, place = w.DWORD(), _at(at)
        if not _kernel.WriteFile(handle, bytes(left), len(left), ctypes.byref(done), ctypes.byref(place)):
            _fail()
        at += done.value
        left = left[done.value :]


def reserve(fd: int, size_bytes: int) -> None:
    """Room for so many bytes of a new file: a full disk is told now, not when they are written. Raises OSError. [any]"""
    os.ftruncate(fd, size_bytes)  # here it writes zeros


def sync_data(fd: int) -> None:
    """What was written survives a power cut. Raises OSError. [worker]"""
    os.fsync(fd)


def sync_folder(path: str | os.PathLike[str]) -> None:
    """Names in it survive a power cut: NTFS writes them to its journal with the folder. Raises OSError. [worker]"""
    handle = _kernel.CreateFileW(os.fspath(path), _WRITE, _SHARE_ALL, None, _OPEN_EXISTING, _BACKUP, None)
    if handle == _INVALID:
        _fail(path)
    try:
        _kernel.FlushFileBuffers(
            w.HANDLE(handle)
        )  # a file system that does not know it keeps names by itself
    finally:
        _kernel.CloseHandle(w.HANDLE(handle))


def longest_name_bytes(folder: Path) -> int:
    """Of one name in that folder. [any]"""
    return MOST_NAME_UNITS


# who lives ----------------------------------------------------------------------------------------------------------


def lock(fd: int) -> None:
    """Hold the file's lock for as long as it is open; the kernel drops it with the process. Raises BlockingIOError, OSError. [any]"""
    place, handle = _at(_LOCK_AT), w.HANDLE(msvcrt.get_osfhandle(fd))
    if not _kernel.LockFileEx(handle, _EXCLUSIVE | _AT_ONCE, 0, 1, 0, ctypes.byref(place)):
        if ctypes.get_last_error() in (_LOCK_VIOLATION, _IO_PENDING):
            raise BlockingIOError(errno.EAGAIN, "somebody holds its lock")
        _fail()


def is_locked(fd: int) -> bool:
    """Whether somebody holds it. Held by us for microseconds; who makes such a file therefore locks blockingly. [any]"""
    place, handle = _at(_LOCK_AT), w.HANDLE(msvcrt.get_osfhandle(fd))
    if not _kernel.LockFileEx(handle, _AT_ONCE, 0, 1, 0, ctypes.byref(place)):
        if ctypes.get_last_error() in (_LOCK_VIOLATION, _IO_PENDING):
            return True
        _fail()
    _kernel.UnlockFileEx(handle, 0, 1, 0, ctypes.byref(place))
    return False


def process_lives(pid: int) -> bool:
    """Whether there is such a process that has not ended. [any]"""
    handle = _kernel.OpenProcess(_QUERY_LIMITED | _SYNCHRONIZE, False, pid)
    if not handle:
        return ctypes.get_last_error() == _ACCESS_DENIED
    try:
        return bool(_kernel.WaitForSingleObject(w.HANDLE(handle), 0) == _WAIT_TIMEOUT)
    finally:
        _kernel.CloseHandle(w.HANDLE(handle))


class Peer(NamedTuple):
    """Who is at the other end. user_id None: it left before anybody could ask."""

    pid: int
    user_id: UserId | None


def user_id() -> UserId:
    """Whose this process is. [any]"""
    return own_sid()


def peer_of_process(pid: int) -> Peer:
    """The other end of a pipe, of which the kernel tells the process. [any]"""
    try:
        return Peer(pid, user_of(pid))
    except OSError:
        return Peer(pid, None)


def client_of(pipe: int) -> Peer:
    """Who connected to an instance of a pipe, by the kernel's word. [any]"""
    pid = w.ULONG()
    if not _kernel.GetNamedPipeClientProcessId(w.HANDLE(pipe), ctypes.byref(pid)):
        return Peer(0, None)
    return peer_of_process(pid.value)


def open_pipe(path: Path) -> tuple[int, Peer]:
    """A connection to the pipe whose name stands in the file, for overlapped I/O, and whose it is. Raises OSError. [any]

    The server may learn who we are, and do nothing in our name.
    """
    handle, pid = _connected(path), w.ULONG()
    if not _kernel.GetNamedPipeServerProcessId(w.HANDLE(handle), ctypes.byref(pid)):
        _kernel.CloseHandle(w.HANDLE(handle))
        _fail(path)
    return handle, peer_of_process(pid.value)


def _connected(path: Path) -> int:
    """A handle of the pipe. Others may take each instance that gets free, so a busy one is tried more than once. Raises OSError."""
    name, flags = path.read_text(encoding="utf-8"), _OVERLAPPED | _IDENTIFICATION
    end_s = time.monotonic() + _BUSY_MS / 1000
    while (
        handle := _kernel.CreateFileW(name, _READ | _WRITE, 0, None, _OPEN_EXISTING, flags, None)
    ) == _INVALID:
        if ctypes.get_last_error() != _PIPE_BUSY or time.monotonic() > end_s:
            _fail(path)
        _kernel.WaitNamedPipeW(name, _BUSY_MS)
    return int(handle)


def open_own_pipe(path: Path) -> int:
    """The same, of a server that is ours: whoever is first has a name, also that of a daemon that has died. Raises OSError. [any]"""
    handle, peer = open_pipe(path)
    if peer.user_id != user_id():
        _kernel.CloseHandle(w.HANDLE(handle))
        raise PermissionError(errno.EACCES, "its pipe is another user's", os.fspath(path))
    return handle


def listener_of(path: Path) -> Peer:
    """Who listens there, by the kernel's word. Raises OSError: nobody. [any]"""
    handle, peer = open_pipe(path)
    _kernel.CloseHandle(w.HANDLE(handle))
    return peer


def in_background(kept: int) -> dict[str, Any]:
    """What subprocess.Popen needs for a program that outlives this one, and has the descriptor `kept`. [any]"""
    handle = msvcrt.get_osfhandle(kept)
    os.set_handle_inheritable(handle, True)
    information = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})  # that, and no other
    apart = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    return {"startupinfo": information, "creationflags": apart}


def kept_name(kept: int) -> str:
    """What that program is to be told of the descriptor: the handle, for descriptors are a process's own. [any]"""
    return str(msvcrt.get_osfhandle(kept))


def kept_descriptor(name: str) -> int:
    """In that program: the descriptor it was told of. Raises ValueError, OSError. [any]"""
    return msvcrt.open_osfhandle(int(name), os.O_BINARY)


# clocks ---------------------------------------------------------------------------------------------------------------


def awake_ns() -> int:
    """Nobody sets it, and it stands still while the computer sleeps: the clock of the C client (SPEC). [any]"""
    ticks = ctypes.c_ulonglong()
    _kernel.QueryUnbiasedInterruptTime(ctypes.byref(ticks))
    return ticks.value * 100


def lifetime_s() -> float:
    """Nobody sets it, and it runs on while the computer sleeps. [any]"""
    return int(_kernel.GetTickCount64()) / 1000


def boot_id() -> str:
    """Another one after each start of this machine; "" where it is not known. [any]"""
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _MEMORY_MANAGEMENT) as key:
            return str(winreg.QueryValueEx(key, "BootId")[0])
    except OSError:
        return ""


# limits of this process -------------------------------------------------------------------------------------------------


def descriptor_limit() -> int:
    """How many files this process may have open. [any]"""
    return _CRT_DESCRIPTORS


def raise_descriptor_limit() -> None:
    """There is nothing to raise. [any]"""


def keep_freed_memory(size_bytes: int) -> None:
    """Nothing to do: this system's heap keeps what it needs. [any]"""


def usable_cores() -> int:
    """That this process may run on. [any]"""
    ours, all_of_them = ctypes.c_size_t(), ctypes.c_size_t()
    process = w.HANDLE(_kernel.GetCurrentProcess())
    if not _kernel.GetProcessAffinityMask(process, ctypes.byref(ours), ctypes.byref(all_of_them)):
        return os.cpu_count() or 1
    return max(1, ours.value.bit_count())


def step_thread_back(nice: int) -> None:
    """The thread that calls it goes behind whatever else the machine does, for good. [any]"""
    _kernel.SetThreadPriority(w.HANDLE(_kernel.GetCurrentThread()), _LOWEST if nice >= 10 else _BELOW_NORMAL)


def step_process_back(nice: int) -> None:
    """All of this process, for good. [any]"""
    wanted = _IDLE_CLASS if nice >= 10 else _BELOW_NORMAL_CLASS
    _kernel.SetPriorityClass(w.HANDLE(_kernel.GetCurrentProcess()), wanted)


def forbid_dumps() -> None:
    """No report of a crash holds this process's memory. Another program of the same user may still read it. [any]"""
    _kernel.SetErrorMode(_NO_CRASH_REPORTS)
