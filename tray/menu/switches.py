"""Lines that switch something on or off, or look at everything: posting, presence, notifications, login, the doctor."""

from collections.abc import Iterator
from math import ceil

from bridge.control import Status
from tray.model import (
    ChangeSetting,
    Diagnose,
    Item,
    PausePosting,
    ResumePosting,
    StartAtLogin,
    StopPreviews,
)
from tray.view import View

PAUSES = ((60, "For an hour"), (8 * 60, "For eight hours"), (None, "Until I resume it"))


def playing(view: View) -> Iterator[Item]:
    """The way to silence, while something plays."""
    heard = [preview.title for preview in view.previews.values() if preview.state != "ended"]
    if view.played_here:
        heard.append(view.played_here)
    if heard:
        yield Item(id="silence", label="Stop playing", action=StopPreviews())


def pausing(status: Status) -> Iterator[Item]:
    """Posting can be paused where there is somebody to post to."""
    if status.relay_url is None:
        return
    if status.paused:
        left = "" if status.paused_s is None else f" (paused for {_minutes(status.paused_s)} more)"
        yield Item(id="resume", label=f"Resume posting{left}", action=ResumePosting())
        return
    choices = tuple(
        Item(id=f"pause:{minutes or 'on'}", label=label, action=PausePosting(minutes))
        for minutes, label in PAUSES
    )
    yield Item(id="pause", label="Pause posting", submenu=choices)


def switches(view: View, status: Status) -> Iterator[Item]:
    """What is not known is not shown: a tick that may be wrong is worse than none."""
    if (tells := status.tells_presence) is not None:
        action = ChangeSetting("presence", not tells)
        yield Item(id="presence", label="Tell followers what I do", checked=tells, action=action)
    if (quiet := status.do_not_disturb) is not None:
        action = ChangeSetting("do_not_disturb", not quiet)
        yield Item(id="quiet", label="Do not disturb", checked=quiet, action=action)
    if view.at_login is not None:
        starts = view.at_login == "on"
        label = "Start at login" + (" (another program does now)" if view.at_login == "other" else "")
        yield Item(id="login", label=label, checked=starts, action=StartAtLogin(not starts))


def diagnostics() -> Item:
    return Item(id="doctor", label="Diagnostics…", action=Diagnose())


def _minutes(seconds: float) -> str:
    minutes = max(1, ceil(seconds / 60))
    return (
        "1 minute"
        if minutes == 1
        else f"{minutes} minutes"
        if minutes < 120
        else f"{round(minutes / 60)} hours"
    )
