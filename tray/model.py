"""What the tray shows and what a click means, as values. Nothing here draws, decides or does anything."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

MAX_LABEL_CHARS = 80  # longer lines make menus wider than small screens


class Icon(StrEnum):
    """One picture per state that a producer must tell apart at a glance."""

    STARTING = "starting"
    NOT_RUNNING = "not-running"
    UNCLAIMED = "unclaimed"
    CONNECTED = "connected"
    UPLOADING = "uploading"
    OFFLINE = "offline"
    PAUSED = "paused"
    PROBLEM = "problem"


# actions ------------------------------------------------------------------------------------------------------


class KeepBars(Struct, frozen=True):
    """Make a Take of the last `bars` bars of `instance`; None: of the Instance that played last."""

    instance: str | None
    bars: int


class KeepAll(Struct, frozen=True):
    """Make a set: Takes of the last `bars` bars of every Instance that sounded."""

    bars: int


class PostTake(Struct, frozen=True):
    """Put the Take in the outbox."""

    take_id: str


class UndoPost(Struct, frozen=True):
    """Do not post the Take after all, while nothing of it has left."""

    take_id: str


class KeepRecovered(Struct, frozen=True):
    """Make a Take of what a crash left behind: its last `bars` bars, or all of it."""

    stretch_id: str
    bars: int | None


class PlayPreview(Struct, frozen=True):
    """Play a Take or a post of the feed through the plugin that played last."""

    target: str


class PlayHere(Struct, frozen=True):
    """Play a Take through this machine's own output: no plugin is loaded."""

    take_id: str


class StopPreviews(Struct, frozen=True):
    """Let all fall silent that this tray or a plugin's window plays."""


class ShowFolder(Struct, frozen=True):
    """Show the Take's files in the file manager."""

    take_id: str


class DiscardTake(Struct, frozen=True):
    """Take it out of the lists; it can be restored for days."""

    take_id: str


class RestoreTake(Struct, frozen=True):
    """Put a discarded Take back into the lists."""

    take_id: str


class LikePost(Struct, frozen=True):
    """Like a post of the feed, or take that back."""

    post_id: str
    like: bool


class FeedSeen(Struct, frozen=True):
    """The feed was looked at: nothing in it is new any more."""


class PausePosting(Struct, frozen=True):
    """Nothing is posted for so long; None: until it is resumed."""

    minutes: int | None


class ResumePosting(Struct, frozen=True):
    """What waits is posted."""


class ChangeSetting(Struct, frozen=True):
    """Set a setting that is on or off, in the settings file and in the running daemon."""

    name: str
    on: bool


class StartAtLogin(Struct, frozen=True):
    """Whether login starts Sidechain from now on."""

    on: bool


class Diagnose(Struct, frozen=True):
    """Let the doctor look at everything, and show what it found."""


class LookAgain(Struct, frozen=True):
    """The menu is being opened: look at what nobody tells of."""


class OpenUrl(Struct, frozen=True):
    """Show a page of the relay in the browser."""

    url: str


class BeginClaim(Struct, frozen=True):
    """Join this device to whoever says yes in the browser; without one that opens, by a code."""


class WantCode(Struct, frozen=True):
    """No browser has opened: show a code besides."""


class CancelClaim(Struct, frozen=True):
    """Do not join this device to an account after all."""


class StartDaemon(Struct, frozen=True):
    """Start Sidechain in the background."""


class StopDaemon(Struct, frozen=True):
    """Stop Sidechain; the tray stays and waits for it."""


class QuitTray(Struct, frozen=True):
    """Remove the icon; Sidechain itself goes on."""


Action = (
    KeepBars
    | KeepAll
    | KeepRecovered
    | PostTake
    | UndoPost
    | PlayPreview
    | PlayHere
    | StopPreviews
    | ShowFolder
    | DiscardTake
    | RestoreTake
    | LikePost
    | FeedSeen
    | PausePosting
    | ResumePosting
    | ChangeSetting
    | StartAtLogin
    | Diagnose
    | LookAgain
    | OpenUrl
    | BeginClaim
    | WantCode
    | CancelClaim
    | StartDaemon
    | StopDaemon
    | QuitTray
)


# the menu -----------------------------------------------------------------------------------------------------


class Item(Struct, frozen=True, kw_only=True):
    """One line of the menu.

    `id` names the same thing in every MenuModel, so that an open menu survives an update. An empty label is a
    separator. `checked` None: no tick box. A line with a submenu has no action of its own; `opened` is what its opening
    means.
    """

    id: str
    label: str = ""
    enabled: bool = True
    checked: bool | None = None
    action: Action | None = None
    submenu: tuple["Item", ...] = ()
    opened: Action | None = None

    @property
    def separator(self) -> bool:
        """A line drawn between groups."""
        return not self.label


class MenuModel(Struct, frozen=True, kw_only=True):
    """Everything a backend shows."""

    icon: Icon
    tooltip: str
    items: tuple[Item, ...]
    opened: Action | None = None  # what the opening of the menu itself means

    def walk(self) -> Iterator[Item]:
        """Every Item, parents before their submenu."""
        waiting = list(reversed(self.items))
        while waiting:
            item = waiting.pop()
            yield item
            waiting.extend(reversed(item.submenu))

    def find(self, item_id: str) -> Item | None:
        """The Item of that id, or None when it is no longer shown."""
        return next((item for item in self.walk() if item.id == item_id), None)
