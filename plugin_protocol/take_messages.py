"""Messages by which a window lists the library of Takes and keeps it in order.

Rows come newest first, page by page; what changes is told unasked. Posting and undoing: messages.py, exporting:
export_messages.py, listening: Play.
"""

from typing import Annotated, ClassVar

from msgspec import Meta

from plugin_protocol.message_base import (
    MAX_FEED_PAGE,
    OUTLINE_COLUMNS,
    U32,
    U63,
    AskFailed,
    Cursor,
    Path,
    PluginMessage,
    Short,
    Target,
    Title,
)


class Asked(PluginMessage, frozen=True, kw_only=True, tag="asked"):
    """daemon -> plugin: carried out. What came of it was sent before, as item or posting; a take is told besides."""

    id: U63


class TakeInfo(PluginMessage, frozen=True, kw_only=True, tag="take"):
    """daemon -> plugin with an open window: a Take of the library, asked for, new or changed. Ordered by `created_us`.

    `id`: the get_takes's that it answers, before its takes_page; 0: unasked.
    """

    id: U63
    take_id: Target
    name: Title  # what it is called, everywhere
    titled: bool  # by a person; else by what is known of it
    tags: Title = ""  # with ", " between them; as many as fit
    created_us: U63  # Unix time
    duration_ms: U63
    bars: U32 | None
    bpm: Annotated[float, Meta(gt=0.0, le=1000.0)] | None
    key: Short | None
    state: Short  # "kept", or as Posting says
    page_url: Path = ""  # when posted
    repair: Short = ""  # how the seam of its loop is mended; "": it is not
    outline: Annotated[bytes, Meta(max_length=OUTLINE_COLUMNS)]  # as an Item's; empty until it is drawn


class TakesPage(PluginMessage, frozen=True, kw_only=True, tag="takes_page"):
    """daemon -> plugin: all rows of the page have been sent. `next`: cursor of older ones, empty at the end."""

    id: U63
    next: Cursor


class TakeGone(PluginMessage, frozen=True, kw_only=True, tag="take_gone"):
    """daemon -> plugin with an open window: a Take was discarded or deleted; it is in no list any more."""

    take_id: Target


class GetTakes(PluginMessage, frozen=True, kw_only=True, tag="get_takes"):
    """plugin -> daemon: a page of the library, newest first. `cursor`: `next` of the page before, empty for the newest.

    `search`: those in whose name, tags, track, host, tempo or key each of its words is found.
    """

    Reply: ClassVar = TakesPage | AskFailed

    id: U63
    cursor: Cursor = ""
    search: Title = ""
    limit: Annotated[int, Meta(ge=1, le=MAX_FEED_PAGE)]


class RenameTake(PluginMessage, frozen=True, kw_only=True, tag="rename_take"):
    """plugin -> daemon: give a Take a title, and its Post; empty: it is called by what is known of it."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    take_id: Target
    title: Title


class TagTake(PluginMessage, frozen=True, kw_only=True, tag="tag_take"):
    """plugin -> daemon: put a Take under tags, and take it from under others; commas between them."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    take_id: Target
    add: Title = ""
    remove: Title = ""


class DiscardTake(PluginMessage, frozen=True, kw_only=True, tag="discard_take"):
    """plugin -> daemon: take a Take out of all lists, or (`discard` false) back into them."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    take_id: Target
    discard: bool


class RepairTake(PluginMessage, frozen=True, kw_only=True, tag="repair_take"):
    """plugin -> daemon: mend the seam of its loop as it needs it, or (`repair` false) have it as it was played."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    take_id: Target
    repair: bool


FromShelf = GetTakes | RenameTake | TagTake | DiscardTake | RepairTake
ToShelf = TakeInfo | TakesPage | TakeGone
