"""Files that a process may still reach: nothing but the folders named, no TCP, no abstract socket, no signal out (landlock(7))."""

import sys

assert sys.platform == "linux"

import ctypes
import os
import struct
from collections.abc import Sequence
from pathlib import Path

# The numbers are the same on every machine
_O_PATH = 0o10000000  # open(2); only Linux has it, and Landlock
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_FILE_RIGHTS_OF_ABI = {
    1: 0x1FFF,
    2: 0x3FFF,
    3: 0x7FFF,
    4: 0x7FFF,
    5: 0xFFFF,
}  # the later ABIs have those of 5
_TCP_ABI, _SCOPE_ABI = 4, 6
_TCP_BIND_CONNECT, _SCOPE_SOCKETS_SIGNALS = 3, 3
_WRITE, _READ, _LIST, _REMOVE_FILE, _MAKE_FILE, _TRUNCATE = 2, 4, 8, 1 << 5, 1 << 8, 1 << 14


def restrict_files(libc: ctypes.CDLL, writable: Sequence[Path], readable: Sequence[Path]) -> bool:
    """Of this thread and all that it starts; whether the kernel took it. It needs PR_SET_NO_NEW_PRIVS. Raises OSError. [main thread]"""
    abi = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if abi < 1:
        return False
    rights = _FILE_RIGHTS_OF_ABI[min(abi, max(_FILE_RIGHTS_OF_ABI))]
    tcp = _TCP_BIND_CONNECT if abi >= _TCP_ABI else 0
    scope = _SCOPE_SOCKETS_SIGNALS if abi >= _SCOPE_ABI else 0
    handled = struct.pack("=QQQ", rights, tcp, scope)  # struct landlock_ruleset_attr; what an old kernel
    known = handled[: 24 if abi >= _SCOPE_ABI else 16 if abi >= _TCP_ABI else 8]  # does not know is not sent
    ruleset = libc.syscall(_CREATE_RULESET, known, len(known), 0)
    if ruleset < 0:
        return False
    reading = _READ | _LIST
    writing = reading | _WRITE | _MAKE_FILE | _REMOVE_FILE | _TRUNCATE
    allowed = [(folder, writing) for folder in writable] + [(folder, reading) for folder in readable]
    refused = any(_allow(libc, ruleset, folder, wanted & rights) for folder, wanted in allowed)
    restricted = refused or libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return bool(restricted == 0)


def _allow(libc: ctypes.CDLL, ruleset: int, folder: Path, rights: int) -> bool:
    """Whether the kernel would not take it. Raises OSError: there is no such folder."""
    place = os.open(folder, _O_PATH | os.O_DIRECTORY)
    try:
        beneath = struct.pack("=Qi", rights, place)  # struct landlock_path_beneath_attr
        return bool(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, beneath, 0) != 0)
    finally:
        os.close(place)
