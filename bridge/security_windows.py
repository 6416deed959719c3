"""Whose a process, file or pipe is on Windows, and for whom it is open: security identifiers and access lists."""

import sys

assert sys.platform == "win32"

import contextlib
import ctypes
import functools
from collections.abc import Iterator
from ctypes import wintypes as w
from typing import NoReturn

_SYSTEM, _ADMINISTRATORS, _OWNER_RIGHTS = "S-1-5-18", "S-1-5-32-544", "S-1-3-4"
_TOKEN_QUERY, _TOKEN_USER, _QUERY_LIMITED = 8, 1, 0x1000
_OWNER, _LIST, _NOT_INHERITED = 1, 4, 0x80000000  # SECURITY_INFORMATION
_FILE, _KERNEL_OBJECT = 1, 6  # SE_OBJECT_TYPE
_ALLOW = 0  # ACCESS_ALLOWED_ACE_TYPE
_REVISION = 1

_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_security = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel.OpenProcess.restype = w.HANDLE
_kernel.GetCurrentProcess.restype = w.HANDLE
_security.OpenProcessToken.argtypes = [w.HANDLE, w.DWORD, ctypes.POINTER(w.HANDLE)]
_security.ConvertSidToStringSidW.argtypes = [w.LPVOID, ctypes.POINTER(w.LPWSTR)]
_security.GetSecurityInfo.argtypes = [w.HANDLE, ctypes.c_int, w.DWORD, *[ctypes.POINTER(w.LPVOID)] * 5]
_security.GetAce.argtypes = [w.LPVOID, w.DWORD, ctypes.POINTER(w.LPVOID)]


class SecurityAttributes(ctypes.Structure):
    """SECURITY_ATTRIBUTES. What `descriptor` points at lives as long as the process."""

    _fields_ = (("size", w.DWORD), ("descriptor", w.LPVOID), ("inherit", w.BOOL))


def _fail() -> NoReturn:
    raise ctypes.WinError(ctypes.get_last_error())


def user_of(pid: int | None = None) -> str:
    """The SID of the user that a process runs under; None: this one. Raises OSError. [any]"""
    process = _kernel.GetCurrentProcess() if pid is None else _kernel.OpenProcess(_QUERY_LIMITED, False, pid)
    if not process:
        _fail()
    token = w.HANDLE()
    try:
        if not _security.OpenProcessToken(process, _TOKEN_QUERY, ctypes.byref(token)):
            _fail()
        room, size = ctypes.create_string_buffer(256), w.DWORD()
        if not _security.GetTokenInformation(token, _TOKEN_USER, room, len(room), ctypes.byref(size)):
            _fail()
        return _text(ctypes.c_void_p.from_buffer(room).value)
    finally:
        if token:
            _kernel.CloseHandle(token)
        if pid is not None:
            _kernel.CloseHandle(w.HANDLE(process))


@functools.cache
def own_sid() -> str:
    """The SID of this process's user. Raises OSError. [any]"""
    return user_of()


def _text(sid: int | None) -> str:
    text = w.LPWSTR()
    if not _security.ConvertSidToStringSidW(sid, ctypes.byref(text)):
        _fail()
    try:
        return str(text.value)
    finally:
        _kernel.LocalFree(text)


@functools.cache
def closed_to_others() -> SecurityAttributes:
    """Of something new that is ours: open to us and the system, nothing inherited from above. Raises OSError. [any]"""
    descriptor = w.LPVOID()
    wanted = f"O:{own_sid()}D:P(A;OICI;FA;;;{own_sid()})(A;OICI;FA;;;SY)"
    made = _security.ConvertStringSecurityDescriptorToSecurityDescriptorW(
        wanted, _REVISION, ctypes.byref(descriptor), None
    )
    if not made:
        _fail()
    return SecurityAttributes(ctypes.sizeof(SecurityAttributes), descriptor, False)


def shut_out_others(handle: int) -> None:
    """Give an open file or folder, opened to have its access list written, that of something new. Raises OSError. [any]"""
    entries, present, defaulted = w.LPVOID(), w.BOOL(), w.BOOL()
    ours = w.LPVOID(closed_to_others().descriptor)
    found = [ctypes.byref(present), ctypes.byref(entries), ctypes.byref(defaulted)]
    if not _security.GetSecurityDescriptorDacl(ours, *found):
        _fail()
    wanted = _LIST | _NOT_INHERITED
    if error := _security.SetSecurityInfo(w.HANDLE(handle), _FILE, wanted, None, None, entries, None):
        raise ctypes.WinError(error)


def other_owner_of(handle: int) -> str | None:
    """The SID of the owner of an open file or folder, if it is neither ours nor the administrators'. Raises OSError. [any]"""
    with _described(handle, _FILE) as (sid, _):
        return None if sid in (own_sid(), _ADMINISTRATORS) else sid


def why_open_to_others(handle: int, *, is_pipe: bool = False) -> str | None:
    """Why others could reach an open file, folder or pipe; None: it is ours, and closed to them. Raises OSError. [any]"""
    with _described(handle, _KERNEL_OBJECT if is_pipe else _FILE) as (sid, entries):
        if sid not in (own_sid(), _ADMINISTRATORS):
            return f"belongs to user {sid}, not to you ({own_sid()})"
        if entries is None:
            return "is open to everybody (it has no access list)"
        others = _allowed(entries) - {own_sid(), _SYSTEM, _ADMINISTRATORS, _OWNER_RIGHTS}
        return f"is open to other users ({', '.join(sorted(others))})" if others else None


@contextlib.contextmanager
def _described(handle: int, kind: int) -> Iterator[tuple[str, int | None]]:
    """Owner and access list, the latter as an address that is valid inside. Raises OSError."""
    owner, entries, descriptor = w.LPVOID(), w.LPVOID(), w.LPVOID()
    found = [ctypes.byref(owner), None, ctypes.byref(entries), None, ctypes.byref(descriptor)]
    if error := _security.GetSecurityInfo(handle, kind, _OWNER | _LIST, *found):
        raise ctypes.WinError(error)
    try:
        yield _text(owner.value), entries.value
    finally:
        _kernel.LocalFree(descriptor)


def _allowed(entries: int) -> set[str]:
    """Whom an access list (ACL) lets do anything."""
    count = ctypes.c_ushort.from_address(entries + 4).value
    found = set()
    for number in range(count):
        entry = w.LPVOID()
        if not _security.GetAce(entries, number, ctypes.byref(entry)):
            _fail()
        assert entry.value
        kind, rights = (
            ctypes.c_ubyte.from_address(entry.value).value,
            w.DWORD.from_address(entry.value + 4).value,
        )
        if kind == _ALLOW and rights:
            found.add(_text(entry.value + 8))
    return found
