"""Messages of the control socket about posting and the outbox. Sent and received like those of control.py, which holds the unions."""

from typing import Annotated, ClassVar

from msgspec import Meta

from bridge.control_base import Called, ControlMessage, Done, Limit
from bridge.control_posts import ShownTo
from bridge.control_values import EntryInfo, Url
from plugin_protocol.message_base import Short, Title


class EntryList(ControlMessage, frozen=True, kw_only=True, tag="entries_are"):
    entries: list[EntryInfo]  # oldest first


class Posted(ControlMessage, frozen=True, kw_only=True, tag="entry_is"):
    """The Entry is durable in the outbox. `post_url` is known once the relay accepted it."""

    entry_id: Short
    take_id: Short
    state: Short
    post_url: Url | None = None
    held_s: float | None = None  # how long, from now on, it can be undone


class PostTake(ControlMessage, frozen=True, kw_only=True, tag="post_take"):
    """Put the Take in the outbox, held for the seconds of `undo_seconds`. Asking twice gives the same Entry."""

    Reply: ClassVar = Posted

    take_id: Called
    title: Title = ""
    visibility: ShownTo | None = None  # None: as setting and account say


class ListOutbox(ControlMessage, frozen=True, kw_only=True, tag="outbox"):
    """`ended`: also what was accepted or discarded."""

    Reply: ClassVar = EntryList

    ended: bool = False
    limit: Limit = 100


class RetryEntries(ControlMessage, frozen=True, kw_only=True, tag="retry_entries"):
    """Try again now. `entry_id`: the start of an entry's or a take's id, or "all" that has not ended."""

    Reply: ClassVar = EntryList

    entry_id: Called


class DiscardEntry(ControlMessage, frozen=True, kw_only=True, tag="discard_entry"):
    """Do not post it. The Take stays, and so does the id: RetryEntries undoes it. Refused while it is uploaded."""

    Reply: ClassVar = EntryList

    entry_id: Called


class UndoPost(ControlMessage, frozen=True, kw_only=True, tag="undo_post"):
    """Do not post what was just posted: DiscardEntry, while nothing of it has left. `entry_id` "": the newest that is held."""

    Reply: ClassVar = EntryList

    entry_id: Called = ""


class PausePosting(ControlMessage, frozen=True, kw_only=True, tag="pause_posting"):
    """Nothing sets out for `seconds`, or until it is resumed, also after a restart. What is under way arrives."""

    Reply: ClassVar = Done

    seconds: Annotated[float, Meta(ge=1.0, le=7 * 86_400.0)] | None = None


class ResumePosting(ControlMessage, frozen=True, kw_only=True, tag="resume_posting"):
    Reply: ClassVar = Done
