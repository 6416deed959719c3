"""Values in the control socket's messages (bridge.control): what clients see of Instances, Takes, Entries, Items.

Nothing here decides anything. Unknown is None.
"""

from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from plugin_protocol.message_base import U32, U63, Line, Short, Title

Url = Annotated[str, Meta(max_length=1024)]
T = TypeVar("T")
Few = Annotated[tuple[T, ...], Meta(max_length=16)]


class InstanceInfo(Struct, frozen=True, kw_only=True):
    """One loaded plugin, as the daemon sees it."""

    instance: Short  # 32 hex digits
    host_name: Line
    track_name: Line
    pid: U32
    state: Short  # "recording", "frozen", "suspended", "gone", "attaching"
    sample_rate_hz: float | None = None
    channels: int | None = None
    heard_frames: U63 = 0  # frames in the Ring that can be kept now
    memory_s: float | None = None  # how long the Ring is, at the rate in use
    reason: Line = ""  # why nothing can be kept of it, and what to do; "" when all is well
    playing: bool | None = None
    recording: bool | None = None  # the host records onto a track, by its own word
    sounding: bool | None = None  # it hears more than silence just now
    level: float | None = None  # the largest |sample| of the last tenth of a second
    bpm: float | None = None
    meter: Short | None = None  # "4/4"


class AlikeInfo(Struct, frozen=True, kw_only=True):
    """An earlier Take beside one that is asked about. See daemon.core.analysis.Alike."""

    take_id: Short
    title: Title
    name: Title = ""  # as in TakeInfo
    created_us: U63
    same: bool
    score: float
    speed: float
    likeness: float


class TakeInfo(Struct, frozen=True, kw_only=True):
    """One Take of the local library and, once the pipeline has run, its Recording."""

    take_id: Short
    short_id: Short = ""  # as much of it as names no other
    title: Title
    created_us: U63  # Unix time
    frames: U63
    sample_rate_hz: float
    channels: int
    bars: int | None  # None: unanchored
    bpm: float | None  # the transport's, else as heard: see bpm_source
    meter: Short | None
    note: Line
    state: Short  # "kept", "processing", "ready", "failed"
    entry_state: Short | None = None  # None: never posted
    post_url: Url | None = None
    lufs_in: float | None = None
    lufs_out: float | None = None
    dbtp_out: float | None = None
    gain_db: float | None = None
    loudness_reason: Short | None = None
    error: Line | None = None
    host_name: Line = ""
    track_name: Line = ""  # as the host called it when the Take was kept; "": unknown
    bpm_source: Short | None = None  # "transport", "length", "audio"
    key: Short | None = None  # as heard
    seam_score: float | None = None  # 1.0: loops without a seam, 0.0: plainly heard
    warnings: Annotated[list[Short], Meta(max_length=16)] = []  # kinds; OneTake has the sentences
    repair: Short | None = None  # "fade", "wrap": how its loop's seam is mended
    alike: AlikeInfo | None = None  # it was made before, or nearly
    held_s: float | None = None  # how long, from now on, its post can be undone; None: it is not held
    name: Title = ""  # its title, else what it is called by; "": from a daemon that knows no names
    tags: Few[Short] = ()
    set_id: Short | None = None  # of the takes that were kept together with it
    discarded_us: U63 | None = None  # Unix time; None: it was not discarded
    outline: bytes = b""  # in a list: the loudest sample of each column, 0 to 127; empty before it is drawn


class SoundInfo(Struct, frozen=True, kw_only=True):
    """What the pipeline found out about one Take. Sources, confidences: see daemon.core.analysis. Unknown is None."""

    bpm: float | None = None
    bpm_source: Short | None = None
    bpm_confidence: float | None = None
    bpm_alternatives: Few[float] = ()
    key: Short | None = None
    key_source: Short | None = None
    key_confidence: float | None = None
    key_alternatives: Few[tuple[Short, float]] = ()
    camelot: Short | None = None
    seam_score: float | None = None
    seam_reason: Short | None = None  # "clean", "step", "slope", "tail"
    dbtp_in: float | None = None
    lra_lu: float | None = None
    momentary_max_lufs: float | None = None
    short_term_max_lufs: float | None = None
    centroid_hz: float | None = None
    bandwidth_hz: float | None = None
    flatness: float | None = None
    onsets: U32 | None = None
    says: Few[Line] = ()  # a sentence for each warning


class EntryInfo(Struct, frozen=True, kw_only=True):
    """One Entry of the outbox."""

    entry_id: Short
    take_id: Short
    account: Short | None
    title: Title
    name: Title = ""  # the title, else what the take is called by
    created_us: U63
    state: Short  # "held", "waiting", "queued", "uploading", "accepted", "quarantined", "needs_attention", "discarded"
    attempts: U32
    next_attempt_us: U63 | None  # Unix time; None: not waiting for a time
    sent_bytes: U63 = 0  # what the relay has of it
    size_bytes: U63 | None = None  # None: nothing was sent yet, or all has arrived
    post_url: Url | None = None
    reason: Line | None = None
    held_s: float | None = None  # how long, from now on, it can be undone; None: it is not held


class ItemInfo(Struct, frozen=True, kw_only=True):
    """One Item of a feed. reason: why it stands there, where the relay said so."""

    post_id: Short
    author: Short
    title: Title
    bpm: float | None
    key: Short | None
    duration_ms: U63
    created_at: Short  # RFC 3339
    url: Url
    liked: bool = False
    reason: Short = ""
    why: Annotated[str, Meta(max_length=1000)] = ""  # the same in words, where it is recommended
    reposted_by: Short | None = None  # who shows it, and what they say to it
    repost_text: Annotated[str, Meta(max_length=280)] = ""
