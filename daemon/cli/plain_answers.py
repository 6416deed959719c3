"""What commands answer with --json that is not the daemon's: their own small shapes, for `sidechain schema`."""

from typing import Any

from msgspec import Struct, field

from daemon.core.checks import Check

Values = dict[str, Any]  # settings by their names: of whatever type each is


class Error(Struct, frozen=True, kw_only=True):
    """code is stable, and says which exit code; message and next_step are for people."""

    code: str
    message: str
    next_step: str


class Failure(Struct, frozen=True, kw_only=True):
    """In the place of any answer."""

    error: Error


class Written(Struct, frozen=True, kw_only=True):
    path: str
    bytes: int


class SetWritten(Struct, frozen=True, kw_only=True):
    path: str
    files: list[str]


class Compared(Struct, frozen=True, kw_only=True):
    before: str
    after: str


class Where(Struct, frozen=True, kw_only=True):
    path: str


class Lines(Struct, frozen=True, kw_only=True):
    file: str
    lines: list[str]


class Found(Struct, frozen=True, kw_only=True):
    """exit_code: also the command's own. bundle: the file that was written."""

    exit_code: int
    checks: list[Check]
    bundle: str | None


class Explained(Struct, frozen=True, kw_only=True):
    setting: str
    meaning: str
    value: Any
    default: str
    at_once: bool
    variable: str
    origin: str = field(name="from")
    file: str


class DemoIs(Struct, frozen=True, kw_only=True):
    """Seconds are measured; the rest is of the take that was kept and posted."""

    kept_s: float
    keep_to_follower_s: float
    total_s: float
    take_id: str
    frames: int
    bars: int | None
    bpm: float | None
    sample_rate_hz: int
    lufs_in: float | None
    lufs_out: float | None
    dbtp_out: float | None
    gain_db: float | None
    loudness_reason: str | None
    post_url: str
    decoded_frames: int
