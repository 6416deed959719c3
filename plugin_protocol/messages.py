"""Every message that plugin and daemon exchange, as closed unions of tagged Structs.

Transport: one ZeroMQ message of one part, DEALER (plugin) to ROUTER (daemon), holding one msgpack map whose key
"t" is the tag. `codec.py` turns bytes into these and back; `session.py` says when each may be sent. Fields are
only ever added, with a default; a tag or a type is never reused. A bound stands on every field: what does not fit
is refused by the codec, not by the code behind it. Bounds and common shape: message_base.py; those of the window's History:
history_messages.py; of its list of Takes: take_messages.py; of previews: preview_messages.py; of people and accounts:
people_messages.py.

Requests carry `id`, chosen by the sender, and name their reply in `Reply`; the reply repeats the id. Repeating a
request with the same id within a session returns the same outcome, so a retry after a lost reply is harmless.
"""

from typing import Annotated, ClassVar

from msgspec import Meta

from plugin_protocol.export_messages import Export as Export
from plugin_protocol.export_messages import Exported as Exported
from plugin_protocol.history_messages import EarlierRing, GetEarlier, GetMarks, GetPeaks, Marks, Peaks
from plugin_protocol.message_base import (
    MAX_FEED_PAGE,
    OUTLINE_COLUMNS,
    REACTIONS,
    U32,
    U63,
    Bars,
    Channels,
    Cursor,
    Fraction,
    Id16,
    Line,
    Path,
    PluginMessage,
    PostId,
    Rate,
    Seconds,
    Short,
    Title,
    Version,
)
from plugin_protocol.message_base import AskFailed as AskFailed
from plugin_protocol.people_messages import FromAccount
from plugin_protocol.preview_messages import FromListener as FromListener
from plugin_protocol.preview_messages import Play as Play
from plugin_protocol.preview_messages import PlayFailed as PlayFailed
from plugin_protocol.preview_messages import PreviewClosed as PreviewClosed
from plugin_protocol.preview_messages import PreviewHeard as PreviewHeard
from plugin_protocol.preview_messages import PreviewLoading as PreviewLoading
from plugin_protocol.preview_messages import PreviewOpened as PreviewOpened
from plugin_protocol.preview_messages import StopPreview as StopPreview
from plugin_protocol.preview_messages import ToListener as ToListener
from plugin_protocol.take_messages import Asked as Asked
from plugin_protocol.take_messages import FromShelf, ToShelf

# daemon -> plugin ---------------------------------------------------------------------------------------------


class Welcome(PluginMessage, frozen=True, kw_only=True, tag="welcome"):
    """daemon -> plugin: the session stands. `proto` is the highest version both speak."""

    proto: Version
    daemon_version: Short
    daemon_path: Path


class Refused(PluginMessage, frozen=True, kw_only=True, tag="refused"):
    """daemon -> plugin: no session, or no Ring. Names what each side has and which file to update."""

    code: Short  # "version", "layout", "too_many", "state"
    message: Line
    have: Short
    need: Short
    update_path: Path


class RingAttached(PluginMessage, frozen=True, kw_only=True, tag="ring_attached"):
    """daemon -> plugin: the Ring was opened, checked, and can be kept from."""

    generation: U63


class Alive(PluginMessage, frozen=True, kw_only=True, tag="alive"):
    """daemon -> plugin, answer to Heartbeat: what the plugin's window shows of the account and the relay."""

    relay_state: Short  # see daemon.core.link.LinkState
    account: Annotated[str, Meta(max_length=64)] | None = None
    friends_producing: U32 = 0
    trouble: Line = ""  # what is to be done, and how, as sentences; empty when all is well
    relay_url: Path = ""
    friends: Line = ""  # who of those followed is producing, with ", " between them; as many as fit
    reach_ms: U63 = (
        0  # how much sound of this Instance the disk has: what can be kept goes back as far, at least
    )


class Kept(PluginMessage, frozen=True, kw_only=True, tag="kept"):
    """daemon -> plugin: the Take is durable: file, folder and row have been synced."""

    id: U63
    take_id: Short
    frames: U63
    bars: U32  # whole bars in the Take; 0 when unanchored
    anchored: bool
    note: Line = ""  # why it is shorter than asked, or unanchored; empty when all is as asked
    name: Title = ""  # what the Take is called, everywhere
    held_ms: U32 = (
        0  # how long, from now on, its Post can be undone; 0: it is not to be posted, or goes at once
    )


class KeepFailed(PluginMessage, frozen=True, kw_only=True, tag="keep_failed"):
    """daemon -> plugin: nothing was kept. `message` says why and what to do next."""

    id: U63
    code: Short
    message: Line


class Notice(PluginMessage, frozen=True, kw_only=True, tag="notice"):
    """daemon -> plugin, unasked: one line for the plugin's window (a post went out, an item came in). Without a message:
    what was said of that kind last does not hold any more."""

    kind: Short  # "posted", "item", "recovered", "notification", "warning"
    message: Line


class Item(PluginMessage, frozen=True, kw_only=True, tag="item"):
    """daemon -> plugin with an open window: a row of its feed, new or changed. Rows are ordered by `created_us`.

    Sent before the feed_page that it belongs to, after what was asked of a post, and unasked when one comes in.
    """

    post_id: PostId
    author: Short
    title: Title
    page_url: Path
    created_us: U63  # Unix time
    duration_ms: U63
    bars: U32 | None
    bpm: Annotated[float, Meta(gt=0.0, le=1000.0)] | None
    key: Short | None
    mine: bool
    liked: bool
    like_count: U32
    reaction_counts: Annotated[bytes, Meta(max_length=4 * len(REACTIONS))]  # u32, little-endian, as REACTIONS
    reacted: Annotated[
        int, Meta(ge=0, le=(1 << len(REACTIONS)) - 1)
    ]  # bit n: this account, with REACTIONS[n]
    outline: Annotated[bytes, Meta(max_length=OUTLINE_COLUMNS)]  # 0..127, the loudest sample of its stretch
    shown_by: Line = (
        ""  # who shows it, if it stands there for that, and their word; `created_us` is then since when
    )


class ItemGone(PluginMessage, frozen=True, kw_only=True, tag="item_gone"):
    """daemon -> plugin with an open window: a Post is deleted, or not for this account any more: its row goes."""

    post_id: PostId


class FeedPage(PluginMessage, frozen=True, kw_only=True, tag="feed_page"):
    """daemon -> plugin: all Items of the page have been sent. `next`: cursor of older ones, empty at the end."""

    id: U63
    next: Cursor
    note: Line = ""  # why it is what is stored here and not what the relay has; empty when it is the relay's


class Posting(PluginMessage, frozen=True, kw_only=True, tag="posting"):
    """daemon -> plugin with an open window: how a Take's Post stands. Real stage ends and bytes, never a guess."""

    take_id: Short
    state: Short  # "held", "rendering", "uploading", "waiting", "posted", "failed", "discarded"
    fraction: Fraction  # of this state
    message: Line  # a sentence, and what to do next
    page_url: Path = ""  # when posted
    held_ms: U32 = 0  # in state "held": how long, from now on, it can be undone


class KeptAll(PluginMessage, frozen=True, kw_only=True, tag="kept_all"):
    """daemon -> plugin: the set is durable, every Take of it."""

    id: U63
    set_id: Short
    takes: U32
    name: Title  # what the set is called
    note: Line = ""  # who was left out, and how they are aligned


# plugin -> daemon ---------------------------------------------------------------------------------------------


class Hello(PluginMessage, frozen=True, kw_only=True, tag="hello"):
    """plugin -> daemon, first and after every reconnect. The layout sizes let the daemon refuse to map."""

    Reply: ClassVar = Welcome | Refused

    proto_min: Version
    proto_max: Version
    abi_major: Version
    header_bytes: U32
    record_bytes: U32
    instance: Id16
    plugin_version: Short
    plugin_path: Path
    host_name: Line
    track_name: Line = ""
    pid: U32


class RingOpened(PluginMessage, frozen=True, kw_only=True, tag="ring_opened"):
    """plugin -> daemon, after Welcome and after every new generation (activation, rate change)."""

    Reply: ClassVar = RingAttached | Refused

    segment: Annotated[str, Meta(min_length=1, max_length=30, pattern=r"^sdc\.[0-9a-f]{12}\.[0-9a-f]{8}$")]
    generation: U63
    sample_rate_hz: Rate
    channels: Channels
    capacity_frames: U63


class RingClosed(PluginMessage, frozen=True, kw_only=True, tag="ring_closed"):
    """plugin -> daemon: this generation is RETIRED and will be unlinked. No reply: nothing depends on one."""

    Reply: ClassVar = None

    generation: U63


class Heartbeat(PluginMessage, frozen=True, kw_only=True, tag="heartbeat"):
    """plugin -> daemon, every HEARTBEAT_INTERVAL_US, and at once when the host renamed the track.

    `track_name`: the new one, when it changed since Hello or since the last heartbeat that gave it. `trouble`: why
    nothing is recorded, as a sentence; empty when all is well.
    """

    Reply: ClassVar = Alive

    process_count: U63
    playing: bool
    track_name: Line | None = None
    trouble: Line = ""


class Keep(PluginMessage, frozen=True, kw_only=True, tag="keep"):
    """plugin -> daemon: make a Take. Exactly one of `bars`, `seconds` and `first_frame` is given.

    `at_frame` is the Ring's commit index when the button was pressed (read in process()), so that neither the
    message nor the daemon's load moves the cut. With `first_frame` it is the span [first_frame, at_frame) of the History,
    at most MAX_SECONDS long, to the frame; `snap`: from the bar line nearest to the one to that nearest to the other, where
    the transport ran throughout. `post`: also post it, without asking again.
    """

    Reply: ClassVar = Kept | KeepFailed

    id: U63
    generation: U63
    at_frame: U63
    bars: Bars | None = None
    seconds: Seconds | None = None
    first_frame: U63 | None = None
    snap: bool = False
    post: bool = False
    title: Title = ""


class WindowShown(PluginMessage, frozen=True, kw_only=True, tag="window_shown"):
    """plugin -> daemon: its window was opened or closed; said again after every Welcome. No reply.

    Only to a plugin with an open window go item and posting.
    """

    Reply: ClassVar = None

    open: bool


class GetFeed(PluginMessage, frozen=True, kw_only=True, tag="get_feed"):
    """plugin -> daemon: a page of the feed, newest first. `cursor`: `next` of the page before, empty for the newest.

    What is stored is sent at once, then what the relay has besides.
    """

    Reply: ClassVar = FeedPage | AskFailed

    id: U63
    cursor: Cursor = ""
    limit: Annotated[int, Meta(ge=1, le=MAX_FEED_PAGE)]


class PostTake(PluginMessage, frozen=True, kw_only=True, tag="post_take"):
    """plugin -> daemon: post a Take that was kept; again for one that failed. `title`: empty for the Take's own."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    take_id: Annotated[str, Meta(min_length=1, max_length=64)]
    title: Title = ""


class UndoPost(PluginMessage, frozen=True, kw_only=True, tag="undo_post"):
    """plugin -> daemon: do not post a Take after all, while nothing of it has left."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    take_id: Annotated[str, Meta(min_length=1, max_length=64)]


class KeepAll(PluginMessage, frozen=True, kw_only=True, tag="keep_all"):
    """plugin -> daemon: make Takes of the same bars of all plugins of this host that sounded, as one set.

    `generation`, `at_frame`: as for Keep, of this plugin's Ring: its bars are the set's. Said again with the same id, it
    is the same set.
    """

    Reply: ClassVar = KeptAll | AskFailed

    id: U63
    generation: U63
    at_frame: U63
    bars: Bars
    title: Title = ""


class LikePost(PluginMessage, frozen=True, kw_only=True, tag="like_post"):
    """plugin -> daemon: like a Post, or no longer."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    post_id: PostId
    like: bool


class ReactPost(PluginMessage, frozen=True, kw_only=True, tag="react_post"):
    """plugin -> daemon: react to a Post with REACTIONS[reaction], or take that back."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    post_id: PostId
    reaction: Annotated[int, Meta(ge=0, le=len(REACTIONS) - 1)]
    react: bool


class Goodbye(PluginMessage, frozen=True, kw_only=True, tag="goodbye"):
    """plugin -> daemon: the Instance is being closed. No reply."""

    Reply: ClassVar = None


FromWindow = (
    WindowShown
    | GetFeed
    | GetPeaks
    | GetMarks
    | GetEarlier
    | PostTake
    | UndoPost
    | KeepAll
    | LikePost
    | ReactPost
    | Export
    | FromShelf
    | FromAccount
)
FromPlugin = Hello | RingOpened | RingClosed | Heartbeat | Keep | FromWindow | FromListener | Goodbye
ToWindow = (
    Item
    | ItemGone
    | FeedPage
    | Peaks
    | Marks
    | EarlierRing
    | ToShelf
    | Posting
    | KeptAll
    | Exported
    | Asked
    | AskFailed
)
FromDaemon = Welcome | Refused | RingAttached | Alive | Kept | KeepFailed | Notice | ToWindow | ToListener
Message = FromPlugin | FromDaemon
