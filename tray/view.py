"""All that the menu is made of, as values: what the daemon has said, and what only this tray knows."""

from enum import Enum

from msgspec import Struct

from bridge.control import ClaimState, ItemInfo, PreviewInfo, Progress, Status, TakeInfo


class Link(Enum):
    """How the tray stands with the daemon."""

    CONNECTING = "connecting"
    NOT_RUNNING = "not running"
    SILENT = "silent"  # it holds its socket, but does not answer
    UP = "up"


class View(Struct, frozen=True, kw_only=True):
    """`status` is None unless `link` is UP; `progress` is by take_id, `previews` by Instance."""

    link: Link = Link.CONNECTING
    status: Status | None = None
    progress: dict[str, Progress] = {}
    claim: ClaimState | None = None  # the attempt that this tray has begun, while it waits
    feed: tuple[ItemInfo, ...] = ()  # the newest first
    new_posts: frozenset[str] = frozenset()  # arrived since the feed was looked at
    previews: dict[str, PreviewInfo] = {}
    played_here: str = ""  # what this machine's output plays; "": nothing
    discarded: TakeInfo | None = None  # by this tray, the last one: it can be restored
    at_login: str | None = None  # "on", "off", "other"; None: not known
