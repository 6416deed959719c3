"""Which starts of the daemon did not end as they should: a small file in the data folder, written before anything that could
crash, and forgotten by an end in peace.
"""

import contextlib
from pathlib import Path
from types import TracebackType

import msgspec

from daemon.core.crash_loop import is_loop, recent
from daemon.errors import SidechainError
from daemon.system.files import write_durably

FILE = "starts.json"


def mark_start(data: Path, now_us: int) -> bool:
    """Note this start; whether those before it were a crash loop. A disk that cannot be written stops nobody from keeping. [worker]"""
    before = _read(data / FILE)
    with contextlib.suppress(Exception):
        write_durably(data / FILE, msgspec.json.encode([*recent(before, now_us), now_us]))
    return is_loop(before, now_us)


def forget_at_end(
    data: Path, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
) -> None:
    """It has ended: in peace, or with a sentence that says why, which is no crash. [any]"""
    told = isinstance(error, BaseExceptionGroup) and error.subgroup(SidechainError) is not None
    if error is None or told or isinstance(error, SidechainError):
        with contextlib.suppress(OSError):
            (data / FILE).unlink()


def _read(file: Path) -> list[int]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[int])
    except (OSError, msgspec.DecodeError):
        return []
