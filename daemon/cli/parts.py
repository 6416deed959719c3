"""Which part of the History a command means: options that `keep` and `history play` share, and how times are typed."""

import re
import time
from datetime import datetime, timedelta
from typing import Annotated, TypedDict

import typer

from bridge.control_part import MAX_AGO_S
from daemon.errors import UsageError

AGO = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,6}(?:\.\d+)?)")
CLOCK = re.compile(r"@(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?")
FORMS = "how long ago, as 3:20 (minutes), 1:03:20 or 200 (seconds), or the time of day, as @14:02:10"

Ago = Annotated[str | None, typer.Option("--ago", help=f"What ended then: {FORMS}.")]
Start = Annotated[
    str | None, typer.Option("--from", help=f"Where it begins, {FORMS}; snapped to the nearest bar line.")
]
End = Annotated[str | None, typer.Option("--to", help="Where it ends, as --from. Default: now.")]
Whole = Annotated[bool, typer.Option("--whole", help="All that is in reach, 15 minutes at most.")]
Free = Annotated[bool, typer.Option("--free", help="With --from: do not snap to bar lines.")]


class PartFields(TypedDict):
    """As in KeepTake and CopyHistory."""

    bars: int | None
    seconds: float | None
    ago_s: float | None
    from_ago_s: float | None
    whole: bool
    snap: bool


def part_of(
    *,
    bars: int | None,
    seconds: float | None,
    ago: str | None,
    start: str | None,
    end: str | None,
    whole: bool,
    free: bool,
) -> PartFields:
    """What the options mean. Raises UsageError, in the words of the options."""
    if bars and seconds:
        raise UsageError("Give --bars or --seconds, not both.")
    if start is not None and (bars or seconds or ago or whole):
        raise UsageError("--from and --to say it all.", "Leave out --bars, --seconds, --ago and --whole.")
    if whole and (bars or seconds or ago):
        raise UsageError("--whole is all there is.", "Leave out --bars, --seconds and --ago.")
    if end is not None and start is None:
        raise UsageError("--to needs --from.", "For the bars that ended then, use --bars with --ago.")
    if free and start is None:
        raise UsageError("--free goes with --from.", "Bars begin and end on bar lines by themselves.")
    now_s = time.time()
    later = ago if start is None else end
    later_s = None if later is None else ago_s(later, now_s)
    start_s = None if start is None else ago_s(start, now_s)
    if start_s is not None and start_s <= (later_s or 0.0):
        raise UsageError(f"--from {start} is not before --to {end or 'now'}.", "Say the earlier time first.")
    return PartFields(
        bars=bars, seconds=seconds, ago_s=later_s, from_ago_s=start_s, whole=whole, snap=not free
    )


def ago_s(text: str, now_s: float) -> float:
    """Seconds before `now_s` (Unix time) that `text` means. Raises UsageError."""
    found = _clock_s(text, now_s) if text.startswith("@") else _duration_s(text)
    if found is None:
        raise UsageError(f"{text!r} is no time.", f"Say {FORMS}.")
    if found > MAX_AGO_S:
        raise UsageError(f"{text!r} is more than a week ago.", "`sidechain history` shows what is in reach.")
    return found


def _duration_s(text: str) -> float | None:
    if not (match := AGO.fullmatch(text)):
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    if match[2] is not None and (seconds >= 60 or (match[1] is not None and minutes >= 60)):
        return None
    return hours * 3600 + minutes * 60 + seconds


def _clock_s(text: str, now_s: float) -> float | None:
    """The last time that the clock showed this, here."""
    if not (match := CLOCK.fullmatch(text)):
        return None
    hours, minutes, seconds = int(match[1]), int(match[2]), float(match[3] or 0)
    if hours > 23 or minutes > 59 or seconds >= 60:
        return None
    now = datetime.fromtimestamp(now_s)
    then = now.replace(hour=hours, minute=minutes, second=0, microsecond=0) + timedelta(seconds=seconds)
    if then > now:
        then -= timedelta(days=1)
    return (now - then).total_seconds()
