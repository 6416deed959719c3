"""Messages of previews: what a window asks to hear through its host, and the Return Ring from which it is played (SPEC.md).

The Return Ring itself: return_ring.py.
"""

from typing import Annotated, ClassVar

from msgspec import Meta

from plugin_protocol.message_base import (
    U63,
    Channels,
    Fraction,
    Line,
    PluginMessage,
    PreviewKind,
    Rate,
    Short,
    Target,
    Title,
)


class PreviewLoading(PluginMessage, frozen=True, kw_only=True, tag="preview_loading"):
    """daemon -> plugin: what a Play waits for. `fraction` is of bytes or frames done, not of time."""

    id: U63
    stage: Short  # "download"; others may come
    fraction: Fraction


class PreviewOpened(PluginMessage, frozen=True, kw_only=True, tag="preview_opened"):
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


class PlayFailed(PluginMessage, frozen=True, kw_only=True, tag="play_failed"):
    """daemon -> plugin: nothing is played for this Play. `message` says why and what to do next."""

    id: U63
    code: Short
    message: Line


class PreviewClosed(PluginMessage, frozen=True, kw_only=True, tag="preview_closed"):
    """daemon -> plugin: fade out and let go of this Return Ring. `code`: "stopped" (somebody asked), or what failed."""

    generation: U63
    code: Short
    message: Line = ""


class Play(PluginMessage, frozen=True, kw_only=True, tag="play"):
    """plugin -> daemon: play an Item of the feed, a Take, or a span of the History, through this Instance. Replaces what plays.

    `kind` "history": [first_frame, end_frame) of this Instance's History, again and again until it is stopped; `target` is
    then any name, and comes back. `snap`: as for Keep. `generation` is of the live Ring, whose rate, channels and
    transport the preview has to fit; `span_generation`, 0 for the same, is of the Ring whose span it is. Never repeated: what
    a lost connection swallowed is not played later.
    """

    Reply: ClassVar = PreviewOpened | PlayFailed

    id: U63
    generation: U63
    kind: PreviewKind
    target: Target
    in_sync: bool = False
    first_frame: U63 | None = None
    end_frame: U63 | None = None
    span_generation: U63 = 0
    snap: bool = False


class StopPreview(PluginMessage, frozen=True, kw_only=True, tag="stop_preview"):
    """plugin -> daemon: the user wants silence. Also ends a Play that is still being prepared. No reply."""

    Reply: ClassVar = None


class PreviewHeard(PluginMessage, frozen=True, kw_only=True, tag="preview_heard"):
    """plugin -> daemon, HEARD_INTERVAL_US apart and at each change of state: how far a Return Ring is. No reply.

    Frames below `copied_frames` may be overwritten; `heard_frames` have left through the host's output. In state
    "ended" (also after a stop) the plugin has let go of the Return Ring.
    """

    Reply: ClassVar = None

    generation: U63
    copied_frames: U63
    heard_frames: U63
    state: Annotated[str, Meta(max_length=8, pattern=r"^(waiting|playing|muted|ended)$")]


FromListener = Play | StopPreview | PreviewHeard
ToListener = PreviewLoading | PreviewOpened | PlayFailed | PreviewClosed
