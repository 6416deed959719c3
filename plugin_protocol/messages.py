"""Every message that plugin and daemon exchange, as closed unions of tagged Structs.

Transport: one ZeroMQ message of one part, DEALER (plugin) to ROUTER (daemon), holding one msgpack map whose key
"t" is the tag. `codec.py` turns bytes into these and back; `session.py` says when each may be sent. Fields are
only ever added, with a default; a tag or a type is never reused. A bound stands on every field: what does not fit
is refused by the codec, not by the code behind it.

Requests carry `id`, chosen by the sender, and name their reply in `Reply`; the reply repeats the id. Repeating a
request with the same id within a session returns the same outcome, so a retry after a lost reply is harmless.
"""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

PROTOCOL_MIN = 1
PROTOCOL_MAX = 1
MAX_MESSAGE_BYTES = 65_536
HEARTBEAT_INTERVAL_US = 1_000_000
SILENCE_LIMIT_US = 5_000_000  # a peer not heard for this long is lost
HEARD_INTERVAL_US = 250_000
MAX_BARS = 64
MAX_SECONDS = 900.0
MAX_FEED_PAGE = 20
OUTLINE_COLUMNS = 160
REACTIONS = ("🎵", "❤️", "🔥", "😍", "🚀", "💯")  # a reaction is said by its place here

U32 = Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)]
U63 = Annotated[int, Meta(ge=0, le=0x7FFF_FFFF_FFFF_FFFF)]
SHORT_CHARACTERS, TITLE_CHARACTERS, CURSOR_CHARACTERS, LINE_CHARACTERS, PATH_CHARACTERS = (
    64,
    120,
    256,
    512,
    1024,
)
Short = Annotated[str, Meta(max_length=SHORT_CHARACTERS)]
Line = Annotated[str, Meta(max_length=LINE_CHARACTERS)]
Path = Annotated[str, Meta(max_length=PATH_CHARACTERS)]
Title = Annotated[str, Meta(max_length=TITLE_CHARACTERS)]
Id16 = Annotated[bytes, Meta(min_length=16, max_length=16)]
Version = Annotated[int, Meta(ge=1, le=65_535)]
PostId = Annotated[str, Meta(min_length=1, max_length=64)]
Cursor = Annotated[str, Meta(max_length=CURSOR_CHARACTERS)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Bars = Annotated[int, Meta(ge=1, le=MAX_BARS)]
Seconds = Annotated[float, Meta(gt=0.0, le=MAX_SECONDS)]
Rate = Annotated[float, Meta(ge=8_000.0, le=768_000.0)]
Channels = Annotated[int, Meta(ge=1, le=2)]
PreviewKind = Annotated[str, Meta(max_length=8, pattern=r"^(item|take)$")]
ExportKind = Annotated[str, Meta(max_length=8, pattern=r"^(item|take|history)$")]
Target = Annotated[str, Meta(min_length=1, max_length=64)]


class _Message(Struct, frozen=True, kw_only=True, tag_field="t", omit_defaults=False):
    """Common shape; not a message itself."""


# daemon -> plugin ---------------------------------------------------------------------------------------------


class Welcome(_Message, frozen=True, kw_only=True, tag="welcome"):
    """daemon -> plugin: the session stands. `proto` is the highest version both speak."""

    proto: Version
    daemon_version: Short
    daemon_path: Path


class Refused(_Message, frozen=True, kw_only=True, tag="refused"):
    """daemon -> plugin: no session, or no Ring. Names what each side has and which file to update."""

    code: Short  # "version", "layout", "too_many", "state"
    message: Line
    have: Short
    need: Short
    update_path: Path


class RingAttached(_Message, frozen=True, kw_only=True, tag="ring_attached"):
    """daemon -> plugin: the Ring was opened, checked, and can be kept from."""

    generation: U63


class Alive(_Message, frozen=True, kw_only=True, tag="alive"):
    """daemon -> plugin, answer to Heartbeat: what the plugin's window shows of the account and the relay."""

    relay_state: Short  # see daemon.core.link.LinkState
    account: Annotated[str, Meta(max_length=64)] | None = None
    friends_producing: U32 = 0
    trouble: Line = ""  # what is to be done, and how, as sentences; empty when all is well
    relay_url: Path = ""


class Kept(_Message, frozen=True, kw_only=True, tag="kept"):
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


class KeepFailed(_Message, frozen=True, kw_only=True, tag="keep_failed"):
    """daemon -> plugin: nothing was kept. `message` says why and what to do next."""

    id: U63
    code: Short
    message: Line


class Notice(_Message, frozen=True, kw_only=True, tag="notice"):
    """daemon -> plugin, unasked: one line for the plugin's window (a post went out, an item came in)."""

    kind: Short  # "posted", "item", "recovered", "warning"
    message: Line


class Item(_Message, frozen=True, kw_only=True, tag="item"):
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


class FeedPage(_Message, frozen=True, kw_only=True, tag="feed_page"):
    """daemon -> plugin: all Items of the page have been sent. `next`: cursor of older ones, empty at the end."""

    id: U63
    next: Cursor
    note: Line = ""  # why it is what is stored here and not what the relay has; empty when it is the relay's


class Posting(_Message, frozen=True, kw_only=True, tag="posting"):
    """daemon -> plugin with an open window: how a Take's Post stands. Real stage ends and bytes, never a guess."""

    take_id: Short
    state: Short  # "held", "rendering", "uploading", "waiting", "posted", "failed", "discarded"
    fraction: Fraction  # of this state
    message: Line  # a sentence, and what to do next
    page_url: Path = ""  # when posted
    held_ms: U32 = 0  # in state "held": how long, from now on, it can be undone


class KeptAll(_Message, frozen=True, kw_only=True, tag="kept_all"):
    """daemon -> plugin: the set is durable, every Take of it."""

    id: U63
    set_id: Short
    takes: U32
    name: Title  # what the set is called
    note: Line = ""  # who was left out, and how they are aligned


class Exported(_Message, frozen=True, kw_only=True, tag="exported"):
    """daemon -> plugin: the file is whole, and stays for a day at least. `path`: at most 1,024 bytes of UTF-8."""

    id: U63
    path: Path
    name: Title  # what the sound is called
    note: Line = ""  # why it is not at the host's tempo although that is set; empty when all is as set


class Asked(_Message, frozen=True, kw_only=True, tag="asked"):
    """daemon -> plugin: carried out. What came of it was sent before, as item or posting."""

    id: U63


class AskFailed(_Message, frozen=True, kw_only=True, tag="ask_failed"):
    """daemon -> plugin: not carried out. `message` says why and what to do next."""

    id: U63
    code: Short
    message: Line


class PreviewLoading(_Message, frozen=True, kw_only=True, tag="preview_loading"):
    """daemon -> plugin: what a Play waits for. `fraction` is of bytes or frames done, not of time."""

    id: U63
    stage: Short  # "download"; others may come
    fraction: Fraction


class PreviewOpened(_Message, frozen=True, kw_only=True, tag="preview_opened"):
    """daemon -> plugin: a Return Ring is there and holds the beginning: play it. Replaces what plays.

    `id` is the Play's, or 0 when somebody else asked (tray, command line). `frames`: its length, nil while unknown and
    for what repeats. `in_sync`: stretched to the host's tempo. `at_bar`: begin on the next bar line.
    """

    id: U63
    kind: PreviewKind
    target: Target
    segment: Annotated[str, Meta(min_length=1, max_length=30, pattern=r"^sdr\.[0-9a-f]{12}\.[0-9a-f]{8}$")]
    generation: U63
    sample_rate_hz: Rate
    channels: Channels
    capacity_frames: U63
    frames: U63 | None = None
    in_sync: bool = False
    at_bar: bool = False
    title: Title = ""
    note: Line = ""  # why it is not in sync although asked; empty when all is as asked


class PlayFailed(_Message, frozen=True, kw_only=True, tag="play_failed"):
    """daemon -> plugin: nothing is played for this Play. `message` says why and what to do next."""

    id: U63
    code: Short
    message: Line


class PreviewClosed(_Message, frozen=True, kw_only=True, tag="preview_closed"):
    """daemon -> plugin: fade out and let go of this Return Ring. `code`: "stopped" (somebody asked), or what failed."""

    generation: U63
    code: Short
    message: Line = ""


# plugin -> daemon ---------------------------------------------------------------------------------------------


class Hello(_Message, frozen=True, kw_only=True, tag="hello"):
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


class RingOpened(_Message, frozen=True, kw_only=True, tag="ring_opened"):
    """plugin -> daemon, after Welcome and after every new generation (activation, rate change)."""

    Reply: ClassVar = RingAttached | Refused

    segment: Annotated[str, Meta(min_length=1, max_length=30, pattern=r"^sdc\.[0-9a-f]{12}\.[0-9a-f]{8}$")]
    generation: U63
    sample_rate_hz: Rate
    channels: Channels
    capacity_frames: U63


class RingClosed(_Message, frozen=True, kw_only=True, tag="ring_closed"):
    """plugin -> daemon: this generation is RETIRED and will be unlinked. No reply: nothing depends on one."""

    Reply: ClassVar = None

    generation: U63


class Heartbeat(_Message, frozen=True, kw_only=True, tag="heartbeat"):
    """plugin -> daemon, every HEARTBEAT_INTERVAL_US, and at once when the host renamed the track.

    `track_name`: the new one, when it changed since Hello or since the last heartbeat that gave it. `trouble`: why
    nothing is recorded, as a sentence; empty when all is well.
    """

    Reply: ClassVar = Alive

    process_count: U63
    playing: bool
    track_name: Line | None = None
    trouble: Line = ""


class Keep(_Message, frozen=True, kw_only=True, tag="keep"):
    """plugin -> daemon: make a Take. Exactly one of `bars` and `seconds` is given.

    `at_frame` is the Ring's commit index when the button was pressed (read in process()), so that neither the
    message nor the daemon's load moves the cut. `post`: also post it, without asking again.
    """

    Reply: ClassVar = Kept | KeepFailed

    id: U63
    generation: U63
    at_frame: U63
    bars: Bars | None = None
    seconds: Seconds | None = None
    post: bool = False
    title: Title = ""


class WindowShown(_Message, frozen=True, kw_only=True, tag="window_shown"):
    """plugin -> daemon: its window was opened or closed; said again after every Welcome. No reply.

    Only to a plugin with an open window go item and posting.
    """

    Reply: ClassVar = None

    open: bool


class GetFeed(_Message, frozen=True, kw_only=True, tag="get_feed"):
    """plugin -> daemon: a page of the feed, newest first. `cursor`: `next` of the page before, empty for the newest.

    What is stored is sent at once, then what the relay has besides.
    """

    Reply: ClassVar = FeedPage | AskFailed

    id: U63
    cursor: Cursor = ""
    limit: Annotated[int, Meta(ge=1, le=MAX_FEED_PAGE)]


class PostTake(_Message, frozen=True, kw_only=True, tag="post_take"):
    """plugin -> daemon: post a Take that was kept; again for one that failed. `title`: empty for the Take's own."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    take_id: Annotated[str, Meta(min_length=1, max_length=64)]
    title: Title = ""


class UndoPost(_Message, frozen=True, kw_only=True, tag="undo_post"):
    """plugin -> daemon: do not post a Take after all, while nothing of it has left."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    take_id: Annotated[str, Meta(min_length=1, max_length=64)]


class KeepAll(_Message, frozen=True, kw_only=True, tag="keep_all"):
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


class LikePost(_Message, frozen=True, kw_only=True, tag="like_post"):
    """plugin -> daemon: like a Post, or no longer."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    post_id: PostId
    like: bool


class ReactPost(_Message, frozen=True, kw_only=True, tag="react_post"):
    """plugin -> daemon: react to a Post with REACTIONS[reaction], or take that back."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    post_id: PostId
    reaction: Annotated[int, Meta(ge=0, le=len(REACTIONS) - 1)]
    react: bool


class Export(_Message, frozen=True, kw_only=True, tag="export"):
    """plugin -> daemon: write a sound as a WAV file of its own, to be dragged into a host or shown.

    `kind`: "item" and "take" are named by `target`; "history" is [first_frame, end_frame) of this plugin's History, of
    `generation`. `show`: also show the file in the system's file manager.
    """

    Reply: ClassVar = Exported | AskFailed

    id: U63
    kind: ExportKind
    target: Annotated[str, Meta(max_length=64)] = ""
    generation: U63 = 0
    first_frame: U63 = 0
    end_frame: U63 = 0
    show: bool = False


class Play(_Message, frozen=True, kw_only=True, tag="play"):
    """plugin -> daemon: play an Item of the feed, or a Take, through this Instance. Replaces what plays.

    `generation` is of the live Ring, whose rate, channels and transport the preview has to fit. Never repeated: what a
    lost connection swallowed is not played later.
    """

    Reply: ClassVar = PreviewOpened | PlayFailed

    id: U63
    generation: U63
    kind: PreviewKind
    target: Target
    in_sync: bool = False


class StopPreview(_Message, frozen=True, kw_only=True, tag="stop_preview"):
    """plugin -> daemon: the user wants silence. Also ends a Play that is still being prepared. No reply."""

    Reply: ClassVar = None


class PreviewHeard(_Message, frozen=True, kw_only=True, tag="preview_heard"):
    """plugin -> daemon, HEARD_INTERVAL_US apart and at each change of state: how far a Return Ring is. No reply.

    Frames below `copied_frames` may be overwritten; `heard_frames` have left through the host's output. In state
    "ended" (also after a stop) the plugin has let go of the Return Ring.
    """

    Reply: ClassVar = None

    generation: U63
    copied_frames: U63
    heard_frames: U63
    state: Annotated[str, Meta(max_length=8, pattern=r"^(waiting|playing|muted|ended)$")]


class Goodbye(_Message, frozen=True, kw_only=True, tag="goodbye"):
    """plugin -> daemon: the Instance is being closed. No reply."""

    Reply: ClassVar = None


FromWindow = WindowShown | GetFeed | PostTake | UndoPost | KeepAll | LikePost | ReactPost | Export
FromListener = Play | StopPreview | PreviewHeard
FromPlugin = Hello | RingOpened | RingClosed | Heartbeat | Keep | FromWindow | FromListener | Goodbye
ToWindow = Item | FeedPage | Posting | KeptAll | Exported | Asked | AskFailed
ToListener = PreviewLoading | PreviewOpened | PlayFailed | PreviewClosed
FromDaemon = Welcome | Refused | RingAttached | Alive | Kept | KeepFailed | Notice | ToWindow | ToListener
Message = FromPlugin | FromDaemon
