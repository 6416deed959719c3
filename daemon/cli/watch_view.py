"""What `sidechain watch` shows, made of the daemon's status and events: rows of a live picture, and words for a line."""

from collections import deque

from rich.console import Group
from rich.table import Table
from rich.text import Text

import bridge.control as c
from daemon.cli.daemon_commands import describe
from daemon.cli.output import bars_or_seconds, number
from daemon.cli.record import dbfs, meter
from daemon.cli.watch_heard import heard_in_words, heard_picture
from daemon.cli.watch_parts import NARROW_COLUMNS, ROOMY_COLUMNS, table_of, text_of

MAX_EVENTS = 8
METER_COLUMNS, NARROW_METER_COLUMNS = 24, 10
BESIDE_A_NAME = 48  # columns for what else is said of a take
ENDED = ("accepted", "discarded")


class View:
    """What was told so far. status: None before the first look."""

    def __init__(self) -> None:
        self.status: c.Status | None = None
        self.heard: c.LiveMeasurements | None = None  # when it is listened to
        self._under_way: dict[str, c.Progress] = {}  # by the take
        self._events: deque[str] = deque(maxlen=MAX_EVENTS)

    def take(self, event: c.Event, clock: str) -> None:
        """clock: when, as it is shown."""
        if isinstance(event, c.Progress):
            self._under_way[event.take_id] = event
            return
        if isinstance(event, c.StateChanged):
            return
        if isinstance(event, c.TakeChanged) and _is_done(event.take):
            self._under_way.pop(event.take.take_id, None)
        self._events.append(f"{clock}  {in_words(event)}")

    def picture(self, columns: int) -> Group:
        """At most so many columns wide."""
        status = self.status
        if status is None:
            return Group(Text("…"))
        parts: list[Text | Table] = [text_of(f"{status.sentence}  ({status.state})", "bold")]
        parts += [text_of(f"notice  {notice}", "yellow") for notice in status.notices]
        parts += [text_of(""), _plugins(status.instances, columns)]
        if self.heard is not None:
            parts += [text_of(""), *heard_picture(self.heard, columns)]
        parts += [text_of(""), self._takes(status.recent, columns)]
        if self._events:
            parts += [text_of(""), *(text_of(event, "dim") for event in self._events)]
        return Group(*parts)

    def _takes(self, takes: list[c.TakeInfo], columns: int) -> Table | Text:
        narrow, most = columns < NARROW_COLUMNS, max(columns - BESIDE_A_NAME, columns // 2)
        if not takes:
            return text_of("No takes yet. Play, then `sidechain keep`.")
        table = table_of(["take", "state"] if narrow else ["take", "length", "tempo", "state"])
        for take in takes:
            length = bars_or_seconds(take.bars, take.frames / take.sample_rate_hz)
            about = [] if narrow else [text_of(length), text_of(number(take.bpm))]
            table.add_row(text_of(take.name or take.title, most=most), *about, text_of(self._state(take)))
        return table

    def _state(self, take: c.TakeInfo) -> str:
        progress = self._under_way.get(take.take_id)
        if progress and not _is_done(take):
            return f"{progress.stage} {progress.fraction:.0%}{_sent(progress)}"
        held = f" {take.held_s:.0f} s" if take.held_s is not None else ""
        return f"{take.entry_state or take.state}{held}"


def _is_done(take: c.TakeInfo) -> bool:
    return take.state in ("ready", "failed") and take.entry_state in (None, *ENDED)


def _plugins(instances: list[c.InstanceInfo], columns: int) -> Table | Text:
    narrow, drawn = (
        columns < NARROW_COLUMNS,
        METER_COLUMNS if columns >= ROOMY_COLUMNS else NARROW_METER_COLUMNS,
    )
    if not instances:
        return text_of("No plugin is loaded.")
    table = table_of(["plugin", "level"] if narrow else ["plugin", "tempo", "state", "level", ""])
    for one in instances:
        level = one.level or 0.0
        bar = text_of(meter(level, drawn), "green")
        said = dbfs(level)
        name = text_of(one.track_name or one.host_name)
        tempo, state = text_of(f"{number(one.bpm)} {one.meter or ''}"), text_of(one.reason or one.state)
        peak = text_of("" if said is None else f"{said:.0f} dBFS")
        table.add_row(*((name, bar) if narrow else (name, tempo, state, bar, peak)))
    return table


def _sent(progress: c.Progress) -> str:
    if not progress.size_bytes:
        return ""
    return f", {(progress.sent_bytes or 0) / 1e6:.1f} of {progress.size_bytes / 1e6:.1f} MB"


def in_words(told: c.Event | c.Status | c.LiveMeasurement) -> str:
    """One line. [any]"""
    match told:
        case c.LiveMeasurement():
            return heard_in_words(told)
        case c.Status():
            return f"{told.sentence} ({told.state})"
        case c.Progress():
            return f"take {told.take_id[:12]}: {told.stage} {told.fraction:.0%}{_sent(told)}"
        case c.TakeChanged():
            state = (
                f"{told.take.state}, {told.take.entry_state}" if told.take.entry_state else told.take.state
            )
            return f"take {describe(told.take)}: {state}"
        case c.ItemArrived():
            return f"“{told.item.title}” by {told.item.author} is new in the feed"
        case c.NotificationsChanged():
            return told.sentence or f"{told.unread} notifications are unread"
        case c.PreviewChanged():
            return f"preview of “{told.preview.title or told.preview.target}”: {told.preview.state}"
    return "the status has changed"
