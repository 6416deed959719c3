"""What a click does: one message to the daemon, or one program that is started. Nothing is decided here but whom to ask."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct

from bridge import control
from tray import desktop
from tray.links import may_open
from tray.model import (
    Action,
    CancelClaim,
    ChangeSetting,
    Diagnose,
    DiscardTake,
    KeepAll,
    KeepBars,
    KeepRecovered,
    LikePost,
    OpenUrl,
    PausePosting,
    PlayHere,
    PlayPreview,
    PostTake,
    RestoreTake,
    ResumePosting,
    ShowFolder,
    StartAtLogin,
    StartDaemon,
    StopDaemon,
    StopPreviews,
    UndoPost,
    WantCode,
)
from tray.view import View

KEEP_ALL_ANSWER_S = 120.0  # each Take is written before it is answered
PREVIEW_ANSWER_S = 60.0  # the sound may have to be fetched first
LOGIN_ANSWER_S = 45.0  # the system's service manager is asked


class Effects(Struct, frozen=True, kw_only=True):
    """What leaves the tray besides messages to the daemon."""

    open_url: Callable[[str], Awaitable[None]] = desktop.open_url
    open_folder: Callable[[Path], Awaitable[None]] = desktop.open_folder
    start_daemon: Callable[[], Awaitable[None]] = desktop.start_daemon
    play: Callable[[str], Awaitable[None]] = desktop.play_take
    diagnose: Callable[[], Awaitable[str]] = desktop.diagnose


Ask = Callable[[control.Request, float | None], Awaitable[control.Reply]]
"""Ask the daemon, and wait so long for its answer (None: as long as usual). Raises BridgeError."""


def message_of(action: Action) -> tuple[control.Request, float | None] | None:
    """What is said to the daemon, and how long its answer may take; None where an action is more than one message."""
    match action:
        case KeepBars(instance, bars):
            return control.KeepTake(instance=instance, bars=bars), None
        case KeepAll(bars):
            return control.KeepAll(bars=bars), KEEP_ALL_ANSWER_S
        case KeepRecovered(stretch_id, bars):
            return control.KeepRecovered(stretch_id=stretch_id, bars=bars), None
        case PostTake(take_id):
            return control.PostTake(take_id=take_id), None
        case UndoPost(take_id):
            return control.UndoPost(entry_id=take_id), None
        case PlayPreview(target):
            return control.PlayPreview(target=target), PREVIEW_ANSWER_S
        case DiscardTake(take_id):
            return control.DiscardTake(take_id=take_id), None
        case RestoreTake(take_id):
            return control.RestoreTake(take_id=take_id), None
        case LikePost(post_id, like):
            return control.LikePost(post_id=post_id, like=like), None
        case _:
            return _of_switches(action)


def _of_switches(action: Action) -> tuple[control.Request, float | None] | None:
    match action:
        case PausePosting(minutes):
            return control.PausePosting(seconds=None if minutes is None else minutes * 60.0), None
        case ResumePosting():
            return control.ResumePosting(), None
        case ChangeSetting(name, on):
            return control.ChangeSetting(name=name, value="true" if on else "false"), None
        case StartAtLogin(on):
            return control.SetAtLogin(on=on), LOGIN_ANSWER_S
        case StopPreviews():
            return control.StopPreviews(), None
        case WantCode():
            return control.WantCode(), None
        case CancelClaim():
            return control.CancelClaim(), None
        case StopDaemon():
            return control.Shutdown(), None
        case _:
            return None


async def start(action: Action, view: View, ask: Ask, effects: Effects) -> str | None:
    """Carry out what starts a program; a sentence to be said afterwards, or None. Raises BridgeError, StartFailed."""
    match action:
        case OpenUrl(url):
            status = view.status
            # Asked again here, where it happens: the relay may have changed since the menu was drawn.
            if status is not None and may_open(url, status.relay_url):
                await effects.open_url(url)
        case ShowFolder(take_id):
            one = await ask(control.ShowTake(take_id=take_id), None)
            if isinstance(one, control.OneTake):
                await effects.open_folder(Path(one.path))
        case PlayHere(take_id):
            await effects.play(take_id)
        case StartDaemon():
            await effects.start_daemon()
        case Diagnose():
            return await effects.diagnose()
    return None
