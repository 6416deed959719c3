"""Messages of the control socket about loops, songs, patterns and machines. Sent and received like those of control.py, which
holds the unions.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from bridge.control_base import Called, ControlMessage, Limit
from bridge.control_values import Url
from plugin_protocol.message_base import U32, U63, Line, Short, Title

ScoreKind = Literal["loop", "song", "pattern", "machine"]
Path = Annotated[str, Meta(max_length=4096)]


class CreationInfo(Struct, frozen=True, kw_only=True):
    """state: "here" (only), "waiting" (to be sent), "relay" (there as it is here), "trouble" (see there)."""

    creation_id: Short
    short_id: Short = ""  # as much of it as names no other
    kind: ScoreKind
    name: Title
    bpm: U32
    created_us: U63  # Unix time
    changed_us: U63
    version: U32  # of here, from 1
    state: Short
    bars: float | None = None  # None: a machine says none
    key: Short | None = None
    deleted_us: U63 | None = None  # Unix time; None: it was not deleted
    take_id: Short | None = None  # the take whose sound it is
    account: Short | None = None  # whose it is at the relay
    relay_id: Short | None = None
    relay_version: U32 | None = None
    trouble: Line = ""  # why it is not sent by itself, and what to do


class CreationList(ControlMessage, frozen=True, kw_only=True, tag="creations_are"):
    creations: list[CreationInfo]


class OneCreation(ControlMessage, frozen=True, kw_only=True, tag="creation_is"):
    """path: its file, which holds the score; those of the loops of a song lie beside it, by their ids."""

    creation: CreationInfo
    path: Path


class ListCreations(ControlMessage, frozen=True, kw_only=True, tag="creations"):
    """The one changed last first. search: words of the name. deleted: those that can be restored, and no others."""

    Reply: ClassVar = CreationList

    kind: ScoreKind
    limit: Limit = 50
    search: Line = ""
    deleted: bool = False


class ShowCreation(ControlMessage, frozen=True, kw_only=True, tag="show_creation"):
    Reply: ClassVar = OneCreation

    kind: ScoreKind
    creation: Called


class AddCreation(ControlMessage, frozen=True, kw_only=True, tag="add_creation"):
    """Take a score in. path: of a file of JSON, only read. into: one of the library that becomes this; "": a new one."""

    Reply: ClassVar = OneCreation

    kind: ScoreKind
    path: Path
    name: Title = ""
    into: Called = ""


class LoopOfTake(ControlMessage, frozen=True, kw_only=True, tag="loop_of_take"):
    """A take's tempo, bars and key as a loop, whose sound is the take. bars: where nobody knows, or others know it wrongly."""

    Reply: ClassVar = OneCreation

    take_id: Called
    name: Title = ""
    bars: Annotated[int, Meta(ge=1, le=64)] | None = None


class RenameCreation(ControlMessage, frozen=True, kw_only=True, tag="rename_creation"):
    Reply: ClassVar = OneCreation

    kind: ScoreKind
    creation: Called
    name: Title


class DeleteCreation(ControlMessage, frozen=True, kw_only=True, tag="delete_creation"):
    """Out of all lists, and from the relay if it is there; RestoreCreation brings it back until its grace is over."""

    Reply: ClassVar = OneCreation

    kind: ScoreKind
    creation: Called


class RestoreCreation(ControlMessage, frozen=True, kw_only=True, tag="restore_creation"):
    Reply: ClassVar = OneCreation

    kind: ScoreKind
    creation: Called


class PushCreation(ControlMessage, frozen=True, kw_only=True, tag="push_creation"):
    """To the relay, with the loops of a song; from then on what is changed of it is sent by itself. Queued, sent once.

    force: over what was saved there meanwhile.
    """

    Reply: ClassVar = OneCreation

    kind: ScoreKind
    creation: Called
    force: bool = False


class PullCreation(ControlMessage, frozen=True, kw_only=True, tag="pull_creation"):
    """The newest state at the relay. creation: also an address, of others' too. force: what was changed here stays as a copy."""

    Reply: ClassVar = OneCreation

    kind: ScoreKind
    creation: Called
    force: bool = False


class SyncedOne(Struct, frozen=True, kw_only=True):
    """One that something was done with: its id here and at the relay."""

    creation_id: Short
    relay_id: Short | None
    kind: ScoreKind
    name: Title


SyncedList = Annotated[list[SyncedOne], Meta(max_length=100)]


class Synced(ControlMessage, frozen=True, kw_only=True, tag="synced"):
    """What was done, the first hundred of each; `…_count`: of how many. gone: deleted at the relay, only here since. kept: changed
    at both, so nothing was done with it. only_here: that nobody has pushed."""

    sent: SyncedList
    fetched: SyncedList
    gone: SyncedList
    kept: SyncedList
    sent_count: U32
    fetched_count: U32
    gone_count: U32
    kept_count: U32
    only_here: U32


class SyncCreations(ControlMessage, frozen=True, kw_only=True, tag="sync_creations"):
    """Bring library and relay together. everything: also what nobody has pushed yet."""

    Reply: ClassVar = Synced

    everything: bool = False


class HeldThere(Struct, frozen=True, kw_only=True):
    """One of this account's at the relay. creation_id: of the library, where it is there, too."""

    relay_id: Short
    kind: ScoreKind
    name: Title
    version: U32
    creation_id: Short | None = None


class HeldList(ControlMessage, frozen=True, kw_only=True, tag="held_are"):
    creations: list[HeldThere]


class ListHeld(ControlMessage, frozen=True, kw_only=True, tag="list_held"):
    """What the relay has of this account's, the one changed last first."""

    Reply: ClassVar = HeldList

    kind: ScoreKind
    limit: Limit = 50


class InstrumentInfo(Struct, frozen=True, kw_only=True):
    """What the relay has to play scores with. source: "kit", which every sidechain has, or "sample". silent: its sample is gone."""

    name: Short
    title: Title
    source: Short
    pitched: bool
    silent: bool = False


class InstrumentList(ControlMessage, frozen=True, kw_only=True, tag="instruments_are"):
    instruments: Annotated[list[InstrumentInfo], Meta(max_length=300)]


class ListInstruments(ControlMessage, frozen=True, kw_only=True, tag="instruments"):
    Reply: ClassVar = InstrumentList


class RecordingInfo(Struct, frozen=True, kw_only=True):
    """A custom instrument's sound, as a file here (FLAC). path None: the relay has it no longer."""

    name: Short
    path: Path | None = None
    pitched: bool = False


class RecordingList(ControlMessage, frozen=True, kw_only=True, tag="recordings_are"):
    recordings: Annotated[list[RecordingInfo], Meta(max_length=32)]


class GetRecordings(ControlMessage, frozen=True, kw_only=True, tag="get_recordings"):
    """Of the custom instruments with these names, fetched if they are not here."""

    Reply: ClassVar = RecordingList

    names: Annotated[list[Short], Meta(max_length=32)]


class LinkInfo(Struct, frozen=True, kw_only=True):
    """A link that shows a creation. url: of a new one alone; expires_at None: until it is ended."""

    link_id: Short
    created_at: Short  # RFC 3339
    expires_at: Short | None
    url: Url | None = None


class LinkList(ControlMessage, frozen=True, kw_only=True, tag="links_are"):
    links: Annotated[list[LinkInfo], Meta(max_length=100)]


class ShareCreation(ControlMessage, frozen=True, kw_only=True, tag="share_creation"):
    """A link by which anybody sees it; it is brought to the relay before. days: None, until it is ended. Not queued."""

    Reply: ClassVar = LinkList

    kind: ScoreKind
    creation: Called
    days: Annotated[int, Meta(ge=1, le=3650)] | None = None


class ListLinks(ControlMessage, frozen=True, kw_only=True, tag="list_links"):
    """That show it now, the newest first."""

    Reply: ClassVar = LinkList

    kind: ScoreKind
    creation: Called


class EndLinks(ControlMessage, frozen=True, kw_only=True, tag="end_links"):
    """A link by the start of its id, or all of them (""); those that are left."""

    Reply: ClassVar = LinkList

    kind: ScoreKind
    creation: Called
    link: Called = ""
