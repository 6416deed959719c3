"""Messages of the control socket about sets: takes of several plugins that were kept together. Sent and received like those of
control.py, which holds the unions."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from bridge.control_base import Called, ControlMessage, Limit
from bridge.control_part import PartByTime
from bridge.control_takes import OneTake
from bridge.control_values import TakeInfo
from plugin_protocol.message_base import U32, U63, Line, Short, Title


class SetInfo(Struct, frozen=True, kw_only=True):
    """A set in short."""

    set_id: Short
    name: Title
    created_us: U63
    takes: U32
    tracks: Line  # names of its takes, as many as fit


class SetTake(Struct, frozen=True, kw_only=True):
    """A Take of a set. clock: how its frames lie to the first's: "frames" (the same, to the frame), "transport" (another
    host, by its own song position), "time" (by when they were heard)."""

    take: TakeInfo
    clock: Short
    path: Annotated[str, Meta(max_length=4096)]


class OneSet(ControlMessage, frozen=True, kw_only=True, tag="set_is"):
    """takes: the first is the one whose bars they are. note: of KeepAll, who was left out and how they are aligned."""

    set: SetInfo
    takes: list[SetTake]
    note: Line = ""


class SetList(ControlMessage, frozen=True, kw_only=True, tag="sets_are"):
    sets: list[SetInfo]  # the newest first


class KeepAll(PartByTime, frozen=True, kw_only=True, tag="keep_all"):
    """Make Takes of the same bars of every plugin that sounded: one set. `instance`: only those of this plugin's host, by
    its bars; else all hosts."""

    Reply: ClassVar = OneSet

    title: Title = ""


class ListSets(ControlMessage, frozen=True, kw_only=True, tag="sets"):
    Reply: ClassVar = SetList

    limit: Limit = 50


class ShowSet(ControlMessage, frozen=True, kw_only=True, tag="set"):
    """`set_id` may be any unique prefix, or "last"."""

    Reply: ClassVar = OneSet

    set_id: Called


class DiscardSet(ControlMessage, frozen=True, kw_only=True, tag="discard_set"):
    """Discard all its Takes; each can be restored. Refused while an Entry of one is under way."""

    Reply: ClassVar = OneSet

    set_id: Called


class MixSet(ControlMessage, frozen=True, kw_only=True, tag="mix_set"):
    """Make one more Take: the sum of those that lie to the frame, each as loud as it was. It can be posted as any other."""

    Reply: ClassVar = OneTake

    set_id: Called
    title: Title = ""
